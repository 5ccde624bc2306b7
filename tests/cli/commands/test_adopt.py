"""The subcommand `adopt`: its options, its files and its errors."""

from __future__ import annotations

import io
import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.cli.errors import ExitCode
from ecr_constructs.cli.main import run

TEMPLATE = {"Resources": {"Api": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "api"}}}}


@pytest.fixture
def template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "Containers.json"
    path.write_text(json.dumps(TEMPLATE), encoding="utf-8")
    return path


def written(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_folder_has_the_app_the_mapping_and_the_report(template: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["adopt", template.name]) == ExitCode.DONE

    assert written(template.parent / "adopted") == {
        "app.py",
        "cdk.json",
        "containers_stack.py",
        "Containers.import.json",
        "REPORT.md",
        "requirements.txt",
    }
    assert capsys.readouterr().out.splitlines() == [
        "1 repository as HardenedRepository, 0 other constructs, 0 resources as L1",
        "read adopted/REPORT.md, then run: cd adopted && cdk synth",
    ]


def test_files_that_exist_are_overwritten_only_with_force(template: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = template.parent / "mine"
    folder.mkdir()
    (folder / "app.py").write_text("mine", encoding="utf-8")

    assert run(["adopt", template.name, "--output", "mine"]) == ExitCode.REFUSED
    assert written(folder) == {"app.py"}
    assert "app.py exist; give another --output, or --force" in capsys.readouterr().err
    assert run(["adopt", template.name, "--output", "mine", "--force"]) == ExitCode.DONE
    assert (folder / "app.py").read_text(encoding="utf-8") != "mine"


def test_a_file_in_the_place_of_the_folder_is_an_error(template: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["adopt", template.name, "--output", template.name]) == ExitCode.REFUSED
    assert capsys.readouterr().err.startswith("ecr-constructs: ")


def test_standard_input_and_the_output_of_get_template_are_read(
    template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = json.dumps({"TemplateBody": json.dumps(TEMPLATE), "StagesAvailable": ["Original"]})
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    assert run(["adopt", "-", "--stack", "Shop"]) == ExitCode.DONE
    assert "shop_stack.py" in written(template.parent / "adopted")


def test_the_command_of_the_report_compares_the_source_with_the_program(
    template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = template.rename(template.with_name("the deployed one.json"))
    assert run(["adopt", source.name, "--output", "apps/api", "--stack", "Api"]) == ExitCode.DONE
    monkeypatch.chdir(template.parent / "apps" / "api")
    report = Path("REPORT.md").read_text(encoding="utf-8")
    (command,) = (line for line in report.splitlines() if line.startswith("ecr-constructs check"))
    # The program is not synthesized here: the same template stands for its output.
    Path("cdk.out").mkdir()
    Path("cdk.out", "the deployed one.json").write_text(json.dumps(TEMPLATE), encoding="utf-8")

    assert command == "ecr-constructs check '../../the deployed one.json' cdk.out"
    assert run(shlex.split(command)[1:]) == ExitCode.DONE


def test_the_report_on_standard_input_names_the_file_to_write(template: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(json.dumps(TEMPLATE).encode())))

    assert run(["adopt", "-", "--stack", "Shop"]) == ExitCode.DONE
    report = (template.parent / "adopted" / "REPORT.md").read_text(encoding="utf-8")
    assert "ecr-constructs check deployed.json cdk.out" in report
    assert "`deployed.json` is the template that was read from standard input." in report


def test_yaml_with_short_functions_is_read(template: Path) -> None:
    path = template.with_suffix(".yaml")
    path.write_text(
        "Resources:\n  Key:\n    Type: AWS::KMS::Key\n  Api:\n    Type: AWS::ECR::Repository\n    Properties:\n"
        "      RepositoryName: !Sub '${AWS::StackName}-api'\n"
        "      EncryptionConfiguration: {EncryptionType: KMS, KmsKey: !GetAtt Key.Arn}\n",
        encoding="utf-8",
    )

    assert run(["adopt", path.name]) == ExitCode.DONE
    module = (template.parent / "adopted" / "containers_stack.py").read_text(encoding="utf-8")
    assert 'cdk.Token.as_string({"Fn::Sub": "${AWS::StackName}-api"})' in module
    assert 'cast("kms.CfnKey", template.get_resource("Key"))' in module


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give a template, a cdk.out, a Terraform state or plan, or add --live"),
        (["Containers.json", "--live"], "--live reads the account; remove the source, or --live"),
        (["Containers.json", "--region", "eu-west-1"], "--region needs an account; add --live, or remove it"),
        (["Containers.json", "--stack", "a b"], "--stack 'a b' is not a stack name"),
        (["-", "--images", "-"], "standard input can be read once"),
        (["missing.json"], "no such file or folder"),
        (["empty.json"], "empty"),
        (["list.json"], "not a CloudFormation template"),
        (["nothing.json"], "no resource of Amazon ECR"),
        (["state.json"], "no resource of Amazon ECR in this Terraform state or plan"),
        (["foreach.json"], "the template has Fn::ForEach"),
        (["."], "templates of one stack"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_unusable_arguments_are_one_sentence(
    arguments: list[str], message: str, template: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    contents: dict[str, Any] = {
        "list.json": [],
        "nothing.json": {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}},
        "state.json": {"terraform_version": "1.9.0", "version": 4, "resources": []},
        "foreach.json": {"Resources": {"Fn::ForEach::Names": ["Name", ["a"], {}]}},
    }
    if arguments != ["."]:
        for name, content in contents.items():
            (template.parent / name).write_text(json.dumps(content), encoding="utf-8")
        (template.parent / "empty.json").write_text("", encoding="utf-8")
    else:
        (template.parent / "Containers.template.json").write_text(json.dumps(TEMPLATE), encoding="utf-8")

    assert run(["adopt", *arguments]) == ExitCode.REFUSED
    found = capsys.readouterr().err
    assert message in found
    assert "Traceback" not in found
    assert not (template.parent / "adopted").exists()


def test_the_tags_of_images_are_the_filters_of_the_step(template: Path) -> None:
    images = {
        "imageDetails": [
            {
                "repositoryName": "api",
                "imageDigest": f"sha256:{1:064x}",
                "imagePushedAt": "2026-06-01T00:00:00+00:00",
                "imageTags": ["latest", "v1.2.3"],
            }
        ]
    }
    (template.parent / "images.json").write_text(json.dumps(images), encoding="utf-8")

    assert run(["adopt", template.name, "--images", "images.json"]) == ExitCode.DONE
    assert "| `api` | `latest` | 0 |" in (template.parent / "adopted" / "REPORT.md").read_text(encoding="utf-8")
