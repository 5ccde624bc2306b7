"""Amazon CloudWatch alarms on the metrics of a repository."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from ecr_constructs._cdk.scope import ConstructLocation, id_problems, locate, stack_problems
from ecr_constructs.errors import InvalidAlert, Problems
from ecr_constructs.monitoring.alert_target import TOPIC, TOPIC_EXAMPLE, topic_problems
from ecr_constructs.monitoring.repositories import repository_name, repository_problems
from ecr_constructs.monitoring.repository_metrics import RepositoryMetrics

__all__ = ["ImageQuotaAlarm", "PullCountAlarm"]

_ALARMS = "cloudwatch.amazonaws.com"
_LONGEST_PERIOD = 24
# The actions for each state of an alarm:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
_MOST_TOPICS = 5


class ImageQuotaAlarm(Construct):
    """
    Define an alarm about the number of images in a repository, in percent of the quota of images per repository.

    When a repository reaches the quota, pushes fail. CloudWatch reads the quota from Service Quotas when it evaluates
    the alarm, so an increased quota is used.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/monitoring-usage.html
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html

    Creates: an `AWS::CloudWatch::Alarm`.

    Attributes:
        alarm: The alarm.

    >>> from aws_cdk import App, Stack
    >>> from ecr_constructs import AlertTopic, HardenedRepository
    >>> stack = Stack(App(), "Containers")
    >>> api = HardenedRepository(stack, "Api", repository_name="prod/api")
    >>> topic = AlertTopic(stack, "Operations", emails=["operations@example.com"]).topic
    >>> alarm = ImageQuotaAlarm(stack, "ImageQuota", repository=api, topics=[topic])
    >>> alarm.alarm.node.path
    'Containers/ImageQuota/Alarm'

    """

    alarm: cloudwatch.Alarm

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        repository: ecr.IRepository | str,
        percent: int = 80,
        topics: Sequence[sns.ITopic] = (),
    ) -> None:
        """
        Define an alarm about the number of images.

        Args:
            scope: The scope of the construct, in a stack of the account and Region of the repository.
            id: The ID of the construct, unique in its scope.
            repository: The repository, or its name.
            percent: The percentage of the quota at which the alarm starts, from 1 to 100. Default: 80.
            topics: Up to five Amazon SNS topics that receive the alarm and its end. CloudWatch is allowed to publish
                to them, and to use their keys. Default: none.

        Raises:
            InvalidAlert: With all problems, before anything is added to the tree.
            TypeError: If arguments are of the wrong kind. It lists all of them.

        """
        problems = Problems()
        problems.extend(_number_problems(problems, "percent", percent, 100, "80"))
        name = _check(problems, scope, id, repository, topics)
        super().__init__(scope, id)
        self.alarm = cloudwatch.Alarm(
            self,
            "Alarm",
            alarm_description=f"The repository {name} has {percent} percent of the images that ECR allows, or more",
            metric=RepositoryMetrics(repository).percent_of_image_quota(),
            threshold=percent,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            evaluation_periods=1,
            # A new repository has no data.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        _notify(self.alarm, topics)


class PullCountAlarm(Construct):
    """
    Define an alarm about the number of pulls from a repository: more than a maximum, or fewer than a minimum.

    Many pulls can come from a service that restarts again and again. No pulls can mean that a deployment uses another
    repository.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-repository-metrics.html

    Creates: an `AWS::CloudWatch::Alarm`.

    Attributes:
        alarm: The alarm.

    >>> from aws_cdk import App, Stack
    >>> stack = Stack(App(), "Containers")
    >>> alarm = PullCountAlarm(stack, "Pulls", repository="prod/api", maximum=1000)
    >>> alarm.alarm.node.path
    'Containers/Pulls/Alarm'

    """

    alarm: cloudwatch.Alarm

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        repository: ecr.IRepository | str,
        maximum: int | None = None,
        minimum: int | None = None,
        hours: int = 1,
        topics: Sequence[sns.ITopic] = (),
    ) -> None:
        """
        Define an alarm about pulls.

        Args:
            scope: The scope of the construct, in a stack of the account and Region of the repository.
            id: The ID of the construct, unique in its scope.
            repository: The repository, or its name.
            maximum: The largest number of pulls in the period without an alarm. Give this or `minimum`.
            minimum: The smallest number of pulls in the period without an alarm. A period without data has no pulls.
            hours: The length of the period, from 1 to 24 hours. Default: 1.
            topics: Up to five Amazon SNS topics that receive the alarm and its end. CloudWatch is allowed to publish
                to them, and to use their keys. Default: none.

        Raises:
            InvalidAlert: With all problems, before anything is added to the tree.
            TypeError: If arguments are of the wrong kind. It lists all of them.

        """
        problems = Problems()
        if (maximum is None) == (minimum is None):
            problems.add("maximum and minimum: give one of them; create two alarms for both")
        problems.extend(_number_problems(problems, "maximum", maximum, None, "1000"))
        problems.extend(_number_problems(problems, "minimum", minimum, None, "1"))
        problems.extend(_number_problems(problems, "hours", hours, _LONGEST_PERIOD, "24"))
        name = _check(problems, scope, id, repository, topics)
        super().__init__(scope, id)
        is_maximum = maximum is not None
        limit = f"more than {maximum}" if is_maximum else f"fewer than {minimum}"
        operators = cloudwatch.ComparisonOperator
        missing = cloudwatch.TreatMissingData
        self.alarm = cloudwatch.Alarm(
            self,
            "Alarm",
            alarm_description=f"The repository {name} has {limit} pulls in {hours} {'hour' if hours == 1 else 'hours'}",
            metric=RepositoryMetrics(repository).pulls(period=cdk.Duration.hours(hours)),
            threshold=maximum if maximum is not None else minimum or 0,
            comparison_operator=operators.GREATER_THAN_THRESHOLD if is_maximum else operators.LESS_THAN_THRESHOLD,
            evaluation_periods=1,
            # ECR sends no data for a period without pulls.
            treat_missing_data=missing.NOT_BREACHING if is_maximum else missing.BREACHING,
        )
        _notify(self.alarm, topics)


def _number_problems(
    problems: Problems, argument: str, value: object, maximum: int | None, example: str
) -> Iterator[str]:
    """Yield the problem of a number, and add one of its kind to the collector."""
    is_optional = maximum is None
    if not problems.expect(argument, value, int, example, optional=is_optional) or not isinstance(value, int):
        return
    if value < 1 or (maximum is not None and value > maximum):
        allowed = "1 or more" if maximum is None else f"from 1 to {maximum}"
        yield f"{argument} is {value}; it must be {allowed}"


def _check(
    problems: Problems, scope: Construct, id: str, repository: ecr.IRepository | str, topics: Sequence[sns.ITopic]
) -> str:
    """Raise an error for invalid arguments of an alarm, and return the name of the repository."""
    name = repository_name(problems, "repository", repository)
    problems.expect("topics", topics, Sequence, f"[{TOPIC_EXAMPLE}]", each=TOPIC)
    place = locate(scope, id, problems)
    problems.extend(id_problems(scope, id))
    problems.extend(stack_problems(place, "an alarm"))
    if not isinstance(repository, str):
        problems.extend(repository_problems(place, "repository", repository, user="alarm", sent="metrics"))
    problems.extend(_topics_problems(place, topics))
    problems.raise_if_any(InvalidAlert, place.path_of(id))
    return name


def _topics_problems(place: ConstructLocation, topics: Sequence[sns.ITopic]) -> Iterator[str]:
    if len(topics) > _MOST_TOPICS:
        yield f"topics: {len(topics)} topics; CloudWatch allows {_MOST_TOPICS} for a state of an alarm, remove some"
    for index, topic in enumerate(topics):
        yield from topic_problems(place, "topics", topic, "the alarm")
        if topic in topics[:index]:
            yield f"topics[{index}]: {topic.node.path} is listed twice; remove one"


def _notify(alarm: cloudwatch.Alarm, topics: Sequence[sns.ITopic]) -> None:
    """Add topics as the actions of an alarm, and allow CloudWatch to publish to them."""
    for topic in topics:
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
        topic.grant_publish(iam.ServicePrincipal(_ALARMS))
        # The import of the module also imports those of AWS Lambda and Amazon EC2, which takes time.
        from aws_cdk import aws_cloudwatch_actions as actions

        action = actions.SnsAction(topic)
        alarm.add_alarm_action(action)
        alarm.add_ok_action(action)
