"""Terraform states and plans: the same program as for templates, with the mapping for an import."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.adoption.programs import adopt, synthesize, template_of

ACCOUNT, REGION = "111122223333", "eu-west-1"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Sid": "Deploy", "Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "ecr:BatchGetImage"}
    ],
}
LIFECYCLE = {
    "rules": [
        {
            "rulePriority": 1,
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 14,
            },
            "action": {"type": "expire"},
        }
    ]
}


def resource(kind: str, label: str = "this", **values: Any) -> dict[str, Any]:
    return {"address": f"{kind}.{label}", "mode": "managed", "type": kind, "name": label, "values": values}


def repository(name: str, **values: Any) -> dict[str, Any]:
    arn = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{name}"
    return resource("aws_ecr_repository", name, name=name, arn=arn, registry_id=ACCOUNT, **values)


RESOURCES = [
    repository(
        "api",
        image_tag_mutability="IMMUTABLE_WITH_EXCLUSION",
        image_tag_mutability_exclusion_filter=[{"filter": "latest", "filter_type": "WILDCARD"}],
        encryption_configuration=[{"encryption_type": "AES256", "kms_key": ""}],
        image_scanning_configuration=[{"scan_on_push": True}],
        tags_all={"team": "payments"},
    ),
    repository("web", encryption_configuration=[{"encryption_type": "KMS", "kms_key": None}], force_delete=True),
    resource("aws_ecr_repository_policy", repository="api", policy=json.dumps(POLICY)),
    resource("aws_ecr_lifecycle_policy", repository="api", policy=json.dumps(LIFECYCLE)),
    resource(
        "aws_ecr_registry_policy",
        registry_id=ACCOUNT,
        policy=json.dumps(
            {
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"AWS": "444455556666"},
                        "Action": "ecr:ReplicateImage",
                        "Resource": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/*",
                    }
                ],
            }
        ),
    ),
    resource(
        "aws_ecr_registry_scanning_configuration",
        scan_type="BASIC",
        rule=[{"scan_frequency": "SCAN_ON_PUSH", "repository_filter": [{"filter": "*", "filter_type": "WILDCARD"}]}],
    ),
    resource(
        "aws_ecr_replication_configuration",
        replication_configuration=[
            {
                "rule": [
                    {
                        "destination": [{"region": "us-east-1", "registry_id": ACCOUNT}],
                        "repository_filter": [{"filter": "api", "filter_type": "PREFIX_MATCH"}],
                    }
                ]
            }
        ],
    ),
    resource("aws_ecr_pull_through_cache_rule", ecr_repository_prefix="quay", upstream_registry_url="quay.io"),
    resource(
        "aws_ecr_repository_creation_template",
        prefix="quay",
        applied_for=["PULL_THROUGH_CACHE"],
        image_tag_mutability="MUTABLE",
    ),
    resource("aws_ecr_account_setting", value="V2"),
]


def document(kind: str) -> dict[str, Any]:
    if kind == "state file":
        entries = [{**each, "instances": [{"attributes": each["values"]}]} for each in RESOURCES]
        return {"version": 4, "terraform_version": "1.9.0", "resources": entries}
    values = {"root_module": {"resources": RESOURCES}}
    shown = {"format_version": "1.0", "terraform_version": "1.9.0"}
    if kind == "state":
        return {**shown, "values": values}
    created = {"root_module": {"resources": [*RESOURCES, repository("created")]}}
    return {**shown, "planned_values": created, "prior_state": {**shown, "values": values}}


@pytest.mark.parametrize("kind", ["state", "state file", "plan"])
def test_a_state_or_plan_gives_the_resources_that_exist(kind: str, tmp_path: Path) -> None:
    source = tmp_path / "source.json"
    source.write_text(json.dumps(document(kind)), encoding="utf-8")
    program = adopt(source, "--stack", "Images", output=tmp_path / "program")
    mapping = json.loads((program / "Images.import.json").read_text(encoding="utf-8"))
    report = (program / "REPORT.md").read_text(encoding="utf-8")

    assert sorted(map(json.dumps, mapping.values())) == sorted(
        map(
            json.dumps,
            [
                {"RepositoryName": "api"},
                {"RepositoryName": "web"},
                *[{"RegistryId": ACCOUNT}] * 3,
                {"EcrRepositoryPrefix": "quay"},
                {"Prefix": "quay"},
            ],
        )
    )
    assert "terraform state rm" in report
    assert "aws\\_ecr\\_account\\_setting.this is left out" in report
    assert "has force\\_delete; the program retains the repository" in report
    if kind == "state":
        resources = template_of(synthesize(program), "Images")["Resources"]
        assert set(resources) == set(mapping)
        api = next(
            each["Properties"] for each in resources.values() if each["Properties"].get("RepositoryName") == "api"
        )
        assert api["ImageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
        assert "EncryptionConfiguration" not in api
        assert api["Tags"] == [{"Key": "team", "Value": "payments"}]
        assert [each["Sid"] for each in api["RepositoryPolicyText"]["Statement"]] == ["Deploy"]
        web = next(
            each["Properties"] for each in resources.values() if each["Properties"].get("RepositoryName") == "web"
        )
        assert web["EncryptionConfiguration"] == {"EncryptionType": "KMS"}


def _in(region: str, label: str) -> dict[str, Any]:
    arn = f"arn:aws:ecr:{region}:{ACCOUNT}:repository/api"
    return resource("aws_ecr_repository", label, name="api", arn=arn, registry_id=ACCOUNT)


def _policy_of(label: str, sid: str, depends_on: list[str], **values: Any) -> dict[str, Any]:
    text = json.dumps({"Statement": [{**POLICY["Statement"][0], "Sid": sid}]})  # type: ignore[dict-item]
    found = resource("aws_ecr_repository_policy", label, repository="api", policy=text, registry_id=ACCOUNT, **values)
    return {**found, "depends_on": depends_on}


@pytest.mark.parametrize("form", ["state", "state file"])
@pytest.mark.parametrize("is_known", ["by the Region", "by the dependency", "not"])
def test_repositories_of_one_name_have_their_own_policies(form: str, is_known: str, tmp_path: Path) -> None:
    found = [_in("eu-west-1", "eu"), _in("us-east-1", "us")]
    for label, region in (("eu", "eu-west-1"), ("us", "us-east-1")):
        depends_on = [f"aws_ecr_repository.{label}"] if is_known == "by the dependency" else []
        values = {"region": region} if is_known == "by the Region" else {}
        found.append(_policy_of(f"of_{label}", label, depends_on, **values))
    shown = {"format_version": "1.0", "values": {"root_module": {"resources": found}}}
    instances = [
        {**each, "instances": [{"attributes": each["values"], "dependencies": each.get("depends_on")}]}
        for each in found
    ]
    source = tmp_path / "source.json"
    content = shown if form == "state" else {"version": 4, "terraform_version": "1.9.0", "resources": instances}
    source.write_text(json.dumps(content), encoding="utf-8")

    if is_known == "not":
        with pytest.raises(AssertionError, match="several repositories have the name in"):
            adopt(source, output=tmp_path / "program")
        return
    assembly = synthesize(adopt(source, output=tmp_path / "program"))
    templates = {
        region: template_of(assembly, f"Containers-{ACCOUNT}-{region}") for region in ("eu-west-1", "us-east-1")
    }
    sids = {
        region: each["Properties"]["RepositoryPolicyText"]["Statement"][0]["Sid"]
        for region, template in templates.items()
        for each in template["Resources"].values()
        if each["Type"] == "AWS::ECR::Repository"
    }
    assert sids == {"eu-west-1": "eu", "us-east-1": "us"}
