"""Policies as intents: the same effect, and the rules that no intent expresses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.errors import InvalidLifecyclePolicy
from ecr_constructs.model import Intent, LifecyclePolicy, LifecycleRule, expire_older_than, keep_latest
from ecr_constructs.model.lifecycle.decompiler import have_same_effect
from tests.model.lifecycle.strategies import intents, policies


def rule(number: int, **values: Any) -> LifecycleRule:
    return LifecycleRule(**{"rule_priority": number, "count_type": "imageCountMoreThan", "count_number": 5, **values})


@given(policies)
def test_intents_and_rules_build_a_policy_with_the_same_effect(policy: LifecyclePolicy) -> None:
    found = policy.decompile()
    built = LifecyclePolicy.of(*found.intents) if found.intents else LifecyclePolicy(rules=found.rules)
    for each in found.rules if found.intents else ():
        built = built.with_last_rule(each)

    assert built.rules == found.result
    assert have_same_effect(built.rules, policy.rules)
    assert sorted(each.rule_priority for group in (*found.sources, found.rules) for each in group) == [
        each.rule_priority for each in policy.rules
    ]


@given(st.lists(intents, min_size=1, max_size=5))
def test_a_policy_of_intents_is_intents_again(written: list[Intent]) -> None:
    try:
        policy = LifecyclePolicy.of(*written)
    except InvalidLifecyclePolicy:
        return

    assert have_same_effect(LifecyclePolicy.of(*policy.to_intents()).rules, policy.rules)


def test_rules_that_no_intent_expresses_are_problems_of_to_intents() -> None:
    policy = LifecyclePolicy(
        rules=[
            rule(3, tag_status="untagged", action="transition"),
            rule(5, tag_status="tagged", tag_pattern_list=["v*"]),
        ]
    )

    assert policy.decompile().intents == (keep_latest(5, matching="v*"),)
    assert policy.decompile().rules == policy.rules[:1]
    with pytest.raises(InvalidLifecyclePolicy) as caught:
        policy.to_intents()
    assert caught.value.problems == (
        "rules[0]: no intent expresses priority 3 in this policy; decompile() returns it as a rule",
    )


def test_a_policy_without_rules_has_no_intents() -> None:
    assert LifecyclePolicy.none().to_intents() == ()


def test_long_patterns_are_complete() -> None:
    patterns = [f"{number}{'x' * 200}" for number in range(3)]
    intent = expire_older_than(after_days=1, matching=patterns)

    assert LifecyclePolicy.of(intent).to_intents() == (intent,)


def test_rules_with_one_pattern_as_prefix_and_as_pattern_remain_rules() -> None:
    policy = LifecyclePolicy(
        rules=[
            rule(1, tag_status="tagged", tag_prefix_list=["v"]),
            rule(2, tag_status="tagged", tag_pattern_list=["v*"]),
        ]
    )

    assert policy.decompile().rules == policy.rules


def test_a_prefix_that_is_too_long_for_a_pattern_remains_a_rule() -> None:
    policy = LifecyclePolicy(rules=[rule(1, tag_status="tagged", tag_prefix_list=["v" * 300])])

    assert policy.decompile().rules == policy.rules


def test_fifty_rules_that_shadow_each_other_are_decompiled() -> None:
    rules = [rule(number, tag_status="tagged", tag_pattern_list=[f"v{'1' * number}*"]) for number in range(1, 51)]

    assert have_same_effect(LifecyclePolicy(rules=rules).decompile().result, rules)


def test_policies_have_the_same_effect_if_each_storage_class_has_the_same_rules() -> None:
    tagged = rule(1, tag_status="tagged", tag_pattern_list=["v*"])
    other = rule(2, tag_status="tagged", tag_pattern_list=["w*"])
    untagged = rule(3, tag_status="untagged")
    archived = rule(4, tag_status="any", count_type="sinceImageTransitioned", count_number=90)

    assert have_same_effect([tagged, other, untagged, archived], [archived, untagged, tagged, other])
    assert not have_same_effect([tagged, other], [other, tagged])
    assert not have_same_effect([tagged], [replace(tagged, count_number=6)])
    assert not have_same_effect([tagged], [tagged, other])
