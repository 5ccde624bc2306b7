"""The findings of a preview without those that are suppressed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timezone

from ecr_constructs.cli.formatting import count
from ecr_constructs.cli.preview.result import PreviewReport, RepositoryPreview
from ecr_constructs.cli.sources.suppressions import Suppression, suppression_of
from ecr_constructs.model.lifecycle.findings import Finding

__all__ = ["without_suppressed"]


def without_suppressed(report: PreviewReport, suppressions: Sequence[Suppression]) -> PreviewReport:
    """
    Return a report without the findings that are suppressed, and with a note on their number.

    Args:
        report: The report.
        suppressions: The suppressions. One that has expired is not used.

    """
    if not suppressions:
        return report
    today = datetime.now(timezone.utc).date()
    previews = tuple(_without(each, suppressions, today) for each in report.previews)
    suppressed = sum(len(each.findings) for each in report.previews) - sum(len(each.findings) for each in previews)
    notes = [f"{count(suppressed, 'finding')} suppressed; lint --format json lists them with their reasons"]
    return replace(report, previews=previews, notes=(*report.notes, *(notes if suppressed else [])))


def _without(preview: RepositoryPreview, suppressions: Sequence[Suppression], today: date) -> RepositoryPreview:
    name = preview.repository if preview.prefix is None else preview.prefix

    def is_shown(finding: Finding) -> bool:
        rule = finding.rule.rule_priority if finding.rule else None
        return suppression_of(suppressions, finding.id, name, rule, today=today) is None

    return preview.changed({"findings": tuple(filter(is_shown, preview.findings))})
