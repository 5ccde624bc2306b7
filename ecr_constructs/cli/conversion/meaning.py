"""
From the rules of a lifecycle policy back to what they mean: intents where they fit, rules where none does.

ECR gives an image to the first rule that selects it, for each storage class apart. So two policies are alike if, for
each storage class, the rules over tags are the same in the same order; no image is tagged and untagged, so where the
rule over untagged images stands among them does not matter, and the rule over all images is the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ecr_constructs.cli.conversion.programs import Call
from ecr_constructs.model.lifecycle.rule import A_CENTURY, MORE_IMAGES_THAN_FIT, LifecycleRule

__all__ = ["DecompiledIntent", "are_alike", "meaning", "rule_call", "steps"]

# The intent for what a rule does with what it selects, and how the intent calls its number.
_INTENTS = {
    ("tagged", "imageCountMoreThan", "expire"): ("keep_latest", ""),
    ("tagged", "sinceImagePushed", "expire"): ("expire_older_than", "after_days"),
    ("tagged", "sinceImagePushed", "transition"): ("archive_older_than", "after_days"),
    ("untagged", "imageCountMoreThan", "expire"): ("expire_untagged", "keep"),
    ("untagged", "sinceImagePushed", "expire"): ("expire_untagged", "after_days"),
    ("untagged", "sinceImagePushed", "transition"): ("archive_untagged", "after_days"),
    ("any", "imageCountMoreThan", "expire"): ("limit_images", ""),
    ("any", "sinceImagePushed", "expire"): ("expire_older_than", "after_days"),
    ("any", "sinceImagePushed", "transition"): ("archive_older_than", "after_days"),
    ("any", "sinceImagePulled", "transition"): ("archive_unpulled", "after_days"),
    ("any", "sinceImageTransitioned", "expire"): ("delete_archived", "after_days"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class DecompiledIntent:
    """
    A call, and the rules that it stands for.

    Attributes:
        call: The call of an intent; nothing if no intent says what the rule does.
        rules: The rules.

    """

    call: Call | None
    rules: tuple[LifecycleRule, ...]


def are_alike(one: Sequence[LifecycleRule], other: Sequence[LifecycleRule]) -> bool:
    """
    Tell whether ECR does the same to every image by both.

    Args:
        one: The rules of a policy, by priority.
        other: Those of another one.

    """
    return _essence(one) == _essence(other)


def steps(rules: Sequence[LifecycleRule]) -> list[DecompiledIntent]:
    """
    Say rules as intents, as far as there are intents for them.

    Args:
        rules: The rules of a policy, by priority.

    """
    forever = _forever(rules)
    found = [DecompiledIntent(call=_keep_forever(forever), rules=tuple(forever))] if forever else []
    for rule in rules:
        if rule not in forever:
            _add(found, rule)
    return found


def rule_call(rule: LifecycleRule) -> Call:
    """
    Write a rule with all its fields.

    Args:
        rule: The rule.

    """
    values = {name: getattr(rule, name) for name in LifecycleRule.__dataclass_fields__}
    given = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    given = {name: value for name, value in given.items() if value not in (None, [])}
    if rule.action == "expire":
        del given["action"]
    return Call(name="LifecycleRule", options=given, is_long=True)


def meaning(rule: LifecycleRule) -> tuple[object, ...]:
    """
    Say what a rule selects and does, whatever its number and its description, and however it writes its tags.

    Args:
        rule: The rule.

    """
    patterns = tuple(sorted(_patterns(rule)))
    return rule.storage_class, rule.tag_status, patterns, rule.count_type, rule.count_number, rule.action


def _essence(rules: Sequence[LifecycleRule]) -> list[object]:
    return [
        [meaning(rule) for rule in rules if (rule.storage_class, rule.tag_status) == (storage, status)]
        for storage in ("standard", "archive")
        for status in ("tagged", "untagged", "any")
    ]


def _patterns(rule: LifecycleRule) -> list[str]:
    return [selector.pattern for selector in rule.selectors]


def _forever(rules: Sequence[LifecycleRule]) -> list[LifecycleRule]:
    """Give the rules of `keep_forever`: it comes first, and keeps images in the archive too if anything goes there."""
    archived = [rule for rule in rules if rule.storage_class == "archive"]
    tagged = [rule for rule in rules if rule.tag_status == "tagged" and rule not in archived]
    found: list[LifecycleRule] = []
    for place, rule in enumerate(tagged):
        twins = [each for each in archived if _shields_archived(each) and _patterns(each) == _patterns(rule)]
        if not _shields(rule) or (archived and not twins) or _spares(tagged[place:]):
            break
        found += [rule, *twins]
    return found


def _shields(rule: LifecycleRule) -> bool:
    is_endless = rule.count_type == "imageCountMoreThan" and rule.count_number == MORE_IMAGES_THAN_FIT
    return is_endless and rule.tag_status == "tagged" and rule.action == "expire" and len(rule.selectors) == 1


def _shields_archived(rule: LifecycleRule) -> bool:
    return rule.tag_status == "tagged" and rule.count_number == A_CENTURY and len(rule.selectors) == 1


def _spares(tagged: Sequence[LifecycleRule]) -> bool:
    """Tell whether shields stand before a rule over all other tags, and do not say that they are for ever."""
    after = next((rule for rule in tagged if not _shields(rule)), None)
    return after is not None and _is_rest(after) and not str(tagged[0].description).startswith("Keep every image")


def _is_rest(rule: LifecycleRule) -> bool:
    return _patterns(rule) == ["*"] and (rule.count_type, rule.action) == ("sinceImagePushed", "expire")


def _keep_forever(rules: Sequence[LifecycleRule]) -> Call:
    return Call(name="keep_forever", arguments=[_patterns(rule)[0] for rule in rules if _shields(rule)])


def _add(found: list[DecompiledIntent], rule: LifecycleRule) -> None:
    if _is_rest(rule) and _unmatched(found, rule):
        return
    step = DecompiledIntent(call=_intent(rule), rules=(rule,))
    if found and (joined := _joined(found[-1], step)):
        found[-1] = joined
    else:
        found.append(step)


def _unmatched(found: list[DecompiledIntent], rule: LifecycleRule) -> bool:
    """Say a rule over all other tags together with the shields before it, or with what else is above it."""
    above = [step for step in found if step.call and step.call.name != "keep_forever"]
    keeping = [_patterns(each)[0] for step in above for each in step.rules if len(each.selectors) == 1]
    if not keeping:
        return False
    shields: list[LifecycleRule] = []
    while above and found[-1] is above[-1] and _shields(above[-1].rules[0]):
        shields.insert(0, found.pop().rules[0])
        above.pop()
    call = Call(name="expire_unmatched", options={"keeping": _one_or_list(keeping), "after_days": rule.count_number})
    found.append(DecompiledIntent(call=call, rules=(*shields, rule)))
    return True


def _intent(rule: LifecycleRule) -> Call | None:
    name, option = _INTENTS.get((rule.tag_status, rule.count_type, rule.action), ("", ""))
    if not name:
        return None
    number: dict[str, object] = {option: rule.count_number} if option else {}
    patterns = _patterns(rule)
    if len(patterns) == 1:
        number["matching"] = patterns[0]
    elif patterns:
        number["matching_all"] = patterns
    return Call(name=name, arguments=[] if option else [rule.count_number], options=number)


def _joined(one: DecompiledIntent, other: DecompiledIntent) -> DecompiledIntent | None:
    """Say two rules as one intent for any of their patterns, if they differ in nothing else."""
    calls = [step.call for step in (one, other) if step.call and "matching" in step.call.options]
    if len(calls) < len((one, other)) or _is_rest(other.rules[0]) or calls[0].name == "keep_latest":
        return None
    if calls[0].name != calls[1].name or calls[0].options["after_days"] != calls[1].options["after_days"]:
        return None
    rules = (*one.rules, *other.rules)
    options = {**calls[0].options, "matching": [_patterns(rule)[0] for rule in rules]}
    return DecompiledIntent(call=replace(calls[0], options=options), rules=rules)


def _one_or_list(patterns: list[str]) -> str | list[str]:
    return patterns[0] if len(patterns) == 1 else patterns
