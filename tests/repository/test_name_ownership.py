"""A literal repository name has one owner in an account and Region."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_ecr as ecr
from constructs import Construct

from ecr_constructs import ADOPTED, HardenedRepository, InvalidRepository
from tests.registries import warnings
from tests.templates import OTHER_ACCOUNT, new_app, new_stack, resources

HERE = "eu-west-1"
TWICE = "repository name 'prod/api' is that of {} in this account and Region"
ID = "ecr-constructs:repositoryNameTwice"


def repository(scope: Construct, id: str = "Api", name: str | None = "prod/api") -> HardenedRepository:
    return HardenedRepository(scope, id, repository_name=name, settings=ADOPTED)


# --- rejected names -------------------------------------------------------------------------------------------------

SAME: Mapping[str, Callable[[cdk.App], tuple[Construct, Construct]]] = {
    "one stack": lambda app: (stack := new_stack(app, "One"), Construct(stack, "Inner")),
    "one stack of a known environment": lambda app: (
        stack := new_stack(app, "One", region=HERE),
        Construct(stack, "Inner"),
    ),
    "two stacks of one environment": lambda app: (
        new_stack(app, "One", region=HERE),
        new_stack(app, "Two", region=HERE),
    ),
    "a nested stack": lambda app: (stack := new_stack(app, "One"), cdk.NestedStack(stack, "Nested")),
    "two nested stacks": lambda app: (
        cdk.NestedStack(stack := new_stack(app, "One"), "Nested"),
        cdk.NestedStack(stack, "Other"),
    ),
    "two stages": lambda app: (
        new_stack(cdk.Stage(app, "Beta"), "One", region=HERE),
        new_stack(cdk.Stage(app, "Prod"), "Two", region=HERE),
    ),
}


@pytest.mark.parametrize("where", SAME)
def test_a_name_that_another_repository_has_is_rejected_with_both_paths(app: cdk.App, where: str) -> None:
    first, second = SAME[where](app)
    owner = repository(first)
    before = [each.node.path for each in app.node.find_all()]

    with pytest.raises(InvalidRepository) as refused:
        repository(second)

    assert refused.value.path == f"{second.node.path}/Api"
    assert refused.value.problems[0].startswith(TWICE.format(owner.node.path) + ", and")
    assert [each.node.path for each in app.node.find_all()] == before


# --- accepted names -------------------------------------------------------------------------------------------------

OTHER: Mapping[str, Callable[[cdk.App], tuple[Construct, Construct]]] = {
    "two stacks of unknown environments": lambda app: (new_stack(app, "One"), new_stack(app, "Two")),
    "two Regions": lambda app: (new_stack(app, "One", region=HERE), new_stack(app, "Two", region="us-east-1")),
    "two accounts": lambda app: (
        new_stack(app, "One", region=HERE),
        new_stack(app, "Two", region=HERE, account=OTHER_ACCOUNT),
    ),
    "a known and an unknown environment": lambda app: (new_stack(app, "One", region=HERE), new_stack(app, "Two")),
    "two apps": lambda app: (new_stack(app, "One", region=HERE), new_stack(new_app(), "One", region=HERE)),
}


@pytest.mark.parametrize("where", OTHER)
def test_other_environments_have_names_of_their_own(app: cdk.App, where: str) -> None:
    first, second = OTHER[where](app)

    assert repository(first).node.path
    assert repository(second).node.path


def test_other_names_and_repositories_without_a_name_are_accepted(stack: cdk.Stack) -> None:
    for id, name in (("A", "prod/api"), ("B", "prod/api-2"), ("C", None), ("D", None)):
        repository(stack, id, name)

    assert len(resources(stack, "AWS::ECR::Repository")) == 4


def test_names_that_are_tokens_are_not_compared_at_once(stack: cdk.Stack) -> None:
    parameter = cdk.CfnParameter(stack, "Name").value_as_string

    repository(stack, "A", parameter)
    repository(stack, "B", parameter)


def test_a_repository_that_was_rejected_owns_no_name(stack: cdk.Stack) -> None:
    with pytest.raises(InvalidRepository):
        HardenedRepository(stack, "Api", repository_name="prod/api", resource_tags={"aws:a": "b"})

    repository(stack)


def test_a_second_repository_without_an_app_is_rejected() -> None:
    stack = cdk.Stack()
    repository(stack)

    with pytest.raises(InvalidRepository, match=r"repository name 'prod/api' is that of Default/Api"):
        repository(stack, "Other")


def test_an_id_that_exists_is_reported_rather_than_the_name(stack: cdk.Stack) -> None:
    repository(stack)

    with pytest.raises(InvalidRepository, match="repository name 'prod/api' is that of Containers/Api"):
        repository(stack)


# --- names that are known at synthesis --------------------------------------------------------------------------------


@jsii.implements(cdk.IStableStringProducer)
class Name:
    """Return the name when the app synthesizes."""

    def produce(self) -> str:
        return "prod/api"


LATE: Mapping[str, Callable[[Construct], object]] = {
    "ecr.Repository": lambda scope: ecr.Repository(scope, "Plain", repository_name="prod/api"),
    "CfnRepository": lambda scope: ecr.CfnRepository(scope, "Plain", repository_name="prod/api"),
    "a join of literals": lambda scope: repository(scope, "Plain", cdk.Fn.join("/", ["prod", "api"])),
    "a lazy value": lambda scope: repository(scope, "Plain", cdk.Lazy.string(Name())),
}
each_late = pytest.mark.parametrize("late", LATE)


@each_late
@pytest.mark.parametrize("is_first", [True, False])
def test_a_name_that_becomes_known_at_synthesis_is_compared_then(app: cdk.App, late: str, *, is_first: bool) -> None:
    one, two = new_stack(app, "One", region=HERE), new_stack(app, "Two", region=HERE)
    steps: list[Callable[[], object]] = [lambda: LATE[late](one), lambda: repository(two)]
    for step in steps if is_first else reversed(steps):
        step()

    app.synth()

    (warning,) = [*warnings(one), *warnings(two)]
    assert warning.startswith("Two/Api and One/Plain have the repository name 'prod/api' in one account and Region")
    assert ID in warning


def test_two_plain_repositories_of_one_name_are_compared_too(app: cdk.App) -> None:
    one, two = new_stack(app, "One", region=HERE), new_stack(app, "Two", region=HERE)
    repository(new_stack(app, "Zero"), "Ours", "prod/ours")
    LATE["ecr.Repository"](one)
    LATE["CfnRepository"](two)

    app.synth()

    (warning,) = [*warnings(one), *warnings(two)]
    assert warning.startswith("One/Plain and Two/Plain have the repository name 'prod/api'")


@each_late
def test_the_same_name_in_another_environment_is_no_warning(app: cdk.App, late: str) -> None:
    one, two = new_stack(app, "One", region=HERE), new_stack(app, "Two", region="us-east-1")
    LATE[late](one)
    repository(two)

    app.synth()

    assert [*warnings(one), *warnings(two)] == []


def test_the_warning_is_the_same_when_the_app_is_synthesized_again(app: cdk.App) -> None:
    stack = new_stack(app, "One", region=HERE)
    repository(new_stack(app, "Two", region=HERE))
    LATE["ecr.Repository"](stack)

    app.synth()
    app.synth(force=True)

    assert len(warnings(stack)) == 1


def test_the_warning_can_be_acknowledged(app: cdk.App) -> None:
    stack = new_stack(app, "One", region=HERE)
    repository(new_stack(app, "Two", region=HERE))
    LATE["ecr.Repository"](stack)
    cdk.Annotations.of(stack).acknowledge_warning(ID, "one of them is conditional")

    app.synth()

    assert warnings(stack) == []


def test_names_that_are_no_literal_at_synthesis_are_not_compared(stack: cdk.Stack) -> None:
    parameter = cdk.CfnParameter(stack, "Name").value_as_string
    repository(stack, "A", parameter)
    ecr.Repository(stack, "B", repository_name=cdk.CfnParameter(stack, "Other").value_as_string)
    ecr.Repository(stack, "C")

    app = stack.node.root
    assert isinstance(app, cdk.App)
    app.synth()

    assert warnings(stack) == []


def test_a_name_that_a_synthesized_stage_has_is_a_warning_in_a_stage_that_is_not(app: cdk.App) -> None:
    first, second = (new_stack(cdk.Stage(app, id), "One", region=HERE) for id in ("Dev", "Prod"))
    ecr.Repository(first, "Plain", repository_name="prod/api")
    repository(second)

    app.synth()

    assert [each for each in warnings(second) if ID in each]


def test_two_plain_repositories_of_a_synthesized_stage_are_a_warning_in_another_stage(app: cdk.App) -> None:
    first, second = (cdk.Stage(app, id) for id in ("Dev", "Prod"))
    for id in ("One", "Two"):
        ecr.Repository(new_stack(first, id, region=HERE), "Plain", repository_name="prod/api")
    third = new_stack(second, "One", region=HERE)
    repository(third, name="prod/web")

    app.synth()

    assert [each for each in warnings(third) if ID in each]
