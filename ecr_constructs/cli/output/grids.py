"""Tables that keep to the width of a terminal by leaving out columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table

__all__ = ["fitting", "grid"]

_TEXTS = frozenset({"action", "oldest", "newest", "repository", "such as"})
_WRAPPED = frozenset({"repository", "such as"})


def fitting(least: Mapping[str, int], width: int) -> list[str]:
    """
    Choose columns.

    Args:
        least: Of each column, how many characters a terminal must have for it.
        width: How many it has.

    """
    return [name for name, wanted in least.items() if width >= wanted]


def grid(columns: Sequence[str]) -> Table:
    """
    Begin a table.

    Args:
        columns: Their names.

    """
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in columns:
        table.add_column(
            name, justify="left" if name in _TEXTS else "right", overflow="fold", no_wrap=name not in _WRAPPED
        )
    return table
