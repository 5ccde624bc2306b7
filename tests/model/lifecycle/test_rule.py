"""Lifecycle rules: compatible fields, and the messages about other combinations."""

from __future__ import annotations

import copy
import itertools
import json
import pickle
import re
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.errors import InvalidLifecyclePolicy
from ecr_constructs.model import LifecyclePolicy, LifecycleRule, TagPattern, TagPrefix
from ecr_constructs.model.lifecycle.rule import MINIMUM_DAYS_ARCHIVED, Action, CountType, StorageClass, TagStatus
from tests.model.lifecycle.outcomes import outcome_of
from tests.model.lifecycle.strategies import COMBINATIONS, TOKENS, rule_values, rules, tag_patterns, tag_sets

LEGAL: dict[str, Any] = {"rule_priority": 1, "tag_status": "any", "count_type": "imageCountMoreThan", "count_number": 1}
TAGGED: dict[str, Any] = LEGAL | {"tag_status": "tagged"}


def problems(**values: Any) -> tuple[str, ...]:
    with pytest.raises(InvalidLifecyclePolicy) as caught:
        LifecycleRule(**values)
    return caught.value.problems


# --- combinations of fields -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count_type", "action", "storage_class", "count_unit", "target"),
    [
        ("imageCountMoreThan", "expire", "standard", None, None),
        ("imageCountMoreThan", "transition", "standard", None, "archive"),
        ("sinceImagePushed", "expire", "standard", "days", None),
        ("sinceImagePushed", "transition", "standard", "days", "archive"),
        ("sinceImagePulled", "transition", "standard", "days", "archive"),
        ("sinceImageTransitioned", "expire", "archive", "days", None),
    ],
)
@pytest.mark.parametrize("tag_status", ["tagged", "untagged", "any"])
def test_derived_fields_are_read_from_other_fields(
    count_type: Any, action: Any, storage_class: str, *, count_unit: str | None, target: str | None, tag_status: Any
) -> None:
    patterns = ["v*"] if tag_status == "tagged" else []
    rule = LifecycleRule(
        rule_priority=1,
        tag_status=tag_status,
        tag_pattern_list=patterns,
        count_type=count_type,
        count_number=90,
        action=action,
    )
    document = rule.to_dict()

    assert (rule.storage_class, rule.count_unit, rule.target_storage_class) == (storage_class, count_unit, target)
    assert document["selection"].get("countUnit") == count_unit
    assert document["selection"].get("storageClass") == ("archive" if storage_class == "archive" else None)
    assert document["action"].get("targetStorageClass") == target


def test_the_legal_pairs_of_count_and_action_are_those_six() -> None:
    legal = set()
    for count_type, action in itertools.product(get_args(CountType), get_args(Action)):
        try:
            LifecycleRule(**LEGAL | {"count_type": count_type, "action": action, "count_number": 90})
        except InvalidLifecyclePolicy:
            continue
        legal.add((count_type, action))

    assert legal == {(count_type, action) for count_type, action, _ in COMBINATIONS}


def test_a_rule_by_last_pull_archives_and_never_deletes() -> None:
    assert problems(**LEGAL | {"count_type": "sinceImagePulled", "action": "expire"}) == (
        (
            "action: 'expire' does not go with 'sinceImagePulled'; "
            "ECR cannot delete images by their last pull: archive them, and delete them from the archive"
        ),
    )


def test_a_rule_for_archived_images_cannot_archive() -> None:
    values = LEGAL | {"count_type": "sinceImageTransitioned", "count_number": 90, "action": "transition"}

    assert problems(**values) == (
        (
            "action: 'transition' does not go with 'sinceImageTransitioned'; the images that it selects are already "
            "archived"
        ),
    )


@pytest.mark.parametrize(("count_type", "action", "minimum"), COMBINATIONS)
def test_the_smallest_number_is_accepted_and_one_less_is_not(count_type: Any, action: Any, minimum: int) -> None:
    values = LEGAL | {"count_type": count_type, "action": action}
    archive = (
        "; ECR does not delete images that have been archived for less than 90 days"
        if minimum == MINIMUM_DAYS_ARCHIVED
        else ""
    )

    assert LifecycleRule(**values | {"count_number": minimum}).count_number == minimum
    assert problems(**values | {"count_number": minimum - 1}) == (
        f"count_number: {minimum - 1} is too small; write {minimum} or more{archive}",
    )


# --- numbers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["rule_priority", "count_number"])
@pytest.mark.parametrize("value", [True, False, 1.0, 1.5, "1", None, [1], float("nan")])
def test_numbers_are_whole_numbers_and_nothing_that_looks_like_one(field: str, value: object) -> None:
    assert problems(**LEGAL | {field: value}) == (f"{field}: {value!r} is not a whole number; write 1 or more",)


