"""
The preview as tables for people: a table for each repository, and below it what deserves a look.

On a terminal it has colours and keeps to the width; into a file or a pipe goes plain text, each row in one line.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from ecr_constructs.cli.output.notices import Notice, closing, notices
from ecr_constructs.cli.output.rows import TOTAL, Row, rows, totals
from ecr_constructs.cli.output.sentences import sentences
from ecr_constructs.cli.previews.preview import Preview, Survey, every_decision
from ecr_constructs.cli.quantities import bytes_of, count, day, instant, names, printable, size

__all__ = ["draw"]

_STYLES = {"expire": "red", "archive": "yellow", "may expire": "magenta", "may archive": "magenta", "keep": "green"}
# In a terminal of fewer characters a column is left out.
_WIDTHS = {"rule": 0, "action": 0, "images": 0, "size": 0, "oldest": 56, "newest": 56, "such as": 76}
_NUMBERS = frozenset({"rule", "images", "size"})
# More than a policy has characters, so that whatever is searched for stands in one line.
_ENDLESS = 40_000


def draw(survey: Survey, console: Console) -> str:
    """
    Draw previews.

    Args:
        survey: What was previewed.
        console: Where it is to be shown: its width, and whether it takes colours.

    Returns:
        The text, with the codes for colours if the console takes them.

    """
    if not console.is_terminal:
        console.width = _ENDLESS
    with console.capture() as capture:
        for part in _parts(survey, console.width):
            console.print(part)
    text = capture.get()
    return text if console.is_terminal else "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def _parts(survey: Survey, width: int) -> Iterator[RenderableType]:
    for preview in survey.previews:
        yield from _heading(preview)
        yield _table([*rows(preview), *totals(preview)], width)
        yield from map(_line, notices(preview))
        yield ""
    yield from map(_line, closing(survey))


def _heading(preview: Preview) -> Iterator[RenderableType]:
    images = [each.image for each in every_decision(preview.evaluation)]
    what = f": {count(len(images), 'image')}, {size(bytes_of(images))}{_running(preview)}"
    yield Text.assemble((preview.repository, "bold"), what)
    said = "as AWS's own preview has it" if preview.by_aws else "replayed"
    yield Text(printable(f"policy of {preview.where}, {said} at {instant(preview.at)}"))
    if preview.prefix is not None:
        warning = (
            f"it is that of the creation template for {preview.prefix}, which acts on repositories that ECR creates "
            "from now on and never touches one that exists; this is what it would do to one like this"
        )
        yield Text(printable(warning), style="yellow")
    yield from (Text(printable(sentence)) for sentence in sentences(preview.policy))
    if not preview.policy.rules:
        yield Text("It has no rules: nothing ever expires.")


def _running(preview: Preview) -> str:
    if preview.in_use is None:
        return ""
    return f", {f'{len(preview.in_use):,}' if preview.in_use else 'none'} known to be in use"


def _table(lines: list[Row], width: int) -> RenderableType:
    table = Table(box=None, header_style="bold", pad_edge=False)
    columns = [name for name, least in _WIDTHS.items() if width >= least]
    for name in columns:
        table.add_column(
            name, justify="right" if name in _NUMBERS else "left", overflow="fold", no_wrap=name != "such as"
        )
    for row in lines:
        cells = _cells(row)
        colour = _STYLES[row.fate] if row.images else ""
        texts = [Text(cells[name], style=colour if name == "action" else "") for name in columns]
        table.add_row(*texts, style="bold" if row.rule == TOTAL else None)
    return table


def _cells(row: Row) -> dict[str, str]:
    return {
        "rule": row.rule,
        "action": row.fate,
        "images": f"{len(row.images):,}",
        "size": size(bytes_of(row.images)),
        "oldest": day(row.images[0].pushed_at) if row.images else "",
        "newest": day(row.images[-1].pushed_at) if row.images else "",
        "such as": names(row.images),
    }


def _line(notice: Notice) -> RenderableType:
    return Text.assemble((f"{notice.word}:", notice.style), " ", printable(notice.text))
