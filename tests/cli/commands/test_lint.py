"""The subcommand `lint`: findings as text and as JSON, and exit codes."""

from __future__ import annotations

import errno
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.cli.errors import ExitCode
from ecr_constructs.cli.main import run
from ecr_constructs.model import LifecyclePolicy, expire_untagged, keep_latest, limit_images
from ecr_constructs.model.lifecycle.findings import FINDING_TYPES

CLEAN = LifecyclePolicy.of(keep_latest(10, matching="*"), expire_untagged(keep=10))
# One finding each: an info, a warning, an error.
INFO = LifecyclePolicy.of(keep_latest(10, matching="v*"))
WARNING = LifecyclePolicy.of(keep_latest(10, matching="*"), expire_untagged(after_days=1))
ERROR = {
    "rules": [
        *LifecyclePolicy.of(keep_latest(10, matching="*"), expire_untagged(keep=10)).to_dict()["rules"],
        LifecyclePolicy.of(limit_images(9)).to_dict()["rules"][0] | {"rulePriority": 3},
    ]
}
INVALID = {"rules": [{"rulePriority": 0}]}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "policy.json"


def lint(path: Path, document: object, *options: str) -> int:
    path.write_text(json.dumps(document), encoding="utf-8")
    return run(["lint", str(path), *options])


