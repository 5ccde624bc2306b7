"""Lifecycle policies: compatible rules, the limits of ECR, and the canonical text."""

from __future__ import annotations

import json
import pickle
import re
from typing import Any

import pytest
from hypothesis import given

from ecr_constructs.errors import InvalidLifecyclePolicy
from ecr_constructs.model import LifecyclePolicy, LifecycleRule
from ecr_constructs.model.lifecycle.policy import MAXIMUM_CHARACTERS, MAXIMUM_RULES, MINIMUM_CHARACTERS
from tests.model.lifecycle.outcomes import outcome_of
from tests.model.lifecycle.strategies import COMBINATIONS, policies, rules

EVERY_STATUS = ("tagged", "untagged", "any")


def make(priority: int, status: Any = "tagged", **values: Any) -> LifecycleRule:
    """Return a rule. A tagged rule selects a tag of its own by default."""
    if status == "tagged" and not any("list" in field for field in values):
        values["tag_pattern_list"] = [f"team-{priority}-*"]
    defaults: dict[str, Any] = {"count_type": "imageCountMoreThan", "count_number": 10}
    return LifecycleRule(rule_priority=priority, tag_status=status, **defaults | values)


def archived(priority: int, status: Any = "any", **values: Any) -> LifecycleRule:
    return make(priority, status, count_type="sinceImageTransitioned", count_number=90, **values)


def problems(*given_rules: LifecycleRule) -> tuple[str, ...]:
    with pytest.raises(InvalidLifecyclePolicy) as caught:
        LifecyclePolicy(rules=given_rules)
    return caught.value.problems


# --- combinations of rules ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count_type", "action", "minimum"), COMBINATIONS)
@pytest.mark.parametrize("status", EVERY_STATUS)
def test_a_policy_of_one_rule_of_each_legal_kind(count_type: Any, action: Any, minimum: int, status: Any) -> None:
    rule = make(1, status, count_type=count_type, action=action, count_number=minimum)
    policy = LifecyclePolicy(rules=[rule])

    assert policy.rules == (rule,)
    assert MINIMUM_CHARACTERS <= len(policy.to_json()) <= MAXIMUM_CHARACTERS


def test_every_pair_of_statuses_is_legal_in_both_storage_classes() -> None:
    policy = LifecyclePolicy(
        rules=[
            make(1),
            make(2, "untagged"),
            archived(3, "tagged"),
            archived(4, "untagged"),
            archived(5, "any"),
            make(6, "any"),
        ]
    )

    assert [rule.tag_status for rule in policy.rules] == ["tagged", "untagged", "tagged", "untagged", "any", "any"]


@pytest.mark.parametrize("first", [1, 2])
def test_any_comes_last_in_its_own_storage_class_only(first: int) -> None:
    """AWS's documented pair, archive and then delete, in both orders."""
    policy = LifecyclePolicy(rules=[make(first, "any"), archived(3 - first, "any")])

    assert len(policy.rules) == 2


def test_any_before_another_rule_of_its_storage_class_is_rejected() -> None:
    assert problems(make(3, "any"), make(5), make(4, "untagged"), archived(9)) == (
        "rules[0]: 'any' must come last in standard storage, and priority 3 is before 5; give it the highest number",
    )
    assert problems(archived(1, "any"), archived(2, "tagged"), make(9)) == (
        "rules[0]: 'any' must come last in archive storage, and priority 1 is before 2; give it the highest number",
    )


@pytest.mark.parametrize(("create", "storage"), [(make, "standard"), (archived, "archive")])
@pytest.mark.parametrize("status", ["untagged", "any"])
def test_untagged_and_any_are_single_in_each_storage_class(create: Any, storage: str, status: str) -> None:
    found = problems(create(1, status), create(2, status))

    assert f"rules[1]: selects {status!r} in {storage} storage as rules[0] does; ECR allows one, remove one" in found


@pytest.mark.parametrize("kind", ["tag_pattern_list", "tag_prefix_list"])
@pytest.mark.parametrize(("create", "action"), [(make, "expire"), (make, "transition"), (archived, "expire")])
def test_two_rules_with_equal_lists_are_rejected(kind: str, create: Any, action: str) -> None:
    one = create(1, "tagged", **{kind: ["b", "a"]})
    other = create(2, "tagged", **{kind: ["a", "b"]}, action=action)

    assert problems(one, other) == (
        "rules[1]: selects the same tags ['a', 'b'] as rules[0]; ECR requires different lists, remove one rule",
    )


def test_lists_that_are_partly_equal_are_legal() -> None:
    cases: list[tuple[LifecycleRule, LifecycleRule]] = [
        (make(1, tag_pattern_list=["a"]), archived(2, "tagged", tag_pattern_list=["a"])),
        (make(1, tag_pattern_list=["a"]), make(2, tag_prefix_list=["a"])),
        (make(1, tag_pattern_list=["a"]), make(2, tag_pattern_list=["a", "b"])),
    ]
    for one, other in cases:
        assert len(LifecyclePolicy(rules=[one, other]).rules) == 2


