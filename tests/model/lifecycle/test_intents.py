"""Intents and the rules that they compile to: exact rules, their order, conflicts, and properties over images."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecr_constructs.errors import InvalidLifecyclePolicy
from ecr_constructs.model import (
    Intent,
    LifecyclePolicy,
    LifecycleRule,
    TagPattern,
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
from tests.model.lifecycle.outcomes import outcome_of
from tests.model.lifecycle.strategies import any_of, days, intents, keep_forevers, tag_patterns, tag_sets

NEVER = 999_999


def written(*given_intents: Intent) -> list[dict[str, Any]]:
    return list(LifecyclePolicy.of(*given_intents).to_dict()["rules"])


def lines(*given_intents: Intent) -> list[str]:
    """Return the rules as the AWS console shows them."""
    return [str(rule.description) for rule in LifecyclePolicy.of(*given_intents).rules]


def problems(*given_intents: Intent) -> tuple[str, ...]:
    with pytest.raises(InvalidLifecyclePolicy) as caught:
        LifecyclePolicy.of(*given_intents)
    return caught.value.problems


def rule(priority: int, description: str, selection: dict[str, Any], action: str = "expire") -> dict[str, Any]:
    target = {"targetStorageClass": "archive"} if action == "transition" else {}
    return {
        "rulePriority": priority,
        "description": description,
        "selection": selection,
        "action": {"type": action} | target,
    }


def tagged(*patterns: str) -> dict[str, Any]:
    return {"tagStatus": "tagged", "tagPatternList": list(patterns)}


def newest(count: int) -> dict[str, Any]:
    return {"countType": "imageCountMoreThan", "countNumber": count}


def older(number: int, count_type: str = "sinceImagePushed") -> dict[str, Any]:
    return {"countType": count_type, "countUnit": "days", "countNumber": number}


ANY = {"tagStatus": "any"}
UNTAGGED = {"tagStatus": "untagged"}
IN_ARCHIVE = {"storageClass": "archive"}

# --- each intent alone ----------------------------------------------------------------------------------------------


def test_each_intent_compiles_to_exactly_these_rules() -> None:
    cases: list[tuple[Intent, list[dict[str, Any]]]] = [
        (
            keep_latest(10, matching="release-*"),
            [rule(1, "Keep the newest 10 images tagged release-*", tagged("release-*") | newest(10))],
        ),
        (
            keep_latest(1, matching_all=["b-*", "a-*"]),
            [rule(1, "Keep the newest 1 image tagged b-* and a-*", tagged("a-*", "b-*") | newest(1))],
        ),
        (
            keep_forever("v*", "latest"),
            [
                rule(1, "Keep every image tagged v*", tagged("v*") | newest(NEVER)),
                rule(2, "Keep every image tagged latest", tagged("latest") | newest(NEVER)),
            ],
        ),
        (limit_images(500), [rule(1, "Keep the newest 500 images of all", ANY | newest(500))]),
        (
            expire_untagged(after_days=1),
            [rule(1, "Expire untagged images 1 day after push", UNTAGGED | older(1))],
        ),
        (expire_untagged(keep=100), [rule(1, "Keep the newest 100 untagged images", UNTAGGED | newest(100))]),
        (
            expire_older_than(after_days=30),
            [rule(1, "Expire every image 30 days after push", ANY | older(30))],
        ),
        (
            expire_older_than(after_days=30, matching="dev-*"),
            [rule(1, "Expire images tagged dev-* 30 days after push", tagged("dev-*") | older(30))],
        ),
        (
            expire_older_than(after_days=30, matching=["dev-*", "pr-*"]),
            [
                rule(1, "Expire images tagged dev-* 30 days after push", tagged("dev-*") | older(30)),
                rule(2, "Expire images tagged pr-* 30 days after push", tagged("pr-*") | older(30)),
            ],
        ),
        (
            expire_older_than(after_days=30, matching_all=["dev-*", "*-arm"]),
            [rule(1, "Expire images tagged dev-* and *-arm 30 days after push", tagged("*-arm", "dev-*") | older(30))],
        ),
        (
            expire_unmatched(keeping=["v*", "latest"], after_days=30),
            [
                rule(1, "Spare images tagged v* from the rules below", tagged("v*") | newest(NEVER)),
                rule(2, "Spare images tagged latest from the rules below", tagged("latest") | newest(NEVER)),
                rule(3, "Expire other tagged images 30 days after push", tagged("*") | older(30)),
            ],
        ),
        (
            archive_unpulled(after_days=120),
            [rule(1, "Archive images not pulled for 120 days", ANY | older(120, "sinceImagePulled"), "transition")],
        ),
        (
            archive_older_than(after_days=365),
            [rule(1, "Archive every image 365 days after push", ANY | older(365), "transition")],
        ),
        (
            archive_older_than(after_days=365, matching=("v*",)),
            [rule(1, "Archive images tagged v* 365 days after push", tagged("v*") | older(365), "transition")],
        ),
        (
            archive_untagged(after_days=7),
            [rule(1, "Archive untagged images 7 days after push", UNTAGGED | older(7), "transition")],
        ),
        (
            delete_archived(after_days=180),
            [
                rule(
                    1,
                    "Delete images 180 days after they were archived",
                    ANY | IN_ARCHIVE | older(180, "sinceImageTransitioned"),
                )
            ],
        ),
    ]
    for intent, expected in cases:
        assert written(intent) == expected


def test_a_policy_of_two_intents_has_the_expected_document() -> None:
    """Keep the last 10 images matching `release-*`; delete untagged images older than 1 day."""
    policy = LifecyclePolicy.of(keep_latest(10, matching="release-*"), expire_untagged(after_days=1))

    assert policy.to_json() == (
        '{"rules":['
        '{"rulePriority":1,"description":"Keep the newest 10 images tagged release-*",'
        '"selection":{"tagStatus":"tagged","tagPatternList":["release-*"],"countType":"imageCountMoreThan",'
        '"countNumber":10},"action":{"type":"expire"}},'
        '{"rulePriority":2,"description":"Expire untagged images 1 day after push",'
        '"selection":{"tagStatus":"untagged","countType":"sinceImagePushed","countUnit":"days","countNumber":1},'
        '"action":{"type":"expire"}}]}'
    )


def test_the_repr_of_an_intent_is_its_call() -> None:
    cases: list[tuple[Intent, str]] = [
        (keep_latest(10, matching="release-*"), "keep_latest(10, matching='release-*')"),
        (keep_latest(1, matching_all=["a", "b"]), "keep_latest(1, matching_all=['a', 'b'])"),
        (keep_forever("v*", "latest"), "keep_forever('v*', 'latest')"),
        (expire_untagged(keep=5), "expire_untagged(keep=5)"),
        (expire_older_than(after_days=1), "expire_older_than(after_days=1)"),
        (expire_unmatched(keeping="v*", after_days=3), "expire_unmatched(keeping='v*', after_days=3)"),
        (delete_archived(after_days=90), "delete_archived(after_days=90)"),
    ]
    for intent, call in cases:
        assert repr(intent) == str(intent) == call


def test_descriptions_use_singular_and_plural() -> None:
    cases: list[tuple[int, str]] = [(1, "1 day"), (2, "2 days"), (100, "100 days")]
    for number, words in cases:
        assert lines(expire_untagged(after_days=number)) == [f"Expire untagged images {words} after push"]
        assert lines(archive_unpulled(after_days=number)) == [f"Archive images not pulled for {words}"]


@given(intents)
def test_every_rule_of_an_intent_has_a_description_that_begins_with_a_verb(intent: Intent) -> None:
    for one in (*intent.keep_rules, *intent.rules):
        assert one.description is not None
        assert one.description.split(" ")[0] in ("Keep", "Spare", "Expire", "Archive", "Delete")


# --- order ----------------------------------------------------------------------------------------------------------


def test_rules_that_keep_images_come_first_and_rules_over_all_images_come_last() -> None:
    assert lines(
        limit_images(500),
        expire_untagged(after_days=3),
        delete_archived(after_days=365),
        keep_latest(5, matching="dev-*"),
        keep_forever("v*"),
        archive_older_than(after_days=60, matching="qa-*"),
    ) == [
        "Keep every image tagged v*",
        "Keep every image tagged v* in the archive too",
        "Expire untagged images 3 days after push",
        "Keep the newest 5 images tagged dev-*",
        "Archive images tagged qa-* 60 days after push",
        "Keep the newest 500 images of all",
        "Delete images 365 days after they were archived",
    ]


def test_other_rules_are_in_the_order_in_which_they_are_written() -> None:
    dev, qa = keep_latest(1, matching="dev-*"), keep_latest(2, matching="qa-*")

    assert lines(dev, qa) == list(reversed(lines(qa, dev)))


def test_a_narrower_pattern_must_be_written_before_a_wider_one() -> None:
    narrow, wide = keep_latest(5, matching="v1*"), keep_latest(50, matching="v*")

    assert lines(narrow, wide) == ["Keep the newest 5 images tagged v1*", "Keep the newest 50 images tagged v*"]
    assert problems(wide, narrow) == (
        (
            "keep_latest(5, matching='v1*') never acts on images tagged v1*: they belong to "
            "keep_latest(50, matching='v*'), which comes first; remove one, or write the narrower pattern first"
        ),
    )


@given(st.lists(intents, min_size=1, max_size=5))
def test_priorities_are_counted_from_one(drawn: list[Intent]) -> None:
    try:
        policy = LifecyclePolicy.of(*drawn)
    except InvalidLifecyclePolicy:
        return

    assert [one.rule_priority for one in policy.rules] == list(range(1, len(policy.rules) + 1))


# --- all tags except some -------------------------------------------------------------------------------------------


def test_a_keep_rule_does_not_select_images_of_an_earlier_intent() -> None:
    assert lines(keep_latest(10, matching="v*"), expire_unmatched(keeping=["v*", "latest"], after_days=30)) == [
        "Keep the newest 10 images tagged v*",
        "Spare images tagged latest from the rules below",
        "Expire other tagged images 30 days after push",
    ]


def test_a_keep_rule_that_another_one_covers_is_left_out() -> None:
    assert lines(keep_forever("v*"), expire_unmatched(keeping=["v1*", "latest"], after_days=30)) == [
        "Keep every image tagged v*",
        "Spare images tagged latest from the rules below",
        "Expire other tagged images 30 days after push",
    ]
    assert lines(keep_forever("v*", "v1*"), keep_forever("v*", "v2")) == ["Keep every image tagged v*"]
    assert lines(keep_forever("v1*", "v*")) == ["Keep every image tagged v1*", "Keep every image tagged v*"]


def test_kept_images_are_counted_and_expire_by_no_lower_rule() -> None:
    assert lines(expire_unmatched(keeping="v*", after_days=30), limit_images(100)) == [
        "Spare images tagged v* from the rules below",
        "Expire other tagged images 30 days after push",
        "Keep the newest 100 images of all (untagged ones: tagged images have rules above)",
    ]


@pytest.mark.parametrize(
    "tagged",
    [expire_unmatched(keeping="v*", after_days=60), keep_forever("*"), keep_latest(5, matching="**")],
    ids=repr,
)
def test_an_unreachable_rule_for_all_images_is_rejected_with_the_other_intents(tagged: Intent) -> None:
    """ECR assigns an image to the first rule that selects it, so images without pulls would never be archived."""
    untagged, idle = expire_untagged(after_days=14), archive_unpulled(after_days=120)

    assert problems(tagged, untagged, idle) == (
        (
            f"{idle} never acts: {tagged} has a rule for all tagged images and {untagged} one for the others; "
            "leave one of them out"
        ),
    )


def test_a_rule_for_the_archive_is_not_covered_by_rules_for_standard_storage() -> None:
    assert len(written(keep_latest(5, matching="*"), expire_untagged(keep=3), delete_archived(after_days=90))) == 3


def test_an_intent_for_kept_images_must_come_first() -> None:
    assert problems(expire_unmatched(keeping="v*", after_days=30), keep_latest(10, matching="v*")) == (
        (
            "keep_latest(10, matching='v*') never acts on images tagged v*: they belong to "
            "expire_unmatched(keeping='v*', after_days=30), which comes first; "
            "remove one, or write the narrower pattern first"
        ),
    )


def test_an_intent_that_could_never_act_is_rejected() -> None:
    """Every tagged image matches `*`, so no image is unmatched. A policy of keep rules alone would not show this."""
    with pytest.raises(InvalidLifecyclePolicy):
        LifecyclePolicy.of(expire_unmatched(keeping="*", after_days=30))


# --- the archive ----------------------------------------------------------------------------------------------------


def test_images_that_are_kept_forever_are_kept_in_the_archive_too() -> None:
    assert written(delete_archived(after_days=90), keep_forever("v*")) == [
        rule(1, "Keep every image tagged v*", tagged("v*") | newest(NEVER)),
        rule(
            2,
            "Keep every image tagged v* in the archive too",
            tagged("v*") | IN_ARCHIVE | older(36_500, "sinceImageTransitioned"),
        ),
        rule(
            3,
            "Delete images 90 days after they were archived",
            ANY | IN_ARCHIVE | older(90, "sinceImageTransitioned"),
        ),
    ]


def test_without_delete_archived_nothing_in_the_archive_needs_to_be_kept() -> None:
    assert lines(keep_forever("v*"), archive_unpulled(after_days=90)) == [
        "Keep every image tagged v*",
        "Archive images not pulled for 90 days",
    ]


def test_images_that_other_intents_keep_can_be_deleted_from_the_archive() -> None:
    assert lines(expire_unmatched(keeping="v*", after_days=30), delete_archived(after_days=90)) == [
        "Spare images tagged v* from the rules below",
        "Expire other tagged images 30 days after push",
        "Delete images 90 days after they were archived",
    ]


def test_the_documented_pair_archives_and_then_deletes() -> None:
    first, second = written(archive_unpulled(after_days=90), delete_archived(after_days=365))

    assert (first["selection"]["tagStatus"], second["selection"]["tagStatus"]) == ("any", "any")
    assert "storageClass" not in first["selection"]
    assert second["selection"]["storageClass"] == "archive"


# --- conflicts ------------------------------------------------------------------------------------------------------


def test_two_intents_for_untagged_images_are_rejected_with_both_named() -> None:
    cases: list[tuple[Intent, Intent]] = [
        (expire_untagged(after_days=1), expire_untagged(after_days=2)),
        (archive_untagged(after_days=7), archive_untagged(after_days=8)),
    ]
    for one, other in cases:
        assert problems(one, other) == (
            (
                f"{one} and {other} both have a rule for untagged images in standard storage, and ECR accepts only "
                "one; remove one"
            ),
        )


def test_two_intents_of_which_one_archives_are_rejected_with_the_nearest_policy() -> None:
    cases: list[tuple[Intent, Intent, Intent, int]] = [
        (expire_untagged(keep=100), archive_untagged(after_days=7), archive_untagged(after_days=7), 90),
        (limit_images(5), archive_unpulled(after_days=30), archive_unpulled(after_days=30), 90),
        (archive_older_than(after_days=20), expire_older_than(after_days=300), archive_older_than(after_days=20), 300),
    ]
    for one, other, archive, after_days in cases:
        (problem,) = problems(one, other)

        assert problem.endswith(
            f"remove one, or archive first: {archive} with delete_archived(after_days={after_days})"
        )
        assert LifecyclePolicy.of(archive, delete_archived(after_days=after_days)).rules


def test_two_intents_for_all_images_are_rejected_with_both_named() -> None:
    cases: list[tuple[Intent, Intent, str]] = [
        (limit_images(5), limit_images(6), "standard"),
        (delete_archived(after_days=90), delete_archived(after_days=180), "archive"),
    ]
    for one, other, storage in cases:
        assert problems(one, other) == (
            (
                f"{one} and {other} both have a rule for all images in {storage} storage, "
                "and ECR accepts only one; remove one"
            ),
        )


def test_keeping_and_expiring_the_same_images_is_rejected_with_both_named() -> None:
    cases: list[tuple[Intent, Intent]] = [
        (keep_forever("v*"), expire_older_than(after_days=30, matching="v*")),
        (keep_forever("v*"), keep_latest(10, matching="v1*")),
        (keep_forever("*"), expire_unmatched(keeping="v*", after_days=30)),
        (keep_forever("v*"), expire_older_than(after_days=30, matching_all=["v1", "arm"])),
        (keep_forever("v*"), archive_older_than(after_days=30, matching="v*")),
        (keep_latest(5, matching="v*"), keep_latest(6, matching="v*")),
        (keep_latest(5, matching="dev"), archive_older_than(after_days=3, matching="dev")),
    ]
    for keep, expire in cases:
        assert problems(keep, expire) == (
            (
                f"{expire} never acts on images tagged {' and '.join(expire.rules[0].tag_pattern_list)}: "
                f"they belong to {keep}, which comes first; "
                "remove one, or write the narrower pattern first"
            ),
        )


def test_the_position_of_keep_forever_has_no_effect() -> None:
    keep, expire = keep_forever("v*"), expire_older_than(after_days=30, matching="v*")

    assert problems(expire, keep) == problems(keep, expire)


def test_every_conflict_is_reported_at_once() -> None:
    found = problems(
        expire_untagged(after_days=1),
        keep_forever("v*"),
        limit_images(5),
        keep_latest(5, matching="v1"),
        archive_untagged(after_days=3),
        limit_images(6),
    )

    assert [re.split(r" never acts| both have", problem)[0] for problem in found] == [
        "keep_latest(5, matching='v1')",
        "expire_untagged(after_days=1) and archive_untagged(after_days=3)",
        "limit_images(5) and limit_images(6)",
    ]


def test_a_repeated_intent_is_reported_for_one_object_and_for_two() -> None:
    once = limit_images(5)

    assert limit_images(5) == once
    assert outcome_of(lambda: LifecyclePolicy.of(once, once)) == outcome_of(
        lambda: LifecyclePolicy.of(once, limit_images(5))
    )


def test_overlapping_patterns_that_do_not_cover_each_other_are_legal() -> None:
    assert len(written(keep_latest(1, matching="a*"), keep_latest(2, matching="*b"), keep_forever("*c*"))) == 3


def test_an_intent_of_several_patterns_drops_those_it_covers_itself() -> None:
    assert lines(expire_older_than(after_days=3, matching=["v*", "v1*", "v*", "w"])) == [
        "Expire images tagged v* 3 days after push",
        "Expire images tagged w 3 days after push",
    ]


# --- policies -------------------------------------------------------------------------------------------------------


def test_no_intent_is_no_policy() -> None:
    expected = "LifecyclePolicy.of() has no intents; LifecyclePolicy.none() writes no policy"

    with pytest.raises(InvalidLifecyclePolicy, match=rf"\A{re.escape(expected)}\Z"):
        LifecyclePolicy.of()


def test_anything_else_is_a_type_error() -> None:
    cases: list[Any] = [None, "keep", keep_latest, [limit_images(5)]]
    for stranger in cases:
        with pytest.raises(
            TypeError,
            match=re.escape("LifecyclePolicy.of() requires intents such as keep_latest(10, matching='v*'), got"),
        ):
            LifecyclePolicy.of(limit_images(5), stranger)


def test_intents_beyond_fifty_rules_are_rejected() -> None:
    with pytest.raises(InvalidLifecyclePolicy, match=r"\Arules: 51 rules; ECR allows 50, merge or leave out some\Z"):
        LifecyclePolicy.of(keep_forever(*(f"team-{number}-x" for number in range(51))))


# --- properties over random images ----------------------------------------------------------------------------------


def claims(policy: LifecyclePolicy, tags: Sequence[str]) -> dict[str, LifecycleRule]:
    """Return the first rule of each storage class that selects an image, whether it acts or not."""
    owners: dict[str, LifecycleRule] = {}
    for one in sorted(policy.rules, key=lambda one: one.rule_priority):
        if one.selects_tags(tags):
            owners.setdefault(one.storage_class, one)
    return owners


def acts(one: LifecycleRule) -> bool:
    """Return whether a rule can act on an image, by its description and by its number."""
    keep_rules = str(one.description).startswith(("Keep every", "Spare"))

    assert keep_rules == (one.count_number in (NEVER, 36_500)), one
    return not keep_rules


@settings(max_examples=3 * settings().max_examples)
@given(keep_forevers, st.lists(intents, max_size=4), st.lists(tag_sets, min_size=1, max_size=8), st.integers(0, 4))
def test_images_kept_forever_are_selected_by_no_rule_that_acts(
    keep: Intent, others: list[Intent], images: list[list[str]], at: int
) -> None:
    try:
        policy = LifecyclePolicy.of(*others[:at], keep, *others[at:])
    except InvalidLifecyclePolicy:
        return
    kept = [TagPattern(pattern) for rule in keep.keep_rules for pattern in rule.tag_pattern_list]
    for tags in images:
        if any(pattern.matches(tag) for pattern in kept for tag in tags):
            owners = claims(policy, tags)

            assert "standard" in owners
            assert not [one for one in owners.values() if acts(one)]


@settings(max_examples=3 * settings().max_examples)
@given(any_of, days, st.lists(intents, max_size=3), st.lists(tag_sets, min_size=1, max_size=8), st.integers(0, 3))
def test_kept_images_are_never_selected_by_the_rule_for_the_rest(
    keeping: str | list[str], after_days: int, others: list[Intent], images: list[list[str]], at: int
) -> None:
    intent = expire_unmatched(keeping=keeping, after_days=after_days)
    others = [other for other in others if other.function != "expire_unmatched"]
    try:
        policy = LifecyclePolicy.of(*others[:at], intent, *others[at:])
    except InvalidLifecyclePolicy:
        return
    patterns = [TagPattern(text) for text in ([keeping] if isinstance(keeping, str) else keeping)]
    for tags in images:
        owner = claims(policy, tags).get("standard")
        if owner is not None and str(owner.description).startswith("Expire other tagged images"):
            assert tags
            assert not [tag for tag in tags for pattern in patterns if pattern.matches(tag)]


@given(any_of, days, tag_sets.filter(bool))
def test_images_that_no_intent_keeps_are_selected_by_the_rule_for_the_rest(
    keeping: str | list[str], after_days: int, tags: list[str]
) -> None:
    patterns = [TagPattern(text) for text in ([keeping] if isinstance(keeping, str) else keeping)]
    spared = any(pattern.matches(tag) for pattern in patterns for tag in tags)
    try:
        policy = LifecyclePolicy.of(expire_unmatched(keeping=keeping, after_days=after_days))
    except InvalidLifecyclePolicy:
        assert any(pattern.value.strip("*") == "" for pattern in patterns)
        return

    assert acts(claims(policy, tags)["standard"]) is not spared


@given(st.lists(intents, min_size=1, max_size=5), tag_sets)
def test_untagged_images_belong_to_untagged_rules_or_to_those_over_all_images(
    drawn: list[Intent], tags: list[str]
) -> None:
    try:
        policy = LifecyclePolicy.of(*drawn)
    except InvalidLifecyclePolicy:
        return
    for owner in claims(policy, []).values():
        assert owner.tag_status in ("untagged", "any")
    for owner in claims(policy, tags).values():
        assert owner.tag_status != "untagged" or not tags


@given(st.lists(intents, min_size=1, max_size=5), st.lists(tag_sets, min_size=1, max_size=6))
def test_omitted_rules_have_no_effect(drawn: list[Intent], images: list[list[str]]) -> None:
    """Against the plain reading: keep_forever, then the rest as written, then `any`, and nothing left out."""
    try:
        policy = LifecyclePolicy.of(*drawn)
    except InvalidLifecyclePolicy:
        return
    forever = [one for intent in drawn if not intent.rules for one in intent.keep_rules]
    rest = [one for intent in drawn if intent.rules for one in (*intent.keep_rules, *intent.rules)]
    plain = [
        *forever,
        *(one for one in rest if one.tag_status != "any"),
        *(one for one in rest if one.tag_status == "any"),
    ]
    for tags in images:
        owner = claims(policy, tags).get("standard")
        expected = next((one for one in plain if one.storage_class == "standard" and one.selects_tags(tags)), None)

        assert (owner is None) is (expected is None)
        if owner is not None and expected is not None:
            assert (owner.count_type, owner.count_number, owner.action, owner.tag_pattern_list) == (
                expected.count_type,
                expected.count_number,
                expected.action,
                expected.tag_pattern_list,
            )


@given(st.lists(intents, min_size=1, max_size=5))
def test_a_compiled_policy_is_a_legal_document(drawn: list[Intent]) -> None:
    outcome = outcome_of(lambda: LifecyclePolicy.of(*drawn))
    if isinstance(outcome, LifecyclePolicy):
        assert LifecyclePolicy.from_json(outcome.to_json()) == outcome
    else:
        assert outcome
        assert len(set(outcome)) == len(outcome)


@given(st.lists(intents, min_size=1, max_size=4))
def test_the_same_intents_compile_to_the_same_text(drawn: list[Intent]) -> None:
    assert outcome_of(lambda: LifecyclePolicy.of(*drawn).to_json()) == outcome_of(
        lambda: LifecyclePolicy.of(*drawn).to_json()
    )


@given(tag_patterns, tag_patterns)
def test_two_intents_of_one_kind_conflict_exactly_if_the_first_covers_the_second(one: str, other: str) -> None:
    pair = (keep_latest(1, matching=one), keep_latest(2, matching=other))
    if TagPattern(one).subsumes(TagPattern(other)):
        with pytest.raises(InvalidLifecyclePolicy, match="never acts"):
            LifecyclePolicy.of(*pair)
    else:
        assert len(LifecyclePolicy.of(*pair).rules) == 2
