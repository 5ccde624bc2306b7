"""
The preview as Markdown, for a comment on a pull request: the worst repository first, images in expandable sections.

Tags, names and descriptions are not trusted: Markdown, HTML and mentions of users in them have no effect.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from ecr_constructs.cli.formatting import (
    count,
    format_day,
    format_instant,
    format_size,
    known_size,
    omitted,
)
from ecr_constructs.cli.output.alarms import alarm_messages
from ecr_constructs.cli.output.costs import total_cost_messages
from ecr_constructs.cli.output.image_list import ListedImage, lost_images
from ecr_constructs.cli.output.markdown import code, escaped
from ecr_constructs.cli.output.message import COLOURS
from ecr_constructs.cli.output.messages import (
    input_messages,
    repository_messages,
    shared_findings,
    total_message,
    uncertainty_hint,
)
from ecr_constructs.cli.output.policy_groups import Ranked, policy_groups
from ecr_constructs.cli.preview.damage import Damage, worst_first
from ecr_constructs.cli.preview.gates import GateResult
from ecr_constructs.cli.preview.result import PreviewReport, RepositoryPreview
from ecr_constructs.cli.preview.totals import totals_of
from ecr_constructs.model.tags import TagPattern
from ecr_constructs.model.word_lists import shortened

__all__ = ["MOST_CHARACTERS", "render_markdown"]

# GitHub accepts comments of at most 65,536 characters. The rest is for a caller that adds a heading or a link.
MOST_CHARACTERS = 60_000
_MOST_ROWS = 20
_MOST_IMAGES = 20
_MOST_VIOLATIONS = 10
_HEAD = (
    "| Repository | Images | Delete | Freed | Archive | Uncertain | Keep |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
)
_MONEY_HEAD = (" A month | After |", " ---: | ---: |")


def render_markdown(report: PreviewReport, results: Sequence[GateResult] = (), *, is_complete: bool = False) -> str:
    """
    Return previews as Markdown.

    Args:
        report: The previews.
        results: The results of the gates. Default: none.
        is_complete: Whether to list every repository and every image that is or might be deleted or archived. Default:
            as many as fit into a comment on GitHub.

    Returns:
        The text. It has at most `MOST_CHARACTERS` characters, unless it is complete.

    """
    ranked = worst_first(report.previews)
    lines = [
        *_head(report, ranked, results),
        "",
        *_table(ranked, None if is_complete else _MOST_ROWS),
        *chain.from_iterable(
            _policy_lines(group) for group in policy_groups(ranked)[: None if is_complete else _MOST_ROWS]
        ),
    ]
    asked = tuple(result.pattern for result in results if result.pattern)
    notes = list(_notes(report))
    limit = None if is_complete else MOST_CHARACTERS - sum(map(len, chain(lines, notes))) - len(lines) - len(notes)
    sections = _sections(report, ranked, asked, limit, most=None if is_complete else _MOST_IMAGES)
    return "\n".join([*lines, *sections, *notes]).rstrip() + "\n"


def _head(report: PreviewReport, ranked: Sequence[Ranked], results: Sequence[GateResult]) -> Iterator[str]:
    yield "## Preview of lifecycle policies"
    yield ""
    alarms = [f"> **{escaped(message.text)}**" for message in alarm_messages(ranked)]
    failed = list(_gate_lines(results))
    if alarms or failed:
        yield "> [!CAUTION]"
        yield "\n>\n".join([*alarms, *failed])
        yield ""
    yield f"**{escaped(total_message(report).text)}** at {format_instant(report.at)}. No image has been deleted."
    for message in total_cost_messages(report):
        yield ""
        yield f"**{message.kind}**: {escaped(message.text)}"


def _gate_lines(results: Sequence[GateResult]) -> Iterator[str]:
    for result in results:
        if result.violations:
            number = count(len(result.violations), result.noun)
            yield f"> **{code(f'--fail-if {result.gate}')} failed for {number}.** {escaped(result.remedy)}"
            yield from (f"> - {escaped(str(each))}" for each in result.violations[:_MOST_VIOLATIONS])
            if (more := len(result.violations) - _MOST_VIOLATIONS) > 0:
                yield f"> - {omitted(more, result.noun)}"
        elif result.unknown:
            unknown = "; ".join(result.unknown[:_MOST_VIOLATIONS])
            yield f"> **{code(f'--fail-if {result.gate}')} cannot be checked:** {escaped(unknown)}"


def _table(ranked: Sequence[Ranked], most: int | None) -> Iterator[str]:
    counted = [(preview, damage) for preview, damage in ranked if preview.prefix is None]
    if not counted:
        return
    has_costs = any(preview.costs for preview, _ in counted)
    yield from (line + more * has_costs for line, more in zip(_HEAD, _MONEY_HEAD, strict=True))
    for preview, damage in counted[:most]:
        totals = totals_of(preview)
        name = f"**{code(preview.name)}**" if damage.alarm else code(preview.name)
        freed = known_size(totals.expired_size)
        numbers = (totals.images, totals.expired, freed, totals.archived, totals.uncertain, totals.kept)
        cells = " | ".join(each if isinstance(each, str) else f"{each:,}" for each in numbers)
        money = f" {costs.today:,.2f} | {costs.after:,.2f} |" if (costs := preview.costs) else ""
        yield f"| {name} | {cells} |{money}"
    if most is not None and len(counted) > most:
        yield ""
        yield f"{omitted(len(counted) - most, 'repository').capitalize()}."
    yield ""


def _policy_lines(group: Sequence[Ranked]) -> Iterator[str]:
    """Yield the rules of a policy and its findings, once for all its repositories."""
    previews = [preview for preview, _ in group]
    places = shortened(list(dict.fromkeys(preview.where for preview in previews)))
    yield f"<details><summary>Policy of {count(len(group), 'repository')}: {code(places)}</summary>"
    yield ""
    sentences = previews[0].policy.explain() or ["The policy has no rules: every image is kept."]
    yield from (f"- {escaped(sentence)}" for sentence in sentences)
    yield from (f"- **{message.kind}**: {escaped(message.text)}" for message in shared_findings(previews))
    yield from ("", "</details>", "")


def _sections(
    report: PreviewReport,
    ranked: Sequence[Ranked],
    asked: Sequence[TagPattern],
    limit: int | None,
    *,
    most: int | None,
) -> Iterator[str]:
    """Yield a section for each repository with messages, or with deleted or archived images, as many as fit."""
    left_out = 0
    for preview, damage in ranked:
        lines = list(_section(preview, damage, asked, most, is_live=report.is_live))
        size = sum(map(len, lines)) + len(lines)
        if limit is not None and (left_out or size > limit):
            left_out += bool(lines)
            continue
        limit = None if limit is None else limit - size
        yield from lines
    if left_out:
        yield f"{omitted(left_out, 'repository').capitalize()} with images to delete or archive, or with messages."
        yield ""


def _section(
    preview: RepositoryPreview, damage: Damage, asked: Sequence[TagPattern], most: int | None, *, is_live: bool
) -> Iterator[str]:
    listed = lost_images(preview)
    messages = [each for each in repository_messages(preview, is_live=is_live) if each.kind not in COLOURS]
    if not listed and not messages:
        return
    template = f", policy of the creation template for {code(preview.prefix)}" if preview.prefix is not None else ""
    freed = f", {format_size(size)} freed" if (size := preview.evaluation.bytes_freed) else ""
    summary = escaped(damage.describe()) if preview.prefix is None else count(len(listed), "image")
    yield f"<details><summary>{code(preview.name)}{template}: {summary}{freed}</summary>"
    yield ""
    yield from (f"- **{message.kind}**: {escaped(message.text)}" for message in messages)
    yield ""
    if listed:
        yield from _image_table(listed[:most], asked)
        if most is not None and len(listed) > most:
            yield ""
            yield f"{omitted(len(listed) - most, 'image').capitalize()}."
    yield ""
    yield "</details>"
    yield ""


def _image_table(listed: Sequence[ListedImage], asked: Sequence[TagPattern]) -> Iterator[str]:
    yield "| Image | Digest | Outcome | Rule | Size | Pushed | Last pulled | In use by | Reason |"
    yield "| --- | --- | --- | ---: | ---: | --- | --- | --- | --- |"
    for each in listed:
        image = each.image
        cells = (
            code(each.label(asked)) if image.tags else "untagged",
            code(image.digest),
            each.outcome,
            each.rule,
            known_size(image.size),
            format_day(image.pushed_at),
            format_day(image.last_pulled_at) if image.last_pulled_at else "-",
            escaped(", ".join(each.users or ())) or "-",
            escaped(each.reason),
        )
        yield f"| {' | '.join(cells)} |"


def _notes(report: PreviewReport) -> Iterator[str]:
    for problem in report.problems[:_MOST_VIOLATIONS]:
        yield f"- **problem**: {escaped(problem)}"
    yield from (f"- **{message.kind}**: {escaped(message.text)}" for message in input_messages(report))
    if hint := uncertainty_hint(report.previews, is_live=report.is_live):
        yield f"- **uncertain**: {escaped(hint)}"
