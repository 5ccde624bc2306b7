"""The Python code of a policy: it runs, it is formatted, and it builds a policy with the same effect."""

from __future__ import annotations

import ast
import json
import runpy
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.cli.commands.convert import program
from ecr_constructs.cli.errors import ExitCode
from ecr_constructs.cli.main import run
from ecr_constructs.cli.sources.records import Policy
from ecr_constructs.errors import InvalidLifecyclePolicy
from ecr_constructs.model import (
    Image,
    Immutability,
    Intent,
    LifecyclePolicy,
    LifecycleRule,
    archive_older_than,
    archive_unpulled,
    archive_untagged,
    delete_archived,
    expire_older_than,
    expire_unmatched,
    expire_untagged,
    keep_forever,
    keep_latest,
    limit_images,
)
from ecr_constructs.model.lifecycle.decompiler import have_same_effect
from tests.model.lifecycle.strategies import intents, policies, rules

NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)


def converted(policy: LifecyclePolicy, where: str = "policy.json") -> str:
    return program(Policy(policy=policy, where=where))


def executed(text: str) -> LifecyclePolicy:
    """Run a program in a separate namespace."""
    names: dict[str, Any] = {}
    exec(text, names)  # noqa: S102  (what is executed is what is tested)
    built = names["policy"]
    assert isinstance(built, LifecyclePolicy)
    return built


def numbered(drawn: Sequence[LifecycleRule], step: int) -> LifecyclePolicy:
    return LifecyclePolicy(
        rules=[replace(rule, rule_priority=number * step) for number, rule in enumerate(drawn, start=1)]
    )


# Legal policies with gaps between the priorities, and with rules of both storage classes in any order.
spread_policies = st.builds(
    lambda policy, step: numbered(policy.rules, step), policies, st.integers(min_value=1, max_value=10)
)


@st.composite
def policies_of_intents(draw: st.DrawFn) -> LifecyclePolicy | None:
    try:
        return LifecyclePolicy.of(*draw(st.lists(intents, min_size=1, max_size=5)))
    except InvalidLifecyclePolicy:  # intents that contradict each other
        return None


# --- properties over random values ----------------------------------------------------------------------------------


@given(spread_policies)
def test_the_program_builds_a_policy_with_the_same_effect(policy: LifecyclePolicy) -> None:
    assert have_same_effect(executed(converted(policy)).rules, policy.rules)


@given(policy=spread_policies, tags=st.lists(st.sampled_from(["v1", "dev-7", "latest", "a", "b"]), max_size=9))
def test_the_program_builds_a_policy_with_the_same_outcome_for_images(policy: LifecyclePolicy, tags: list[str]) -> None:
    images = [
        Image(
            digest=f"sha256:{number:064x}",
            tags=[tag] if number % 3 else [],
            pushed_at=NOW - timedelta(days=100 * number),
            status="archived" if number % 4 == 3 else "active",
            archived_at=NOW - timedelta(days=90 * number),
        )
        for number, tag in enumerate(tags)
    ]
    was, now = (each.evaluate(images, at=NOW) for each in (policy, executed(converted(policy))))

    for group in ("expired", "archived", "kept", "uncertain"):
        assert [each.image for each in getattr(was, group)] == [each.image for each in getattr(now, group)]


@given(policies_of_intents())
def test_a_policy_of_intents_is_converted_to_intents(policy: LifecyclePolicy | None) -> None:
    if policy is not None:
        text = converted(policy)

        assert "LifecycleRule" not in text
        assert have_same_effect(executed(text).rules, policy.rules)


@given(spread_policies)
def test_a_description_is_in_the_policy_or_in_a_comment(policy: LifecyclePolicy) -> None:
    text = converted(policy)
    built = [rule.description for rule in executed(text).rules]
    comments = [line.strip() for line in text.splitlines() if line.strip().startswith("# ")]

    for rule in policy.rules:
        letters = "".join(each if each.isprintable() else repr(each)[1:-1] for each in rule.description or "")
        assert rule.description in (None, *built) or f"# {rule.rule_priority}: {letters}".rstrip() in comments


