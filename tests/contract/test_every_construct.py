"""The contract of every construct: its location, its ID, its owner in an account and Region, its public members."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from constructs import Construct

from ecr_constructs import (
    ADOPTED,
    CreationTemplate,
    EcrConstructsError,
    HardenedRepository,
    InvalidRegistry,
    InvalidRepository,
    PrivateRegistry,
    PullThroughCache,
    ReplicaRegistry,
    Replication,
    Upstream,
)
from ecr_constructs.errors import ArgumentTypeError
from tests.registries import OTHER_ENVIRONMENT, SAME_ENVIRONMENT, synthesize

HERE = "us-east-1"


@dataclass(frozen=True)
class Kind:
    """
    A construct under test.

    Attributes:
        make: Create it. All of one kind own the same resource.
        error: The type of its errors.
        rejected: Arguments with a value that is rejected.
        conflict: The problem of a second one in an environment, with the path of the first.
        base: Create the construct of the CDK that it derives from.
        members: Its public members besides those of its base.

    """

    make: Callable[..., Construct]
    error: type[EcrConstructsError]
    rejected: Mapping[str, Any]
    conflict: str
    members: str
    base: Callable[[Construct, str], Construct] = Construct


def replica(scope: Any, id: Any, **options: Any) -> ReplicaRegistry:
    return ReplicaRegistry(scope, id, **{"source_region": "ap-south-1", **options})


def template(scope: Any, id: Any, **options: Any) -> CreationTemplate:
    return CreationTemplate(scope, id, **{"prefix": "teams", "applied_for": ["REPLICATION"], **options})


def repository(scope: Any, id: Any, **options: Any) -> HardenedRepository:
    return HardenedRepository(scope, id, **{"repository_name": "prod/api", "settings": ADOPTED, **options})


def cache(scope: Any, id: Any, **options: Any) -> PullThroughCache:
    return PullThroughCache(scope, id, **{"upstream": Upstream.quay(), **options})


KINDS: Mapping[str, Kind] = {
    "repository": Kind(
        make=repository,
        error=InvalidRepository,
        rejected={"repository_name": "Prod"},
        conflict="repository name 'prod/api' is that of {}",
        members="grant_administer grant_read_metadata grant_scan grant_sign image lifecycle on_image pinned policy "
        "resource settings",
        base=ecr.Repository,
    ),
    "registry": Kind(
        make=PrivateRegistry,
        error=InvalidRegistry,
        rejected={"replication": [Replication.to(HERE)]},
        conflict="{} is already the registry of this account and Region, and an account has one registry in each "
        "Region; get it with PrivateRegistry.of(scope)",
        members="accept_cache_consumer accept_caches_of accept_replication_from add_replication add_to_resource_policy "
        "deny_repository_creation of policy_scope replicate replication scan scanning",
    ),
    "template": Kind(
        make=template,
        error=InvalidRegistry,
        rejected={"description": "d" * 257},
        conflict="prefix 'teams' is that of the template {}",
        members="applied_for grant_administer grant_pull grant_push grant_read_metadata grant_scan grant_sign image "
        "pinned prefix repositories resource role settings uri",
    ),
    "cache": Kind(
        make=cache,
        error=InvalidRegistry,
        rejected={"repositories": []},
        conflict="prefix 'quay' is that of the cache {}",
        members="credential_arn grant_administer grant_pull grant_read_metadata grant_scan image on_refresh pinned "
        "prefix resource role template upstream upstream_access uri",
    ),
    "replica": Kind(
        make=replica,
        error=InvalidRegistry,
        rejected={"source_region": "nowhere"},
        conflict="prefix 'ROOT' is that of the template {}/Template",
        members="grant_administer grant_pull grant_read_metadata grant_scan image pinned settings templates uri",
    ),
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    return KINDS[request.param]


@pytest.fixture
def here(stack_in: Callable[[str], cdk.Stack]) -> cdk.Stack:
    return stack_in(HERE)


def tree(scope: Construct) -> list[str]:
    """Return the paths of all constructs, without the record of owners, which has no resource."""
    return [each.node.path for each in scope.node.root.node.find_all() if each.node.id != "EcrConstructsEnvironments"]


def rejected(kind: Kind, scope: Any, id: Any = "It", **options: Any) -> tuple[str, ...]:
    """Return the problems of a construct that is rejected: with its path, and before anything is added to the tree."""
    before = tree(scope)
    with pytest.raises(kind.error) as refused:
        kind.make(scope, id, **options)

    assert type(refused.value) is kind.error
    assert refused.value.path == "/".join(filter(None, (scope.node.path, id)))
    assert tree(scope) == before
    assert len({*refused.value.problems}) == len(refused.value.problems)
    return refused.value.problems


# --- public members ---------------------------------------------------------------------------------------------------


def test_every_public_member_is_listed(kind: Kind, here: cdk.Stack) -> None:
    base = kind.base(cdk.Stack(cdk.App(), "Other"), "Base")
    members = {*dir(kind.make(here, "It"))} - {*dir(base)}

    assert sorted(name for name in members if not name.startswith("_")) == kind.members.split()


# --- location and id --------------------------------------------------------------------------------------------------


def test_a_scope_outside_every_stack_is_rejected(kind: Kind, app: cdk.App) -> None:
    (problem,) = rejected(kind, app)

    assert problem.endswith("must be in a stack, and the scope is not in one; use a Stack, or a construct in one")


def test_a_scope_of_the_wrong_kind_is_a_type_error(kind: Kind) -> None:
    for scope in (None, "Containers", 1, cdk.Stack):
        with pytest.raises(ArgumentTypeError, match="scope must be a Construct such as ") as refused:
            kind.make(scope, "It")

        assert refused.value.path == ""


def test_an_empty_id_and_a_token_as_an_id_are_rejected(kind: Kind, here: cdk.Stack) -> None:
    for id in ("", cdk.Aws.REGION):
        (problem,) = rejected(kind, here, id)

        assert problem.endswith("is not valid for a construct; use a word such as 'Api'")


def test_an_id_that_another_construct_has_is_rejected(kind: Kind, here: cdk.Stack) -> None:
    cdk.CfnWaitConditionHandle(here, "It")

    assert rejected(kind, here) == (
        "another construct of this scope has that ID; IDs are unique in their scope, so use another",
    )


# --- rejected values --------------------------------------------------------------------------------------------------


def test_problems_of_the_id_and_of_a_value_are_one_error(kind: Kind, here: cdk.Stack) -> None:
    problems = rejected(kind, here, "", **kind.rejected)

    assert len(problems) > 1
    assert [problem for problem in problems if ";" not in problem and "ECR allows" not in problem] == []


def test_a_rejected_construct_owns_nothing(kind: Kind, here: cdk.Stack) -> None:
    rejected(kind, here, **kind.rejected)

    kind.make(here, "It")


# --- the owner in an account and Region -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SAME_ENVIRONMENT)
def test_a_second_owner_in_an_account_and_region_is_rejected(app: cdk.App, name: str) -> None:
    first, second = SAME_ENVIRONMENT[name](app)
    owners = {id: kind.make(first, id) for id, kind in KINDS.items()}

    for id, kind in KINDS.items():
        (problem,) = rejected(kind, second, f"Second-{id}")
        assert problem.startswith(kind.conflict.format(owners[id].node.path))


@pytest.mark.parametrize("name", OTHER_ENVIRONMENT)
def test_another_account_or_region_has_its_own_owner(app: cdk.App, name: str) -> None:
    one, other = OTHER_ENVIRONMENT[name](app)
    for id, kind in KINDS.items():
        kind.make(one, id)
        kind.make(other, id)

    synthesize(one.node.root)
    synthesize(other.node.root)


def test_a_removed_construct_owns_nothing(kind: Kind, here: cdk.Stack) -> None:
    kind.make(here, "Old")
    here.node.try_remove_child("Old")

    kind.make(here, "New")
