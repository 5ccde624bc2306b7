"""The preview as JSON, which preview.schema.json describes: every image, with exact sizes and times."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from ecr_constructs.cli.formatting import total_size
from ecr_constructs.cli.output.alarms import alarm_text
from ecr_constructs.cli.preview.damage import Damage, worst_first
from ecr_constructs.cli.preview.gates import GateResult, GateViolation, RepositoryViolation
from ecr_constructs.cli.preview.result import (
    Disagreement,
    PreviewReport,
    RepositoryPreview,
    UnreadPlace,
    decisions_by_group,
    name_in,
)
from ecr_constructs.cli.preview.totals import sum_of
from ecr_constructs.cli.sources.policies import UnreadablePolicy
from ecr_constructs.cli.sources.records import Place, Policy
from ecr_constructs.model.lifecycle.evaluation import Decision, Evaluation
from ecr_constructs.model.lifecycle.findings import Finding
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.schedule import ScheduledAction

__all__ = ["json_parts", "render_json"]

# A field may be added in the same version. Removing a field, or changing its meaning, needs a new version.
_VERSION = 1


def render_json(report: PreviewReport, results: Sequence[GateResult]) -> str:
    """
    Return previews as JSON.

    Args:
        report: The previews.
        results: The results of the gates.

    Returns:
        The text. Equal previews have equal texts.

    """
    return "".join(json_parts(report, results))


def json_parts(report: PreviewReport, results: Sequence[GateResult]) -> Iterator[str]:
    """
    Yield the text of `render_json` in parts, one repository at a time.

    Args:
        report: The previews.
        results: The results of the gates.

    """
    head = {
        "version": _VERSION,
        "at": report.at.isoformat(),
        "is_live": report.is_live,
        "places": [*map(_place, report.places), *map(_unread_place, report.unread_places)],
        "totals": _totals(report),
        "alarms": [_alarm(preview, damage) for preview, damage in worst_first(report.previews) if damage.alarm],
    }
    tail = {
        "unread": [_policy(unread) | {"problems": list(unread.problems)} for unread in report.unread],
        "without_images": [_policy(policy) for policy in report.without_images],
        "without_policy": list(report.without_policy),
        "problems": list(report.problems),
        "notes": list(report.notes),
        "gates": [_gate(result) for result in results],
    }
    yield json.dumps(head, indent=2).removesuffix("\n}") + ',\n  "repositories": ['
    for number, preview in enumerate(report.previews):
        text = json.dumps(_preview(preview), indent=2).replace("\n", "\n    ")  # a line break in a text is escaped
        yield f"{',' if number else ''}\n    {text}"
    yield "\n  ],\n" if report.previews else "],\n"
    yield json.dumps(tail, indent=2).removeprefix("{\n") + "\n"


def _place(place: Place) -> dict[str, Any]:
    return {"account": place.account_id, "region": place.region, "problem": None}


def _unread_place(unread: UnreadPlace) -> dict[str, Any]:
    return _place(unread.place) | {"problem": unread.problem}


def _repository(repository: str, place: Place | None) -> dict[str, Any]:
    return {
        "repository": repository.removeprefix("" if place is None else name_in(place, "")),
        "account": None if place is None else place.account_id,
        "region": None if place is None else place.region,
    }


def _totals(report: PreviewReport) -> dict[str, Any]:
    totals = sum_of(report.previews)
    groups = ("expired", "archived", "uncertain", "kept")
    return {
        "repositories": sum(preview.prefix is None for preview in report.previews),
        "images": totals.images,
        "bytes": totals.size,
        **{group: {"images": getattr(totals, group), "bytes": getattr(totals, f"{group}_size")} for group in groups},
    }


def _alarm(preview: RepositoryPreview, damage: Damage) -> dict[str, Any]:
    return {
        **_repository(preview.repository, preview.place),
        "alarm": damage.alarm,
        **_damage(damage),
        "sentence": alarm_text(damage),
    }


def _damage(damage: Damage) -> dict[str, Any]:
    return {
        "is_certain": damage.certainty == "would",
        "images": damage.images,
        "deleted": damage.deleted,
        "archived": damage.archived,
        "uncertain": damage.uncertain,
        "newest": [decision.image.digest for decision in damage.newest],
    }


def _preview(preview: RepositoryPreview) -> dict[str, Any]:
    return {
        **_repository(preview.repository, preview.place),
        "where": preview.where,
        "prefix": preview.prefix,
        "by_aws": preview.by_aws,
        "policy": preview.policy.to_dict(),
        "summary": _summary(preview.evaluation),
        "images": _images(preview),
        "departures": [_scheduled(each) for each in preview.schedule],
        "findings": [_finding(finding) for finding in preview.findings],
        "current": None if preview.current is None else _current(preview, preview.current),
        "disagreements": [_disagreement(each) for each in preview.disagreements],
        "unlisted": [
            {"digest": each.digest, "action": each.action, "rule_priority": each.rule_priority}
            for each in preview.unlisted
        ],
    }


def _summary(evaluation: Evaluation) -> dict[str, Any]:
    return {
        group: {"images": len(decisions), "bytes": total_size(decision.image for decision in decisions)}
        for group, decisions in decisions_by_group(evaluation).items()
    }


def _images(preview: RepositoryPreview) -> list[dict[str, Any]]:
    return [
        _image(decision) | {"group": group, "in_use_by": preview.users(decision.image.digest)}
        for group, decisions in decisions_by_group(preview.evaluation).items()
        for decision in decisions
    ]


def _image(decision: Decision) -> dict[str, Any]:
    image = decision.image
    return {
        "digest": image.digest,
        "tags": list(image.tags),
        "pushed_at": image.pushed_at.isoformat(),
        "last_pulled_at": _time(image.last_pulled_at),
        "status": image.status,
        "size": image.size,
        "action": decision.action,
        "rule_priority": _priority(decision.rule),
        "why": decision.why,
    }


def _scheduled(scheduled: ScheduledAction) -> dict[str, Any]:
    return {
        "digest": scheduled.image.digest,
        "day": scheduled.day.isoformat(),
        "action": scheduled.action,
        "rule_priority": _priority(scheduled.rule),
        "is_certain": scheduled.is_certain,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "severity": finding.severity,
        "rule_priority": _priority(finding.rule),
        "sentence": finding.sentence,
        "remedy": finding.remedy,
    }


def _current(preview: RepositoryPreview, current: Evaluation) -> dict[str, Any]:
    return {
        "summary": _summary(current),
        "newly_lost": [decision.image.digest for decision in preview.newly_lost],
        "newly_kept": [decision.image.digest for decision in preview.newly_kept],
    }


def _policy(policy: Policy | UnreadablePolicy) -> dict[str, Any]:
    return {"repository": policy.repository, "where": policy.where, "prefix": policy.prefix}


def _disagreement(disagreement: Disagreement) -> dict[str, Any]:
    aws, evaluated = disagreement.aws, disagreement.evaluated
    return {
        "digest": disagreement.image.digest,
        "aws": _outcome(aws.action, aws.rule),
        "replay": f"{_outcome(evaluated.action, evaluated.rule)}: {evaluated.why}",
    }


def _outcome(action: str, rule: LifecycleRule | None) -> str:
    return f"{action} by rule {rule.rule_priority}" if rule and action != "keep" else action


def _gate(result: GateResult) -> dict[str, Any]:
    return {
        "gate": result.gate,
        "is_open": result.has_passed,
        "caught": [
            {**_repository(each.repository, each.place), "is_certain": each.is_certain}
            | _image(each.decision)
            | {"in_use_by": each.users, "tag": each.tag}
            for each in result.violations
            if isinstance(each, GateViolation)
        ],
        "repositories": [
            {
                **_repository(each.repository, each.place),
                **_damage(each.damage),
                "is_certain": each.is_certain,
                "sentence": str(each),
            }
            for each in result.violations
            if isinstance(each, RepositoryViolation)
        ],
        "unknown": list(result.unknown),
        "remedy": result.remedy,
        "note": result.note,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _priority(rule: LifecycleRule | None) -> int | None:
    return None if rule is None else rule.rule_priority
