"""
The effect of each rule of a lifecycle policy, in English.

ECR assigns an image to the first rule of its storage class that selects it, whether or not that rule acts on it, so the
text of a rule names the preceding rules that can select the same images. Ages are exclusive: "more than".
https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
"""

from __future__ import annotations

from collections.abc import Sequence

from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.rule_coverage import impossible_selector, matches_all_tags, shadowing_rules
from ecr_constructs.model.tags import TagPattern, TagPrefix
from ecr_constructs.model.word_lists import joined, plural

__all__ = ["explain"]


def explain(rules: Sequence[LifecycleRule]) -> tuple[str, ...]:
    """
    Return one sentence for each rule of a policy.

    Args:
        rules: The rules, by priority.

    """
    archives = any(rule.action == "transition" or rule.storage_class == "archive" for rule in rules)
    return tuple(_sentence(rule, rules[:index], archives=archives) for index, rule in enumerate(rules))


def _sentence(rule: LifecycleRule, preceding: Sequence[LifecycleRule], *, archives: bool) -> str:
    subject = f"Rule {rule.rule_priority}"
    if impossible := impossible_selector(rule):
        fact = (
            f"begin with {impossible.value[0]!r}"
            if impossible.pattern
            else "contain '*', which is not a wildcard in a prefix"
        )
        return f"{subject} never acts: no tag can {fact}."
    if shadowing := sorted(shadowing_rules(rule, preceding), key=_priority):
        verb = "selects" if len(shadowing) == 1 else "select"
        return f"{subject} never acts: {_rules(shadowing)} {verb} all of its images first."
    rivals = [other for other in preceding if _can_select_same(other, rule)]
    images = _selected_images(rule, archives=archives)
    if rule.is_keep_rule:
        limit = f"after {rule.count_number:,} days" if rule.count_unit else f"beyond the newest {rule.count_number:,}"
        kept = f"{subject} keeps all {images}{_except(rivals)}"
        return f"{kept}: no rule after it applies to them, and it acts only {limit}."
    verb = "deletes" if rule.action == "expire" else "archives"
    if rule.count_unit:
        return f"{subject} {verb} {images} {_when(rule)}{_except(rivals)}."
    order = "by time of push or restore" if archives else "by time of push"
    newest = "only the newest of the" if rule.count_number == 1 else f"the newest {rule.count_number:,}"
    return f"{subject} keeps {newest} {images}, {order}, and {verb} the others{_counted(rule, rivals, verb)}."


def _counted(rule: LifecycleRule, rivals: Sequence[LifecycleRule], verb: str) -> str:
    """Return the consequence of the images that a rule counts, although preceding rules apply to them."""
    if not rivals:
        return ""
    fact = f"; it also counts images of {_rules(rivals)}, to which it does not apply"
    # ECR counts them even if the preceding rules keep as many images as this rule, or more: nothing else is kept then.
    if sum(map(_kept_at_most, rivals)) < rule.count_number:
        return fact
    newest = "is the newest image" if rule.count_number == 1 else f"are the newest {rule.count_number:,} images"
    return (
        f"{fact}: if {'one of these' if rule.count_number == 1 else 'these'} {newest}, it {verb} all its other images"
    )


def _kept_at_most(rule: LifecycleRule) -> float:
    return float("inf") if rule.count_unit else rule.count_number


def _selected_images(rule: LifecycleRule, *, archives: bool) -> str:
    where = " in standard storage" if archives else ""
    images = "archived images" if rule.storage_class == "archive" else f"images{where}"
    if rule.tag_status == "untagged":
        return f"{images} without a tag"
    if rule.tag_status == "any":
        return f"tagged and untagged {images}"
    if matches_all_tags(rule):
        return f"{images} with any tag"
    entries = [_entry(selector) for selector in rule.selectors]
    all_of = {1: "", 2: "both "}.get(len(entries), "all of ")
    return f"{images} with {all_of}{joined(entries)}"


def _entry(selector: TagPattern | TagPrefix) -> str:
    if isinstance(selector, TagPrefix):
        return f"a tag that begins with {selector}"
    if not selector.value.strip("*"):
        return "any tag"
    return f"a tag like {selector}" if "*" in selector.value else f"the tag {selector}"


def _when(rule: LifecycleRule) -> str:
    days = f"more than {rule.count_number:,} {plural(rule.count_number, 'day')}"
    if rule.count_type == "sinceImageTransitioned":
        return f"{days} after they were archived"
    if rule.count_type == "sinceImagePulled":
        return f"{days} after their last pull, or after their push or restore if they were not pulled since"
    return f"{days} after their push"


def _except(rivals: Sequence[LifecycleRule]) -> str:
    return f", except for those of {_rules(rivals)}" if rivals else ""


def _can_select_same(other: LifecycleRule, rule: LifecycleRule) -> bool:
    """Return whether an image that the rule selects can be assigned to the other rule, which precedes it."""
    if other.storage_class != rule.storage_class or impossible_selector(other):
        return False
    # An image can have tags that match both rules, whatever they are. A rule over all images precedes no other rule.
    return rule.tag_status in ("any", other.tag_status)


def _rules(rules: Sequence[LifecycleRule]) -> str:
    return f"rule{'' if len(rules) == 1 else 's'} {joined([str(rule.rule_priority) for rule in rules])}"


def _priority(rule: LifecycleRule) -> int:
    return rule.rule_priority
