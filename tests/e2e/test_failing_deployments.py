"""An error in an app makes its deployment by the real CLI fail with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest

from tests.e2e.samples import COMPANIONS, LEGAL, type_of

if TYPE_CHECKING:
    from tests.e2e.emulator import Emulator

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

# The type, the property that is overridden, its value, and the text of the error of the CLI.
WRONG = [
    ("CloudWatch::Alarm", "Metrics.0.ReturnData", False, "exactly one element of Metrics returns data, and 0 do"),
    ("CloudWatch::Dashboard", "DashboardBody", "{widgets: []}", "the body is no dashboard"),
    ("EC2::VPCEndpoint", "VpcEndpointType", "Internal", "VpcEndpointType: 'Internal'"),
    ("Events::ApiDestination", "HttpMethod", "SEND", "HttpMethod: 'SEND'"),
    ("Events::Connection", "AuthorizationType", "TOKEN", "AuthorizationType: 'TOKEN'"),
    ("Events::Rule", "EventPattern.source", "aws.ecr", "Event pattern is not valid"),
    ("IAM::OIDCProvider", "Clients", ["larkspur"], "'Clients'"),
    ("InspectorV2::Filter", "FilterAction", "HIDE", "FilterAction: 'HIDE'"),
    ("Organizations::Policy", "Content.Statement.0.Effect", "No", "Syntax errors in policy"),
    ("PullThroughCacheRule", "EcrRepositoryPrefix", "a" * 31, "EcrRepositoryPrefix"),
    ("PullTimeUpdateExclusion", "PrincipalArn", "*", "PrincipalArn"),
    ("RegistryPolicy", "PolicyTxt", "{}", "PolicyTxt"),
    ("RegistryScanningConfiguration", "ScanType", "BASIC", "BASIC scanning has no {'CONTINUOUS_SCAN'}"),
    ("ReplicationConfiguration", "ReplicationConfiguration.Rules.0.Destinations.0.Region", "EU", "Region: 'EU'"),
    ("Repository", "ImageTagMutability", "FIXED", "ImageTagMutability: 'FIXED'"),
    ("RepositoryCreationTemplate", "AppliedFor.0", "PULL", "AppliedFor/0: 'PULL'"),
    ("SNS::Subscription", "Protocol", "pager", "pager is not one of"),
    ("SNS::Topic", "KmsKeyId", "alias/aws/sns", "KmsKeyId"),
    ("SNS::TopicPolicy", "PolicyDocument.Statement.0.Action", "sqs:SendMessage", "which is not of SNS"),
    ("SecretsManager::Secret", "Value", "a-token", "'Value'"),
    ("SigningConfiguration", "Rules.0.SigningProfileArn", "releases", "SigningProfileArn: 'releases'"),
]


@pytest.mark.parametrize(("name", "path", "value", "message"), WRONG, ids=[name for name, *_ in WRONG])
def test_a_wrong_property_fails_the_deployment_and_is_named(
    emulator: Emulator, name: str, path: str, value: Any, message: str
) -> None:
    from tests.e2e.emulator import ACCOUNT, REGION

    app = cdk.App(outdir=str(emulator.folder / name.replace("::", "-")), analytics_reporting=False)
    stack = cdk.Stack(app, "Stack")
    for companion, template in COMPANIONS.get(name, {}).items():
        cdk.CfnResource(stack, companion, type=template["Type"], properties=template["Properties"])
    resource = cdk.CfnResource(stack, "Thing", type=type_of(name), properties=LEGAL[name])
    resource.add_property_override(path, value)
    emulator.bootstrap(ACCOUNT, REGION)

    run = emulator.cdk("deploy", "--method=direct", "--require-approval=never", "--app", app.synth().directory)

    assert run.returncode != 0
    assert f"Thing ({type_of(name)})" in run.stdout + run.stderr
    assert message in run.stdout + run.stderr


def test_every_model_is_tried_here() -> None:
    assert {name for name, *_ in WRONG} == set(LEGAL)
