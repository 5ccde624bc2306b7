"""The preview as JSON, which preview.schema.json describes: every image, with exact sizes and times."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from ecr_constructs.cli.formatting import format_exact, total_size
from ecr_constructs.cli.output.alarms import alarm_text
from ecr_constructs.cli.preview.damage import Damage, worst_first
from ecr_constructs.cli.preview.gates import FindingViolation, GateResult, GateViolation, RepositoryViolation
from ecr_constructs.cli.preview.result import (
    Disagreement,
    PreviewReport,
    RepositoryPreview,
    UnreadPlace,
    decisions_by_group,
    images_of,
    name_in,
)
from ecr_constructs.cli.preview.totals import sum_of
from ecr_constructs.cli.sources.policies import UnreadablePolicy
from ecr_constructs.cli.sources.records import AwsDecision, Place, Policy
from ecr_constructs.model.images import Image
from ecr_constructs.model.lifecycle.evaluation import Evaluation
from ecr_constructs.model.lifecycle.findings import Finding
from ecr_constructs.model.lifecycle.growth import Growth
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.schedule import ScheduledAction
from ecr_constructs.model.pricing.costs import Costs, Unpulled
from ecr_constructs.model.pricing.prices import PricePerGigabyte, Prices

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
        The text, with a line for each image. Equal previews have equal texts.

    """
    return "".join(json_parts(report, results))


def json_parts(report: PreviewReport, results: Sequence[GateResult]) -> Iterator[str]:
    """
    Yield the text of `render_json` in parts, one repository at a time.

    Args:
        report: The previews.
        results: The results of the gates.

    """
    places = [*map(_place, report.places), *map(_unread_place, report.unread_places)]
    head = {
        "version": _text(_VERSION),
        "at": _text(report.at.isoformat()),
        "is_live": _text(report.is_live),
        "places": _list(list(map(_text, places)), 1),
        "prices": _text(None if report.prices is None else _prices(report.prices)),
        "image_quota": _text(report.image_quota),
        "totals": _text(_totals(report)),
        "alarms": _list([_text(_alarm(*each)) for each in worst_first(report.previews) if each[1].alarm], 1),
    }
    tail = {
        "unread": _list([_text(_policy_entry(each) | {"problems": list(each.problems)}) for each in report.unread], 1),
        "without_images": _list([_text(_policy_entry(policy)) for policy in report.without_images], 1),
        "without_policy": _list(list(map(_text, report.without_policy)), 1),
        "problems": _list(list(map(_text, report.problems)), 1),
        "notes": _list(list(map(_text, report.notes)), 1),
        "gates": _list(list(map(_gate, results)), 1),
    }
    yield f'{_object(head, 0).removesuffix(_END)},\n{_MARGIN}"repositories": ['
    for number, preview in enumerate(report.previews):
        yield f"{',' if number else ''}\n{_MARGIN * 2}{_preview(preview)}"
    yield f"\n{_MARGIN}]" if report.previews else "]"
    yield f",{_object(tail, 0).removeprefix('{')}\n"


# Python's encoder with indentation is ten times slower. Each line is a text of the fast encoder, and the lists with an
# entry for each image are built from its texts.
_text = json.JSONEncoder().encode
# The same for a string, without the tests for its kind.
_string = json.encoder.encode_basestring_ascii
_MARGIN = "  "
_END = "\n}"


def _object(members: Mapping[str, str], level: int) -> str:
    """Return an object with a line for each member, from the texts of the members."""
    margin = _MARGIN * level
    lines = ",\n".join([f'{margin}{_MARGIN}"{name}": {text}' for name, text in members.items()])
    return f"{{\n{lines}\n{margin}}}"


def _list(texts: Sequence[str], level: int) -> str:
    """Return a list with a line for each entry, from the texts of the entries."""
    if not texts:
        return "[]"
    margin = _MARGIN * level
    separator = f",\n{margin}{_MARGIN}"
    return f"[\n{margin}{_MARGIN}{separator.join(texts)}\n{margin}]"


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


def _preview(preview: RepositoryPreview) -> str:
    members = {
        **{name: _text(value) for name, value in _repository(preview.repository, preview.place).items()},
        "where": _text(preview.where),
        "prefix": _text(preview.prefix),
        "by_aws": _text(preview.by_aws),
        "policy": preview.policy.to_json(),
        "summary": _text(_summary(preview.evaluation)),
        "images": _list(list(_image_entries(preview)), 3),
        "departures": _list(list(_departures(preview.schedule)), 3),
        "findings": _list([_text(_finding(finding)) for finding in preview.findings], 3),
        "current": "null" if preview.current is None else _text(_current(preview, preview.current)),
        "disagreements": _list([_text(_disagreement(each)) for each in preview.disagreements], 3),
        "unlisted": _list([_text(_unlisted(each)) for each in preview.unlisted], 3),
        "costs": _text(_costs(preview.costs)),
        "unpulled": _text(_unpulled(preview.unpulled)),
        "growth": _text(_growth(preview.growth)),
    }
    return _object(members, 2)


