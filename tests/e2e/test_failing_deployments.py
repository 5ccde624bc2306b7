"""What is wrong in an app fails its deployment by the real CLI, which says what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest

from tests.e2e.samples import LEGAL

if TYPE_CHECKING:
    from tests.e2e.emulator import Emulator

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

# The type, the property that is overridden, its value, and the text of the error of the CLI.
WRONG = [
    ("PullThroughCacheRule", "EcrRepositoryPrefix", "a" * 31, "EcrRepositoryPrefix"),
    ("PullTimeUpdateExclusion", "PrincipalArn", "*", "PrincipalArn"),
    ("RegistryPolicy", "PolicyTxt", "{}", "PolicyTxt"),
    ("RegistryScanningConfiguration", "ScanType", "BASIC", "BASIC scanning has no {'CONTINUOUS_SCAN'}"),
    ("ReplicationConfiguration", "ReplicationConfiguration.Rules.0.Destinations.0.Region", "EU", "Region: 'EU'"),
    ("Repository", "ImageTagMutability", "FIXED", "ImageTagMutability: 'FIXED'"),
    ("RepositoryCreationTemplate", "AppliedFor.0", "PULL", "AppliedFor/0: 'PULL'"),
    ("SigningConfiguration", "Rules.0.SigningProfileArn", "releases", "SigningProfileArn: 'releases'"),
]


@pytest.mark.parametrize(("name", "path", "value", "told"), WRONG, ids=[name for name, *_ in WRONG])
def test_a_wrong_property_fails_the_deployment_and_is_named(
    emulator: Emulator, name: str, path: str, value: Any, told: str
) -> None:
    from tests.e2e.emulator import ACCOUNT, REGION

    app = cdk.App(outdir=str(emulator.folder / name), analytics_reporting=False)
    resource = cdk.CfnResource(cdk.Stack(app, "Stack"), "Thing", type=f"AWS::ECR::{name}", properties=LEGAL[name])
    resource.add_property_override(path, value)
    emulator.bootstrap(ACCOUNT, REGION)

    run = emulator.cdk("deploy", "--method=direct", "--require-approval=never", "--app", app.synth().directory)

    assert run.returncode != 0
    assert f"Thing (AWS::ECR::{name})" in run.stdout + run.stderr
    assert told in run.stdout + run.stderr


def test_every_model_is_tried_here() -> None:
    assert {name for name, *_ in WRONG} == set(LEGAL)
