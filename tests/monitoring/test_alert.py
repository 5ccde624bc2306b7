"""The arguments that all alerts have, and the rules that they create."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_events as events
from aws_cdk import aws_sns as sns
from constructs import Construct

from ecr_constructs import (
    ADOPTED,
    AlertTarget,
    CacheRefreshed,
    HardenedRepository,
    ImageArchived,
    ImageDeleted,
    ImageFindings,
    ImagePushed,
    ImageRestored,
    InvalidAlert,
    Namespace,
    PrivateRegistry,
    ReplicationFailed,
    ScanningStopped,
    TagPattern,
    Tampering,
)
from ecr_constructs.model.events import api_call_events, ecr_events, finding_events
from ecr_constructs.model.events.event_rule import EventRule
from ecr_constructs.model.events.repository_filter import RepositoryFilter
from tests.templates import ACCOUNT, new_stack, resources

HERE = "us-east-1"
RULE = "AWS::Events::Rule"
ARN = f"arn:aws:ecr:{HERE}:{ACCOUNT}:repository/"

# Each alert, and the rules for a filter of repositories.
ALERTS: Mapping[str, tuple[Callable[..., Any], Callable[[RepositoryFilter], list[EventRule]]]] = {
    "findings": (
        ImageFindings,
        lambda names: [finding_events.basic_scan(names, "HIGH"), finding_events.enhanced_finding(names, "HIGH")],
    ),
    "pushed": (ImagePushed, lambda names: [ecr_events.image_pushed(names)]),
    "deleted": (ImageDeleted, lambda names: [ecr_events.image_deleted(names)]),
    "archived": (ImageArchived, lambda names: [ecr_events.image_archived(names)]),
    "restored": (ImageRestored, lambda names: [ecr_events.image_restored(names)]),
    "cached": (CacheRefreshed, lambda names: [ecr_events.cache_refreshed(names)]),
    "replication": (ReplicationFailed, lambda names: [ecr_events.replication_failed(names)]),
    "scanning": (ScanningStopped, lambda names: [ecr_events.scanning_stopped(names)]),
    "tampering": (Tampering, lambda names: [*api_call_events.tampering(names)]),
}


@pytest.fixture(params=ALERTS)
def alert(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def here(stack_in: Callable[[str], cdk.Stack]) -> cdk.Stack:
    return stack_in(HERE)


def make(alert: str, scope: Any, id: Any = "It", **arguments: Any) -> Any:
    return ALERTS[alert][0](scope, id, **arguments)


def patterns(stack: cdk.Stack) -> list[Mapping[str, Any]]:
    return [rule["Properties"]["EventPattern"] for rule in resources(stack, RULE).values()]


def problems_of(alert: str, scope: Any, id: Any = "It", **arguments: Any) -> tuple[str, ...]:
    """Return the problems of an alert that is rejected, before anything is added to the tree."""
    before = [each.node.path for each in scope.node.find_all()]
    with pytest.raises(InvalidAlert) as refused:
        make(alert, scope, id, **arguments)

    assert refused.value.path == "/".join(filter(None, (scope.node.path, id)))
    assert [each.node.path for each in scope.node.find_all()] == before
    return refused.value.problems


# --- rules ------------------------------------------------------------------------------------------------------------


def test_an_alert_creates_its_rules_for_every_kind_of_repository(alert: str, here: cdk.Stack) -> None:
    selections: list[tuple[Any, tuple[str, ...]]] = [
        (None, ("*",)),
        (Namespace("prod"), ("prod/*",)),
        ("tools/ci", ("tools/ci",)),
        ([Namespace("prod"), "tools/ci*"], ("prod/*", "tools/ci*")),
        (HardenedRepository(here, "Api", repository_name="prod/api", settings=ADOPTED), ("<name>",)),
        (ecr.Repository.from_repository_name(here, "Imported", "prod/imported"), ("prod/imported",)),
        (PrivateRegistry(here, "Registry"), ("*",)),
    ]
    for index, (selection, _) in enumerate(selections):
        make(alert, here, f"It{index}", repositories=selection)

    name = here.get_logical_id(here.node.find_child("Api").node.default_child)  # type: ignore[arg-type]
    expected = [
        _resolved(rule.pattern(), name)
        for _, names in selections
        for rule in ALERTS[alert][1](RepositoryFilter(names=names))
    ]
    assert patterns(here) == expected


def _resolved(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        return {key: _resolved(each, name) for key, each in value.items()}
    if isinstance(value, list):
        return [_resolved(each, name) for each in value]
    return {"Ref": name} if value == "<name>" else value


def test_a_rule_has_a_description_and_the_message_of_its_event(here: cdk.Stack) -> None:
    alert = ImagePushed(here, "Pushed", targets=[AlertTarget.topic(sns.Topic(here, "Topic"))])

    (rule,) = resources(here, RULE).values()
    assert rule["Properties"]["Description"] == "ImagePushed: ECR Image Action"
    assert [each.node.path for each in alert.rules] == [f"{here.node.path}/Pushed/Rule"]
    message = ecr_events.image_pushed(RepositoryFilter()).message.as_text()
    (target,) = rule["Properties"]["Targets"]
    assert target["InputTransformer"] == {"InputPathsMap": message.paths, "InputTemplate": message.template}


@pytest.mark.parametrize("tags", ["v*", ["v*"], TagPattern("v*"), [TagPattern("v*")]])
def test_tags_are_one_pattern_or_several(tags: Any, here: cdk.Stack) -> None:
    for alert in ("pushed", "deleted", "cached"):
        make(alert, here, alert, tags=tags)

    assert [pattern["detail"]["image-tag"] for pattern in patterns(here)] == [[{"prefix": "v"}]] * 3


# --- rejected arguments -----------------------------------------------------------------------------------------------


def test_all_problems_are_reported_at_once(alert: str, here: cdk.Stack) -> None:
    topic = AlertTarget.topic(sns.Topic(here, "Topic"))

    problems = problems_of(alert, here, "Topic", repositories=["Prod", "a b"], targets=[topic] * 6)

    assert len(problems) == 4
    assert "another construct of this scope has that ID" in problems[0]
    assert problems[1].startswith("repositories: repository pattern 'Prod' has 'P'")
    assert problems[2].startswith("repositories: ")
    assert problems[3] == ("targets: 6 targets; EventBridge allows 5 for a rule, use a topic for several recipients")


def test_an_alert_outside_a_stack_is_rejected(alert: str, app: cdk.App) -> None:
    assert problems_of(alert, app) == (
        "an alert must be in a stack, and the scope is not in one; use a Stack, or a construct in one",
    )


def test_an_empty_list_of_repositories_is_rejected(alert: str, here: cdk.Stack) -> None:
    assert problems_of(alert, here, repositories=[]) == ("repositories is empty; omit it for all repositories",)


@pytest.mark.parametrize("tags", [["v" * 301], ["a b"], [""], []])
def test_tags_that_no_image_can_have_are_rejected(tags: list[str], here: cdk.Stack) -> None:
    (problem,) = problems_of("pushed", here, tags=tags)

    assert problem.startswith("tags")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"repositories": 7}, "repositories must be a repository, a Namespace, a name, a PrivateRegistry, or a list"),
        ({"repositories": [None]}, "repositories must be a repository"),
        ({"repositories": HardenedRepository}, "repositories must be a repository"),
        ({"targets": "topic"}, "targets must be a list such as [AlertTarget.topic(topic)], got 'topic'"),
        ({"targets": [AlertTarget]}, "targets[0] must be an AlertTarget or events.IRuleTarget"),
        ({"targets": None}, "targets must be a list"),
    ],
)
def test_an_argument_of_the_wrong_kind_is_a_type_error(
    arguments: dict[str, Any], expected: str, here: cdk.Stack
) -> None:
    for alert in ALERTS:
        with pytest.raises(TypeError) as refused:
            make(alert, here, **arguments)

        assert expected in str(refused.value), alert
        assert here.node.try_find_child("It") is None, alert


def test_other_classes_with_a_bind_are_no_targets(alert: str, here: cdk.Stack) -> None:
    from aws_cdk import aws_cloudwatch_actions as actions
    from aws_cdk import aws_sns_subscriptions as subscriptions

    wrong: list[Any] = [
        actions.SnsAction(sns.Topic(here, "Topic")),
        subscriptions.EmailSubscription("security@example.com"),
        events.RuleTargetInput.from_text("text"),
    ]
    with pytest.raises(TypeError) as refused:
        make(alert, here, targets=wrong)
    assert str(refused.value).count("must be an AlertTarget or events.IRuleTarget") == len(wrong)
    for target in wrong:
        with pytest.raises(TypeError, match=r"target must be an AlertTarget or events\.IRuleTarget"):
            make(alert, here, str(id(target))).add_target(target)


@pytest.mark.parametrize("tags", [7, [7], b"v"])
def test_tags_of_the_wrong_kind_are_a_type_error(tags: Any, here: cdk.Stack) -> None:
    with pytest.raises(TypeError, match="tags"):
        ImagePushed(here, "It", tags=tags)


def test_a_repository_of_another_environment_is_rejected(app: cdk.App, here: cdk.Stack) -> None:
    there = new_stack(app, "There", region="eu-west-1", account="444455556666")
    repository = HardenedRepository(there, "Api", repository_name="prod/api", settings=ADOPTED)

    for selection in (repository, PrivateRegistry(there, "Registry")):
        account, region = problems_of("pushed", here, repositories=selection)
        assert account == (
            f"repositories: {selection.node.path} is in account 444455556666, and the alert in {ACCOUNT}; events are "
            "sent in the account of the repository, so create the alert in a stack of 444455556666"
        )
        assert "is in Region eu-west-1, and the alert in us-east-1" in region


def test_resources_of_another_stage_are_rejected(app: cdk.App) -> None:
    stages = [cdk.Stage(app, name, env=cdk.Environment(account=ACCOUNT, region=HERE)) for name in ("Data", "Alerts")]
    there, here = (cdk.Stack(stage, "Stack") for stage in stages)
    repository = ecr.Repository(there, "Api", repository_name="prod/api")
    topic = sns.Topic(there, "Topic")

    problems = problems_of("pushed", here, repositories=repository, targets=[AlertTarget.topic(topic)])

    assert problems == tuple(
        f"{argument}: Data/Stack/{name} is in another stage than the alert, and a stack cannot refer to a resource of "
        "another stage; create the alert in that stage, or import the resource"
        for argument, name in (("repositories", "Api"), ("targets", "Topic"))
    )
    imported = ecr.Repository.from_repository_name(here, "Imported", "prod/api")
    ImagePushed(here, "It", repositories=imported)
    app.synth()


def test_repositories_of_other_services_and_l1_repositories_are_type_errors(alert: str, here: cdk.Stack) -> None:
    from aws_cdk import aws_codecommit as codecommit

    for repository in (
        codecommit.Repository(here, "Source", repository_name="prod"),
        ecr.CfnRepository(here, "L1"),
    ):
        with pytest.raises(TypeError, match="repositories must be a repository, a Namespace, a name"):
            make(alert, here, repositories=repository)


def test_a_repository_of_the_same_environment_in_another_stack_is_accepted(app: cdk.App, here: cdk.Stack) -> None:
    other = new_stack(app, "Other", region=HERE)
    repository = HardenedRepository(other, "Api", repository_name="prod/api", settings=ADOPTED)

    assert len(ImagePushed(here, "It", repositories=repository).rules) == 1


def test_a_pattern_that_is_too_long_is_rejected(alert: str, here: cdk.Stack) -> None:
    names = [f"prod/{'x' * 100}{index:02}" for index in range(30)]

    for problem in problems_of(alert, here, repositories=names):
        assert "EventBridge allows 2048, use a Namespace or '*' instead of single names, or several alerts" in problem


def test_a_pattern_with_tokens_counts_as_if_it_was_deployed(stack: cdk.Stack) -> None:
    names = [f"prod/service-{index}" for index in range(15)]

    assert len(ImageFindings(stack, "It", each="image", repositories=names).rules) == 2


# --- targets that are added later -------------------------------------------------------------------------------------


def test_a_target_is_added_to_every_rule(here: cdk.Stack) -> None:
    alert = Tampering(here, "It", targets=[AlertTarget.topic(sns.Topic(here, "Topic"))])
    alert.add_target(AlertTarget.chat(sns.Topic(here, "Chat")))

    assert [len(rule["Properties"]["Targets"]) for rule in resources(here, RULE).values()] == [2, 2]


def test_a_sixth_target_is_rejected(here: cdk.Stack) -> None:
    topic = AlertTarget.topic(sns.Topic(here, "Topic"))
    alert = ImagePushed(here, "It", targets=[topic] * 4)
    alert.add_target(topic)

    with pytest.raises(InvalidAlert, match="6 targets; EventBridge allows 5") as refused:
        alert.add_target(topic)
    assert refused.value.path == f"{here.node.path}/It"
    (rule,) = resources(here, RULE).values()
    assert len(rule["Properties"]["Targets"]) == 5


def test_a_later_target_of_the_wrong_kind_is_a_type_error(here: cdk.Stack) -> None:
    with pytest.raises(TypeError, match="target must be an AlertTarget"):
        ImagePushed(here, "It").add_target("topic")  # type: ignore[arg-type]


def test_a_target_of_the_cdk_receives_the_event(here: cdk.Stack) -> None:
    from aws_cdk import aws_events_targets as targets
    from aws_cdk import aws_sqs as sqs

    ImagePushed(here, "It", targets=[targets.SqsQueue(sqs.Queue(here, "Queue"))])

    (rule,) = resources(here, RULE).values()
    (target,) = rule["Properties"]["Targets"]
    assert "InputTransformer" not in target


def test_a_rule_can_be_extended_with_the_cdk(here: cdk.Stack) -> None:
    (rule,) = ImagePushed(here, "It").rules

    assert isinstance(rule, events.Rule)
    assert isinstance(rule, Construct)
