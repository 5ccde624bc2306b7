"""The results of controls, compared with those of cdk-nag and of the rules of Control Tower."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, cast

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from cdk_nag import AwsSolutionsChecks
from cdklabs.cdk_validator_cfnguard import CfnGuardValidator

from ecr_constructs.assembly import read_assembly
from ecr_constructs.assembly.template_resources import app_resources
from ecr_constructs.model import LifecyclePolicy, RuleException, limit_images
from ecr_constructs.model.compliance.evidence import evidence
from ecr_constructs.model.compliance.resources import AppResources, TemplateResource
from ecr_constructs.model.compliance.rule import CONTROLS
from tests.templates import WITHOUT_VALIDATION

TOOLS = {
    "AwsSolutions-ECR1": "AwsSolutions-ECR1",
    "ecr_private_lifecycle_policy_configured_check": "CT.ECR.PR.1",
    "ecr_private_image_scanning_enabled_check": "CT.ECR.PR.2",
    "ecr_private_tag_immutability_enabled_check": "CT.ECR.PR.3",
}
# CloudFormation, cfn-lint and checkov accept a boolean as text. The rule of Control Tower does not.
STRICTER = {("CT.ECR.PR.2", "Plain/Texttrue")}
RULES = LifecyclePolicy.of(limit_images(5)).to_json()


def add_repositories(stack: cdk.Stack) -> None:
    """Add repositories that differ in each property that a control reads."""
    ecr.Repository(stack, "Plain")
    ecr.Repository(stack, "Scanned", image_scan_on_push=True)
    for mode in ("MUTABLE", "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION"):
        filters = [{"imageTagMutabilityExclusionFilterType": "WILDCARD", "imageTagMutabilityExclusionFilterValue": "a"}]
        given = filters if mode.endswith("EXCLUSION") else None
        ecr.CfnRepository(
            stack, mode, image_tag_mutability=mode, image_tag_mutability_exclusion_filters=cast("Any", given)
        )
    ecr.CfnRepository(stack, "Lifecycle", lifecycle_policy={"lifecyclePolicyText": RULES})
    ecr.CfnRepository(stack, "NotScanned", image_scanning_configuration={"scanOnPush": False})
    for text in ("true", "false"):
        scanned = ecr.CfnRepository(stack, f"Text{text}")
        scanned.add_property_override("ImageScanningConfiguration.ScanOnPush", text)
    ecr.Repository(stack, "Open").grant_pull(iam.AnyPrincipal())
    ecr.Repository(stack, "Shared").grant_pull(iam.OrganizationPrincipal("o-abc1234567"))
    ecr.Repository(stack, "Account").grant_pull(iam.AccountPrincipal("111122223333"))


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    outdir = tmp_path_factory.mktemp("cdk.out")
    app = cdk.App(outdir=str(outdir), **WITHOUT_VALIDATION)
    guard = cast("cdk.IPolicyValidationPlugin", CfnGuardValidator(control_tower_rules_enabled=True))
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app), guard)
    add_repositories(cdk.Stack(app, "Plain"))
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()
    return outdir


def failures_of_the_tools(assembly: Path) -> Iterator[tuple[str, str]]:
    report = json.loads((assembly / "validation-report.json").read_text(encoding="utf-8"))
    for violation in (each for plugin in report["pluginReports"] for each in plugin["violations"]):
        for place in violation["violatingConstructs"]:
            if control := TOOLS.get(violation["ruleName"]):
                yield control, place["constructPath"]


@pytest.mark.arbiter
def test_cdk_nag_and_control_tower_have_the_same_results(assembly: Path) -> None:
    document = evidence(app_resources(read_assembly(assembly)), [], date(2026, 1, 1))
    ours = {
        (control, resource["path"])
        for resource in document["resources"]
        for control in TOOLS.values()
        if resource["controls"][control]["status"] == "not met"
    }

    assert ours | STRICTER == set(failures_of_the_tools(assembly))
    assert not ours & STRICTER


def repository(**properties: object) -> TemplateResource:
    return TemplateResource(logical_id="Api", type="AWS::ECR::Repository", stack="Prod", properties=properties)


def test_every_control_has_a_result_for_a_repository() -> None:
    (found,) = evidence(AppResources([repository()]), [], date(2026, 1, 1))["resources"]

    assert found["controls"].keys() == CONTROLS.keys()
    assert found["controls"]["ECR.2"] == {
        "status": "not met",
        "rule": "tags-immutable",
        "reasons": ["ImageTagMutability is not set"],
        "remedy": "Use `Immutability.all_tags()`.",
    }


def test_no_control_for_repositories_applies_to_a_creation_template() -> None:
    template = TemplateResource(logical_id="T", type="AWS::ECR::RepositoryCreationTemplate")
    (found,) = evidence(AppResources([template]), [], date(2026, 1, 1))["resources"]

    assert {each["status"] for each in found["controls"].values()} == {"not applicable"}


def test_an_exception_is_shown_with_its_reason_beside_the_result() -> None:
    exception = RuleException(
        resource="Prod/Api", rule="tags-immutable", reason="the build", owner="us", expires=date(2025, 1, 1)
    )
    (found,) = evidence(AppResources([repository()]), [exception], date(2026, 1, 1))["resources"]

    assert found["controls"]["ECR.2"]["exceptions"] == [
        {"reason": "the build", "owner": "us", "expires": "2025-01-01", "is_expired": True}
    ]
    assert "exceptions" not in found["controls"]["ECR.1"]


def test_breaches_of_rules_without_a_control_are_findings() -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "ecr:*"}
    found = evidence(AppResources([repository(RepositoryPolicyText={"Statement": [statement]})]), [], date(2026, 1, 1))[
        "findings"
    ]

    assert [(each["rule"], each["level"]) for each in found] == [("no-public-access", "error")]


def test_an_exception_from_a_rule_that_is_met_is_not_shown() -> None:
    exception = RuleException(
        resource="Prod/Api", rule="tags-immutable", reason="the build", owner="us", expires=date(2027, 1, 1)
    )
    immutable = repository(ImageTagMutability="IMMUTABLE")
    (found,) = evidence(AppResources([immutable]), [exception], date(2026, 1, 1))["resources"]

    assert found["controls"]["ECR.2"] == {"status": "met", "rule": "tags-immutable"}
