"""Each option of a repository: a value, the limit, and past the limit."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Annotations, Match

from ecr_constructs import (
    HARDENED,
    Access,
    HardenedRepository,
    Immutability,
    InvalidName,
    InvalidRepository,
    LifecyclePolicy,
    RepositorySettings,
    archive_older_than,
    archive_unpulled,
    delete_archived,
    expire_untagged,
    keep_forever,
    keep_latest,
    limit_images,
)
from tests.templates import KEY, lifecycle_rules, properties, resource, resources, statements

# --- immutability ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("immutability", "mode", "filters"),
    [
        (Immutability.all_tags(), "IMMUTABLE", None),
        (Immutability.all_tags_except("latest", "dev-*"), "IMMUTABLE_WITH_EXCLUSION", ["latest", "dev-*"]),
        (Immutability.only_tags("v*"), "MUTABLE_WITH_EXCLUSION", ["v*"]),
        (Immutability.off(), "MUTABLE", None),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_mutability_reaches_the_template(
    stack: cdk.Stack, immutability: Immutability, mode: str, filters: Sequence[str] | None
) -> None:
    found = properties(HardenedRepository(stack, "Api", immutability=immutability))

    written = [
        {"ImageTagMutabilityExclusionFilterType": "WILDCARD", "ImageTagMutabilityExclusionFilterValue": text}
        for text in filters or ()
    ]
    assert (found["ImageTagMutability"], found.get("ImageTagMutabilityExclusionFilters")) == (mode, written or None)


def test_five_exclusion_filters_are_the_most(stack: cdk.Stack) -> None:
    five = Immutability.all_tags_except(*"abcde")

    assert (
        len(properties(HardenedRepository(stack, "Api", immutability=five))["ImageTagMutabilityExclusionFilters"]) == 5
    )
    with pytest.raises(InvalidName, match="6 exclusion filters; ECR allows 1 to 5"):
        Immutability.all_tags_except(*"abcdef")


def test_a_filter_with_a_token_is_rejected() -> None:
    with pytest.raises(InvalidName, match="is known only at deployment"):
        Immutability.all_tags_except(cdk.Aws.REGION)


# --- lifecycle ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "immutability",
    [Immutability.all_tags_except("latest"), Immutability.only_tags("v*"), Immutability.off()],
    ids=lambda value: str(value.mode),
)
def test_the_default_for_mutable_tags_keeps_the_newest_hundred_untagged_images(
    stack: cdk.Stack, immutability: Immutability
) -> None:
    (rule,) = lifecycle_rules(HardenedRepository(stack, "Api", immutability=immutability))

    assert rule["selection"] == {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 100}


def test_a_given_lifecycle_policy_does_not_depend_on_the_immutability(stack: cdk.Stack) -> None:
    policy = LifecyclePolicy.of(expire_untagged(after_days=3))
    repository = HardenedRepository(stack, "Api", immutability=Immutability.off(), lifecycle=policy)

    assert {"rules": lifecycle_rules(repository)} == policy.to_dict()


def test_a_lifecycle_of_none_writes_none(stack: cdk.Stack) -> None:
    repository = HardenedRepository(stack, "Api", lifecycle=LifecyclePolicy.none())

    assert "LifecyclePolicy" not in properties(repository)


def test_rules_without_an_equivalent_in_the_cdk_are_in_the_template(stack: cdk.Stack) -> None:
    policy = LifecyclePolicy.of(
        keep_forever("v*"),
        archive_older_than(after_days=30, matching="dev-*"),
        archive_unpulled(after_days=120),
        delete_archived(after_days=90),
    )

    rules = lifecycle_rules(HardenedRepository(stack, "Api", lifecycle=policy))

    assert {"rules": rules} == policy.to_dict()
    assert {rule["selection"]["countType"] for rule in rules} == {
        "imageCountMoreThan",
        "sinceImagePushed",
        "sinceImagePulled",
        "sinceImageTransitioned",
    }
    assert {rule["action"].get("targetStorageClass") for rule in rules} == {None, "archive"}


def test_rules_are_written_in_order_of_priority(stack: cdk.Stack) -> None:
    policy = LifecyclePolicy.of(limit_images(500), expire_untagged(after_days=1), keep_latest(3, matching="v*"))

    rules = lifecycle_rules(HardenedRepository(stack, "Api", lifecycle=policy))

    assert [rule["rulePriority"] for rule in rules] == [1, 2, 3]
    assert [rule["selection"]["tagStatus"] for rule in rules] == ["untagged", "tagged", "any"]


# --- scanning -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scan", [True, False])
def test_scanning_on_push_is_always_rendered(stack: cdk.Stack, scan: bool) -> None:  # noqa: FBT001  (a parameter)
    found = properties(HardenedRepository(stack, "Api", scan_on_push=scan))

    assert found["ImageScanningConfiguration"] == {"ScanOnPush": scan}


# --- removal --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "deletion", "replacement"),
    [
        (cdk.RemovalPolicy.RETAIN, "Retain", "Retain"),
        (cdk.RemovalPolicy.DESTROY, "Delete", "Delete"),
        (cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE, "RetainExceptOnCreate", "Retain"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_each_removal_policy_reaches_the_template(
    stack: cdk.Stack, policy: cdk.RemovalPolicy, deletion: str, replacement: str
) -> None:
    found = resource(HardenedRepository(stack, "Api", removal_policy=policy))

    assert (found["DeletionPolicy"], found["UpdateReplacePolicy"]) == (deletion, replacement)


def test_the_removal_policy_snapshot_is_rejected(stack: cdk.Stack) -> None:
    with pytest.raises(InvalidRepository, match="removal_policy SNAPSHOT is not supported by repositories; use RETAIN"):
        HardenedRepository(stack, "Api", removal_policy=cdk.RemovalPolicy.SNAPSHOT)


def test_empty_on_delete_is_allowed_with_the_removal_policy_destroy(stack: cdk.Stack) -> None:
    repository = HardenedRepository(stack, "Api", removal_policy=cdk.RemovalPolicy.DESTROY, empty_on_delete=True)

    assert properties(repository)["EmptyOnDelete"] is True


@pytest.mark.parametrize("policy", [None, cdk.RemovalPolicy.RETAIN, cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE])
def test_images_cannot_be_deleted_with_a_retained_repository(
    stack: cdk.Stack, policy: cdk.RemovalPolicy | None
) -> None:
    with pytest.raises(InvalidRepository, match=r"empty_on_delete deletes images, and removal_policy is RETAIN\w*; "):
        HardenedRepository(stack, "Api", removal_policy=policy, empty_on_delete=True)


# --- resource tags --------------------------------------------------------------------------------------------------


def test_resource_tags_are_on_the_resource(stack: cdk.Stack) -> None:
    repository = HardenedRepository(stack, "Api", resource_tags={"team": "payments", "cost": "42"})

    assert properties(repository)["Tags"] == [{"Key": "cost", "Value": "42"}, {"Key": "team", "Value": "payments"}]


def test_resource_tags_are_not_on_the_shared_key(stack: cdk.Stack) -> None:
    HardenedRepository(stack, "Api", resource_tags={"team": "payments"})

    assert "Tags" not in resource_of_key(stack)


def test_tags_of_the_repository_override_those_of_the_stack(stack: cdk.Stack) -> None:
    cdk.Tags.of(stack).add("company", "larkspur")
    cdk.Tags.of(stack).add("team", "platform")
    repository = HardenedRepository(stack, "Api", resource_tags={"team": "payments"})

    assert properties(repository)["Tags"] == [
        {"Key": "company", "Value": "larkspur"},
        {"Key": "team", "Value": "payments"},
    ]


def test_a_token_is_handed_on_as_the_value_of_a_tag(stack: cdk.Stack) -> None:
    repository = HardenedRepository(stack, "Api", resource_tags={"region": cdk.Aws.REGION})

    assert properties(repository)["Tags"] == [{"Key": "region", "Value": {"Ref": "AWS::Region"}}]


@pytest.mark.parametrize(
    "tags", [{f"key-{number}": "value" for number in range(50)}, {"k" * 127: "v"}, {"k": "v" * 255}, {"k e+y": "a=b@c"}]
)
def test_tags_at_the_limit_are_accepted(stack: cdk.Stack, tags: dict[str, str]) -> None:
    written = properties(HardenedRepository(stack, "Api", resource_tags=tags))["Tags"]

    assert {each["Key"]: each["Value"] for each in written} == tags


def test_tags_past_the_limit_are_rejected(stack: cdk.Stack) -> None:
    cases: list[tuple[dict[str, str], str]] = [
        ({f"key-{number}": "value" for number in range(51)}, "51 resource tags; ECR allows 50"),
        ({"k" * 128: "v"}, "has 128 characters; CloudFormation allows 1 to 127"),
        ({"": "v"}, "resource tag key '' has 0 characters; CloudFormation allows 1 to 127"),
        ({"k": "v" * 256}, "has 256 characters; CloudFormation allows 1 to 255"),
        ({"k": ""}, "resource tag value of 'k': '' has 0 characters; CloudFormation allows 1 to 255"),
        ({"aws:team": "v"}, "'aws:team' begins with 'aws:', which is reserved for AWS"),
        ({"AWS:team": "v"}, "'AWS:team' begins with 'aws:', which is reserved for AWS"),
        ({"k": "a|b"}, "resource tag value of 'k': 'a|b' is not well formed"),
    ]
    for tags, sentence in cases:
        with pytest.raises(InvalidRepository) as refused:
            HardenedRepository(stack, "Api", resource_tags=tags)

        assert sentence in str(refused.value)


# --- settings and keywords ------------------------------------------------------------------------------------------


def test_settings_apply_where_no_argument_is_given(stack: cdk.Stack) -> None:
    settings = HARDENED.but(immutability=Immutability.off(), scan_on_push=False)
    found = properties(HardenedRepository(stack, "Api", settings=settings))

    assert found["ImageTagMutability"] == "MUTABLE"
    assert found["ImageScanningConfiguration"] == {"ScanOnPush": False}


def test_a_keyword_overrides_the_settings(stack: cdk.Stack) -> None:
    settings = RepositorySettings(
        immutability=Immutability.off(),
        scan_on_push=False,
        removal_policy=cdk.RemovalPolicy.DESTROY,
        empty_on_delete=True,
        lifecycle=LifecyclePolicy.none(),
    )
    policy = LifecyclePolicy.of(keep_latest(3, matching="v*"))
    repository = HardenedRepository(
        stack,
        "Api",
        settings=settings,
        immutability=Immutability.all_tags(),
        scan_on_push=True,
        removal_policy=cdk.RemovalPolicy.RETAIN,
        empty_on_delete=False,
        lifecycle=policy,
    )

    found = resource(repository)
    assert found["DeletionPolicy"] == "Retain"
    assert found["Properties"]["ImageTagMutability"] == "IMMUTABLE"
    assert found["Properties"]["ImageScanningConfiguration"] == {"ScanOnPush": True}
    assert found["Properties"]["LifecyclePolicy"] == {"LifecyclePolicyText": policy.to_json()}
    assert "EmptyOnDelete" not in found["Properties"]


def test_access_by_keyword_adds_to_that_of_the_settings(stack: cdk.Stack) -> None:
    settings = HARDENED.but(access=[Access.organization_pull("o-abc1234567")])
    repository = HardenedRepository(stack, "Api", settings=settings, access=[Access.account_push("444455556666")])

    assert [list(each) for each in statements(repository)] == [
        ["Action", "Effect", "Principal", "Condition"],
        ["Action", "Effect", "Principal"],
    ]


def test_tags_by_keyword_add_to_those_of_the_settings(stack: cdk.Stack) -> None:
    settings = HARDENED.but(resource_tags={"company": "larkspur", "team": "platform"})
    repository = HardenedRepository(stack, "Api", settings=settings, resource_tags={"team": "payments"})

    assert properties(repository)["Tags"] == [
        {"Key": "company", "Value": "larkspur"},
        {"Key": "team", "Value": "payments"},
    ]


def resource_of_key(stack: cdk.Stack) -> dict[str, object]:
    (key,) = resources(stack, KEY).values()
    return dict(key["Properties"])


# --- untagged images with mutable tags ------------------------------------------------------------------------------

UNTAGGED_AGE = Match.string_like_regexp(
    "ECR counts the age from the push, so an image can be deleted on the day it loses"
)


@pytest.mark.parametrize(
    ("immutability", "lifecycle", "warned"),
    [
        (Immutability.off(), LifecyclePolicy.of(expire_untagged(after_days=1)), True),
        (Immutability.all_tags_except("latest"), LifecyclePolicy.of(expire_untagged(after_days=14)), True),
        (Immutability.all_tags(), LifecyclePolicy.of(expire_untagged(after_days=1)), False),
        (Immutability.off(), LifecyclePolicy.of(expire_untagged(keep=10)), False),
        (Immutability.off(), LifecyclePolicy.of(keep_latest(10, matching="v*")), False),
        (Immutability.off(), None, False),
    ],
    ids=["off", "latest", "all bound", "by number", "tagged", "default"],
)
def test_an_age_rule_for_untagged_images_has_a_warning_only_with_mutable_tags(
    stack: cdk.Stack, immutability: Immutability, lifecycle: LifecyclePolicy | None, *, warned: bool
) -> None:
    HardenedRepository(stack, "Api", immutability=immutability, lifecycle=lifecycle)

    if warned:
        Annotations.from_stack(stack).has_warning("/Containers/Api/Resource", UNTAGGED_AGE)
    else:
        Annotations.from_stack(stack).has_no_warning("*", UNTAGGED_AGE)
