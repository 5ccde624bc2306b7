"""Metrics of repositories, the alarms on them, and the dashboard."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_sns as sns

from ecr_constructs import (
    AlertTopic,
    HardenedRepository,
    ImageQuotaAlarm,
    InvalidAlert,
    Namespace,
    PullCountAlarm,
    RegistryDashboard,
    RepositoryMetrics,
)
from tests.templates import new_stack, resources

ALARM = "AWS::CloudWatch::Alarm"
PULLS = ["AWS/ECR", "RepositoryPullCount", "RepositoryName"]


def alarm_of(stack: cdk.Stack) -> Any:
    (alarm,) = resources(stack, ALARM).values()
    return alarm["Properties"]


def metric_of(alarm: Any, id: str) -> Any:
    return next(each for each in alarm["Metrics"] if each["Id"] == id)


def widgets_of(stack: cdk.Stack) -> list[Any]:
    """Return the widgets of the only dashboard. References are their logical IDs."""
    (dashboard,) = resources(stack, "AWS::CloudWatch::Dashboard").values()
    body = dashboard["Properties"]["DashboardBody"]
    parts = body["Fn::Join"][1] if isinstance(body, dict) else [body]
    text = "".join(part if isinstance(part, str) else next(iter(part.values())) for part in parts)
    widgets: list[Any] = json.loads(text)["widgets"]
    return widgets


# --- alarms -----------------------------------------------------------------------------------------------------------


def test_the_image_quota_alarm_compares_the_images_of_one_repository_with_the_quota(stack: cdk.Stack) -> None:
    ImageQuotaAlarm(stack, "Quota", repository="prod/api", percent=90)

    alarm = alarm_of(stack)
    images = metric_of(alarm, "images")["MetricStat"]
    # https://docs.aws.amazon.com/AmazonECR/latest/userguide/monitoring-usage.html
    assert images["Metric"]["Namespace"] == "AWS/Usage"
    assert images["Metric"]["MetricName"] == "ResourceCount"
    assert {each["Name"]: each["Value"] for each in images["Metric"]["Dimensions"]} == {
        "Service": "ECR",
        "Type": "RESOURCE",
        "Resource": "ImagesPerRepositoryCount",
        "ResourceId": "repository/prod/api",
    }
    assert (images["Stat"], images["Period"]) == ("Maximum", 300)
    assert metric_of(alarm, "expr_1")["Expression"] == "images / SERVICE_QUOTA(images) * 100"
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (90, "GreaterThanOrEqualToThreshold")


@pytest.mark.parametrize(
    ("limit", "operator", "missing"),
    [
        ({"maximum": 1000}, "GreaterThanThreshold", "notBreaching"),
        ({"minimum": 1}, "LessThanThreshold", "breaching"),
    ],
)
def test_a_time_without_data_has_no_pulls(limit: dict[str, int], operator: str, missing: str, stack: cdk.Stack) -> None:
    PullCountAlarm(stack, "Pulls", repository="prod/api", hours=24, **limit)  # type: ignore[arg-type]  # mypy reads the keywords as all

    alarm = alarm_of(stack)
    (metric,) = alarm["Metrics"]
    assert metric["MetricStat"]["Metric"] == {
        "Namespace": "AWS/ECR",
        "MetricName": "RepositoryPullCount",
        "Dimensions": [{"Name": "RepositoryName", "Value": "prod/api"}],
    }
    assert (metric["MetricStat"]["Stat"], metric["MetricStat"]["Period"]) == ("Sum", 86400)
    assert (alarm["ComparisonOperator"], alarm["TreatMissingData"]) == (operator, missing)
    assert [alarm["Threshold"]] == list(limit.values())


def test_an_alarm_may_publish_to_its_encrypted_topic(stack: cdk.Stack) -> None:
    topic = AlertTopic(stack, "Operations")

    ImageQuotaAlarm(stack, "Quota", repository="prod/api", topics=[topic.topic])

    (topic_id,) = resources(stack, "AWS::SNS::Topic")
    assert alarm_of(stack)["AlarmActions"] == alarm_of(stack)["OKActions"] == [{"Ref": topic_id}]
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
    for kind, document, actions in (
        ("AWS::SNS::TopicPolicy", "PolicyDocument", "sns:Publish"),
        ("AWS::KMS::Key", "KeyPolicy", ["kms:Decrypt", "kms:GenerateDataKey*"]),
    ):
        (resource,) = resources(stack, kind).values()
        statements = resource["Properties"][document]["Statement"]
        services = [
            each["Principal"]["Service"]
            for each in statements
            if each["Action"] == actions and "Service" in each["Principal"]
        ]
        # Statements that are equal but for their principals are merged.
        assert any("cloudwatch.amazonaws.com" in each for each in services)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (
            lambda stack: ImageQuotaAlarm(stack, "A", repository="prod/api", percent=101),
            "percent is 101; it must be from 1",
        ),
        (lambda stack: ImageQuotaAlarm(stack, "A", repository="Prod"), "repository: repository name 'Prod'"),
        (lambda stack: PullCountAlarm(stack, "A", repository="prod/api"), "maximum and minimum: give one of them"),
        (
            lambda stack: PullCountAlarm(stack, "A", repository="prod/api", minimum=1, maximum=2),
            "maximum and minimum: give one of them",
        ),
        (
            lambda stack: PullCountAlarm(stack, "A", repository="prod/api", maximum=1, hours=25),
            "hours is 25; it must be from 1 to 24",
        ),
        (
            lambda stack: PullCountAlarm(
                stack,
                "A",
                repository="prod/api",
                maximum=1,
                topics=[sns.Topic.from_topic_arn(stack, "T", "arn:aws:sns:us-west-2:111122223333:t")],
            ),
            "topics: the topic Containers/T is in 'us-west-2', and the alarm in 'eu-west-1'",
        ),
        (
            lambda stack: ImageQuotaAlarm(
                stack, "A", repository="prod/api", topics=[sns.Topic(stack, f"T{number}") for number in range(6)]
            ),
            "topics: 6 topics; CloudWatch allows 5 for a state of an alarm, remove some",
        ),
        (
            lambda stack: ImageQuotaAlarm(stack, "A", repository="prod/api", topics=[sns.Topic(stack, "T")] * 2),
            "topics[1]: Containers/T is listed twice; remove one",
        ),
    ],
)
def test_an_alarm_that_cannot_work_is_rejected(make: Callable[[cdk.Stack], object], problem: str, app: cdk.App) -> None:
    stack = new_stack(app, "Containers", region="eu-west-1")

    with pytest.raises(InvalidAlert) as error:
        make(stack)

    assert [each for each in error.value.problems if each.startswith(problem)] == list(error.value.problems)
    assert stack.node.try_find_child("A") is None


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (
            lambda stack, repository: ImageQuotaAlarm(stack, "A", repository=repository),
            "repository: There/Api is in Region eu-west-1, and the alarm in us-east-1; metrics are sent in the Region",
        ),
        (
            lambda stack, repository: RegistryDashboard(stack, "A", repositories=["prod/web", repository]),
            "repositories[1]: There/Api is in Region eu-west-1, and the dashboard in us-east-1; metrics are sent",
        ),
    ],
)
def test_a_repository_of_another_region_is_rejected(
    make: Callable[[cdk.Stack, ecr.IRepository], object], problem: str, app: cdk.App
) -> None:
    repository = ecr.Repository(new_stack(app, "There", region="eu-west-1"), "Api", repository_name="prod/api")

    with pytest.raises(InvalidAlert) as error:
        make(new_stack(app, "Here", region="us-east-1"), repository)

    assert [each.startswith(problem) for each in error.value.problems] == [True]


# --- the dashboard ----------------------------------------------------------------------------------------------------


def test_a_dashboard_has_a_row_for_each_namespace(stack: cdk.Stack) -> None:
    api = HardenedRepository(stack, "Api", repository_name="prod/api")

    RegistryDashboard(stack, "Dashboard", repositories=["base", api, "prod/web", Namespace("docker-hub")])

    widgets = widgets_of(stack)
    headings = [each["properties"]["markdown"] for each in widgets if each["type"] == "text"]
    assert headings == ["## docker-hub/", "## prod/", "## Other repositories"]
    (api_id,) = resources(stack, "AWS::ECR::Repository")
    pulls = [each["properties"]["metrics"] for each in widgets if each["properties"].get("title") == "Pulls per hour"]
    assert [metric[3] for metric in pulls[1]] == [api_id, "prod/web"]
    assert [metric[:4] for metric in pulls[2]] == [[*PULLS, "base"]]
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
    search = '{AWS/ECR,RepositoryName} MetricName="RepositoryPullCount" RepositoryName=docker-hub'
    assert pulls[0][0][0]["expression"] == f"SEARCH('{search}', 'Sum', 3600)"


def test_the_quota_is_shown_for_each_repository_and_not_for_namespaces(stack: cdk.Stack) -> None:
    RegistryDashboard(stack, "Dashboard", repositories=["prod/a", "prod/b", Namespace("dev")])

    (quota,) = [each["properties"] for each in widgets_of(stack) if "quota" in each["properties"].get("title", "")]
    expressions = [metric[0]["expression"] for metric in quota["metrics"] if isinstance(metric[0], dict)]
    assert len(expressions) == len(set(expressions)) == 2
    assert [each["value"] for each in quota["annotations"]["horizontal"]] == [100]


def test_all_problems_of_a_dashboard_are_reported_together(stack: cdk.Stack) -> None:
    with pytest.raises(InvalidAlert) as error:
        RegistryDashboard(stack, "Dashboard", repositories=["base", "base", "Prod"], dashboard_name="a b")

    assert [problem.partition(";")[0][:40] for problem in error.value.problems] == [
        "repositories[1]: 'base' is listed twice",
        "repositories[2]: repository name 'Prod' ",
        "dashboard_name: 'a b' is not a name of a",
    ]


@pytest.mark.parametrize(
    ("repositories", "problems"),
    [
        ([f"prod/{number}" for number in range(250)], []),
        (
            [f"prod/r{number}" for number in range(251)],
            ["repositories: 251 repositories in the row of prod/; the graph of the quota can show 250, use a"],
        ),
        ([f"n{number}/api" for number in range(125)], []),
        (
            [f"n{number}/api" for number in range(126)],
            ["repositories: 126 namespaces have 504 widgets; CloudWatch allows 500 for a dashboard, use several"],
        ),
        ([Namespace(f"n{number}") for number in range(166)], []),
        (
            [Namespace(f"n{number}") for number in range(167)],
            ["repositories: 167 namespaces have 501 widgets; CloudWatch allows 500 for a dashboard, use several"],
        ),
        (
            [f"n{number % 4}/r{number}" for number in range(834)],
            ["repositories: 834 repositories have 2502 metrics; CloudWatch allows 2500 for a dashboard, use a"],
        ),
    ],
    ids=["250", "251", "125 rows", "126 rows", "166 namespaces", "167 namespaces", "834"],
)
def test_a_dashboard_is_not_larger_than_cloudwatch_allows(
    repositories: list[str | Namespace], problems: list[str], stack: cdk.Stack
) -> None:
    try:
        RegistryDashboard(stack, "Dashboard", repositories=repositories)
        found: tuple[str, ...] = ()
    except InvalidAlert as error:
        found = error.problems

    assert [each.partition(" Namespace")[0].partition(" dashboards")[0] for each in found] == problems


def test_repositories_of_other_services_have_no_metrics(stack: cdk.Stack) -> None:
    from aws_cdk import aws_codecommit as codecommit

    for repository in (codecommit.Repository(stack, "Source", repository_name="prod"), ecr.CfnRepository(stack, "L1")):
        with pytest.raises(TypeError, match="repository must be a repository or its name"):
            RepositoryMetrics(repository)  # type: ignore[arg-type]  # the kind is wrong


def test_a_repository_of_any_kind_has_metrics(stack: cdk.Stack) -> None:
    imported = ecr.Repository.from_repository_name(stack, "Imported", "prod/api")

    assert RepositoryMetrics(imported) == RepositoryMetrics("prod/api")
    with pytest.raises(TypeError, match="repository must be a repository or its name"):
        RepositoryMetrics(ecr.Repository)  # type: ignore[arg-type]  # a class
