"""An app without `Guardrails` reports the contradictions between a construct and other resources, each once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from ecr_constructs import EPHEMERAL, Guardrails, HardenedRepository, ImageFindings, PrivateRegistry, Scanning
from tests.templates import WITHOUT_VALIDATION

ENV = cdk.Environment(account="111122223333", region="eu-west-1")
Build = Callable[[cdk.Stack], object]


def new_app(outdir: Path) -> cdk.App:
    return cdk.App(outdir=str(outdir), **WITHOUT_VALIDATION)


def reported(app: cdk.App) -> list[tuple[str, str]]:
    """Return the rule and the construct of each finding."""
    app.synth()
    path = Path(app.outdir, "validation-report.json")
    found = json.loads(path.read_text(encoding="utf-8"))["pluginReports"] if path.exists() else []
    return sorted(
        (violation["ruleName"], place["constructPath"])
        for report in found
        if report["pluginName"] == "ecr-constructs"
        for violation in report["violations"]
        for place in violation["violatingConstructs"]
    )


def repository(stack: cdk.Stack, id: str = "Api", name: str = "tools/api") -> HardenedRepository:
    return HardenedRepository(stack, id, repository_name=name, settings=EPHEMERAL)


def function_without_statement(stack: cdk.Stack) -> None:
    lambda_.CfnFunction(
        stack,
        "Function",
        role="arn:aws:iam::111122223333:role/function",
        package_type="Image",
        code=lambda_.CfnFunction.CodeProperty(image_uri=repository(stack).repository_uri_for_tag("v1")),
    )


def function_with_statement(stack: cdk.Stack) -> None:
    function_without_statement(stack)
    api = stack.node.find_child("Api")
    assert isinstance(api, HardenedRepository)
    api.grant_pull(iam.ServicePrincipal("lambda.amazonaws.com"))


def event_of_basic_scanning(stack: cdk.Stack) -> None:
    PrivateRegistry(stack, "Registry", scanning=Scanning.enhanced(continuous="*"))
    repository(stack).on_image_scan_completed("Scanned")


def event_rule_of_a_registry_without_repositories(stack: cdk.Stack) -> None:
    PrivateRegistry(stack, "Registry", scanning=Scanning.enhanced(continuous="*"))
    events.Rule(stack, "Rule", event_pattern=events.EventPattern(detail_type=["ECR Image Scan"]))


def two_configurations(stack: cdk.Stack) -> None:
    PrivateRegistry(stack, "Registry", scanning=Scanning.basic(on_push="*"))
    ecr.CfnRegistryScanningConfiguration(stack, "Scanning", rules=[], scan_type="BASIC")


def not_scanned(stack: cdk.Stack) -> None:
    PrivateRegistry(stack, "Registry", scanning=Scanning.enhanced(continuous="prod/*"))
    repository(stack)
    repository(stack, "Prod", "prod/api")
    HardenedRepository(stack, "Off", repository_name="off", settings=EPHEMERAL, scan_on_push=False)


def alert_of_another_scan_type(stack: cdk.Stack) -> None:
    PrivateRegistry(stack, "Registry", scanning=Scanning.enhanced(continuous="*"))
    ImageFindings(stack, "Alert", repositories="*", targets=[], scan_type="BASIC")


def event_of_enhanced_scanning(stack: cdk.Stack) -> None:
    PrivateRegistry(stack, "Registry", scanning=Scanning.enhanced(continuous="*"))
    repository(stack)
    events.Rule(stack, "Rule", event_pattern=events.EventPattern(detail_type=["Inspector2 Scan", "ECR Image Scan"]))


@pytest.mark.parametrize(
    ("build", "found"),
    [
        (function_without_statement, [("function-image-policy", "Containers/Function")]),
        (event_of_basic_scanning, [("scan-event-source", "Containers/Api/Scanned/Resource")]),
        (event_rule_of_a_registry_without_repositories, [("scan-event-source", "Containers/Rule/Resource")]),
        (two_configurations, [("single-registry-configuration", "Containers/Scanning")]),
        (not_scanned, [("images-scanned", "Containers/Api/Resource")]),
        (function_with_statement, []),
        (event_of_enhanced_scanning, []),
        (alert_of_another_scan_type, []),
    ],
)
def test_contradictions_are_reported(tmp_path: Path, build: Build, found: list[tuple[str, str]]) -> None:
    app = new_app(tmp_path)
    build(cdk.Stack(app, "Containers", env=ENV))

    assert reported(app) == found


@pytest.mark.parametrize("is_first", [True, False])
def test_guardrails_do_not_repeat_them(tmp_path: Path, *, is_first: bool) -> None:
    app = new_app(tmp_path)
    guardrails = Guardrails(levels={"customer-managed-key": "off"})
    if is_first:
        cdk.Validations.of(app).add_plugins(guardrails)
    stack = cdk.Stack(app, "Containers", env=ENV)
    function_without_statement(stack)
    not_scanned(cdk.Stack(app, "Others", env=cdk.Environment(account="444455556666", region="eu-west-1")))
    if not is_first:
        cdk.Validations.of(app).add_plugins(guardrails)

    found = [each for each in reported(app) if each[0] in ("function-image-policy", "images-scanned")]
    assert found.count(("function-image-policy", "Containers/Function")) == 1
    assert found.count(("images-scanned", "Others/Api/Resource")) == 1


def test_a_level_of_guardrails_applies(tmp_path: Path) -> None:
    app = new_app(tmp_path)
    cdk.Validations.of(app).add_plugins(Guardrails(levels={"function-image-policy": "off"}))
    function_without_statement(cdk.Stack(app, "Containers", env=ENV))

    assert "function-image-policy" not in dict(reported(app))


def test_a_contradiction_can_be_acknowledged(tmp_path: Path) -> None:
    app = new_app(tmp_path)
    stack = cdk.Stack(app, "Containers", env=ENV)
    function_without_statement(stack)
    reason = cdk.Acknowledgment(id="ecr-constructs::function-image-policy", reason="the policy is written elsewhere")
    cdk.Validations.of(stack.node.find_child("Function")).acknowledge(reason)

    assert reported(app) == []
