"""The alarms on metrics of repositories."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_sns as sns

from ecr_constructs import (
    AlertTopic,
    ImageQuotaAlarm,
    InvalidAlert,
    PullCountAlarm,
    RegistryDashboard,
)
from tests.templates import new_stack, resources

ALARM = "AWS::CloudWatch::Alarm"
PULLS = ["AWS/ECR", "RepositoryPullCount", "RepositoryName"]


def alarm_of(stack: cdk.Stack) -> Any:
    (alarm,) = resources(stack, ALARM).values()
    return alarm["Properties"]


def metric_of(alarm: Any, id: str) -> Any:
    return next(each for each in alarm["Metrics"] if each["Id"] == id)


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
