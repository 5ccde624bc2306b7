"""`RepositoryMetrics`: the Amazon CloudWatch metrics of a repository."""

from __future__ import annotations

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ecr as ecr

from ecr_constructs.errors import InvalidAlert, Problems
from ecr_constructs.monitoring.repositories import repository_name

__all__ = ["RepositoryMetrics"]

# ECR reports usage every 5 minutes: https://docs.aws.amazon.com/AmazonECR/latest/userguide/monitoring-usage.html
_USAGE_PERIOD = cdk.Duration.minutes(5)


@dataclass(frozen=True, slots=True)
class RepositoryMetrics:
    """
    The Amazon CloudWatch metrics of a repository: pulls, images, and images in percent of the quota.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-repository-metrics.html
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/monitoring-usage.html

    Attributes:
        repository: The name of the repository. It can be given as a repository.

    Raises:
        InvalidAlert: If the name is not valid.
        TypeError: If it is neither a repository nor a name.

    >>> metrics = RepositoryMetrics("prod/api")
    >>> metrics.pulls().metric_name
    'RepositoryPullCount'

    """

    repository: ecr.IRepository | str

    def __post_init__(self) -> None:
        """Check the repository, and replace it by its name."""
        problems = Problems()
        object.__setattr__(self, "repository", repository_name(problems, "repository", self.repository))
        problems.raise_if_any(InvalidAlert)

    @property
    def _name(self) -> str:
        return str(self.repository)

    def pulls(self, *, period: cdk.Duration | None = None) -> cloudwatch.Metric:
        """
        Return the number of pulls.

        Args:
            period: The period of a data point. Default: one hour.

        """
        return cloudwatch.Metric(
            namespace="AWS/ECR",
            metric_name="RepositoryPullCount",
            dimensions_map={"RepositoryName": self._name},
            statistic="Sum",
            period=period or cdk.Duration.hours(1),
            label=self._name,
        )

    def images(self) -> cloudwatch.Metric:
        """Return the number of images in the repository, which is the usage of a service quota."""
        return cloudwatch.Metric(
            namespace="AWS/Usage",
            metric_name="ResourceCount",
            dimensions_map={
                "Service": "ECR",
                "Type": "RESOURCE",
                "Resource": "ImagesPerRepositoryCount",
                "ResourceId": f"repository/{self._name}",
            },
            statistic="Maximum",
            period=_USAGE_PERIOD,
            label=self._name,
        )

    def percent_of_image_quota(self, *, id: str = "images") -> cloudwatch.MathExpression:
        """
        Return the number of images in percent of the quota of images per repository.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Quotas-Visualize-Alarms.html

        Args:
            id: The ID of the metric in the expression, unique in an alarm or graph. Default: `images`.

        """
        return cloudwatch.MathExpression(
            expression=f"{id} / SERVICE_QUOTA({id}) * 100",
            using_metrics={id: self.images()},
            period=_USAGE_PERIOD,
            label=self._name,
        )
