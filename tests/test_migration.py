"""From a plain `ecr.Repository` to a hardened one: what CloudFormation would replace, by its own schemas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from ecr_constructs import ADOPTED, Encryption, HardenedRepository, RepositorySettings
from ecr_constructs.assembly import CREATE_ONLY, Replacement, replacements
from tests.templates import REPOSITORY, logical_id, new_app, new_stack, template

REGION = "us-east-1"
KEY_ARN = "arn:aws:kms:eu-west-1:111122223333:key/12345678-1234-1234-1234-123456789012"

# A repository as somebody has it, and what it becomes.
Old = Callable[[cdk.Stack], ecr.Repository]
New = Callable[[cdk.Stack], HardenedRepository]


def schemas() -> Mapping[str, Mapping[str, Any]]:
    """Read the CloudFormation schemas of ECR's resource types that cfn-lint brings along."""
    names = [name for name in PROVIDER_SCHEMA_MANAGER.get_resource_types(REGION) if name.startswith("AWS::ECR::")]
    return {name: PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, name).schema for name in names}


def create_only(resource_type: str) -> set[str]:
    """Give the top-level properties that are, or hold, a create-only one."""
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
def test_the_adopted_repository_is_hardened_all_the_same(name: str) -> None:
    new, id = synthesized(SAFE[name][1])

    found = new["Resources"][id]["Properties"]
    assert found["ImageTagMutability"] == "IMMUTABLE"
    assert found["ImageScanningConfiguration"] == {"ScanOnPush": True}
    assert "LifecyclePolicy" in found


@each_safe
def test_the_bare_default_replaces_it_and_its_images_are_gone(name: str) -> None:
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


def test_the_readme_warns_where_people_will_read_it() -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    section = readme.lower().partition("migrat")[2]

    assert "replace" in section
    assert "adopted" in section


@pytest.mark.arbiter
def test_what_we_call_create_only_is_what_the_schemas_of_every_ecr_type_do() -> None:
    ours = {resource_type: set(names) for resource_type, names in CREATE_ONLY.items()}

    assert ours == {resource_type: create_only(resource_type) for resource_type in schemas()}
