"""Requests of a repository to its registry: `replicate_to=` and `scanning=`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import permutations
from typing import Any

import aws_cdk as cdk
import pytest

from ecr_constructs import (
    EPHEMERAL,
    HARDENED,
    HardenedRepository,
    InvalidRepository,
    Namespace,
    PrivateRegistry,
    Replication,
    Scanning,
)
from tests.registries import REPLICATION, SCANNING, replication_rules, scanning_rules, synthesize, the, types, warnings
from tests.templates import ACCOUNT, OTHER_ACCOUNT, new_app, new_stack, properties

HERE = "us-east-1"
THERE = "eu-west-1"
NO_REGISTRY = "the app has no PrivateRegistry for this account and Region; create one first"

# Each request alone, and its place in the template.
WISHES: Mapping[str, dict[str, Any]] = {
    "replicate_to": {"replicate_to": [THERE]},
    "continuous": {"scanning": "continuous"},
    "on_push": {"scanning": "on_push"},
}
each_wish = pytest.mark.parametrize("wish", WISHES.values(), ids=WISHES)


@pytest.fixture
def here(stack_in: Callable[[str], cdk.Stack]) -> cdk.Stack:
    """Return a stack with an account and a Region."""
    return stack_in(HERE)


def registry(stack: cdk.Stack) -> PrivateRegistry:
    """Create a registry whose scanning and replication are for `base` only."""
    return PrivateRegistry(stack, "Registry", scanning=Scanning.enhanced(continuous=Namespace("base")))


# --- with and without a request ---------------------------------------------------------------------------------------


def test_without_a_request_the_registry_is_not_changed(here: cdk.Stack) -> None:
    registry(here)
    HardenedRepository(here, "Api", repository_name="prod/api")

    assert scanning_rules(here) == {"CONTINUOUS_SCAN": ["base/*"]}
    assert REPLICATION not in types(here)


def test_without_a_request_no_registry_is_required(here: cdk.Stack) -> None:
    HardenedRepository(here, "Api", repository_name="prod/api", replicate_to=[], scanning=None)

    assert SCANNING not in types(here)


def test_a_repository_is_replicated_to_the_regions_it_names(here: cdk.Stack) -> None:
    owner = registry(here)
    HardenedRepository(here, "Api", repository_name="prod/api", replicate_to=["sa-east-1", THERE])

    assert replication_rules(here) == [(["prod/api"], [(THERE, ACCOUNT), ("sa-east-1", ACCOUNT)])]
    assert {each.region for each in owner.replication} == {THERE, "sa-east-1"}
    assert the(here, REPLICATION)["DeletionPolicy"] == "Retain"


def test_a_repository_is_scanned_continuously(here: cdk.Stack) -> None:
    registry(here)
    HardenedRepository(here, "Api", repository_name="prod/api", scanning="continuous")

    assert scanning_rules(here) == {"CONTINUOUS_SCAN": ["base/*", "prod/api*"]}
    assert REPLICATION not in types(here)


def test_a_repository_is_scanned_on_push(here: cdk.Stack) -> None:
    registry(here)
    HardenedRepository(here, "Api", repository_name="prod/api", scanning="on_push")

    assert scanning_rules(here) == {"CONTINUOUS_SCAN": ["base/*"], "SCAN_ON_PUSH": ["prod/api*"]}


def test_scanning_that_the_registry_has_is_not_added_again(here: cdk.Stack) -> None:
    owner = registry(here)
    owner.add_replication(Replication.to(THERE, repositories=Namespace("base")))
    HardenedRepository(here, "Api", repository_name="base/api", scanning="continuous", replicate_to=[THERE])

    assert scanning_rules(here) == {"CONTINUOUS_SCAN": ["base/*"]}
    assert replication_rules(here) == [(["base/"], [(THERE, ACCOUNT)])]


@each_wish
def test_a_request_does_not_change_the_repository(here: cdk.Stack, wish: dict[str, Any]) -> None:
    registry(here)
    wishing = HardenedRepository(here, "Wishing", repository_name="prod/one", **wish)
    other = HardenedRepository(here, "Other", repository_name="prod/two")

    assert {**properties(wishing), "RepositoryName": None} == {**properties(other), "RepositoryName": None}
    assert warnings(here) == []


# --- the registry of a repository -------------------------------------------------------------------------------------


@each_wish
def test_a_registry_in_another_stack_of_the_environment_does_it(app: cdk.App, wish: dict[str, Any]) -> None:
    owner, team = new_stack(app, "Registry", region=HERE), new_stack(app, "Team", region=HERE)
    registry(owner)
    HardenedRepository(team, "Api", repository_name="prod/api", **wish)

    assert "prod/api" in str(scanning_rules(owner)) + str(REPLICATION in types(owner) and replication_rules(owner))
    assert not {SCANNING, REPLICATION} & {*types(team)}


@each_wish
def test_a_registry_of_a_stack_without_an_environment_is_for_that_stack(stack: cdk.Stack, wish: dict[str, Any]) -> None:
    registry(stack)
    HardenedRepository(cdk.NestedStack(stack, "Nested"), "Api", repository_name="prod/api", **wish)

    assert "prod/api" in str(scanning_rules(stack)) + str(REPLICATION in types(stack) and replication_rules(stack))


ELSEWHERE: dict[str, Callable[[cdk.App], cdk.Stack]] = {
    "another Region": lambda app: new_stack(app, "Other", region=THERE),
    "another account": lambda app: new_stack(app, "Other", region=HERE, account=OTHER_ACCOUNT),
    "anywhere": lambda app: new_stack(app, "Other"),
}


@each_wish
@pytest.mark.parametrize("where", ELSEWHERE)
def test_a_registry_of_another_environment_does_nothing_for_it(
    app: cdk.App, here: cdk.Stack, where: str, wish: dict[str, Any]
) -> None:
    registry(here)
    other = ELSEWHERE[where](app)

    with pytest.raises(InvalidRepository, match=NO_REGISTRY) as refused:
        HardenedRepository(other, "Api", repository_name="prod/api", **wish)
    assert refused.value.path == "Other/Api"
    assert other.node.children == []
    assert scanning_rules(here) == {"CONTINUOUS_SCAN": ["base/*"]}


@each_wish
def test_the_registry_comes_first(here: cdk.Stack, wish: dict[str, Any]) -> None:
    with pytest.raises(InvalidRepository, match=NO_REGISTRY):
        HardenedRepository(here, "Api", repository_name="prod/api", **wish)
    registry(here)

    HardenedRepository(here, "Api", repository_name="prod/api", **wish)


@each_wish
def test_a_request_after_the_synthesis_is_rejected(app: cdk.App, here: cdk.Stack, wish: dict[str, Any]) -> None:
    registry(here)
    synthesize(app)

    with pytest.raises(InvalidRepository, match="is already synthesized, so the template would not contain this"):
        HardenedRepository(here, "Api", repository_name="prod/api", **wish)
    assert here.node.try_find_child("Api") is None


# --- names ------------------------------------------------------------------------------------------------------------


@each_wish
@pytest.mark.parametrize("name", [None, f"prod-{cdk.Aws.REGION}"], ids=["none", "token"])
def test_a_name_has_to_be_written_out(here: cdk.Stack, name: str | None, wish: dict[str, Any]) -> None:
    registry(here)

    with pytest.raises(InvalidRepository) as refused:
        HardenedRepository(here, "Api", repository_name=name, **wish)
    (problem,) = refused.value.problems
    assert problem.startswith("replicate_to= and scanning= require a repository_name= that is known at synthesis")
    assert problem.endswith("; use a literal name")
    assert here.node.try_find_child("Api") is None


def test_an_invalid_name_is_reported_once(here: cdk.Stack) -> None:
    registry(here)

    with pytest.raises(InvalidRepository) as refused:
        HardenedRepository(here, "Api", repository_name="Prod", replicate_to=[THERE], scanning="on_push")
    (problem,) = refused.value.problems
    assert problem.startswith("repository name 'Prod' has 'P'")


@pytest.mark.parametrize("name", ["a--b", "a__b", "team/a--b"])
def test_a_name_with_characters_that_only_replication_accepts(here: cdk.Stack, name: str) -> None:
    registry(here)
    with pytest.raises(InvalidRepository, match="scan filter"):
        HardenedRepository(here, "Api", repository_name=name, scanning="on_push")
    HardenedRepository(here, "Api", repository_name=name, replicate_to=[THERE])

    assert replication_rules(here) == [([name], [(THERE, ACCOUNT)])]


@pytest.mark.parametrize("name", ["ab", "a" * 254, "x/y"])
def test_names_at_the_limit_are_accepted(here: cdk.Stack, name: str) -> None:
    registry(here)
    HardenedRepository(here, "Api", repository_name=name, scanning="on_push", replicate_to=[THERE])

    assert scanning_rules(here)["SCAN_ON_PUSH"] == [f"{name}*"]
    assert replication_rules(here)[0][0] == [name]


# --- rejected requests ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "problem"),
    [
        ({"replicate_to": [HERE]}, "is the registry itself"),
        ({"replicate_to": ["nowhere"]}, "replicate_to: Region 'nowhere' is not well formed"),
        ({"replicate_to": [cdk.Aws.REGION]}, "is known only at deployment"),
        ({"replicate_to": [""]}, "replicate_to: Region is empty"),
        ({"scanning": "manual"}, "CloudFormation does not support MANUAL"),
        ({"scanning": "MANUAL"}, "scanning 'MANUAL' is unknown; use 'continuous' or 'on_push'"),
        ({"scanning": ""}, "scanning '' is unknown"),
    ],
    ids=["itself", "no Region", "token", "empty Region", "manual", "MANUAL", "empty"],
)
def test_a_request_that_is_not_possible_is_rejected_with_the_reason(here: cdk.Stack, wish: Any, problem: str) -> None:
    registry(here)

    with pytest.raises(InvalidRepository) as refused:
        HardenedRepository(here, "Api", repository_name="prod/api", **wish)
    assert [each for each in refused.value.problems if problem in each] == list(refused.value.problems)
    assert here.node.try_find_child("Api") is None
    assert types(here) == [SCANNING]


@pytest.mark.parametrize(
    ("scanning", "wish", "problem"),
    [
        (None, "on_push", "does not configure scanning; add scanning=Scanning.enhanced()"),
        (Scanning.basic(), "continuous", "only enhanced scanning is continuous"),
        (Scanning.enhanced(), "on_push", "is scanned continuously, by the filter '*' of the registry"),
        (Scanning.basic(on_push=[f"t{n}/*" for n in range(100)]), "on_push", "101 filters; ECR allows 100"),
    ],
    ids=["none", "basic", "continuous wins", "too many"],
)
def test_scanning_that_the_registry_cannot_do_is_rejected(
    here: cdk.Stack, scanning: Scanning | None, wish: Any, problem: str
) -> None:
    PrivateRegistry(here, "Registry", scanning=scanning)

    with pytest.raises(InvalidRepository, match=r".") as refused:
        HardenedRepository(here, "Api", repository_name="prod/api", scanning=wish)
    assert [each for each in refused.value.problems if problem in each] == list(refused.value.problems)
    assert here.node.try_find_child("Api") is None


def test_every_problem_is_reported_in_one_error(here: cdk.Stack) -> None:
    PrivateRegistry(here, "Registry", scanning=Scanning.basic())

    with pytest.raises(InvalidRepository) as refused:
        HardenedRepository(
            here,
            "Api",
            repository_name="prod/api",
            replicate_to=[HERE],
            scanning="continuous",
            settings=EPHEMERAL,
            resource_tags={"": "x"},
        )
    assert len(refused.value.problems) == 4
    assert types(here) == [SCANNING]


@pytest.mark.parametrize("settings", [EPHEMERAL, HARDENED.but(removal_policy=cdk.RemovalPolicy.DESTROY)])
def test_a_repository_that_is_deleted_with_its_stack_is_not_replicated(here: cdk.Stack, settings: Any) -> None:
    registry(here)
    with pytest.raises(InvalidRepository, match="replicate_to: the repository is deleted with its stack"):
        HardenedRepository(here, "Api", repository_name="prod/api", settings=settings, replicate_to=[THERE])

    HardenedRepository(here, "Api", repository_name="prod/api", settings=settings, scanning="on_push")
    assert REPLICATION not in types(here)


@pytest.mark.parametrize(
    "wish",
    [
        {"replicate_to": THERE},
        {"replicate_to": None},
        {"replicate_to": {THERE}},
        {"replicate_to": [7]},
        {"scanning": True},
    ],
    ids=str,
)
def test_a_request_of_the_wrong_kind_is_a_type_error_and_adds_nothing(here: cdk.Stack, wish: Any) -> None:
    registry(here)

    with pytest.raises(TypeError):
        HardenedRepository(here, "Api", repository_name="prod/api", **wish)
    assert here.node.try_find_child("Api") is None


# --- several repositories ---------------------------------------------------------------------------------------------

TEAM: Mapping[str, dict[str, Any]] = {
    "prod/api": {"scanning": "on_push", "replicate_to": [THERE]},
    "prod/api-v2": {"scanning": "on_push", "replicate_to": ["sa-east-1", THERE]},
    "tools/ci": {"scanning": "continuous", "replicate_to": [THERE]},
}


@pytest.mark.parametrize("order", [*permutations(TEAM)], ids=" ".join)
def test_the_order_in_which_repositories_come_changes_nothing(order: tuple[str, ...]) -> None:
    here = new_stack(new_app(), "Containers", region=HERE)
    registry(here)
    for name in order:
        HardenedRepository(here, name.replace("/", ""), repository_name=name, **TEAM[name])

    assert scanning_rules(here) == {"CONTINUOUS_SCAN": ["base/*", "tools/ci*"], "SCAN_ON_PUSH": ["prod/api*"]}
    assert replication_rules(here) == [
        (["prod/api", "tools/ci"], [(THERE, ACCOUNT)]),
        (["prod/api-v2"], [("sa-east-1", ACCOUNT)]),
    ]


def test_a_request_that_would_overrule_another_repository_is_rejected(here: cdk.Stack) -> None:
    registry(here)
    HardenedRepository(here, "ApiV2", repository_name="prod/api-v2", scanning="on_push")

    with pytest.raises(InvalidRepository, match=r"'prod/api-v2' is scanned continuously, by the filter 'prod/api\*'"):
        HardenedRepository(here, "Api", repository_name="prod/api", scanning="continuous")
    assert scanning_rules(here)["SCAN_ON_PUSH"] == ["prod/api-v2*"]
