"""The subcommand `explain`: one policy, several policies, and policies that cannot be read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ecr_constructs.cli.errors import ExitCode
from ecr_constructs.cli.main import run
from ecr_constructs.model import LifecyclePolicy, keep_latest

POLICY = LifecyclePolicy.of(keep_latest(10, matching="v*"))


def test_one_policy_is_explained_without_a_heading(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "policy.json").write_text(POLICY.to_json(), encoding="utf-8")

    assert run(["explain", str(tmp_path / "policy.json")]) == ExitCode.DONE
    assert capsys.readouterr().out == f"{POLICY.explain()[0]}\n"


def test_several_policies_are_explained_below_their_locations(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    resources = {
        "Api": {"RepositoryName": "prod/api", "LifecyclePolicy": {"LifecyclePolicyText": POLICY.to_json()}},
        "Bare": {},
        "Later": {"LifecyclePolicy": {"LifecyclePolicyText": {"Ref": "Text"}}},
    }
    template = {
        "Resources": {name: {"Type": "AWS::ECR::Repository", "Properties": each} for name, each in resources.items()}
    }
    path = tmp_path / "template.json"
    path.write_text(json.dumps(template), encoding="utf-8")

    assert run(["explain", str(path)]) == ExitCode.DONE
    assert capsys.readouterr().out.splitlines() == [
        f"{path}: Api (prod/api)",
        f"  {POLICY.explain()[0]}",
        f"{path}: Bare",
        "  No rule: all images are kept.",
        f"{path}: Later",
        (
            "  CloudFormation computes the text at deployment (Ref): 'Text' is known at deployment only; "
            "write the text itself to have it read"
        ),
    ]


def test_one_policy_is_explained_if_others_are_invalid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = {"prod/api": POLICY.to_json(), "prod/bad": "{}"}
    resources = {
        name: {
            "Type": "AWS::ECR::Repository",
            "Properties": {"RepositoryName": name, "LifecyclePolicy": {"LifecyclePolicyText": text}},
        }
        for name, text in texts.items()
    }
    path = tmp_path / "template.json"
    path.write_text(json.dumps({"Resources": resources}), encoding="utf-8")

    assert run(["explain", str(path), "--repository", "prod/api"]) == ExitCode.DONE
    assert capsys.readouterr().out == f"{POLICY.explain()[0]}\n"
    assert run(["explain", str(path), "--repository", "prod/bad"]) == ExitCode.REFUSED
    assert run(["explain", str(path), "--repository", "prod"]) == ExitCode.REFUSED
    assert capsys.readouterr().err.endswith(
        "--repository prod: it has no policy; the policies are those of prod/api, prod/bad\n"
    )


def test_a_policy_that_ecr_would_reject_is_not_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "policy.json").write_text('{"rules": []}', encoding="utf-8")

    assert run(["explain", str(tmp_path / "policy.json")]) == ExitCode.REFUSED
    assert capsys.readouterr().err.startswith(f"ecr-constructs: {tmp_path / 'policy.json'}: rules: empty")
