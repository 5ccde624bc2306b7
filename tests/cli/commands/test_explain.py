"""Each rule in one sentence: what it says of claims is held against which rule an image belongs to."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from ecr_constructs.cli.errors import ExitCode
from ecr_constructs.cli.main import run
from ecr_constructs.cli.output.sentences import sentences
from ecr_constructs.model import (
    Intent,
    LifecyclePolicy,
    LifecycleRule,
    archive_older_than,
    archive_unpulled,
    archive_untagged,
    delete_archived,
    expire_older_than,
    expire_untagged,
    keep_forever,
    keep_latest,
    limit_images,
)
from tests.model.lifecycle.strategies import policies, tag_sets


@pytest.mark.parametrize(
    ("intent", "sentence"),
    [
        (keep_latest(1, matching="v*"), "keeps only the newest of the images with a tag like v*, by time of push, and"),
        (keep_latest(10, matching="latest"), "keeps the newest 10 images with the tag latest, by time of push, and"),
        (
            keep_latest(5, matching="*"),
            "keeps the newest 5 images with any tag, by time of push, and deletes the others",
        ),
        (keep_latest(5, matching_all=["a*", "b"]), "images with both a tag like a* and the tag b, by time of push"),
        (keep_latest(5, matching_all=["a", "b", "c"]), "with all of the tag a, the tag b and the tag c, by time of"),
        (limit_images(1_500), "keeps the newest 1,500 tagged and untagged images, by time of push, and deletes the"),
        (
            keep_forever("v*"),
            "keeps all images with a tag like v*: no rule below acts on them, and this one only beyond",
        ),
        (expire_untagged(after_days=1), "deletes images without a tag more than 1 day after their push."),
        (
            expire_untagged(keep=50),
            "keeps the newest 50 images without a tag, by time of push, and deletes the others.",
        ),
        (expire_older_than(after_days=30), "deletes tagged and untagged images more than 30 days after their push."),
        (archive_untagged(after_days=7), "archives images in standard storage without a tag more than 7 days after"),
        (
            archive_older_than(after_days=9, matching="v*"),
            "archives images in standard storage with a tag like v* more",
        ),
        (
            archive_unpulled(after_days=9),
            "more than 9 days after their last pull, or after their push or restore if nobody pulled them since.",
        ),
        (
            delete_archived(after_days=90),
            "deletes tagged and untagged archived images more than 90 days after they were archived.",
        ),
    ],
    ids=str,
)
def test_a_rule_says_what_it_does_with_which_images(intent: Intent, sentence: str) -> None:
    (said,) = sentences(LifecyclePolicy.of(intent))

    assert said.startswith("Rule 1 ")
    assert sentence in said


def test_a_prefix_is_how_a_tag_begins() -> None:
    rule = LifecycleRule(
        rule_priority=7,
        tag_status="tagged",
        tag_prefix_list=["prod"],
        count_type="sinceImagePushed",
        count_number=30,
    )

    assert sentences(LifecyclePolicy(rules=[rule])) == (
        "Rule 7 deletes images with a tag that begins with prod more than 30 days after their push.",
    )


def test_a_rule_says_what_the_rules_above_take_from_it() -> None:
    policy = LifecyclePolicy.of(
        keep_latest(3, matching="v*"),
        keep_latest(5, matching="dev-*"),
        expire_untagged(after_days=1),
        expire_older_than(after_days=9, matching="pr-*"),
        limit_images(100),
    )

    assert [said.partition("the others")[2] or said.partition("their push")[2] for said in sentences(policy)] == [
        ".",
        "; images of rule 1 count too, but are left to it.",
        ".",
        ", except for those of rules 1 and 2.",
        "; images of rules 1, 2, 3 and 4 count too, but are left to them.",
    ]


def test_what_is_kept_for_ever_is_kept_in_the_archive_too() -> None:
    policy = LifecyclePolicy.of(keep_forever("v*"), delete_archived(after_days=90))

    assert sentences(policy)[1] == (
        "Rule 2 keeps all archived images with a tag like v*: no rule below acts on them, and this one only after "
        "36,500 days."
    )
    assert sentences(policy)[2].endswith("after they were archived, except for those of rule 2.")


def named(sentence: str) -> set[int]:
    """Give the other rules that a sentence names."""
    found = re.search(r"(?:of|to) rules? ([\d, and]+)", sentence)
    return set(map(int, re.findall(r"\d+", found[1]))) if found else set()


def owner(policy: LifecyclePolicy, storage: str, tags: list[str]) -> LifecycleRule | None:
    """Give the rule that an image belongs to."""
    return next((rule for rule in policy.rules if rule.storage_class == storage and rule.selects_tags(tags)), None)


@given(policy=policies, tags=tag_sets)
def test_an_image_that_a_rule_selects_belongs_to_it_or_to_one_that_it_names(
    policy: LifecyclePolicy, tags: list[str]
) -> None:
    for rule, sentence in zip(policy.rules, sentences(policy), strict=True):
        if rule.selects_tags(tags):
            found = owner(policy, rule.storage_class, tags)
            assert found is not None
            assert found.rule_priority in named(sentence) | {rule.rule_priority}
            assert found != rule or "never acts" not in sentence


@given(policies)
def test_a_rule_that_is_named_can_take_an_image(policy: LifecyclePolicy) -> None:
    rules = {rule.rule_priority: rule for rule in policy.rules}
    for rule, sentence in zip(policy.rules, sentences(policy), strict=True):
        for other in (rules[number] for number in named(sentence)):
            tags = [selector.pattern.replace("*", "x") for one in (rule, other) for selector in one.selectors]
            assert rule.selects_tags(tags) or "never acts" in sentence
            assert other.selects_tags(tags)
            assert (other.storage_class, other.rule_priority < rule.rule_priority) == (rule.storage_class, True)


def expire(number: int, **selection: Any) -> LifecycleRule:
    return LifecycleRule(rule_priority=number, count_type="sinceImagePushed", count_number=1, **selection)


@pytest.mark.parametrize(
    ("above", "rule", "takers"),
    [
        (
            [{"tag_status": "tagged", "tag_prefix_list": ["v"]}],
            {"tag_status": "tagged", "tag_pattern_list": ["v1*"]},
            "rule 1",
        ),
        (
            [{"tag_status": "tagged", "tag_pattern_list": ["a*", "b*"]}],
            {"tag_status": "tagged", "tag_pattern_list": ["a1", "b1", "c1"]},
            "rule 1",
        ),
        (
            [{"tag_status": "untagged"}, {"tag_status": "tagged", "tag_pattern_list": ["*"]}],
            {"tag_status": "any"},
            "rules 1 and 2",
        ),
    ],
)
def test_a_rule_that_is_left_nothing_never_acts(above: list[dict[str, Any]], rule: dict[str, Any], takers: str) -> None:
    rules = [expire(number, **selection) for number, selection in enumerate([*above, rule], start=1)]
    said = sentences(LifecyclePolicy(rules=rules))[-1]

    assert said == f"Rule {len(rules)} never acts: every image that it selects belongs to {takers}."


# --- the subcommand -------------------------------------------------------------------------------------------------

POLICY = LifecyclePolicy.of(keep_latest(10, matching="v*"))


def test_one_policy_is_explained_without_ado(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "policy.json").write_text(POLICY.to_json(), encoding="utf-8")

    assert run(["explain", str(tmp_path / "policy.json")]) == ExitCode.DONE
    assert capsys.readouterr().out == f"{sentences(POLICY)[0]}\n"


def test_several_policies_are_explained_below_their_places(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
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
        f"  {sentences(POLICY)[0]}",
        f"{path}: Bare",
        "  No rule: every image stays.",
        f"{path}: Later",
        "  CloudFormation computes the text at deployment (Ref); write the text itself to have it read",
    ]


def test_one_policy_of_several_is_explained_whatever_the_others_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
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
    assert capsys.readouterr().out == f"{sentences(POLICY)[0]}\n"
    assert run(["explain", str(path), "--repository", "prod/bad"]) == ExitCode.REFUSED
    assert run(["explain", str(path), "--repository", "prod"]) == ExitCode.REFUSED
    assert capsys.readouterr().err.endswith(
        "--repository prod: no policy of it; there are those of prod/api, prod/bad\n"
    )


def test_a_policy_that_ecr_would_refuse_is_not_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "policy.json").write_text('{"rules": []}', encoding="utf-8")

    assert run(["explain", str(tmp_path / "policy.json")]) == ExitCode.REFUSED
    assert capsys.readouterr().err.startswith(f"ecr-constructs: {tmp_path / 'policy.json'}: rules: empty")
