"""
The compiler from intents to rules: their order, redundant rules, and conflicts.

ECR assigns an image to the first rule that selects it, whether or not that rule acts on it, for each storage class
separately. https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from ecr_constructs.errors import ArgumentTypeError, InvalidLifecyclePolicy
from ecr_constructs.model.lifecycle.combined_limits import combines_age_and_count, rules_problem
from ecr_constructs.model.lifecycle.intents import Intent
from ecr_constructs.model.lifecycle.rule import A_CENTURY, MINIMUM_DAYS_ARCHIVED, LifecycleRule
from ecr_constructs.model.lifecycle.rule_coverage import matches_all_tags, shadowing_rules
from ecr_constructs.model.validation import abbreviate

__all__ = ["compile_intents"]


def compile_intents(intents: Sequence[Intent]) -> tuple[LifecycleRule, ...]:
    """
    Return the rules of intents in the order of their priorities.

    Args:
        intents: The intents. The rules of `keep_forever` come first and rules over all images last; the others are in
            the order of the intents.

    Returns:
        The rules, priorities from 1.

    Raises:
        TypeError: If an argument is not an intent.
        InvalidLifecyclePolicy: If intents contradict each other. The error names both.

    """
    if strangers := [intent for intent in intents if not isinstance(intent, Intent)]:
        raise ArgumentTypeError(
            f"LifecyclePolicy.of() requires intents such as keep_latest(10, matching='v*'), got {abbreviate(stranger)}"
            for stranger in strangers
        )
    return _compiled(tuple(dict.fromkeys(intents)))


# Many repositories of an app have the same intents.
@lru_cache(maxsize=256)
def _compiled(intents: tuple[Intent, ...]) -> tuple[LifecycleRule, ...]:
    if not intents:
        raise InvalidLifecyclePolicy(["LifecyclePolicy.of() has no intents; LifecyclePolicy.none() writes no policy"])
    steps = sorted(_steps(intents), key=_CompiledRule.rank)
    kept: list[_CompiledRule] = []
    problems: dict[object, str] = {}
    for step in steps:
        earlier = next((other for other in kept if step.is_covered_by(other)), None)
        if earlier is None:
            kept.append(step)
        elif not step.is_redundant_after(earlier):
            text = _conflict(earlier, step)
            # Several patterns of two intents are one problem.
            problems.setdefault((earlier.intent, step.intent) if _asks_for_both(earlier, step) else text, text)
    problems |= {text: text for text in filter(None, (_covered(step, kept) for step in kept))}
    if problems:
        raise InvalidLifecyclePolicy(problems.values())
    rules = [_with_description(step, kept) for step in kept]
    return tuple(replace(rule, rule_priority=number) for number, rule in enumerate(rules, start=1))


class _CompiledRule(NamedTuple):
    """A rule without its priority, and its intent."""

    intent: Intent
    rule: LifecycleRule
    is_keep_rule: bool

    def rank(self) -> int:
        if self.is_keep_rule and not self.intent.rules:
            return 0
        return 2 if self.rule.tag_status == "any" else 1

    def is_covered_by(self, earlier: _CompiledRule) -> bool:
        """Return whether the earlier rule selects all images of this one, or ECR allows only one of the two."""
        return bool(shadowing_rules(self.rule, [earlier.rule]))

    def is_redundant_after(self, earlier: _CompiledRule) -> bool:
        """Return whether the rule can be omitted without a conflict."""
        return self.is_keep_rule or (self.intent == earlier.intent and not earlier.is_keep_rule)


def _steps(intents: Sequence[Intent]) -> Iterator[_CompiledRule]:
    deletes_archived = any(rule.storage_class == "archive" for intent in intents for rule in intent.rules)
    for intent in intents:
        for keep_rule in intent.keep_rules:
            yield _CompiledRule(intent, keep_rule, is_keep_rule=True)
            if deletes_archived and not intent.rules:
                yield _CompiledRule(intent, _in_archive(keep_rule), is_keep_rule=True)
        yield from (_CompiledRule(intent, rule, is_keep_rule=False) for rule in intent.rules)


def _in_archive(rule: LifecycleRule) -> LifecycleRule:
    # ECR assigns images for each storage class separately. Without this rule, kept images that were archived manually
    # would be deleted from the archive.
    return replace(
        rule,
        count_type="sinceImageTransitioned",
        count_number=A_CENTURY,
        description=f"{rule.description} in the archive too",
    )


def _conflict(earlier: _CompiledRule, later: _CompiledRule) -> str:
    status, storage = later.rule.tag_status, later.rule.storage_class
    if _asks_for_both(earlier, later):
        return f"{earlier.intent} and {later.intent}: {rules_problem(earlier.rule, later.rule)}"
    if earlier.intent == later.intent:
        return f"{later.intent} never acts: keeping= covers every tag; name the tags to keep, or leave the intent out"
    if status == "tagged":
        tags = " and ".join(later.rule.tag_pattern_list)
        return (
            f"{later.intent} never acts on images tagged {tags}: they belong to {earlier.intent}, which comes first; "
            "remove one, or write the narrower pattern first"
        )
    what = "untagged images" if status == "untagged" else "all images"
    return (
        f"{earlier.intent} and {later.intent} both have a rule for {what} in {storage} storage, "
        f"and ECR accepts only one; {_nearest(earlier, later)}"
    )


def _asks_for_both(earlier: _CompiledRule, later: _CompiledRule) -> bool:
    """Return whether two rules have an age and a number for the same images."""
    # A number for a part of the images of an age is possible, if it comes first.
    is_possible = earlier.rule.count_unit is not None and not shadowing_rules(earlier.rule, [later.rule])
    return combines_age_and_count(earlier.rule, later.rule) and not is_possible


def _nearest(one: _CompiledRule, other: _CompiledRule) -> str:
    """Return the remedy for two rules of which ECR allows one, with the nearest policy."""
    archiving = next((each for each in (one, other) if each.rule.action == "transition"), None)
    deleting = next((each for each in (one, other) if each.rule.action == "expire"), None)
    if archiving is None or deleting is None:
        return "remove one"
    days = max(MINIMUM_DAYS_ARCHIVED, deleting.rule.count_number if deleting.rule.count_unit else 0)
    return f"remove one, or archive first: {archiving.intent} with delete_archived(after_days={days})"


def _covered(step: _CompiledRule, kept: Sequence[_CompiledRule]) -> str | None:
    """Return the problem if one rule selects all tagged images and another all untagged images of this rule."""
    tagged, untagged = _all_tagged(step, kept), _all_untagged(step, kept)
    if step.rule.tag_status != "any" or tagged is None or untagged is None:
        return None
    return (
        f"{step.intent} never acts: {tagged.intent} has a rule for all tagged images and {untagged.intent} one for "
        "the others; leave one of them out"
    )


def _with_description(step: _CompiledRule, kept: Sequence[_CompiledRule]) -> LifecycleRule:
    """
    Return the rule.

    The description of a rule over all images states whether other rules select all tagged images.
    """
    if step.rule.tag_status != "any" or _all_tagged(step, kept) is None:
        return step.rule
    return replace(step.rule, description=f"{step.rule.description} (untagged ones: tagged images have rules above)")


def _all_tagged(step: _CompiledRule, kept: Sequence[_CompiledRule]) -> _CompiledRule | None:
    return next((other for other in kept if _same_class(step, other) and matches_all_tags(other.rule)), None)


def _all_untagged(step: _CompiledRule, kept: Sequence[_CompiledRule]) -> _CompiledRule | None:
    return next((other for other in kept if _same_class(step, other) and other.rule.tag_status == "untagged"), None)


def _same_class(step: _CompiledRule, other: _CompiledRule) -> bool:
    return step.rule.storage_class == other.rule.storage_class
