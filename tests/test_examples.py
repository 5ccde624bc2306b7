"""The templates of the examples, checked by cfn-lint, cdk-nag, cfn-guard and the CDK."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, cast

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from cdk_nag import AwsSolutionsChecks
from cdklabs.cdk_validator_cfnguard import CfnGuardValidator
from cfnlint.api import lint_file
from cfnlint.config import ManualArgs
from syrupy.assertion import SnapshotAssertion

from ecr_constructs.assembly import AssemblyStack, read_assembly
from tests.templates import FLAGS, WITHOUT_VALIDATION, readable_template

pytestmark = pytest.mark.examples

ROOT = Path(__file__).parent.parent
# How cdk-nag names a '*' in a policy; each is acknowledged by itself.
WILDCARD, REPOSITORY = "AwsSolutions::AwsSolutions-IAM5", "Resource::arn:aws:ecr:{}:repository/{}/*"
COPIES = "Template-larkspur/Role/DefaultPolicy/Resource"
EXAMPLES = sorted(ROOT.glob("examples/*.py"))


class CheckedApp(cdk.App):
    """An app with the feature flags of `cdk.json` and with the validators cdk-nag and cfn-guard."""

    def __init__(self, outdir: Path) -> None:
        super().__init__(context=FLAGS, outdir=str(outdir))
        nag = AwsSolutionsChecks(self, verbose=True)
        # Its stubs still have the names that the interface had in its beta.
        guard = cast("cdk.IPolicyValidationPlugin", CfnGuardValidator(control_tower_rules_enabled=True))
        cdk.Validations.of(self).add_plugins(nag, guard)


def run_example(path: Path, make_app: Callable[[], cdk.App]) -> None:
    """Run an example in this process, with another app."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cdk, "App", make_app)
        runpy.run_path(str(path))


