"""The schedule: the day on which each image is deleted or archived if nothing else is pushed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given

from ecr_constructs.errors import InvalidImage
from ecr_constructs.model import (
    Image,
    Intent,
    LifecyclePolicy,
    LifecycleRule,
    ScheduledAction,
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
from ecr_constructs.model.lifecycle.image_index import ImageIndex
from ecr_constructs.model.lifecycle.rule_engine import RuleEngine
from ecr_constructs.model.lifecycle.schedule import Schedule, schedule_index
from tests.model.lifecycle.image_strategies import repositories
from tests.model.lifecycle.strategies import policies

AT = datetime(2026, 6, 1, 12, 0, tzinfo=timezone.utc)
TODAY = AT.date()
INDEX = "application/vnd.oci.image.index.v1+json"


def day(number: int) -> date:
    return TODAY + timedelta(days=number)


def image(name: str, age: float, *tags: str, **fields: object) -> Image:
    return Image(digest=name, pushed_at=AT - timedelta(days=age), tags=tags, **fields)  # type: ignore[arg-type]


def leaving(policy: LifecyclePolicy, *images: Image) -> list[tuple[str, date, str]]:
    return [(each.image.digest, each.day, each.action) for each in policy.schedule(images, at=AT)]


def certainty(policy: LifecyclePolicy, *images: Image) -> dict[str, tuple[date, bool]]:
    """Return the last day of an action on each image, and whether AWS documents it."""
    return {each.image.digest: (each.day, each.is_certain) for each in policy.schedule(images, at=AT)}


def deleting(priority: int, *, after_days: int, **selection: Any) -> LifecycleRule:
    return LifecycleRule(
        rule_priority=priority, count_type="sinceImageTransitioned", count_number=after_days, **selection
    )


def test_an_image_is_deleted_on_the_day_on_which_it_reaches_the_age() -> None:
    policy = LifecyclePolicy.of(expire_untagged(after_days=14), keep_forever("v*"))

    assert leaving(policy, image("young", 4), image("old", 40), image("half", 7.6), image("tagged", 90, "v1")) == [
        ("old", TODAY, "expire"),
        ("half", day(6), "expire"),
        ("young", day(10), "expire"),
    ]


def test_a_scheduled_action_has_its_rule() -> None:
    policy = LifecyclePolicy.of(keep_latest(5, matching="v*"), expire_untagged(after_days=14))
    (departure,) = policy.schedule([image("a", 4)], at=AT)

    assert departure == ScheduledAction(
        image=image("a", 4), day=day(10), action="expire", rule=policy.rules[1], is_certain=True
    )


def test_a_count_rule_deletes_images_today_and_no_image_later() -> None:
    policy = LifecyclePolicy.of(keep_latest(1, matching="v*"))

    assert leaving(policy, image("a", 1, "v2"), image("b", 2, "v1")) == [("b", TODAY, "expire")]


def test_archived_images_are_deleted_from_the_archive_later() -> None:
    policy = LifecyclePolicy.of(archive_older_than(after_days=30, matching="v*"), delete_archived(after_days=90))
    archived = image("c", 300, "v0", status="archived", archived_at=AT - timedelta(days=80))

    assert leaving(policy, image("a", 10, "v2"), image("b", 60, "v1"), archived) == [
        ("b", TODAY, "archive"),
        ("c", day(10), "expire"),
        ("a", day(20), "archive"),
        ("b", day(90), "expire"),
        ("a", day(110), "expire"),
    ]
    assert [each.rule for each in policy.schedule([image("b", 60, "v1")], at=AT)] == list(policy.rules)


def test_images_that_are_kept_forever_are_kept_in_the_archive_too() -> None:
    policy = LifecyclePolicy.of(keep_forever("v*"), archive_unpulled(after_days=30), delete_archived(after_days=90))

    assert leaving(policy, image("a", 10, "v2"), image("b", 10, last_pulled_at=AT - timedelta(days=5))) == [
        ("b", day(25), "archive"),
        ("b", day(115), "expire"),
    ]


def test_images_of_an_index_are_deleted_after_the_index() -> None:
    policy = LifecyclePolicy.of(expire_older_than(after_days=30, matching="v*"), expire_untagged(after_days=5))
    index = image("index", 10, "v1", referenced_digests=["child", "in_environment"])

    assert leaving(policy, index, image("child", 10)) == [("index", day(20), "expire"), ("child", day(21), "expire")]
    assert leaving(LifecyclePolicy.of(expire_untagged(after_days=5)), index, image("child", 10)) == []


def test_an_image_of_two_indexes_is_deleted_after_both() -> None:
    policy = LifecyclePolicy.of(expire_older_than(after_days=30, matching="v*"), expire_untagged(after_days=5))
    one, two = (image(f"index {age}", age, f"v{age}", referenced_digests=["child"]) for age in (10, 20))

    assert leaving(policy, one, two, image("child", 20))[-1] == ("child", day(21), "expire")
    assert leaving(policy, one, image("stays", 50, "w", referenced_digests=["child"]), image("child", 20)) == [
        ("index 10", day(20), "expire")
    ]


def test_an_image_of_an_index_is_scheduled_at_its_own_age_if_that_is_later() -> None:
    policy = LifecyclePolicy.of(expire_older_than(after_days=30, matching="v*"), expire_untagged(after_days=60))
    index, child = image("index", 40, "v1", referenced_digests=["child"]), image("child", 10)
    times = {"archived_at": AT - timedelta(days=20), "activated_at": AT - timedelta(days=10)}
    restored = image("restored", 40, "v2", referenced_digests=["child"], **times)

    assert certainty(policy, index, child, image("other", 70))["child"] == (day(50), True)
    assert certainty(policy, index, restored, child)["child"] == (day(50), False)


def test_an_image_of_an_index_that_a_count_deletes_is_certain_if_the_newest_are_kept() -> None:
    images = [image("new", 1, "w"), image("index", 5, "v1", referenced_digests=["child"]), image("child", 5)]
    counted = LifecyclePolicy.of(limit_images(1)).schedule(images, at=AT)
    mixed = LifecyclePolicy.of(expire_older_than(after_days=1, matching="w"), limit_images(1)).schedule(images, at=AT)

    assert [(each.image.digest, each.day, each.is_certain) for each in counted] == [
        ("index", TODAY, True),
        ("child", day(1), True),
    ]
    assert ("child", day(1), False) in [(each.image.digest, each.day, each.is_certain) for each in mixed]


def test_the_newest_are_those_that_the_rule_selects_in_standard_storage() -> None:
    policy = LifecyclePolicy.of(
        expire_older_than(after_days=1, matching="w"),
        keep_latest(1, matching="v*"),
        limit_images(1),
        delete_archived(after_days=90),
    )
    images = [
        image("archived", 0, "v4", status="archived", archived_at=AT - timedelta(days=100)),
        image("goes today", 1, "w"),
        image("stays", 2, "v3"),
        image("index", 5, "v1", referenced_digests=["tagged", "untagged"]),
        image("tagged", 5, "v0"),
        image("untagged", 5),
    ]
    actions = certainty(policy, *images)

    assert actions["goes today"] == (TODAY, True)
    assert actions["tagged"] == (day(1), True)
    assert actions["untagged"] == (day(1), False)


def test_a_signature_is_deleted_with_its_subject_from_both_storage_classes() -> None:
    policy = LifecyclePolicy.of(archive_older_than(after_days=30, matching="v*"), delete_archived(after_days=90))

    assert leaving(policy, image("a", 10, "v2"), image("signature", 10, subject_digest="a")) == [
        ("signature", day(20), "archive"),
        ("a", day(20), "archive"),
        ("signature", day(110), "expire"),
        ("a", day(110), "expire"),
    ]
    assert certainty(policy, image("a", 10, "v2"), image("signature", 10, subject_digest="a"))["signature"][1]


def test_an_outcome_that_aws_does_not_document_is_reported() -> None:
    policy = LifecyclePolicy.of(expire_older_than(after_days=30, matching="v*"), archive_untagged(after_days=5))
    restored = image("restored", 99, "v1", archived_at=AT - timedelta(days=50), activated_at=AT - timedelta(days=2))
    orphan = image("orphan", 1, subject_digest="gone")

    assert {each.image.digest: each.is_certain for each in policy.schedule([restored, orphan], at=AT)} == {
        "restored": False,
        "orphan": False,
    }


def test_today_is_the_day_in_utc() -> None:
    policy = LifecyclePolicy.of(expire_untagged(after_days=5))
    east = AT.astimezone(timezone(timedelta(hours=13)))

    assert policy.schedule([image("a", 9)], at=east) == policy.schedule([image("a", 9)], at=AT)


def test_an_image_that_is_hours_older_than_its_age_is_certain_to_be_deleted_today() -> None:
    policy = LifecyclePolicy.of(expire_untagged(after_days=5))

    assert certainty(policy, image("a", 5.4)) == {"a": (TODAY, True)}
    assert certainty(policy, image("a", 4.4)) == {"a": (day(1), True)}
    assert certainty(policy, image("a", 5.4), image("untold", 1, "v1", manifest_media_type=INDEX)) == {
        "a": (TODAY, False)
    }


def test_an_image_that_is_uncertain_today_is_uncertain_later() -> None:
    cases: list[tuple[list[Image], bool]] = [
        ([image("a", 10)], True),
        ([image("a", 10, subject_digest="gone")], False),
        ([image("a", 10, status="activating")], False),
        ([image("a", 10), image("untold", 40, "v1", manifest_media_type=INDEX)], False),
    ]
    for images, is_certain in cases:
        assert certainty(LifecyclePolicy.of(expire_older_than(after_days=30)), *images)["a"] == (day(20), is_certain)


def test_a_restored_image_is_uncertain_until_both_of_its_ages_are_reached() -> None:
    def restored(pushed: float, activated: float) -> Image:
        times = {"archived_at": AT - timedelta(days=activated + 1), "activated_at": AT - timedelta(days=activated)}
        return image("a", pushed, **times)

    by_push, by_use = (LifecyclePolicy.of(intent(after_days=30)) for intent in (expire_older_than, archive_unpulled))

    assert certainty(by_use, restored(20, 10)) == {"a": (day(20), True)}
    assert certainty(by_push, restored(20, 10)) == {"a": (day(10), False)}
    assert certainty(by_push, restored(99, 30.4)) == {"a": (TODAY, True)}
    archiving = LifecyclePolicy.of(archive_older_than(after_days=30), delete_archived(after_days=90))
    assert [each.is_certain for each in archiving.schedule([restored(99, 10)], at=AT)] == [False, False]


@pytest.mark.parametrize(("after_days", "is_certain"), [(3, False), (4, True)])
def test_an_image_of_an_index_is_uncertain_if_a_newer_image_is_deleted_first(
    after_days: int, *, is_certain: bool
) -> None:
    policy = LifecyclePolicy.of(expire_older_than(after_days=after_days, matching="w*"), limit_images(2))
    newest = [image("new", 1, "w2"), image("second", 3, "w1")]
    actions = certainty(policy, *newest, image("index", 5, "v1", referenced_digests=["child"]), image("child", 6))

    assert actions["child"] == (day(1), is_certain)


def test_an_archived_signature_follows_its_subject_only_out_of_the_archive() -> None:
    policy = LifecyclePolicy.of(archive_older_than(after_days=30, matching="v*"), delete_archived(after_days=90))
    signature = image("signature", 40, subject_digest="a", status="archived", archived_at=AT)

    assert leaving(policy, image("a", 40, "v1"), signature) == [
        ("a", TODAY, "archive"),
        ("signature", day(90), "expire"),
        ("a", day(90), "expire"),
    ]
    assert certainty(policy, image("a", 40, "v1"), signature)["signature"] == (day(90), True)
    restoring = image("signature", 40, subject_digest="a", status="activating")
    assert leaving(policy, image("a", 40, "v1"), restoring)[0] == ("signature", TODAY, "archive")


def test_a_signature_leaves_the_archive_with_its_subject_or_before() -> None:
    cases: list[tuple[int, int | None, tuple[int, bool]]] = [
        (90, None, (90, True)),
        (90, 100, (90, True)),
        (100, 90, (90, False)),
        (100, 100, (100, True)),
    ]
    for tagged, every, leave in cases:
        (archiving,) = LifecyclePolicy.of(archive_older_than(after_days=30, matching="v*")).rules
        rules = [archiving, deleting(2, after_days=tagged, tag_status="tagged", tag_pattern_list=["v*"])]
        if every is not None:
            rules.append(deleting(3, after_days=every, tag_status="any"))
        actions = certainty(LifecyclePolicy(rules=rules), image("a", 40, "v1"), image("b", 40, subject_digest="a"))

        assert actions == {"a": (day(tagged), True), "b": (day(leave[0]), leave[1])}


def test_a_signature_is_deleted_before_its_subject_and_uncertain_if_it_is_kept_longer() -> None:
    subject, by_age = image("a", 10, "v1"), expire_older_than(after_days=30, matching="v*")
    plain, tagged = (image("signature", 10, *tags, subject_digest="a") for tags in ((), ("sig",)))
    untold = image("untold", 1, "w", manifest_media_type=INDEX)

    def signature(*images: Image, intents: Sequence[Intent] = (by_age,)) -> tuple[date, bool]:
        return certainty(LifecyclePolicy.of(*intents), subject, *images)["signature"]

    assert signature(plain) == (day(20), True)
    assert signature(plain, intents=[by_age, expire_untagged(after_days=5)]) == (TODAY, False)
    assert signature(plain, intents=[by_age, expire_untagged(after_days=60)]) == (day(20), True)
    assert signature(tagged) == (day(20), True)
    assert signature(tagged, intents=[keep_forever("sig"), by_age]) == (day(20), False)
    assert signature(tagged, intents=[by_age, expire_older_than(after_days=30, matching="sig")]) == (day(20), True)
    assert signature(tagged, intents=[by_age, expire_older_than(after_days=60, matching="sig")]) == (day(20), False)
    archiving = archive_older_than(after_days=30, matching="v*")
    assert signature(plain, intents=[archiving, expire_untagged(after_days=30)]) == (day(20), False)
    assert signature(plain, untold) == (day(20), False)
    restored = image("s", 20, "v1", archived_at=AT - timedelta(days=15), activated_at=AT - timedelta(days=10))
    assert signature(restored, image("signature", 10, subject_digest="s")) == (day(10), False)


def test_a_signature_is_among_the_newest_images_of_the_rule_that_deletes_its_subject() -> None:
    index, child = image("index", 5, "v1", referenced_digests=["child"]), image("child", 6)
    signature = image("signature", 1, "sig", subject_digest="child")

    assert [each[:2] for each in leaving(LifecyclePolicy.of(limit_images(1)), signature, index, child)] == [
        ("index", TODAY),
        ("signature", day(1)),
        ("child", day(1)),
    ]


def test_a_tagged_signature_that_may_be_among_the_newest_is_uncertain_although_its_subject_is_deleted() -> None:
    # AWS does not document whether artifacts take places in the count. Of images of one age, the last is the newest.
    untagged = [image(str(number), 5) for number in range(5)]
    tagged, plain = image("tagged", 5, "latest", subject_digest="3"), image("plain", 5, subject_digest="4")

    scheduled = certainty(LifecyclePolicy.of(limit_images(1)), *untagged, tagged, plain)

    assert scheduled["3"] == (TODAY, True)
    assert scheduled["tagged"] == (TODAY, False)


def test_an_age_beyond_the_last_date_of_python_has_no_day() -> None:
    never = 2**31 - 1

    assert leaving(LifecyclePolicy.of(expire_untagged(after_days=never)), image("a", 4)) == []
    assert leaving(
        LifecyclePolicy.of(archive_untagged(after_days=5), delete_archived(after_days=never)), image("a", 4)
    ) == [("a", day(1), "archive")]


def test_an_image_that_is_listed_twice_is_rejected() -> None:
    with pytest.raises(InvalidImage, match="'a' is listed twice"):
        LifecyclePolicy.none().schedule([image("a", 1), image("a", 1)], at=AT)


# --- properties over random values ------------------------------------------------------------------------------------

EVERYTHING = repositories(archive=True, restoration=True, indexes=True, referrers=True, tagged_referrers=True)


@given(policies, EVERYTHING)
def test_actions_of_today_are_scheduled_today(policy: LifecyclePolicy, images: list[Image]) -> None:
    evaluation = policy.evaluate(images, at=AT)
    today = {(each.image, each.action) for each in policy.schedule(images, at=AT) if each.day == TODAY}
    certain = {each.image for each in policy.schedule(images, at=AT) if each.is_certain and each.day == TODAY}

    assert {(each.image, each.action) for each in evaluation.decisions} <= today
    assert {each.image for each in evaluation.decisions} <= certain
    assert not {each.image for each in evaluation.uncertain} & certain


@given(policies, EVERYTHING)
def test_no_image_is_scheduled_in_the_past_or_twice_in_a_storage_class(
    policy: LifecyclePolicy, images: list[Image]
) -> None:
    actions = policy.schedule(images, at=AT)
    days = [each.day for each in actions]

    assert days == sorted(days)
    assert not days or days[0] >= TODAY
    assert len({(each.image, each.action) for each in actions}) == len(actions)


@given(policies, repositories(archive=True, indexes=True, most=6))
def test_the_schedule_equals_an_evaluation_of_each_day(policy: LifecyclePolicy, images: list[Image]) -> None:
    # For outcomes of ECR's preview: the images of an index with an unknown manifest remain uncertain.
    images = [
        each if not each.is_index else replace(each, referenced_digests=each.referenced_digests or ())
        for each in images
    ]
    actions = [each for each in policy.schedule(images, at=AT) if each.is_certain]
    soon = [each for each in actions if each.day <= day(130)]
    simulated: dict[tuple[str, str], date] = {}
    present = {each.digest: each for each in images}
    for number in range(132):
        at = AT + timedelta(days=number)
        for decision in policy.evaluate(present.values(), at=at).decisions:
            gone = present.pop(decision.image.digest)
            simulated[gone.digest, decision.action] = at.date()
            if decision.action == "archive":
                present[gone.digest] = replace(gone, status="archived", archived_at=at)
    scheduled = {(each.image.digest, each.action): each.day for each in soon}

    # An image that is exactly so many days old is not older: evaluated at noon, it is deleted a day later, and the
    # second departure up to two.
    for key, when in scheduled.items():
        assert when <= simulated[key] <= when + timedelta(days=3), key
    assert {key for key, when in simulated.items() if when <= day(120)} <= {
        (each.image.digest, each.action) for each in policy.schedule(images, at=AT)
    }


def nested(number: int) -> list[Image]:
    """Return nested indexes, the innermost image first."""
    inner = [image("0", 40)]
    return inner + [image(str(each), 40, referenced_digests=[str(each - 1)]) for each in range(1, number)]


def test_indexes_can_be_nested_deeply_and_in_a_circle() -> None:
    policy = LifecyclePolicy.of(expire_untagged(after_days=30))
    circle = [image(each, 40, referenced_digests=[other]) for each, other in ("ab", "ba")]

    assert [each[:2] for each in leaving(policy, *nested(2000))][-1] == ("0", day(1999))
    assert [each[:2] for each in leaving(policy, *reversed(nested(2000)))][-1] == ("0", day(1999))
    assert leaving(policy, *circle) == []
    assert leaving(policy, image("self", 40, referenced_digests=["self"])) == [("self", TODAY, "expire")]


def test_a_restored_image_is_uncertain_hours_or_days_after_its_age() -> None:
    policy = LifecyclePolicy.of(expire_untagged(after_days=30))
    (departure,) = policy.schedule(
        [image("a", 30.5, archived_at=AT - timedelta(days=20), activated_at=AT - timedelta(days=13))], at=AT
    )

    assert (departure.day, departure.is_certain) == (TODAY, False)


def test_an_attestation_of_an_index_is_deleted_with_its_subject() -> None:
    policy = LifecyclePolicy.of(expire_older_than(after_days=30, matching="v*"), expire_untagged(after_days=5))
    images = [
        image("index", 31, "v1", referenced_digests=["amd64", "attestation"]),
        image("amd64", 31),
        image("attestation", 31, subject_digest="amd64"),
    ]

    assert [(each.image.digest, each.day, each.is_certain) for each in policy.schedule(images, at=AT)] == [
        ("index", TODAY, True),
        ("attestation", day(1), True),
        ("amd64", day(1), True),
    ]


def test_an_attestation_is_deleted_after_an_index_of_another_image() -> None:
    policy = LifecyclePolicy.of(expire_older_than(after_days=30, matching="v*"))
    index = image("index", 10, "v2", referenced_digests=["attestation"])

    assert leaving(policy, index, image("s", 40, "v1"), image("attestation", 40, subject_digest="s")) == [
        ("s", TODAY, "expire"),
        ("index", day(20), "expire"),
        ("attestation", day(21), "expire"),
    ]


def test_it_is_uncertain_whether_a_rule_of_the_archive_deletes_a_signature_by_itself() -> None:
    policy = LifecyclePolicy.from_dict(
        {
            "rules": [
                LifecyclePolicy.of(archive_older_than(after_days=30, matching="v*")).rules[0].to_dict(),
                {
                    "rulePriority": 2,
                    "selection": {
                        "tagStatus": "untagged",
                        "storageClass": "archive",
                        "countType": "sinceImageTransitioned",
                        "countUnit": "days",
                        "countNumber": 90,
                    },
                    "action": {"type": "expire"},
                },
            ]
        }
    )
    signed = [image("a", 40, "v1"), image("signature", 40, subject_digest="a")]

    assert [(each.image.digest, each.action, each.is_certain) for each in policy.schedule(signed, at=AT)] == [
        ("signature", "archive", True),
        ("a", "archive", True),
        ("signature", "expire", False),
    ]


def test_the_subject_of_an_index_can_be_one_of_its_images() -> None:
    index, child = image("x", 10, referenced_digests=["c"], subject_digest="c"), image("c", 10)

    assert certainty(LifecyclePolicy.of(expire_untagged(after_days=5)), index, child) == {
        "x": (TODAY, False),
        "c": (day(1), False),
    }


def test_no_image_that_a_keep_rule_of_the_archive_selects_is_deleted() -> None:
    policy = LifecyclePolicy.of(keep_forever("keep"), archive_unpulled(after_days=5), delete_archived(after_days=90))
    archived = image("a", 400, "keep", status="archived", archived_at=AT - timedelta(days=300))

    assert leaving(policy, archived) == []


@given(policies, repositories(most=6))
def test_images_without_relations_are_scheduled_together_as_one_by_one(
    policy: LifecyclePolicy, images: list[Image]
) -> None:
    together = policy.schedule(images, at=AT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ecr_constructs.model.lifecycle.schedule._Scheduler.independent_actions", lambda _: None)
        assert together == policy.schedule(images, at=AT)


def test_a_schedule_is_computed_when_it_is_first_read(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = LifecyclePolicy.of(expire_older_than(after_days=30), expire_untagged(after_days=7))
    images = [image("one", 40, "v1"), image("two", 3)]
    expected = policy.schedule(images, at=AT)
    computed: list[int] = []

    def compute(*arguments: Any) -> tuple[ScheduledAction, ...]:
        computed.append(1)
        return schedule_index(*arguments)

    monkeypatch.setattr("ecr_constructs.model.lifecycle.schedule.schedule_index", compute)
    lazy = Schedule(RuleEngine(policy.rules, ImageIndex(images, policy.rules), AT), policy.rules)

    assert computed == []
    assert lazy == expected
    assert (len(lazy), lazy[0], lazy[:1], hash(lazy), repr(lazy)) == (
        len(expected),
        expected[0],
        expected[:1],
        hash(expected),
        repr(expected),
    )
    assert computed == [1]
