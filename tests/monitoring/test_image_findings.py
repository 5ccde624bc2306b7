"""`ImageFindings`: the rules for basic and enhanced scanning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Annotations, Match

from ecr_constructs import ImageFindings, InvalidAlert, PrivateRegistry, Scanning
from ecr_constructs.model.events.finding_events import basic_scan, enhanced_finding, enhanced_scan
from ecr_constructs.model.events.repository_filter import RepositoryFilter
from tests.templates import ACCOUNT, new_stack, resources

HERE = "us-east-1"
NAMES = RepositoryFilter(names=["prod/api"])
ARN = f"arn:aws:ecr:{HERE}:{ACCOUNT}:repository/"


@pytest.fixture
def here(stack_in: Callable[[str], cdk.Stack]) -> cdk.Stack:
    return stack_in(HERE)


def rules(scope: cdk.Stack, **arguments: Any) -> list[str]:
    alert = ImageFindings(scope, f"It{len(scope.node.children)}", repositories="prod/api", **arguments)
    return [rule.node.id for rule in alert.rules]


@pytest.mark.parametrize(
    ("scanning", "arguments", "expected"),
    [
        (None, {}, ["BasicScan", "EnhancedFinding"]),
        (None, {"each": "image"}, ["BasicScan", "EnhancedScan"]),
        (None, {"only_fixable": True}, ["EnhancedFinding"]),
        (None, {"scan_type": "BASIC"}, ["BasicScan"]),
        (None, {"scan_type": "ENHANCED"}, ["EnhancedFinding"]),
        (None, {"scan_type": "ENHANCED", "each": "image"}, ["EnhancedScan"]),
        (Scanning.basic(), {}, ["BasicScan"]),
        (Scanning.basic(), {"each": "image"}, ["BasicScan"]),
        (Scanning.enhanced(), {}, ["EnhancedFinding"]),
        (Scanning.enhanced(), {"each": "image"}, ["EnhancedScan"]),
        (Scanning.enhanced(), {"scan_type": "ENHANCED"}, ["EnhancedFinding"]),
    ],
)
def test_the_rules_are_those_of_the_scan_type(
    scanning: Scanning | None, arguments: dict[str, Any], expected: list[str], here: cdk.Stack
) -> None:
    PrivateRegistry(here, "Registry", scanning=scanning)

    assert rules(here, **arguments) == expected


def test_an_app_without_a_registry_has_rules_for_both_scan_types(here: cdk.Stack) -> None:
    assert rules(here) == ["BasicScan", "EnhancedFinding"]


def test_the_registry_of_another_region_does_not_count(app: cdk.App, here: cdk.Stack) -> None:
    PrivateRegistry(new_stack(app, "There", region="eu-west-1"), "Registry", scanning=Scanning.basic())

    assert rules(here) == ["BasicScan", "EnhancedFinding"]


def test_the_registry_may_be_in_another_stack(app: cdk.App, here: cdk.Stack) -> None:
    PrivateRegistry(new_stack(app, "Platform", region=HERE), "Registry", scanning=Scanning.basic())

    assert rules(here) == ["BasicScan"]


def test_the_patterns_are_those_of_the_arguments(here: cdk.Stack) -> None:
    rules(here, severity="LOW", only_fixable=True)
    rules(here, severity="CRITICAL", each="image")

    found = [each["Properties"]["EventPattern"] for each in resources(here, "AWS::Events::Rule").values()]
    finding, basic, summary = found
    assert finding == enhanced_finding(NAMES, "LOW", fixable=True).pattern()
    assert basic == basic_scan(NAMES, "CRITICAL").pattern()
    assert summary == enhanced_scan(NAMES, "CRITICAL", ARN).pattern()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"severity": "SEVERE"}, "severity: 'SEVERE' is unknown; use one of 'CRITICAL', 'HIGH', 'MEDIUM', 'LOW'"),
        ({"severity": None}, "severity: None is unknown"),
        ({"severity": "high"}, "severity: 'high' is unknown"),
        ({"severity": ["HIGH"]}, "severity: ['HIGH'] is unknown"),
        ({"each": "scan"}, "each: 'scan' is unknown; use one of 'finding', 'image'"),
        ({"scan_type": "FULL"}, "scan_type: 'FULL' is unknown; use one of 'ENHANCED', 'BASIC'"),
        ({"only_fixable": True, "each": "image"}, "only_fixable: only events of single findings of enhanced scanning"),
        ({"only_fixable": True, "scan_type": "BASIC"}, "only_fixable: "),
    ],
)
def test_a_value_that_does_not_exist_is_rejected(arguments: dict[str, Any], expected: str, here: cdk.Stack) -> None:
    with pytest.raises(InvalidAlert) as refused:
        rules(here, **arguments)

    (problem,) = refused.value.problems
    assert problem.startswith(expected)


def test_all_problems_of_all_arguments_are_reported_at_once(here: cdk.Stack) -> None:
    arguments: dict[str, Any] = {"severity": "A", "each": "B", "scan_type": "C", "repositories": "D"}
    with pytest.raises(InvalidAlert) as refused:
        ImageFindings(here, "It", **arguments)

    assert [problem.split(":")[0] for problem in refused.value.problems] == list(arguments)


def test_another_scan_type_than_that_of_the_registry_is_a_warning(here: cdk.Stack) -> None:
    PrivateRegistry(here, "Registry", scanning=Scanning.enhanced())
    ImageFindings(here, "Basic", scan_type="BASIC")
    ImageFindings(here, "Enhanced", scan_type="ENHANCED")

    found = Annotations.from_stack(here)
    found.has_warning(f"/{here.node.path}/Basic", Match.string_like_regexp("uses 'ENHANCED' scanning"))
    found.has_no_warning(f"/{here.node.path}/Enhanced", Match.any_value())


def test_the_scan_type_of_a_registry_that_is_given_counts_without_an_environment(app: cdk.App) -> None:
    registry = PrivateRegistry(cdk.Stack(app, "Registry"), "Registry", scanning=Scanning.basic())
    alerts = cdk.Stack(app, "Alerts")

    assert [rule.node.id for rule in ImageFindings(alerts, "Given", repositories=registry).rules] == ["BasicScan"]
    assert len(ImageFindings(alerts, "NotGiven").rules) == 2
