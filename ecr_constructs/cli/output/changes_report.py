"""The changes of an update as a table, as JSON, as Markdown and as SARIF."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ecr_constructs.cli.formatting import count, decision_label, omitted, printable
from ecr_constructs.cli.output.markdown import escaped
from ecr_constructs.cli.output.messages import COLOURS
from ecr_constructs.cli.output.rule_summary import outcome_of
from ecr_constructs.cli.output.sarif import SarifResult, SarifRule, render_sarif
from ecr_constructs.cli.sources.source_locations import SourceLocations
from ecr_constructs.model.changes.change import CHANGE_TYPES, Change
from ecr_constructs.model.lifecycle.evaluation import Decision

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["changes_as_json", "changes_as_markdown", "changes_as_sarif", "changes_as_table"]

_MOST_IMAGES = 20
# A pipe has no width. Lines are not wrapped.
_UNLIMITED = 1_000_000


def changes_as_table(changes: Sequence[Change], console: Console) -> str:
    """
    Return changes as a table.

    Args:
        changes: The changes.
        console: The console, for its width and its colours.

    """
    from rich.table import Table
    from rich.text import Text

    if not console.is_terminal:
        console.width = _UNLIMITED
    with console.capture() as capture:
        if changes:
            table = Table("severity", "resource", "change", "safe way", box=None, header_style="bold", pad_edge=False)
            for each in changes:
                table.add_row(
                    Text(each.severity, style=COLOURS[each.severity]),
                    Text(printable(_place(each))),
                    Text(printable(f"{each.sentence} [{each.id}]")),
                    Text(printable(each.remedy)),
                )
            console.print(table)
        for line in _image_lines(changes):
            console.print(Text(printable(line)), soft_wrap=True)
        console.print(_totals(changes), markup=False, highlight=False, soft_wrap=True)
    return "\n".join(line.rstrip() for line in capture.get().splitlines()) + "\n"


def changes_as_json(changes: Sequence[Change]) -> str:
    """
    Return changes as JSON.

    Args:
        changes: The changes.

    """
    severities: Counter[str] = Counter(each.severity for each in changes)
    document = {
        "totals": {severity: severities[severity] for severity in COLOURS},
        "changes": [_fields(each) for each in changes],
    }
    return json.dumps(document, indent=2) + "\n"


def changes_as_markdown(changes: Sequence[Change]) -> str:
    """
    Return changes as Markdown, for a comment on a pull request.

    Args:
        changes: The changes.

    """
    return "\n".join(_markdown_lines(changes)) + "\n"


def changes_as_sarif(changes: Sequence[Change], locations: SourceLocations) -> str:
    """
    Return changes as a SARIF document.

    Args:
        changes: The changes.
        locations: The locations of the resources in the new state.

    """
    rules = [SarifRule(id=each.id, severity=each.severity, summary=each.summary) for each in CHANGE_TYPES.values()]
    return render_sarif(rules, [_sarif_result(each, locations) for each in changes])


def _sarif_result(change: Change, locations: SourceLocations) -> SarifResult:
    location = locations.locate_resource(change.stack, change.logical_id)
    return SarifResult(
        rule_id=change.id,
        severity=change.severity,
        message=printable(f"{_place(change)}: {change.sentence}. Safe way: {change.remedy}."),
        place=printable(location.construct),
        path=location.path or change.path,
        line=location.line,
    )


def _place(change: Change) -> str:
    place = "/".join(filter(None, (change.stack, change.logical_id)))
    kind = (change.resource_type or "").removeprefix("AWS::").replace("::", " ")
    described = " ".join(filter(None, (kind, change.name)))
    return f"{place} ({described})" if described else place


def _totals(changes: Sequence[Change]) -> str:
    severities: Counter[str] = Counter(each.severity for each in changes)
    totals = ", ".join(count(severities[severity], severity) for severity in COLOURS)
    return f"{count(len(changes), 'change')}: {totals}"


def _image_lines(changes: Sequence[Change]) -> Iterator[str]:
    for each in changes:
        if each.images:
            yield f"images of {each.name or each.logical_id} that the new policy deletes or archives:"
            yield from (f"  {line}" for line in _images(each.images))


def _images(decisions: Sequence[Decision]) -> Iterator[str]:
    for each in decisions[:_MOST_IMAGES]:
        rule = f" by rule {each.rule.rule_priority}" if each.rule else ""
        yield f"{outcome_of(each.action)} {decision_label(each)}{rule}"
    if (more := len(decisions) - _MOST_IMAGES) > 0:
        yield f"{omitted(more, 'image')}; --format json has all"


def _fields(change: Change) -> Mapping[str, Any]:
    return {
        "id": change.id,
        "severity": change.severity,
        "stack": change.stack,
        "logical_id": change.logical_id,
        "resource_type": change.resource_type,
        "name": change.name,
        "sentence": change.sentence,
        "remedy": change.remedy,
        "images": [
            {
                "digest": each.image.digest,
                "tags": list(each.image.tags),
                "action": each.action,
                "rule_priority": each.rule.rule_priority if each.rule else None,
                "why": each.why,
            }
            for each in change.images
        ],
    }


def _markdown_lines(changes: Sequence[Change]) -> Iterator[str]:
    yield f"**{_totals(changes)}**"
    if changes:
        yield ""
        yield "| severity | resource | change | safe way |"
        yield "| --- | --- | --- | --- |"
    for each in changes:
        cells = (each.severity, _place(each), f"{each.sentence} [{each.id}]", each.remedy)
        yield f"| {' | '.join(map(escaped, cells))} |"
    for each in changes:
        if each.images:
            yield ""
            yield f"<details><summary>{escaped(each.name or str(each.logical_id))}: images</summary>"
            yield ""
            yield from (f"- {escaped(line)}" for line in _images(each.images))
            yield ""
            yield "</details>"
