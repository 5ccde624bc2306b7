"""The bootstrap template of the CDK with settings for its repository of image assets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs import (
    ADOPTED,
    CREATED,
    HARDENED,
    Access,
    Immutability,
    InvalidRepository,
    bootstrap_template,
    keep_latest,
)
from ecr_constructs.assembly import AssemblyStack
from ecr_constructs.assembly.template_resources import app_resources
from ecr_constructs.model.compliance import RULES
from ecr_constructs.model.compliance.rule_results import judge

NAME = {"Fn::Sub": "cdk-${Qualifier}-container-assets-${AWS::AccountId}-${AWS::Region}"}
LAMBDA = {
    "Sid": "LambdaECRImageRetrievalPolicy",
    "Effect": "Allow",
    "Principal": {"Service": "lambda.amazonaws.com"},
    "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    "Condition": {"StringLike": {"aws:sourceArn": "arn:aws:lambda:eu-west-1:111122223333:function:*"}},
}
# The parts of the template of the CDK that matter here.
TEMPLATE: dict[str, Any] = {
    "Parameters": {"Qualifier": {"Type": "String", "Default": "hnb659fds"}},
    "Resources": {
        "StagingBucket": {"Type": "AWS::S3::Bucket"},
        "ContainerAssetsRepository": {
            "Type": "AWS::ECR::Repository",
            "Properties": {
                "RepositoryName": NAME,
                "ImageTagMutability": "IMMUTABLE",
                "LifecyclePolicy": {"LifecyclePolicyText": '{"rules": []}'},
                "RepositoryPolicyText": {"Version": "2012-10-17", "Statement": [LAMBDA]},
            },
        },
    },
}


def repository(template: dict[str, Any]) -> dict[str, Any]:
    return dict(template["Resources"]["ContainerAssetsRepository"])


def test_the_repository_gets_the_settings_and_keeps_its_name_and_statements() -> None:
    before = deepcopy(TEMPLATE)
    settings = CREATED.but(access=[Access.account_pull("444455556666")], resource_tags={"team": "platform"})

    found = bootstrap_template(TEMPLATE, settings=settings)

    properties = repository(found)["Properties"]
    assert before == TEMPLATE
    assert {**found["Resources"], "ContainerAssetsRepository": None} == {
        **TEMPLATE["Resources"],
        "ContainerAssetsRepository": None,
    }
    assert repository(found)["DeletionPolicy"] == "Retain"
    assert properties["RepositoryName"] == NAME
    assert properties["ImageScanningConfiguration"] == {"ScanOnPush": True}
    assert "14 days after push" in properties["LifecyclePolicy"]["LifecyclePolicyText"]
    assert properties["Tags"] == [{"Key": "team", "Value": "platform"}]
    assert properties["RepositoryPolicyText"]["Statement"][0] == LAMBDA
    assert len(properties["RepositoryPolicyText"]["Statement"]) == 2
    assert "EncryptionConfiguration" not in properties


def test_other_settings_replace_those_of_the_template() -> None:
    excluded = bootstrap_template(TEMPLATE, settings=CREATED.but(immutability=Immutability.all_tags_except("latest")))
    again = bootstrap_template(excluded, settings=ADOPTED)

    assert repository(excluded)["Properties"]["ImageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    assert repository(again)["Properties"].keys() == {
        "RepositoryName",
        "ImageTagMutability",
        "ImageScanningConfiguration",
        "RepositoryPolicyText",
    }
    assert repository(again)["Properties"]["ImageTagMutability"] == "MUTABLE"


def test_another_encryption_is_for_new_environments_only() -> None:
    with pytest.raises(InvalidRepository, match="by one without images"):
        bootstrap_template(TEMPLATE, settings=HARDENED)

    found = bootstrap_template(TEMPLATE, settings=HARDENED, is_new=True)

    encryption = repository(found)["Properties"]["EncryptionConfiguration"]
    (key,) = (name for name, each in found["Resources"].items() if each["Type"] == "AWS::KMS::Key")
    assert encryption == {"EncryptionType": "KMS", "KmsKey": {"Fn::GetAtt": [key, "Arn"]}}


def test_another_template_is_rejected() -> None:
    with pytest.raises(InvalidRepository) as raised:
        bootstrap_template({"Resources": {}}, settings=HARDENED)
    assert len(raised.value.problems) == 2
    with pytest.raises(TypeError, match="template"):
        bootstrap_template("Resources:", settings={})  # type: ignore[arg-type]


@pytest.mark.slow
def test_the_template_of_the_cdk_command_is_accepted_and_has_no_finding() -> None:
    cdk = Path(sys.executable).parent / "cdk"
    shown = subprocess.run(
        [str(cdk), "bootstrap", "--show-template", "--json"],
        capture_output=True,
        check=True,
        env={**os.environ, "CI": "1"},
        text=True,
        timeout=120,
    ).stdout

    found = bootstrap_template(json.loads(shown), settings=CREATED.but(lifecycle=keep_latest(50, matching="*")))

    stack = AssemblyStack(name="CDKToolkit", template_path=Path("CDKToolkit.json"), template=found)
    verdicts = judge(app_resources([stack]), [each for each in RULES.values() if each.level in {"error", "warning"}])
    assert [each.rule.id for each in verdicts if each.status == "not met"] == []
