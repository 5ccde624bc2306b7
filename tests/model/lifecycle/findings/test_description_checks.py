"""Descriptions that contradict their rule are reported, and true ones are not."""

from __future__ import annotations

from collections import Counter

import pytest

from ecr_constructs.model import Finding, LifecyclePolicy, LifecycleRule, expire_untagged
from tests.model.lifecycle.findings.descriptions import DESCRIPTIONS, Described

CONTRADICTS = "description-contradicts-rule"


def contradictions(*rules: LifecycleRule) -> list[Finding]:
    return [each for each in LifecyclePolicy(rules=rules).findings() if each.id == CONTRADICTS]


def verdict(described: Described) -> str:
    """Return the verdict of the check, in the words of the table."""
    found = contradictions(described.rule)
    if not found:
        return "true"
    (finding,) = found
    if " is described for " in finding.sentence:
        return "images"
    return "unit" if "its number is a number of" in finding.sentence else "number"


def test_at_most_one_verdict_differs_from_that_of_a_careful_reader() -> None:
    verdicts = Counter(each.verdict for each in DESCRIPTIONS)
    wrong = [(each.description, each.verdict) for each in DESCRIPTIONS if verdict(each) != each.verdict]

    assert len(wrong) <= 1, wrong
    assert len(DESCRIPTIONS) >= 60
    assert verdicts["true"] * 2 >= len(DESCRIPTIONS)
    assert set(verdicts) == {"true", "number", "unit", "images"}


@pytest.mark.parametrize(
    ("description", "sentence"),
    [
        ("drop what is older than 90 days", "is described with '90 days', and its number is 30 days"),
        ("keep 9 images", "is described with '9 images', and its number is a number of days: 30 days"),
        ("2 weeks or 3 weeks", "is described with '2 weeks' and '3 weeks', and its number is 30 days"),
        ("tagged, 30 days", "is described for tagged images, and it selects untagged images as well"),
    ],
)
def test_the_sentence_has_the_words_of_the_description_and_the_number_of_the_rule(
    description: str, sentence: str
) -> None:
    rule = LifecycleRule(
        rule_priority=1, tag_status="any", count_type="sinceImagePushed", count_number=30, description=description
    )
    (finding,) = contradictions(rule)

    assert (finding.severity, finding.rule) == ("warning", rule)
    assert finding.sentence == f"rule 1 ({description!r}) {sentence}"


def test_after_a_rule_for_untagged_images_a_rule_over_all_images_may_be_described_for_tagged_ones() -> None:
    last = LifecycleRule(
        rule_priority=2,
        tag_status="any",
        count_type="imageCountMoreThan",
        count_number=10,
        description="Keep 10 tagged images",
    )

    assert contradictions(last)
    assert contradictions(*LifecyclePolicy.of(expire_untagged(keep=5)).rules, last) == []


@pytest.mark.parametrize("part", ["1 ", "a ", "keep ", "last  ", "10 or ", "not ", "1 aaaa ", "twenty-", "9"])
def test_a_long_description_is_read_up_to_its_beginning(part: str) -> None:
    long = LifecycleRule(
        rule_priority=1,
        tag_status="any",
        count_type="sinceImagePushed",
        count_number=30,
        description=f"keep 90 days {part * (28_000 // len(part))}",
    )

    assert contradictions(long)
