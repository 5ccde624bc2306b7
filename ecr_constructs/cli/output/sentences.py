"""
What a rule of a lifecycle policy does, in one English sentence.

An image belongs to the first rule that selects it, for each storage class apart, whether or not that rule acts on it:
so a sentence says which rules above take images from this one. Ages are strict: "more than".
"""

from __future__ import annotations

from collections.abc import Sequence

from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.tags import TagPattern, TagPrefix

__all__ = ["sentences"]

# A rule that counts so far is there to keep images from the rules below. ECR's quota is 100,000 images a repository:
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
_MANY_IMAGES = 100_000
_MANY_DAYS = 36_500


def sentences(policy: LifecyclePolicy) -> tuple[str, ...]:
    """
    Say what each rule of a policy does.

    Args:
        policy: The policy.

    Returns:
        One sentence for each rule, in the order in which they claim images.

    >>> from ecr_constructs.model import LifecyclePolicy, keep_latest
    >>> sentences(LifecyclePolicy.of(keep_latest(10, matching="release-*")))[0]
    'Rule 1 keeps the newest 10 images with a tag like release-*, by time of push, and deletes the others.'

    """
    archives = any(rule.action == "transition" or rule.storage_class == "archive" for rule in policy.rules)
    return tuple(_sentence(rule, policy.rules[:place], archives=archives) for place, rule in enumerate(policy.rules))


def _sentence(rule: LifecycleRule, above: Sequence[LifecycleRule], *, archives: bool) -> str:
    me = f"Rule {rule.rule_priority}"
    takers = [other for other in above if _takes_from(other, rule)]
    if covering := _covering(rule, takers):
        return f"{me} never acts: every image that it selects belongs to {_rules(covering)}."
    images = _images(rule, archives=archives)
    verb = "deletes" if rule.action == "expire" else "archives"
    number = f"{rule.count_number:,}"
    if rule.count_type != "imageCountMoreThan" and rule.count_number >= _MANY_DAYS:
        return f"{me} {_shields(images, takers)}, and this one only after {number} days."
    if rule.count_type != "imageCountMoreThan":
        return f"{me} {verb} {images} {_when(rule)}{_except(takers)}."
    if rule.count_number >= _MANY_IMAGES:
        return f"{me} {_shields(images, takers)}, and this one only beyond the newest {number}."
    order = "by time of push or restore" if archives else "by time of push"
    counted = f"; images of {_rules(takers)} count too, but are left to {_it(takers)}" if takers else ""
    newest = "only the newest of the" if rule.count_number == 1 else f"the newest {number}"
    return f"{me} keeps {newest} {images}, {order}, and {verb} the others{counted}."


def _images(rule: LifecycleRule, *, archives: bool) -> str:
    where = " in standard storage" if archives else ""
    images = "archived images" if rule.storage_class == "archive" else f"images{where}"
    if rule.tag_status == "untagged":
        return f"{images} without a tag"
    if rule.tag_status == "any":
        return f"tagged and untagged {images}"
    entries = [_entry(selector) for selector in rule.selectors]
    both = {1: "", 2: "both "}.get(len(entries), "all of ")
    return f"{images} with {both}{_and(entries)}"


def _entry(selector: TagPattern | TagPrefix) -> str:
    if isinstance(selector, TagPrefix):
        return f"a tag that begins with {selector}"
    if not selector.value.strip("*"):
        return "any tag"
    return f"a tag like {selector}" if "*" in selector.value else f"the tag {selector}"


def _when(rule: LifecycleRule) -> str:
    days = f"more than {rule.count_number:,} day{'' if rule.count_number == 1 else 's'}"
    if rule.count_type == "sinceImageTransitioned":
        return f"{days} after they were archived"
    if rule.count_type == "sinceImagePulled":
        return f"{days} after their last pull, or after their push or restore if nobody pulled them since"
    return f"{days} after their push"


def _shields(images: str, takers: Sequence[LifecycleRule]) -> str:
    return f"keeps all {images}{_except(takers)}: no rule below acts on them"


def _except(takers: Sequence[LifecycleRule]) -> str:
    return f", except for those of {_rules(takers)}" if takers else ""


def _takes_from(other: LifecycleRule, rule: LifecycleRule) -> bool:
    """Tell whether an image that the rule selects can belong to the other one, which is above it."""
    if other.storage_class != rule.storage_class:
        return False
    # An image may have the tags of both rules, whatever these are; a rule over all images is above no other.
    return rule.tag_status in ("any", other.tag_status)


def _covering(rule: LifecycleRule, takers: Sequence[LifecycleRule]) -> list[LifecycleRule]:
    """Give the rules that leave nothing to this one, if there are any."""
    for other in takers:
        if other.tag_status == rule.tag_status and _is_wider(other, rule):
            return [other]
    tagged = [other for other in takers if other.tag_status == "tagged" and _takes_every_tag(other)]
    untagged = [other for other in takers if other.tag_status == "untagged"]
    return sorted([tagged[0], untagged[0]], key=_priority) if tagged and untagged else []


def _is_wider(other: LifecycleRule, rule: LifecycleRule) -> bool:
    return all(any(wide.subsumes(narrow) for narrow in rule.selectors) for wide in other.selectors)


def _takes_every_tag(rule: LifecycleRule) -> bool:
    return all(not selector.pattern.strip("*") for selector in rule.selectors)


def _rules(rules: Sequence[LifecycleRule]) -> str:
    return f"rule{'' if len(rules) == 1 else 's'} {_and([str(rule.rule_priority) for rule in rules])}"


def _and(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]


def _it(rules: Sequence[LifecycleRule]) -> str:
    return "it" if len(rules) == 1 else "them"


def _priority(rule: LifecycleRule) -> int:
    return rule.rule_priority
