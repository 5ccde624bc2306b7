"""`ecr-constructs convert`: the output, the choice of a policy, and the findings in comments."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest

from ecr_constructs.cli.commands.convert import program
from ecr_constructs.cli.errors import ExitCode
from ecr_constructs.cli.main import run
from ecr_constructs.cli.sources.records import Policy
from ecr_constructs.model import (
    Immutability,
    LifecyclePolicy,
    LifecycleRule,
    expire_untagged,
    keep_latest,
    limit_images,
)
from ecr_constructs.model.lifecycle.decompiler import have_same_effect
from tests.cli.python_code.programs import converted, executed, rule


def test_the_program_is_written_to_a_file_and_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy = LifecyclePolicy.of(keep_latest(10, matching="v*"))
    answer = {"repositoryName": "api", "lifecyclePolicyText": policy.to_json()}
    (tmp_path / "policy.json").write_text(json.dumps(answer), encoding="utf-8")

    assert run(["convert", str(tmp_path / "policy.json")]) == ExitCode.DONE
    (tmp_path / "lifecycle.py").write_text(capsys.readouterr().out, encoding="utf-8")
    assert runpy.run_path(str(tmp_path / "lifecycle.py"))["policy"] == policy


def test_one_policy_of_several_is_converted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policies = {"api": LifecyclePolicy.of(keep_latest(10, matching="v*")), "web": LifecyclePolicy.of(limit_images(9))}
    resources = {
        name: {
            "Type": "AWS::ECR::Repository",
            "Properties": {"RepositoryName": name, "LifecyclePolicy": {"LifecyclePolicyText": policy.to_json()}},
        }
        for name, policy in policies.items()
    }
    (tmp_path / "template.json").write_text(json.dumps({"Resources": resources}), encoding="utf-8")

    assert run(["convert", str(tmp_path / "template.json")]) == ExitCode.REFUSED
    assert "several policies; choose the repository with --repository" in capsys.readouterr().err
    assert run(["convert", str(tmp_path / "template.json"), "--repository", "web"]) == ExitCode.DONE
    assert executed(capsys.readouterr().out) == policies["web"]


@pytest.mark.parametrize(
    "silent",
    [
        rule(7, tag_status="tagged", tag_prefix_list=["dev-", "pr-"], description="Old builds"),
        rule(7, tag_status="tagged", tag_pattern_list=["dev*", "develop*"]),
        rule(7, tag_status="untagged", description="Keep 99 untagged images"),
        rule(7, tag_status="any", description="Expire untagged leftovers"),
    ],
)
def test_a_finding_that_an_intent_would_silence_is_found_in_the_program(silent: LifecycleRule) -> None:
    policy = LifecyclePolicy(rules=[rule(1, tag_status="tagged", tag_pattern_list=["v*"]), silent])
    warnings = [each.id for each in policy.findings() if each.severity == "warning"]
    built = executed(converted(policy))

    assert warnings
    assert [each.id for each in built.findings() if each.severity == "warning"] == warnings
    assert have_same_effect(built.rules, policy.rules)
    assert 'keep_latest(5, matching="v*")' in converted(policy)


def test_errors_and_warnings_are_comments() -> None:
    policy = LifecyclePolicy(rules=[rule(1, tag_status="any", description="Expire untagged images")])
    (finding,) = [each for each in policy.findings() if each.severity == "error"]
    text = converted(policy)
    comments = " ".join(line.removeprefix("#").strip() for line in text.splitlines() if line.startswith("#"))

    assert finding in executed(text).findings()
    assert f"Findings, with the priorities in that policy: - error: {finding.sentence}; " in comments
    assert f"[{finding.id}]" in comments


def test_infos_are_not_comments() -> None:
    policy = LifecyclePolicy.of(keep_latest(10, matching="v*"))

    assert {each.severity for each in policy.findings()} == {"info"}
    assert "Findings" not in converted(policy)


def test_findings_use_the_immutability_of_the_template() -> None:
    policy = LifecyclePolicy.of(expire_untagged(after_days=1))
    bound = Policy(policy=policy, where="template.json", immutability=Immutability.all_tags())

    assert "untagged-age-counts-from-push" in converted(policy)
    assert "untagged-age-counts-from-push" not in program(bound)