@given(spread_policies)
def test_a_policy_that_no_intent_expresses_is_built_without_changes(policy: LifecyclePolicy) -> None:
    text = converted(policy)

    if "LifecyclePolicy.of" not in text:
        assert executed(text) == policy
        assert "without changes" in text


def test_the_program_is_formatted_as_ruff_would(tmp_path: Path) -> None:
    number = 0

    @given(st.one_of(spread_policies, policies_of_intents()))
    def written(policy: LifecyclePolicy | None) -> None:
        nonlocal number
        if policy is not None:
            number += 1
            (tmp_path / f"policy_{number}.py").write_text(converted(policy), encoding="utf-8")

    written()
    long = keep_latest(10, matching_all=["a" * 100 + "*", "b" * 100 + "*"])
    one = LifecyclePolicy.of(keep_forever("c" * 290), long, expire_older_than(after_days=1, matching="d" * 290))
    rule = LifecycleRule(
        rule_priority=1,
        tag_status="tagged",
        tag_prefix_list=["e" * 60, "f" * 60],
        count_type="imageCountMoreThan",
        count_number=1,
        action="transition",
        description='He said "it\'s old"',
    )
    (tmp_path / "long.py").write_text(converted(one), encoding="utf-8")
    (tmp_path / "rule.py").write_text(converted(LifecyclePolicy(rules=[rule])), encoding="utf-8")

    for width in ("88", "120"):
        for task in (["format", "--check"], ["check", "--select", "I,F"]):
            command = ["ruff", *task, "--isolated", "--line-length", width, str(tmp_path)]
            done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr


@given(st.one_of(spread_policies, st.builds(lambda rule: LifecyclePolicy(rules=[rule]), rules)))
def test_the_program_is_an_import_and_assignments_for_any_description(policy: LifecyclePolicy) -> None:
    (first, *others) = ast.parse(converted(policy, where="policy\n.json")).body

    assert isinstance(first, ast.ImportFrom)
    assert all(isinstance(each, ast.Assign) for each in others)


# --- output ---------------------------------------------------------------------------------------------------------


def test_an_intent_is_converted_to_itself() -> None:
    cases: list[tuple[list[Intent], list[str]]] = [
        ([keep_latest(10, matching="v*")], ['keep_latest(10, matching="v*"),']),
        ([keep_latest(10, matching_all=["a*", "b"])], ['keep_latest(10, matching_all=["a*", "b"]),']),
        ([keep_forever("v*", "production")], ['keep_forever("v*", "production"),']),
        (
            [keep_forever("v*"), delete_archived(after_days=90)],
            ['keep_forever("v*"),', "delete_archived(after_days=90),"],
        ),
        (
            [keep_latest(999_999, matching="v*"), delete_archived(after_days=90)],
            ['keep_latest(999999, matching="v*"),', "delete_archived(after_days=90),"],
        ),
        ([limit_images(500)], ["limit_images(500),"]),
        ([expire_untagged(after_days=14)], ["expire_untagged(after_days=14),"]),
        ([expire_untagged(keep=100)], ["expire_untagged(keep=100),"]),
        ([expire_older_than(after_days=9)], ["expire_older_than(after_days=9),"]),
        (
            [expire_older_than(after_days=9, matching=["a", "b"])],
            ['expire_older_than(after_days=9, matching=["a", "b"]),'],
        ),
        (
            [expire_older_than(after_days=9, matching="a"), expire_older_than(after_days=8, matching="b")],
            ['expire_older_than(after_days=9, matching="a"),', 'expire_older_than(after_days=8, matching="b"),'],
        ),
        (
            [expire_older_than(after_days=9, matching_all=["a", "b"])],
            ['expire_older_than(after_days=9, matching_all=["a", "b"]),'],
        ),
        (
            [expire_unmatched(keeping="v*", after_days=30)],
            ['expire_unmatched(keeping="v*", after_days=30),'],
        ),
        (
            [keep_forever("p"), keep_latest(3, matching="v*"), expire_unmatched(keeping=["v*", "w"], after_days=30)],
            [
                'keep_forever("p"),',
                'keep_latest(3, matching="v*"),',
                'expire_unmatched(keeping=["v*", "w"], after_days=30),',
            ],
        ),
        (
            [keep_forever("v1*"), expire_unmatched(keeping=["v*", "w"], after_days=30)],
            ['keep_forever("v1*"),', 'expire_unmatched(keeping=["v*", "w"], after_days=30),'],
        ),
        ([expire_older_than(after_days=30, matching="*")], ['expire_older_than(after_days=30, matching="*"),']),
        ([archive_unpulled(after_days=9)], ["archive_unpulled(after_days=9),"]),
        ([archive_untagged(after_days=9)], ["archive_untagged(after_days=9),"]),
        ([archive_older_than(after_days=9)], ["archive_older_than(after_days=9),"]),
        (
            [archive_older_than(after_days=9, matching=["a", "b"])],
            ['archive_older_than(after_days=9, matching=["a", "b"]),'],
        ),
        ([delete_archived(after_days=90)], ["delete_archived(after_days=90),"]),
    ]
    for meant, lines in cases:
        policy = LifecyclePolicy.of(*meant)
        text = converted(policy)

        assert [line.strip() for line in text.partition("LifecyclePolicy.of(\n")[2].splitlines()] == [*lines, ")"]
        assert executed(text) == policy
        assert "# The policy in policy.json, without changes.\n" in text


