"""Replication of a registry: merged rules, loops, and the quotas of ECR."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import aws_cdk as cdk
import pytest

from ecr_constructs import InvalidRegistry, Namespace, PrivateRegistry, Replication
from tests.registries import REPLICATION, replication_rules, the, types, warnings
from tests.templates import ACCOUNT, OTHER_ACCOUNT, new_app, new_stack

HERE = "us-east-1"
THERE = "eu-west-1"
OWN = {"Ref": "AWS::AccountId"}

REGIONS = [
    f"{area}-{side}-{number}" for area in ("eu", "ap", "sa") for side in ("west", "east") for number in range(1, 6)
]


def registry(stack: cdk.Stack, *replication: Replication) -> PrivateRegistry:
    return PrivateRegistry(stack, "Registry", replication=replication)


@pytest.fixture
def here(stack_in: Callable[[str], cdk.Stack]) -> cdk.Stack:
    """Return a stack with an account and a Region."""
    return stack_in(HERE)


# --- rules ------------------------------------------------------------------------------------------------------------


def test_the_default_account_is_that_of_the_registry(here: cdk.Stack) -> None:
    registry(here, Replication.to(THERE))

    assert replication_rules(here) == [([], [(THERE, ACCOUNT)])]


def test_a_destination_without_an_account_has_the_account_of_the_deployment(stack: cdk.Stack) -> None:
    registry(stack, Replication.to(THERE))

    assert replication_rules(stack) == [([], [(THERE, OWN)])]


def test_another_account_is_named_by_its_id(here: cdk.Stack) -> None:
    registry(here, Replication.to(HERE, account=OTHER_ACCOUNT))

    assert replication_rules(here) == [([], [(HERE, OTHER_ACCOUNT)])]


def test_all_repositories_are_a_rule_without_filters(here: cdk.Stack) -> None:
    registry(here, Replication.to(THERE))

    (rule,) = the(here, REPLICATION)["Properties"]["ReplicationConfiguration"]["Rules"]
    assert "RepositoryFilters" not in rule


def test_every_filter_is_how_a_name_begins(here: cdk.Stack) -> None:
    registry(here, Replication.to(THERE, repositories=[Namespace("prod"), "base-"]))

    (rule,) = the(here, REPLICATION)["Properties"]["ReplicationConfiguration"]["Rules"]
    assert rule["RepositoryFilters"] == [
        {"Filter": "base-", "FilterType": "PREFIX_MATCH"},
        {"Filter": "prod/", "FilterType": "PREFIX_MATCH"},
    ]


def test_replications_with_the_same_destinations_are_one_rule(here: cdk.Stack) -> None:
    owner = registry(here, Replication.to(THERE, repositories=Namespace("prod")))
    owner.add_replication(Replication.to(THERE, repositories=Namespace("base")))
    owner.replicate("tools/ci", [THERE])
    owner.add_replication(Replication.to("sa-east-1", repositories=[Namespace("prod"), Namespace("base"), "tools/ci"]))

    assert replication_rules(here) == [(["base/", "prod/", "tools/ci"], [(THERE, ACCOUNT), ("sa-east-1", ACCOUNT)])]


def test_the_id_of_the_registry_account_is_the_same_account(here: cdk.Stack) -> None:
    owner = registry(here, Replication.to(THERE), Replication.to(THERE, account=ACCOUNT))

    assert replication_rules(here) == [([], [(THERE, ACCOUNT)])]
    assert owner.replication == (Replication.to(THERE),)


def test_a_value_that_is_given_twice_is_rendered_once(here: cdk.Stack) -> None:
    owner = registry(here, *[Replication.to(THERE, repositories="prod/")] * 2)
    owner.add_replication(Replication.to(THERE, repositories="prod/"))

    assert replication_rules(here) == [(["prod/"], [(THERE, ACCOUNT)])]
    assert len(owner.replication) == 1


GIVEN = [
    Replication.to(THERE, repositories=Namespace("prod")),
    Replication.to(THERE, repositories=["prod/api", "base/"]),
    Replication.to("sa-east-1", repositories="base/"),
    Replication.to("sa-east-1", account=OTHER_ACCOUNT),
    Replication.to(HERE, account=OTHER_ACCOUNT, repositories="prod/"),
]


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_contributors_changes_nothing(app: cdk.App, seed: int) -> None:
    shuffled = random.Random(seed).sample(GIVEN, len(GIVEN))  # noqa: S311  (an order, no secret)
    one, other = new_stack(app, "One", region=HERE), new_stack(new_app(), "One", region=HERE)
    registry(one, *GIVEN)
    owner = registry(other)
    for each in shuffled:
        owner.add_replication(each)

    assert the(one, REPLICATION) == the(other, REPLICATION)
    assert {*owner.replication} == {*GIVEN}


def test_a_contribution_of_nothing_adds_nothing(here: cdk.Stack) -> None:
    owner = registry(here)
    owner.add_replication()
    owner.replicate("prod/api", [])
    owner.add_replication()

    assert types(here) == []


@pytest.mark.parametrize(
    "value", [THERE, None, Namespace("prod"), [Replication.to(THERE)]], ids=["text", "none", "namespace", "list"]
)
def test_a_contribution_of_the_wrong_kind_is_a_type_error(here: cdk.Stack, value: Any) -> None:
    owner = registry(here)

    with pytest.raises(TypeError, match=r"replication\[0\] must be a Replication, got"):
        owner.add_replication(value)
    assert types(here) == []


@pytest.mark.parametrize(
    "region", ["nowhere", cdk.Aws.REGION, "", "eu-west-1a"], ids=["word", "token", "empty", "zone"]
)
def test_an_invalid_region_and_a_token_are_rejected(here: cdk.Stack, region: str) -> None:
    owner = registry(here)

    with pytest.raises(InvalidRegistry, match="Region") as refused:
        owner.replicate("prod/api", [region])
    assert refused.value.path == f"{here.node.path}/Registry"
    assert types(here) == []


def test_all_problems_of_a_repository_to_replicate_are_one_error(here: cdk.Stack) -> None:
    owner = registry(here)

    with pytest.raises(InvalidRegistry) as refused:
        owner.replicate("A b", ["nowhere", "elsewhere"])
    assert len(refused.value.problems) == len({*refused.value.problems})


# --- a destination that is the source ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "replication",
    [
        Replication.to(HERE),
        Replication.to(HERE, account=ACCOUNT),
        Replication.to(HERE, repositories=Namespace("prod")),
    ],
    ids=["by default", "by its ID", "some repositories"],
)
def test_a_registry_does_not_replicate_to_itself(here: cdk.Stack, replication: Replication) -> None:
    with pytest.raises(InvalidRegistry, match=rf"the destination '{HERE}' is the registry itself; use another"):
        registry(here, replication)
    assert here.node.children == []

    owner = registry(here)
    with pytest.raises(InvalidRegistry, match="is the registry itself"):
        owner.add_replication(Replication.to(THERE), replication)
    assert types(here) == []


def test_the_same_region_of_another_account_is_not_itself(here: cdk.Stack) -> None:
    registry(here, Replication.to(HERE, account=OTHER_ACCOUNT))

    assert replication_rules(here) == [([], [(HERE, OTHER_ACCOUNT)])]


def test_a_region_that_is_known_is_enough_to_see_it(app: cdk.App) -> None:
    with pytest.raises(InvalidRegistry, match="is the registry itself"):
        registry(cdk.Stack(app, "S", env=cdk.Environment(region=HERE)), Replication.to(HERE))


def test_any_region_is_accepted_if_the_region_is_not_known(stack: cdk.Stack) -> None:
    registry(stack, Replication.to(HERE))

    assert replication_rules(stack) == [([], [(HERE, OWN)])]


# --- loops ------------------------------------------------------------------------------------------------------------

BOTH_WAYS = "replicate the same repositories to each other"


def both_ways(stacks: Sequence[cdk.Stack]) -> list[str]:
    return [text for stack in stacks for text in warnings(stack) if BOTH_WAYS in text]


@pytest.fixture
def two(app: cdk.App) -> tuple[cdk.Stack, cdk.Stack]:
    """Return stacks of two Regions of an account."""
    return new_stack(app, "Here", region=HERE), new_stack(app, "There", region=THERE)


@pytest.mark.parametrize(
    ("repositories", "back"),
    [(None, None), ("prod/", None), (None, "prod/"), ("prod/", "prod/api"), ("prod/api", "prod/"), ("p1", "p1")],
)
def test_replication_in_both_directions_is_reported(
    two: tuple[cdk.Stack, cdk.Stack], repositories: str | None, back: str | None
) -> None:
    registry(two[0], Replication.to(THERE, repositories=repositories))
    registry(two[1], Replication.to(HERE, repositories=back))

    (warning,) = both_ways(two)
    assert "There/Registry and Here/Registry" in warning
    assert "push to one of them only" in warning


@pytest.mark.parametrize(("repositories", "back"), [("prod/", "dev/"), ("prod/api", "prod/web"), ("p1/", "p12/")])
def test_different_repositories_can_be_replicated_in_both_directions(
    two: tuple[cdk.Stack, cdk.Stack], repositories: str, back: str
) -> None:
    registry(two[0], Replication.to(THERE, repositories=repositories))
    registry(two[1], Replication.to(HERE, repositories=back))

    assert both_ways(two) == []


def test_replication_in_one_direction_is_not_reported(two: tuple[cdk.Stack, cdk.Stack]) -> None:
    registry(two[0], Replication.to(THERE))
    registry(two[1], Replication.to("sa-east-1"))

    assert both_ways(two) == []


def test_replication_to_another_account_and_back_is_reported(app: cdk.App) -> None:
    stacks = new_stack(app, "Mine", region=HERE), new_stack(app, "Theirs", region=HERE, account=OTHER_ACCOUNT)
    registry(stacks[0], Replication.to(HERE, account=OTHER_ACCOUNT))
    registry(stacks[1], Replication.to(HERE, account=ACCOUNT))

    assert len(both_ways(stacks)) == 1


def test_the_same_region_of_another_account_is_not_the_way_back(app: cdk.App) -> None:
    stacks = new_stack(app, "Mine", region=HERE), new_stack(app, "Theirs", region=THERE, account=OTHER_ACCOUNT)
    registry(stacks[0], Replication.to(THERE))
    registry(stacks[1], Replication.to(HERE))

    assert both_ways(stacks) == []


@pytest.mark.parametrize("later", ["first", "second"])
def test_a_replication_back_that_a_repository_requests_is_reported(
    two: tuple[cdk.Stack, cdk.Stack], later: str
) -> None:
    one, other = registry(two[0]), registry(two[1])
    pair = [(one, THERE), (other, HERE)]
    for owner, region in pair if later == "second" else pair[::-1]:
        owner.replicate("prod/api", [region])

    assert len(both_ways(two)) == 1


def test_a_replication_in_both_directions_is_reported_once_for_many_repositories(
    two: tuple[cdk.Stack, cdk.Stack],
) -> None:
    registry(two[0], Replication.to(THERE))
    back = registry(two[1])
    for name in ("prod/api", "prod/web", "base/a"):
        back.replicate(name, [HERE])

    assert len(both_ways(two)) == 1


def test_in_an_unknown_environment_nothing_is_reported(app: cdk.App) -> None:
    stacks = new_stack(app, "One"), new_stack(app, "Other")
    registry(stacks[0], Replication.to(THERE))
    registry(stacks[1], Replication.to(HERE))

    assert both_ways(stacks) == []


# --- prefixes that match other repositories ---------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["prod", "prod/api", "team1"])
def test_a_filter_that_matches_other_repositories_is_reported(here: cdk.Stack, text: str) -> None:
    registry(here, Replication.to(THERE, repositories=text))

    (warning,) = warnings(here)
    assert f"replication filter '{text}' matches every repository whose name begins with it" in warning
    assert f"use Namespace('{text}')" in warning


@pytest.mark.parametrize("repositories", [Namespace("prod"), "prod/", "prod-", "prod.", None])
def test_a_filter_that_ends_where_a_word_ends_is_not_reported(here: cdk.Stack, repositories: Any) -> None:
    registry(here, Replication.to(THERE, repositories=repositories))

    assert warnings(here) == []


def test_a_repository_that_requests_scanning_by_its_name_has_no_warning(here: cdk.Stack) -> None:
    registry(here).replicate("prod/api", [THERE])

    assert warnings(here) == []


# --- quotas -----------------------------------------------------------------------------------------------------------


def apart(count: int) -> list[Replication]:
    """Return replications that are a number of rules: each has other destinations."""
    return [Replication.to(REGIONS[number], repositories=f"team-{number}/") for number in range(count)]


MANY = "more than 10 replication rules"


@pytest.mark.parametrize(("count", "told"), [(10, 0), (11, 1), (25, 1)])
def test_more_than_ten_rules_are_reported_once(here: cdk.Stack, count: int, told: int) -> None:
    registry(here, *apart(count))

    assert len(replication_rules(here)) == count
    assert len([text for text in warnings(here) if MANY in text]) == told


def test_more_than_ten_rules_that_are_added_one_by_one_are_reported_once(here: cdk.Stack) -> None:
    owner = registry(here)
    for each in apart(14):
        owner.add_replication(each)

    assert len([text for text in warnings(here) if MANY in text]) == 1


def test_more_than_ten_rules_that_repositories_request_are_reported(here: cdk.Stack) -> None:
    owner = registry(here)
    for number in range(11):
        owner.replicate(f"team-{number}/api", [REGIONS[number]])

    (warning,) = warnings(here)
    assert MANY in warning
    assert "its other pages 25: request the quota before you deploy" in warning


def test_the_region_with_the_larger_quota_has_no_warning(stack_in: Callable[[str], cdk.Stack]) -> None:
    stack = stack_in("ca-central-1")
    registry(stack, *apart(25))

    assert warnings(stack) == []


def test_twenty_five_rules_are_the_most(here: cdk.Stack) -> None:
    with pytest.raises(InvalidRegistry) as refused:
        registry(
            here,
            *apart(25),
            Replication.to(REGIONS[0], repositories="x/"),
            Replication.to(REGIONS[1], repositories="x/"),
        )
    assert refused.value.problems == (
        ("26 replication rules; ECR allows 25; replicate more namespaces to the same destinations"),
    )
    assert here.node.children == []


def test_the_rule_above_the_limit_is_rejected_and_the_others_remain(here: cdk.Stack) -> None:
    owner = registry(here, *apart(25))
    with pytest.raises(InvalidRegistry, match="26 replication rules; ECR allows 25") as refused:
        owner.replicate("x/api", REGIONS[:2])

    assert refused.value.path == f"{here.node.path}/Registry"
    assert len(replication_rules(here)) == 25


def test_twenty_five_destinations_are_the_most(here: cdk.Stack) -> None:
    owner = registry(here, *(Replication.to(region) for region in REGIONS[:25]))
    with pytest.raises(InvalidRegistry, match=r"26 destinations of replication; ECR allows 25; remove some"):
        owner.add_replication(Replication.to(REGIONS[25]))
    owner.add_replication(Replication.to(REGIONS[24], repositories="more/"))

    ((_, destinations),) = replication_rules(here)
    assert len(destinations) == 25


def test_a_destination_in_another_account_counts_by_itself(here: cdk.Stack) -> None:
    owner = registry(here, *(Replication.to(region) for region in REGIONS[:25]))

    with pytest.raises(InvalidRegistry, match="26 destinations"):
        owner.add_replication(Replication.to(REGIONS[0], account=OTHER_ACCOUNT))


def test_more_than_a_hundred_filters_to_the_same_places_are_several_rules(here: cdk.Stack) -> None:
    owner = registry(here, Replication.to(THERE, repositories=[f"a-{number:03}/" for number in range(100)]))
    owner.add_replication(Replication.to(THERE, repositories="b/"))

    assert [len(filters) for filters, _ in replication_rules(here)] == [100, 1]
