"""`access=` and `policy_statements=` give the same policy in every construct, as arguments and in settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from ecr_constructs import (
    CACHED,
    CREATED,
    HARDENED,
    Access,
    CreationTemplate,
    HardenedRepository,
    PullThroughCache,
    ReplicaRegistry,
    RepositorySettings,
    Upstream,
)
from tests.permissions.documents import REGION, Deployed
from tests.templates import OTHER_ACCOUNT, new_app, new_stack

ROLE = f"arn:aws:iam::{OTHER_ACCOUNT}:role/ci/deployer"
UNIT = "o-abc1234567/r-ab12/ou-ab12-11111111"

# One value for each principal and each group of actions.
VALUES = [
    Access.organization_read_metadata("o-abc1234567"),
    Access.organizational_unit_push(UNIT),
    Access.account_scan(OTHER_ACCOUNT),
    Access.account_administer("777788889999"),
    Access.role_sign(ROLE),
    Access.role_pull(ROLE),
    Access.lambda_pull(OTHER_ACCOUNT),
    Access.codebuild_pull(OTHER_ACCOUNT),
    Access.app_runner_pull(ROLE),
    Access.cache_pull(OTHER_ACCOUNT),
]
Make = Callable[..., object]

# How each construct is made, the settings that it starts from, and the name of a repository.
CONSTRUCTS: Mapping[str, tuple[Make, RepositorySettings, str]] = {
    "HardenedRepository": (
        lambda stack, **options: HardenedRepository(stack, "It", repository_name="prod/api", **options),
        HARDENED,
        "prod/api",
    ),
    "CreationTemplate": (
        lambda stack, **options: CreationTemplate(
            stack, "It", prefix="prod", applied_for=["CREATE_ON_PUSH"], **options
        ),
        CREATED,
        "prod/api",
    ),
    "PullThroughCache": (
        lambda stack, **options: PullThroughCache(stack, "It", upstream=Upstream.quay(), **options),
        CACHED,
        "quay/prod/api",
    ),
    "ReplicaRegistry": (
        lambda stack, **options: ReplicaRegistry(stack, "It", source_region="us-east-1", **options),
        HARDENED,
        "prod/api",
    ),
}


# ECR accepts no pushes to the repositories of a cache.
IN_A_CACHE = [each for each in VALUES if not each.intent.endswith(("_push", "_sign"))]


def given(access: Sequence[Access]) -> Mapping[str, Any]:
    denial = iam.PolicyStatement(
        sid="NoDeletion",
        effect=iam.Effect.DENY,
        principals=[iam.AnyPrincipal()],
        actions=["ecr:BatchDeleteImage"],
    )
    return {"access": access, "policy_statements": [denial]}


def policy(name: str, access: Sequence[Access], *, in_settings: bool) -> object:
    make, settings, repository = CONSTRUCTS[name]
    stack: cdk.Stack = new_stack(new_app(), "Containers", region=REGION)
    make(stack, **({"settings": settings.but(**given(access))} if in_settings else given(access)))
    return Deployed(stack).repository(repository)


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_access_and_statements_give_the_same_policy_in_every_construct(name: str) -> None:
    access = IN_A_CACHE if name == "PullThroughCache" else VALUES
    expected = policy("HardenedRepository", access, in_settings=False)

    assert expected
    assert policy(name, access, in_settings=False) == expected
    assert policy(name, access, in_settings=True) == expected