def test_priorities_are_unique_across_storage_classes() -> None:
    assert problems(make(7), archived(7)) == (
        "rules[1]: priority 7 is that of rules[0]; priorities are unique, write another number",
    )


def test_every_clash_is_reported_at_once() -> None:
    found = problems(make(1, "any"), make(1, "untagged"), make(2, "untagged"), make(3, "any"))

    assert [problem.partition(";")[0] for problem in found] == [
        "rules[0]: 'any' must come last in standard storage, and priority 1 is before 3",
        "rules[1]: priority 1 is that of rules[0]",
        "rules[2]: selects 'untagged' in standard storage as rules[1] does",
        "rules[3]: selects 'any' in standard storage as rules[0] does",
    ]


# --- limits ---------------------------------------------------------------------------------------------------------


def test_fifty_rules_are_allowed_and_fifty_one_are_not() -> None:
    fifty = [make(number) for number in range(1, 51)]

    assert len(LifecyclePolicy(rules=fifty).rules) == MAXIMUM_RULES == 50
    assert problems(*fifty, make(51)) == ("rules: 51 rules; ECR allows 50, merge or leave out some",)


def with_length(length: int) -> list[LifecycleRule]:
    """Return rules whose text has exactly this number of characters."""
    bare = len(LifecyclePolicy(rules=[make(1, description="")]).to_json())
    return [make(1, description="x" * (length - bare))]


def test_the_longest_text_is_allowed_and_one_more_character_is_not() -> None:
    policy = LifecyclePolicy(rules=with_length(30_720))

    assert len(policy.to_json()) == MAXIMUM_CHARACTERS == 30_720
    assert problems(*with_length(30_721)) == (
        "the policy has 30721 characters; ECR allows 30720, shorten or merge rules",
    )


def test_the_text_is_measured_as_it_is_sent() -> None:
    """JSON escapes a letter outside ASCII with six characters."""
    policy = LifecyclePolicy(rules=[make(1, description="é")])
    (longest,) = with_length(30_720)

    assert r'"\u00e9"' in policy.to_json()
    with pytest.raises(InvalidLifecyclePolicy, match="the policy has 30725 characters"):
        LifecyclePolicy(rules=[make(1, description=f"{longest.description}"[:-1] + "é")])


def test_the_smallest_policy_of_one_rule_is_longer_than_the_minimum() -> None:
    smallest = min(
        (
            LifecyclePolicy(
                rules=[make(1, status, count_type=count_type, action=action, count_number=minimum, **lists)]
            )
            for count_type, action, minimum in COMBINATIONS
            for status in EVERY_STATUS
            for lists in ([{"tag_pattern_list": ["a"]}, {"tag_prefix_list": ["a"]}] if status == "tagged" else [{}])
        ),
        key=lambda policy: len(policy.to_json()),
    )

    assert smallest.to_json() == (
        '{"rules":[{"rulePriority":1,"selection":{"tagStatus":"any","countType":"imageCountMoreThan","countNumber":1},'
        '"action":{"type":"expire"}}]}'
    )
    assert len(smallest.to_json()) > MINIMUM_CHARACTERS == 100


@given(policies)
def test_every_policy_is_within_the_limits(policy: LifecyclePolicy) -> None:
    assert MINIMUM_CHARACTERS <= len(policy.to_json()) <= MAXIMUM_CHARACTERS
    assert 1 <= len(policy.rules) <= MAXIMUM_RULES


# --- values ---------------------------------------------------------------------------------------------------------


def test_the_order_in_which_rules_are_given_means_nothing() -> None:
    one = LifecyclePolicy(rules=[make(2), make(1), make(30, "any")])
    other = LifecyclePolicy(rules=(make(30, "any"), make(1), make(2)))

    assert one == other
    assert hash(one) == hash(other)
    assert one.to_json() == other.to_json()
    assert [rule.rule_priority for rule in one.rules] == [1, 2, 30]


def test_none_has_no_rules_and_differs_from_every_policy() -> None:
    none = LifecyclePolicy.none()

    assert none.rules == ()
    assert none.to_dict() == {"rules": []}
    assert none == LifecyclePolicy(rules=[])
    assert none != LifecyclePolicy(rules=[make(1)])


def test_a_policy_with_one_more_rule_is_a_new_policy() -> None:
    policy = LifecyclePolicy(rules=[make(2)])
    longer = policy.with_rule(make(1, "untagged"))

    assert [rule.rule_priority for rule in longer.rules] == [1, 2]
    assert [rule.rule_priority for rule in policy.rules] == [2]
    assert LifecyclePolicy.none().with_rule(make(2)) == policy


