"""
The preview as tables for people: a table for each repository, and messages below it.

More than ten repositories with the same policy share a table with a line for each. Of these, a repository has a table
of its own only if it needs attention. On a terminal the tables have colours and its width. In a pipe or a file they are
plain text, each row in one line.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from ecr_constructs.cli.formatting import (
    count,
    decision_labels,
    describe_images,
    format_day,
    format_instant,
    known_size,
    omitted,
    printable,
    total_size,
)
from ecr_constructs.cli.output.messages import (
    Message,
    deployed_policy_source,
    in_use_at_risk,
    repository_messages,
    shared_findings,
    summary_messages,
    uncertain_messages,
    uncertainty_hint,
)
from ecr_constructs.cli.output.rule_summary import NO_IMAGES, TOTAL, RuleRow, rule_rows, total_rows
from ecr_constructs.cli.preview.gates import GateResult
from ecr_constructs.cli.preview.result import PreviewReport, RepositoryPreview, all_decisions
from ecr_constructs.model.lifecycle.evaluation import Decision

__all__ = ["render_table", "terminal"]

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
}
_LEFT_COLUMNS = frozenset({"outcome", "oldest", "newest", "repository", "such as"})
_WRAPPED_COLUMNS = frozenset({"repository", "such as"})
_SIZE_COLUMNS = frozenset({"size", "freed"})
_COMPARISON_COLUMNS = frozenset({"newly lost", "newly kept"})
_EXAMPLES = (3, 2, 1)
_GAP = 2
# From this number of repositories on, those with the same policy share a table.
_MOST_TABLES = 10
# More than the characters of a policy, so that each row is one line that a program can search.
_UNLIMITED = 40_000


def terminal() -> Console:
    """Return the console for standard output. With `NO_COLOR` it writes no escape codes, and so no bold either."""
    return Console(color_system=None if os.environ.get("NO_COLOR") else "auto")


def render_table(report: PreviewReport, console: Console, *, results: Sequence[GateResult] = ()) -> str:
    """
    Return previews as tables.

    Args:
        report: The previews.
        console: The console, for its width and its colours.
        results: The results of the gates. Default: none.

    Returns:
        The text, with codes for colours if the console has them.

    """
    if not console.is_terminal:
        console.width = _UNLIMITED
    with console.capture() as capture:
        for part in _parts(report, results, console.width):
            console.print(part)
    text = capture.get()
    return text if console.is_terminal else "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def _parts(report: PreviewReport, results: Sequence[GateResult], width: int) -> Iterator[RenderableType]:
    failed = {violation.repository for result in results for violation in result.violations}
    shared, hidden = set(), _HiddenColumns(width)
    for previews in _group_by_policy(report.previews):
        yield from _shared_table(previews, hidden)
        yield from map(_line, _shared_messages(previews, is_live=report.is_live))
        yield ""
        shared |= {preview.repository for preview in previews if not _needs_attention(preview, failed)}
    for preview in report.previews:
        if preview.repository not in shared:
            yield from _repository_part(preview, hidden, is_live=report.is_live)
    if hint := uncertainty_hint(report.previews, is_live=report.is_live):
        yield _line(Message("uncertain", hint, "magenta"))
    yield from map(_line, hidden.messages())
    yield from map(_line, summary_messages(report))


def _needs_attention(preview: RepositoryPreview, failed: set[str]) -> bool:
    """Return whether a repository has a table of its own beside the shared one."""
    differs = preview.disagreements or preview.unlisted
    return bool(preview.repository in failed or in_use_at_risk(preview) or differs)


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


def _repository_part(preview: RepositoryPreview, hidden: _HiddenColumns, *, is_live: bool) -> Iterator[RenderableType]:
    yield from _heading([preview])
    if all_decisions(preview.evaluation):
        yield _rule_table([*rule_rows(preview), *total_rows(preview)], hidden)
    yield from map(_line, repository_messages(preview, is_live=is_live))
    yield ""


def _rule_table(rows: Sequence[RuleRow], hidden: _HiddenColumns) -> RenderableType:
    columns = hidden.visible(_RULE_COLUMNS)
    cells = [_rule_cells(row) for row in rows]
    used = sum(max(len(name), *(len(row[name]) for row in cells)) + _GAP for name in columns if name in cells[0])
    table = _empty_table(columns)
    for row, texts in zip(rows, cells, strict=True):
        every = texts | {"such as": _examples(row.decisions, hidden.width - used)}
        outcome = Text(every["outcome"], style=_STYLES.get(row.outcome, ""))
        table.add_row(
            *(outcome if name == "outcome" else Text(every[name]) for name in columns),
            style="bold" if row.rule == TOTAL else None,
        )
    return table


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


def _examples(decisions: Sequence[Decision], width: int) -> str:
    """Return the labels of as many images as fit, and of at least one."""
    texts = [decision_labels(decisions, most) for most in _EXAMPLES]
    return next((text for text in texts if len(text) <= width), texts[-1])


# --- many repositories with the same policy ---------------------------------------------------------------------------


def _group_by_policy(previews: Sequence[RepositoryPreview]) -> list[tuple[RepositoryPreview, ...]]:
    """Return the previews of each policy that more than ten repositories have."""
    by_policy: dict[tuple[str, str | None, bool], list[RepositoryPreview]] = {}
    for preview in previews:
        key = (preview.policy.to_json(), preview.prefix, preview.by_aws)
        by_policy.setdefault(key, []).append(preview)
    return [tuple(found) for found in by_policy.values() if len(found) > _MOST_TABLES]


def _shared_table(previews: Sequence[RepositoryPreview], hidden: _HiddenColumns) -> Iterator[RenderableType]:
    yield from _heading(previews)
    is_compared = any(preview.current is not None for preview in previews)
    columns = hidden.visible(
        {name: least for name, least in _SHARED_COLUMNS.items() if is_compared or name not in _COMPARISON_COLUMNS}
    )
    table = _empty_table(columns)
    every = [_numbers(preview) for preview in previews]
    for preview, numbers in zip(previews, every, strict=True):
        table.add_row(Text(printable(preview.repository)), *_number_cells(columns, numbers))
    # ECR does not apply the policy of a creation template to repositories that exist.
    if previews[0].prefix is None:
        sums = {name: sum(numbers[name] for numbers in every) for name in columns[1:]}
        table.add_row(TOTAL, *_number_cells(columns, sums), style="bold")
    yield table


def _shared_messages(previews: Sequence[RepositoryPreview], *, is_live: bool) -> Iterator[Message]:
    if any(preview.current is not None for preview in previews):
        deployed = deployed_policy_source(is_live=is_live)
        yield Message("compared", f"with {deployed}, for each repository", "cyan")
    yield from uncertain_messages(list(chain.from_iterable(preview.evaluation.uncertain for preview in previews)))
    yield from shared_findings(previews)


def _number_cells(columns: Sequence[str], numbers: Mapping[str, int]) -> Iterator[str]:
    for name in columns[1:]:
        yield known_size(numbers[name]) if name in _SIZE_COLUMNS else f"{numbers[name]:,}"


def _numbers(preview: RepositoryPreview) -> Mapping[str, int]:
    evaluation = preview.evaluation
    every = all_decisions(evaluation)
    return {
        "images": len(every),
        "size": total_size(decision.image for decision in every),
        "delete": len(evaluation.expired),
        "freed": evaluation.bytes_freed,
        "archive": len(evaluation.archived),
        "uncertain": len(evaluation.uncertain),
        "keep": len(evaluation.kept),
        "newly lost": len(preview.newly_lost),
        "newly kept": len(preview.newly_kept),
    }


# --- headings, tables and lines ---------------------------------------------------------------------------------------


def _heading(previews: Sequence[RepositoryPreview]) -> Iterator[Text]:
    """Yield the lines above a table: the repositories, and the rules of their policy."""
    first = previews[0]
    name = first.repository if len(previews) == 1 else f"{count(len(previews), 'repository')} with the same policy"
    images = [each.image for preview in previews for each in all_decisions(preview.evaluation)]
    template = (printable(_template_note(first.prefix)), "yellow") if first.prefix is not None else ""
    yield Text.assemble((printable(name), "bold"), template, f": {describe_images(images)}{_usage(previews)}")
    source = "from ECR's preview" if first.by_aws else "evaluated"
    yield Text(printable(f"policy of {_places(previews)}, {source} at {format_instant(first.at)}"))
    yield from (Text(printable(sentence)) for sentence in first.policy.explain())
    if not first.policy.rules:
        yield Text("The policy has no rules: every image is kept.")


def _template_note(prefix: str) -> str:
    return f" (policy of the creation template for {prefix}, which ECR does not apply to repositories that exist)"


def _places(previews: Sequence[RepositoryPreview]) -> str:
    first, *others = dict.fromkeys(preview.where for preview in previews)
    return f"{first} {omitted(len(others), 'place')}" if others else first


def _usage(previews: Sequence[RepositoryPreview]) -> str:
    known = [preview.in_use for preview in previews if preview.in_use is not None]
    if not known:
        return ""
    in_use = sum(map(len, known))
    return f", {f'{in_use:,}' if in_use else 'none'} known to be in use"


def _empty_table(columns: Sequence[str]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in columns:
        table.add_column(
            name,
            justify="left" if name in _LEFT_COLUMNS else "right",
            overflow="fold",
            no_wrap=name not in _WRAPPED_COLUMNS,
        )
    return table


def _line(message: Message) -> RenderableType:
    return Text.assemble((f"{message.kind}:", message.style), " ", printable(message.text))
