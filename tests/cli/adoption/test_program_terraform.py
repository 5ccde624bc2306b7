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
