"""Policy documents: accepted documents, rejected documents, and the paths of problems."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecr_constructs.errors import InvalidLifecyclePolicy
from ecr_constructs.model import LifecyclePolicy
from ecr_constructs.model.validation import abbreviate
from tests.model.lifecycle.outcomes import outcome_of
from tests.model.lifecycle.strategies import documents, json_values, mutated_documents, policies, shuffled

COUNT = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 100}
EXPIRE = {"type": "expire"}
ARCHIVE = {"type": "transition", "targetStorageClass": "archive"}


def rule(priority: object = 1, **fields: Any) -> dict[str, Any]:
    """Return a legal rule with some fields replaced. `selection` and `action` are replaced as a whole."""
    return {"rulePriority": priority, "selection": dict(COUNT), "action": dict(EXPIRE)} | fields


def selecting(**fields: Any) -> dict[str, Any]:
    """Return a legal rule with some fields of the selection replaced."""
    return rule(selection=COUNT | fields)


def read(*rules: object) -> LifecyclePolicy:
    return LifecyclePolicy.from_dict({"rules": list(rules)})


def problems(document: object) -> tuple[str, ...]:
    with pytest.raises(InvalidLifecyclePolicy) as caught:
        LifecyclePolicy.from_dict(document)
    with pytest.raises(InvalidLifecyclePolicy) as from_text:
        LifecyclePolicy.from_json(json.dumps(document))

    assert from_text.value.problems == caught.value.problems
    return caught.value.problems


def rule_problems(*rules: object) -> tuple[str, ...]:
    return problems({"rules": list(rules)})


# --- policies of the user guide -------------------------------------------------------------------------------------
# The policies of https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_examples.html.


def printed(*rules: tuple[dict[str, Any], dict[str, Any]]) -> dict[str, Any]:
    return {
        "rules": [
            {"rulePriority": number, "description": f"Rule {number}", "selection": selection, "action": action}
            for number, (selection, action) in enumerate(rules, start=1)
        ]
    }


def tagged(*patterns: str, **fields: Any) -> dict[str, Any]:
    return {"tagStatus": "tagged", "tagPatternList": list(patterns)} | fields


def newest(count: int) -> dict[str, Any]:
    return {"countType": "imageCountMoreThan", "countNumber": count}


def aged(count_type: str, days: int) -> dict[str, Any]:
    return {"countType": count_type, "countUnit": "days", "countNumber": days}


IN_ARCHIVE = {"tagStatus": "any", "storageClass": "archive"} | aged("sinceImageTransitioned", 365)
PRINTED = {
    "image age": printed((tagged("prod*", **aged("sinceImagePushed", 14)), EXPIRE)),
    "last pulled": printed(({"tagStatus": "any"} | aged("sinceImagePulled", 90), ARCHIVE)),
    "archive transition": printed((IN_ARCHIVE, EXPIRE)),
    "image count": printed(({"tagStatus": "untagged"} | newest(1), EXPIRE)),
    "multiple rules A": printed((tagged("prod*", **newest(1)), EXPIRE), (tagged("beta*", **newest(1)), EXPIRE)),
    "multiple rules B": printed((tagged("beta*", **newest(1)), EXPIRE), (tagged("prod*", **newest(1)), EXPIRE)),
    "multiple tags A": printed((tagged("alpha*", "beta*", **aged("sinceImagePushed", 5)), EXPIRE)),
    "multiple tags B": printed((tagged("alpha*", "beta*", **newest(1)), EXPIRE)),
    "all images A": printed(({"tagStatus": "any"} | newest(1), EXPIRE)),
    "all images B": printed(
        (tagged("alpha*", **newest(1)), EXPIRE),
        ({"tagStatus": "untagged"} | aged("sinceImagePushed", 1), EXPIRE),
        ({"tagStatus": "any"} | newest(1), EXPIRE),
    ),
    "archive by age": printed((tagged("prod*", **aged("sinceImagePushed", 30)), ARCHIVE)),
    "archive and expire": printed(({"tagStatus": "any"} | aged("sinceImagePushed", 30), ARCHIVE), (IN_ARCHIVE, EXPIRE)),
    # https://github.com/hashicorp/terraform-provider-aws, lifecycle_policy_test.go: applied to AWS itself.
    "archive unpulled and expire": printed(
        ({"tagStatus": "any"} | aged("sinceImagePulled", 90), ARCHIVE), (IN_ARCHIVE, EXPIRE)
    ),
}
each_printed = pytest.mark.parametrize("document", PRINTED.values(), ids=PRINTED.keys())


@each_printed
def test_the_policies_that_aws_prints_are_accepted_and_written_back(document: dict[str, Any]) -> None:
    policy = LifecyclePolicy.from_json(json.dumps(document, indent=4))

    assert policy.to_dict() == document
    assert json.loads(policy.to_json()) == document


@each_printed
def test_the_same_policies_with_prefixes_are_accepted(document: dict[str, Any]) -> None:
    text = json.dumps(document).replace("tagPatternList", "tagPrefixList").replace("*", "")

    assert LifecyclePolicy.from_json(text).to_dict() == json.loads(text)


def test_the_default_storage_class_may_be_written_and_is_left_out_again() -> None:
    policy = read(selecting(storageClass="standard"))

    assert policy == read(rule())
    assert "storageClass" not in policy.to_json()


def test_priorities_need_not_follow_each_other() -> None:
    assert [
        one.rule_priority for one in read(rule(1000), selecting(tagStatus="untagged") | {"rulePriority": 5}).rules
    ] == [
        5,
        1000,
    ]


# --- mistakes in published policies ---------------------------------------------------------------------------------

KNOWN_ILLEGAL = {
    "a null where Terraform has nothing to say (cloudposse/terraform-aws-ecr#158)": (
        [rule(action={"type": "expire", "targetStorageClass": None})],
        "rules[0].action.targetStorageClass: null; ECR rejects nulls, leave the field out",
    ),
    "a unit with a number of images": (
        [selecting(countUnit="days")],
        "rules[0].selection.countUnit: 'days' is not allowed with countType 'imageCountMoreThan'; leave it out",
    ),
    "an age without a unit": (
        [selecting(countType="sinceImagePushed")],
        "rules[0].selection.countUnit: missing with countType 'sinceImagePushed'; write 'days'",
    ),
    "an age in hours": (
        [selecting(countType="sinceImagePushed", countUnit="hours")],
        "rules[0].selection.countUnit: 'hours' is wrong with countType 'sinceImagePushed'; write 'days'",
    ),
    "an age in Days": (
        [selecting(countType="sinceImagePushed", countUnit="Days")],
        "rules[0].selection.countUnit: 'Days' is wrong with countType 'sinceImagePushed'; write 'days'",
    ),
    "two rules for all images of one storage class": (
        [rule(1), rule(2)],
        "rules[1]: selects 'any' in standard storage as rules[0] does; ECR allows one, remove one",
    ),
    "two rules for untagged images": (
        [selecting(tagStatus="untagged"), rule(2, selection=COUNT | {"tagStatus": "untagged", "countNumber": 3})],
        "rules[1]: selects 'untagged' in standard storage as rules[0] does; ECR allows one, remove one",
    ),
    "all images before others": (
        [rule(1), rule(2, selection=COUNT | {"tagStatus": "untagged"})],
        "rules[0]: 'any' must come last in standard storage, and priority 1 is before 2; give it the highest number",
    ),
    "one priority twice": (
        [rule(1), rule(1, selection=COUNT | {"tagStatus": "untagged"})],
        "rules[1]: priority 1 is that of rules[0]; priorities are unique, write another number",
    ),
    "tagged without a list": (
        [selecting(tagStatus="tagged")],
        (
            "rules[0].selection.tagStatus: 'tagged' selects by tag and none is given; "
            "give selection.tagPatternList or selection.tagPrefixList"
        ),
    ),
    "an empty list": (
        [selecting(tagStatus="tagged", tagPatternList=[])],
        (
            "rules[0].selection.tagStatus: 'tagged' selects by tag and none is given; "
            "give selection.tagPatternList or selection.tagPrefixList"
        ),
    ),
    "a list with untagged": (
        [selecting(tagStatus="untagged", tagPrefixList=["v"])],
        "rules[0].selection.tagPrefixList: 'untagged' selects no tags; leave the list out, or write 'tagged'",
    ),
    "a list with any": (
        [selecting(tagPatternList=["*"])],
        "rules[0].selection.tagPatternList: 'any' selects no tags; leave the list out, or write 'tagged'",
    ),
    "both lists": (
        [selecting(tagStatus="tagged", tagPatternList=["v*"], tagPrefixList=["v"])],
        (
            "rules[0].selection.tagPatternList: a rule has one kind of list; "
            "leave out this one or selection.tagPrefixList, or write two rules"
        ),
    ),
    "a bare string for a list": (
        [selecting(tagStatus="tagged", tagPrefixList="v")],
        "rules[0].selection.tagPrefixList: 'v' is a bare string where a list belongs; write ['v']",
    ),
    "too many wildcards": (
        [selecting(tagStatus="tagged", tagPatternList=["v*", "test*1*2*3*4*5*6"])],
        "rules[0].selection.tagPatternList[1]: tag pattern 'test*1*2*3*4*5*6' has 6 wildcards; ECR allows 4",
    ),
    "none to keep": (
        [selecting(countNumber=0)],
        "rules[0].selection.countNumber: 0 is too small; write 1 or more",
    ),
    "a number in quotes": (
        [selecting(countNumber="10")],
        "rules[0].selection.countNumber: '10' is not a whole number; write 1 or more",
    ),
    "a fraction": (
        [selecting(countNumber=1.5)],
        "rules[0].selection.countNumber: 1.5 is not a whole number; write 1 or more",
    ),
    "a boolean": (
        [selecting(countNumber=True)],
        "rules[0].selection.countNumber: True is not a whole number; write 1 or more",
    ),
    "priority zero": (
        [rule(0)],
        "rules[0].rulePriority: 0 is too small; write 1 or more",
    ),
    "deleting for not being pulled": (
        [selecting(countType="sinceImagePulled", countUnit="days")],
        (
            "rules[0].action.type: 'expire' does not go with 'sinceImagePulled'; "
            "ECR cannot delete images by their last pull: archive them, and delete them from the archive"
        ),
    ),
    "archiving what is archived": (
        [
            rule(
                selection=COUNT
                | {"storageClass": "archive", "countType": "sinceImageTransitioned", "countUnit": "days"},
                action=ARCHIVE,
            )
        ],
        (
            "rules[0].action.type: 'transition' does not go with 'sinceImageTransitioned'; "
            "the images that it selects are already archived"
        ),
    ),
    "deleting too early from the archive": (
        [selecting(storageClass="archive", countType="sinceImageTransitioned", countUnit="days", countNumber=89)],
        (
            "rules[0].selection.countNumber: 89 is too small; write 90 or more; ECR does not delete images that have "
            "been archived for less than 90 days"
        ),
    ),
    "days in the archive without the storage class": (
        [selecting(countType="sinceImageTransitioned", countUnit="days")],
        (
            "rules[0].selection.storageClass: countType 'sinceImageTransitioned' applies to the archive only; "
            "write 'archive'"
        ),
    ),
    "days in the archive, looked for in standard storage": (
        [selecting(countType="sinceImageTransitioned", countUnit="days", storageClass="standard")],
        (
            "rules[0].selection.storageClass: countType 'sinceImageTransitioned' applies to the archive only; "
            "write 'archive'"
        ),
    ),
    "a number of images in the archive": (
        [selecting(storageClass="archive")],
        (
            "rules[0].selection.storageClass: countType 'imageCountMoreThan' applies to standard storage only; "
            "leave it out"
        ),
    ),
    "a storage class of S3": (
        [selecting(storageClass="GLACIER")],
        "rules[0].selection.storageClass: 'GLACIER' is unknown; write 'standard' or 'archive'",
    ),
    "a transition to nowhere": (
        [rule(action={"type": "transition"})],
        "rules[0].action.targetStorageClass: missing with action 'transition'; write 'archive'",
    ),
    "a transition to standard storage": (
        [rule(action={"type": "transition", "targetStorageClass": "standard"})],
        "rules[0].action.targetStorageClass: 'standard' is wrong with action 'transition'; write 'archive'",
    ),
    "an expiry with a target": (
        [rule(action={"type": "expire", "targetStorageClass": "archive"})],
        "rules[0].action.targetStorageClass: 'archive' is not allowed with action 'expire'; leave it out",
    ),
    "the spelling of the preview": (
        [rule(action={"type": "EXPIRE"})],
        "rules[0].action.type: 'EXPIRE' is unknown; write 'expire' or 'transition'",
    ),
    "the same tags twice": (
        [
            selecting(tagStatus="tagged", tagPatternList=["a", "b"]),
            rule(2, selection=COUNT | {"tagStatus": "tagged", "tagPatternList": ["b", "a"], "countNumber": 7}),
        ],
        "rules[1]: selects the same tags ['a', 'b'] as rules[0]; ECR requires different lists, remove one rule",
    ),
}


@pytest.mark.parametrize(("rules", "problem"), KNOWN_ILLEGAL.values(), ids=KNOWN_ILLEGAL.keys())
def test_documents_that_ecr_rejects_are_rejected_with_the_path(rules: list[dict[str, Any]], problem: str) -> None:
    assert problem in rule_problems(*rules)


def test_each_invalid_document_has_one_problem() -> None:
    """All but one of the cases above have one fault; `any` before another rule that is also `any` has two."""
    several = [name for name, (rules, _) in KNOWN_ILLEGAL.items() if len(rule_problems(*rules)) > 1]

    assert several == ["two rules for all images of one storage class"]


# --- fields ---------------------------------------------------------------------------------------------------------


def test_an_unknown_field_is_rejected_at_every_level() -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"rules": [rule()], "version": 1}, "version: unknown field; a policy has only 'rules'"),
        ({"Rules": [rule()]}, "rules: missing; a policy is a list of rules"),
        ({"rules": [rule(name="x")]}, "rules[0].name: unknown field; ECR rejects a rule with unknown fields"),
        (
            {"rules": [selecting(tagPatterns=["x"])]},
            "rules[0].selection.tagPatterns: unknown field; ECR rejects a rule with unknown fields",
        ),
        (
            {"rules": [rule(action=EXPIRE | {"days": 1})]},
            "rules[0].action.days: unknown field; ECR rejects a rule with unknown fields",
        ),
        (
            {"rules": [rule(**{"selection.tagStatus": "any"})]},
            "rules[0].['selection.tagStatus']: unknown field; ECR rejects a rule with unknown fields",
        ),
    ]
    for document, problem in cases:
        assert problem in problems(document)


def test_a_missing_field_is_named() -> None:
    cases: list[str] = [
        "rulePriority",
        "selection.tagStatus",
        "selection.countType",
        "selection.countNumber",
        "action.type",
    ]
    for path in cases:
        written: dict[str, Any] = copy.deepcopy(rule())
        place: dict[str, Any] = written
        *above, last = path.split(".")
        for key in above:
            place = place[key]
        del place[last]

        assert rule_problems(written) == (f"rules[0].{path}: missing; ECR needs it in every rule",)


@pytest.mark.parametrize("name", ["selection", "action"])
def test_a_missing_object_is_named_once(name: str) -> None:
    written = rule()
    del written[name]

    assert rule_problems(written) == (f"rules[0].{name}: missing; ECR needs it in every rule",)


@pytest.mark.parametrize("name", ["selection", "action"])
@pytest.mark.parametrize("value", [None, [], "any", 1])
def test_a_value_that_is_not_an_object_is_reported_once(name: str, value: object) -> None:
    assert rule_problems(rule(**{name: value})) == (f"rules[0].{name}: {value!r} is not an object",)


def test_a_null_in_any_field_is_one_problem() -> None:
    cases: list[str] = [
        "rulePriority",
        "description",
        "selection.tagStatus",
        "selection.tagPatternList",
        "selection.tagPrefixList",
        "selection.storageClass",
        "selection.countType",
        "selection.countUnit",
        "selection.countNumber",
        "action.type",
        "action.targetStorageClass",
    ]
    for path in cases:
        written: dict[str, Any] = copy.deepcopy(rule())
        place: dict[str, Any] = written
        *above, last = path.split(".")
        for key in above:
            place = place[key]
        place[last] = None

        assert rule_problems(written) == (f"rules[0].{path}: null; ECR rejects nulls, leave the field out",)


def test_an_unknown_count_type_is_reported_once() -> None:
    """The unit of an unknown count type is unknown, so there is no problem about the unit."""
    found = rule_problems(selecting(countType="sinceLastPulled"))

    assert [problem.partition(":")[0] for problem in found] == ["rules[0].selection.countType"]


# --- shapes ---------------------------------------------------------------------------------------------------------


def test_a_policy_is_an_object() -> None:
    cases: list[object] = [None, [], "rules", 7, [rule()]]
    for document in cases:
        assert problems(document) == (f"the policy is {abbreviate(document)}; write an object with 'rules'",)


def test_rules_are_a_list() -> None:
    cases: list[object] = [None, "rules", 7, {"0": rule()}]
    for rules in cases:
        assert problems({"rules": rules}) == (f"rules: {abbreviate(rules)} is not a list; write a list of rules",)


def test_a_policy_without_rules_is_rejected_with_the_alternative() -> None:
    assert problems({"rules": []}) == (
        "rules: empty, and ECR rejects a policy without rules; LifecyclePolicy.none() renders no policy",
    )


def test_a_rule_is_an_object() -> None:
    cases: list[object] = [None, "rule", 7, [rule()]]
    for entry in cases:
        assert rule_problems(rule(), entry) == (
            (
                f"rules[1]: {abbreviate(entry)} is not a rule; "
                "write an object with 'rulePriority', 'selection' and 'action'"
            ),
        )


def test_tuples_and_other_mappings_are_read_as_lists_and_objects() -> None:
    from types import MappingProxyType

    document = MappingProxyType({"rules": (MappingProxyType(rule()),)})

    assert LifecyclePolicy.from_dict(document) == read(rule())


def test_reading_leaves_the_document_as_it_was() -> None:
    document = {"rules": [selecting(tagStatus="tagged", tagPatternList=["b", "a"])]}
    before = copy.deepcopy(document)
    policy = LifecyclePolicy.from_dict(document)
    document["rules"].clear()

    assert before != document
    assert policy == LifecyclePolicy.from_dict(before)


# --- JSON -----------------------------------------------------------------------------------------------------------


def test_text_that_is_not_json_is_rejected() -> None:
    cases: list[str] = ["", "{", "rules", "{'rules': []}", '{"rules": [}', "\ufeff{}", "[" * 100_000]
    for text in cases:
        with pytest.raises(InvalidLifecyclePolicy, match=r"\Athe policy is not JSON: "):
            LifecyclePolicy.from_json(text)


def test_a_number_too_long_to_be_read_is_rejected() -> None:
    text = json.dumps({"rules": [rule()]}).replace("100", "1" * 5000)

    with pytest.raises(InvalidLifecyclePolicy):
        LifecyclePolicy.from_json(text)


def test_numbers_that_only_some_parsers_accept_are_rejected() -> None:
    cases: list[str] = ["NaN", "Infinity", "-Infinity", "1e2", "100.0", "-0"]
    for number in cases:
        text = json.dumps({"rules": [rule()]}).replace("100", number)

        with pytest.raises(InvalidLifecyclePolicy, match=r"\Arules\[0\]\.selection\.countNumber: "):
            LifecyclePolicy.from_json(text)


def test_a_duplicate_key_is_rejected() -> None:
    cases: list[str] = ["rules", "rulePriority", "tagStatus", "type"]
    for key in cases:
        text = re.sub(rf'"{key}": ', f'"{key}": 1, "{key}": ', json.dumps({"rules": [rule()]}))

        with pytest.raises(InvalidLifecyclePolicy, match=rf"\A{key}: written twice in one object; keep one\Z"):
            LifecyclePolicy.from_json(text)


def test_deep_nesting_is_rejected_and_does_not_exhaust_the_stack() -> None:
    cases: list[int] = [50, 500, 900, 950, 990, 5000]
    for depth in cases:
        for text in (f'{{"rules": {"[" * depth}{"]" * depth}}}', f'{{"rules": [{"[" * depth}{"]" * depth}]}}'):
            with pytest.raises(InvalidLifecyclePolicy):
                LifecyclePolicy.from_json(text)


def test_only_a_text_is_parsed() -> None:
    with pytest.raises(TypeError):
        LifecyclePolicy.from_json({"rules": [rule()]})  # type: ignore[arg-type]


# --- all problems together ------------------------------------------------------------------------------------------


def test_every_problem_of_every_rule_is_reported_at_once_with_its_path() -> None:
    found = problems(
        {
            "version": "2012-10-17",
            "rules": [
                rule(0, note="x"),
                selecting(tagStatus="tagged", tagPatternList=["a*b*c*d*e*", "ok", None], countUnit="days"),
                "rule",
                rule(4, action={"type": "transition", "targetStorageClass": None}, description=None),
            ],
        }
    )

    assert sorted(problem.partition(": ")[0] for problem in found) == [
        "rules[0].note",
        "rules[0].rulePriority",
        "rules[1].selection.countUnit",
        "rules[1].selection.tagPatternList[0]",
        "rules[1].selection.tagPatternList[2]",
        "rules[2]",
        "rules[3].action.targetStorageClass",
        "rules[3].description",
        "version",
    ]


def test_the_message_counts_and_lists_them() -> None:
    expected = (
        "2 problems\n"
        "  - rules[0].rulePriority: 0 is too small; write 1 or more\n"
        "  - rules[1]: 7 is not a rule; write an object with 'rulePriority', 'selection' and 'action'"
    )

    with pytest.raises(InvalidLifecyclePolicy, match=rf"\A{re.escape(expected)}\Z"):
        read(rule(0), 7)


# --- properties over random values ----------------------------------------------------------------------------------


@given(documents)
def test_legal_documents_are_read_and_written_back(document: dict[str, Any]) -> None:
    policy = LifecyclePolicy.from_dict(document)

    assert policy.to_dict() == document
    assert LifecyclePolicy.from_json(json.dumps(document)) == policy


@given(policies)
def test_a_policy_is_read_as_it_was_written(policy: LifecyclePolicy) -> None:
    assert LifecyclePolicy.from_dict(policy.to_dict()) == policy
    assert LifecyclePolicy.from_json(policy.to_json()) == policy
    assert LifecyclePolicy.from_json(policy.to_json()).to_json() == policy.to_json()


@given(documents, st.integers(0, 1000))
def test_the_text_does_not_depend_on_the_order_of_rules_entries_and_keys(document: dict[str, Any], seed: int) -> None:
    policy = LifecyclePolicy.from_dict(document)
    again = LifecyclePolicy.from_dict(shuffled(document, seed))

    assert again == policy
    assert hash(again) == hash(policy)
    assert again.to_json() == policy.to_json()
    assert json.dumps(again.to_dict()) == json.dumps(policy.to_dict())


@given(policies)
def test_the_text_is_compact_plain_json_in_order_of_priority(policy: LifecyclePolicy) -> None:
    text = policy.to_json()
    priorities = [one["rulePriority"] for one in json.loads(text)["rules"]]

    assert text.isascii()
    assert text == json.dumps(json.loads(text), separators=(",", ":"))
    assert priorities == sorted(priorities)
    assert "null" not in re.sub(r'"(\\.|[^"\\])*"', '""', text)


@settings(max_examples=3 * settings().max_examples)
@given(mutated_documents())
def test_a_mutated_document_is_a_policy_or_rejected_and_never_anything_else(document: object) -> None:
    outcome = outcome_of(lambda: LifecyclePolicy.from_dict(document))
    if isinstance(outcome, LifecyclePolicy):
        assert LifecyclePolicy.from_json(outcome.to_json()) == outcome
    else:
        assert outcome
        assert all(re.match(r"rules|the policy is|.{0,20}: unknown field", problem, re.DOTALL) for problem in outcome)
        assert len(set(outcome)) == len(outcome)


@given(json_values)
def test_any_json_is_a_policy_or_rejected(document: object) -> None:
    for value in (document, {"rules": document}, {"rules": [document]}, {"rules": [rule(selection=document)]}):
        with pytest.raises(InvalidLifecyclePolicy):
            LifecyclePolicy.from_dict(value)


@given(st.text(max_size=30) | st.text('{}[]":,rules01 ', max_size=30))
def test_any_text_is_a_policy_or_rejected(text: str) -> None:
    with pytest.raises(InvalidLifecyclePolicy):
        LifecyclePolicy.from_json(text)


def test_problems_of_rules_and_of_the_policy_are_reported_together_by_their_place_in_the_document() -> None:
    anything = {"selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1}}
    expire = {"action": {"type": "expire"}}
    faulty = {"rulePriority": 0, **anything, **expire}
    document = {"rules": [faulty, {"rulePriority": 7, **anything, **expire}, {"rulePriority": 7, **anything, **expire}]}

    assert problems(document) == (
        "rules[0].rulePriority: 0 is too small; write 1 or more",
        "rules[2]: priority 7 is that of rules[1]; priorities are unique, write another number",
    )


def test_json_that_is_not_text_is_a_type_error_that_names_from_dict() -> None:
    with pytest.raises(TypeError, match=r"from_dict\(\) requires a mapping"):
        LifecyclePolicy.from_json({"rules": []})  # type: ignore[arg-type]


def test_json_that_is_a_token_is_rejected_as_one() -> None:
    with pytest.raises(InvalidLifecyclePolicy, match="known only at deployment; write it out"):
        LifecyclePolicy.from_json("${Token[TOKEN.7]}")


def test_a_policy_of_very_many_rules_is_rejected_by_their_number_alone() -> None:
    with pytest.raises(InvalidLifecyclePolicy) as caught:
        LifecyclePolicy.from_dict({"rules": [{}] * 100_000, "more": 1})

    assert caught.value.problems == (
        "more: unknown field; a policy has only 'rules'",
        "rules: 100,000 rules, and none is validated; ECR allows 50, merge or leave out some",
    )
