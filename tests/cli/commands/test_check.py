"""The subcommand `check`: its formats, its exit codes, its options and its errors."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.cli.errors import ExitCode
from ecr_constructs.cli.main import run
from ecr_constructs.model import LifecyclePolicy, keep_latest
from ecr_constructs.model.changes.change import CHANGE_TYPES

RETAINED = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
# Updates of OLD with an error, a warning and an info.
OLD = {"Api": {"RepositoryName": "prod/api"}, "Web": {"ImageTagMutability": "IMMUTABLE"}, "Jobs": {}}
ERROR = {**OLD, "Api": {"RepositoryName": "prod/api", "EncryptionConfiguration": {"EncryptionType": "KMS"}}}
WARNING = {**OLD, "Web": {"ImageTagMutability": "MUTABLE"}}
INFO = {**OLD, "Jobs": {"ImageTagMutability": "IMMUTABLE"}}

Check = Callable[..., int]


def template(repositories: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "Resources": {
            name: {"Type": "AWS::ECR::Repository", **RETAINED, "Properties": properties}
            for name, properties in repositories.items()
        }
    }


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """Return a function that compares OLD with other repositories, and returns the exit code."""
    monkeypatch.chdir(tmp_path)

    def checked(new: dict[str, dict[str, Any]], *options: str, old: dict[str, dict[str, Any]] = OLD) -> int:
        Path("old.json").write_text(json.dumps(template(old)), encoding="utf-8")
        Path("Containers.template.json").write_text(json.dumps(template(new)), encoding="utf-8")
        return run(["check", "old.json", "Containers.template.json", *options])

    return checked


# --- exit codes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("new", "failing"),
    [
        (ERROR, ["error", "warning", "info"]),
        (WARNING, ["warning", "info"]),
        (INFO, ["info"]),
        (OLD, []),
    ],
)
def test_the_exit_code_is_3_for_changes_of_the_severity_or_higher(
    check: Check, new: dict[str, dict[str, Any]], failing: list[str]
) -> None:
    for severity in ("error", "warning", "info", "never"):
        assert check(new, "--fail-on", severity) == (ExitCode.FOUND if severity in failing else ExitCode.DONE)
    assert check(new) == (ExitCode.FOUND if "warning" in failing else ExitCode.DONE)


# --- formats ----------------------------------------------------------------------------------------------------------


def test_the_table_has_severity_resource_consequence_id_and_safe_way(
    check: Check, capsys: pytest.CaptureFixture[str]
) -> None:
    check(ERROR)
    header, row, total = capsys.readouterr().out.splitlines()

    assert header.split() == ["severity", "resource", "change", "safe", "way"]
    assert row.startswith("error     Containers/Api (ECR Repository prod/api)  EncryptionConfiguration changes, ")
    assert "the deployment fails" in row
    assert "[replacement]  keep the values of the deployed template" in row
    assert total == "1 change: 1 error, 0 warnings, 0 infos"


def test_json_has_every_field_of_every_change(check: Check, capsys: pytest.CaptureFixture[str]) -> None:
    check(WARNING, "--format", "json")
    document = json.loads(capsys.readouterr().out)

    assert document["totals"] == {"error": 0, "warning": 1, "info": 0}
    [found] = document["changes"]
    assert found.pop("sentence").startswith("tags change from IMMUTABLE to MUTABLE")
    assert found.pop("remedy") == "keep immutability=Immutability.all_tags()"
    assert found == {
        "id": "weaker-immutability",
        "severity": "warning",
        "stack": "Containers",
        "logical_id": "Web",
        "resource_type": "AWS::ECR::Repository",
        "name": None,
        "images": [],
    }


def test_markdown_is_a_table_in_which_names_have_no_meaning(check: Check, capsys: pytest.CaptureFixture[str]) -> None:
    name = "<b>|@team*"
    check({}, "--format", "markdown", old={"Api": {"RepositoryName": name}})
    total, _, header, line, row = capsys.readouterr().out.splitlines()

    assert total == "**1 change: 0 errors, 1 warning, 0 infos**"
    assert (header, line) == ("| severity | resource | change | safe way |", "| --- | --- | --- | --- |")
    assert "&#60;b&#62;&#124;&#64;&#8203;team&#42;" in row
    assert row.count("|") == header.count("|")


def test_sarif_has_a_rule_for_each_kind_of_change_and_the_file_of_the_template(
    check: Check, capsys: pytest.CaptureFixture[str]
) -> None:
    check({**ERROR, "Jobs": INFO["Jobs"]}, "--format", "sarif")
    [execution] = json.loads(capsys.readouterr().out)["runs"]
    rules = execution["tool"]["driver"]["rules"]

    assert {each["id"] for each in rules} == set(CHANGE_TYPES)
    assert [(each["ruleId"], each["level"]) for each in execution["results"]] == [
        ("replacement", "error"),
        ("stricter-immutability", "note"),
    ]
    for each in execution["results"]:
        assert rules[each["ruleIndex"]]["id"] == each["ruleId"]
        [location] = each["locations"]
        assert location["physicalLocation"]["artifactLocation"]["uri"] == "Containers.template.json"


@pytest.mark.parametrize("form", ["table", "json", "markdown", "sarif"])
def test_every_format_is_written_to_a_file_as_to_standard_output(
    check: Check, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    check(ERROR, "--format", form)
    shown = capsys.readouterr().out
    assert check(ERROR, "--format", form, "--output", "report") == ExitCode.FOUND

    assert capsys.readouterr().out == ""
    assert Path("report").read_text(encoding="utf-8") == shown


# --- images -----------------------------------------------------------------------------------------------------------


def lifecycle(count: int) -> dict[str, dict[str, Any]]:
    text = LifecyclePolicy.of(keep_latest(count, matching="v*")).to_json()
    return {"Api": {"RepositoryName": "prod/api", "LifecyclePolicy": {"LifecyclePolicyText": text}}}


def write_images(count: int) -> None:
    images = [
        {
            "repositoryName": "prod/api",
            "registryId": "111122223333",
            "imageDigest": f"sha256:{n:064x}",
            "imageTags": [f"v{n}"],
            "imageSizeInBytes": 1,
            "imagePushedAt": f"2026-01-{n:02}T00:00:00+00:00",
        }
        for n in range(1, count + 1)
    ]
    Path("images.json").write_text(json.dumps({"imageDetails": images}), encoding="utf-8")


@pytest.mark.parametrize("form", ["table", "markdown"])
def test_the_images_of_a_lifecycle_difference_are_listed(
    check: Check, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    write_images(28)
    check(lifecycle(3), "--images", "images.json", "--format", form, old=lifecycle(25))
    out = capsys.readouterr().out

    # The old policy deletes v1, v2 and v3.
    assert "22 of 28 images of the listing are affected" in out
    assert out.count(" by rule 1") == 20
    assert "and 2 more images" in out
    assert "--format json has all" in out.replace("\\", "")


def test_json_has_all_images_of_a_lifecycle_difference(check: Check, capsys: pytest.CaptureFixture[str]) -> None:
    write_images(28)
    check(lifecycle(3), "--images", "images.json", "--format", "json", old=lifecycle(25))
    [found] = json.loads(capsys.readouterr().out)["changes"]

    assert {each["tags"][0] for each in found["images"]} == {f"v{n}" for n in range(4, 26)}
    assert {(each["action"], each["rule_priority"]) for each in found["images"]} == {("expire", 1)}


def test_a_lifecycle_difference_that_affects_no_listed_image_is_an_info(
    check: Check, capsys: pytest.CaptureFixture[str]
) -> None:
    write_images(2)

    assert check(lifecycle(3), "--images", "images.json", "--format", "json", old=lifecycle(25)) == ExitCode.DONE
    [found] = json.loads(capsys.readouterr().out)["changes"]
    assert (found["severity"], found["images"]) == ("info", [])


# --- options and errors -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["old.json"], "give two states, OLD and NEW, or add --live to compare one with the account"),
        (["old.json", "old.json", "old.json"], "give two states, OLD and NEW"),
        (["old.json", "old.json", "--live"], "--live reads the deployed state from the account; give NEW only"),
        (["old.json", "old.json", "--profile", "x"], "--profile needs an account; add --live, or remove it"),
        (["old.json", "old.json", "--region", "x"], "--region needs an account"),
        (["old.json", "old.json", "--role", "x"], "--role needs an account"),
        (["-", "-"], "standard input can be read once"),
        (["-", "old.json", "--images", "-"], "standard input can be read once"),
        (["nowhere", "old.json"], "nowhere: no such file or folder"),
        (["", "old.json"], "the name of a file or folder is empty"),
        (["old.json", "old.json", "--images", "nowhere"], "nowhere"),
        (["old.json", "old.json", "--output", "missing/report"], "missing/report: no such file or directory"),
        (["old.json", "old.json", "--fail-on", "some"], "some"),
    ],
)
def test_sources_that_cannot_be_compared_are_rejected_with_the_reason(
    check: Check, capsys: pytest.CaptureFixture[str], arguments: list[str], problem: str
) -> None:
    check(OLD)
    capsys.readouterr()

    assert run(["check", *arguments]) == ExitCode.REFUSED
    out, err = capsys.readouterr()
    assert out == ""
    assert problem in err
    assert "Traceback" not in err


def test_a_state_is_read_from_standard_input(
    check: Check, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    check(ERROR)
    capsys.readouterr()
    deployed = json.dumps({"TemplateBody": template(OLD)}).encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(deployed)))

    assert run(["check", "-", "Containers.template.json"]) == ExitCode.FOUND
    assert "Containers/Api" in capsys.readouterr().out
