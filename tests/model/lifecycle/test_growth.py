"""The day on which a repository is full: examples by hand, and a simulation that pushes and evaluates day by day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta, timezone

import pytest

from ecr_constructs.model import (
    Image,
    LifecyclePolicy,
    archive_older_than,
    delete_archived,
    expire_older_than,
    expire_untagged,
    keep_forever,
    keep_latest,
    limit_images,
)
from ecr_constructs.model.lifecycle.growth import IMAGES_PER_REPOSITORY, MOST_DAYS, Growth, growth

AT = datetime(2026, 6, 1, tzinfo=timezone.utc)
DAY = timedelta(days=1)
INDEX = "application/vnd.oci.image.index.v1+json"


def pushed(number: int, days: float, *tags: str, **values: object) -> Image:
    return Image(digest=f"sha256:{number:064}", pushed_at=AT - days * DAY, tags=tags, **values)  # type: ignore[arg-type]


def history(a_day: int, tag: str, *, days: int = 60, first: int = 0) -> list[Image]:
    """Return images that were pushed at the same rate on every day."""
    return [
        pushed(first + day * a_day + number, day + (number + 0.5) / a_day, f"{tag}{day * a_day + number}")
        for day in range(days)
        for number in range(a_day)
    ]


def grown(policy: LifecyclePolicy, images: list[Image], quota: int) -> Growth:
    return growth(policy.rules, images, at=AT, quota=quota)


def test_a_policy_that_keeps_everything_fills_the_repository_at_the_push_rate() -> None:
    found = grown(LifecyclePolicy.none(), history(10, "v"), 1_000)

    # 600 images, and 10 a day for 40 days.
    assert found == Growth(images_a_day=10, full_on=date(2026, 7, 11), quota=1_000)


def test_the_quota_of_ecr_is_the_default() -> None:
    found = growth((), history(100, "v", days=30), at=AT)

    assert found.quota == IMAGES_PER_REPOSITORY == 100_000
    assert found.full_on == date(2026, 6, 1) + timedelta(days=970)  # 3,000 images, and 97,000 at 100 a day


def simulated(policy: LifecyclePolicy, push: Callable[[int], Iterator[Image]], quota: int, days: int) -> date | None:
    """Return the day on which the quota is reached, with the policy applied after each day."""
    images = history(10, "v")
    for day in range(days + 1):
        at = AT + day * DAY
        evaluation = policy.evaluate(images, at=at)
        gone = {decision.image.digest for decision in evaluation.expired}
        moved = {decision.image.digest for decision in evaluation.archived}
        images = [
            Image(digest=each.digest, pushed_at=each.pushed_at, tags=each.tags, status="archived", archived_at=at)
            if each.digest in moved
            else each
            for each in images
            if each.digest not in gone
        ]
        if len(images) >= quota:
            return at.date()
        images += push(day)
    return None


def ten_a_day(day: int) -> Iterator[Image]:
    for number in range(10):
        yield pushed(10_000 + day * 10 + number, -day - (number + 0.5) / 10, f"v{10_000 + day * 10 + number}")


@pytest.mark.parametrize(
    "policy",
    [
        LifecyclePolicy.none(),
        LifecyclePolicy.of(limit_images(300)),
        LifecyclePolicy.of(limit_images(900)),
        LifecyclePolicy.of(keep_forever("v*"), limit_images(3)),
        LifecyclePolicy.of(keep_latest(100, matching="v*5"), expire_untagged(after_days=1)),
        LifecyclePolicy.of(expire_older_than(after_days=45)),
        LifecyclePolicy.of(expire_older_than(after_days=78)),
        LifecyclePolicy.of(expire_older_than(after_days=200)),
        LifecyclePolicy.of(archive_older_than(after_days=20)),
        LifecyclePolicy.of(archive_older_than(after_days=20), delete_archived(after_days=95)),
    ],
    ids=str,
)
def test_the_day_is_that_of_a_simulation(policy: LifecyclePolicy) -> None:
    found = grown(policy, history(10, "v"), 800).full_on
    expected = simulated(policy, ten_a_day, 800, 150)

    assert (found is None) == (expected is None) or (found is not None and found > AT.date() + 150 * DAY)
    if expected is not None:
        assert found is not None
        # An age rule acts on the day after.
        assert abs(found - expected) <= 2 * DAY


def test_images_of_an_index_and_referrers_are_kept_as_long_as_their_index_and_subject() -> None:
    policy = LifecyclePolicy.of(expire_untagged(after_days=1))
    images = []
    for day in range(30):
        child = pushed(3 * day, day + 0.5)
        index = pushed(3 * day + 1, day + 0.5, f"v{day}", manifest_media_type=INDEX, referenced_digests=[child.digest])
        signature = pushed(3 * day + 2, day + 0.5, subject_digest=index.digest)
        images += [child, index, signature]

    assert grown(policy, images, 120).full_on == date(2026, 6, 11)  # 90 images, and 3 a day


@pytest.mark.parametrize(
    ("images", "rate"),
    [
        ([], 0),
        ([pushed(1, 0.5)], 1 / 7),  # a repository of a day counts as one of a week
        (history(2, "v", days=10), 2),
        (history(2, "v", days=90), 2),
        ([pushed(number, 300) for number in range(50)], 0),
    ],
)
def test_the_rate_is_that_of_the_last_30_days(images: list[Image], rate: float) -> None:
    found = grown(LifecyclePolicy.none(), images, 10_000_000)

    assert found.images_a_day == pytest.approx(rate)
    assert found.full_on is None


@pytest.mark.parametrize("year", [1, 9999])
def test_the_first_and_the_last_days_have_a_growth(year: int) -> None:
    at = datetime(year, 1, 3, tzinfo=timezone.utc) if year == 1 else datetime(year, 12, 29, tzinfo=timezone.utc)
    images = [Image(digest=f"sha256:{number:064}", pushed_at=at) for number in range(10)]

    assert growth((), images, at=at, quota=10).full_on == at.date()
    assert growth((), images, at=at, quota=1_000).full_on == (
        None if year == 9999 else date(2, 11, 27)
    )  # 990 images at 10 in 7 days


def test_a_full_repository_is_full_today_and_a_far_day_is_not_predicted() -> None:
    images = history(10, "v")

    assert grown(LifecyclePolicy.none(), images, 600).full_on == AT.date()
    assert grown(LifecyclePolicy.none(), images, 600 + 10 * MOST_DAYS).full_on == AT.date() + MOST_DAYS * DAY
    assert grown(LifecyclePolicy.none(), images, 601 + 10 * MOST_DAYS).full_on is None