def rule(number: int, **values: Any) -> LifecycleRule:
    return LifecycleRule(**{"rule_priority": number, "count_type": "imageCountMoreThan", "count_number": 5, **values})


def test_differences_without_effect_are_comments() -> None:
    policy = LifecyclePolicy(
        rules=[
            rule(10, tag_status="tagged", tag_prefix_list=["v"], description="Keep\u202efive"),
            rule(20, tag_status="untagged"),
        ]
    )

    assert (
        converted(policy)
        == """\
from ecr_constructs import LifecyclePolicy, expire_untagged, keep_latest

# The policy in policy.json, with these differences, which have no effect:
# - priorities: 10 is 1, 20 is 2
# - descriptions: intents generate them; the previous ones are comments above the
#   intents
# - tags: the prefixes v are the patterns v*
policy = LifecyclePolicy.of(
    # 10: Keep\\u202efive
    keep_latest(5, matching="v*"),
    expire_untagged(keep=5),
)
"""
    )


def test_a_rule_that_no_intent_expresses_follows_the_intents() -> None:
    policy = LifecyclePolicy(
        rules=[
            rule(1, tag_status="untagged", action="transition", description="Archive untagged"),
            rule(2, tag_status="tagged", tag_pattern_list=["v*"]),
        ]
    )

    assert (
        converted(policy).partition("policy = ")[2]
        == """\
LifecyclePolicy.of(
    keep_latest(5, matching="v*"),
)
policy = policy.with_last_rule(
    LifecycleRule(
        rule_priority=1,
        tag_status="untagged",
        count_type="imageCountMoreThan",
        count_number=5,
        action="transition",
        description="Archive untagged",
    ),
)
"""
    )


def test_a_rule_that_must_precede_others_is_not_moved() -> None:
    policy = LifecyclePolicy(
        rules=[
            rule(1, tag_status="tagged", tag_pattern_list=["v*"], action="transition"),
            rule(2, tag_status="tagged", tag_pattern_list=["*-rc"]),
        ]
    )
    text = converted(policy)

    assert "LifecyclePolicy.of" not in text
    assert executed(text) == policy


# --- the subcommand -------------------------------------------------------------------------------------------------


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


# --- messages ---------------------------------------------------------------------------------------------------------


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
