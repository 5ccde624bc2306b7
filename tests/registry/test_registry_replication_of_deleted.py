"""The replicas of a repository that is deleted with its stack are retained."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import aws_cdk as cdk
import pytest

from ecr_constructs import EPHEMERAL, HARDENED, HardenedRepository, Namespace, PrivateRegistry, Replication
from tests.registries import warnings
from tests.templates import new_stack

HERE = "eu-west-1"
THERE = "eu-central-1"
ID = "ecr-constructs:replicasAreNotDeleted"


def replica_warnings(*stacks: cdk.Stack) -> list[str]:
    return [each for stack in stacks for each in warnings(stack) if ID in each]


COPIED: Mapping[str, tuple[str | None, Replication]] = {
    "everything": ("previews/shop", Replication.to(THERE)),
    "without a name": (None, Replication.to(THERE)),
    "a namespace": ("previews/shop", Replication.to(THERE, repositories=Namespace("previews"))),
    "a prefix": ("previews/shop", Replication.to(THERE, repositories="pre")),
    "another account": ("previews/shop", Replication.to(THERE, account="444455556666")),
}
NOT_COPIED: Mapping[str, tuple[str | None, Replication]] = {
    "another namespace": ("previews/shop", Replication.to(THERE, repositories=Namespace("prod"))),
    "without a name and with a filter": (None, Replication.to(THERE, repositories="aws")),
}


@pytest.mark.parametrize("case", COPIED)
@pytest.mark.parametrize("settings", [EPHEMERAL, HARDENED.but(removal_policy=cdk.RemovalPolicy.DESTROY)])
@pytest.mark.parametrize("is_first", [True, False])
def test_a_repository_that_is_deleted_and_replicated_is_a_warning(
    app: cdk.App, case: str, settings: object, *, is_first: bool
) -> None:
    name, replication = COPIED[case]
    platform, team = new_stack(app, "Platform", region=HERE), new_stack(app, "Team", region=HERE)
    steps: list[Callable[[], object]] = [
        lambda: PrivateRegistry(platform, "Registry", replication=[replication]),
        lambda: HardenedRepository(team, "Shop", repository_name=name, settings=settings),  # type: ignore[arg-type]
    ]
    for step in steps if is_first else reversed(steps):
        step()

    app.synth()

    (warning,) = replica_warnings(platform, team)
    assert warning.startswith(
        f"the repository is deleted with its stack, and Platform/Registry replicates it to {THERE}"
    )


@pytest.mark.parametrize("case", NOT_COPIED)
def test_a_repository_that_is_not_replicated_is_no_warning(app: cdk.App, case: str) -> None:
    name, replication = NOT_COPIED[case]
    stack = new_stack(app, "Containers", region=HERE)
    PrivateRegistry(stack, "Registry", replication=[replication])
    HardenedRepository(stack, "Shop", repository_name=name, settings=EPHEMERAL)

    app.synth()

    assert replica_warnings(stack) == []


def test_a_repository_that_is_retained_is_no_warning(app: cdk.App) -> None:
    stack = new_stack(app, "Containers", region=HERE)
    PrivateRegistry(stack, "Registry", replication=[Replication.to(THERE)])
    HardenedRepository(stack, "Shop", repository_name="prod/shop")

    app.synth()

    assert replica_warnings(stack) == []


def test_a_repository_of_another_environment_is_no_warning(app: cdk.App) -> None:
    here, in_environment = new_stack(app, "Here", region=HERE), new_stack(app, "Elsewhere", region="us-east-1")
    PrivateRegistry(here, "Registry", replication=[Replication.to(THERE)])
    HardenedRepository(in_environment, "Shop", settings=EPHEMERAL)

    app.synth()

    assert replica_warnings(here, in_environment) == []


def test_a_repository_that_was_removed_is_no_warning(app: cdk.App) -> None:
    stack = new_stack(app, "Containers", region=HERE)
    PrivateRegistry(stack, "Registry", replication=[Replication.to(THERE)])
    HardenedRepository(stack, "Shop", settings=EPHEMERAL)
    stack.node.try_remove_child("Shop")

    app.synth()

    assert replica_warnings(stack) == []


def test_the_warning_can_be_acknowledged(app: cdk.App) -> None:
    stack = new_stack(app, "Containers", region=HERE)
    PrivateRegistry(stack, "Registry", replication=[Replication.to(THERE)])
    repository = HardenedRepository(stack, "Shop", settings=EPHEMERAL)
    cdk.Annotations.of(repository).acknowledge_warning(ID, "a job deletes them")

    app.synth()

    assert replica_warnings(stack) == []


def test_a_repository_that_an_aspect_retains_is_no_warning(app: cdk.App) -> None:
    stack = new_stack(app, "Platform", region=HERE)
    PrivateRegistry(stack, "Registry", replication=[Replication.to(THERE)])
    HardenedRepository(stack, "Shop", settings=EPHEMERAL)
    cdk.RemovalPolicies.of(app).retain()

    app.synth()

    assert replica_warnings(stack) == []
