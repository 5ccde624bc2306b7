"""An age and a number for the same images are one error, with three policies that ECR accepts."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from ecr_constructs import model
from ecr_constructs.errors import InvalidLifecyclePolicy
from ecr_constructs.model import (
    LifecyclePolicy,
    expire_older_than,
    expire_untagged,
    keep_forever,
    keep_latest,
    limit_images,
)

BOTH_RULES = [
    {
        "rulePriority": 1,
        "selection": {
            "tagStatus": "tagged",
            "tagPrefixList": ["v"],
            "countType": "imageCountMoreThan",
            "countNumber": 5,
        },
        "action": {"type": "expire"},
    },
    {
        "rulePriority": 2,
        "selection": {
            "tagStatus": "tagged",
            "tagPrefixList": ["v"],
            "countType": "sinceImagePushed",
            "countUnit": "days",
            "countNumber": 30,
        },
        "action": {"type": "expire"},
    },
]
REQUESTS: dict[str, Callable[[], object]] = {
    "keyword": lambda: expire_older_than(after_days=30, keep=5, matching="v*"),
    "keyword, several": lambda: expire_older_than(after_days=30, keep=5, matching=["v*", "w*"]),
    "keyword, all of": lambda: expire_older_than(after_days=30, keep=5, matching_all=["v*", "*-arm"]),
    "keyword, all images": lambda: expire_older_than(after_days=30, keep=5),
    "untagged": lambda: expire_untagged(after_days=30, keep=5),
    "two intents": lambda: LifecyclePolicy.of(
        keep_latest(5, matching="v*"), expire_older_than(after_days=30, matching="v*")
    ),
    "age first": lambda: LifecyclePolicy.of(
        expire_older_than(after_days=30, matching="v*"), keep_latest(5, matching="v*")
    ),
    "narrower age": lambda: LifecyclePolicy.of(
        keep_latest(5, matching="v*"), expire_older_than(after_days=30, matching=["v1.*", "v2.*"])
    ),
    "two intents for untagged": lambda: LifecyclePolicy.of(expire_untagged(keep=5), expire_untagged(after_days=30)),
    "all images": lambda: LifecyclePolicy.of(limit_images(5), expire_older_than(after_days=30)),
    "document": lambda: LifecyclePolicy.from_dict({"rules": BOTH_RULES}),
}


@pytest.mark.parametrize("request_both", REQUESTS.values(), ids=REQUESTS)
def test_an_age_with_a_number_is_one_error_with_three_policies_that_work(request_both: Callable[[], object]) -> None:
    with pytest.raises(InvalidLifecyclePolicy) as caught:
        request_both()

    (problem,) = caught.value.problems
    assert (
        "'older than 30 days, but never the newest 5' is not possible: ECR cannot combine an age and a number"
        in problem
    )
    assert "also deletes images that are at most 30 days old and not among the newest 5" in problem
    assert "leaves at least 90 days to restore an image" in problem
    calls = re.findall(r"(?:\([123]\) (?=\w+\())(\w+\([^()]*\))|(delete_archived\(\w+=\d+\))", problem)
    first, second, third, last = (eval("".join(call), vars(model)) for call in calls)  # noqa: S307  (our own message)
    for intents in ((first,), (keep_forever("production"), second), (third, last)):
        assert LifecyclePolicy.of(*intents).rules


def test_two_rules_over_all_images_are_an_error_with_the_limit() -> None:
    with pytest.raises(InvalidLifecyclePolicy, match="allows only one rule over all images in each storage class"):
        REQUESTS["all images"]()


@pytest.mark.parametrize(
    "policy",
    [
        lambda: LifecyclePolicy.of(keep_latest(5, matching="v*"), expire_older_than(after_days=30)),
        lambda: LifecyclePolicy.of(keep_latest(5, matching="v1.*"), expire_older_than(after_days=30, matching="v*")),
    ],
)
def test_a_number_for_a_part_of_the_images_before_an_age_is_accepted(policy: Callable[[], LifecyclePolicy]) -> None:
    assert policy().rules


def test_a_count_rule_for_a_part_of_the_images_must_come_before_an_age_rule() -> None:
    with pytest.raises(InvalidLifecyclePolicy, match="or write the narrower pattern first"):
        LifecyclePolicy.of(expire_older_than(after_days=30, matching="v*"), keep_latest(5, matching="v1.*"))


def test_two_ages_for_the_same_images_are_rejected() -> None:
    with pytest.raises(InvalidLifecyclePolicy, match="which comes first; remove one"):
        LifecyclePolicy.of(
            expire_older_than(after_days=30, matching="v*"), expire_older_than(after_days=60, matching="v*")
        )


@pytest.mark.parametrize("keep", [True, "5", 2.5])
def test_a_number_of_the_wrong_kind_is_a_type_error(keep: object) -> None:
    with pytest.raises(TypeError, match="keep must be a whole number"):
        expire_older_than(after_days=30, keep=keep)  # type: ignore[arg-type]