def printed(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_a_policy_without_findings_is_reported_as_such(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lint(path, CLEAN.to_dict()) == ExitCode.DONE
    assert capsys.readouterr() == ("1 policy: 0 errors, 0 warnings, 0 infos\n", "")


def test_a_finding_is_one_line_with_its_place_severity_fix_and_id(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (finding,) = WARNING.findings()
    lint(path, WARNING.to_dict())
    line, total = capsys.readouterr().out.splitlines()

    remedy = f"{finding.remedy} (in JSON: {finding.json_remedy})"
    assert line == f"{path}: warning: {finding.sentence}; {remedy} [{finding.id}]"
    assert total == "1 policy: 0 errors, 1 warning, 0 infos"


def test_every_problem_of_an_invalid_policy_is_a_line(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="problems") as raised:
        LifecyclePolicy.from_dict(INVALID)
    problems = raised.value.problems  # type: ignore[attr-defined]  # all our errors have them

    assert lint(path, INVALID) == ExitCode.FOUND
    lines = capsys.readouterr().out.splitlines()
    assert lines[:-1] == [f"{path}: error: {problem} [invalid-policy]" for problem in problems]
    assert lines[-1] == f"1 policy: {len(problems)} errors, 0 warnings, 0 infos"


@pytest.mark.parametrize(
    ("document", "fails_on"),
    [
        (CLEAN.to_dict(), []),
        (INFO.to_dict(), ["info"]),
        (WARNING.to_dict(), ["warning", "info"]),
        (ERROR, ["error", "warning", "info"]),
        (INVALID, ["error", "warning", "info"]),
    ],
    ids=["clean", "info", "warning", "error", "invalid"],
)
def test_it_fails_on_findings_of_the_given_severity_or_a_higher_one(
    path: Path, document: object, fails_on: list[str]
) -> None:
    codes = {severity: lint(path, document, "--fail-on", severity) for severity in ("error", "warning", "info")}

    assert [severity for severity, code in codes.items() if code == ExitCode.FOUND] == fails_on
    assert set(codes.values()) <= {ExitCode.DONE, ExitCode.FOUND}
    assert lint(path, document) == codes["error"]


def test_json_has_every_part_of_a_finding(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (finding,) = WARNING.findings()
    lint(path, {"repositoryName": "prod/api", "lifecyclePolicyText": WARNING.to_json()}, "--format", "json")

    assert printed(capsys) == {
        "policies": 1,
        "findings": [
            {
                "where": str(path),
                "repository": "prod/api",
                "prefix": None,
                "id": finding.id,
                "severity": "warning",
                "rule_priority": 2,
                "sentence": finding.sentence,
                "remedy": f"{finding.remedy} (in JSON: {finding.json_remedy})",
            }
        ],
        "suppressed": [],
        "fixed": [],
    }


def test_the_json_of_a_problem_has_no_rule_and_its_fix_in_the_sentence(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lint(path, {"rules": []}, "--format", "json") == ExitCode.FOUND
    (fault,) = printed(capsys)["findings"]

    assert (fault["id"], fault["severity"], fault["rule_priority"], fault["remedy"]) == (
        "invalid-policy",
        "error",
        None,
        None,
    )
    assert fault["sentence"].startswith("rules: empty")


def test_a_template_has_the_repository_or_prefix_and_its_unreadable_values(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    resources = {
        "Api": ("Repository", {"RepositoryName": "prod/api", "LifecyclePolicy": {"LifecyclePolicyText": "{}"}}),
        "Later": ("Repository", {"LifecyclePolicy": {"LifecyclePolicyText": {"Ref": "Text"}}}),
        "Bare": ("Repository", {}),
        "Teams": ("RepositoryCreationTemplate", {"Prefix": "teams", "LifecyclePolicy": INFO.to_json()}),
    }
    template = {
        "Resources": {
            name: {"Type": f"AWS::ECR::{kind}", "Properties": properties}
            for name, (kind, properties) in resources.items()
        }
    }
    lint(path, template)
    lines = capsys.readouterr().out.splitlines()

    assert [line.partition(";")[0] for line in lines[:2]] == [
        f"{path}: Api (prod/api): error: rules: missing",
        (
            f"{path}: Later: warning: CloudFormation computes the text at deployment (Ref): "
            "'Text' is known at deployment only"
        ),
    ]
    assert lines[1].endswith(" [unread-policy]")
    assert lines[2].startswith(f"{path}: Teams (template teams): info: ")
    assert lines[-1].startswith("3 policies: 1 error, 1 warning, ")


def test_the_tag_immutability_is_read_from_the_template(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    properties = {"LifecyclePolicy": {"LifecyclePolicyText": WARNING.to_json()}, "ImageTagMutability": "IMMUTABLE"}
    lint(path, {"Resources": {"Api": {"Type": "AWS::ECR::Repository", "Properties": properties}}})

    assert "untagged-age-counts-from-push" not in capsys.readouterr().out


def test_several_sources_are_one_report(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.json"
    other.write_text(json.dumps(INVALID), encoding="utf-8")
    path.write_text(INFO.to_json(), encoding="utf-8")

    assert run(["lint", str(path), str(other)]) == ExitCode.FOUND
    lines = capsys.readouterr().out.splitlines()
    assert {line.partition(": ")[0] for line in lines[:-1]} == {str(path), str(other)}
    assert lines[-1].startswith("2 policies: ")


@pytest.mark.parametrize("lifecycle", [LifecyclePolicy.of(expire_untagged(keep=9)), INFO, WARNING], ids=str)
def test_a_fix_that_names_an_intent_has_the_words_of_json(
    lifecycle: LifecyclePolicy, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lint(path, lifecycle.to_dict(), "--format", "json")
    remedies = [each["remedy"] for each in printed(capsys)["findings"]]

    assert remedies
    assert all("in JSON" in each for each in remedies)


def test_a_fix_that_names_an_intent_or_an_argument_has_json_words() -> None:
    in_python = {each.id for each in FINDING_TYPES if re.search(r"\w\(|\w=|_", each.remedy.replace("{if_and}", ""))}

    assert in_python <= {each.id for each in FINDING_TYPES if each.json_remedy}


# --- input that cannot be read ----------------------------------------------------------------------------------------


@pytest.fixture
def three(tmp_path: Path) -> list[str]:
    """Create a valid policy, a malformed file, and another valid policy."""
    names = [str(tmp_path / name) for name in ("a.json", "broken.json", "b.json")]
    for name, text in zip(names, (CLEAN.to_json(), "{", INFO.to_json()), strict=True):
        Path(name).write_text(text, encoding="utf-8")
    return names


def test_a_file_that_cannot_be_read_does_not_hide_the_others(
    three: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["lint", *three, "--fail-on", "info"]) == ExitCode.REFUSED
    out, err = capsys.readouterr()

    assert [line.partition(": ")[0] for line in out.splitlines()] == [three[2], "2 policies"]
    assert err.startswith(f"ecr-constructs: {three[1]}: not JSON: ")
    assert err.count("\n") == 1


def test_json_is_valid_and_has_the_file_that_cannot_be_read(
    three: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["lint", *three, "--format", "json"]) == ExitCode.REFUSED
    document = printed(capsys)

    assert document["policies"] == 2
    assert [(each["where"], each["id"], each["severity"]) for each in document["findings"]] == [
        (three[2], "untagged-images-never-expire", "info"),
        (three[1], "unread-source", "error"),
    ]


def test_a_file_that_may_not_be_read_does_not_hide_the_others(
    three: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = os.open

    def denied(path: str, flags: int) -> int:
        if Path(path).name == "broken.json":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return real(path, flags)

    monkeypatch.setattr(os, "open", denied)

    assert run(["lint", *three]) == ExitCode.REFUSED
    out, err = capsys.readouterr()
    assert out.splitlines()[-1].startswith("2 policies: ")
    assert err.startswith(f"ecr-constructs: {three[1]}: permission denied; change its permissions")


@pytest.mark.parametrize("subcommand", ["lint", "explain"])
def test_a_source_without_a_repository_does_not_pass(
    subcommand: str, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path.write_text('{"Resources": {}}', encoding="utf-8")

    assert run([subcommand, str(path)]) == ExitCode.REFUSED
    assert capsys.readouterr() == (
        "",
        f"ecr-constructs: {path}: no repository and no creation template in it; give another source\n",
    )


# --- suppressions -----------------------------------------------------------------------------------------------------

ACCEPTED = '[[suppressions]]\nid = "untagged-age-counts-from-push"\nreason = "rollbacks are new builds"\n'


def test_a_suppressed_finding_does_not_fail_and_is_counted(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    companion = path.with_name("policy.suppressions.toml")
    companion.write_text(ACCEPTED, encoding="utf-8")

    assert lint(path, WARNING.to_dict(), "--fail-on", "warning") == ExitCode.DONE
    assert capsys.readouterr().out == "1 policy: 0 errors, 0 warnings, 0 infos, 1 suppressed\n"
    lint(path, WARNING.to_dict(), "--format", "json")
    document = printed(capsys)
    assert document["findings"] == []
    (suppressed,) = document["suppressed"]
    assert suppressed["id"] == "untagged-age-counts-from-push"
    assert suppressed["reason"] == "rollbacks are new builds"
    assert suppressed["by"] == f"{companion}: suppressions[0]"


@pytest.mark.parametrize(
    ("text", "id"),
    [
        (ACCEPTED + "expires = 2020-01-31", "expired-suppression"),
        (ACCEPTED + "rule = 77", "unused-suppression"),
        (ACCEPTED.replace("untagged-age-counts-from-push", "never-matches"), "unused-suppression"),
    ],
)
def test_a_suppression_that_has_no_effect_is_a_warning(
    path: Path, capsys: pytest.CaptureFixture[str], text: str, id: str
) -> None:
    path.with_name("policy.suppressions.toml").write_text(text, encoding="utf-8")

    assert lint(path, CLEAN.to_dict(), "--fail-on", "warning") == ExitCode.FOUND
    assert f"[{id}]" in capsys.readouterr().out
    lint(path, WARNING.to_dict())
    assert ("[untagged-age-counts-from-push]" in capsys.readouterr().out) is True


def test_a_suppression_of_the_configuration_is_for_repositories_that_are_read(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "ours.toml"
    config.write_text(ACCEPTED + 'repository = "prod/*"\n', encoding="utf-8")
    output = {"repositoryName": "prod/api", "lifecyclePolicyText": WARNING.to_json()}
    options = ("--config", str(config), "--fail-on", "warning")

    assert lint(path, output, *options) == ExitCode.DONE
    assert lint(path, output | {"repositoryName": "dev/api"}, *options) == ExitCode.FOUND
    assert "-suppression]" not in capsys.readouterr().out
    assert lint(path, output | {"lifecyclePolicyText": CLEAN.to_json()}, *options) == ExitCode.FOUND
    assert "the suppression of untagged-age-counts-from-push in 'prod/*' has no effect" in capsys.readouterr().out


def test_a_policy_that_is_not_read_can_be_suppressed_and_an_invalid_one_cannot(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path.with_name("policy.suppressions.toml").write_text(
        '[[suppressions]]\nid = "unread-policy"\nreason = "a parameter"\n', encoding="utf-8"
    )
    properties = {"LifecyclePolicy": {"LifecyclePolicyText": {"Ref": "Text"}}}
    template = {"Resources": {"Api": {"Type": "AWS::ECR::Repository", "Properties": properties}}}

    assert lint(path, template, "--fail-on", "warning") == ExitCode.DONE
    assert capsys.readouterr().out.endswith(", 1 suppressed\n")


def test_a_configuration_with_problems_is_rejected(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path.with_name("policy.suppressions.toml").write_text("[[suppressions]]", encoding="utf-8")

    assert lint(path, CLEAN.to_dict()) == ExitCode.REFUSED
    assert "suppressions[0].reason: missing" in capsys.readouterr().err


# --- fixes ------------------------------------------------------------------------------------------------------------


def test_fixes_are_written_and_the_rest_is_reported(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lint(path, ERROR, "--fix") == ExitCode.DONE
    assert capsys.readouterr().out == (
        f"fixed: {path}: rule 3 removed [shadowed-rule]\n1 policy: 0 errors, 0 warnings, 0 infos\n"
    )
    assert LifecyclePolicy.from_json(path.read_text(encoding="utf-8")) == CLEAN


def test_without_the_option_nothing_is_written(path: Path) -> None:
    assert lint(path, ERROR) == ExitCode.FOUND
    assert json.loads(path.read_text(encoding="utf-8")) == ERROR


def test_fixes_are_in_the_json_output(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lint(path, ERROR, "--fix", "--format", "json")

    assert printed(capsys)["fixed"] == [f"{path}: rule 3 removed [shadowed-rule]"]
