"""`Hardened`: the properties that the mixin writes, and those that it does not change."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam

from ecr_constructs import (
    EPHEMERAL,
    HARDENED,
    Access,
    Encryption,
    Hardened,
    HardenedRepository,
    Immutability,
    LifecyclePolicy,
    RepositorySettings,
    keep_latest,
)
from ecr_constructs.errors import InvalidRepository

AES256 = HARDENED.but(encryption=Encryption.aes256())

DENIAL = iam.PolicyStatement(effect=iam.Effect.DENY, principals=[iam.AnyPrincipal()], actions=["ecr:BatchDeleteImage"])


def new_stack() -> cdk.Stack:
    return cdk.Stack(cdk.App(), "Containers")


def resources(stack: cdk.Stack) -> dict[str, Any]:
    return dict(assertions.Template.from_stack(stack).find_resources("AWS::ECR::Repository"))


def of(found: dict[str, Any], id: str) -> dict[str, Any]:
    return next(dict(each) for name, each in found.items() if name.startswith(id))


def lifecycle(resource: dict[str, Any]) -> list[str]:
    rules = json.loads(resource["Properties"]["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
    return [each["description"] for each in rules]


EXPIRE, KEEP = "Expire untagged images 14 days after push", "Keep the newest 100 untagged images"


def test_repositories_of_all_kinds_get_the_same_properties_as_a_hardened_repository() -> None:
    stack = new_stack()
    ecr.Repository(stack, "L2")
    ecr.CfnRepository(stack, "L1")
    ecr.Repository(cdk.NestedStack(stack, "Nested"), "Inner").with_(Hardened())
    cdk.Mixins.of(stack).apply(Hardened())
    HardenedRepository(stack, "Ours", settings=AES256)
    found = resources(stack)
    assert of(found, "L2") == of(found, "L1") == of(found, "Ours")
    nested = next(each for each in stack.node.find_all() if each.node.id == "Nested")
    assert isinstance(nested, cdk.NestedStack)
    assert of(resources(nested), "Inner") == of(found, "Ours")


def test_the_encryption_of_a_repository_is_not_changed() -> None:
    stack = new_stack()
    ecr.Repository(stack, "Aes")
    ecr.Repository(stack, "Kms", encryption=ecr.RepositoryEncryption.KMS)
    cdk.Mixins.of(stack).apply(Hardened())
    found = resources(stack)
    assert "EncryptionConfiguration" not in of(found, "Aes")["Properties"]
    assert of(found, "Kms")["Properties"]["EncryptionConfiguration"] == {"EncryptionType": "KMS"}


def test_properties_that_are_set_before_or_after_are_not_changed() -> None:
    stack = new_stack()
    ecr.Repository(
        stack,
        "Before",
        image_tag_mutability=ecr.TagMutability.MUTABLE,
        image_scan_on_push=False,
        lifecycle_rules=[ecr.LifecycleRule(max_image_count=5, description="theirs")],
        removal_policy=cdk.RemovalPolicy.DESTROY,
        empty_on_delete=True,
    )
    filters_only = ecr.CfnRepository(stack, "Filters")
    filters_only.image_tag_mutability_exclusion_filters = [
        ecr.CfnRepository.ImageTagMutabilityExclusionFilterProperty(
            image_tag_mutability_exclusion_filter_type="WILDCARD", image_tag_mutability_exclusion_filter_value="dev*"
        )
    ]
    later = ecr.Repository(stack, "Later")
    reassigned = ecr.CfnRepository(stack, "Reassigned")
    cdk.Mixins.of(stack).apply(Hardened())
    later.add_lifecycle_rule(max_image_count=7, description="added later")
    reassigned.image_tag_mutability = "MUTABLE"
    found = resources(stack)
    before = of(found, "Before")
    assert before["DeletionPolicy"] == "Delete"
    assert before["Properties"]["ImageTagMutability"] == "MUTABLE"
    assert before["Properties"]["ImageScanningConfiguration"] == {"ScanOnPush": False}
    assert before["Properties"]["EmptyOnDelete"] is True
    assert lifecycle(before) == ["theirs"]
    assert "ImageTagMutability" not in of(found, "Filters")["Properties"]
    assert lifecycle(of(found, "Later")) == ["added later"]
    assert lifecycle(of(found, "Reassigned")) == [KEEP]


def test_untagged_images_of_a_repository_with_mutable_tags_do_not_expire_by_age() -> None:
    stack = new_stack()
    ecr.Repository(stack, "Mutable", image_tag_mutability=ecr.TagMutability.MUTABLE)
    ecr.Repository(stack, "Immutable", image_tag_mutability=ecr.TagMutability.IMMUTABLE)
    cdk.Mixins.of(stack).apply(Hardened())
    found = resources(stack)
    assert lifecycle(of(found, "Mutable")) == [KEEP]
    assert lifecycle(of(found, "Immutable")) == [EXPIRE]


def test_a_mixin_that_is_applied_again_changes_nothing() -> None:
    stack = new_stack()
    ecr.Repository(stack, "Theirs", lifecycle_rules=[ecr.LifecycleRule(max_image_count=5, description="theirs")])
    ecr.Repository(stack, "Plain")
    other = AES256.but(immutability=Immutability.off(), lifecycle=keep_latest(10, matching="v*"))
    cdk.Mixins.of(stack).apply(Hardened(), Hardened(settings=other))
    found = resources(stack)
    assert lifecycle(of(found, "Theirs")) == ["theirs"]
    assert lifecycle(of(found, "Plain")) == [EXPIRE]
    assert of(found, "Plain")["Properties"]["ImageTagMutability"] == "IMMUTABLE"


def test_rules_that_were_read_in_python_before_are_kept() -> None:
    stack = new_stack()
    rules = [ecr.LifecycleRule(max_image_count=5, description="theirs")]
    resource = ecr.Repository(stack, "Theirs", lifecycle_rules=rules).node.default_child
    assert isinstance(resource, ecr.CfnRepository)
    assert resource.lifecycle_policy
    cdk.Mixins.of(stack).apply(Hardened())
    assert lifecycle(of(resources(stack), "Theirs")) == ["theirs"]
    text = assertions.Match.string_like_regexp("was read in Python before .* ecr-constructs:lifecycleIsNotRead")
    assertions.Annotations.from_stack(stack).has_warning("/Containers/Theirs/Resource", text)


def test_a_repository_whose_rules_were_not_read_has_no_warning() -> None:
    stack = new_stack()
    ecr.Repository(stack, "Plain")
    ecr.CfnRepository(stack, "L1", lifecycle_policy={"lifecyclePolicyText": "{}"})
    cdk.Mixins.of(stack).apply(Hardened())
    assert assertions.Annotations.from_stack(stack).find_warning("*", assertions.Match.any_value()) == []


def test_a_hardened_repository_is_not_changed() -> None:
    stack = new_stack()
    settings = AES256.but(immutability=Immutability.off(), lifecycle=LifecyclePolicy.none(), scan_on_push=False)
    ours = HardenedRepository(stack, "Ours", settings=settings)
    mixin = Hardened()
    assert not mixin.supports(ours.resource)
    assert not mixin.supports(stack)
    mixin.apply_to(ours.resource)
    ours.with_(mixin)
    properties = of(resources(stack), "Ours")["Properties"]
    assert "LifecyclePolicy" not in properties
    assert properties["ImageTagMutability"] == "MUTABLE"
    assert properties["ImageScanningConfiguration"] == {"ScanOnPush": False}


def test_other_settings_are_applied() -> None:
    stack = new_stack()
    ecr.CfnRepository(stack, "Api")
    ecr.CfnRepository(stack, "None")
    settings = AES256.but(
        immutability=Immutability.all_tags_except("latest"),
        lifecycle=keep_latest(10, matching="v*"),
        scan_on_push=False,
        removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    )
    stack.node.find_child("Api").with_(Hardened(settings=settings))
    stack.node.find_child("None").with_(Hardened(settings=AES256.but(lifecycle=LifecyclePolicy.none())))
    found = resources(stack)
    api = of(found, "Api")
    assert api["DeletionPolicy"] == "RetainExceptOnCreate"
    assert api["Properties"]["ImageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    assert [*api["Properties"]["ImageTagMutabilityExclusionFilters"][0].values()] == ["WILDCARD", "latest"]
    assert api["Properties"]["ImageScanningConfiguration"] == {"ScanOnPush": False}
    assert len(lifecycle(api)) == 1
    assert "LifecyclePolicy" not in of(found, "None")["Properties"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (HARDENED, ["encryption is Encryption.shared_key()"]),
        (
            EPHEMERAL.but(
                access=[Access.account_pull("111122223333")],
                policy_statements=[DENIAL],
                resource_tags={"team": "payments"},
            ),
            ["access has 1", "policy_statements has 1", "resource_tags has 1", "empty_on_delete is True"],
        ),
    ],
)
def test_settings_that_the_mixin_does_not_write_are_rejected(settings: RepositorySettings, words: list[str]) -> None:
    with pytest.raises(InvalidRepository) as raised:
        Hardened(settings=settings)
    assert all(any(word in problem for problem in raised.value.problems) for word in words)


def test_settings_of_the_wrong_kind_are_rejected() -> None:
    with pytest.raises(TypeError, match="settings"):
        Hardened(settings={})  # type: ignore[arg-type]
