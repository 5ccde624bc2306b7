"""The difference between two lifecycle policies: by their rules, and by the images of a listing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from ecr_constructs.errors import InvalidLifecyclePolicy
from ecr_constructs.model.images import Image
from ecr_constructs.model.lifecycle.evaluation import Decision, Evaluation
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from ecr_constructs.model.lifecycle.rule import LifecycleRule

__all__ = ["lifecycle_policy_of", "newly_affected_images", "reasons_for_more"]

_EFFECTS = ("keep", "archive", "expire")


def lifecycle_policy_of(value: object) -> LifecyclePolicy | None:
    """
    Return the lifecycle policy in a property, or None if it cannot be read.

    Args:
        value: The text of the policy. A property that is not set is a policy without rules.

    """
    if value is None:
        return LifecyclePolicy.none()
    if not isinstance(value, str):
        return None
    try:
        return LifecyclePolicy.from_json(value)
    except InvalidLifecyclePolicy:
        return None


def reasons_for_more(before: LifecyclePolicy, after: LifecyclePolicy) -> Iterator[str]:
    """
    Yield the reasons why a policy can delete or archive images that another policy keeps.

    Args:
        before: The deployed policy.
        after: The policy of the update.

    Yields:
        One clause for each rule, with its priority in the new policy.

    """
    for rule in after.rules:
        if not rule.is_keep_rule and (reason := _reason(rule, before, after)):
            yield reason


def newly_affected_images(
    before: LifecyclePolicy, after: LifecyclePolicy, images: Sequence[Image], at: datetime
) -> tuple[Decision, ...]:
    """
    Return the images that a policy deletes or archives and another policy does not.

    Args:
        before: The deployed policy.
        after: The policy of the update.
        images: All images of the repository.
        at: The instant, with a time zone.

    Returns:
        The decisions of the new policy, for images on which its effect is greater: a deletion is more than an
        archival, and an effect is more than one that AWS does not document for the image.

    """
    known = {each.image.digest: rank for each, rank in _ranked(before.evaluate(images, at=at))}
    found = _ranked(after.evaluate(images, at=at))
    return tuple(each for each, rank in found if rank > known.get(each.image.digest, (0, False)))


def _ranked(evaluation: Evaluation) -> Iterator[tuple[Decision, tuple[int, bool]]]:
    """Yield the images that are not certainly kept, each with its effect and whether the effect is certain."""
    for group, is_certain in (
        (evaluation.expired, True),
        (evaluation.archived, True),
        (evaluation.uncertain, False),
    ):
        yield from ((each, (_EFFECTS.index(each.action), is_certain)) for each in group)


def _reason(rule: LifecycleRule, before: LifecyclePolicy, after: LifecyclePolicy) -> str | None:
    verb = "deletes" if rule.action == "expire" else "archives"
    rivals = [each for each in before.rules if _is_comparable(each, rule)]
    enough = [each for each in rivals if each.count_number <= rule.count_number]
    if not rivals:
        return f"rule {rule.rule_priority} newly {verb} images"
    if not enough:
        unit = "days" if rule.count_unit else "images"
        least = min(each.count_number for each in rivals)
        return f"rule {rule.rule_priority} {verb} images beyond {rule.count_number:,} {unit} instead of {least:,}"
    lost = min((_lost_claims(each, rule, before, after) for each in enough), key=len)
    if lost:
        names = ", ".join(str(each.rule_priority) for each in lost)
        return f"rule {rule.rule_priority} {verb} images that rule {names} of the deployed policy kept from it"
    return None


def _is_comparable(known: LifecycleRule, rule: LifecycleRule) -> bool:
    """Return whether a deployed rule acts in the same way on all images that a new rule selects."""
    if known.is_keep_rule or (known.count_type, known.action) != (rule.count_type, rule.action):
        return False
    # A count of more images has another result.
    is_count = rule.count_unit is None
    return _selection(known) == _selection(rule) or (not is_count and _covers(known, rule))


def _lost_claims(
    known: LifecycleRule, rule: LifecycleRule, before: LifecyclePolicy, after: LifecyclePolicy
) -> list[LifecycleRule]:
    """Return the deployed rules that kept images from a rule and have no equivalent in the new policy."""
    claims = [each for each in _preceding(known, before) if _overlaps(each, rule)]
    claiming = _preceding(rule, after)
    return [each for each in claims if not any(_covers(other, each) for other in claiming)]


def _preceding(rule: LifecycleRule, policy: LifecyclePolicy) -> list[LifecycleRule]:
    return [
        each
        for each in policy.rules
        if each.rule_priority < rule.rule_priority and each.storage_class == rule.storage_class
    ]


def _selection(rule: LifecycleRule) -> tuple[object, ...]:
    return rule.tag_status, frozenset(each.pattern for each in rule.selectors)


def _covers(wide: LifecycleRule, narrow: LifecycleRule) -> bool:
    """Return whether a rule selects every image that another rule selects."""
    if wide.tag_status == "any":
        return True
    if wide.tag_status != narrow.tag_status:
        return False
    return all(any(one.subsumes(other) for other in narrow.selectors) for one in wide.selectors)


def _overlaps(one: LifecycleRule, other: LifecycleRule) -> bool:
    """Return whether an image can be selected by both rules. An image can have a tag for each of them."""
    return "any" in (one.tag_status, other.tag_status) or one.tag_status == other.tag_status
