"""
From intents to rules: what goes first, what is left out, what contradicts.

An image belongs to the first rule that selects it, whether or not that rule acts on it, and rules claim images for
each storage class apart. https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from ecr_constructs.errors import InvalidLifecyclePolicy
from ecr_constructs.model.lifecycle.intents import Intent
from ecr_constructs.model.lifecycle.rule import A_CENTURY, LifecycleRule
from ecr_constructs.model.lifecycle.rule_coverage import matches_all_tags, shadowing_rules
from ecr_constructs.model.validation import abbreviate

__all__ = ["compile_intents"]


def compile_intents(intents: Sequence[Intent]) -> tuple[LifecycleRule, ...]:
    """
    Put intents into the order in which ECR will read their rules, and number them.

    Args:
        intents: As written. `keep_forever` goes first and rules over all images go last; the rest stays in order.

    Returns:
        The rules, priorities from 1.

    Raises:
        TypeError: if something else than an intent was given.
        InvalidLifecyclePolicy: for intents that contradict each other, with both named.

    """
    if strangers := [intent for intent in intents if not isinstance(intent, Intent)]:
        msg = (
            f"LifecyclePolicy.of() takes intents such as keep_latest(10, matching='v*'), got {abbreviate(strangers[0])}"
        )
        raise TypeError(msg)
    return _compiled(tuple(dict.fromkeys(intents)))


# The repositories of an app say the same a hundred times.
@lru_cache(maxsize=256)
def _compiled(intents: tuple[Intent, ...]) -> tuple[LifecycleRule, ...]:
    if not intents:
        raise InvalidLifecyclePolicy(["LifecyclePolicy.of() has no intents; LifecyclePolicy.none() writes no policy"])
    steps = sorted(_steps(intents), key=_CompiledRule.rank)
    kept: list[_CompiledRule] = []
    problems: list[str] = []
    for step in steps:
        earlier = next((other for other in kept if step.is_idle_after(other)), None)
        if earlier is None:
            kept.append(step)
        elif not step.is_redundant_after(earlier):
            problems.append(_conflict(earlier, step))
    problems += filter(None, (_covered(step, kept) for step in kept))
    if problems:
        raise InvalidLifecyclePolicy(dict.fromkeys(problems))
    rules = [_told(step, kept) for step in kept]
    return tuple(replace(rule, rule_priority=number) for number, rule in enumerate(rules, start=1))


class _CompiledRule(NamedTuple):
    """A rule on its way into the policy, and the intent that wants it."""

    intent: Intent
    rule: LifecycleRule
    is_keep_rule: bool

    def rank(self) -> int:
        if self.is_keep_rule and not self.intent.rules:
            return 0
        return 2 if self.rule.tag_status == "any" else 1

    def is_idle_after(self, earlier: _CompiledRule) -> bool:
        """Tell whether the earlier rule takes every image that this one selects, or ECR allows only one of the two."""
        return bool(shadowing_rules(self.rule, [earlier.rule]))

    def is_redundant_after(self, earlier: _CompiledRule) -> bool:
        """Tell whether leaving this rule out changes nothing that anybody asked for."""
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
    # Rules claim images per storage class: without this one, what is kept but archived by hand would be deleted there.
    return replace(
        rule,
        count_type="sinceImageTransitioned",
        count_number=A_CENTURY,
        description=f"{rule.description} in the archive too",
    )


def _conflict(earlier: _CompiledRule, later: _CompiledRule) -> str:
    status, storage = later.rule.tag_status, later.rule.storage_class
    if earlier.intent == later.intent:
        return f"{later.intent} never acts: keeping= covers every tag; name the tags to keep, or leave the intent out"
    if status == "tagged":
        tags = " and ".join(later.rule.tag_pattern_list)
        return (
            f"{later.intent} never acts on images tagged {tags}: they belong to {earlier.intent}, which comes first; "
            "leave one out, or write the narrower pattern first"
        )
    what = "untagged images" if status == "untagged" else "all images"
    remedy = "leave one out" if status == "untagged" else "leave one out, or give one a pattern with matching="
    return (
        f"{earlier.intent} and {later.intent} both have a rule for {what} in {storage} storage, "
        f"and ECR takes one; {remedy}"
    )


def _covered(step: _CompiledRule, kept: Sequence[_CompiledRule]) -> str | None:
    """Tell whether other rules leave nothing to a rule over all images: one takes every tag, one all that have none."""
    tagged, untagged = _all_tagged(step, kept), _all_untagged(step, kept)
    if step.rule.tag_status != "any" or tagged is None or untagged is None:
        return None
    return (
        f"{step.intent} never acts: {tagged.intent} has a rule for all tagged images and {untagged.intent} one for "
        "the others; leave one of them out"
    )


def _told(step: _CompiledRule, kept: Sequence[_CompiledRule]) -> LifecycleRule:
    """Say in the description of a rule over all images that others take those with a tag, if they do."""
    if step.rule.tag_status != "any" or _all_tagged(step, kept) is None:
        return step.rule
    return replace(step.rule, description=f"{step.rule.description} (untagged ones: tagged images have rules above)")


def _all_tagged(step: _CompiledRule, kept: Sequence[_CompiledRule]) -> _CompiledRule | None:
    return next((other for other in kept if _same_class(step, other) and matches_all_tags(other.rule)), None)


def _all_untagged(step: _CompiledRule, kept: Sequence[_CompiledRule]) -> _CompiledRule | None:
    return next((other for other in kept if _same_class(step, other) and other.rule.tag_status == "untagged"), None)


def _same_class(step: _CompiledRule, other: _CompiledRule) -> bool:
    return step.rule.storage_class == other.rule.storage_class
