"""The preview as JSON, which preview.schema.json describes: every image, with exact sizes and times."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ecr_constructs.cli.formatting import total_size
from ecr_constructs.cli.output.alarms import alarm_text
from ecr_constructs.cli.preview.damage import Damage, worst_first
from ecr_constructs.cli.preview.gates import GateResult, GateViolation, RepositoryViolation
from ecr_constructs.cli.preview.result import Disagreement, PreviewReport, RepositoryPreview, decisions_by_group
from ecr_constructs.cli.preview.totals import sum_of
from ecr_constructs.cli.sources.policies import UnreadablePolicy
from ecr_constructs.cli.sources.records import Policy
from ecr_constructs.model.lifecycle.evaluation import Decision, Evaluation
from ecr_constructs.model.lifecycle.findings import Finding
from ecr_constructs.model.lifecycle.growth import Growth
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.schedule import ScheduledAction
from ecr_constructs.model.pricing.costs import Costs, Unpulled
from ecr_constructs.model.pricing.prices import PricePerGigabyte, Prices

__all__ = ["render_json"]

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
    document = {
        "version": _VERSION,
        "at": report.at.isoformat(),
        "is_live": report.is_live,
        "prices": None if report.prices is None else _prices(report.prices),
        "image_quota": report.image_quota,
        "totals": _totals(report),
        "alarms": [_alarm(preview, damage) for preview, damage in worst_first(report.previews) if damage.alarm],
        "repositories": [_preview(preview) for preview in report.previews],
        "unread": [_policy(unread) | {"problems": list(unread.problems)} for unread in report.unread],
        "without_images": [_policy(policy) for policy in report.without_images],
        "without_policy": list(report.without_policy),
        "problems": list(report.problems),
        "notes": list(report.notes),
        "gates": [_gate(result) for result in results],
    }
    return json.dumps(document, indent=2) + "\n"


def _totals(report: PreviewReport) -> dict[str, Any]:
    totals = sum_of(report.previews)
    groups = ("expired", "archived", "uncertain", "kept")
    return {
        "repositories": sum(preview.prefix is None for preview in report.previews),
        "images": totals.images,
        "bytes": totals.size,
        "costs": _costs(report.costs),
        "unpulled": _unpulled(report.unpulled),
        **{group: {"images": getattr(totals, group), "bytes": getattr(totals, f"{group}_size")} for group in groups},
    }


def _prices(prices: Prices) -> dict[str, Any]:
    return {
        "region": prices.region,
        "currency": prices.currency,
        "source": prices.source,
        "day": prices.day.isoformat() if prices.day else None,
        "standard": _tiers(prices.standard),
        "archive": None if prices.archive is None else _tiers(prices.archive),
    }


def _tiers(price: PricePerGigabyte) -> list[dict[str, str]]:
    return [{"above_gigabytes": str(tier.above), "price": str(tier.price)} for tier in price.tiers]


def _costs(costs: Costs | None) -> dict[str, Any] | None:
    if costs is None:
        return None
    names = ("today", "after", "archive", "archive_minimum", "unpulled")
    return {name: float(round(getattr(costs, name), 4)) for name in names}


def _unpulled(unpulled: Unpulled | None) -> dict[str, int] | None:
    if unpulled is None:
        return None
    return {"days": unpulled.days, "images": unpulled.images, "bytes": unpulled.size}


def _growth(growth: Growth | None) -> dict[str, Any] | None:
    if growth is None:
        return None
    full_on = growth.full_on.isoformat() if growth.full_on else None
    return {"images_a_day": round(growth.images_a_day, 2), "full_on": full_on}


def _alarm(preview: RepositoryPreview, damage: Damage) -> dict[str, Any]:
    return {"repository": preview.repository, "alarm": damage.alarm, **_damage(damage), "sentence": alarm_text(damage)}


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
        "repository": preview.repository,
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
        "costs": _costs(preview.costs),
        "unpulled": _unpulled(preview.unpulled),
        "growth": _growth(preview.growth),
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
            {"repository": each.repository, "is_certain": each.is_certain}
            | _image(each.decision)
            | {"in_use_by": each.users, "tag": each.tag}
            for each in result.violations
            if isinstance(each, GateViolation)
        ],
        "repositories": [
            {
                "repository": each.repository,
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
