"""The evaluation of a policy: the outcome of each image, and the behaviour that AWS does not document."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.errors import InvalidImage
from ecr_constructs.model import (
    Decision,
    Evaluation,
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
from ecr_constructs.model.lifecycle.outcome import UndocumentedBehavior
from tests.model.lifecycle.image_strategies import AT, repositories
from tests.model.lifecycle.strategies import intents, policies
from tests.model.lifecycle.worlds import outcome, worlds

INDEX = "application/vnd.oci.image.index.v1+json"
EVERYTHING = repositories(archive=True, restoration=True, indexes=True, referrers=True, tagged_referrers=True, most=8)
HOURS = timedelta(hours=9)


def days(number: float) -> datetime:
    return AT - timedelta(days=number)


def image(name: str, age: float, *tags: str, **fields: object) -> Image:
    return Image(digest=name, pushed_at=days(age), tags=tags, **fields)  # type: ignore[arg-type]  # fields of Image


def names(decisions: Sequence[Decision]) -> list[str]:
    return [decision.image.digest for decision in decisions]


def outcomes(evaluation: Evaluation) -> dict[str, str]:
    """Return the group of each image."""
    groups = {
        "expire": evaluation.expired,
        "archive": evaluation.archived,
        "keep": evaluation.kept,
        "uncertain": evaluation.uncertain,
    }
    return {name: group for group, decisions in groups.items() for name in names(decisions)}


def evaluate(policy: LifecyclePolicy, *images: Image) -> dict[str, str]:
    return outcomes(policy.evaluate(images, at=AT))


# --- rules ------------------------------------------------------------------------------------------------------------


def test_a_count_rule_keeps_the_newest_images_and_deletes_the_others() -> None:
    policy = LifecyclePolicy.of(keep_latest(2, matching="v*"))

    assert evaluate(policy, image("a", 3, "v1"), image("b", 1, "v3"), image("c", 2, "v2"), image("d", 9, "w")) == {
        "a": "expire",
        "b": "keep",
        "c": "keep",
        "d": "keep",
    }


def test_the_later_listed_of_two_equally_old_images_is_the_newer() -> None:
    policy = LifecyclePolicy.of(keep_latest(1, matching="v*"))

    assert evaluate(policy, image("a", 1, "v1"), image("b", 1, "v2")) == {"a": "expire", "b": "keep"}
    assert evaluate(policy, image("b", 1, "v2"), image("a", 1, "v1")) == {"b": "expire", "a": "keep"}


def test_an_image_whose_age_equals_the_limit_is_kept() -> None:
    policy = LifecyclePolicy.of(expire_untagged(after_days=5))

    assert evaluate(policy, image("exact", 5), image("older", 6), image("younger", 4)) == {
        "exact": "keep",
        "older": "expire",
        "younger": "keep",
    }


def test_an_image_that_is_hours_older_than_the_limit_is_uncertain() -> None:
    cases: list[tuple[timedelta, str]] = [
        (timedelta(0), "keep"),
        (timedelta(microseconds=1), "uncertain"),
        (timedelta(hours=23, minutes=59), "uncertain"),
        (timedelta(days=1) - timedelta(microseconds=1), "uncertain"),
        (timedelta(days=1), "expire"),
    ]
    for beyond, expected in cases:
        old = Image(digest="a", pushed_at=days(5) - beyond)

        assert evaluate(LifecyclePolicy.of(expire_untagged(after_days=5)), old) == {"a": expected}
        assert evaluate(LifecyclePolicy.of(archive_unpulled(after_days=5)), old) == {
            "a": expected.replace("expire", "archive")
        }


def test_an_image_belongs_to_the_first_rule_that_selects_it_whether_or_not_that_rule_acts() -> None:
    policy = LifecyclePolicy.of(keep_latest(1, matching="v*"), expire_older_than(after_days=5))
    evaluation = policy.evaluate([image("a", 9, "v1"), image("b", 9, "w")], at=AT)

    assert outcomes(evaluation) == {"a": "keep", "b": "expire"}
    assert [kept.rule for kept in evaluation.kept] == [policy.rules[0]]
    assert evaluation.kept[0].why == "rule 1 selects it, and it is among the newest 1"


def test_lower_rules_count_images_that_higher_rules_kept_or_deleted() -> None:
    policy = LifecyclePolicy.of(keep_latest(1, matching="v*"), limit_images(2))
    marked = evaluate(policy, image("a", 1, "v3"), image("b", 2, "v2"), image("c", 3, "w"), image("d", 4, "w2"))
    claimed = evaluate(policy, image("c", 1, "w"), image("d", 2, "w2"), image("a", 3, "v3"), image("e", 4, "w3"))

    # b is the second of all although rule 1 expires it, so c is not among the newest two.
    assert marked == {"a": "keep", "b": "expire", "c": "expire", "d": "expire"}
    # a is the third of all and belongs to rule 1: it is passed over, and d is not taken in its place.
    assert claimed == {"c": "keep", "d": "keep", "a": "keep", "e": "expire"}


def test_every_entry_of_a_list_must_match_some_tag() -> None:
    policy = LifecyclePolicy.of(expire_older_than(after_days=1, matching_all=["a*", "b*"]))

    assert evaluate(policy, image("both", 9, "a1", "b1", "c"), image("one", 9, "a1", "a2")) == {
        "both": "expire",
        "one": "keep",
    }


def test_a_rule_that_never_acts_keeps_its_images() -> None:
    policy = LifecyclePolicy.of(keep_forever("keep-*"), expire_untagged(after_days=1), limit_images(1))

    assert evaluate(policy, image("a", 9, "keep-1"), image("b", 1), image("c", 2, "x")) == {
        "a": "keep",
        "b": "keep",
        "c": "expire",
    }


def test_last_pulls_count_from_the_pull_the_push_or_the_restoration() -> None:
    policy = LifecyclePolicy.of(archive_unpulled(after_days=30))

    assert evaluate(
        policy,
        image("pulled", 99, last_pulled_at=days(10)),
        image("pulled long ago", 99, last_pulled_at=days(40)),
        image("never pulled", 40),
        image("restored", 99, last_pulled_at=days(80), archived_at=days(50), activated_at=days(5)),
        image("restored and pulled", 99, last_pulled_at=days(40), archived_at=days(60), activated_at=days(50)),
    ) == {
        "pulled": "keep",
        "pulled long ago": "archive",
        "never pulled": "archive",
        "restored": "keep",
        "restored and pulled": "archive",
    }


@pytest.mark.parametrize("order", [1, -1])
def test_images_are_selected_and_counted_separately_in_each_storage_class(order: int) -> None:
    policy = LifecyclePolicy.of(*[archive_older_than(after_days=5), delete_archived(after_days=90)][::order])
    archived = [
        image("long there", 300, "v1", status="archived", archived_at=days(91)),
        image("exactly so long there", 300, "v2", status="archived", archived_at=days(90)),
    ]

    assert evaluate(policy, image("new", 1, "v4"), image("old", 6, "v3"), *archived) == {
        "new": "keep",
        "old": "archive",
        "long there": "expire",
        "exactly so long there": "keep",
    }
    assert evaluate(LifecyclePolicy.of(limit_images(1)), image("new", 301), *archived)["new"] == "keep"


def test_images_that_are_kept_forever_are_kept_in_the_archive_too() -> None:
    policy = LifecyclePolicy.of(keep_forever("v*"), delete_archived(after_days=90))
    archived = [image(tag, 300, tag, status="archived", archived_at=days(200)) for tag in ("v1", "w1")]

    assert evaluate(policy, *archived) == {"v1": "keep", "w1": "expire"}


def test_a_restored_image_is_as_new_as_its_restoration_where_images_are_counted() -> None:
    restored = image("restored", 99, "v1", archived_at=days(50), activated_at=days(1))

    assert evaluate(LifecyclePolicy.of(keep_latest(1, matching="v*")), restored, image("b", 2, "v2")) == {
        "restored": "keep",
        "b": "expire",
    }


def test_it_is_uncertain_whether_the_age_of_a_restored_image_counts_from_its_push() -> None:
    policy = LifecyclePolicy.of(expire_older_than(after_days=30, matching="v*"))
    evaluation = policy.evaluate(
        [
            image("lately", 99, "v1", archived_at=days(50), activated_at=days(5)),
            image("long ago", 99, "v2", archived_at=days(50), activated_at=days(40)),
            image("young", 20, "v3", archived_at=days(15), activated_at=days(5)),
            image("exact", 30, "v4", archived_at=days(15), activated_at=days(5)),
            image("by hours", 30.4, "v5", archived_at=days(15), activated_at=days(5)),
            image("of no rule", 99, "w", archived_at=days(50), activated_at=days(5)),
        ],
        at=AT,
    )

    assert outcomes(evaluation) == {
        "lately": "uncertain",
        "long ago": "expire",
        "young": "keep",
        "exact": "keep",
        "by hours": "uncertain",
        "of no rule": "keep",
    }
    assert all("restored image" in each.why for each in evaluation.uncertain)


# --- indexes ----------------------------------------------------------------------------------------------------------


def test_images_of_an_index_are_kept_while_the_index_exists() -> None:
    policy = LifecyclePolicy.of(keep_latest(1, matching="v*"), expire_untagged(after_days=1))
    old, child = image("old", 9, "v1", manifest_media_type=INDEX, referenced_digests=["child"]), image("child", 9)
    evaluation = policy.evaluate([image("new", 1, "v2"), old, child], at=AT)

    assert outcomes(evaluation) == {"new": "keep", "old": "expire", "child": "keep"}
    assert "an index that is there names it" in next(kept.why for kept in evaluation.kept if kept.image == child)
    assert evaluate(policy, child) == {"child": "expire"}


def test_an_archived_index_keeps_no_image() -> None:
    index = image("index", 9, "v1", status="archived", archived_at=days(3), referenced_digests=["child"])

    assert evaluate(LifecyclePolicy.of(expire_untagged(after_days=1)), index, image("child", 9))["child"] == "expire"


def test_untagged_images_that_a_rule_deletes_are_uncertain_if_the_images_of_an_index_are_unknown() -> None:
    policy = LifecyclePolicy.of(expire_untagged(after_days=5))
    index = image("index", 1, "v1", manifest_media_type=INDEX)
    evaluation = policy.evaluate([index, image("old", 9), image("young", 2)], at=AT)

    assert outcomes(evaluation) == {"index": "keep", "old": "uncertain", "young": "keep"}
    assert evaluation.uncertain[0].action == "expire"
    assert evaluation.uncertain[0].rule == policy.rules[0]
    assert "it may belong to an index" in evaluation.uncertain[0].why
    assert evaluation.bytes_freed == 0


def test_an_index_is_not_one_of_its_images() -> None:
    policy = LifecyclePolicy.of(expire_untagged(after_days=5))
    one, other = (image(name, 9, manifest_media_type=INDEX) for name in ("one", "other"))

    assert evaluate(policy, one) == {"one": "expire"}
    assert evaluate(policy, one, other) == {"one": "uncertain", "other": "uncertain"}


def test_it_is_uncertain_whether_an_index_in_restoration_keeps_its_images() -> None:
    policy = LifecyclePolicy.of(expire_untagged(after_days=5))
    restoring = image("index", 9, "v1", status="activating", archived_at=days(3), referenced_digests=["child"])
    evaluation = policy.evaluate([restoring, image("child", 9)], at=AT)

    assert outcomes(evaluation) == {"index": "keep", "child": "uncertain"}
    assert "it may belong to an index" in evaluation.uncertain[0].why


def test_it_is_uncertain_whether_a_count_rule_counts_every_image_that_it_selects() -> None:
    cases: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"referenced_digests": ["second"]}, {}),
        ({"manifest_media_type": INDEX}, {}),
        ({}, {"subject_digest": "index"}),
        ({}, {"status": "activating"}),
    ]
    for first, second in cases:
        images = [
            image("index", 1, "v3", **first),
            image("second", 2, **second),
            image("b", 3, "v2"),
            image("c", 4, "v1"),
        ]

        assert evaluate(LifecyclePolicy.of(limit_images(2)), *images) == {
            "index": "keep",
            "second": "keep",
            "b": "uncertain",
            "c": "expire",
        }
        assert evaluate(LifecyclePolicy.of(keep_latest(2, matching="v*")), *images)["c"] == "expire"


# --- artifacts about other images -------------------------------------------------------------------------------------


def test_a_signature_and_its_signature_are_deleted_with_the_subject() -> None:
    policy = LifecyclePolicy.of(archive_older_than(after_days=5, matching="v*"))
    signature = image("signature", 1, subject_digest="subject")
    evaluation = policy.evaluate(
        [image("subject", 9, "v1"), signature, image("again", 1, subject_digest="signature")], at=AT
    )

    assert outcomes(evaluation) == {"subject": "archive", "signature": "archive", "again": "archive"}
    why = "it follows its subject subject within 24 hours; of that one: it was pushed more than 5 days ago"
    assert [each.why for each in evaluation.archived if each.image.subject_digest] == [why, why]


def test_it_is_uncertain_whether_a_rule_deletes_a_signature_whose_subject_is_kept() -> None:
    policy = LifecyclePolicy.of(expire_untagged(after_days=5))

    assert evaluate(
        policy, image("s", 9, "v1"), image("old", 9, subject_digest="s"), image("new", 1, subject_digest="s")
    ) == {
        "s": "keep",
        "old": "uncertain",
        "new": "keep",
    }
    assert evaluate(policy, image("orphan", 9, subject_digest="gone")) == {"orphan": "uncertain"}
    assert evaluate(policy, image("a", 9, subject_digest="b"), image("b", 9, subject_digest="a")) == {
        "a": "uncertain",
        "b": "uncertain",
    }


def test_a_signature_of_a_deleted_image_is_uncertain_if_a_rule_or_index_can_keep_it() -> None:
    subject, tagged = image("s", 9, "v1"), image("sig", 9, "sha256-s.sig", subject_digest="s")
    signature = image("sig", 1, subject_digest="s")
    aging, keeping = expire_older_than(after_days=5, matching="v*"), keep_forever("sha256-*")

    def why(intents: Sequence[Intent], *images: Image) -> str:
        (uncertain,) = LifecyclePolicy.of(*intents).evaluate([subject, *images], at=AT).uncertain
        return uncertain.why.rpartition("; but ")[2]

    assert why([keeping, aging], tagged) == "rule 1 keeps all that it selects"
    assert (
        why([aging], signature, image("index", 1, "w", manifest_media_type=INDEX)) == UndocumentedBehavior.CHILD.value
    )
    assert evaluate(LifecyclePolicy.of(aging), subject, tagged) == {"s": "expire", "sig": "expire"}


def test_a_signature_in_standard_storage_whose_subject_is_archived_is_uncertain() -> None:
    archived = image("s", 9, "v1", status="archived", archived_at=days(3))
    policy = LifecyclePolicy.of(delete_archived(after_days=90))
    evaluation = policy.evaluate([archived, image("sig", 9, subject_digest="s")], at=AT)

    assert outcomes(evaluation) == {"s": "keep", "sig": "uncertain"}
    assert evaluation.uncertain[0][1:] == (
        "archive",
        None,
        "its subject s is archived, and AWS archives its referrers within 24 hours",
    )


def test_a_signature_is_archived_or_deleted_with_its_subject() -> None:
    cases: list[tuple[str, str, str]] = [
        ("active", "active", "archive"),
        ("active", "archived", "keep"),
        ("active", "activating", "archive"),
        ("archived", "active", "expire"),
        ("archived", "archived", "expire"),
        ("archived", "activating", "expire"),
    ]
    for subject, signature, expected in cases:
        policy = LifecyclePolicy.of(archive_older_than(after_days=9, matching="v*"), delete_archived(after_days=90))
        images = [
            image("s", 200, "v1", status=subject, archived_at=days(100)),
            image("sig", 200, status=signature, archived_at=days(1), subject_digest="s"),
        ]

        assert evaluate(policy, *images)["sig"] == expected


def test_an_image_in_restoration_does_not_follow_an_archived_subject() -> None:
    archived = image("s", 9, "v1", status="archived", archived_at=days(3))
    restoring = image("sig", 9, subject_digest="s", status="activating")

    assert evaluate(LifecyclePolicy.none(), archived, restoring) == {"s": "keep", "sig": "keep"}


def test_an_attestation_of_an_index_is_kept_with_the_index() -> None:
    policy = LifecyclePolicy.of(expire_older_than(after_days=5))
    index = image("index", 1, "v2", referenced_digests=["attestation"])

    assert evaluate(policy, index, image("s", 9, "v1"), image("attestation", 9, subject_digest="s")) == {
        "index": "keep",
        "s": "expire",
        "attestation": "keep",
    }


def test_an_image_in_restoration_is_uncertain_if_a_rule_of_either_class_selects_it() -> None:
    restoring = image("a", 99, "v1", status="activating", archived_at=days(95))

    assert evaluate(LifecyclePolicy.of(keep_latest(1, matching="v*")), restoring) == {"a": "keep"}
    assert evaluate(LifecyclePolicy.of(delete_archived(after_days=90)), restoring) == {"a": "uncertain"}
    assert evaluate(LifecyclePolicy.of(expire_older_than(after_days=9)), restoring) == {"a": "uncertain"}


def test_a_rule_of_the_archive_does_not_keep_an_image_in_restoration() -> None:
    restoring = image("a", 99, "v1", status="activating", archived_at=days(5))
    policy = LifecyclePolicy.of(delete_archived(after_days=90), expire_older_than(after_days=9))

    assert evaluate(policy, restoring) == {"a": "uncertain"}


# --- reasons ----------------------------------------------------------------------------------------------------------


def test_each_reason_has_the_count_and_the_number_of_its_rule() -> None:
    policy = LifecyclePolicy.of(
        keep_forever("keep"),
        keep_latest(2, matching="v*"),
        expire_untagged(after_days=1),
        archive_unpulled(after_days=2),
        delete_archived(after_days=90),
    )
    evaluation = policy.evaluate(
        [
            image("kept", 9, "keep"),
            image("beyond", 9, "v1"),
            image("among", 8, "v2"),
            image("newest", 7, "v3"),
            image("old", 3),
            image("young", 1),
            image("unused", 99, "x"),
            image("used", 99, "x", last_pulled_at=days(1)),
            image("archived", 300, "x", status="archived", archived_at=days(100)),
            image("archived lately", 300, "x", status="archived", archived_at=days(90)),
            image("kept there", 300, "keep", status="archived", archived_at=days(100)),
        ],
        at=AT,
    )

    assert {each.image.digest: each.why for each in (*evaluation.decisions, *evaluation.kept)} == {
        "kept": "rule 1 keeps all that it selects",
        "kept there": "rule 2 keeps all that it selects",
        "beyond": "it is not among the newest 2 that the rule selects",
        "among": "rule 3 selects it, and it is among the newest 2",
        "newest": "rule 3 selects it, and it is among the newest 2",
        "old": "it was pushed more than 1 day ago",
        "young": "rule 4 selects it, and it was not pushed more than 1 day ago",
        "unused": "it was not pulled for more than 2 days",
        "used": "rule 5 selects it, and it was pulled, pushed or restored in the last 2 days",
        "archived": "it was archived more than 90 days ago",
        "archived lately": "rule 6 selects it, and it was not archived more than 90 days ago",
    }
    (free,) = LifecyclePolicy.of(keep_forever("v*")).evaluate([image("free", 9, "w")], at=AT).kept
    assert (free.rule, free.why) == (None, "no rule selects it")


BY_AGE, BY_COUNT, KEEP_TWO = expire_older_than(after_days=5), limit_images(1), expire_untagged(keep=2)
UNTOLD = image("untold", 1, "v9", manifest_media_type=INDEX)


def test_an_uncertain_image_has_every_undocumented_behavior_that_decides_it() -> None:
    cases: list[tuple[Intent, list[Image], list[UndocumentedBehavior]]] = [
        (BY_AGE, [image("a", 5.4)], [UndocumentedBehavior.HOURS]),
        (archive_unpulled(after_days=5), [image("a", 5.4)], [UndocumentedBehavior.HOURS]),
        (BY_AGE, [image("a", 9, archived_at=days(7), activated_at=days(2))], [UndocumentedBehavior.RESTORED]),
        (BY_AGE, [image("a", 9, archived_at=days(7), activated_at=days(5.4))], [UndocumentedBehavior.HOURS]),
        (BY_COUNT, [image("i", 1, "v", referenced_digests=["b"]), image("a", 2)], []),
        (BY_COUNT, [image("i", 2, "v", referenced_digests=["b"]), image("b", 1), image("a", 9)], []),
        (BY_COUNT, [image("b", 1), image("a", 2, "v", referenced_digests=["b"])], [UndocumentedBehavior.PLACES]),
        (
            KEEP_TWO,
            [image("i", 9, "v", referenced_digests=["b", "c"]), image("b", 1), image("c", 2), image("a", 3)],
            [UndocumentedBehavior.PLACES],
        ),
        (BY_COUNT, [UNTOLD, image("a", 9)], [UndocumentedBehavior.CHILD]),
        (BY_AGE, [UNTOLD, image("a", 9)], [UndocumentedBehavior.CHILD]),
        (BY_AGE, [UNTOLD, image("a", 5.4)], [UndocumentedBehavior.HOURS, UndocumentedBehavior.CHILD]),
        (BY_AGE, [image("a", 9, subject_digest="gone")], [UndocumentedBehavior.REFERRER]),
        (
            BY_AGE,
            [UNTOLD, image("a", 9, subject_digest="gone")],
            [UndocumentedBehavior.CHILD, UndocumentedBehavior.REFERRER],
        ),
        (BY_AGE, [image("a", 9, status="activating")], [UndocumentedBehavior.ACTIVATING]),
    ]
    for intent, images, questions in cases:
        evaluation = LifecyclePolicy.of(intent).evaluate(images, at=AT)
        (why,) = (
            each.why
            for group in (evaluation.decisions, evaluation.uncertain)
            for each in group
            if each.image == images[-1]
        )

        assert why.partition("; but ")[2] == ", and ".join(each.value for each in questions)


# --- the whole report -------------------------------------------------------------------------------------------------


def test_the_size_is_the_sum_of_the_images_without_the_indexes() -> None:
    policy = LifecyclePolicy.of(expire_older_than(after_days=5), delete_archived(after_days=90))
    evaluation = policy.evaluate(
        [
            image("a", 9, size=100),
            image("index", 9, "v", size=70, referenced_digests=[]),
            image("b", 300, size=5, status="archived", archived_at=days(100)),
            image("young", 1, size=3),
        ],
        at=AT,
    )

    assert evaluation.bytes_freed == 105
    assert evaluation.bytes_archived == 0
    archiving = LifecyclePolicy.of(archive_untagged(after_days=5)).evaluate([image("a", 9, size=100)], at=AT)
    assert (archiving.bytes_freed, archiving.bytes_archived) == (0, 100)


def test_decisions_begin_with_deletions_and_with_the_oldest_images() -> None:
    policy = LifecyclePolicy.of(archive_older_than(after_days=5, matching="v*"), expire_untagged(after_days=1))
    evaluation = policy.evaluate([image("a", 7, "v1"), image("b", 3), image("c", 9), image("d", 8, "v2")], at=AT)

    assert names(evaluation.decisions) == ["c", "b", "d", "a"]
    assert [decision.action for decision in evaluation.decisions] == ["expire", "expire", "archive", "archive"]


def test_a_digest_that_is_listed_twice_is_rejected() -> None:
    with pytest.raises(InvalidImage) as caught:
        LifecyclePolicy.none().evaluate([image("a", 1), image("a", 2), image("b", 2)], at=AT)

    assert caught.value.problems == ("image 'a' is listed twice; a repository contains it once",)


def test_an_instant_without_a_time_zone_is_rejected_and_another_zone_is_the_same_instant() -> None:
    policy = LifecyclePolicy.of(expire_untagged(after_days=5))
    with pytest.raises(InvalidImage, match="at: 2026-06-01 12:00:00 has no time zone"):
        policy.evaluate([], at=AT.replace(tzinfo=None))
    in_environment = AT.astimezone(timezone(timedelta(hours=9)))

    assert policy.evaluate([image("a", 6)], at=in_environment) == policy.evaluate([image("a", 6)], at=AT)
    assert policy.evaluate([], at=in_environment).at.tzinfo is timezone.utc


def test_a_number_of_days_before_the_first_instant_selects_no_image() -> None:
    assert evaluate(LifecyclePolicy.of(expire_untagged(after_days=2**31 - 1)), image("a", 400)) == {"a": "keep"}


def test_decisions_behave_like_a_tuple() -> None:
    policy, images = LifecyclePolicy.of(expire_untagged(after_days=5)), [image("a", 6), image("b", 9), image("c", 7)]
    expired, again = (policy.evaluate(images, at=AT).expired for _ in range(2))
    listed, other = tuple(expired), object()

    assert (len(expired), repr(expired), hash(expired)) == (3, repr(listed), hash(again))
    assert [expired[0], expired[-1], expired[1:]] == [listed[0], listed[-1], listed[1:]]
    assert expired == listed == again
    assert expired != listed[:2]
    assert expired != other


def test_an_evaluation_can_be_pickled() -> None:
    evaluation = LifecyclePolicy.of(expire_untagged(after_days=5)).evaluate([image("a", 6)], at=AT)

    assert pickle.loads(pickle.dumps(evaluation)) == evaluation


# --- properties over random values ------------------------------------------------------------------------------------


@given(policies, repositories(archive=True, restoration=True, indexes=True, referrers=True, offset=HOURS))
def test_an_image_is_in_exactly_one_group(policy: LifecyclePolicy, images: list[Image]) -> None:
    evaluation = policy.evaluate(images, at=AT)
    found = [*evaluation.expired, *evaluation.archived, *evaluation.kept, *evaluation.uncertain]

    assert sorted(names(found)) == sorted(each.digest for each in images)
    assert {decision.action for decision in evaluation.expired} <= {"expire"}
    assert {decision.action for decision in evaluation.archived} <= {"archive"}
    assert {decision.action for decision in evaluation.kept} <= {"keep"}
    assert all(decision.rule in policy.rules for decision in evaluation.decisions)
    assert all(decision.why for decision in found)


@given(policies, EVERYTHING, st.sampled_from([timedelta(0), HOURS]))
def test_certain_outcomes_are_equal_in_every_reading_and_uncertain_ones_differ(
    policy: LifecyclePolicy, images: list[Image], later: timedelta
) -> None:
    at = AT + later
    found = outcomes(policy.evaluate(images, at=at))

    for each in images:
        possible = {outcome(each, policy.rules, images, at, world) for world in worlds()}
        assert found[each.digest] == (possible.pop() if len(possible) == 1 else "uncertain"), each


@given(policies, EVERYTHING, st.randoms(use_true_random=False))
def test_the_order_of_images_of_different_ages_has_no_effect(
    policy: LifecyclePolicy, images: list[Image], chance: object
) -> None:
    by_age = {each.activated_at or each.pushed_at: each for each in images}
    different = list(by_age.values())
    shuffled = list(different)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis's Random

    assert outcomes(policy.evaluate(shuffled, at=AT)) == outcomes(policy.evaluate(different, at=AT))


@given(st.lists(intents, max_size=4), EVERYTHING)
def test_images_kept_forever_are_kept(others: list[object], images: list[Image]) -> None:
    try:
        policy = LifecyclePolicy.of(keep_forever("v*"), *others)  # type: ignore[arg-type]  # intents
    except ValueError:
        return
    touched = policy.evaluate(images, at=AT).decisions

    assert not [each for each in touched if any(tag.startswith("v") for tag in each.image.tags)]


@given(policies, EVERYTHING)
def test_a_lower_rule_never_changes_what_a_higher_one_does(policy: LifecyclePolicy, images: list[Image]) -> None:
    images = [each for each in images if each.subject_digest is None]  # they are deleted with their subjects
    whole = policy.evaluate(images, at=AT)
    higher = LifecyclePolicy(rules=policy.rules[:-1]).evaluate(images, at=AT)
    last = policy.rules[-1]

    assert {each for each in whole.decisions if each.rule != last} == set(higher.decisions)


@given(policies, EVERYTHING)
def test_a_policy_has_the_same_evaluation_after_a_round_trip(policy: LifecyclePolicy, images: list[Image]) -> None:
    again = LifecyclePolicy.from_json(policy.to_json())

    assert again.evaluate(images, at=AT) == policy.evaluate(images, at=AT)


@given(st.lists(intents, min_size=1, max_size=4), EVERYTHING)
def test_a_shadowed_rule_decides_no_outcome(written: list[object], images: list[Image]) -> None:
    rules: list[LifecycleRule] = []
    for rule in (rule for intent in written for rule in (*intent.keep_rules, *intent.rules)):  # type: ignore[attr-defined]
        values = {field: getattr(rule, field) for field in LifecycleRule.__dataclass_fields__}
        try:
            LifecyclePolicy(rules=[*rules, LifecycleRule(**values | {"rule_priority": len(rules) + 1})])
        except ValueError:
            continue
        rules.append(LifecycleRule(**values | {"rule_priority": len(rules) + 1}))
    policy = LifecyclePolicy(rules=rules)
    shadowed = [finding.rule for finding in policy.findings() if finding.id == "shadowed-rule"]
    evaluation = policy.evaluate(images, at=AT)
    deciding = [each.rule for each in (*evaluation.decisions, *evaluation.uncertain)]

    assert not [rule for rule in shadowed if rule in deciding]


# --- artifacts, and undocumented behavior -----------------------------------------------------------------------------


def test_a_signature_that_a_rule_may_delete_and_whose_subject_is_archived_is_uncertain() -> None:
    policy = LifecyclePolicy.of(expire_untagged(after_days=10), archive_older_than(after_days=30, matching="v*"))
    evaluation = policy.evaluate([image("a", 40, "v1"), image("signature", 40, subject_digest="a")], at=AT)

    assert outcomes(evaluation) == {"a": "archive", "signature": "uncertain"}
    assert evaluation.uncertain[0].action == "expire"
    assert "else it follows its subject a within 24 hours" in evaluation.uncertain[0].why


def test_a_tagged_artifact_that_its_own_rule_may_keep_is_uncertain() -> None:
    policy = LifecyclePolicy.of(expire_older_than(after_days=14, matching="*"))
    subject = image("a", 20, "v1")

    assert evaluate(policy, subject, image("by hours", 14.5, "sig", subject_digest="a"))["by hours"] == "uncertain"
    assert evaluate(policy, subject, image("young", 2, "sig", subject_digest="a"))["young"] == "uncertain"
    assert evaluate(policy, subject, image("old", 16, "sig", subject_digest="a"))["old"] == "expire"


def test_a_long_chain_of_signatures_is_deleted_with_its_subject_in_linear_time() -> None:
    policy = LifecyclePolicy.of(expire_older_than(after_days=5, matching="v*"))
    chain = [image(str(each), 9, subject_digest=str(each - 1)) for each in range(1, 5000)]

    assert set(evaluate(policy, image("0", 9, "v1"), *chain).values()) == {"expire"}


def test_an_image_of_a_known_index_can_be_in_an_unread_index() -> None:
    policy = LifecyclePolicy.of(expire_older_than(after_days=5, matching="v*"), expire_untagged(after_days=5))
    images = [
        image("read", 9, "v1", referenced_digests=["child"]),
        image("unread", 9, "w", manifest_media_type=INDEX),
        image("child", 9),
    ]

    assert evaluate(policy, *images) == {"read": "expire", "unread": "keep", "child": "keep"}
    assert [each.is_certain for each in policy.schedule(images, at=AT) if each.image.digest == "child"] == [False]


def test_a_value_that_is_not_an_image_is_an_error_that_names_read_images() -> None:
    with pytest.raises(TypeError, match=r"images\[0\] is {'imageDigest': 'a'}, not an Image; read it with"):
        LifecyclePolicy.none().evaluate([{"imageDigest": "a"}], at=AT)  # type: ignore[list-item]  # what people give


def test_equal_decisions_have_equal_hashes() -> None:
    kept = LifecyclePolicy.none().evaluate([image("a", 1)], at=AT).kept

    assert kept == tuple(kept)
    assert hash(kept) == hash(tuple(kept))
    assert (kept[0], kept[:1], len(kept)) == (next(iter(kept)), tuple(kept), 1)
