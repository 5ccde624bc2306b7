"""`RegistryDashboard`: an Amazon CloudWatch dashboard of repositories, by namespace."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ecr as ecr
from constructs import Construct

from ecr_constructs._cdk.environment_registry import environment_of
from ecr_constructs._cdk.scope import ConstructLocation, id_problems, locate, stack_problems
from ecr_constructs._cdk.tokens import is_unresolved
from ecr_constructs.errors import InvalidAlert, Problems, abbreviate
from ecr_constructs.model.names import Namespace
from ecr_constructs.monitoring.repositories import repository_name, repository_problems
from ecr_constructs.monitoring.repository_metrics import RepositoryMetrics

__all__ = ["RegistryDashboard"]

DashboardRepository = ecr.IRepository | str | Namespace

_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_WIDTH, _HEIGHT = 8, 6
_QUOTA = 100
_OTHERS = "Other repositories"
_HOUR, _USAGE_PERIOD = 3600, 300
# "Up to 500 widgets per dashboard. Up to 500 metrics per dashboard widget. Up to 2500 metrics per dashboard, across all
# widgets": https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
_MOST_WIDGETS, _MOST_METRICS = 500, 2500
# A repository has a metric and an expression in the graph of the quota. "Each graph is limited to using a maximum of
# 500 metrics and expressions": https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
_MOST_REPOSITORIES = 250
_METRICS_OF_REPOSITORY = 3


class RegistryDashboard(Construct):
    """
    Define an Amazon CloudWatch dashboard with one row for each namespace: pulls, images, and the quota of images.

    A repository belongs to the namespace of the first part of its name. A `Namespace` has a row for its repositories
    that exist when the dashboard is opened, including those that ECR creates, without the quota. CloudWatch finds them
    by the words of the namespace. A repository with the same words elsewhere in its name is also in the row.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-repository-metrics.html
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/monitoring-usage.html
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html

    Creates: an `AWS::CloudWatch::Dashboard`.

    Attributes:
        dashboard: The dashboard.

    >>> from aws_cdk import App, Stack
    >>> from ecr_constructs import HardenedRepository, Namespace
    >>> stack = Stack(App(), "Containers")
    >>> api = HardenedRepository(stack, "Api", repository_name="prod/api")
    >>> dashboard = RegistryDashboard(stack, "Dashboard", repositories=[api, "prod/web", Namespace("docker-hub")])
    >>> dashboard.dashboard.node.path
    'Containers/Dashboard/Dashboard'

    """

    dashboard: cloudwatch.Dashboard

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        repositories: Sequence[ecr.IRepository | str | Namespace],
        dashboard_name: str | None = None,
    ) -> None:
        """
        Define a dashboard.

        Args:
            scope: The scope of the construct, in a stack of the account and Region of the repositories.
            id: The ID of the construct, unique in its scope.
            repositories: Repositories, names of repositories, and namespaces. A row has at most 250 repositories, and
                a dashboard at most 125 rows and 833 repositories. A `Namespace` counts as no repository.
            dashboard_name: The name of the dashboard, with letters, digits, `-` and `_`. Default: CloudFormation
                generates it.

        Raises:
            InvalidAlert: With all problems, before anything is added to the tree.
            TypeError: If arguments are of the wrong kind. It lists all of them.

        """
        problems = Problems()
        rows = _rows(problems, repositories)
        if problems.expect("dashboard_name", dashboard_name, str, "'containers'", optional=True) and dashboard_name:
            problems.extend(_name_problems(dashboard_name))
        place = locate(scope, id, problems)
        problems.extend(id_problems(scope, id))
        problems.extend(stack_problems(place, "a dashboard"))
        problems.extend(_environment_problems(place, repositories))
        problems.extend(_quota_problems(rows))
        problems.raise_if_any(InvalidAlert, place.path_of(id))
        super().__init__(scope, id)
        self.dashboard = cloudwatch.Dashboard(self, "Dashboard", dashboard_name=dashboard_name)
        region = environment_of(place).region
        for heading, members in rows.items():
            self.dashboard.add_widgets(cloudwatch.TextWidget(markdown=f"## {heading}", width=3 * _WIDTH, height=1))
            self.dashboard.add_widgets(*_widgets(members, region))


def _rows(problems: Problems, repositories: object) -> Mapping[str, Sequence[DashboardRepository]]:
    """Return the repositories by the heading of their row, and add the problems of the argument."""
    rows: dict[str, list[DashboardRepository]] = {}
    if not problems.expect("repositories", repositories, Sequence, "[repository, Namespace('prod')]"):
        return rows
    assert isinstance(repositories, Sequence)  # noqa: S101  (`expect` returned True)
    if not repositories:
        problems.add("repositories is empty; list repositories or namespaces")
    for index, each in enumerate(repositories):
        heading = _heading(problems, f"repositories[{index}]", each)
        members = rows.setdefault(heading, [])
        if each in members:
            problems.add(f"repositories[{index}]: {_repository_label(each)} is listed twice; remove one")
        members.append(each)
    return dict(sorted(rows.items(), key=lambda row: (row[0] == _OTHERS, row[0])))


def _environment_problems(place: ConstructLocation, repositories: Sequence[DashboardRepository]) -> Iterator[str]:
    for index, each in enumerate(repositories):
        if not isinstance(each, (str, Namespace)):
            argument = f"repositories[{index}]"
            yield from repository_problems(place, argument, each, user="dashboard", sent="metrics")


def _quota_problems(rows: Mapping[str, Sequence[DashboardRepository]]) -> Iterator[str]:
    """Yield the reasons why CloudWatch rejects the dashboard, or does not show all of its metrics."""
    counts = {heading: sum(not isinstance(each, Namespace) for each in members) for heading, members in rows.items()}
    for heading, count in counts.items():
        if count > _MOST_REPOSITORIES:
            yield (
                f"repositories: {count} repositories in the row of {heading}; the graph of the quota can show "
                f"{_MOST_REPOSITORIES}, use a Namespace, or several dashboards"
            )
    widgets = sum(4 if count else 3 for count in counts.values())
    if widgets > _MOST_WIDGETS:
        yield (
            f"repositories: {len(rows)} namespaces have {widgets} widgets; CloudWatch allows {_MOST_WIDGETS} for a "
            "dashboard, use several dashboards"
        )
    metrics = _METRICS_OF_REPOSITORY * sum(counts.values())
    if metrics > _MOST_METRICS:
        yield (
            f"repositories: {sum(counts.values())} repositories have {metrics} metrics; CloudWatch allows "
            f"{_MOST_METRICS} for a dashboard, use a Namespace, or several dashboards"
        )


def _heading(problems: Problems, argument: str, repository: object) -> str:
    if isinstance(repository, Namespace):
        return f"{repository.value}/"
    name = repository_name(problems, argument, repository)
    if is_unresolved(name):
        # The name of a repository of the app is a reference. The literal name is a property of its resource.
        name = _literal_name(repository)
    return f"{name.partition('/')[0]}/" if "/" in name else _OTHERS


def _repository_label(repository: DashboardRepository) -> str:
    return repr(repository) if isinstance(repository, (str, Namespace)) else repository.node.path


def _literal_name(repository: object) -> str:
    resource = repository.node.default_child if isinstance(repository, ecr.Repository) else None
    name = resource.repository_name if isinstance(resource, ecr.CfnRepository) else None
    return name if name is not None and not is_unresolved(name) else ""


def _widgets(members: Sequence[DashboardRepository], region: str | None) -> Iterator[cloudwatch.IWidget]:
    metrics = [RepositoryMetrics(each) for each in members if not isinstance(each, Namespace)]
    namespaces = [each for each in members if isinstance(each, Namespace)]
    yield _graph("Pulls per hour", [*(each.pulls() for each in metrics), *map(_pulls, namespaces)], region)
    yield _graph("Images", [*(each.images() for each in metrics), *map(_images_metric, namespaces)], region)
    if metrics:
        quota = cloudwatch.HorizontalAnnotation(value=_QUOTA, label="Quota", color=cloudwatch.Color.RED)
        percentages = [each.percent_of_image_quota(id=f"images{index}") for index, each in enumerate(metrics)]
        yield _graph("Images in percent of the quota", percentages, region, [quota])


def _graph(
    title: str,
    metrics: Sequence[cloudwatch.IMetric],
    region: str | None,
    annotations: Sequence[cloudwatch.HorizontalAnnotation] = (),
) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(
        title=title,
        left=metrics,
        left_annotations=list(annotations),
        left_y_axis=cloudwatch.YAxisProps(min=0, show_units=False),
        region=region,
        width=_WIDTH,
        height=_HEIGHT,
    )


def _pulls(namespace: Namespace) -> cloudwatch.IMetric:
    words = f'MetricName="RepositoryPullCount" RepositoryName={namespace.value}'
    return _search(f"{{AWS/ECR,RepositoryName}} {words}", "Sum", _HOUR)


def _images_metric(namespace: Namespace) -> cloudwatch.IMetric:
    words = f'Resource="ImagesPerRepositoryCount" ResourceId={namespace.value}'
    return _search(f"{{AWS/Usage,Service,Type,Resource,ResourceId}} {words}", "Maximum", _USAGE_PERIOD)


def _search(terms: str, statistic: str, seconds: int) -> cloudwatch.MathExpression:
    """Return the metrics that CloudWatch searches for when the dashboard is opened."""
    return cloudwatch.MathExpression(
        expression=f"SEARCH('{terms}', '{statistic}', {seconds})",
        using_metrics={},
        period=cdk.Duration.seconds(seconds),
        label="",
    )


def _name_problems(name: str) -> Iterator[str]:
    if not is_unresolved(name) and not _NAME.fullmatch(name):
        yield (
            f"dashboard_name: {abbreviate(name)} is not a name of a dashboard; use up to 255 letters, digits, '-' and "
            "'_'"
        )
