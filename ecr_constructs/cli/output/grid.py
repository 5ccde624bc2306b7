"""A table of texts, for a terminal with its width and colours, or as plain text with each row in one line."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

__all__ = ["Grid", "GridRow"]

_GAP = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class GridRow:
    """
    A row of a table.

    Attributes:
        cells: The text of each column.
        is_bold: Whether it is shown in bold.
        styles: The colour of columns, by position.

    """

    cells: Sequence[str]
    is_bold: bool = False
    styles: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """
    A table.

    Attributes:
        columns: The names of the columns.
        rows: The rows.
        left: The columns that are aligned to the left. The others are aligned to the right.
        wrapped: The columns that can be wrapped on a terminal.

    """

    columns: Sequence[str]
    rows: Sequence[GridRow]
    left: AbstractSet[str]
    wrapped: AbstractSet[str] = frozenset()

    def table(self) -> Table:
        """Return the table for a terminal."""
        table = Table(box=None, header_style="bold", pad_edge=False)
        for name in self.columns:
            justify = "left" if name in self.left else "right"
            table.add_column(name, justify=justify, overflow="fold", no_wrap=name not in self.wrapped)  # type: ignore[arg-type]  # a literal
        for row in self.rows:
            cells = (Text(cell, style=row.styles.get(place, "")) for place, cell in enumerate(row.cells))
            table.add_row(*cells, style="bold" if row.is_bold else None)
        return table

    def lines(self) -> list[str]:
        """Return the lines of plain text."""
        every = [self.columns, *(row.cells for row in self.rows)]
        widths = [max(map(cell_len, cells)) for cells in zip(*every, strict=True)]
        aligned = [
            [_padded(cell, width, is_left=name in self.left) for cell in cells]
            for name, width, cells in zip(self.columns, widths, zip(*every, strict=True), strict=True)
        ]
        return [(" " * _GAP).join(cells).rstrip() for cells in zip(*aligned, strict=True)]


def _padded(cell: str, width: int, *, is_left: bool) -> str:
    """Return a text with the spaces that fill its column. A character can be as wide as two."""
    space = " " * (width - cell_len(cell))
    return cell + space if is_left else space + cell
