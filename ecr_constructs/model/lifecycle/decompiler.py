"""
The intents that have the same effect as the rules of a lifecycle policy, and the rules that no intent expresses.

ECR assigns an image to the first rule that selects it, for each storage class separately. Therefore two policies have
the same effect if, for each storage class, their rules over tags are the same in the same order. No image is tagged and
untagged, so the position of the rule over untagged images does not matter, and the rule over all images is the last.
https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ecr_constructs.errors import InvalidLifecyclePolicy
from ecr_constructs.model.lifecycle import intents
from ecr_constructs.model.lifecycle.intents import Intent
from ecr_constructs.model.lifecycle.rule import A_CENTURY, MORE_IMAGES_THAN_FIT, LifecycleRule

__all__ = ["DecompiledPolicy", "decompile", "effect", "have_same_effect"]

# The intent for the selection and the action of a rule, and the argument for its number.
_INTENTS: Mapping[tuple[str, str, str], tuple[Callable[..., Intent], str]] = {
    ("tagged", "imageCountMoreThan", "expire"): (intents.keep_latest, "count"),
    ("tagged", "sinceImagePushed", "expire"): (intents.expire_older_than, "after_days"),
    ("tagged", "sinceImagePushed", "transition"): (intents.archive_older_than, "after_days"),
    ("untagged", "imageCountMoreThan", "expire"): (intents.expire_untagged, "keep"),
    ("untagged", "sinceImagePushed", "expire"): (intents.expire_untagged, "after_days"),
    ("untagged", "sinceImagePushed", "transition"): (intents.archive_untagged, "after_days"),
    ("any", "imageCountMoreThan", "expire"): (intents.limit_images, "count"),
    ("any", "sinceImagePushed", "expire"): (intents.expire_older_than, "after_days"),
    ("any", "sinceImagePushed", "transition"): (intents.archive_older_than, "after_days"),
    ("any", "sinceImagePulled", "transition"): (intents.archive_unpulled, "after_days"),
    ("any", "sinceImageTransitioned", "expire"): (intents.delete_archived, "after_days"),
}

# Returns the rules of the policy that intents and further rules build, or raises `InvalidLifecyclePolicy`.
Build = Callable[[Sequence[Intent], Sequence[LifecycleRule]], Sequence[LifecycleRule]]


@dataclass(frozen=True, kw_only=True, slots=True)
class DecompiledPolicy:
    """
    Intents and rules that build a policy with the same effect.

    Attributes:
        intents: The intents, for `LifecyclePolicy.of`.
        sources: For each intent, the rules of the policy that it replaces.
        rules: The rules that no intent expresses, to be added with `with_last_rule`. If there are no intents, all rules
            of the policy.
        result: The rules of the policy that the intents and rules build.

    """

    intents: tuple[Intent, ...]
    sources: tuple[tuple[LifecycleRule, ...], ...]
    rules: tuple[LifecycleRule, ...]
    result: tuple[LifecycleRule, ...]


class _Step(NamedTuple):
    """A call of an intent and the rules that it replaces. The call is None if no intent expresses the rules."""

    function: Callable[..., Intent] | None
    arguments: Sequence[object]
    options: Mapping[str, object]
    rules: tuple[LifecycleRule, ...]


def decompile(
    rules: Sequence[LifecycleRule], build: Build, as_rules: Collection[LifecycleRule] = ()
) -> DecompiledPolicy:
    """
    Return intents and rules that build a policy with the same effect. As many rules as possible become intents.

    Args:
        rules: The rules of a policy, by priority.
        build: Builds the policy.
        as_rules: The rules that remain rules, with their descriptions. Default: none.

    """
    # An intent that other intents leave no images is rejected, so such a rule and those after it remain rules.
    for count in range(len(rules), 0, -1):
        if found := _decompiled(rules[:count], rules[count:], build, as_rules):
            return found
    return DecompiledPolicy(intents=(), sources=(), rules=tuple(rules), result=tuple(rules))


def have_same_effect(one: Sequence[LifecycleRule], other: Sequence[LifecycleRule]) -> bool:
    """
    Return whether two policies have the same effect on any images.

    Args:
        one: The rules of a policy, by priority.
        other: The rules of another policy, by priority.

    """
    return _effects(one) == _effects(other)


def effect(rule: LifecycleRule) -> tuple[object, ...]:
    """
    Return the selection and the action of a rule, without its priority, its description and the kind of its tag list.

    Args:
        rule: The rule.

    """
    patterns = tuple(sorted(_patterns(rule)))
    return rule.storage_class, rule.tag_status, patterns, rule.count_type, rule.count_number, rule.action


def _effects(rules: Sequence[LifecycleRule]) -> list[object]:
    return [
        [effect(rule) for rule in rules if (rule.storage_class, rule.tag_status) == (storage, status)]
        for storage in ("standard", "archive")
        for status in ("tagged", "untagged", "any")
    ]


def _decompiled(
    first: Sequence[LifecycleRule],
    rest: Sequence[LifecycleRule],
    build: Build,
    as_rules: Collection[LifecycleRule],
) -> DecompiledPolicy | None:
    """Return as many of the first rules as possible as intents. `None` if the effect of the policy would change."""
    steps = _steps(first, as_rules)
    others = (*(rule for step in steps if step.function is None for rule in step.rules), *rest)
    try:
        found = [(step.function(*step.arguments, **step.options), step.rules) for step in steps if step.function]
        result = build([intent for intent, _ in found], others) if found else ()
    except InvalidLifecyclePolicy:
        return None
    if not have_same_effect((*first, *rest), result):
        return None
    return DecompiledPolicy(
        intents=tuple(intent for intent, _ in found),
        sources=tuple(source for _, source in found),
        rules=others,
        result=tuple(result),
    )


def _steps(rules: Sequence[LifecycleRule], as_rules: Collection[LifecycleRule]) -> list[_Step]:
    forever = [] if as_rules and rules[0] in as_rules else _keep_forever_rules(rules)
    patterns = [_patterns(rule)[0] for rule in forever if _is_keep_rule(rule)]
    steps = [_Step(intents.keep_forever, patterns, {}, tuple(forever))] if forever else []
    for rule in rules:
        if rule in as_rules:
            steps.append(_Step(None, (), {}, (rule,)))
        elif rule not in forever:
            _add(steps, rule)
    return steps


def _patterns(rule: LifecycleRule) -> list[str]:
    return [selector.pattern for selector in rule.selectors]


def _keep_forever_rules(rules: Sequence[LifecycleRule]) -> list[LifecycleRule]:
    """Return the rules of `keep_forever`. They come first, and there is a second one in the archive if it has rules."""
    archived = [rule for rule in rules if rule.storage_class == "archive"]
    tagged = [rule for rule in rules if rule.tag_status == "tagged" and rule not in archived]
    found: list[LifecycleRule] = []
    for index, rule in enumerate(tagged):
        in_archive = [each for each in archived if _keeps_archived(each) and _patterns(each) == _patterns(rule)]
        if not _is_keep_rule(rule) or (archived and not in_archive) or _is_of_unmatched(tagged[index:]):
            break
        found += [rule, *in_archive]
    return found


def _is_keep_rule(rule: LifecycleRule) -> bool:
    """Return whether a rule is equal to the rule of intents that keeps the images of one pattern."""
    never_acts = rule.count_type == "imageCountMoreThan" and rule.count_number == MORE_IMAGES_THAN_FIT
    return never_acts and rule.tag_status == "tagged" and rule.action == "expire" and len(rule.selectors) == 1


def _keeps_archived(rule: LifecycleRule) -> bool:
    return rule.tag_status == "tagged" and rule.count_number == A_CENTURY and len(rule.selectors) == 1


def _is_of_unmatched(tagged: Sequence[LifecycleRule]) -> bool:
    """Return whether keep rules belong to `expire_unmatched`: a rule over all other tags follows them."""
    following = next((rule for rule in tagged if not _is_keep_rule(rule)), None)
    is_keep_forever = str(tagged[0].description).startswith("Keep every image")
    return following is not None and _is_unmatched_rule(following) and not is_keep_forever


def _is_unmatched_rule(rule: LifecycleRule) -> bool:
    return _patterns(rule) == ["*"] and (rule.count_type, rule.action) == ("sinceImagePushed", "expire")


def _add(steps: list[_Step], rule: LifecycleRule) -> None:
    if _is_unmatched_rule(rule) and _add_unmatched(steps, rule):
        return
    step = _step(rule)
    if steps and (joined := _joined(steps[-1], step)):
        steps[-1] = joined
    else:
        steps.append(step)


def _add_unmatched(steps: list[_Step], rule: LifecycleRule) -> bool:
    """Add `expire_unmatched` for a rule over all other tags, with the keep rules before it, if there are any tags."""
    preceding = [step for step in steps if step.function not in (None, intents.keep_forever)]
    keeping = [_patterns(each)[0] for step in preceding for each in step.rules if len(each.selectors) == 1]
    if not keeping:
        return False
    keep_rules: list[LifecycleRule] = []
    while preceding and steps[-1] is preceding[-1] and _is_keep_rule(preceding[-1].rules[0]):
        keep_rules.insert(0, steps.pop().rules[0])
        preceding.pop()
    options = {"keeping": keeping[0] if len(keeping) == 1 else keeping, "after_days": rule.count_number}
    steps.append(_Step(intents.expire_unmatched, (), options, (*keep_rules, rule)))
    return True


def _step(rule: LifecycleRule) -> _Step:
    """Return the intent that expresses one rule."""
    function, number = _INTENTS.get((rule.tag_status, rule.count_type, rule.action), (None, ""))
    arguments = [rule.count_number] if number == "count" else []
    options: dict[str, object] = {} if arguments else {number: rule.count_number}
    patterns = _patterns(rule)
    if len(patterns) == 1:
        options["matching"] = patterns[0]
    elif patterns:
        options["matching_all"] = patterns
    return _Step(function, arguments, options, (rule,))


def _joined(one: _Step, other: _Step) -> _Step | None:
    """Return one intent for any of the patterns of two, or `None` if they differ otherwise."""
    is_any_of = one.function in (intents.expire_older_than, intents.archive_older_than) and "matching" in other.options
    if not is_any_of or "matching" not in one.options or _is_unmatched_rule(other.rules[0]):
        return None
    if one.function != other.function or one.options["after_days"] != other.options["after_days"]:
        return None
    rules = (*one.rules, *other.rules)
    options = {**one.options, "matching": [_patterns(rule)[0] for rule in rules]}
    return _Step(one.function, (), options, rules)
