"""
Lifecycle policies are read as by botocore's model of the API and by the validator of moto.

Where the validators differ, the test has a reason, and docs/limits.md lists the difference. A test fails if a listed
difference no longer exists.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import pytest
from botocore.model import ServiceModel  # type: ignore[import-untyped]
from botocore.validate import ParamValidator  # type: ignore[import-untyped]
from moto.ecr.exceptions import InvalidParameterException
from moto.ecr.policy_validation import EcrLifecyclePolicyValidator

from ecr_constructs.errors import InvalidLifecyclePolicy
from ecr_constructs.model import LifecyclePolicy, images
from ecr_constructs.model.images import ImageStatus
from ecr_constructs.model.lifecycle.rule import TagStatus
from tests.arbiters.sources import service_model, shape

pytestmark = pytest.mark.arbiter

PAGE = Path(__file__).parents[2] / "docs" / "limits.md"

Verdict = Literal["accepted", "rejected", "fails"]


class Case(NamedTuple):
    """A policy with the verdict of each validator. A difference has a reason."""

    about: str
    text: str
    ours: Verdict
    moto: Verdict
    why: str = ""


def of(*rules: object, **more: object) -> str:
    return json.dumps({"rules": list(rules), **more})


def rule(
    selection: object = None, *, priority: object = 1, action: object = None, without: str = "", **more: object
) -> dict[str, object]:
    whole = {
        "rulePriority": priority,
        "selection": {**ANY} if selection is None else selection,
        "action": {"type": "expire"} if action is None else action,
        **more,
    }
    return {key: value for key, value in whole.items() if key != without}


ANY = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1}
UNTAGGED = {**ANY, "tagStatus": "untagged"}
TAGGED = {**ANY, "tagStatus": "tagged", "tagPatternList": ["v*"]}
PUSHED = {"tagStatus": "any", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 1}
IN_ARCHIVE = {**PUSHED, "countType": "sinceImageTransitioned", "storageClass": "archive", "countNumber": 90}
ARCHIVE = {"type": "transition", "targetStorageClass": "archive"}

OLDER = "moto does not support the archive; AWS prints such policies"
SCHEMA = "moto checks single fields and not their combinations"
WHOLE = "moto checks each rule separately"
TYPES = "moto does not check the types of values"

CASES = [
    # Policies that both accept.
    Case("a number of all images", of(rule(ANY)), "accepted", "accepted"),
    Case("a number of images with a pattern", of(rule(TAGGED)), "accepted", "accepted"),
    Case(
        "an age of images with a prefix",
        of(rule({**PUSHED, "tagStatus": "tagged", "tagPrefixList": ["v"]})),
        "accepted",
        "accepted",
    ),
    Case("an age of untagged images", of(rule({**PUSHED, "tagStatus": "untagged"})), "accepted", "accepted"),
    Case("a description", of(rule(description="Keep one")), "accepted", "accepted"),
    Case("priorities with gaps", of(rule(priority=70), rule(TAGGED, priority=7)), "accepted", "accepted"),
    # Policies that both reject.
    Case("no JSON", "rules", "rejected", "rejected"),
    Case("no object", "[]", "rejected", "rejected"),
    Case("no `rules`", "{}", "rejected", "rejected"),
    Case("`rules` that are no list", '{"rules": {}}', "rejected", "rejected"),
    Case("a rule that is no object", of("any"), "rejected", "rejected"),
    *(
        Case(f"a rule without `{field}`", of(rule(without=field)), "rejected", "rejected")
        for field in ("rulePriority", "selection", "action")
    ),
    *(
        Case(
            f"a selection without `{field}`",
            of(rule({key: value for key, value in ANY.items() if key != field})),
            "rejected",
            "rejected",
        )
        for field in ANY
    ),
    Case("an action without a type", of(rule(action={})), "rejected", "rejected"),
    Case("an unknown field of a rule", of(rule(enabled=True)), "rejected", "rejected"),
    Case("an unknown field of a selection", of(rule({**ANY, "tagList": ["v1"]})), "rejected", "rejected"),
    Case("an unknown field of an action", of(rule(action={"type": "expire", "dryRun": True})), "rejected", "rejected"),
    Case("an unknown action", of(rule(action={"type": "delete"})), "rejected", "rejected"),
    Case("an unknown tag status", of(rule({**ANY, "tagStatus": "all"})), "rejected", "rejected"),
    Case("an unknown count type", of(rule({**ANY, "countType": "imageCountLessThan"})), "rejected", "rejected"),
    Case("an age in hours", of(rule({**PUSHED, "countUnit": "hours"})), "rejected", "rejected"),
    Case("a number of 0", of(rule({**ANY, "countNumber": 0})), "rejected", "rejected"),
    Case("a number below 0", of(rule({**ANY, "countNumber": -1})), "rejected", "rejected"),
    Case(
        "a target for what expires",
        of(rule(action={"type": "expire", "targetStorageClass": "archive"})),
        "rejected",
        "rejected",
    ),
    # Policies that AWS accepts, and moto rejects.
    Case("archiving", of(rule(PUSHED, action=ARCHIVE)), "accepted", "rejected", OLDER),
    Case(
        "days since the last pull",
        of(rule({**PUSHED, "countType": "sinceImagePulled"}, action=ARCHIVE)),
        "accepted",
        "rejected",
        OLDER,
    ),
    Case("days in the archive", of(rule(IN_ARCHIVE)), "accepted", "rejected", OLDER),
    Case(
        "`standard` written out as storage class",
        of(rule({**ANY, "storageClass": "standard"})),
        "accepted",
        "rejected",
        OLDER,
    ),
    # Policies that moto accepts, and the documentation of AWS excludes.
    Case("no rules", of(), "rejected", "accepted", "the text is shorter than the 100 characters that the API asks for"),
    Case("an unknown field beside `rules`", of(rule(), version=1), "rejected", "accepted", SCHEMA),
    Case("`tagged` without a list", of(rule({**ANY, "tagStatus": "tagged"})), "rejected", "accepted", SCHEMA),
    Case("a list for `untagged`", of(rule({**UNTAGGED, "tagPrefixList": ["v"]})), "rejected", "accepted", SCHEMA),
    Case("a list for `any`", of(rule({**ANY, "tagPatternList": ["v*"]})), "rejected", "accepted", SCHEMA),
    Case(
        "patterns and prefixes in one rule",
        of(rule({**TAGGED, "tagPrefixList": ["v"]})),
        "rejected",
        "accepted",
        SCHEMA,
    ),
    Case("an empty list of tags", of(rule({**TAGGED, "tagPatternList": []})), "rejected", "accepted", SCHEMA),
    Case("five wildcards", of(rule({**TAGGED, "tagPatternList": ["a*b*c*d*e*"]})), "rejected", "accepted", SCHEMA),
    Case("a unit for a number of images", of(rule({**ANY, "countUnit": "days"})), "rejected", "accepted", SCHEMA),
    Case(
        "an age without a unit",
        of(rule({key: value for key, value in PUSHED.items() if key != "countUnit"})),
        "rejected",
        "accepted",
        SCHEMA,
    ),
    Case("a priority of 0", of(rule(priority=0)), "rejected", "accepted", SCHEMA),
    Case("two rules of one priority", of(rule(TAGGED), rule()), "rejected", "accepted", WHOLE),
    Case("`any` before another rule", of(rule(), rule(TAGGED, priority=2)), "rejected", "accepted", WHOLE),
    Case("two rules for `any`", of(rule(), rule(priority=2)), "rejected", "accepted", WHOLE),
    Case("two rules for `untagged`", of(rule(UNTAGGED), rule(UNTAGGED, priority=2)), "rejected", "accepted", WHOLE),
    Case("two rules with one list", of(rule(TAGGED), rule(TAGGED, priority=2)), "rejected", "accepted", WHOLE),
    Case(
        "51 rules",
        of(*(rule({**TAGGED, "tagPatternList": [f"v{each}"]}, priority=each) for each in range(1, 52))),
        "rejected",
        "accepted",
        WHOLE,
    ),
    Case("a text of 30,721 characters", of(rule(description="x" * 30_721)), "rejected", "accepted", WHOLE),
    Case("a priority in quotation marks", of(rule(priority="1")), "rejected", "accepted", TYPES),
    Case("a number with a fraction", of(rule({**ANY, "countNumber": 1.5})), "rejected", "accepted", TYPES),
    Case("a list that is a text", of(rule({**TAGGED, "tagPatternList": "v*"})), "rejected", "accepted", TYPES),
    Case("a description that is null", of(rule(description=None)), "rejected", "accepted", TYPES),
    Case("a number in quotation marks", of(rule({**ANY, "countNumber": "1"})), "rejected", "fails", TYPES),
    Case("a selection that is a list", of(rule(selection=[])), "rejected", "fails", TYPES),
    Case(
        "a key that is written twice",
        of(rule()).replace('"rulePriority": 1', '"rulePriority": 1, "rulePriority": 2'),
        "rejected",
        "accepted",
        "a JSON parser uses only the last value; the intended value is unknown",
    ),
]


def verdict(check: Callable[[], object], refusal: type[Exception]) -> Verdict:
    try:
        check()
    except refusal:
        return "rejected"
    except (TypeError, AttributeError):  # an exception of the validator, which the API returns as another error
        return "fails"
    return "accepted"


def verdicts(case: Case) -> tuple[Verdict, Verdict]:
    """Return the verdicts of the library and of moto."""
    return (
        verdict(lambda: LifecyclePolicy.from_json(case.text), InvalidLifecyclePolicy),
        verdict(EcrLifecyclePolicyValidator(case.text).validate, InvalidParameterException),
    )


def test_both_validators_have_the_expected_verdicts() -> None:
    assert [case.about for case in CASES if verdicts(case) != (case.ours, case.moto)] == []


def test_each_disagreement_and_no_agreement_has_a_reason() -> None:
    assert [case.about for case in CASES if bool(case.why) is (case.ours == case.moto)] == []


def test_the_page_lists_the_same_differences() -> None:
    _, _, table = PAGE.read_text(encoding="utf-8").partition(
        "| policy | moto | here | why |\n| --- | --- | --- | --- |\n"
    )

    assert table.splitlines() == [
        f"| {case.about} | {case.moto} | {case.ours} | {case.why} |" for case in CASES if case.why
    ]


# --- botocore's model -------------------------------------------------------------------------------------------------


def faults_of_the_request(text: str) -> str:
    """Return the error of botocore for a request with a text."""
    operation = ServiceModel(service_model(), "ecr").operation_model("PutLifecyclePolicy")
    report = ParamValidator().validate({"repositoryName": "ab", "lifecyclePolicyText": text}, operation.input_shape)
    return str(report.generate_report())


def test_the_api_rejects_the_policy_without_rules_for_its_length() -> None:
    assert "valid min length: 100" in faults_of_the_request(of())


def test_every_accepted_policy_is_long_enough_for_the_api() -> None:
    accepted = [LifecyclePolicy.from_json(case.text) for case in CASES if case.ours == "accepted"]

    assert [policy for policy in accepted if faults_of_the_request(policy.to_json())] == []


def test_the_api_still_does_not_describe_the_text() -> None:
    """When a shape comes to name count types, compare them with ours here."""
    assert faults_of_the_request("x" * 100) == ""
    assert "sinceImagePulled" not in json.dumps(
        {name: each for name, each in service_model()["shapes"].items() if "enum" in each}
    )


def test_tag_statuses_are_those_by_which_a_preview_is_filtered() -> None:
    assert {status.upper() for status in get_args(TagStatus)} == set(shape("TagStatus")["enum"])
    assert shape("LifecyclePolicyPreviewFilter")["members"]["tagStatus"]["shape"] == "TagStatus"


def test_statuses_of_images_are_those_of_the_api() -> None:
    assert {status.upper() for status in get_args(ImageStatus)} == set(shape("ImageStatus")["enum"])


def test_the_fields_that_an_image_is_read_from_are_fields_of_the_api() -> None:
    """
    A new field can affect the outcome of an image, or reference the images of an index. List it here if it does
    neither.
    """
    irrelevant = {"registryId", "repositoryName", "imageScanStatus", "imageScanFindingsSummary"}

    assert set(images._FIELDS.values()) | irrelevant == set(shape("ImageDetail")["members"])


def test_a_preview_has_the_same_outcome_for_each_image_as_the_decision() -> None:
    members: dict[str, Any] = shape("LifecyclePolicyPreviewResult")["members"]

    assert {name: each["shape"] for name, each in members.items()} == {
        "imageTags": "ImageTagList",
        "imageDigest": "ImageDigest",
        "imagePushedAt": "PushTimestamp",
        "action": "LifecyclePolicyRuleAction",
        "appliedRulePriority": "LifecyclePolicyRulePriority",
        "storageClass": "LifecyclePolicyStorageClass",
    }
    assert set(shape("LifecyclePolicyRuleAction")["members"]) == {"type", "targetStorageClass"}


def test_the_api_does_not_delete_an_image_of_an_index() -> None:
    assert "ImageReferencedByManifestList" in shape("ImageFailureCode")["enum"]
