"""
The preview as tables for people: a table for each repository, and below it what deserves a look.

Many repositories with the same policy stand in one table, and only those that need a look have one of their own as
well. On a terminal it has colours and keeps to the width; into a file or a pipe goes plain text, each row in one line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, RenderableType
from rich.text import Text

from ecr_constructs.cli.formatting import bytes_of, day, names, printable
from ecr_constructs.cli.output.grids import fitting, grid
from ecr_constructs.cli.output.headings import heading
from ecr_constructs.cli.output.messages import Message, closing, endangered, notices, settling
from ecr_constructs.cli.output.overview import crowds, notices_of_crowd, overview
from ecr_constructs.cli.output.rule_summary import NO_IMAGES, TOTAL, Row, rows, totals
from ecr_constructs.cli.output.sizes import weight
from ecr_constructs.cli.preview.gates import GateResult
from ecr_constructs.cli.preview.result import PreviewReport, RepositoryPreview, every_decision
from ecr_constructs.model.images import Image

__all__ = ["draw"]

_STYLES = {"expire": "red", "archive": "yellow", "may expire": "magenta", "may archive": "magenta", "keep": "green"}
# In a terminal of fewer characters a column is left out.
_WIDTHS = {"rule": 0, "action": 0, "images": 0, "size": 0, "oldest": 92, "newest": 56, "such as": 76}
_EXAMPLES = (3, 2, 1)
_GAP = 2
# More than a policy has characters, so that whatever is searched for stands in one line.
_ENDLESS = 40_000


def draw(survey: PreviewReport, console: Console, *, verdicts: Sequence[GateResult] = ()) -> str:
    """
    Draw previews.

    Args:
        survey: What was previewed.
        console: Where it is to be shown: its width, and whether it takes colours.
        verdicts: What the gates say. Default: there are none.

    Returns:
        The text, with the codes for colours if the console takes them.

    """
    if not console.is_terminal:
        console.width = _ENDLESS
    with console.capture() as capture:
        for part in _parts(survey, verdicts, console.width):
            console.print(part)
    text = capture.get()
    return text if console.is_terminal else "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def _parts(survey: PreviewReport, verdicts: Sequence[GateResult], width: int) -> Iterator[RenderableType]:
    caught = {catch.repository for verdict in verdicts for catch in verdict.caught}
    told = set()
    for crowd in crowds(survey.previews):
        yield from overview(crowd, width)
        yield from map(_line, notices_of_crowd(crowd, is_live=survey.is_live))
        yield ""
        told |= {preview.repository for preview in crowd if not _is_urgent(preview, caught)}
    for preview in survey.previews:
        if preview.repository not in told:
            yield from _block(preview, width, is_live=survey.is_live)
    yield from map(_line, (*settling(survey), *closing(survey)))


def _is_urgent(preview: RepositoryPreview, caught: set[str]) -> bool:
    """Tell whether a repository needs a table of its own beside many others."""
    differs = preview.disagreements or preview.unlisted
    return bool(preview.repository in caught or endangered(preview) or differs)


def _block(preview: RepositoryPreview, width: int, *, is_live: bool) -> Iterator[RenderableType]:
    yield from heading([preview])
    if every_decision(preview.evaluation):
        yield _table([*rows(preview), *totals(preview)], width)
    yield from map(_line, notices(preview, is_live=is_live))
    yield ""


def _table(lines: Sequence[Row], width: int) -> RenderableType:
    columns = fitting(_WIDTHS, width)
    cells = [_cells(row) for row in lines]
    taken = sum(max(len(name), *(len(row[name]) for row in cells)) + _GAP for name in columns if name in cells[0])
    table = grid(columns)
    for row, texts in zip(lines, cells, strict=True):
        every = texts | {"such as": _examples(row.images, width - taken)}
        action = Text(every["action"], style=_STYLES.get(row.fate, ""))
        table.add_row(
            *(action if name == "action" else Text(every[name]) for name in columns),
            style="bold" if row.rule == TOTAL else None,
        )
    return table


def _cells(row: Row) -> dict[str, str]:
    if row.fate == NO_IMAGES:
        return dict.fromkeys(("images", "size", "oldest", "newest"), "") | {"rule": row.rule, "action": row.fate}
    return {
        "rule": row.rule,
        "action": row.fate,
        "images": f"{len(row.images):,}",
        "size": weight(bytes_of(row.images)),
        "oldest": day(row.images[0].pushed_at),
        "newest": day(row.images[-1].pushed_at),
    }


def _examples(images: Sequence[Image], room: int) -> str:
    """Name as many images as there is room for, and at least one."""
    texts = [f"{names(images[:most])}{', ...' if len(images) > most else ''}" for most in _EXAMPLES]
    return next((text for text in texts if len(text) <= room), texts[-1])


def _line(notice: Message) -> RenderableType:
    return Text.assemble((f"{notice.word}:", notice.style), " ", printable(notice.text))
