"""The defaults of a repository."""

from __future__ import annotations

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr

from ecr_constructs import ADOPTED, EPHEMERAL, HARDENED, HardenedRepository
from tests.templates import KEY, REPOSITORY, lifecycle_rules, logical_id, properties, resource, resources, template


@pytest.fixture
def repository(stack: cdk.Stack) -> HardenedRepository:
    return HardenedRepository(stack, "Api")


def test_every_tag_is_immutable(repository: HardenedRepository) -> None:
    assert properties(repository)["ImageTagMutability"] == "IMMUTABLE"


def test_no_tag_is_excluded_from_that(repository: HardenedRepository) -> None:
    assert "ImageTagMutabilityExclusionFilters" not in properties(repository)


def test_images_are_scanned_when_they_are_pushed(repository: HardenedRepository) -> None:
    assert properties(repository)["ImageScanningConfiguration"] == {"ScanOnPush": True}


def test_images_are_encrypted_with_the_shared_key_of_the_stack(
    stack: cdk.Stack, repository: HardenedRepository
) -> None:
    (key,) = resources(stack, KEY)

    assert properties(repository)["EncryptionConfiguration"] == {
        "EncryptionType": "KMS",
        "KmsKey": {"Fn::GetAtt": [key, "Arn"]},
    }


def test_untagged_images_expire_after_14_days_and_tagged_ones_are_kept(
    repository: HardenedRepository,
) -> None:
    assert lifecycle_rules(repository) == [
        {
            "rulePriority": 1,
            "description": "Expire untagged images 14 days after push",
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 14,
            },
            "action": {"type": "expire"},
        }
    ]


def test_the_lifecycle_text_is_compact(repository: HardenedRepository) -> None:
    text = properties(repository)["LifecyclePolicy"]["LifecyclePolicyText"]

    assert text.startswith('{"rules":[{"rulePriority":1,"description":')
    assert '": ' not in text


def test_it_is_retained_when_it_leaves_the_stack_and_when_it_is_replaced(repository: HardenedRepository) -> None:
    found = resource(repository)

    assert (found["DeletionPolicy"], found["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_its_images_are_not_deleted_with_it(repository: HardenedRepository) -> None:
    assert "EmptyOnDelete" not in properties(repository)


def test_no_other_principal_has_access(repository: HardenedRepository) -> None:
    assert "RepositoryPolicyText" not in properties(repository)


def test_it_has_no_resource_tags(repository: HardenedRepository) -> None:
    assert "Tags" not in properties(repository)


def test_cloudformation_makes_its_name(repository: HardenedRepository) -> None:
    assert "RepositoryName" not in properties(repository)


def test_nothing_else_is_created(stack: cdk.Stack, repository: HardenedRepository) -> None:
    found = template(stack)

    assert sorted(each["Type"] for each in found["Resources"].values()) == [REPOSITORY, KEY]
    assert set(found) == {"Resources"}
    assert repository.resource.cfn_resource_type == REPOSITORY


def test_it_has_the_logical_id_of_a_plain_repository(app: cdk.App, stack: cdk.Stack) -> None:
    plain = ecr.Repository(cdk.Stack(app, "Plain"), "Api")

    assert logical_id(HardenedRepository(stack, "Api")) == logical_id(plain) == "ApiF70053CD"


def test_the_plain_repository_has_none_of_this(stack: cdk.Stack) -> None:
    assert resource(ecr.Repository(stack, "Api")) == {
        "Type": REPOSITORY,
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
    }


def test_an_ephemeral_repository_is_deleted_with_its_stack_and_its_images(stack: cdk.Stack) -> None:
    found = resource(HardenedRepository(stack, "Api", settings=EPHEMERAL))

    assert (found["DeletionPolicy"], found["UpdateReplacePolicy"]) == ("Delete", "Delete")
    assert found["Properties"]["EmptyOnDelete"] is True


def test_ephemeral_is_as_hardened_as_others_in_everything_else(stack: cdk.Stack) -> None:
    ephemeral = HardenedRepository(stack, "Ephemeral", settings=EPHEMERAL)
    hardened = HardenedRepository(stack, "Hardened", settings=HARDENED)

    own = {"EmptyOnDelete": None, "EncryptionConfiguration": None}
    assert {**properties(ephemeral), **own} == {**properties(hardened), **own}


def test_ephemeral_creates_no_key(stack: cdk.Stack) -> None:
    """The shared key would be retained, and charged, after its last repository is deleted."""
    repository = HardenedRepository(stack, "Api", settings=EPHEMERAL)

    assert properties(repository)["EncryptionConfiguration"] == {"EncryptionType": "KMS"}
    assert resources(stack, KEY) == {}


def test_adopted_renders_no_encryption_and_creates_no_key(stack: cdk.Stack) -> None:
    repository = HardenedRepository(stack, "Api", settings=ADOPTED)

    assert "EncryptionConfiguration" not in properties(repository)
    assert resources(stack, KEY) == {}


def test_adopted_has_no_lifecycle_policy(stack: cdk.Stack) -> None:
    repository = HardenedRepository(stack, "Api", settings=ADOPTED)

    assert "LifecyclePolicy" not in properties(repository)


def test_a_rule_that_is_added_to_an_adopted_repository_is_its_only_rule(stack: cdk.Stack) -> None:
    repository = HardenedRepository(stack, "Api", settings=ADOPTED)
    repository.add_lifecycle_rule(max_image_count=500)
    repository.add_lifecycle_rule(tag_prefix_list=["dev"], max_image_age=cdk.Duration.days(30))

    assert [
        (rule["selection"]["tagStatus"], rule["selection"]["countNumber"]) for rule in lifecycle_rules(repository)
    ] == [
        ("tagged", 30),
        ("any", 500),
    ]


def test_adopted_rejects_no_push_and_has_no_policy(stack: cdk.Stack) -> None:
    found = properties(HardenedRepository(stack, "Api", settings=ADOPTED))

    assert found["ImageTagMutability"] == "MUTABLE"
    assert "RepositoryPolicyText" not in found
    assert "EmptyOnDelete" not in found


def test_adopted_is_retained_and_scanned_on_push(stack: cdk.Stack) -> None:
    found = resource(HardenedRepository(stack, "Api", settings=ADOPTED))

    assert (found["DeletionPolicy"], found["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert found["Properties"]["ImageScanningConfiguration"] == {"ScanOnPush": True}