@pytest.mark.parametrize("field", ["rule_priority", "count_number"])
def test_a_number_that_is_known_only_at_deployment_is_rejected(field: str) -> None:
    sentence = f"{field}: the number is known only at deployment, and the policy is one text; write it out"

    assert problems(**LEGAL | {field: -1.8881545897087626e289}) == (sentence,)


@pytest.mark.parametrize("field", ["rule_priority", "count_number"])
@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (0, "0 is too small; write 1 or more"),
        (-1, "-1 is too small; write 1 or more"),
        (2**31, "the number is too large; write at most 2147483647"),
        (10**5000, "the number is too large; write at most 2147483647"),
        (-(10**5000), "-2147483647 is too small; write 1 or more"),
    ],
    ids=["zero", "negative", "too large", "too large to be printed", "too small to be printed"],
)
def test_numbers_have_bounds(field: str, value: int, problem: str) -> None:
    assert problems(**LEGAL | {field: value}) == (f"{field}: {problem}",)


def test_the_largest_number_is_accepted() -> None:
    assert LifecycleRule(**LEGAL | {"rule_priority": 2**31 - 1, "count_number": 2**31 - 1}).count_number == 2**31 - 1


# --- choices --------------------------------------------------------------------------------------------------------


def test_an_unknown_choice_is_rejected_with_the_known_ones() -> None:
    cases: list[tuple[str, object, str]] = [
        ("tag_status", "TAGGED", "'tagged', 'untagged' or 'any'"),
        ("tag_status", None, "'tagged', 'untagged' or 'any'"),
        ("action", "delete", "'expire' or 'transition'"),
        ("action", "EXPIRE", "'expire' or 'transition'"),
        ("action", ["expire"], "'expire' or 'transition'"),
        (
            "count_type",
            "sinceLastPulled",
            "'imageCountMoreThan', 'sinceImagePushed', 'sinceImagePulled' or 'sinceImageTransitioned'",
        ),
    ]
    for field, value, choices in cases:
        assert problems(**LEGAL | {field: value}) == (f"{field}: {value!r} is unknown; write {choices}",)


def test_the_choices_are_those_of_the_language() -> None:
    assert get_args(TagStatus) == ("tagged", "untagged", "any")
    assert get_args(Action) == ("expire", "transition")
    assert get_args(StorageClass) == ("standard", "archive")


# --- lists of tags --------------------------------------------------------------------------------------------------


def test_tagged_needs_one_of_the_lists() -> None:
    assert problems(**TAGGED) == (
        "tag_status: 'tagged' selects by tag and none is given; give tag_pattern_list or tag_prefix_list",
    )


@pytest.mark.parametrize("status", ["untagged", "any"])
@pytest.mark.parametrize("field", ["tag_pattern_list", "tag_prefix_list"])
def test_untagged_and_any_have_no_list(status: str, field: str) -> None:
    assert problems(**LEGAL | {"tag_status": status, field: ["v"]}) == (
        f"{field}: {status!r} selects no tags; leave the list out, or write 'tagged'",
    )


def test_a_rule_has_one_kind_of_list() -> None:
    assert problems(**TAGGED, tag_pattern_list=["v*"], tag_prefix_list=["v"]) == (
        "tag_pattern_list: a rule has one kind of list; leave out this one or tag_prefix_list, or write two rules",
    )


@pytest.mark.parametrize("field", ["tag_pattern_list", "tag_prefix_list"])
def test_a_bare_string_where_a_list_belongs_is_rejected_by_name(field: str) -> None:
    assert problems(**TAGGED, **{field: "prod"}) == (
        f"{field}: 'prod' is a bare string where a list belongs; write ['prod']",
    )


@pytest.mark.parametrize("field", ["tag_pattern_list", "tag_prefix_list"])
@pytest.mark.parametrize("value", [7, {"prod"}, {"prod": 1}, None])
def test_a_value_that_is_not_a_list_is_rejected(field: str, value: object) -> None:
    assert problems(**TAGGED, **{field: value}) == (f"{field}: {value!r} is not a list of strings",)


def test_an_empty_bare_string_is_rejected_too() -> None:
    assert problems(**TAGGED, tag_pattern_list="") == (
        "tag_pattern_list: '' is a bare string where a list belongs; write ['']",
    )


