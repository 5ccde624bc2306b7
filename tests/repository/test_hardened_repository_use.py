"""The use of a repository: images, attributes, and every parameter of the kind `ecr.Repository`."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam

from ecr_constructs import (
    ADOPTED,
    HARDENED,
    Access,
    HardenedRepository,
    Immutability,
    InvalidName,
    LifecyclePolicy,
    keep_latest,
)
from ecr_constructs.repository.hardened_repository import _resource_of
from tests.templates import account_root, new_stack, resources, statements, template

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.fixture
def repository(stack: cdk.Stack) -> HardenedRepository:
    return HardenedRepository(stack, "Api", settings=ADOPTED)


# --- images ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("image", "end"),
    [("v1.4.2", ":v1.4.2"), ("_", ":_"), ("t" * 128, f":{'t' * 128}"), (DIGEST, f"@{DIGEST}")],
    ids=["tag", "shortest tag", "longest tag", "digest"],
)
def test_an_image_is_named_by_tag_or_digest(
    stack: cdk.Stack, repository: HardenedRepository, image: str, end: str
) -> None:
    resolved = stack.resolve(repository.image(image))

    assert resolved["Fn::Join"][1][-1] == end


def test_a_sha512_digest_is_a_digest_too(stack: cdk.Stack, repository: HardenedRepository) -> None:
    assert stack.resolve(repository.image("sha512:" + "0" * 128))["Fn::Join"][1][-1].startswith("@sha512:")


def test_a_text_that_is_neither_a_tag_nor_a_digest_is_rejected_with_the_path(repository: HardenedRepository) -> None:
    cases: list[tuple[str, str]] = [
        ("", "image tag is empty"),
        ("t" * 129, "has 129 characters; ECR allows 1 to 128"),
        (".v1", "image tag '.v1' is not well formed"),
        ("v 1", "image tag 'v 1' has ' ' at position 1"),
        (DIGEST[:-1], "is not well formed; write 'sha256:' and 64 hexadecimal digits"),
        (DIGEST.upper(), "image digest"),
        ("api:v1", "image digest 'api:v1'"),
        ("*", r"image tag '\*'"),
    ]
    for image, sentence in cases:
        with pytest.raises(InvalidName, match=sentence) as refused:
            repository.image(image)

        assert refused.value.path == "Containers/Api"


@pytest.mark.parametrize(
    "image", [cdk.Aws.REGION, f"v-{cdk.Aws.REGION}", f"sha256:{cdk.Aws.REGION}"], ids=["all", "tag", "digest"]
)
def test_a_token_is_rejected(repository: HardenedRepository, image: str) -> None:
    with pytest.raises(InvalidName, match=r"use repository_uri_for_tag\(token\) or repository_uri_for_digest\(token\)"):
        repository.image(image)


def test_an_image_that_is_no_string_is_a_type_error(repository: HardenedRepository) -> None:
    with pytest.raises(TypeError, match="image tag must be a string, got 14"):
        repository.image(14)  # type: ignore[arg-type]


# --- attributes -----------------------------------------------------------------------------------------------------


def test_it_shows_the_settings_in_force(stack: cdk.Stack) -> None:
    pull = Access.account_pull("444455556666")
    repository = HardenedRepository(
        stack, "Api", settings=HARDENED.but(access=[pull]), immutability=Immutability.off(), resource_tags={"a": "b"}
    )

    assert repository.settings == HARDENED.but(access=[pull], immutability=Immutability.off(), resource_tags={"a": "b"})


def test_it_shows_the_lifecycle_in_force(stack: cdk.Stack) -> None:
    policy = LifecyclePolicy.of(keep_latest(3, matching="v*"))

    assert HardenedRepository(stack, "Default").lifecycle == HARDENED.effective_lifecycle
    assert HardenedRepository(stack, "Given", lifecycle=policy).lifecycle == policy


def test_it_has_the_resource_for_properties_of_cloudformation_only(
    stack: cdk.Stack, repository: HardenedRepository
) -> None:
    assert isinstance(repository.resource, ecr.CfnRepository)
    repository.resource.add_property_override("LifecyclePolicy.RegistryId", "444455556666")

    (found,) = resources(stack, "AWS::ECR::Repository").values()
    assert found["Properties"]["LifecyclePolicy"]["RegistryId"] == "444455556666"


# --- parameters of the kind IRepository -----------------------------------------------------------------------------


def test_it_is_a_repository(repository: HardenedRepository) -> None:
    assert isinstance(repository, ecr.Repository)
    assert cdk.Resource.is_owned_resource(repository)


def test_the_tree_gives_back_the_same_object(stack: cdk.Stack, repository: HardenedRepository) -> None:
    assert stack.node.find_child("Api") is repository


def test_a_principal_of_the_same_account_pulls_by_its_own_policy(
    stack: cdk.Stack, repository: HardenedRepository
) -> None:
    repository.grant_pull(iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com")))

    (policy,) = resources(stack, "AWS::IAM::Policy").values()
    actions = [each["Action"] for each in policy["Properties"]["PolicyDocument"]["Statement"]]
    assert "ecr:GetAuthorizationToken" in actions
    assert statements(repository) == []


def test_ecs_runs_its_images(stack: cdk.Stack, repository: HardenedRepository) -> None:
    from aws_cdk import aws_ecs as ecs

    task = ecs.FargateTaskDefinition(stack, "Task")
    task.add_container("Api", image=ecs.ContainerImage.from_ecr_repository(repository, "v1"))

    assert ":v1" in str(resources(stack, "AWS::ECS::TaskDefinition"))
    assert "ecr:BatchGetImage" in str(resources(stack, "AWS::IAM::Policy"))


def test_lambda_runs_its_images(stack: cdk.Stack, repository: HardenedRepository) -> None:
    from aws_cdk import aws_lambda as functions

    functions.DockerImageFunction(
        stack, "Function", code=functions.DockerImageCode.from_ecr(repository, tag_or_digest="v1")
    )

    assert "ecr:BatchGetImage" in str(resources(stack, "AWS::IAM::Policy")) + str(statements(repository))
    assert ":v1" in str(resources(stack, "AWS::Lambda::Function"))


def test_a_stack_in_another_account_names_it_with_its_own_name(app: cdk.App) -> None:
    home = new_stack(app, "Home", region="eu-west-1")
    away = new_stack(app, "Away", region="eu-west-1", account="444455556666")
    repository = HardenedRepository(home, "Api", repository_name="prod/api", settings=ADOPTED)
    cdk.CfnWaitConditionHandle(away, "Handle").add_metadata("image", repository.image("v1"))

    image: Any = template(away)["Resources"]["Handle"]["Metadata"]["image"]
    assert "arn:aws:ecr:eu-west-1:111122223333:repository/prod/api" in str(image)
    assert "/prod/api:v1" in str(image)


def test_an_aspect_of_the_app_visits_it_as_a_hardened_repository(app: cdk.App, repository: HardenedRepository) -> None:
    import jsii

    met: list[object] = []

    @jsii.implements(cdk.IAspect)
    class Meeting:
        def visit(self, node: Any) -> None:
            met.append(node)

    cdk.Aspects.of(app).add(Meeting())
    template(repository.stack)

    assert repository in met


def test_an_imported_repository_is_a_plain_one(stack: cdk.Stack) -> None:
    imported = HardenedRepository.from_repository_name(stack, "Imported", "prod/api")

    assert not isinstance(imported, HardenedRepository)


def test_a_repository_without_a_resource_is_rejected(stack: cdk.Stack) -> None:
    imported: Any = ecr.Repository.from_repository_name(stack, "Imported", "prod/api")

    with pytest.raises(
        TypeError, match="Containers/Imported: the default child must be an AWS::ECR::Repository, got None"
    ):
        _resource_of(imported)


def test_a_subclass_has_all_settings(stack: cdk.Stack) -> None:
    class Ours(HardenedRepository):
        """A repository of a platform team, derived from `HardenedRepository`."""

    ours = Ours(stack, "Api", access=[Access.account_pull("444455556666")])

    assert statements(ours)[0]["Principal"] == {"AWS": account_root("444455556666")}