@pytest.fixture(scope="module", params=EXAMPLES, ids=lambda path: path.stem)
def assembly(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the cloud assembly of an example."""
    outdir = tmp_path_factory.mktemp("cdk.out")
    run_example(request.param, partial(cdk.App, context=FLAGS, outdir=str(outdir), **WITHOUT_VALIDATION))
    return outdir


@pytest.fixture(scope="module", params=EXAMPLES, ids=lambda path: path.stem)
def checked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the cloud assembly of an example that cdk-nag, cfn-guard and the CDK have validated."""
    outdir = tmp_path_factory.mktemp("checked")
    run_example(request.param, lambda: CheckedApp(outdir))
    return outdir


@pytest.fixture
def stacks(assembly: Path) -> tuple[AssemblyStack, ...]:
    return read_assembly(assembly)


def reports(assembly: Path) -> Mapping[str, Mapping[str, Any]]:
    """Return the report of each validator by its name. There is no file if there are no violations."""
    path = assembly / "validation-report.json"
    if not path.exists():
        return {}
    return {each["pluginName"]: each for each in json.loads(path.read_text(encoding="utf-8"))["pluginReports"]}


def acknowledged(assembly: Path) -> Iterator[tuple[str, str, str]]:
    for report in reports(assembly).values():
        for each in report.get("suppressedViolations", ()):
            path = each["violatingConstructs"][0]["constructPath"]
            yield each["acknowledgedId"], path, each["reason"]


@pytest.mark.slow
def test_no_validator_of_an_app_has_a_finding_that_is_not_acknowledged(checked: Path) -> None:
    found = {name: report["violations"] for name, report in reports(checked).items()}

    assert {name: [] for name in found} == found


@pytest.mark.slow
def test_every_acknowledgement_has_a_complete_reason(checked: Path) -> None:
    for identifier, path, reason in acknowledged(checked):
        assert len(reason.split()) > 5, (identifier, path)


@pytest.mark.slow
def test_the_main_example_acknowledges_these_findings_and_no_others(
    checked: Path,
) -> None:
    if not (checked / "Tools.template.json").exists():
        pytest.skip("this is about examples/app.py")

    found = {(identifier, path) for identifier, path, _ in acknowledged(checked)}

    assert found == {
        ("AwsSolutions::AwsSolutions-ECR1", "Containers/Base/Resource"),
        ("AwsSolutions::AwsSolutions-ECR1", "Containers/Previews/Resource"),
        ("AwsSolutions::AwsSolutions-ECR1", "Containers/Shop/Resource"),
        ("AwsSolutions::AwsSolutions-ECR1", "Tools/Registry/Policy"),
        (f"{WILDCARD}[{REPOSITORY.format('eu-central-1:111122223333', 'larkspur')}]", f"Recovery/Replica/{COPIES}"),
        (
            f"{WILDCARD}[{REPOSITORY.format('eu-west-1:444455556666', 'teams')}]",
            "Tools/Teams/Role/DefaultPolicy/Resource",
        ),
        ("AwsSolutions::AwsSolutions-SMG4", "Tools/DockerHub/Credentials/Resource"),
        ("cdk-validator-cfnguard::ecr_private_tag_immutability_enabled_check", "Containers/Base/Resource"),
    }


def regions_of(stack: AssemblyStack) -> list[str]:
    """Return Regions that have all resource types of a stack: GovCloud has no connections of EventBridge."""
    types = {resource["Type"] for resource in stack.template["Resources"].values()}
    return ["eu-west-1", "us-east-1", *([] if "AWS::Events::Connection" in types else ["us-gov-west-1"])]


@pytest.mark.slow
def test_cfn_lint_finds_nothing(stacks: tuple[AssemblyStack, ...]) -> None:
    for stack in stacks:
        matches = lint_file(stack.template_path, ManualArgs(regions=regions_of(stack)))

        assert [str(match) for match in matches] == []


def test_a_template_fits_into_a_request_as_it_is(stacks: tuple[AssemblyStack, ...]) -> None:
    """51,200 bytes: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html ."""
    for stack in stacks:
        assert stack.template_path.stat().st_size <= 51_200


def test_the_templates_are_equal_to_the_reviewed_ones(
    stacks: tuple[AssemblyStack, ...], template_snapshot: SnapshotAssertion
) -> None:
    shown = {stack.name: {"Resources": readable_template(stack.template["Resources"])} for stack in stacks}

    assert shown == template_snapshot


@pytest.mark.slow
class TestTheValidators:
    """The validators report known mistakes, so an empty report is evidence."""

    def test_control_tower_and_cdk_nag_report_a_plain_open_repository(self, tmp_path: Path) -> None:
        app = CheckedApp(tmp_path)
        stack = cdk.Stack(app, "Plain")
        repository = ecr.Repository(stack, "Repository")
        repository.grant_pull(cdk.aws_iam.AnyPrincipal())

        with pytest.raises(RuntimeError, match="ValidationFailed"):
            app.synth()

        found = {each["ruleName"] for report in reports(tmp_path).values() for each in report["violations"]}
        assert found >= {
            "AwsSolutions-ECR1",
            "ecr_private_image_scanning_enabled_check",
            "ecr_private_lifecycle_policy_configured_check",
            "ecr_private_tag_immutability_enabled_check",
        }

    def test_control_tower_reports_a_plain_key(self, tmp_path: Path) -> None:
        app = CheckedApp(tmp_path)
        cdk.aws_kms.Key(cdk.Stack(app, "Plain"), "Key")

        with pytest.raises(RuntimeError, match="ValidationFailed"):
            app.synth()

        found = {each["description"] for report in reports(tmp_path).values() for each in report["violations"]}
        assert any("CT.KMS.PR.3" in description for description in found)

    def test_the_cdk_itself_finds_an_unknown_mutability(self, tmp_path: Path) -> None:
        app = CheckedApp(tmp_path)
        ecr.CfnRepository(cdk.Stack(app, "Plain"), "Repository", image_tag_mutability="BOGUS")

        with pytest.raises(RuntimeError, match="ValidationFailed"):
            app.synth()

        assert any("CloudFormation" in name and report["violations"] for name, report in reports(tmp_path).items())
