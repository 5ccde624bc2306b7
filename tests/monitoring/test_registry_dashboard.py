"""The dashboard of repositories."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import pytest

from ecr_constructs import (
    HardenedRepository,
    InvalidAlert,
    Namespace,
    RegistryDashboard,
)
from tests.templates import resources

ALARM = "AWS::CloudWatch::Alarm"
PULLS = ["AWS/ECR", "RepositoryPullCount", "RepositoryName"]


def widgets_of(stack: cdk.Stack) -> list[Any]:
    """Return the widgets of the only dashboard. References are their logical IDs."""
    (dashboard,) = resources(stack, "AWS::CloudWatch::Dashboard").values()
    body = dashboard["Properties"]["DashboardBody"]
    parts = body["Fn::Join"][1] if isinstance(body, dict) else [body]
    text = "".join(part if isinstance(part, str) else next(iter(part.values())) for part in parts)
    widgets: list[Any] = json.loads(text)["widgets"]
    return widgets


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
