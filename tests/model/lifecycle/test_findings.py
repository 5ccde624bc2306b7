"""Findings: mistakes are reported, and correct policies are not."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.errors import InvalidLifecyclePolicy
from ecr_constructs.model import (
    Evaluation,
    Finding,
    Image,
    Immutability,
    Intent,
    LifecyclePolicy,
    LifecycleRule,
    archive_older_than,
    archive_unpulled,
    delete_archived,
    expire_older_than,
    expire_unmatched,
    expire_untagged,
    keep_forever,
    keep_latest,
)
from ecr_constructs.model.lifecycle.findings import FINDING_TYPES, SEVERITIES, find
from ecr_constructs.model.lifecycle.findings.context import CheckContext
from ecr_constructs.model.lifecycle.image_index import ImageIndex
from ecr_constructs.model.lifecycle.outcome import Outcome
from ecr_constructs.model.lifecycle.rule_coverage import shadowing_rules
from ecr_constructs.model.lifecycle.rule_engine import RuleEngine
from tests.model.lifecycle.image_strategies import AT, INDEX, digest_of, repositories
from tests.model.lifecycle.strategies import COMBINATIONS, intents, policies

COUNT: Mapping[str, Any] = {"count_type": "imageCountMoreThan", "count_number": 5}
AGE: Mapping[str, Any] = {"count_type": "sinceImagePushed", "count_number": 30}
ARCHIVE: Mapping[str, Any] = {"count_type": "sinceImageTransitioned", "count_number": 90}
UNTAGGED: Mapping[str, Any] = {"tag_status": "untagged", **COUNT}


def rule(priority: int, *patterns: str, **values: Any) -> LifecycleRule:
    """Return a rule. A rule with patterns selects tagged images."""
    if patterns:
        values["tag_pattern_list"] = patterns
    status = "tagged" if any("list" in field for field in values) else "any"
    return LifecycleRule(**{"rule_priority": priority, "tag_status": status, **COUNT, **values})


def found(*rules: LifecycleRule, **options: Any) -> list[Finding]:
    return list(LifecyclePolicy(rules=rules).findings(**options))


def ids(*rules: LifecycleRule, **options: Any) -> list[str]:
    """Return the IDs of the findings, without those about images that no rule selects."""
    return [finding.id for finding in found(*rules, **options) if finding.rule]


def one(id: str, *rules: LifecycleRule, **options: Any) -> Finding:
    (finding,) = (each for each in found(*rules, **options) if each.id == id)
    return finding


def image(number: int, *tags: str, **values: Any) -> Image:
    return Image(digest=digest_of(number), tags=tags, pushed_at=AT - timedelta(days=1), **values)


# --- shadowed rules --------------------------------------------------------------------------------------------------

# Few patterns that cover one another, so rules are shadowed.
_patterns = st.lists(
    st.sampled_from(["*", "**", "v*", "v1*", "v1.*", "*1", "latest", "release-*", "re*"]), max_size=2, unique=True
)


@st.composite
def crowded_policies(draw: st.DrawFn) -> LifecyclePolicy:
    """Draw a policy in which rules select the same images."""
    kept: dict[object, dict[str, Any]] = {}
    for _ in range(draw(st.integers(1, 7))):
        count_type, action, minimum = draw(st.sampled_from(COMBINATIONS))
        patterns = draw(_patterns)
        values: dict[str, Any] = {
            "tag_status": "tagged" if patterns else draw(st.sampled_from(["untagged", "any"])),
            "tag_pattern_list": sorted(patterns),
            "count_type": count_type,
            "count_number": minimum + draw(st.integers(0, 3)),
            "action": action,
        }
        place = (count_type == "sinceImageTransitioned", values["tag_status"], tuple(values["tag_pattern_list"]))
        kept.setdefault(place, values)
    ordered = sorted(kept.values(), key=lambda values: bool(values["tag_status"] == "any"))
    return LifecyclePolicy(rules=[LifecycleRule(rule_priority=i, **values) for i, values in enumerate(ordered, 1)])


def shadowed(policy: LifecyclePolicy) -> list[LifecycleRule]:
    return [each.rule for each in policy.findings() if each.id == "shadowed-rule" and each.rule]


def everything(evaluation: Evaluation) -> list[object]:
    groups = (evaluation.expired, evaluation.archived, evaluation.kept, evaluation.uncertain)
    return [[(each.image, each.action, each.rule, each.why) for each in group] for group in groups]


_repositories = repositories(archive=True, restoration=True, indexes=True, referrers=True)


@given(st.one_of(crowded_policies(), policies), _repositories)
def test_a_shadowed_rule_acts_on_no_image(policy: LifecyclePolicy, images: list[Image]) -> None:
    evaluation = policy.evaluate(images, at=AT)
    deciding = {each.rule for each in (*evaluation.decisions, *evaluation.kept, *evaluation.uncertain)}

    assert deciding.isdisjoint(shadowed(policy))


@given(crowded_policies(), _repositories)
def test_removing_shadowed_rules_changes_nothing(policy: LifecyclePolicy, images: list[Image]) -> None:
    rest = LifecyclePolicy(rules=[each for each in policy.rules if each not in shadowed(policy)])

    assert everything(rest.evaluate(images, at=AT)) == everything(policy.evaluate(images, at=AT))


def images_of(wanted: LifecycleRule) -> list[list[str]]:
    """Return the tags of images that a rule selects, and that another rule selects only if it covers the rule."""
    if wanted.tag_status == "any":
        return [[], ["x"]]
    return [[each.pattern.replace("*", "x") for each in wanted.selectors]]


@given(st.one_of(crowded_policies(), policies))
def test_a_rule_that_is_not_shadowed_can_be_the_first_that_selects_an_image(policy: LifecyclePolicy) -> None:
    for wanted in policy.rules:
        if wanted in shadowed(policy):
            continue
        above = [
            each
            for each in policy.rules
            if each.rule_priority < wanted.rule_priority and each.storage_class == wanted.storage_class
        ]

        assert any(not any(each.selects_tags(tags) for each in above) for tags in images_of(wanted))


def test_a_rule_is_shadowed_by_one_that_covers_it() -> None:
    finding = one("shadowed-rule", rule(1, "v*", description="All versions"), rule(2, "v1*"))

    assert (finding.severity, finding.rule) == ("error", rule(2, "v1*"))
    assert finding.sentence == ("rule 2 never acts: rule 1 ('All versions') selects all of its images first")


def test_a_rule_over_all_images_is_shadowed_by_one_for_every_tag_and_one_for_the_others() -> None:
    every_tag = rule(1, "*", "**", **AGE)

    assert one("shadowed-rule", every_tag, rule(2, **UNTAGGED), rule(3)).rule == rule(3)
    assert "shadowed-rule" not in ids(every_tag, rule(3))
    assert "shadowed-rule" not in ids(rule(1, "v*"), rule(2, **UNTAGGED), rule(3))


def test_a_list_is_shadowed_if_each_entry_above_covers_one_of_its_own() -> None:
    cases: list[tuple[Sequence[str], Sequence[str], bool]] = [
        (["v*"], ["v1*", "prod"], True),
        (["v*", "prod"], ["v1*"], False),
        (["v*", "*d"], ["v1*", "prod"], True),
        (["v*", "v1*"], ["v1*"], True),
        (["v1*"], ["v*"], False),
    ]
    for upper, lower, is_shadowed in cases:
        assert ("shadowed-rule" in ids(rule(1, *upper), rule(2, *lower))) is is_shadowed


def test_prefixes_and_patterns_shadow_each_other() -> None:
    assert "shadowed-rule" in ids(rule(1, tag_prefix_list=["v"]), rule(2, "v1"))
    assert "shadowed-rule" in ids(rule(1, "v*"), rule(2, tag_prefix_list=["v"]))


def test_rules_for_the_archive_and_for_standard_storage_do_not_shadow_each_other() -> None:
    assert "shadowed-rule" not in ids(rule(1, "v*"), rule(2, "v*", **ARCHIVE), rule(3, **ARCHIVE))


# --- findings, and correct policies ----------------------------------------------------------------------------------


DESCRIBED, AMBIGUOUS = "any-described-as-untagged", "any-may-mean-untagged"


def test_an_any_rule_described_as_untagged_is_an_error() -> None:
    cases: list[str] = [
        "Untagged",
        "Expire Untagged after 30 days",
        "Expire all untagged images older than one month.",
        "Delete any untagged image > 30days",
        "Clean up untagged images",
        "Keep only the last 5 untagged images",
        "remove un-tagged images",
        "Remove dangling images",
        "Expire images without tags after 30 days",
        "Expire images without any tag",
        "Expire images that have no tags",
        "Expire images with no tag when older than 2 weeks",
        "Images older than 14 days without a tag",
        "Delete images older than 14 days no tags.",
    ]
    for description in cases:
        finding = one(DESCRIBED, rule(1, description=description, **AGE))

        assert finding.severity == "error"
        assert "it deletes tagged images too" in finding.sentence


def test_an_archiving_any_rule_described_as_untagged_is_an_error() -> None:
    finding = one(DESCRIBED, rule(1, description="Archive images with no tag", action="transition", **AGE))

    assert "it archives tagged images too" in finding.sentence


def test_a_description_about_more_than_untagged_images_is_not_reported() -> None:
    cases: list[str | None] = [
        None,
        "Keep the newest 5 images",
        "Expire images, tagged or untagged",
        "Keep 5 images including untagged",
        "Keep 10 images with untagged",
        "Old images and untagged ones",
        "Expire old/untagged images",
        "All, also untagged",
        "Old images unless untagged",
        "No tags are safe from this rule",
        "Keep last 10 images, without tag filter",
        "Keep last 10 images without tag filter",
        "Keep last 10 images with no tag restriction",
        "Delete images older than 30 days regardless of whether they are untagged",
        "Keep last 10 images whatever the tags or no tags",
        "Delete untagged images older than one day and keep storage low",
    ]
    for description in cases:
        assert {DESCRIBED, AMBIGUOUS}.isdisjoint(ids(rule(1, description=description)))


def test_an_any_rule_that_mentions_untagged_images_is_a_warning() -> None:
    cases: list[str] = [
        "Delete untagged images to save storage",
        "Untagged Images nach 30 Tagen, sowie alte Releases loeschen",
        "Keep last 10 images, remove untagged after 1 day",
        "Keep last 10 images. Untagged after 1 day",
        "Cleanup: untagged images",
        "Expire dangling leftovers",
    ]
    for description in cases:
        finding = one(AMBIGUOUS, rule(1, description=description))

        assert finding.severity == "warning"
        assert "it deletes tagged images too" in finding.sentence
        assert DESCRIBED not in ids(rule(1, description=description))


def test_a_rule_over_all_images_that_selects_only_untagged_ones_can_be_described_so() -> None:
    for description, id in (("Expire untagged images", DESCRIBED), ("Expire untagged leftovers", AMBIGUOUS)):
        last = rule(2, description=description, **AGE)

        assert id not in ids(rule(1, "*"), last)
        assert id in ids(rule(1, "v*"), last)
        assert id in ids(rule(1, "*", **ARCHIVE), last)


def test_an_any_rule_below_one_for_untagged_images_may_speak_of_that_one() -> None:
    above = rule(1, **UNTAGGED)

    for description, expected in (
        ("Keep last 10 images, remove untagged after 1 day", set()),
        ("Expire untagged images", {AMBIGUOUS}),
    ):
        found_ids = ids(above, rule(2, description=description, **AGE))

        assert {DESCRIBED, AMBIGUOUS}.intersection(found_ids) == expected


def test_a_rule_over_all_images_that_never_acts_can_be_described_as_keeping_untagged_images() -> None:
    assert {DESCRIBED, AMBIGUOUS}.isdisjoint(ids(rule(1, description="Keep untagged images", count_number=999_999)))


def test_a_rule_for_untagged_images_can_be_described_so() -> None:
    assert ids(rule(1, description="Expire untagged images", **UNTAGGED)) == []


def test_a_tag_that_no_image_has_is_a_finding_if_images_are_known() -> None:
    rules = (rule(1, "retired-*"), rule(2, "v*", "prod"), rule(3, "v*"))
    images = [image(1, "v1"), image(2, "prod"), image(3)]

    assert "never-matches" not in ids(*rules)
    assert "never-matches" not in ids(*rules, images=[])
    never = [each for each in found(*rules, images=images) if each.id == "never-matches"]
    assert [each.rule for each in never] == [rules[0], rules[1]]
    assert never[0].sentence == "rule 1 selects tags like 'retired-*', and no image in the repository has such tags"
    assert "'prod' and 'v*'" in never[1].sentence


def test_a_tag_of_an_archived_image_is_matched() -> None:
    gone = image(1, "v1", status="archived", archived_at=AT)

    assert "never-matches" not in ids(rule(1, "v*"), images=[gone])


@pytest.mark.parametrize("values", [{"tag_pattern_list": ["-x*"]}, {"tag_prefix_list": [".x"]}], ids=["dash", "dot"])
def test_a_rule_for_tags_that_cannot_be_never_matches(values: Mapping[str, Any]) -> None:
    assert "no tag can begin with" in one("never-matches", rule(1, **values)).sentence


def test_a_list_of_tags_of_which_none_can_be_two_reads_as_alternatives() -> None:
    finding = one("list-of-alternatives", rule(1, "dev-*", "pr-*"))

    assert finding.severity == "warning"
    assert "lists 'dev-*' and 'pr-*'" in finding.sentence
    assert "lists 'dev-*', 'pr-*' and 'qa-*'" in one(ALTERNATIVES, rule(1, "qa-*", "dev-*", "pr-*")).sentence
    assert "list-of-alternatives" in ids(rule(1, tag_prefix_list=["dev", "pr"]))


def test_a_list_that_one_tag_can_match_is_no_finding() -> None:
    cases: list[Sequence[str]] = [["release-*"], ["release-*", "*-amd64"], ["*a*", "*b*", "c*"]]
    for patterns in cases:
        assert "list-of-alternatives" not in ids(rule(1, *patterns))


ALTERNATIVES = "list-of-alternatives"


def test_a_list_whose_description_has_and_is_no_finding() -> None:
    assert ALTERNATIVES not in ids(rule(1, "dev-*", "pr-*", description="Those tagged pr-* and dev-*."))
    assert ALTERNATIVES not in ids(rule(1, "dev-*", "or", "pr-*", description="Those tagged dev-* and or and pr-*"))
    assert ALTERNATIVES in ids(rule(1, "dev-*", "pr-*", "x", description="Those tagged pr-* and dev-*"))


def test_an_ordinary_and_in_a_description_does_not_mean_and() -> None:
    cases: list[str] = [
        "Expire dev- and test- images after 10 days",
        "Previews and the like",
        "Those tagged dev- or test-",
        "dev-, test-",
    ]
    for description in cases:
        assert ALTERNATIVES in ids(rule(1, tag_prefix_list=["dev-", "test-"], description=description))


def test_a_list_whose_description_has_or_is_a_finding_for_any_images() -> None:
    cases: list[str] = [
        "delete dev or test images",
        "Delete Test/Dev images",
        "Keep 3 tagged *dev* or *test*",
        "images with dev and/or with test",
        "dev images or images tagged test",
    ]
    for description in cases:
        either = rule(1, "*dev*", "*test*", description=description)

        assert "lists '*" in one(ALTERNATIVES, either).sentence
        assert ALTERNATIVES in ids(either, images=[image(1, "dev-test")])


def test_an_or_that_is_not_between_the_entries_is_ignored() -> None:
    cases: list[str | None] = [
        None,
        "delete dev images that test something, or more",
        "latest development or testing",
        "Keep 3 of dev test images and/or less",
        "*dev* or dev images",
        "Images called dev or of which somebody wrote test",
        "Release images for amd64/arm64",
    ]
    for description in cases:
        for patterns in (("*dev*", "*test*"), ("release-*", "*-arm64")):
            assert ALTERNATIVES not in ids(rule(1, *patterns, description=description))


def test_an_entry_that_another_one_covers_is_always_a_finding() -> None:
    cases: list[Mapping[str, Any]] = [{}, {"description": "Those tagged dev and develop"}, {"count_number": 9}]
    for values in cases:
        covered = rule(1, tag_prefix_list=["dev", "develop"], **values)
        finding = one(ALTERNATIVES, covered, images=[image(1, "develop-1")])

        assert finding.sentence.endswith(": 'dev' changes nothing, because every tag like 'develop' matches it")
        assert finding.remedy == "write one rule for each entry; if AND is intended, remove 'dev'"
        assert ALTERNATIVES in ids(rule(1, "v1.*", "v*"))
        assert ALTERNATIVES in ids(rule(1, "v1.4", "*"))


def test_a_list_that_an_image_of_the_repository_satisfies_is_not_reported() -> None:
    previews = rule(1, "dev-*", "pr-*")

    assert "list-of-alternatives" in ids(previews, images=[image(1, "dev-1"), image(2, "pr-1")])
    assert "list-of-alternatives" not in ids(previews, images=[image(1, "dev-1", "pr-1")])


def test_a_prefix_within_a_word_of_another_rule_is_a_finding() -> None:
    prod, production = rule(1, tag_prefix_list=["prod"]), rule(2, tag_prefix_list=["production"])
    finding = one("prefix-matches-another", prod, production)

    assert finding.rule == prod
    assert finding.sentence == (
        "rule 1 selects every tag that begins with 'prod', including those like 'production' of rule 2, to which it "
        "applies instead of rule 2"
    )
    assert finding.remedy == "end the prefix where the word ends, such as 'prod-'"
    assert one("prefix-matches-another", rule(1, "dev*"), rule(2, "develop")).remedy.endswith("'dev-*'")


def test_images_of_a_preceding_rule_are_counted_and_not_deleted_by_age() -> None:
    production = rule(1, "production*")

    assert ", which it counts" in one("prefix-matches-another", production, rule(2, "prod*")).sentence
    assert "prefix-matches-another" not in ids(production, rule(2, "prod*", **AGE))


def test_a_prefix_that_ends_where_a_word_ends_is_not_reported() -> None:
    cases: list[tuple[str, str]] = [
        ("prod-*", "production-*"),
        ("prod*", "prod-eu-*"),
        ("v*", "v1*"),
        ("20*", "2026*"),
        ("prod", "production"),
        ("prod*-x", "production-x"),
        ("*prod*", "production"),
        ("*", "production"),
    ]
    for one_pattern, other in cases:
        assert "prefix-matches-another" not in ids(rule(2, one_pattern), rule(1, other))


def test_prefixes_in_different_storage_classes_are_not_reported() -> None:
    assert "prefix-matches-another" not in ids(rule(1, "prod*"), rule(2, "production*", **ARCHIVE))


def test_a_prefix_that_matches_two_words_of_known_tags_is_a_finding() -> None:
    images = [image(1, "prod-1"), image(2, "production-1"), image(3, "other")]

    assert "both 'prod-1' and 'production-1'" in one("prefix-matches-another", rule(1, "prod*"), images=images).sentence
    assert "prefix-matches-another" not in ids(rule(1, "prod*"), images=images[:1])
    assert "prefix-matches-another" not in ids(rule(1, "prod*"), images=images[1:])


UNTAGGED_BY_AGE = rule(1, tag_status="untagged", **AGE)


@pytest.mark.parametrize(
    "immutability", [None, Immutability.off(), Immutability.all_tags_except("latest"), Immutability.only_tags("v*")]
)
def test_an_age_of_untagged_images_counts_from_their_push(immutability: Immutability | None) -> None:
    finding = one("untagged-age-counts-from-push", UNTAGGED_BY_AGE, immutability=immutability)

    assert finding.severity == "warning"
    assert (", and tags are mutable: " in finding.sentence) is (immutability is not None)
    assert finding.remedy.startswith("if tags are mutable, ") is (immutability is None)


def test_an_age_of_untagged_images_is_no_finding_if_all_tags_are_immutable() -> None:
    assert ids(UNTAGGED_BY_AGE, immutability=Immutability.all_tags()) == []


def test_a_number_or_an_archival_of_untagged_images_is_no_finding() -> None:
    cases: list[Mapping[str, Any]] = [COUNT, {**AGE, "action": "transition"}, ARCHIVE]
    for values in cases:
        assert "untagged-age-counts-from-push" not in ids(rule(1, tag_status="untagged", **values))


EXCEPT_DEV, ONLY_V = Immutability.all_tags_except("dev-*", "latest"), Immutability.only_tags("v*")


def test_a_count_that_deletes_immutable_tags_is_a_finding() -> None:
    cases: list[tuple[Sequence[LifecycleRule], Immutability]] = [
        ([rule(1, "v*")], ONLY_V),
        ([rule(1, "v1.*")], ONLY_V),
        ([rule(1)], ONLY_V),
        ([rule(1, "dev-*"), rule(2)], ONLY_V),
        ([rule(1)], EXCEPT_DEV),
        ([rule(1, "*")], EXCEPT_DEV),
        ([rule(1, "dev-*", **AGE), rule(2)], EXCEPT_DEV),
    ]
    for rules, immutability in cases:
        finding = one("bound-tags-expire-by-count", *rules, immutability=immutability)

        assert (finding.severity, finding.rule) == ("warning", rules[-1])


def test_a_count_of_tags_that_are_all_mutable_or_all_immutable_is_no_finding() -> None:
    cases: list[tuple[Sequence[LifecycleRule], Immutability | None]] = [
        ([rule(1, "v*")], None),
        ([rule(1, "v*")], Immutability.all_tags()),
        ([rule(1, "v*")], Immutability.off()),
        ([rule(1, "v*", **AGE)], ONLY_V),
        ([rule(1, "v*", action="transition")], ONLY_V),
        ([rule(1, "v*", count_number=999_999), rule(2)], ONLY_V),
        ([rule(1, "dev-*"), rule(2, **UNTAGGED)], ONLY_V),
        ([rule(1, "v*")], EXCEPT_DEV),
        ([rule(1, "dev-*")], EXCEPT_DEV),
        ([rule(1, "release-*", **AGE), rule(2)], EXCEPT_DEV),
        ([rule(1)], Immutability.all_tags_except("latest")),
    ]
    for rules, immutability in cases:
        assert "bound-tags-expire-by-count" not in ids(*rules, immutability=immutability)


def test_a_rule_by_last_pull_is_an_info() -> None:
    by_pull = rule(1, count_type="sinceImagePulled", count_number=30, action="transition")

    assert one("last-pull-counts-scanners", by_pull).severity == "info"
    assert "last-pull-counts-scanners" not in ids(rule(1, **AGE))


def test_a_count_of_all_images_is_an_info() -> None:
    assert one("any-count-counts-parts", rule(1)).severity == "info"
    assert "any-count-counts-parts" not in ids(rule(1, "*"))
    assert "any-count-counts-parts" not in ids(rule(1, **AGE))


def test_the_number_of_platform_images_and_artifacts_is_given_if_images_are_known() -> None:
    index = image(1, "v1", manifest_media_type=INDEX, referenced_digests=[digest_of(2)])
    parts = [image(2), image(3, "sig", subject_digest=digest_of(1))]
    gone = image(4, status="archived", archived_at=AT)

    assert (
        "of the 3, 2 are untagged or refer to another image"
        in one("any-count-counts-parts", rule(1), images=[index, *parts, gone]).sentence
    )
    assert "any-count-counts-parts" not in ids(rule(1), images=[index, gone])


UNTAGGED_STAY, TAGGED_STAY = "untagged-images-never-expire", "tagged-images-never-expire"


def test_images_without_a_rule_are_a_finding_about_the_whole_policy() -> None:
    cases: list[tuple[Sequence[LifecycleRule], Sequence[str]]] = [
        ([rule(1)], []),
        ([rule(1, "v*"), rule(2, **UNTAGGED)], []),
        ([rule(1, action="transition", **AGE)], []),
        ([rule(1, "v*")], [UNTAGGED_STAY]),
        ([rule(1, **UNTAGGED)], [TAGGED_STAY]),
        ([rule(1, **ARCHIVE)], [UNTAGGED_STAY, TAGGED_STAY]),
        ([rule(1, "v*", count_number=999_999)], [UNTAGGED_STAY, TAGGED_STAY]),
        ([rule(1, "*", count_number=999_999), rule(2)], [TAGGED_STAY]),
        ([rule(1, tag_status="untagged", count_number=999_999), rule(2)], [UNTAGGED_STAY]),
        ([rule(1, "v*", count_number=999_999), rule(2, "v1*"), rule(3, **UNTAGGED)], [TAGGED_STAY]),
    ]
    for rules, undone in cases:
        whole = [finding for finding in found(*rules) if finding.rule is None]

        assert [finding.id for finding in whole] == undone
        assert {finding.severity for finding in whole} <= {"info"}


# --- typical policies ------------------------------------------------------------------------------------------------


def test_a_policy_without_rules_has_no_findings() -> None:
    assert LifecyclePolicy.none().findings() == ()
    assert LifecyclePolicy.none().findings([image(1)], immutability=Immutability.off()) == ()


def test_recommended_intents_have_no_findings() -> None:
    cases: list[Sequence[Intent]] = [
        (keep_latest(10, matching="release-*"), expire_untagged(after_days=1)),
        (keep_forever("production-*"), keep_latest(30, matching="release-*"), expire_untagged(after_days=14)),
        (keep_forever("v*", "latest"), keep_latest(3, matching_all=["dev-*", "pr-*"]), expire_untagged(keep=50)),
        (expire_older_than(after_days=60, matching=["dev-*", "pr-*"]), expire_untagged(after_days=14)),
        (expire_unmatched(keeping=["v*", "latest"], after_days=60), expire_untagged(after_days=14)),
    ]
    for written in cases:
        assert LifecyclePolicy.of(*written).findings(immutability=Immutability.all_tags()) == ()


def test_the_recommended_policy_that_deletes_from_the_archive_has_an_info_only() -> None:
    policy = LifecyclePolicy.of(
        expire_unmatched(keeping="v*", after_days=60),
        archive_older_than(after_days=300),
        delete_archived(after_days=90),
    )

    found = policy.findings(immutability=Immutability.all_tags())
    assert [(each.severity, each.id) for each in found] == [("info", "can-empty-repository")]


@given(st.lists(intents, min_size=1, max_size=5))
def test_compiled_intents_have_no_finding_of_severity_error(written: list[Intent]) -> None:
    try:
        policy = LifecyclePolicy.of(*written)
    except InvalidLifecyclePolicy:
        return

    assert [each for each in policy.findings() if each.severity == "error"] == []
    read_as_or = [each.rule for each in policy.findings() if each.id == ALTERNATIVES and each.rule]
    assert [each for each in read_as_or if not any(a.subsumes(b) for a, b in permutations(each.selectors, 2))] == []


# Policies of Terraform modules, of the documentation of AWS, and of constructs of the CDK.
# Each has the effect that its author describes, except for the listed warnings and infos.
AS_WRITTEN: Mapping[str, Sequence[LifecycleRule]] = {
    "terraform: untagged by age": [
        rule(1, description="Expire images older than 14 days", tag_status="untagged", **AGE)
    ],
    "terraform: a prefix": [rule(1, tag_prefix_list=["v"], description="Keep last 30 images")],
    "module: the last images": [rule(1, description="Keep last 10 images")],
    "module: every tag": [rule(1, "*", description="Keep last 10 images")],
    "module: a full repository": [
        rule(1, tag_prefix_list=["prod"], description="Protects images tagged with prod", count_number=999_999),
        rule(2, description="Remove untagged images", **UNTAGGED),
        rule(3, description="Rotate images when reach 500 images stored"),
    ],
    "module: a tag at a time": [
        rule(1, tag_prefix_list=["release"], description="Keeps ten tagged images, expires all others"),
        rule(2, tag_prefix_list=["manual"], description="Keeps ten tagged images for manual*, expires all others"),
        rule(3, description="Keeps one untagged image, expires all others", **UNTAGGED),
    ],
    "aws: age of a tag": [rule(1, "prod*", description="Expire images older than 14 days", **AGE)],
    "aws: count of untagged": [rule(1, description="Keep only one untagged image, expire all others", **UNTAGGED)],
    "aws: two counts": [rule(1, "prod*", description="Rule 1"), rule(2, "beta*", description="Rule 2")],
    "aws: a list": [rule(1, "alpha*", "beta*", description="Rule 1", **AGE)],
    "aws: all images": [rule(1, "alpha*"), rule(2, description="Rule 2", **UNTAGGED), rule(3, description="Rule 3")],
    "aws: last pull": [
        rule(
            1,
            description="Archive images not pulled in 90 days",
            count_type="sinceImagePulled",
            count_number=90,
            action="transition",
        ),
        rule(2, description="Expire images archived for more than 365 days", **ARCHIVE),
    ],
    "aws: a run of the record": [rule(1, description="remove all images > 2")],
    "cdk: without descriptions": [rule(1, tag_prefix_list=["prod"]), rule(2)],
    "cdk: bootstrap": [
        rule(1, description="Untagged images should not exist, but expire any older than one year", **UNTAGGED)
    ],
    "cdk: described": [
        rule(1, description="Expire untagged images", tag_status="untagged", **AGE),
        rule(2, description="Keep the last 50 images, tagged or not"),
    ],
    "people: whatever the tag": [rule(1, description="Safety net: keep max 50 images total regardless of tag")],
    "people: after the untagged": [
        rule(1, description="Expire untagged", **UNTAGGED),
        rule(2, "v*", description="Keep last 20 releases"),
        rule(3, description="Everything else: 30 days, untagged ones earlier", **AGE),
    ],
    "people: one text for both": [
        rule(1, description="Keep 10, drop untagged after 1 day", tag_status="untagged", **AGE),
        rule(2, description="Keep 10, drop untagged after 1 day"),
    ],
    "people: no filter": [rule(1, description="Keep last 10 images, without tag filter")],
    "people: no restriction": [rule(1, description="Keep last 10 images with no tag restriction")],
    "people: untagged too": [rule(1, description="Expire old and untagged images", **AGE)],
    "people: in Japanese": [rule(1, description="30タグしか保持しない")],
    "people: in German": [rule(1, description="Alte Images, auch untagged, nach 30 Tagen", **AGE)],
    "people: branches": [
        rule(1, "main-*", description="Keep last 10 main builds"),
        rule(2, "pr-*", description="Expire pull requests after 30 days", **AGE),
        rule(3, description="Untagged images are gone by now, so this is the rest", **AGE),
    ],
    "people: architectures": [rule(1, "release-*", "*-arm64", description="Keep 5 releases for arm64")],
}


@pytest.mark.parametrize("rules", AS_WRITTEN.values(), ids=AS_WRITTEN)
def test_common_policies_have_no_errors(rules: Sequence[LifecycleRule]) -> None:
    assert [finding for finding in found(*rules) if finding.severity == "error"] == []


def test_common_policies_have_few_warnings_about_descriptions_and_lists() -> None:
    reported = {
        name: reported
        for name, rules in AS_WRITTEN.items()
        if (reported := {DESCRIBED, AMBIGUOUS, ALTERNATIVES}.intersection(ids(*rules)))
    }

    assert reported == {
        "aws: a list": {ALTERNATIVES},
        "people: in German": {AMBIGUOUS},
        "people: branches": {AMBIGUOUS},
    }


def test_the_description_of_an_intent_about_untagged_images_is_true() -> None:
    policy = LifecyclePolicy.of(keep_latest(5, matching="*"), archive_unpulled(after_days=30))

    assert "untagged" in str(policy.rules[-1].description)
    assert [each.id for each in policy.findings()] == ["last-pull-counts-scanners"]


# --- errors of options ------------------------------------------------------------------------------------------------


def test_images_and_an_immutability_of_the_wrong_kind_are_type_errors() -> None:
    cases: list[tuple[Mapping[str, Any], str]] = [
        ({"images": [image(1), {"imageDigest": "x"}]}, "images[1] is {'imageDigest': 'x'}, not an Image; read it with"),
        ({"images": {"imageDetails": []}}, "images[0] is 'imageDetails', not an Image"),
        ({"immutability": []}, "immutability must be an Immutability such as Immutability.all_tags(), got []"),
        (
            {"immutability": "IMMUTABLE", "images": []},
            "immutability must be an Immutability such as Immutability.all_tags(), got 'IMMUTABLE'",
        ),
    ]
    for options, reported in cases:
        for policy in (LifecyclePolicy(rules=[rule(1, "v*")]), LifecyclePolicy.none()):
            with pytest.raises(TypeError, match=re.escape(reported)):
                policy.findings(**options)


# --- properties of all findings --------------------------------------------------------------------------------------

_immutabilities = st.sampled_from([None, Immutability.off(), Immutability.all_tags(), ONLY_V, EXCEPT_DEV])


@given(st.one_of(policies, crowded_policies()), st.none() | repositories(most=6), _immutabilities)
def test_a_finding_has_a_known_id_and_a_sentence_about_a_rule_of_the_policy(
    policy: LifecyclePolicy, images: list[Image] | None, immutability: Immutability | None
) -> None:
    findings = policy.findings(images, immutability=immutability)

    for each in findings:
        assert SEVERITIES[each.id] == each.severity
        assert each.rule is None or each.rule in policy.rules
        for text in (each.sentence, each.remedy):
            assert text[0].islower()
            assert not text.endswith(".")
            assert "\n" not in text
    ranks = [list(dict.fromkeys(SEVERITIES.values())).index(each.severity) for each in findings]
    assert ranks == sorted(ranks)
    assert len(set(findings)) == len(findings)


@given(policies, repositories(most=6))
def test_errors_do_not_depend_on_images(policy: LifecyclePolicy, images: list[Image]) -> None:
    def errors(findings: Sequence[Finding]) -> list[Finding]:
        return [each for each in findings if each.severity == "error"]

    assert errors(policy.findings(images)) == errors(policy.findings())


@given(policies, repositories(most=6))
def test_a_check_that_reads_no_images_has_the_same_results_with_images(
    policy: LifecyclePolicy, images: list[Image]
) -> None:
    rules = tuple(policy.rules)
    with_images = CheckContext(rules, None, tuple(images), at=AT)

    for kind in FINDING_TYPES:
        if not kind.reads_images:
            assert list(kind.check(with_images)) == list(kind.check(CheckContext(rules, None))), kind.id


@given(policies, repositories(most=6))
def test_findings_are_the_same_with_rules_that_have_been_applied(policy: LifecyclePolicy, images: list[Image]) -> None:
    present = [image for image in images if image.pushed_at <= AT]
    engine = RuleEngine(policy.rules, ImageIndex(present, policy.rules), AT)

    assert find(policy.rules, images, at=AT, engine=engine) == policy.findings(images, at=AT)


@given(policies, repositories(most=6))
def test_a_rule_to_which_an_image_is_assigned_matches_a_tag(policy: LifecyclePolicy, images: list[Image]) -> None:
    found = policy.findings(images, at=AT)
    with pytest.MonkeyPatch.context() as patch:
        # Equal rules are not the same object, so every rule is searched for.
        patch.setattr(
            CheckContext,
            "applied_rules",
            lambda self: RuleEngine(copy.deepcopy(self.rules), ImageIndex(self.present_images(), self.rules), AT),
        )
        Outcome.kept_by.cache_clear()
        Outcome.of_action.cache_clear()
        assert found == policy.findings(images, at=AT)


def test_the_rules_of_a_policy_are_compared_once_for_many_repositories(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[LifecycleRule] = []

    def shadowing(rule: LifecycleRule, preceding: Iterable[LifecycleRule]) -> tuple[LifecycleRule, ...]:
        compared.append(rule)
        return shadowing_rules(rule, preceding)

    monkeypatch.setattr("ecr_constructs.model.lifecycle.findings.context.shadowing_rules", shadowing)
    policy = LifecyclePolicy(rules=[rule(1, "only-here-*"), rule(2, "v*", **AGE), rule(3, **UNTAGGED)])
    for number in range(20):
        policy.findings([image(number, f"v{number}")], at=AT)

    assert len(compared) == len(policy.rules)


def test_errors_come_first_and_findings_about_the_whole_policy_last() -> None:
    findings = found(rule(1, "dev-*", "pr-*"), rule(2, "v*"), rule(3, "v1*"))

    assert [each.id for each in findings] == ["shadowed-rule", "list-of-alternatives", UNTAGGED_STAY]


def test_a_policy_with_findings_can_be_read_and_rendered() -> None:
    policy = LifecyclePolicy(rules=[rule(1, "v*"), rule(2, "v1*")])

    assert LifecyclePolicy.from_json(policy.to_json()) == policy
