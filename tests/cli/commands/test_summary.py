"""The subcommand `summary`. tests/test_readme.py compares the summary of the example with the README."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.assembly import AssemblyStack
from ecr_constructs.cli.commands.summary import lines
from ecr_constructs.cli.errors import ExitCode
from ecr_constructs.cli.main import run
from ecr_constructs.model import LifecyclePolicy, expire_untagged

POLICY = {"LifecyclePolicyText": LifecyclePolicy.of(expire_untagged(keep=5)).to_json()}
GOES = "deleted with the stack"
SOMEHOW = {"Fn::FindInMap": ["Registry", "Production", "It"]}


def stack(**resources: Any) -> AssemblyStack:
    return AssemblyStack(
        name="Prod", template_path=Path("cdk.out/Prod.template.json"), template={"Resources": resources}
    )


def resource(kind: str, **properties: object) -> dict[str, Any]:
    return {"Type": f"AWS::ECR::{kind}", "Properties": properties}


def summary_line(kind: str, **properties: object) -> str:
    (_, line) = lines([stack(It=resource(kind, **properties))])
    return line.strip()


def test_a_stack_is_reported_with_its_template() -> None:
    assert list(lines([stack()])) == ["Prod: 0 repositories, template in cdk.out/Prod.template.json"]
    assert next(lines([stack(It=resource("Repository"))])).startswith("Prod: 1 repository, ")


def test_repositories_are_a_table() -> None:
    filters = [{"ImageTagMutabilityExclusionFilterValue": "dev-*"}]
    found = stack(
        Api=resource(
            "Repository",
            RepositoryName="prod/api",
            ImageTagMutability="IMMUTABLE_WITH_EXCLUSION",
            ImageTagMutabilityExclusionFilters=filters,
            EncryptionConfiguration={"EncryptionType": "KMS", "KmsKey": "key"},
            ImageScanningConfiguration={"ScanOnPush": True},
            LifecyclePolicy=POLICY,
        )
        | {"DeletionPolicy": "Retain"},
        Bare=resource("Repository"),
    )

    assert list(lines([found]))[1:] == [
        (
            "  prod/api  immutable tags except dev-*  scanned on push   "
            "   KMS, customer managed key  1 lifecycle rule   retained"
        ),
        (
            f"  Bare      mutable tags                 not scanned on "
            f"push  AES256                     0 lifecycle rules  {GOES}"
        ),
    ]


def test_a_repository_has_its_mutable_tags() -> None:
    cases: list[tuple[str, str]] = [
        ("IMMUTABLE", "immutable tags"),
        ("MUTABLE_WITH_EXCLUSION", "mutable tags except v*"),
        ("MUTABLE", "mutable tags"),
        ("SOMETHING_NEW", "SOMETHING_NEW"),
    ]
    for mutability, words in cases:
        filters = [{"ImageTagMutabilityExclusionFilterValue": "v*"}]

        assert f"It  {words}  " in summary_line(
            "Repository", ImageTagMutability=mutability, ImageTagMutabilityExclusionFilters=filters
        )


def test_a_lifecycle_that_cloudformation_computes_is_not_called_none() -> None:
    assert "  lifecycle policy computed at deployment  " in summary_line("Repository", LifecyclePolicy=SOMEHOW)


def test_a_resource_of_the_registry_is_reported() -> None:
    cases: list[tuple[str, dict[str, object], str]] = [
        (
            "RegistryScanningConfiguration",
            {
                "ScanType": "ENHANCED",
                "Rules": [{"ScanFrequency": "SCAN_ON_PUSH", "RepositoryFilters": [{"Filter": "prod*"}]}],
            },
            "scanning  ENHANCED: SCAN_ON_PUSH prod*",
        ),
        (
            "ReplicationConfiguration",
            {"ReplicationConfiguration": {"Rules": [{"Destinations": [{"Region": "eu-west-1"}]}]}},
            "replication  everything to eu-west-1",
        ),
        ("RegistryPolicy", {"PolicyText": {"Statement": [{}, {}]}}, "registry policy  2 statements"),
        ("RegistryPolicy", {"PolicyText": {"Statement": {"Effect": "Deny"}}}, "registry policy  1 statement"),
        (
            "PullThroughCacheRule",
            {"EcrRepositoryPrefix": "quay", "UpstreamRegistryUrl": "quay.io"},
            "cache quay  of quay.io",
        ),
        (
            "RepositoryCreationTemplate",
            {"Prefix": "teams", "AppliedFor": ["CREATE_ON_PUSH", "REPLICATION"]},
            "template teams  for create on push, replication",
        ),
        ("SigningConfiguration", {}, "SigningConfiguration  It"),
        ("PublicRepository", {}, "PublicRepository  It"),
    ]
    for kind, properties, line in cases:
        assert summary_line(kind, **properties) == f"{line}  {GOES}"


def test_a_value_that_cloudformation_computes_is_named_as_such() -> None:
    cases: list[tuple[str, dict[str, object]]] = [
        ("RegistryScanningConfiguration", {}),
        ("RegistryScanningConfiguration", {"ScanType": SOMEHOW, "Rules": SOMEHOW}),
        ("ReplicationConfiguration", {"ReplicationConfiguration": SOMEHOW}),
        ("RegistryPolicy", {"PolicyText": SOMEHOW}),
        ("RegistryPolicy", {"PolicyText": "{}"}),
        ("PullThroughCacheRule", {}),
        ("RepositoryCreationTemplate", {"Prefix": "teams", "AppliedFor": SOMEHOW}),
    ]
    for kind, properties in cases:
        assert summary_line(kind, **properties).endswith(f"  {GOES}")


def test_the_summary_of_a_folder_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    properties = {"templateFile": "Prod.template.json"}
    manifest = {"artifacts": {"Prod": {"type": "aws:cloudformation:stack", "properties": properties}}}
    Path("cdk.out").mkdir()
    Path("cdk.out/manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    Path("cdk.out/Prod.template.json").write_text("{}", encoding="utf-8")

    assert run(["summary", "cdk.out"]) == ExitCode.DONE
    assert capsys.readouterr().out == "Prod: 0 repositories, template in cdk.out/Prod.template.json\n"


def test_json_has_the_results_of_controls_and_the_exceptions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = {
        "version": "1",
        "artifacts": {
            "Prod": {
                "type": "aws:cloudformation:stack",
                "environment": "aws://111122223333/eu-west-1",
                "properties": {"templateFile": "Prod.template.json"},
                "metadata": {"/Prod/Api/Resource": [{"type": "aws:cdk:logicalId", "data": "Api"}]},
            }
        },
    }
    template = {"Resources": {"Api": resource("Repository")}}
    entry = {"resource": "Prod/Api", "rule": "tags-immutable", "reason": "it", "owner": "us", "expires": "9999-01-01"}
    documents = {"manifest.json": manifest, "Prod.template.json": template, "exceptions.json": [entry]}
    for name, document in documents.items():
        (tmp_path / name).write_text(json.dumps(document), encoding="utf-8")

    code = run(["summary", str(tmp_path), "--format", "json", "--exceptions", str(tmp_path / "exceptions.json")])

    (found,) = json.loads(capsys.readouterr().out)["resources"]
    assert code == ExitCode.DONE
    assert (found["path"], found["environment"]) == ("Prod/Api/Resource", "111122223333/eu-west-1")
    assert found["controls"]["ECR.2"]["exceptions"][0]["owner"] == "us"


def test_suppressed_findings_of_lifecycle_policies_are_left_out_of_the_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = LifecyclePolicy.of(expire_untagged(after_days=1)).to_json()
    repository = resource("Repository", RepositoryName="prod/api", LifecyclePolicy={"LifecyclePolicyText": policy})
    (tmp_path / "app.json").write_text(json.dumps({"Resources": {"Api": repository}}), encoding="utf-8")

    def rules() -> set[str]:
        assert run(["summary", str(tmp_path / "app.json"), "--format", "json"]) == ExitCode.DONE
        return {each["rule"] for each in json.loads(capsys.readouterr().out)["findings"]}

    before = rules()
    entry = '[[suppressions]]\nid = "untagged-age-counts-from-push"\nreason = "rollbacks are new builds"\n'
    (tmp_path / "app.suppressions.toml").write_text(entry, encoding="utf-8")
    assert before - rules() == {"lifecycle-untagged-age-counts-from-push"}


# --- the registry of the app ------------------------------------------------------------------------------------------

ENHANCED = {
    "ScanType": "ENHANCED",
    "Rules": [{"ScanFrequency": "CONTINUOUS_SCAN", "RepositoryFilters": [{"Filter": "prod/*"}]}],
}
SCANS = {"ImageScanningConfiguration": {"ScanOnPush": True}}


@pytest.mark.parametrize(
    ("name", "properties", "configuration", "expected"),
    [
        ("prod/api", SCANS, ENHANCED, "scanned on push"),
        ("prod/api", {}, ENHANCED, "scanned by the registry"),
        ("tools/ci", SCANS, ENHANCED, "not scanned, as no filter of the registry matches"),
        ("tools/ci", {}, ENHANCED, "not scanned on push"),
        ("tools/ci", SCANS, {**ENHANCED, "ScanType": "BASIC"}, "scanned on push"),
        ("tools/ci", SCANS, {"ScanType": SOMEHOW, "Rules": SOMEHOW}, "scanned on push"),
    ],
)
def test_the_registry_decides_whether_a_repository_is_scanned(
    name: str, properties: dict[str, Any], configuration: dict[str, Any], expected: str
) -> None:
    found = stack(
        Api=resource("Repository", RepositoryName=name, **properties),
        Scanning=resource("RegistryScanningConfiguration", **configuration),
    )

    assert list(lines([found]))[1].split("  ")[3] == expected


@pytest.mark.parametrize(
    ("environment", "expected"),
    [("111122223333/eu-west-1", "us-east-1"), ("444455556666/eu-west-1", "us-east-1 of 111122223333")],
)
def test_a_destination_in_another_account_has_its_account(environment: str, expected: str) -> None:
    rule = {"Destinations": [{"Region": "us-east-1", "RegistryId": "111122223333"}]}
    found = stack(It=resource("ReplicationConfiguration", ReplicationConfiguration={"Rules": [rule]}))

    line = list(lines([replace(found, environment=environment)]))[1]

    assert f"everything to {expected}  " in line


def test_a_template_and_a_folder_of_templates_have_the_results_of_a_cdk_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    template = {"Resources": {"Api": resource("Repository", RepositoryName="prod/api", **SCANS)}}
    (tmp_path / "Prod.json").write_text(json.dumps(template))
    entry = {
        "resource": "prod/api",
        "rule": "tags-immutable",
        "reason": "latest",
        "owner": "us",
        "expires": "2999-01-01",
    }

    for source in (tmp_path / "Prod.json", tmp_path):
        arguments = ["summary", str(source), "--format", "json"]
        assert run(arguments) == ExitCode.DONE
        (found,) = json.loads(capsys.readouterr().out)["resources"]
        assert {name: each["status"] for name, each in found["controls"].items() if name.startswith("ECR.")} == {
            "ECR.1": "met",
            "ECR.2": "not met",
            "ECR.3": "not met",
            "ECR.5": "not met",
        }
        elsewhere = tmp_path.parent / f"{tmp_path.name}.json"
        elsewhere.write_text(json.dumps([{**entry, "resource": "prod/api"}]))
        assert run([*arguments, "--exceptions", str(elsewhere)]) == ExitCode.DONE
        (found,) = json.loads(capsys.readouterr().out)["resources"]
        assert found["controls"]["ECR.2"]["exceptions"] == [
            {"reason": "latest", "owner": "us", "expires": "2999-01-01", "is_expired": False}
        ]


def test_the_repositories_of_a_loop_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = {"Fn::Sub": "${Team}/api"}
    created = {
        "Type": "AWS::ECR::Repository",
        "Properties": {"RepositoryName": name, "ImageTagMutability": "IMMUTABLE"},
    }
    loop = {"Fn::ForEach::Teams": ["Team", ["blue", "red"], {"Api${Team}": created}]}
    file = tmp_path / "Teams.json"
    file.write_text(json.dumps({"Transform": "AWS::LanguageExtensions", "Resources": loop}), encoding="utf-8")

    assert run(["summary", str(file)]) == 0
    printed = capsys.readouterr().out
    assert "2 repositories" in printed
    assert "blue/api" in printed
    assert run(["summary", str(file), "--format", "json"]) == 0
    assert [each["name"] for each in json.loads(capsys.readouterr().out)["resources"]] == ["blue/api", "red/api"]
