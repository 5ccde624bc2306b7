"""`HardenedInjector`: the arguments that the injector gives, and those that it does not change."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam

from ecr_constructs import (
    ADOPTED,
    CREATED,
    EPHEMERAL,
    HARDENED,
    Access,
    Hardened,
    HardenedInjector,
    HardenedRepository,
    Immutability,
    LifecyclePolicy,
    RepositorySettings,
    archive_unpulled,
    expire_older_than,
    expire_untagged,
    keep_latest,
)
from ecr_constructs.errors import InvalidRepository

OTHERS = CREATED.but(
    immutability=Immutability.all_tags_except("latest", "dev-*"),
    lifecycle=[keep_latest(10, matching="v*"), expire_older_than(after_days=9, matching="b*"), expire_untagged(keep=7)],
    scan_on_push=False,
    removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
)

DENIAL = iam.PolicyStatement(effect=iam.Effect.DENY, principals=[iam.AnyPrincipal()], actions=["ecr:BatchDeleteImage"])


def new_stack(settings: RepositorySettings = CREATED) -> cdk.Stack:
    return cdk.Stack(cdk.App(property_injectors=[HardenedInjector(settings=settings)]), "Containers")


def resources(stack: cdk.Stack) -> dict[str, Any]:
    found = dict(assertions.Template.from_stack(stack).find_resources("AWS::ECR::Repository"))
    for each in found.values():
        if policy := each["Properties"].get("LifecyclePolicy"):
            # The CDK writes the same rules in another order of keys.
            policy["LifecyclePolicyText"] = json.loads(policy["LifecyclePolicyText"])
    return {name: found[next(key for key in found if key.startswith(name))] for name in ("Api",)}


@pytest.mark.parametrize("settings", [CREATED, ADOPTED, OTHERS], ids=["CREATED", "ADOPTED", "others"])
def test_the_injector_and_the_mixin_write_the_same(settings: RepositorySettings) -> None:
    injected = new_stack(settings)
    ecr.Repository(injected, "Api")
    mixed = cdk.Stack(cdk.App(), "Containers")
    # An `ecr.Repository` has a deletion policy before the mixin is applied.
    ecr.CfnRepository(mixed, "Api").with_(Hardened(settings=settings))

    assert resources(injected) == resources(mixed)


def test_given_arguments_are_not_changed() -> None:
    stack = new_stack()
    ecr.Repository(
        stack,
        "Api",
        image_tag_mutability=ecr.TagMutability.MUTABLE,
        image_scan_on_push=False,
        lifecycle_rules=[ecr.LifecycleRule(max_image_count=3)],
        removal_policy=cdk.RemovalPolicy.DESTROY,
        empty_on_delete=True,
    )

    found = resources(stack)["Api"]
    assert found["DeletionPolicy"] == "Delete"
    assert found["Properties"]["ImageTagMutability"] == "MUTABLE"
    assert found["Properties"]["ImageScanningConfiguration"] == {"ScanOnPush": False}
    assert len(found["Properties"]["LifecyclePolicy"]["LifecyclePolicyText"]["rules"]) == 1


def test_untagged_images_of_a_repository_with_mutable_tags_are_kept_by_number() -> None:
    stack = new_stack()
    ecr.Repository(stack, "Api", image_tag_mutability=ecr.TagMutability.MUTABLE)

    (rule,) = resources(stack)["Api"]["Properties"]["LifecyclePolicy"]["LifecyclePolicyText"]["rules"]
    assert (rule["selection"]["countType"], rule["selection"]["countNumber"]) == ("imageCountMoreThan", 100)


def test_a_hardened_repository_keeps_its_settings() -> None:
    injected, plain = new_stack(OTHERS), cdk.Stack(cdk.App(), "Containers")
    for stack in (injected, plain):
        HardenedRepository(stack, "Api", lifecycle=LifecyclePolicy.none())

    assert resources(injected) == resources(plain)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (HARDENED, ["encryption is Encryption.shared_key()"]),
        (CREATED.but(lifecycle=archive_unpulled(after_days=90)), ["use the mixin Hardened"]),
        (
            EPHEMERAL.but(
                access=[Access.account_pull("111122223333")], policy_statements=[DENIAL], resource_tags={"team": "a"}
            ),
            [
                "encryption is",
                "access has 1",
                "policy_statements has 1",
                "resource_tags has 1",
                "empty_on_delete is True",
            ],
        ),
    ],
)
def test_settings_that_the_injector_does_not_write_are_rejected(settings: RepositorySettings, words: list[str]) -> None:
    with pytest.raises(InvalidRepository) as raised:
        HardenedInjector(settings=settings)

    assert [any(word in problem for problem in raised.value.problems) for word in words] == [True] * len(words)
    assert len(raised.value.problems) == len(words)


def test_settings_of_the_wrong_kind_are_rejected() -> None:
    with pytest.raises(TypeError, match="settings"):
        HardenedInjector(settings={})  # type: ignore[arg-type]
