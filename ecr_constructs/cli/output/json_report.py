"""The preview as JSON: every image, exact bytes and times; preview.schema.json beside this room describes it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ecr_constructs.cli.formatting import bytes_of
from ecr_constructs.cli.preview.gates import GateResult
from ecr_constructs.cli.preview.result import PreviewReport, RepositoryPreview, groups
from ecr_constructs.cli.sources.policies import UnreadablePolicy
from ecr_constructs.cli.sources.records import Policy
from ecr_constructs.model.lifecycle.evaluation import Decision, Evaluation
from ecr_constructs.model.lifecycle.findings import Finding
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.schedule import ScheduledAction

__all__ = ["write_json"]

# Fields are added without a new version; a field that goes, or means something else, is a new version.
_VERSION = 1


def write_json(survey: PreviewReport, verdicts: Sequence[GateResult]) -> str:
    """
    Write previews as JSON; fields are called what the attributes of the Python values are called.

    Args:
        survey: What was previewed.
        verdicts: What the gates say.

    Returns:
        The text; the same previews give the same text.

    """
    document = {
        "version": _VERSION,
        "at": survey.at.isoformat(),
        "is_live": survey.is_live,
        "repositories": [_preview(preview) for preview in survey.previews],
        "unread": [_policy(unread) | {"problems": list(unread.problems)} for unread in survey.unread],
        "without_images": [_policy(policy) for policy in survey.without_images],
        "without_policy": list(survey.without_policy),
        "problems": list(survey.problems),
        "notes": list(survey.notes),
        "gates": [_verdict(verdict) for verdict in verdicts],
    }
    return json.dumps(document, indent=2) + "\n"


def _preview(preview: RepositoryPreview) -> dict[str, Any]:
    return {
        "repository": preview.repository,
        "where": preview.where,
        "prefix": preview.prefix,
        "by_aws": preview.by_aws,
        "policy": preview.policy.to_dict(),
        "summary": _summary(preview.evaluation),
        "images": _images(preview),
        "departures": [_departure(departure) for departure in preview.departures],
        "findings": [_finding(finding) for finding in preview.findings],
        "current": None if preview.current is None else _current(preview, preview.current),
        "disagreements": [
            {"digest": each.image.digest, "aws": each.aws, "replay": each.replay} for each in preview.disagreements
        ],
        "unlisted": [
            {"digest": each.digest, "action": each.action, "rule_priority": each.rule_priority}
            for each in preview.unlisted
        ],
    }


def _summary(evaluation: Evaluation) -> dict[str, Any]:
    return {
        group: {"images": len(decisions), "bytes": bytes_of(decision.image for decision in decisions)}
        for group, decisions in groups(evaluation).items()
    }


def _images(preview: RepositoryPreview) -> list[dict[str, Any]]:
    return [
        _image(decision) | {"group": group, "in_use_by": preview.users(decision.image.digest)}
        for group, decisions in groups(preview.evaluation).items()
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


def _departure(departure: ScheduledAction) -> dict[str, Any]:
    return {
        "digest": departure.image.digest,
        "day": departure.day.isoformat(),
        "action": departure.action,
        "rule_priority": _priority(departure.rule),
        "is_certain": departure.is_certain,
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


def _verdict(verdict: GateResult) -> dict[str, Any]:
    return {
        "gate": verdict.gate,
        "is_open": verdict.is_open,
        "caught": [
            {"repository": each.repository, "is_certain": each.is_certain}
            | _image(each.decision)
            | {"in_use_by": each.users}
            for each in verdict.caught
        ],
        "unknown": list(verdict.unknown),
        "remedy": verdict.remedy,
        "note": verdict.note,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _priority(rule: LifecycleRule | None) -> int | None:
    return None if rule is None else rule.rule_priority