def test_every_entry_is_checked_and_named_by_its_place() -> None:
    assert problems(**TAGGED, tag_pattern_list=["ok", "a*b*c*d*e*", 7, "ok", "a b", "${Token[TOKEN.1]}"]) == (
        "tag_pattern_list[1]: tag pattern 'a*b*c*d*e*' has 5 wildcards; ECR allows 4",
        "tag_pattern_list[2]: tag pattern 7 is not a string",
        "tag_pattern_list[3]: tag pattern 'ok' is listed twice; remove one",
        (
            "tag_pattern_list[4]: tag pattern 'a b' has ' ' at position 1; a tag contains letters, digits, '.', '_' "
            "and '-'; '*' matches any number of them"
        ),
        (
            "tag_pattern_list[5]: tag pattern '${Token[TOKEN.1]}' is known only at deployment; it must be known "
            "at synthesis, so use a literal value"
        ),
    )


def test_a_star_in_a_prefix_is_an_ordinary_character() -> None:
    rule = LifecycleRule(**TAGGED, tag_prefix_list=["*", "v*"])

    assert rule.tag_prefix_list == ("*", "v*")
    assert not any(rule.selects_tags([tag]) for tag in ("v1", "latest", "*", "v*1"))


def test_an_empty_prefix_is_rejected_with_the_equivalent_list_of_patterns() -> None:
    first, second = problems(**TAGGED, tag_prefix_list=[""])

    assert first.startswith("tag_prefix_list[0]: tag prefix is empty; ")
    assert second == 'tag_prefix_list: an empty prefix matches every tag; write tag_pattern_list=["*"] instead'


def test_the_order_of_a_list_means_nothing() -> None:
    one = LifecycleRule(**TAGGED, tag_pattern_list=["b", "a"])
    other = LifecycleRule(**TAGGED, tag_pattern_list=("a", "b"))

    assert one == other
    assert hash(one) == hash(other)
    assert one.tag_pattern_list == ("a", "b")


# --- descriptions ---------------------------------------------------------------------------------------------------


def test_a_description_is_a_text() -> None:
    assert LifecycleRule(**LEGAL, description="Keep one").to_dict()["description"] == "Keep one"
    assert "description" not in LifecycleRule(**LEGAL).to_dict()
    assert problems(**LEGAL, description=7) == ("description: 7 is not a text; write one, or leave it out",)


@pytest.mark.parametrize("token", TOKENS)
def test_a_token_in_a_description_is_rejected(token: str) -> None:
    """Tokens inside a policy are rejected, because the text could not be measured, and would not be canonical."""
    (problem,) = problems(**LEGAL, description=token)

    assert problem.startswith("description: ")
    assert "known only at deployment" in problem


# --- all problems together ------------------------------------------------------------------------------------------


def test_a_control_character_in_a_description_is_rejected_and_shown_by_its_code() -> None:
    cases: list[str] = ["\0", "\t", "\n", "\r", "\x1b", "\x7f", "\x85", "\x9b", "\ud800"]
    for stray in cases:
        (problem,) = problems(**LEGAL | {"description": f"Keep{stray}ten"})

        assert problem == (
            f"description: {f'Keep{stray}ten'!r} has {stray!r} at position 4; "
            "write it without line breaks and other control characters"
        )
        assert problem.isprintable()
        with pytest.raises(InvalidLifecyclePolicy, match=r"rules\[0\]\.description: 'Keep"):
            LifecyclePolicy.from_dict(
                {"rules": [LifecycleRule(**LEGAL).to_dict() | {"description": f"Keep{stray}ten"}]}
            )


def test_a_description_in_any_language_is_accepted() -> None:
    cases: list[str] = ["", "caf\u00e9", "\u05d0\u200f", "a\u00a0b", "\U0001f680"]
    for description in cases:
        assert LifecycleRule(**LEGAL | {"description": description}).description == description


def test_every_problem_of_a_rule_is_reported_at_once_in_python_names() -> None:
    found = problems(
        rule_priority=0, tag_status="tagged", count_type="days", count_number="ten", action="delete", description=b"x"
    )

    assert [problem.partition(":")[0] for problem in found] == [
        "count_type",
        "action",
        "rule_priority",
        "count_number",
        "tag_status",
        "description",
    ]


def test_the_error_reads_as_one_message() -> None:
    expected = (
        "2 problems\n"
        "  - rule_priority: 0 is too small; write 1 or more\n"
        "  - count_number: 0 is too small; write 1 or more"
    )

    with pytest.raises(InvalidLifecyclePolicy, match=rf"\A{re.escape(expected)}\Z"):
        LifecycleRule(**LEGAL | {"rule_priority": 0, "count_number": 0})


