"""All problems are one error of the library with the path, before anything is added to the tree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from ecr_constructs import (
    ADOPTED,
    Access,
    CreationTemplate,
    Credentials,
    EcrConstructsError,
    Encryption,
    HardenedRepository,
    InvalidName,
    InvalidRegistry,
    InvalidRepository,
    PullThroughCache,
    Upstream,
)
from tests.templates import new_stack


def test_every_problem_is_reported_at_once_with_the_path_before_anything_is_added(app: cdk.App) -> None:
    stack = new_stack(app, "Containers", region="eu-west-1")
    key = kms.Key.from_key_arn(stack, "Key", f"arn:aws:kms:eu-central-1:111122223333:key/{'0' * 36}")
    children = [child.node.id for child in stack.node.children]

    with pytest.raises(InvalidRepository) as refused:
        HardenedRepository(
            stack,
            "Api",
            repository_name="Prod",
            encryption=Encryption.customer_key(key),
            resource_tags={"aws:team": "|"},
            empty_on_delete=True,
            policy_statements=[iam.PolicyStatement(actions=["s3:GetObject"], principals=[iam.AnyPrincipal()])],
        )

    error = refused.value
    assert error.path == "Containers/Api"
    assert [problem.split(";")[0] for problem in error.problems] == [
        "empty_on_delete deletes images, and removal_policy is RETAIN",
        "resource tag value of 'aws:team': '|' is not well formed",
        "resource tag key 'aws:team' begins with 'aws:', which is reserved for AWS",
        "repository name 'Prod' has 'P' at position 0",
        "the key is in Region 'eu-central-1' and the repository in 'eu-west-1'",
        (
            "the statement is public: it allows every principal without a condition that limits the principals or "
            "their network"
        ),
        "'s3:GetObject' is not an action of ECR",
    ]
    assert str(error).splitlines()[0] == "Containers/Api: 7 problems"
    assert [child.node.id for child in stack.node.children] == children


def test_every_problem_has_a_remedy_behind_a_semicolon(stack: cdk.Stack) -> None:
    with pytest.raises(InvalidRepository) as refused:
        HardenedRepository(
            stack,
            "Api",
            repository_name="",
            removal_policy=cdk.RemovalPolicy.SNAPSHOT,
            policy_statements=[iam.PolicyStatement(resources=["*"])],
        )

    assert [problem for problem in refused.value.problems if not (";" in problem or ", leave" in problem)] == []
    assert [problem for problem in refused.value.problems if problem.endswith(".")] == []


def test_a_value_of_the_wrong_kind_is_a_type_error(stack: cdk.Stack) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"id": 1}, "id must be a string such as 'Api', got 1"),
        ({"settings": None}, "settings must be RepositorySettings such as HARDENED, got None"),
        ({"settings": {"scan_on_push": True}}, "settings must be RepositorySettings"),
        ({"encryption": "KMS"}, "encryption must be an Encryption"),
        ({"immutability": ecr.TagMutability.IMMUTABLE}, "immutability must be an Immutability"),
        ({"lifecycle": [ecr.LifecycleRule(max_image_count=1)]}, r"lifecycle\[0\] must be an Intent"),
        ({"image_scan_on_push": True}, "image_scan_on_push= is an argument of ecr.Repository; use scan_on_push="),
    ]
    for options, sentence in cases:
        with pytest.raises(TypeError, match=sentence):
            HardenedRepository(stack, **{"id": "Api", **options})

        assert stack.node.children == []


@pytest.mark.parametrize("given_class", [kms.Key, kms.CfnKey])
def test_the_class_of_keys_is_no_key(stack: cdk.Stack, given_class: Any) -> None:
    with pytest.raises(TypeError):
        HardenedRepository(stack, "Api", encryption=Encryption.customer_key(given_class))


def test_the_id_of_the_shared_key_is_rejected_and_nothing_is_added(stack: cdk.Stack) -> None:
    with pytest.raises(InvalidRepository, match="is reserved for the key that the repositories of a stack share"):
        HardenedRepository(stack, "EcrConstructsKey")
    assert stack.node.children == []


def test_a_policy_of_many_accounts_is_measured_as_it_is_written(stack: cdk.Stack) -> None:
    accounts = [f"{number:012d}" for number in range(200)]
    access = [*map(Access.account_pull, accounts), *map(Access.account_push, accounts)]

    with pytest.raises(InvalidRepository, match=r"the repository policy has 13\d{3} characters; ECR allows 10240, use"):
        HardenedRepository(stack, "Api", access=access)


# --- the constructs of a registry -----------------------------------------------------------------------------------


def test_the_shared_key_of_a_template_needs_its_construct_id(stack: cdk.Stack) -> None:
    cdk.CfnWaitConditionHandle(stack, "EcrConstructsKey")
    settings = ADOPTED.but(encryption=Encryption.shared_key())

    with pytest.raises(InvalidRegistry, match="the shared key cannot be created: Containers/EcrConstructsKey has its"):
        CreationTemplate(stack, "It", prefix="teams", applied_for=["REPLICATION"], settings=settings)


@pytest.mark.parametrize(
    "refuse",
    [
        lambda stack: CreationTemplate(stack, "It", prefix="Teams", applied_for=[], description="d" * 257),
        lambda stack: PullThroughCache(stack, "It", upstream=Upstream.docker_hub(), prefix="a", upstream_prefix="B"),
        lambda stack: PullThroughCache(
            stack, "It", upstream=Upstream.docker_hub(), credentials=Credentials.secret_arn("arn"), repositories=["A"]
        ),
        lambda stack: PullThroughCache(stack, "It", upstream=Upstream.quay(), credentials=Credentials.new_secret()),
        lambda stack: PullThroughCache(
            stack, "It", upstream=Upstream.quay(), consumers=[Access.account_pull("111122223333")]
        ),
        lambda stack: PullThroughCache(stack, "It", upstream=Upstream.quay(), settings=ADOPTED).image("a b"),
        lambda stack: PullThroughCache(stack, "It", upstream=Upstream.quay()).grant_pull(iam.AnyPrincipal()),
    ],
)
def test_every_problem_of_a_registry_has_a_limit_or_a_remedy(
    stack: cdk.Stack, refuse: Callable[[cdk.Stack], object]
) -> None:
    with pytest.raises(EcrConstructsError) as refused:
        refuse(stack)

    assert [problem for problem in refused.value.problems if ";" not in problem] == []
    assert [problem for problem in refused.value.problems if problem.endswith(".")] == []
    assert refused.value.path == "Containers/It" or isinstance(refused.value, InvalidName)
