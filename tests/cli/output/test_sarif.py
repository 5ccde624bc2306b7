"""Findings as SARIF: locations that a developer can change, and fingerprints that do not change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it ships no types
import pytest

from ecr_constructs.cli.errors import ExitCode
from ecr_constructs.cli.main import run
from ecr_constructs.model import LifecyclePolicy, expire_untagged, keep_latest

WARNING = LifecyclePolicy.of(keep_latest(10, matching="*"), expire_untagged(after_days=1))
# The schema of OASIS, as the package @microsoft/jest-sarif 1.0.0-beta.0 of npm has it.
SCHEMA = jsonschema.Draft4Validator(
    json.loads((Path(__file__).parent / "schemas/sarif-2.1.0-rtm.5.json").read_text("utf-8")),
    format_checker=jsonschema.FormatChecker(),
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def results(capsys: pytest.CaptureFixture[str], *sources: str) -> list[dict[str, Any]]:
    run(["lint", *sources, "--format", "sarif"])
    return results_of(capsys.readouterr().out)


def results_of(text: str) -> list[dict[str, Any]]:
    document: dict[str, Any] = json.loads(text)
    SCHEMA.validate(document)
    assert (document["version"], len(document["runs"])) == ("2.1.0", 1)
    (execution,) = document["runs"]
    rules = execution["tool"]["driver"]["rules"]
    found: list[dict[str, Any]] = execution["results"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    assert not any(
        line.startswith(" ") for rule in rules for line in rule.get("help", {"text": ""})["text"].splitlines()
    )
    assert all(rules[each["ruleIndex"]]["id"] == each["ruleId"] for each in found)
    return found


def place(result: dict[str, Any]) -> tuple[str, int, str]:
    (location,) = result["locations"]
    physical, (logical,) = location["physicalLocation"], location["logicalLocations"]
    return physical["artifactLocation"]["uri"], physical["region"]["startLine"], logical["fullyQualifiedName"]


def test_the_location_of_a_finding_is_the_line_of_the_rule_in_the_policy_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = json.dumps(WARNING.to_dict(), indent=2)
    (folder / "a policy.json").write_text(text, encoding="utf-8")
    (result,) = results(capsys, "a policy.json")
    line = text.splitlines().index('      "rulePriority": 2,') + 1

    assert place(result) == ("a%20policy.json", line, "a policy.json")
    assert (result["ruleId"], result["level"]) == ("untagged-age-counts-from-push", "warning")


def test_the_location_in_a_folder_is_the_policy_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "policies").mkdir()
    for name in ("a.json", "b.json"):
        (folder / "policies" / name).write_text(json.dumps(WARNING.to_dict(), indent=2), encoding="utf-8")

    found = [place(each) for each in results(capsys, "policies")]
    files = ["policies/a.json", "policies/b.json"]
    assert [(path, name) for path, _, name in found] == [(file, file) for file in files]
    line = json.dumps(WARNING.to_dict(), indent=2).splitlines().index('      "rulePriority": 2,') + 1
    assert {each for _, each, _ in found} == {line}


def test_the_location_in_a_template_is_the_line_of_the_resource(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    properties = {"LifecyclePolicy": {"LifecyclePolicyText": WARNING.to_json()}}
    resources = {each: {"Type": "AWS::ECR::Repository", "Properties": properties} for each in ("Web", "Api")}
    (folder / "app.json").write_text(json.dumps({"Resources": resources}, indent=1), encoding="utf-8")

    assert [place(each) for each in results(capsys, "app.json")] == [
        ("app.json", 3, "app.json: Web"),
        ("app.json", 11, "app.json: Api"),
    ]


def assembly(folder: Path, policy: LifecyclePolicy = WARNING) -> None:
    resource = {
        "Type": "AWS::ECR::Repository",
        "Properties": {"LifecyclePolicy": {"LifecyclePolicyText": policy.to_json()}},
        "Metadata": {"aws:cdk:path": "App/Api/Repository/Resource"},
    }
    manifest = {
        "version": "48.0.0",
        "artifacts": {"App": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "App.json"}}},
    }
    (folder / "cdk.out").mkdir(exist_ok=True)
    (folder / "cdk.out/manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (folder / "cdk.out/App.json").write_text(json.dumps({"Resources": {"ApiF70053CD": resource}}), encoding="utf-8")


def test_a_finding_of_an_app_is_in_its_entry_file_with_the_path_of_the_construct(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assembly(folder)
    (folder / "app.py").touch()
    (folder / "cdk.json").write_text('{"app": "python3 app.py"}', encoding="utf-8")

    assert [place(each) for each in results(capsys, "cdk.out")] == [("app.py", 1, "App/Api/Repository")]


@pytest.mark.parametrize("settings", [None, "{", "[]", '{"app": "node bin/missing.js"}', '{"app": "python3 \'app.py"}'])
def test_without_an_entry_file_the_template_is_the_location(
    folder: Path, capsys: pytest.CaptureFixture[str], settings: str | None
) -> None:
    assembly(folder)
    if settings is not None:
        (folder / "cdk.json").write_text(settings, encoding="utf-8")

    assert [place(each) for each in results(capsys, "cdk.out")] == [("cdk.out/App.json", 1, "App/Api/Repository")]


def fingerprints(found: list[dict[str, Any]]) -> list[str]:
    return [each["partialFingerprints"]["ecrConstructs/v1"] for each in found]


def test_a_fingerprint_depends_on_neither_the_line_nor_the_values(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = folder / "policy.json"
    file.write_text(WARNING.to_json(), encoding="utf-8")
    before = results(capsys, "policy.json")
    other = LifecyclePolicy.of(keep_latest(10, matching="*"), expire_untagged(after_days=7))
    file.write_text(json.dumps(other.to_dict(), indent=4), encoding="utf-8")
    after = results(capsys, "policy.json")

    assert fingerprints(before) == fingerprints(after)
    assert place(before[0])[1] != place(after[0])[1]


def test_every_problem_of_a_policy_has_a_fingerprint_of_its_own(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "policy.json").write_text('{"rules": [{"rulePriority": 0}, {}]}', encoding="utf-8")
    found = results(capsys, "policy.json", "missing.json")

    assert {each["ruleId"] for each in found} == {"invalid-policy", "unread-source"}
    assert len(set(fingerprints(found))) == len(found) > 2


def test_the_exit_code_is_that_of_the_other_formats(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "policy.json").write_text(WARNING.to_json(), encoding="utf-8")

    assert run(["lint", "policy.json", "--format", "sarif"]) == ExitCode.DONE
    assert run(["lint", "policy.json", "--format", "sarif", "--fail-on", "warning"]) == ExitCode.FOUND
    assert run(["lint", "missing.json", "--format", "sarif"]) == ExitCode.REFUSED
    capsys.readouterr()


def synthesized(folder: Path, mutability: str, names: tuple[str, ...] = ("Api",)) -> None:
    """Write an assembly with repositories, as `cdk synth` does."""
    properties = {"RepositoryName": "prod/api", "ImageTagMutability": mutability}
    resources = {
        name: {
            "Type": "AWS::ECR::Repository",
            "Properties": properties,
            "Metadata": {"aws:cdk:path": f"App/{name}/Resource"},
        }
        for name in names
    }
    manifest = {
        "version": "39.0.0",
        "artifacts": {
            "App": {
                "type": "aws:cloudformation:stack",
                "environment": "aws://unknown-account/unknown-region",
                "properties": {"templateFile": "App.template.json"},
            }
        },
    }
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    (folder / "App.template.json").write_text(json.dumps({"Resources": resources}), encoding="utf-8")


def test_the_location_of_a_change_is_the_construct_in_the_entry_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    synthesized(folder / "old", "IMMUTABLE")
    synthesized(folder / "new", "MUTABLE")
    (folder / "app.py").write_text("", encoding="utf-8")
    (folder / "cdk.json").write_text('{"app": "python3 app.py"}', encoding="utf-8")

    run(["check", "old", "new", "--format", "sarif"])
    (result,) = results_of(capsys.readouterr().out)
    assert place(result) == ("app.py", 1, "App/Api")


def test_the_location_of_a_deleted_resource_is_its_stack(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    synthesized(folder / "old", "IMMUTABLE")
    synthesized(folder / "new", "IMMUTABLE", ())

    run(["check", "old", "new", "--format", "sarif"])
    found = results_of(capsys.readouterr().out)
    assert [place(each)[2] for each in found] == ["App/Api"]


def test_the_location_of_a_change_in_a_template_is_the_line_of_the_resource_and_the_fingerprint_is_stable(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fingerprint: set[str] = set()
    for name, mutability in {"old": "IMMUTABLE", "new": "MUTABLE"}.items():
        properties = {"RepositoryName": "prod/api", "ImageTagMutability": mutability}
        template = {"Resources": {"Api": {"Type": "AWS::ECR::Repository", "Properties": properties}}}
        (folder / f"{name}.json").write_text(json.dumps(template, indent=1), encoding="utf-8")
    for added in range(2):
        run(["check", "old.json", "new.json", "--format", "sarif"])
        (result,) = results_of(capsys.readouterr().out)
        assert place(result)[:2] == ("new.json", 3 + added)
        fingerprint.add(*fingerprints([result]))
        (folder / "new.json").write_text("\n" + (folder / "new.json").read_text("utf-8"), encoding="utf-8")
    assert len(fingerprint) == 1