def test_an_added_rule_is_checked_with_the_others() -> None:
    policy = LifecyclePolicy(rules=[make(1), make(2, "any")])
    expected = "rules[2]: priority 1 is that of rules[0]; priorities are unique, write another number"

    with pytest.raises(InvalidLifecyclePolicy, match=rf"\A{re.escape(expected)}\Z"):
        policy.with_rule(make(1, tag_pattern_list=["other"]))
    with pytest.raises(InvalidLifecyclePolicy, match="'any' must come last in standard storage"):
        policy.with_rule(make(3))
    with pytest.raises(InvalidLifecyclePolicy, match=r"\Arules: 51 rules; ECR allows 50"):
        LifecyclePolicy(rules=[make(number) for number in range(1, 51)]).with_rule(make(51))


@given(policies, rules)
def test_adding_a_rule_is_the_same_as_having_given_it(policy: LifecyclePolicy, rule: LifecycleRule) -> None:
    assert outcome_of(lambda: policy.with_rule(rule)) == outcome_of(
        lambda: LifecyclePolicy(rules=[*policy.rules, rule])
    )


def test_documents_are_rejected_where_rules_are_expected() -> None:
    cases: list[Any] = ["rules", [{"rulePriority": 1}], [None], [make(1), "any"]]
    for value in cases:
        with pytest.raises(
            TypeError, match=r"rules must be a list of LifecycleRule, got .*; from_dict\(\) reads documents"
        ):
            LifecyclePolicy(rules=value)


@given(policies)
def test_a_change_of_the_written_document_does_not_change_the_policy(policy: LifecyclePolicy) -> None:
    before = policy.to_json()
    policy.to_dict()["rules"].clear()

    assert policy.to_json() == before
    assert json.loads(before) == policy.to_dict()


@given(policies)
def test_policies_can_be_pickled(policy: LifecyclePolicy) -> None:
    again = pickle.loads(pickle.dumps(policy))

    assert again == policy
    assert again.to_json() == policy.to_json()


def test_policies_are_frozen_and_their_text_is_not_shown() -> None:
    policy = LifecyclePolicy(rules=[make(1)])

    assert "_text" not in repr(policy)
    with pytest.raises(AttributeError):
        policy.rules = ()  # type: ignore[misc]


# --- one more rule at the end ---------------------------------------------------------------------------------------


def test_a_last_rule_acts_after_the_others_and_before_those_over_all_images() -> None:
    policy = LifecyclePolicy(rules=[make(3), make(7, "any"), make(5, "untagged")])
    longer = policy.with_last_rule(make(1, tag_pattern_list=["new"]))

    assert [(rule.rule_priority, rule.tag_status) for rule in longer.rules] == [
        (3, "tagged"),
        (5, "untagged"),
        (7, "tagged"),
        (8, "any"),
    ]
    assert longer.rules[2].tag_pattern_list == ("new",)
    assert len(policy.rules) == 3


def test_a_last_rule_over_all_images_is_the_last_of_all() -> None:
    longer = LifecyclePolicy(rules=[make(3), archived(4)]).with_last_rule(make(1, "any"))

    assert [(rule.rule_priority, rule.storage_class, rule.tag_status) for rule in longer.rules] == [
        (3, "standard", "tagged"),
        (4, "archive", "any"),
        (5, "standard", "any"),
    ]


def test_a_last_rule_of_a_policy_without_rules_is_the_first() -> None:
    assert LifecyclePolicy.none().with_last_rule(make(9)).rules[0].rule_priority == 1


def test_an_appended_rule_is_checked_with_the_others() -> None:
    policy = LifecyclePolicy(rules=[make(1, "any"), archived(2)])

    with pytest.raises(InvalidLifecyclePolicy, match="selects 'any' in standard storage"):
        policy.with_last_rule(make(1, "any"))
    with pytest.raises(InvalidLifecyclePolicy, match=r"\Arules: 51 rules; ECR allows 50"):
        LifecyclePolicy(rules=[make(number) for number in range(1, 51)]).with_last_rule(make(99))


def _said(rule: LifecycleRule) -> dict[str, Any]:
    return {key: value for key, value in rule.to_dict().items() if key != "rulePriority"}


@given(policies, rules)
def test_an_appended_rule_keeps_the_order_of_the_others(policy: LifecyclePolicy, rule: LifecycleRule) -> None:
    try:
        longer = policy.with_last_rule(rule)
    except InvalidLifecyclePolicy:
        return
    for storage in ("standard", "archive"):
        before = [_said(one) for one in policy.rules if one.storage_class == storage]
        after = [_said(one) for one in longer.rules if one.storage_class == storage]
        if storage == rule.storage_class:
            place = next(at for at, (one, other) in enumerate(zip(after, [*before, None], strict=True)) if one != other)

            assert after.pop(place) == _said(rule)
            assert all(one["selection"]["tagStatus"] == "any" for one in after[place:])
        assert after == before
