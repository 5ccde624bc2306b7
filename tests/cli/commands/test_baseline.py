"""The subcommand `baseline`: the file that `enforce_baseline` reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.cli.errors import ExitCode
from ecr_constructs.cli.main import run

KEY = {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {}, "KeySpec": "SYMMETRIC_DEFAULT"}}
REPOSITORY: dict[str, Any] = {
    "Type": "AWS::ECR::Repository",
    "DeletionPolicy": "Retain",
    "Properties": {
        "RepositoryName": "prod/api",
        "EncryptionConfiguration": {"EncryptionType": "KMS"},
        "ImageTagMutability": "IMMUTABLE",
    },
}


def write(path: Path, **resources: Any) -> str:
    path.write_text(json.dumps({"Resources": resources}), encoding="utf-8")
    return str(path)


def test_the_baseline_has_the_create_only_properties_and_the_retention_of_each_resource(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket = {"Type": "AWS::S3::Bucket"}
    source = write(tmp_path / "Containers.template.json", Api=REPOSITORY, Key=KEY, Bucket=bucket)

    assert run(["baseline", source]) == ExitCode.DONE
    assert json.loads(capsys.readouterr().out) == {
        "version": 1,
        "stacks": {
            "Containers": {
                "Api": {
                    "Type": "AWS::ECR::Repository",
                    "Properties": {
                        "RepositoryName": "prod/api",
                        "EncryptionConfiguration": {"EncryptionType": "KMS"},
                    },
                    "DeletionPolicy": "Retain",
                    "UpdateReplacePolicy": "Delete",
                },
                "Key": {
                    "Type": "AWS::KMS::Key",
                    "Properties": {"KeySpec": "SYMMETRIC_DEFAULT"},
                    "DeletionPolicy": "Delete",
                    "UpdateReplacePolicy": "Delete",
                },
            }
        },
    }


def test_the_file_does_not_depend_on_the_order_of_the_template(tmp_path: Path) -> None:
    for number, resources in enumerate(({"Api": REPOSITORY, "Key": KEY}, {"Key": KEY, "Api": REPOSITORY})):
        source = write(tmp_path / "Containers.json", **resources)
        assert run(["baseline", source, "--output", str(tmp_path / f"{number}.txt")]) == ExitCode.DONE

    assert (tmp_path / "0.txt").read_bytes() == (tmp_path / "1.txt").read_bytes()


def test_stacks_of_one_name_in_two_regions_are_recorded_both(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    artifacts = {}
    for region in ("eu-west-1", "us-east-1"):
        write(tmp_path / f"{region}.template.json", **{f"Api{region[:2]}": REPOSITORY})
        artifacts[region] = {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://111122223333/{region}",
            "properties": {"templateFile": f"{region}.template.json", "stackName": "Containers"},
        }
    (tmp_path / "manifest.json").write_text(json.dumps({"version": "1", "artifacts": artifacts}), encoding="utf-8")

    assert run(["baseline", str(tmp_path)]) == ExitCode.DONE
    recorded = json.loads(capsys.readouterr().out)["stacks"]
    assert {name: list(resources) for name, resources in recorded.items()} == {
        "Containers (111122223333/eu-west-1)": ["Apieu"],
        "Containers (111122223333/us-east-1)": ["Apius"],
    }


def test_a_source_without_a_template_and_a_file_that_cannot_be_written_are_rejected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write(tmp_path / "Containers.json", Api=REPOSITORY)
    for arguments, problem in (
        ([str(tmp_path / "nowhere")], "no such file or folder"),
        ([source, "--output", str(tmp_path / "missing" / "file")], "no such file or directory"),
    ):
        assert run(["baseline", *arguments]) == ExitCode.REFUSED
        out, err = capsys.readouterr()
        assert (out, problem in err) == ("", True)