@given(
    st.fixed_dictionaries(
        dict.fromkeys(
            LifecycleRule.__dataclass_fields__,
            st.one_of(
                st.none(),
                st.booleans(),
                st.integers(),
                st.floats(),
                st.text(max_size=5),
                st.binary(max_size=3),
                st.lists(st.one_of(st.none(), st.integers(), tag_patterns, st.lists(st.just("a"))), max_size=3),
                st.sampled_from(["any", "tagged", "untagged", "expire", "transition", "sinceImagePulled"]),
                st.dictionaries(st.text(max_size=2), st.none(), max_size=1),
                st.sets(st.integers(), max_size=2),
            ),
        )
    )
)
def test_any_values_make_a_rule_or_our_error(values: dict[str, Any]) -> None:
    outcome = outcome_of(lambda: LifecycleRule(**values))
    if isinstance(outcome, LifecycleRule):
        assert json.loads(json.dumps(outcome.to_dict())) == outcome.to_dict()
    else:
        assert outcome
        assert all(problem.split(":")[0].split("[")[0] in values for problem in outcome)


@given(rule_values())
def test_legal_rules_are_accepted(values: dict[str, Any]) -> None:
    rule = LifecycleRule(**values)

    assert {field: getattr(rule, field) for field in values if "list" not in field} == {
        field: value for field, value in values.items() if "list" not in field
    }


# --- the document of a rule -----------------------------------------------------------------------------------------


def test_a_rule_is_written_as_the_lifecycle_language_does_in_one_order_of_keys() -> None:
    rule = LifecycleRule(
        rule_priority=7,
        tag_status="tagged",
        tag_prefix_list=["v"],
        count_type="sinceImageTransitioned",
        count_number=365,
        description="Delete old releases",
    )

    assert json.dumps(rule.to_dict()) == json.dumps(
        {
            "rulePriority": 7,
            "description": "Delete old releases",
            "selection": {
                "tagStatus": "tagged",
                "tagPrefixList": ["v"],
                "storageClass": "archive",
                "countType": "sinceImageTransitioned",
                "countUnit": "days",
                "countNumber": 365,
            },
            "action": {"type": "expire"},
        }
    )


@given(rules)
def test_a_rule_writes_no_nulls_and_no_empty_lists(rule: LifecycleRule) -> None:
    document = rule.to_dict()
    values = [*document.values(), *document["selection"].values(), *document["action"].values()]

    assert None not in values
    assert [] not in values


@given(rules)
def test_a_change_of_the_written_rule_does_not_change_the_rule(rule: LifecycleRule) -> None:
    before = json.dumps(rule.to_dict())
    written = rule.to_dict()
    written["selection"].clear()
    written.clear()

    assert json.dumps(rule.to_dict()) == before


@given(rules)
def test_rules_can_be_pickled(rule: LifecycleRule) -> None:
    assert pickle.loads(pickle.dumps(rule)) == rule


def test_rules_are_frozen() -> None:
    with pytest.raises(AttributeError):
        LifecycleRule(**LEGAL).rule_priority = 2  # type: ignore[misc]


def test_a_list_is_an_and() -> None:
    cases: list[list[str]] = [["alpha-1"], ["beta-1"], ["alpha-1", "beta-1"], ["alpha-1", "beta-1", "x"], []]
    for tags in cases:
        patterns = LifecycleRule(**TAGGED, tag_pattern_list=["alpha*", "beta*"])
        prefixes = LifecycleRule(**TAGGED, tag_prefix_list=["alpha", "beta"])
        expected = {"alpha-1", "beta-1"} <= set(tags)

        assert patterns.selects_tags(tags) is expected
        assert prefixes.selects_tags(tags) is expected


def test_one_tag_may_satisfy_two_entries() -> None:
    assert LifecycleRule(**TAGGED, tag_pattern_list=["a*", "*b"]).selects_tags(["ab"])


@given(rules, tag_sets)
def test_a_rule_selects_images_by_their_tags(rule: LifecycleRule, tags: list[str]) -> None:
    entries = [*map(TagPattern, rule.tag_pattern_list), *map(TagPrefix, rule.tag_prefix_list)]
    expected = {
        "any": True,
        "untagged": tags == [],
        "tagged": all(any(entry.matches(tag) for tag in tags) for entry in entries),
    }

    assert rule.selects_tags(tags) is expected[rule.tag_status]
    assert rule.selectors == tuple(entries)
    assert rule.tag_status != "tagged" or not rule.selects_tags([])


def test_the_entries_of_a_rule_are_created_once_also_for_its_copies() -> None:
    rule = LifecycleRule(**TAGGED, tag_prefix_list=["v"])

    for each in (rule, copy.copy(rule), copy.deepcopy(rule), pickle.loads(pickle.dumps(rule))):
        assert each == rule
        assert each.selectors is rule.selectors


@given(rules, tag_sets, st.lists(st.just("zzz")))
def test_more_tags_never_remove_an_image_from_a_tagged_rule(
    rule: LifecycleRule, tags: list[str], more: list[str]
) -> None:
    if rule.tag_status != "untagged" and rule.selects_tags(tags):
        assert rule.selects_tags([*tags, *more])
