"""
Rules that select all images of a rule after them.

ECR assigns an image to the first rule of its storage class that selects it, whether or not that rule acts on it:
https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html. The results are proven for images with
any tags. Two rules are combined only if one selects all tagged images and the other all untagged images. Patterns that
cover another pattern only together are not detected, because this requires a search over all characters of a tag.
"""

from __future__ import annotations

from collections.abc import Iterable

from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.tags import TagPattern, TagPrefix

__all__ = ["impossible_selector", "matches_all_tags", "shadowing_rules"]


def shadowing_rules(rule: LifecycleRule, preceding: Iterable[LifecycleRule]) -> tuple[LifecycleRule, ...]:
    """
    Return the preceding rules that select all images of a rule.

    Args:
        rule: The rule.
        preceding: The rules with a smaller priority.

    Returns:
        One rule, or a rule for all tagged images and a rule for all untagged images. Empty if the rule can be the first
        that selects an image.

    """
    rivals = [each for each in preceding if each.storage_class == rule.storage_class]
    for each in rivals:
        if _covers(each, rule):
            return (each,)
    if rule.tag_status != "any":
        return ()
    tagged = next(filter(matches_all_tags, rivals), None)
    untagged = next((each for each in rivals if each.tag_status == "untagged"), None)
    return (tagged, untagged) if tagged and untagged else ()


def matches_all_tags(rule: LifecycleRule) -> bool:
    """
    Return whether a rule selects all tagged images by their tags.

    Args:
        rule: The rule.

    """
    # The pattern of a prefix with `*` is empty, and matches no tag.
    return rule.tag_status == "tagged" and all(tag.pattern and not tag.pattern.strip("*") for tag in rule.selectors)


def impossible_selector(rule: LifecycleRule) -> TagPattern | TagPrefix | None:
    """
    Return an entry of a rule that no tag can match.

    No tag begins with `.` or `-`, and no tag contains the `*` of a prefix, which is not a wildcard there.

    Args:
        rule: The rule.

    """
    return next((each for each in rule.selectors if each.value[0] in ".-" or not each.pattern), None)


def _covers(one: LifecycleRule, other: LifecycleRule) -> bool:
    """
    Return whether a rule selects every image of another rule.

    Each of its entries must cover an entry of the other rule.
    """
    if one.tag_status != other.tag_status:
        return False
    return all(any(wide.subsumes(narrow) for narrow in other.selectors) for wide in one.selectors)
