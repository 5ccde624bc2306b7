"""
Which rules leave nothing to a rule below them.

An image belongs to the first rule of its storage class that selects it, whether or not that rule acts on it:
https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html. What is said here is proven, for images
with any tags. Rules are put together only where one takes the tagged images and one the others: patterns that cover a
pattern together, and not each by itself, would have to spell out every character that a tag may hold.
"""

from __future__ import annotations

from collections.abc import Iterable

from ecr_constructs.model.lifecycle.rule import LifecycleRule

__all__ = ["matches_all_tags", "shadowing_rules"]


def shadowing_rules(rule: LifecycleRule, above: Iterable[LifecycleRule]) -> tuple[LifecycleRule, ...]:
    """
    Give the rules to which every image belongs that a rule below them selects.

    Args:
        rule: The rule.
        above: The rules with a smaller priority.

    Returns:
        One rule, or one for all tagged images and one for the others; none if some image may be left to the rule.

    """
    rivals = [each for each in above if each.storage_class == rule.storage_class]
    for each in rivals:
        if _takes_all_of(each, rule):
            return (each,)
    if rule.tag_status != "any":
        return ()
    tagged = next(filter(matches_all_tags, rivals), None)
    untagged = next((each for each in rivals if each.tag_status == "untagged"), None)
    return (tagged, untagged) if tagged and untagged else ()


def matches_all_tags(rule: LifecycleRule) -> bool:
    """
    Tell whether a rule about tagged images selects all of them.

    Args:
        rule: The rule.

    """
    return rule.tag_status == "tagged" and all(tag.pattern.strip("*") == "" for tag in rule.selectors)


def _takes_all_of(one: LifecycleRule, other: LifecycleRule) -> bool:
    """Tell whether a rule selects every image that another one does: each of its entries covers one of theirs."""
    if one.tag_status != other.tag_status:
        return False
    return all(any(wide.subsumes(narrow) for narrow in other.selectors) for wide in one.selectors)
