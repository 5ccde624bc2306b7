"""Regions and ARNs of another partition are rejected."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from ecr_constructs import (
    ADOPTED,
    CREATED,
    Access,
    CreationTemplate,
    Credentials,
    EcrConstructsError,
    Encryption,
    HardenedRepository,
    PrivateRegistry,
    PullThroughCache,
    ReplicaRegistry,
    Replication,
    Upstream,
)
from tests.templates import new_app, new_stack

# A function that gives an argument with another Region and its partition to a construct in a stack.
Give = Callable[[cdk.Stack, str, str], object]


def key(stack: cdk.Stack, partition: str) -> kms.IKey:
    region = stack.region if not cdk.Token.is_unresolved(stack.region) else "us-east-1"
    return kms.Key.from_key_arn(stack, "Key", f"arn:{partition}:kms:{region}:111122223333:key/{'0' * 36}")


def role(stack: cdk.Stack, partition: str) -> iam.IRole:
    return iam.Role.from_role_arn(stack, "Role", f"arn:{partition}:iam::111122223333:role/ecr")


def secret(stack: cdk.Stack, partition: str) -> Credentials:
    region = stack.region if not cdk.Token.is_unresolved(stack.region) else "us-east-1"
    arn = f"arn:{partition}:secretsmanager:{region}:111122223333:secret:ecr-pullthroughcache/docker-hub-a1B2c3"
    return Credentials.secret_arn(arn)


def access(partition: str) -> Access:
    return Access.role_pull(f"arn:{partition}:iam::444455556666:role/deployer")


def deny(stack: cdk.Stack, _: str, partition: str) -> None:
    deployer = f"arn:{partition}:iam::111122223333:role/deployer"
    PrivateRegistry(stack, "It").deny_repository_creation(except_for=[deployer])


def replicated(stack: cdk.Stack, region: str, _: str) -> None:
    PrivateRegistry(stack, "Registry")
    HardenedRepository(stack, "It", repository_name="prod/api", settings=ADOPTED, replicate_to=[region])


ARGUMENTS: Mapping[str, Give] = {
    "replication": lambda stack, region, _: PrivateRegistry(stack, "It", replication=[Replication.to(region)]),
    "replication to another account": lambda stack, region, _: PrivateRegistry(
        stack, "It", replication=[Replication.to(region, account="444455556666")]
    ),
    "replication that is added": lambda stack, region, _: PrivateRegistry(stack, "It").add_replication(
        Replication.to(region)
    ),
    "replicate_to": replicated,
    "source_region": lambda stack, region, _: ReplicaRegistry(stack, "It", source_region=region, settings=CREATED),
    "upstream": lambda stack, region, _: PullThroughCache(
        stack, "It", upstream=Upstream.ecr(account="444455556666", region=region)
    ),
    "key of a repository": lambda stack, _, partition: HardenedRepository(
        stack, "It", encryption=Encryption.customer_key(key(stack, partition))
    ),
    "dual-layer key": lambda stack, _, partition: HardenedRepository(
        stack, "It", encryption=Encryption.dual_layer(key(stack, partition))
    ),
    "key of a template": lambda stack, _, partition: CreationTemplate(
        stack,
        "It",
        prefix="teams",
        applied_for=["CREATE_ON_PUSH"],
        settings=CREATED.but(encryption=Encryption.customer_key(key(stack, partition))),
    ),
    "role of a template": lambda stack, _, partition: CreationTemplate(
        stack, "It", prefix="teams", applied_for=["CREATE_ON_PUSH"], role=role(stack, partition)
    ),
    "secret of a cache": lambda stack, _, partition: PullThroughCache(
        stack, "It", upstream=Upstream.docker_hub(), credentials=secret(stack, partition)
    ),
    "except_for": deny,
    "access of a repository": lambda stack, _, partition: HardenedRepository(
        stack, "It", access=[access(partition)], settings=ADOPTED
    ),
    "access of a template": lambda stack, _, partition: CreationTemplate(
        stack, "It", prefix="teams", applied_for=["CREATE_ON_PUSH"], access=[access(partition)]
    ),
    "access of a cache": lambda stack, _, partition: PullThroughCache(
        stack, "It", upstream=Upstream.quay(), access=[access(partition)]
    ),
}
each_argument = pytest.mark.parametrize("argument", ARGUMENTS)

# A Region of each partition.
REGIONS: Mapping[str, str] = {
    "aws": "eu-central-1",
    "aws-cn": "cn-north-1",
    "aws-us-gov": "us-gov-west-1",
    "aws-eusc": "eusc-de-east-1",
    "aws-iso": "us-iso-east-1",
}


@each_argument
def test_a_value_of_another_partition_is_rejected(argument: str) -> None:
    for here, there in [("aws-cn", "aws"), ("aws", "aws-cn"), ("aws-us-gov", "aws"), ("aws", "aws-eusc")]:
        stack = new_stack(new_app(), "Containers", region=REGIONS[here])

        with pytest.raises(EcrConstructsError, match=f"partition '{there}'.* in '{here}'"):
            ARGUMENTS[argument](stack, REGIONS[there], there)


@each_argument
def test_a_value_of_the_same_partition_is_accepted(argument: str) -> None:
    for partition, here in [("aws", "us-east-1"), ("aws-cn", "cn-northwest-1")]:
        ARGUMENTS[argument](new_stack(new_app(), "Containers", region=here), REGIONS[partition], partition)


@each_argument
def test_a_value_of_any_partition_is_accepted_in_a_stack_without_an_environment(argument: str) -> None:
    for partition in ("aws", "aws-cn"):
        ARGUMENTS[argument](new_stack(new_app(), "Containers"), REGIONS[partition], partition)


def test_an_arn_with_the_partition_of_the_stack_is_accepted(app: cdk.App) -> None:
    stack = new_stack(app, "Containers", region="cn-north-1")
    arn = f"arn:{cdk.Aws.PARTITION}:iam::111122223333:role/deployer"

    PrivateRegistry(stack, "It").deny_repository_creation(except_for=[arn, "arn:aws*:iam::*:role/deployer"])
