"""
The preview as tables: a table for each repository, the worst first, and messages below it.

More than ten repositories with the same policy share a table with a line for each. Of these, a repository has a table
of its own only if it needs attention, or if it is one of the worst. On a terminal the tables have colours and its
width. In a pipe or a file they are plain text, each row in one line.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import chain

from rich.console import Console
from rich.text import Text

from ecr_constructs.cli.formatting import (
    count,
    decision_labels,
    describe_number,
    format_day,
    format_instant,
    known_size,
    omitted,
    printable,
    total_size,
)
from ecr_constructs.cli.output.alarms import ALARM_STYLE, alarm_messages, alarm_text
from ecr_constructs.cli.output.costs import cost_messages, total_cost_messages
from ecr_constructs.cli.output.grid import Grid, GridRow
from ecr_constructs.cli.output.image_list import ListedImage, lost_images
from ecr_constructs.cli.output.message import Message
from ecr_constructs.cli.output.messages import (
    deployed_policy_source,
    repository_messages,
    shared_findings,
    summary_messages,
    total_message,
    uncertain_messages,
    uncertainty_hint,
)
from ecr_constructs.cli.output.policy_groups import Ranked, policy_groups
from ecr_constructs.cli.output.rule_summary import NO_IMAGES, TOTAL, RuleRow, rule_rows, total_rows
from ecr_constructs.cli.preview.damage import Damage, worst_first
from ecr_constructs.cli.preview.gates import GateResult
from ecr_constructs.cli.preview.result import PreviewReport, RepositoryPreview
from ecr_constructs.cli.preview.totals import Totals, totals_of
from ecr_constructs.model.lifecycle.evaluation import Decision
from ecr_constructs.model.tags import TagPattern

__all__ = ["render_table", "table_parts", "terminal"]

_STYLES = {"delete": "red", "archive": "yellow", "uncertain": "magenta", "keep": "green"}
# The width of the terminal from which a column is shown.
_RULE_COLUMNS = {"rule": 0, "outcome": 0, "images": 0, "size": 0, "oldest": 92, "newest": 56, "such as": 76}
_SHARED_COLUMNS = {
    "repository": 0,
    "images": 60,
    "size": 100,
    "delete": 0,
    "freed": 90,
    "archive": 60,
    "uncertain": 0,
    "keep": 60,
    "newly lost": 0,
    "newly kept": 100,
    "a month": 110,
    "after": 120,
}
_IMAGE_COLUMNS = {
    "image": 0,
    "outcome": 0,
    "rule": 0,
    "digest": 100,
    "size": 64,
    "pushed": 76,
    "last pulled": 112,
    "in use by": 0,
    "reason": 132,
}
_LEFT_COLUMNS = frozenset(
    {
        "outcome",
        "oldest",
        "newest",
        "repository",
        "such as",
        "image",
        "digest",
        "pushed",
        "last pulled",
        "in use by",
        "reason",
    }
)
_WRAPPED_COLUMNS = frozenset({"repository", "such as", "image", "in use by", "reason"})
_SIZE_COLUMNS = frozenset({"size", "freed"})
_MONEY_COLUMNS = frozenset({"a month", "after"})
_COMPARISON_COLUMNS = frozenset({"newly lost", "newly kept"})
_EXAMPLES = (3, 2, 1)
_GAP = 2
# From this number of repositories on, those with the same policy share a table.
_MOST_TABLES = 10
# The repositories of a shared table that have a table of their own as well, and the images of the worst repository.
_MOST_WORST = 3
_MOST_IMAGES = 10
_SHORT_DIGEST = len("sha256:") + 12
# The width of the terminal from which a digest is shown with all its characters.
_FULL_DIGEST = 200
# More than the characters of a policy. Each row is then one line, which a program can search.
_UNLIMITED = 40_000


def terminal() -> Console:
    """Return the console for standard output. With `NO_COLOR` it writes no escape codes, and so no bold either."""
    return Console(color_system=None if os.environ.get("NO_COLOR") else "auto")


def render_table(
    report: PreviewReport,
    console: Console,
    *,
    results: Sequence[GateResult] = (),
    is_complete: bool = False,
) -> str:
    """
    Return previews as tables.

    Args:
        report: The previews.
        console: The console, for its width and its colours.
        results: The results of the gates. Default: none.
        is_complete: Whether to list every image that is or might be deleted or archived. Default: only the first of
            the worst repository.

    Returns:
        The text, with codes for colours if the console has them.

    """
    return "".join(table_parts(report, console, results=results, is_complete=is_complete))


def table_parts(
    report: PreviewReport,
    console: Console,
    *,
    results: Sequence[GateResult] = (),
    is_complete: bool = False,
) -> Iterator[str]:
    """
    Yield the text of `render_table` in parts, one table at a time.

    Args:
        report: As in `render_table`.
        console: As in `render_table`.
        results: As in `render_table`.
        is_complete: As in `render_table`.

    """
    if not console.is_terminal:
        console.width = _UNLIMITED
    for part in _TableReport(report, results, console, is_complete=is_complete).parts():
        if not console.is_terminal:
            yield "".join(f"{line.rstrip()}\n" for line in _plain_lines(part))
            continue
        with console.capture() as capture:
            console.print(part.table() if isinstance(part, Grid) else part)
        yield capture.get()


def _plain_lines(part: Grid | Text | str) -> list[str]:
    if isinstance(part, Grid):
        return part.lines()
    return [part if isinstance(part, str) else part.plain]


class _TableReport:
    """
    The parts of the output.

    Args:
        report: The previews.
        results: The results of the gates.
        console: The console, for its width.
        is_complete: Whether every image is listed.

    """

    def __init__(
        self, report: PreviewReport, results: Sequence[GateResult], console: Console, *, is_complete: bool
    ) -> None:
        self._report = report
        self._is_complete = is_complete
        self._is_terminal = console.is_terminal
        self._failed = {violation.repository for result in results for violation in result.violations}
        self._asked = tuple(result.pattern for result in results if result.pattern)
        self._hidden = _HiddenColumns(console.width)
        self._ranked = worst_first(report.previews)
        self._worst = next((preview.name for preview, damage in self._ranked if _is_damaged(damage)), None)

    def parts(self) -> Iterator[Grid | Text | str]:
        """Yield the parts: alarms and totals first, then the repositories, the worst first, then messages."""
        yield from self._top()
        shared: set[str] = set()
        for group in policy_groups(self._ranked):
            if len(group) <= _MOST_TABLES:
                continue
            yield from _shared_table(group, self._hidden)
            previews = [preview for preview, _ in group]
            yield from map(_line, _shared_messages(previews, is_live=self._report.is_live))
            yield ""
            shared |= {preview.name for preview, _ in group} - self._shown_alone(group)
        for preview, damage in self._ranked:
            if preview.name not in shared:
                yield from self._repository(preview, damage)
        if hint := uncertainty_hint(self._report.previews, is_live=self._report.is_live):
            yield _line(Message("uncertain", hint, "magenta"))
        yield from map(_line, self._hidden.messages())
        yield from map(_line, summary_messages(self._report, self._ranked))

    def _top(self) -> Iterator[Text | str]:
        alarms = [_line(message) for message in alarm_messages(self._ranked)]
        yield from alarms
        if len(self._ranked) > 1:
            yield _line(total_message(self._report))
            yield from map(_line, total_cost_messages(self._report))
        if alarms or len(self._ranked) > 1:
            yield ""

    def _shown_alone(self, group: Sequence[Ranked]) -> set[str]:
        """Return the repositories with a separate table in addition to the shared one."""
        worst = [preview.name for preview, damage in group if _is_damaged(damage)][:_MOST_WORST]
        attention = {preview.name for preview, damage in group if _needs_attention(preview, damage, self._failed)}
        return {preview.name for preview, _ in group} if self._is_complete else {*worst, *attention}

    def _repository(self, preview: RepositoryPreview, damage: Damage) -> Iterator[Grid | Text | str]:
        yield from _heading([preview])
        if text := alarm_text(damage):
            yield _line(Message("alarm", text, ALARM_STYLE))
        if totals_of(preview).images:
            yield _rule_table([*rule_rows(preview), *total_rows(preview)], self._hidden, self._asked)
        yield from self._lost_images(preview)
        yield from map(_line, cost_messages(preview))
        yield from map(_line, repository_messages(preview, is_live=self._report.is_live))
        yield ""

    def _lost_images(self, preview: RepositoryPreview) -> Iterator[Grid | Text]:
        """Yield the table of images: every image on request, and the first ones of the worst repository."""
        if not self._is_complete and preview.name != self._worst:
            return
        listed = lost_images(preview)
        shown = listed if self._is_complete else _first(listed, self._asked)
        if shown:
            yield self._image_table(shown)
        if more := len(listed) - len(shown):
            yield Text(f"{omitted(more, 'image')} to delete or archive, or uncertain; --all lists them")

    def _image_table(self, images: Sequence[ListedImage]) -> Grid:
        columns = self._hidden.visible(
            {
                name: least
                for name, least in _IMAGE_COLUMNS.items()
                if name != "in use by" or images[0].users is not None
            }
        )
        is_long = not self._is_terminal or self._hidden.width >= _FULL_DIGEST
        every = (_image_cells(each, self._asked, is_long=is_long) for each in images)
        rows = [
            GridRow(cells=[cells[name] for name in columns], styles={columns.index("outcome"): _STYLES[each.outcome]})
            for each, cells in zip(images, every, strict=True)
        ]
        return Grid(columns=columns, rows=rows, left=_LEFT_COLUMNS, wrapped=_WRAPPED_COLUMNS)


def _first(listed: Sequence[ListedImage], asked: Sequence[TagPattern]) -> list[ListedImage]:
    """Return the images with a requested tag, and then the first other images."""
    found = sorted(
        listed, key=lambda each: not any(pattern.matches(tag) for tag in each.image.tags for pattern in asked)
    )
    return found[:_MOST_IMAGES]


def _image_cells(each: ListedImage, asked: Sequence[TagPattern], *, is_long: bool) -> dict[str, str]:
    image = each.image
    return {
        "image": each.label(asked) if image.tags else "untagged",
        "outcome": each.outcome,
        "rule": each.rule,
        "digest": printable(image.digest if is_long else image.digest[:_SHORT_DIGEST]),
        "size": known_size(image.size),
        "pushed": format_day(image.pushed_at),
        "last pulled": format_day(image.last_pulled_at) if image.last_pulled_at else "-",
        "in use by": printable(", ".join(each.users or ())) or "-",
        "reason": printable(each.reason),
    }


def _is_damaged(damage: Damage) -> bool:
    return bool(damage.lost or damage.uncertain)


def _needs_attention(preview: RepositoryPreview, damage: Damage, failed: set[str]) -> bool:
    """Return whether a repository has a separate table in addition to the shared one."""
    differs = preview.disagreements or preview.unlisted or (preview.growth and preview.growth.full_on)
    return bool(preview.name in failed or damage.in_use or differs)


class _HiddenColumns:
    """The columns that do not fit the width of the terminal."""

    def __init__(self, width: int) -> None:
        self.width = width
        self._names: dict[str, None] = {}  # a set that keeps its order

    def visible(self, columns: Mapping[str, int]) -> list[str]:
        """Return the columns that fit, and remember the others."""
        self._names |= {name: None for name, least in columns.items() if self.width < least}
        return [name for name, least in columns.items() if self.width >= least]

    def messages(self) -> Iterator[Message]:
        """Yield a message with the columns that are not shown."""
        if self._names:
            text = f"the terminal is {self.width} characters wide; columns not shown: {', '.join(self._names)}"
            yield Message("note", text, "cyan")


# --- one repository ---------------------------------------------------------------------------------------------------


def _rule_table(rows: Sequence[RuleRow], hidden: _HiddenColumns, asked: Sequence[TagPattern]) -> Grid:
    columns = hidden.visible(_RULE_COLUMNS)
    cells = [_rule_cells(row) for row in rows]
    used = sum(max(len(name), *(len(row[name]) for row in cells)) + _GAP for name in columns if name in cells[0])
    grid_rows = []
    for row, texts in zip(rows, cells, strict=True):
        every = texts | {"such as": _examples(row.decisions, hidden.width - used, asked)}
        styles = {columns.index("outcome"): _STYLES[row.outcome]} if row.outcome in _STYLES else {}
        grid_rows.append(GridRow(cells=[every[name] for name in columns], is_bold=row.rule == TOTAL, styles=styles))
    return Grid(columns=columns, rows=grid_rows, left=_LEFT_COLUMNS, wrapped=_WRAPPED_COLUMNS)


def _rule_cells(row: RuleRow) -> dict[str, str]:
    if row.outcome == NO_IMAGES:
        empty = dict.fromkeys(("images", "size", "oldest", "newest"), "")
        return empty | {"rule": row.rule, "outcome": row.outcome}
    return {
        "rule": row.rule,
        "outcome": row.outcome,
        "images": f"{len(row.images):,}",
        "size": known_size(total_size(row.images)),
        "oldest": format_day(row.images[0].pushed_at),
        "newest": format_day(row.images[-1].pushed_at),
    }


def _examples(decisions: Sequence[Decision], width: int, asked: Sequence[TagPattern]) -> str:
    """Return the labels of as many images as fit, and of at least one."""
    texts = [decision_labels(decisions, most, asked) for most in _EXAMPLES]
    return next((text for text in texts if len(text) <= width), texts[-1])


# --- many repositories with the same policy ---------------------------------------------------------------------------


def _shared_table(group: Sequence[Ranked], hidden: _HiddenColumns) -> Iterator[Grid | Text]:
    previews = [preview for preview, _ in group]
    yield from _heading(previews)
    is_compared = any(preview.current is not None for preview in previews)
    left_out = (frozenset() if is_compared else _COMPARISON_COLUMNS) | (
        frozenset() if previews[0].costs else _MONEY_COLUMNS
    )
    columns = hidden.visible({name: least for name, least in _SHARED_COLUMNS.items() if name not in left_out})
    every = [_numbers(preview) for preview in previews]
    rows = [
        GridRow(cells=[printable(preview.name), *_number_cells(columns, numbers)], styles=_alarm_style(damage))
        for (preview, damage), numbers in zip(group, every, strict=True)
    ]
    # ECR does not apply the policy of a creation template to existing repositories.
    if previews[0].prefix is None:
        sums = {name: sum(numbers[name] for numbers in every) for name in columns[1:]}
        rows.append(GridRow(cells=[TOTAL, *_number_cells(columns, sums)], is_bold=True))
    yield Grid(columns=columns, rows=rows, left=_LEFT_COLUMNS, wrapped=_WRAPPED_COLUMNS)


def _alarm_style(damage: Damage) -> dict[int, str]:
    return {0: "bold red"} if damage.alarm else {}


def _shared_messages(previews: Sequence[RepositoryPreview], *, is_live: bool) -> Iterator[Message]:
    if any(preview.current is not None for preview in previews):
        deployed = deployed_policy_source(is_live=is_live)
        yield Message("compared", f"with {deployed}, for each repository", "cyan")
    uncertain = (preview.evaluation.uncertain for preview in previews if totals_of(preview).uncertain)
    yield from uncertain_messages(list(chain.from_iterable(uncertain)))
    yield from shared_findings(previews)


def _number_cells(columns: Sequence[str], numbers: Mapping[str, int | Decimal]) -> Iterator[str]:
    for name in columns[1:]:
        if name in _MONEY_COLUMNS:
            yield f"{numbers[name]:,.2f}"
            continue
        yield known_size(int(numbers[name])) if name in _SIZE_COLUMNS else f"{numbers[name]:,}"


def _numbers(preview: RepositoryPreview) -> Mapping[str, int | Decimal]:
    totals = totals_of(preview)
    return {
        "images": totals.images,
        "size": totals.size,
        "delete": totals.expired,
        "freed": totals.expired_size,
        "archive": totals.archived,
        "uncertain": totals.uncertain,
        "keep": totals.kept,
        "newly lost": len(preview.newly_lost),
        "newly kept": len(preview.newly_kept),
        "a month": preview.costs.today if preview.costs else 0,
        "after": preview.costs.after if preview.costs else 0,
    }


# --- headings, tables and lines ---------------------------------------------------------------------------------------


def _heading(previews: Sequence[RepositoryPreview]) -> Iterator[Text]:
    """Yield the lines above a table: the repositories, and the rules of their policy."""
    first = previews[0]
    name = first.name if len(previews) == 1 else f"{count(len(previews), 'repository')} with the same policy"
    totals = sum((totals_of(preview) for preview in previews), Totals())
    template = (printable(_template_note(first.prefix)), "yellow") if first.prefix is not None else ""
    yield Text.assemble((printable(name), "bold"), template, f": {_image_totals(totals)}{_usage(previews)}")
    source = "from ECR's preview" if first.by_aws else "evaluated"
    yield Text(printable(f"policy of {_places(previews)}, {source} at {format_instant(first.at)}"))
    yield from (Text(printable(sentence)) for sentence in first.policy.explain())
    if not first.policy.rules:
        yield Text("The policy has no rules: every image is kept.")


def _image_totals(totals: Totals) -> str:
    return describe_number(totals.images, totals.size, has_only_indexes=totals.indexes == totals.images)


def _template_note(prefix: str) -> str:
    return f" (policy of the creation template for {prefix}, which ECR does not apply to existing repositories)"


def _places(previews: Sequence[RepositoryPreview]) -> str:
    first, *others = dict.fromkeys(preview.where for preview in previews)
    return f"{first} {omitted(len(others), 'place')}" if others else first


def _usage(previews: Sequence[RepositoryPreview]) -> str:
    known = [preview.in_use for preview in previews if preview.in_use is not None]
    if not known:
        return ""
    in_use = sum(map(len, known))
    return f", {f'{in_use:,}' if in_use else 'none'} known to be in use"


def _line(message: Message) -> Text:
    return Text.assemble((f"{message.kind}:", message.style), " ", printable(message.text))
