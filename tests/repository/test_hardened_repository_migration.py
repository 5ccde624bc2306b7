"""The migration from `ecr.Repository`: the changes that replace a resource, by the CloudFormation schemas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from ecr_constructs import (
    ADOPTED,
    HARDENED,
    Encryption,
    HardenedRepository,
    Immutability,
    LifecyclePolicy,
    RepositorySettings,
    expire_untagged,
    keep_latest,
)
from ecr_constructs.assembly import CREATE_ONLY, Replacement, replacements
from tests.templates import REPOSITORY, logical_id, new_app, new_stack, template

REGION = "us-east-1"
KEY_ARN = "arn:aws:kms:eu-west-1:111122223333:key/12345678-1234-1234-1234-123456789012"

# An `ecr.Repository`, and the same repository after the migration.
Old = Callable[[cdk.Stack], ecr.Repository]
New = Callable[[cdk.Stack], HardenedRepository]


def schemas() -> Mapping[str, Mapping[str, Any]]:
    """Return the CloudFormation schemas of the resource types of ECR that cfn-lint ships."""
    names = [name for name in PROVIDER_SCHEMA_MANAGER.get_resource_types(REGION) if name.startswith("AWS::ECR::")]
    return {name: PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, name).schema for name in names}


def create_only(resource_type: str) -> set[str]:
    """Return the top-level properties that are, or contain, a create-only property."""
    paths = schemas()[resource_type].get("createOnlyProperties", ())
    return {path.removeprefix("/properties/").partition("/")[0] for path in paths}


def synthesized(make: Old | New) -> tuple[Mapping[str, Any], str]:
    stack = new_stack(new_app(), "Containers")
    repository = make(stack)
    return template(stack), logical_id(repository)


def own_key(stack: cdk.Stack) -> kms.IKey:
    return kms.Key.from_key_arn(stack, "Key", KEY_ARN)


def hardened(settings: RepositorySettings, **values: Any) -> New:
    return lambda stack: HardenedRepository(stack, "Api", settings=settings, repository_name="prod/api", **values)


SAFE: Mapping[str, tuple[Old, New]] = {
    "AES256 to ADOPTED": (
        lambda stack: ecr.Repository(stack, "Api", repository_name="prod/api"),
        hardened(ADOPTED),
    ),
    "AES256 written out to ADOPTED": (
        lambda stack: ecr.Repository(
            stack, "Api", repository_name="prod/api", encryption=ecr.RepositoryEncryption.AES_256
        ),
        hardened(ADOPTED),
    ),
    "aws/ecr to the same": (
        lambda stack: ecr.Repository(stack, "Api", repository_name="prod/api", encryption=ecr.RepositoryEncryption.KMS),
        hardened(ADOPTED, encryption=Encryption.aws_managed_key()),
    ),
    "a customer key to the same": (
        lambda stack: ecr.Repository(stack, "Api", repository_name="prod/api", encryption_key=own_key(stack)),
        lambda stack: hardened(ADOPTED, encryption=Encryption.customer_key(own_key(stack)))(stack),
    ),
    "a customer key of the stack to the same": (
        lambda stack: ecr.Repository(stack, "Api", repository_name="prod/api", encryption_key=kms.Key(stack, "Key")),
        lambda stack: hardened(ADOPTED, encryption=Encryption.customer_key(kms.Key(stack, "Key")))(stack),
    ),
    "without a name to ADOPTED": (
        lambda stack: ecr.Repository(stack, "Api"),
        lambda stack: HardenedRepository(stack, "Api", settings=ADOPTED),
    ),
}
each_safe = pytest.mark.parametrize("name", SAFE)


@each_safe
def test_a_repository_that_is_adopted_keeps_its_logical_id(name: str) -> None:
    (_, before), (_, after) = (synthesized(make) for make in SAFE[name])

    assert before == after


@each_safe
def test_a_repository_that_is_adopted_keeps_every_property_that_is_create_only(name: str) -> None:
    (old, id), (new, _) = (synthesized(make) for make in SAFE[name])

    before, after = (each["Resources"][id].get("Properties", {}) for each in (old, new))
    assert create_only(REPOSITORY) == {"EncryptionConfiguration", "RepositoryName"}
    assert {key: before.get(key) for key in create_only(REPOSITORY)} == {
        key: after.get(key) for key in create_only(REPOSITORY)
    }


@each_safe
def test_nothing_is_replaced_and_nothing_leaves_the_stack(name: str) -> None:
    (old, _), (new, _) = (synthesized(make) for make in SAFE[name])

    assert replacements(old, new) == ()
    assert set(old["Resources"]) <= set(new["Resources"])


@each_safe
def test_adoption_changes_scanning_and_nothing_else(name: str) -> None:
    (old, id), (new, _) = (synthesized(make) for make in SAFE[name])

    before, after = (dict(each["Resources"][id].get("Properties", {})) for each in (old, new))
    # A repository without the property is MUTABLE.
    assert after.pop("ImageTagMutability") == before.pop("ImageTagMutability", "MUTABLE") == "MUTABLE"
    assert after.pop("ImageScanningConfiguration") == {"ScanOnPush": True}
    assert after == before
    for name_of_policy in ("DeletionPolicy", "UpdateReplacePolicy"):
        assert new["Resources"][id][name_of_policy] == old["Resources"][id][name_of_policy]


def with_rules(repository: ecr.Repository) -> ecr.Repository:
    """Add rules with every kind of selection."""
    repository.add_lifecycle_rule(description="builds", tag_prefix_list=["build-"], max_image_count=20)
    repository.add_lifecycle_rule(tag_status=ecr.TagStatus.UNTAGGED, max_image_age=cdk.Duration.days(7))
    repository.add_lifecycle_rule(max_image_count=500)
    return repository


def test_the_rules_of_the_owner_are_the_only_ones_after_adoption() -> None:
    (old, id), (new, _) = (
        synthesized(lambda stack: with_rules(ecr.Repository(stack, "Api"))),
        synthesized(lambda stack: with_rules(HardenedRepository(stack, "Api", settings=ADOPTED))),
    )

    texts = [each["Resources"][id]["Properties"]["LifecyclePolicy"]["LifecyclePolicyText"] for each in (old, new)]
    assert LifecyclePolicy.from_json(texts[0]) == LifecyclePolicy.from_json(texts[1])


def test_the_statements_of_the_owner_are_the_only_ones_after_adoption() -> None:
    def with_statement(repository: ecr.Repository) -> ecr.Repository:
        repository.add_to_resource_policy(
            iam.PolicyStatement(principals=[iam.AccountPrincipal("444455556666")], actions=["ecr:BatchGetImage"])
        )
        return repository

    (old, id), (new, _) = (
        synthesized(lambda stack: with_statement(ecr.Repository(stack, "Api"))),
        synthesized(lambda stack: with_statement(HardenedRepository(stack, "Api", settings=ADOPTED))),
    )

    policies = [each["Resources"][id]["Properties"]["RepositoryPolicyText"]["Statement"] for each in (old, new)]
    assert policies[0] == policies[1]


def test_an_adopted_repository_has_no_annotation(stack: cdk.Stack) -> None:
    HardenedRepository(stack, "Api", repository_name="prod/api", settings=ADOPTED)

    template(stack)

    entries = [entry for each in stack.node.find_all() for entry in each.node.metadata]
    assert [entry.data for entry in entries if entry.type in ("aws:cdk:warning", "aws:cdk:info")] == []


# The steps of docs/migration.md from an adopted repository to a hardened repository. No step replaces a resource.
STEPS: Mapping[str, RepositorySettings] = {
    "adopt": ADOPTED,
    "lifecycle": (
        lifecycle := ADOPTED.but(
            lifecycle=LifecyclePolicy.of(keep_latest(30, matching="v*"), expire_untagged(keep=100))
        )
    ),
    "exceptions": lifecycle.but(immutability=Immutability.all_tags_except("latest")),
    "all tags": lifecycle.but(immutability=Immutability.all_tags()),
    "hardened": HARDENED.but(encryption=Encryption.aes256()),
}


def test_no_step_from_adopted_to_hardened_replaces_the_repository() -> None:
    plain, _ = synthesized(lambda stack: ecr.Repository(stack, "Api", repository_name="prod/api"))
    templates = [plain, *(synthesized(hardened(settings))[0] for settings in STEPS.values())]

    assert [replacements(old, new) for old, new in pairwise(templates)] == [()] * len(STEPS)


@each_safe
def test_the_default_replaces_the_repository_and_its_images_are_deleted(name: str) -> None:
    old, id = synthesized(SAFE[name][0])
    named = "without" not in name
    new, _ = synthesized(lambda stack: HardenedRepository(stack, "Api", repository_name="prod/api" if named else None))

    assert replacements(old, new) == (
        Replacement(logical_id=id, resource_type=REPOSITORY, changed=("EncryptionConfiguration",)),
    )


def test_another_name_replaces_it_too() -> None:
    old, _ = synthesized(hardened(ADOPTED))
    new, _ = synthesized(lambda stack: HardenedRepository(stack, "Api", settings=ADOPTED, repository_name="prod/other"))

    assert [each.changed for each in replacements(old, new)] == [("RepositoryName",)]


def test_changes_that_are_not_create_only_replace_nothing() -> None:
    old, _ = synthesized(hardened(ADOPTED))
    new, _ = synthesized(hardened(ADOPTED, scan_on_push=False, resource_tags={"team": "payments"}))

    assert old != new
    assert replacements(old, new) == ()


def test_the_readme_warns_of_the_replacement_directly_below_the_first_example() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    first_example, below = readme.split("```python\n")[1].split("\n```", 1)
    warning = below.strip().partition("\n\n")[0]

    assert "class ContainersStack(Stack)" in first_example
    assert warning.startswith("> **")
    assert "CloudFormation would replace the repository" in warning
    assert "settings=ADOPTED" in warning
    assert "(docs/migration.md)" in warning


@pytest.mark.arbiter
def test_the_create_only_properties_are_those_of_the_schemas() -> None:
    ours = {resource_type: set(names) for resource_type, names in CREATE_ONLY.items()}

    assert ours == {resource_type: create_only(resource_type) for resource_type in schemas()}