def _unlisted(answer: AwsDecision) -> dict[str, Any]:
    return {"digest": answer.digest, "action": answer.action, "rule_priority": answer.rule_priority}


def _summary(evaluation: Evaluation) -> dict[str, Any]:
    return {
        group: {"images": len(decisions), "bytes": total_size(images_of(decisions))}
        for group, decisions in decisions_by_group(evaluation).items()
    }


def _image_entries(preview: RepositoryPreview) -> Iterator[str]:
    is_used = bool(preview.in_use)
    users = "null" if preview.in_use is None else "[]"
    for group, decisions in decisions_by_group(preview.evaluation).items():
        # Many images have the same outcome. Its text is made once.
        outcomes: dict[tuple[int, str, str], str] = {}
        for image, action, rule, why in decisions:
            key = (id(rule), action, why)
            if (outcome := outcomes.get(key)) is None:
                outcome = outcomes[key] = _outcome_members(action, rule, why)
            if is_used:
                users = _text(preview.users(image.digest))
            yield f'{{{_image_members(image)}, {outcome}, "group": "{group}", "in_use_by": {users}}}'


def _image_members(image: Image) -> str:
    """Return the text of the members that describe an image."""
    tags = ", ".join(map(_string, image.tags))
    pulled = "null" if image.last_pulled_at is None else f'"{format_exact(image.last_pulled_at)}"'
    return (
        f'"digest": {_string(image.digest)}, "tags": [{tags}], '
        f'"pushed_at": "{format_exact(image.pushed_at)}", '
        f'"last_pulled_at": {pulled}, '
        f'"status": "{image.status}", "size": {image.size}'
    )


def _outcome_members(action: str, rule: LifecycleRule | None, why: str) -> str:
    """Return the text of the members that describe the outcome of an image."""
    return f'"action": "{action}", "rule_priority": {_priority_text(rule)}, "why": {_string(why)}'


def _departures(schedule: Sequence[ScheduledAction]) -> Iterator[str]:
    # Many images have the same action on the same day. Its text is made once.
    actions: dict[tuple[date, int, str, bool], str] = {}
    for each in schedule:
        key = (each.day, id(each.rule), each.action, each.is_certain)
        if (action := actions.get(key)) is None:
            action = actions[key] = (
                f'"day": "{each.day.isoformat()}", "action": "{each.action}", '
                f'"rule_priority": {_priority_text(each.rule)}, "is_certain": {_text(each.is_certain)}'
            )
        yield f'{{"digest": {_string(each.image.digest)}, {action}}}'


def _priority_text(rule: LifecycleRule | None) -> str:
    return "null" if rule is None else str(rule.rule_priority)


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


def _policy_entry(policy: Policy | UnreadablePolicy) -> dict[str, Any]:
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


def _gate(result: GateResult) -> str:
    caught = [_caught(each) for each in result.violations if isinstance(each, GateViolation)]
    repositories = [_of_repository(each) for each in result.violations if isinstance(each, RepositoryViolation)]
    findings = [_of_finding(each) for each in result.violations if isinstance(each, FindingViolation)]
    members = {
        "gate": _text(result.gate),
        "is_open": _text(result.has_passed),
        "caught": _list(caught, 3),
        "repositories": _list(list(map(_text, repositories)), 3),
        "findings": _list(list(map(_text, findings)), 3),
        "unknown": _list(list(map(_text, result.unknown)), 3),
        "remedy": _text(result.remedy),
        "note": _text(result.note),
    }
    return _object(members, 2)


def _caught(violation: GateViolation) -> str:
    image, action, rule, why = violation.decision
    repository = _text(_repository(violation.repository, violation.place))[:-1]
    return (
        f'{repository}, "is_certain": {_text(violation.is_certain)}, '
        f"{_image_members(image)}, {_outcome_members(action, rule, why)}, "
        f'"in_use_by": {_text(violation.users)}, "tag": {_text(violation.tag)}}}'
    )


def _of_finding(violation: FindingViolation) -> dict[str, Any]:
    finding = violation.finding
    return {
        **_repository(violation.repository, violation.place),
        "is_certain": violation.is_certain,
        "digest": finding.digest,
        "tags": list(violation.decision.image.tags),
        "vulnerability": finding.vulnerability,
        "severity": finding.severity,
        "packages": list(finding.packages),
        "is_fixable": finding.is_fixable,
        "in_use_by": list(violation.users),
        "sentence": str(violation),
    }


def _of_repository(violation: RepositoryViolation) -> dict[str, Any]:
    return {
        **_repository(violation.repository, violation.place),
        **_damage(violation.damage),
        "is_certain": violation.is_certain,
        "sentence": str(violation),
    }


def _priority(rule: LifecycleRule | None) -> int | None:
    return None if rule is None else rule.rule_priority
