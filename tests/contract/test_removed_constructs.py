"""A construct that was removed with `try_remove_child` owns nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from ecr_constructs import (
    ADOPTED,
    CREATED,
    EPHEMERAL,
    HARDENED,
    CreationTemplate,
    Credentials,
    HardenedRepository,
    InvalidRegistry,
    InvalidRepository,
    PrivateRegistry,
    PullThroughCache,
    Replication,
    Scanning,
    Upstream,
)
from tests.registries import POLICY, REPLICATION, synthesize, the, warnings
from tests.templates import KEY, new_stack, resources

HERE = "eu-west-1"

CREATE: Mapping[str, Callable[[Construct, str], Construct]] = {
    "registry": lambda scope, id: PrivateRegistry(scope, id, scanning=Scanning.basic()),
    "cache": lambda scope, id: PullThroughCache(scope, id, upstream=Upstream.quay()),
    "secret": lambda scope, id: PullThroughCache(
        scope, id, upstream=Upstream.docker_hub(), credentials=Credentials.new_secret()
    ),
    "template": lambda scope, id: CreationTemplate(scope, id, prefix="teams", applied_for=["CREATE_ON_PUSH"]),
    "repository": lambda scope, id: HardenedRepository(scope, id, repository_name="prod/api", settings=ADOPTED),
}


def create_all(scope: Construct) -> None:
    for id, create in CREATE.items():
        create(scope, id)


def remove_all(scope: Construct) -> bool:
    return all(scope.node.try_remove_child(id) for id in CREATE)


def assert_all_are_owned(stack: cdk.Stack, owner: Construct) -> None:
    """Check that each construct is rejected in a stack because another scope has one."""
    for id, create in CREATE.items():
        with pytest.raises((InvalidRegistry, InvalidRepository), match=f"{owner.node.path}/{id}"):
            create(stack, id)


# Where the first one is, and how it is removed.
REMOVE: Mapping[str, Callable[[cdk.App], tuple[Construct, Callable[[], bool]]]] = {
    "itself": lambda app: (stack := new_stack(app, "One", region=HERE), lambda: remove_all(stack)),
    "its scope": lambda app: (
        Construct(stack := new_stack(app, "One", region=HERE), "Scope"),
        lambda: stack.node.try_remove_child("Scope"),
    ),
    "its stack": lambda app: (new_stack(app, "One", region=HERE), lambda: app.node.try_remove_child("One")),
    "its nested stack": lambda app: (
        cdk.NestedStack(stack := new_stack(app, "One", region=HERE), "Nested"),
        lambda: stack.node.try_remove_child("Nested"),
    ),
    "its stage": lambda app: (
        new_stack(cdk.Stage(app, "Stage"), "One", region=HERE),
        lambda: app.node.try_remove_child("Stage"),
    ),
}


@pytest.mark.parametrize("removed", REMOVE)
def test_a_removed_construct_can_be_created_again_and_is_the_owner_then(app: cdk.App, removed: str) -> None:
    scope, remove = REMOVE[removed](app)
    create_all(scope)
    assert remove()

    again = new_stack(app, "Again", region=HERE)
    create_all(again)

    assert_all_are_owned(new_stack(app, "Third", region=HERE), again)


def test_a_construct_is_still_the_owner_when_another_is_removed(app: cdk.App) -> None:
    stack = new_stack(app, "One", region=HERE)
    create_all(stack)
    Construct(stack, "Other")
    stack.node.try_remove_child("Other")

    assert_all_are_owned(new_stack(app, "Two", region=HERE), stack)


def test_contributions_reach_the_registry_that_is_there(app: cdk.App) -> None:
    stack = new_stack(app, "One", region=HERE)
    PrivateRegistry(stack, "Old")
    stack.node.try_remove_child("Old")

    with pytest.raises(InvalidRepository, match="no PrivateRegistry for this account and Region"):
        HardenedRepository(stack, "Api", repository_name="prod/api", replicate_to=["eu-central-1"])
    with pytest.raises(InvalidRegistry, match="no PrivateRegistry for this account and Region"):
        PrivateRegistry.of(stack)

    new = PrivateRegistry(stack, "New")
    HardenedRepository(stack, "Api", repository_name="prod/api", replicate_to=["eu-central-1"])
    assert PrivateRegistry.of(stack) is new
    assert the(stack, REPLICATION)


def test_a_removed_registry_is_not_compared_with_its_peer(app: cdk.App) -> None:
    one, two = new_stack(app, "One", region=HERE), new_stack(app, "Two", region="eu-central-1")
    PrivateRegistry(one, "Registry", replication=[Replication.to("eu-central-1")])
    one.node.try_remove_child("Registry")
    PrivateRegistry(two, "Registry", replication=[Replication.to(HERE)])

    synthesize(app)

    assert warnings(two) == []


def test_removed_caches_do_not_count(app: cdk.App) -> None:
    stack = new_stack(app, "One", region=HERE)
    for number in range(50):
        PullThroughCache(stack, f"Cache{number}", upstream=Upstream.quay(), prefix=f"quay-{number}")
    stack.node.try_remove_child("Cache0")

    PullThroughCache(stack, "Again", upstream=Upstream.quay(), prefix="quay-again")


# --- the shared key -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_made_before", [True, False])
def test_a_repository_whose_shared_key_was_removed_stops_the_synthesis(
    app: cdk.App, stack: cdk.Stack, *, is_made_before: bool
) -> None:
    HardenedRepository(stack, "Old")
    stack.node.try_remove_child("EcrConstructsKey")
    if not is_made_before:
        stack.node.try_remove_child("Old")
        HardenedRepository(stack, "New")

    with pytest.raises(RuntimeError) as refused:
        app.synth()

    path = "Containers/Old" if is_made_before else "Containers/New"
    assert f"the shared key Containers/EcrConstructsKey was removed, and {path} is encrypted with it" in str(
        refused.value
    )


def test_a_template_whose_shared_key_was_removed_stops_the_synthesis(app: cdk.App, stack: cdk.Stack) -> None:
    CreationTemplate(stack, "It", prefix="teams", applied_for=["CREATE_ON_PUSH"], settings=HARDENED)
    stack.node.try_remove_child("EcrConstructsKey")

    with pytest.raises(
        RuntimeError, match="the shared key Containers/EcrConstructsKey was removed, and Containers/It "
    ):
        app.synth()


def test_an_unused_key_can_be_removed(stack: cdk.Stack) -> None:
    HardenedRepository(stack, "Old")
    stack.node.try_remove_child("Old")
    stack.node.try_remove_child("EcrConstructsKey")
    HardenedRepository(stack, "New", settings=EPHEMERAL)

    assert resources(stack, KEY) == {}


def test_a_repository_with_another_key_does_not_need_the_shared_one(stack: cdk.Stack) -> None:
    HardenedRepository(stack, "Old")
    stack.node.try_remove_child("Old")
    stack.node.try_remove_child("EcrConstructsKey")
    kms.Key(stack, "Other")
    HardenedRepository(stack, "New", settings=ADOPTED)

    assert len(resources(stack, KEY)) == 1


@pytest.mark.parametrize("is_denied_first", [True, False])
def test_the_role_of_a_removed_template_is_no_exception_of_a_denial(app: cdk.App, *, is_denied_first: bool) -> None:
    stack = new_stack(app, "One", region=HERE)
    registry = PrivateRegistry(stack, "Registry")
    deployer = "arn:aws:iam::111122223333:role/deployer"

    def deny() -> None:
        registry.deny_repository_creation(except_for=[deployer])

    settings = CREATED.but(resource_tags={"team": "payments"})
    steps: list[Callable[[], object]] = [
        lambda: CreationTemplate(stack, "It", prefix="teams", applied_for=["CREATE_ON_PUSH"], settings=settings)
    ]
    steps.insert(0 if is_denied_first else 1, deny)
    for step in steps:
        step()
    stack.node.try_remove_child("It")

    condition = the(stack, POLICY)["Properties"]["PolicyText"]["Statement"][0]["Condition"]
    assert [each for each in condition["ArnNotLike"]["aws:PrincipalArn"] if isinstance(each, str)] == [deployer]
    assert "Fn::GetAtt" not in str(condition)


def test_a_role_of_two_templates_is_an_exception_as_long_as_one_of_them_is_there(app: cdk.App) -> None:
    stack = new_stack(app, "One", region=HERE)
    registry = PrivateRegistry(stack, "Registry")
    registry.deny_repository_creation(except_for=["arn:aws:iam::111122223333:role/deployer"])
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("ecr.amazonaws.com"))
    for prefix in ("teams", "tools"):
        CreationTemplate(stack, prefix, prefix=prefix, applied_for=["CREATE_ON_PUSH"], role=role)
    stack.node.try_remove_child("tools")

    condition = the(stack, POLICY)["Properties"]["PolicyText"]["Statement"][0]["Condition"]
    assert condition["ArnNotLike"]["aws:PrincipalArn"].count(stack.resolve(role.role_arn)) == 1
