"""`ecr-constructs check --live`: the deployed stacks and the registry of an account, in moto."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]  # it ships no types
import pytest

from ecr_constructs.cli.errors import ExitCode
from ecr_constructs.cli.main import run
from ecr_constructs.model import LifecyclePolicy, expire_untagged, keep_latest
from tests.cli.aws.cloud import ACCOUNT, REGION

Check = Callable[..., dict[str, list[Any]]]
RETAINED = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
LAMBDA = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "LambdaECRImageRetrievalPolicy",
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            "Condition": {"StringLike": {"aws:sourceArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:*"}},
        }
    ],
}
TEMPLATES: list[dict[str, Any]] = []


@pytest.fixture
def account(environment: None, models: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:  # noqa: ARG001
    from moto import mock_aws
    from moto.core.responses import ActionResult
    from moto.ecr.responses import ECRResponse

    def describe_repository_creation_templates(_: ECRResponse) -> ActionResult:
        return ActionResult({"repositoryCreationTemplates": TEMPLATES})

    def get_signing_configuration(_: ECRResponse) -> ActionResult:
        return ActionResult({})

    def describe_pull_through_cache_rules(_: ECRResponse) -> ActionResult:
        return ActionResult({"pullThroughCacheRules": [{"ecrRepositoryPrefix": "ecr-public"}]})

    for answer in (
        describe_repository_creation_templates,
        get_signing_configuration,
        describe_pull_through_cache_rules,
    ):
        monkeypatch.setattr(ECRResponse, answer.__name__, answer, raising=False)
    TEMPLATES.clear()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "not-checked")
    monkeypatch.setenv("AWS_REGION", REGION)
    with mock_aws():
        yield


@pytest.fixture
def check(account: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Check:  # noqa: ARG001
    """Return a function that compares a template with the account, and returns the changes by their id."""

    def checked(template: dict[str, Any], **stack: Any) -> dict[str, list[Any]]:
        path = tmp_path / "Containers.template.json"
        path.write_text(json.dumps(template), encoding="utf-8")
        code = run(["check", str(path), "--live", "--format", "json", *stack.get("options", ())])
        out, err = capsys.readouterr()
        assert code in (ExitCode.DONE, ExitCode.FOUND), err
        found: dict[str, list[Any]] = {}
        for each in json.loads(out)["changes"]:
            found.setdefault(each["id"], []).append(each)
        return found

    return checked


def client(service: str) -> Any:
    return boto3.client(service, region_name=REGION)


def repository(name: str, **properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::ECR::Repository", **RETAINED, "Properties": {"RepositoryName": name, **properties}}


def template(**resources: Any) -> dict[str, Any]:
    return {"Resources": resources}


def deploy(body: dict[str, Any], **more: Any) -> None:
    client("cloudformation").create_stack(StackName="Containers", TemplateBody=json.dumps(body), **more)


def test_a_template_that_is_deployed_has_no_changes(check: Check) -> None:
    body = template(Api=repository("prod/api"))
    deploy(body)

    assert check(body) == {}


def test_the_deployed_template_is_compared_and_not_the_settings_of_the_repository(check: Check) -> None:
    deploy(template(Api=repository("prod/api", ImageTagMutability="IMMUTABLE")))

    assert list(check(template(Api=repository("prod/api", ImageTagMutability="MUTABLE")))) == ["weaker-immutability"]


def test_parameters_have_the_values_of_the_deployed_stack(check: Check) -> None:
    named = {
        "Parameters": {"Name": {"Type": "String", "Default": "other/name"}},
        **template(Api=repository({"Ref": "Name"})),  # type: ignore[arg-type]
    }
    deploy(named, Parameters=[{"ParameterKey": "Name", "ParameterValue": "prod/api"}])

    assert check(named) == {}
    assert check(template(Api=repository("prod/api"))) == {}
    assert list(check(template(Api=repository("other/name")))) == ["replacement"]


def test_a_repository_that_exists_and_no_stack_has_fails_with_already_exists(check: Check) -> None:
    client("ecr").create_repository(repositoryName="prod/api")
    found = check(template(Api=repository("prod/api"), Web=repository("prod/web")))

    assert [each["logical_id"] for each in found["already-exists"]] == ["Api"]
    assert "import" in found["already-exists"][0]["remedy"]


@pytest.mark.parametrize(
    ("resource_type", "properties"),
    [
        ("AWS::ECR::RegistryPolicy", {"PolicyText": {}}),
        ("AWS::ECR::ReplicationConfiguration", {"ReplicationConfiguration": {"Rules": []}}),
        ("AWS::ECR::RegistryScanningConfiguration", {"ScanType": "BASIC", "Rules": []}),
        ("AWS::ECR::PullThroughCacheRule", {"EcrRepositoryPrefix": "ecr-public"}),
    ],
)
def test_a_setting_of_the_registry_that_another_owner_has_is_reported(
    check: Check, resource_type: str, properties: dict[str, Any]
) -> None:
    ecr = client("ecr")
    ecr.put_registry_policy(
        policyText=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "Replicate",
                        "Effect": "Allow",
                        "Principal": {"AWS": "arn:aws:iam::222233334444:root"},
                        "Action": ["ecr:ReplicateImage"],
                        "Resource": [f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/*"],
                    }
                ],
            }
        )
    )
    destinations = [{"region": "eu-west-1", "registryId": ACCOUNT}]
    ecr.put_replication_configuration(replicationConfiguration={"rules": [{"destinations": destinations}]})
    ecr.put_registry_scanning_configuration(
        scanType="BASIC",
        rules=[{"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}]}],
    )
    resource = {"Type": resource_type, "Properties": properties}

    assert [each["resource_type"] for each in check(template(X=resource))["already-exists"]] == [resource_type]


def test_a_registry_with_its_initial_settings_has_no_owner(check: Check) -> None:
    resources = {
        "Policy": {"Type": "AWS::ECR::RegistryPolicy", "Properties": {"PolicyText": {}}},
        "Replication": {"Type": "AWS::ECR::ReplicationConfiguration", "Properties": {}},
        "Scanning": {"Type": "AWS::ECR::RegistryScanningConfiguration", "Properties": {}},
        "Signing": {"Type": "AWS::ECR::SigningConfiguration", "Properties": {}},
    }

    assert check(template(**resources)) == {}


def test_statements_that_the_template_lacks_are_reported(check: Check) -> None:
    body = template(Api=repository("prod/api"))
    deploy(body)
    client("ecr").set_repository_policy(repositoryName="prod/api", policyText=json.dumps(LAMBDA))

    [found] = check(body)["undeclared-policy"]
    assert "LambdaECRImageRetrievalPolicy" in found["sentence"]
    assert "Access.lambda_pull" in found["remedy"]
    assert check(template(Api=repository("prod/api", RepositoryPolicyText=LAMBDA))).keys() == {"wider-access"}


def test_a_repository_that_differs_from_its_creation_template_is_reported_with_the_commands(check: Check) -> None:
    policy = LifecyclePolicy.of(keep_latest(10, matching="*"), expire_untagged(keep=1))
    TEMPLATES.extend(
        [
            {"prefix": "prod", "imageTagMutability": "IMMUTABLE", "lifecyclePolicy": policy.to_json()},
            {"prefix": "prod/mutable", "imageTagMutability": "MUTABLE"},
            {"prefix": "ROOT", "encryptionConfiguration": {"encryptionType": "KMS"}},
        ]
    )
    for name in ("prod/api", "prod/mutable/api", "production/api", "prod/declared"):
        client("ecr").create_repository(repositoryName=name)

    drifted = {each["name"]: each for each in check(template(X=repository("prod/declared")))["template-drift"]}

    assert drifted.keys() == {"prod/api", "production/api"}
    assert "put-image-tag-mutability --repository-name prod/api" in drifted["prod/api"]["remedy"]
    assert policy.to_json() in drifted["prod/api"]["remedy"]
    assert "encryption" in drifted["production/api"]["sentence"]


def test_the_creation_template_of_the_update_applies_before_that_of_the_account(check: Check) -> None:
    TEMPLATES.append({"prefix": "prod", "imageTagMutability": "IMMUTABLE"})
    client("ecr").create_repository(repositoryName="prod/api")
    resource = {
        "Type": "AWS::ECR::RepositoryCreationTemplate",
        "Properties": {"Prefix": "prod", "AppliedFor": ["REPLICATION"]},
    }

    assert "template-drift" not in check(template(Template=resource))


def test_nested_stacks_are_compared(account: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # noqa: ARG001
    s3 = client("s3")
    s3.create_bucket(Bucket="templates", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="templates", Key="old.json", Body=json.dumps(template(Api=repository("prod/api"))).encode())
    url = f"https://templates.s3.{REGION}.amazonaws.com/old.json"
    body = template(Inner={"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}})
    deploy(body)
    new = template()
    (tmp_path / "Containers.json").write_text(json.dumps(new), encoding="utf-8")

    assert run(["check", str(tmp_path), "--live", "--format", "json"]) == ExitCode.FOUND
    changes = json.loads(capsys.readouterr().out)["changes"]
    assert [(each["id"], each["stack"]) for each in changes] == [("orphaned-resource", "Containers/Inner")]


def test_a_call_that_is_denied_is_reported_and_fails_the_check(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    from moto.core.exceptions import JsonRESTError
    from moto.ecr.responses import ECRResponse

    def denied(_: ECRResponse) -> None:
        raise JsonRESTError("AccessDeniedException", "not authorized to perform: ecr:GetRepositoryPolicy")

    monkeypatch.setattr(ECRResponse, "get_repository_policy", denied)
    body = template(Api=repository("prod/api"))
    deploy(body)

    [found] = check(body)["unread-state"]
    assert "ecr:GetRepositoryPolicy" in found["sentence"]


def test_a_stack_of_another_region_is_not_compared(account: None, tmp_path: Path) -> None:  # noqa: ARG001
    manifest = {
        "version": "1.0.0",
        "artifacts": {
            "Containers": {
                "type": "aws:cloudformation:stack",
                "environment": f"aws://{ACCOUNT}/us-east-1",
                "properties": {"templateFile": "Containers.template.json"},
            }
        },
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (tmp_path / "Containers.template.json").write_text(json.dumps(template()), encoding="utf-8")

    assert run(["check", str(tmp_path), "--live"]) == ExitCode.REFUSED


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("ROLLBACK_COMPLETE", ["already-exists"]),
        ("REVIEW_IN_PROGRESS", ["already-exists"]),
        ("UPDATE_ROLLBACK_COMPLETE", []),
    ],
)
def test_the_template_of_a_first_deployment_that_failed_is_not_the_deployed_state(
    check: Check, status: str, expected: list[str]
) -> None:
    from moto.cloudformation.models import cloudformation_backends

    body = template(Api=repository("prod/api"))
    deploy(body)
    [stack] = cloudformation_backends[ACCOUNT][REGION].stacks.values()
    stack.status = status

    assert list(check(body)) == expected
