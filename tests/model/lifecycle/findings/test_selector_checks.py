"""Tag lists that are meant as something else: wildcards in prefixes, regular expressions, and periods."""

from __future__ import annotations

import pytest

from ecr_constructs.model import (
    Finding,
    LifecyclePolicy,
    LifecycleRule,
    expire_older_than,
    expire_untagged,
    keep_forever,
    keep_latest,
)
from ecr_constructs.testing import release_images
from tests.model.lifecycle.image_strategies import AT

STAR, REGULAR, PERIOD = "wildcard-in-prefix", "pattern-is-no-regular-expression", "tags-of-a-period"


def by_id(policy: LifecyclePolicy, id: str, images: object = None) -> list[Finding]:
    return [each for each in policy.findings(images) if each.id == id]  # type: ignore[arg-type]


def of_prefixes(*prefixes: str) -> LifecyclePolicy:
    rule = LifecycleRule(
        rule_priority=1,
        tag_status="tagged",
        tag_prefix_list=prefixes,
        count_type="imageCountMoreThan",
        count_number=5,
    )
    return LifecyclePolicy(rules=[rule])


@pytest.mark.parametrize(
    ("prefixes", "patterns"), [(["*"], '["*"]'), (["v*"], '["v*"]'), (["*-arm", "v"], '["*-arm*", "v*"]')]
)
def test_a_wildcard_in_a_prefix_is_reported_with_the_list_of_patterns(prefixes: list[str], patterns: str) -> None:
    (finding,) = by_id(of_prefixes(*prefixes), STAR)

    assert finding.severity == "warning"
    assert finding.remedy == f"write tag_pattern_list={patterns}"
    assert finding.json_remedy == f'write "tagPatternList": {patterns}'
    assert by_id(of_prefixes(*prefixes), "never-matches") == []


def test_a_wildcard_in_a_prefix_is_explained_and_evaluated_as_an_ordinary_character() -> None:
    policy, images = of_prefixes("*"), release_images("v{n}", count=9, until=AT)

    assert policy.explain() == ("Rule 1 never acts: no tag can contain '*', which is not a wildcard in a prefix.",)
    assert len(policy.evaluate(images, at=AT).kept) == 9
    assert by_id(policy, "tagged-images-never-expire")
    assert policy.decompile().rules == policy.rules


def test_a_prefix_without_a_wildcard_is_not_reported() -> None:
    assert by_id(of_prefixes("v"), STAR) == []


@pytest.mark.parametrize(
    ("pattern", "meant"),
    [("v.*", "v*"), ("release-.*", "release-*"), ("prod.*", "prod*"), ("feature_.*-x", "feature_*-x")],
)
def test_a_pattern_like_a_regular_expression_is_reported(pattern: str, meant: str) -> None:
    policy = LifecyclePolicy.of(keep_latest(10, matching=pattern))
    (finding,) = by_id(policy, REGULAR)

    assert finding.remedy == f"write {meant!r}"
    assert by_id(policy, REGULAR, [*release_images("x{n}", count=2, until=AT)])


@pytest.mark.parametrize("pattern", ["v1.*", "1.*", "*.*.*", "v*", "v1.2", "2026.11.*", "*.x", "*-beta.*", "v*-rc.*"])
def test_a_dot_between_the_parts_of_a_version_is_not_reported(pattern: str) -> None:
    assert by_id(LifecyclePolicy.of(keep_latest(10, matching=pattern)), REGULAR) == []


def test_a_pattern_that_matches_a_tag_of_the_repository_is_not_reported() -> None:
    policy = LifecyclePolicy.of(keep_latest(10, matching="v.*"))

    assert by_id(policy, REGULAR, release_images("v.{n}", count=2, until=AT)) == []


@pytest.mark.parametrize(
    ("pattern", "period"),
    [
        ("2026-*", "2026"),
        ("release-2026.11.*", "2026.11"),
        ("202611*", "202611"),
        ("build-2026q3-*", "2026q3"),
        ("november-*", "november"),
        ("nov-2026-*", "2026"),
        ("*-2027", "2027"),
        ("nov26-*", "nov26"),
        ("release-26nov-*", "26nov"),
        ("Dec-26*", "Dec-26"),
        ("26.11.*", "26.11"),
        ("release-26-11-*", "26-11"),
        ("sprint-12-*", "sprint-12"),
        ("dev-Sprint7*", "Sprint7"),
        ("week_47.*", "week_47"),
        ("q4-*", "q4"),
        ("20261101*", "20261101"),
        ("nightly-2026-11-30-*", "2026-11-30"),
        ("fy26-*", "fy26"),
        ("nov-*", "nov"),
    ],
)
def test_a_pattern_that_names_a_year_or_month_is_an_info(pattern: str, period: str) -> None:
    (finding,) = by_id(LifecyclePolicy.of(keep_latest(5, matching=pattern), expire_untagged(keep=5)), PERIOD)

    assert finding.severity == "info"
    assert f"selects tags of {period!r}: when this period ends" in finding.sentence
    assert finding.sentence.endswith("which no rule for all tags deletes or archives")


@pytest.mark.parametrize(
    "pattern",
    [
        *("20*", "v2026", "build-20261*1", "v1.2026100*", "may-*", "sep-*", "decode-*", "*"),
        *("v1.*", "1.2*", "1.2.*", "release-*", "v26.11.*", "26.1.*", "26.*", "3.11.*", "python-3.11-*"),
        *("ltsc2022*", "windows-2019-*", "server-2022-*", "sha-2026*", "pr-2026*", "1.2026*", "comfy26-*", "20261341*"),
        *("ubuntu-24.04-*", "march24x*", "sprint-*", "sprint-12", "q-*", "eq4-*", "q4k-*", "week*"),
    ],
)
def test_other_numbers_and_words_are_no_period(pattern: str) -> None:
    assert by_id(LifecyclePolicy.of(keep_latest(5, matching=pattern)), PERIOD) == []


def test_the_rule_that_applies_to_newer_images_is_named() -> None:
    policy = LifecyclePolicy.of(keep_forever("2026-*"), expire_older_than(after_days=30))
    (finding,) = by_id(policy, PERIOD)

    assert finding.sentence.endswith(", to which rule 2 applies instead")
    (alone,) = by_id(LifecyclePolicy.of(keep_forever("2026-*")), PERIOD)
    assert alone.sentence.endswith(", which it does not keep")
