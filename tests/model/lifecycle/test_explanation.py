"""The explanation of rules: its sentences, and the assignment of images that they describe."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any

from hypothesis import given

from ecr_constructs.model import (
    Image,
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

NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)


def test_a_sentence_gives_the_images_and_the_effect() -> None:
    cases: list[tuple[Intent, str]] = [
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
            "keeps all images with a tag like v*: no rule after it applies to them, and it acts only beyond the newest",
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
            "more than 9 days after their last pull, or after their push or restore if they were not pulled since.",
        ),
        (
            delete_archived(after_days=90),
            "deletes tagged and untagged archived images more than 90 days after they were archived.",
        ),
    ]
    for intent, sentence in cases:
        (said,) = LifecyclePolicy.of(intent).explain()

        assert said.startswith("Rule 1 ")
        assert sentence in said


def test_a_prefix_is_the_beginning_of_a_tag() -> None:
    rule = LifecycleRule(
        rule_priority=7,
        tag_status="tagged",
        tag_prefix_list=["prod"],
        count_type="sinceImagePushed",
        count_number=30,
    )

    assert LifecyclePolicy(rules=[rule]).explain() == (
        "Rule 7 deletes images with a tag that begins with prod more than 30 days after their push.",
    )


def test_a_sentence_names_the_preceding_rules_that_select_its_images() -> None:
    policy = LifecyclePolicy.of(
        keep_latest(3, matching="v*"),
        keep_latest(5, matching="dev-*"),
        expire_untagged(after_days=1),
        expire_older_than(after_days=9, matching="pr-*"),
        limit_images(100),
    )

    assert [said.partition("the others")[2] or said.partition("their push")[2] for said in policy.explain()] == [
        ".",
        "; it also counts images of rule 1, to which it does not apply.",
        ".",
        ", except for those of rules 1 and 2.",
        (
            "; it also counts images of rules 1, 2, 3 and 4, to which it does not apply: if these are the newest 100 "
            "images, it deletes all its other images."
        ),
    ]


def test_keep_forever_keeps_images_in_the_archive_too() -> None:
    policy = LifecyclePolicy.of(keep_forever("v*"), delete_archived(after_days=90))

    assert policy.explain()[1] == (
        "Rule 2 keeps all archived images with a tag like v*: no rule after it applies to them, and it acts "
        "only after 36,500 days."
    )
    assert policy.explain()[2].endswith("after they were archived, except for those of rule 2.")


def named(sentence: str) -> set[int]:
    """Return the other rules that a sentence names."""
    found = re.search(r"(?:of|acts:) rules? ([\d, and]+)", sentence)
    return set(map(int, re.findall(r"\d+", found[1]))) if found else set()


def owner(policy: LifecyclePolicy, storage: str, tags: list[str]) -> LifecycleRule | None:
    """Return the rule that an image belongs to."""
    return next((rule for rule in policy.rules if rule.storage_class == storage and rule.selects_tags(tags)), None)


@given(policy=policies, tags=tag_sets)
def test_an_image_is_assigned_to_a_rule_that_selects_it_or_to_one_that_its_sentence_names(
    policy: LifecyclePolicy, tags: list[str]
) -> None:
    tags = [tag for tag in tags if tag[0] not in ".-"]  # no tag begins with these characters
    for rule, sentence in zip(policy.rules, policy.explain(), strict=True):
        if rule.selects_tags(tags):
            found = owner(policy, rule.storage_class, tags)
            assert found is not None
            assert found.rule_priority in named(sentence) | {rule.rule_priority}
            assert found != rule or "never acts" not in sentence


@given(policies)
def test_a_named_rule_can_select_an_image_of_the_rule(policy: LifecyclePolicy) -> None:
    rules = {rule.rule_priority: rule for rule in policy.rules}
    for rule, sentence in zip(policy.rules, policy.explain(), strict=True):
        for other in (rules[number] for number in named(sentence)):
            tags = [selector.pattern.replace("*", "x") for one in (rule, other) for selector in one.selectors]
            assert rule.selects_tags(tags) or "never acts" in sentence
            assert other.selects_tags(tags)
            assert (other.storage_class, other.rule_priority < rule.rule_priority) == (rule.storage_class, True)


def expire(number: int, **selection: Any) -> LifecycleRule:
    return LifecycleRule(rule_priority=number, count_type="sinceImagePushed", count_number=1, **selection)


def test_a_rule_whose_images_are_all_selected_first_never_acts() -> None:
    cases: list[tuple[list[dict[str, Any]], dict[str, Any], str]] = [
        (
            [{"tag_status": "tagged", "tag_prefix_list": ["v"]}],
            {"tag_status": "tagged", "tag_pattern_list": ["v1*"]},
            "rule 1 selects",
        ),
        (
            [{"tag_status": "tagged", "tag_pattern_list": ["a*", "b*"]}],
            {"tag_status": "tagged", "tag_pattern_list": ["a1", "b1", "c1"]},
            "rule 1 selects",
        ),
        (
            [{"tag_status": "untagged"}, {"tag_status": "tagged", "tag_pattern_list": ["*"]}],
            {"tag_status": "any"},
            "rules 1 and 2 select",
        ),
    ]
    for above, rule, takers in cases:
        rules = [expire(number, **selection) for number, selection in enumerate([*above, rule], start=1)]
        said = LifecyclePolicy(rules=rules).explain()[-1]

        assert said == f"Rule {len(rules)} never acts: {takers} all of its images first."


# --- consequences ---------------------------------------------------------------------------------------------------


def test_a_count_that_preceding_rules_can_fill_deletes_all_other_images() -> None:
    cases: list[tuple[list[Intent], str]] = [
        (
            [keep_forever("lts-*"), limit_images(4)],
            "of rule 1, to which it does not apply: if these are the newest 4 images, it deletes all its other images.",
        ),
        (
            [keep_forever("lts-*"), limit_images(1)],
            "to which it does not apply: if one of these is the newest image, it deletes all its other images.",
        ),
        (
            [keep_latest(2, matching="a*"), keep_latest(2, matching="b*"), limit_images(4)],
            "1 and 2, to which it does not apply: if these are the newest 4 images, it deletes all its other images.",
        ),
        (
            [expire_older_than(after_days=9, matching="a*"), keep_latest(4, matching="*")],
            "of rule 1, to which it does not apply: if these are the newest 4 images, it deletes all its other images.",
        ),
        ([keep_latest(2, matching="a*"), keep_latest(1, matching="b*"), limit_images(4)], "it does not apply."),
        ([keep_latest(2, matching="a*"), expire_older_than(after_days=9)], "except for those of rule 1."),
    ]
    for intents, consequence in cases:
        assert LifecyclePolicy.of(*intents).explain()[-1].endswith(consequence)


def test_the_consequence_is_true() -> None:
    policy = LifecyclePolicy.of(keep_forever("lts-*"), limit_images(4))
    tags = ["dev-0", "dev-1", "lts-0", "lts-1", "lts-2", "lts-3"]
    images = [
        Image(digest=f"sha256:{number:064x}", tags=[tag], pushed_at=NOW + timedelta(hours=number))
        for number, tag in enumerate(tags)
    ]
    deleted = policy.evaluate(images, at=NOW + timedelta(days=1)).expired

    assert sorted(tag for decision in deleted for tag in decision.image.tags) == ["dev-0", "dev-1"]


def test_a_rule_that_matches_no_tag_never_acts_and_is_not_named() -> None:
    rules = [
        LifecycleRule(
            rule_priority=number,
            tag_status="tagged",
            tag_prefix_list=[prefix],
            count_type="imageCountMoreThan",
            count_number=5,
        )
        for number, prefix in enumerate(("-x-", "x"), start=1)
    ]

    assert LifecyclePolicy(rules=rules).explain() == (
        "Rule 1 never acts: no tag can begin with '-'.",
        "Rule 2 keeps the newest 5 images with a tag that begins with x, by time of push, and deletes the others.",
    )


def test_entries_that_match_every_tag_are_any_tag() -> None:
    (sentence,) = LifecyclePolicy.of(keep_latest(5, matching_all=["*", "**"])).explain()

    assert "5 images with any tag, by time of push" in sentence
