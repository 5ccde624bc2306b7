"""The rules of two lifecycle policies: more deletions are found, and nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.errors import EcrConstructsError
from ecr_constructs.model import (
    Image,
    LifecyclePolicy,
    archive_older_than,
    expire_older_than,
    expire_untagged,
    keep_forever,
    keep_latest,
    limit_images,
)
from ecr_constructs.model.changes.lifecycle_difference import (
    lifecycle_policy_of,
    newly_affected_images,
    reasons_for_more,
)
from ecr_constructs.model.lifecycle.intents import Intent

NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
of = LifecyclePolicy.of


@pytest.mark.parametrize(
    ("before", "after", "word"),
    [
        (of(keep_latest(10, matching="v*")), of(keep_latest(9, matching="v*")), "beyond 9 images instead of 10"),
        (of(expire_untagged(after_days=14)), of(expire_untagged(after_days=13)), "13 days instead of 14"),
        (of(keep_latest(9, matching="v*")), of(keep_latest(9, matching="*")), "newly deletes"),
        (of(archive_older_than(after_days=90)), of(expire_older_than(after_days=90)), "newly deletes"),
        (of(keep_forever("v*"), limit_images(5)), of(limit_images(5)), "rule 1 of the deployed policy kept"),
        (LifecyclePolicy.none(), of(limit_images(5)), "newly deletes"),
    ],
)
def test_a_policy_that_can_delete_more_has_a_reason(before: LifecyclePolicy, after: LifecyclePolicy, word: str) -> None:
    [reason] = reasons_for_more(before, after)

    assert word in reason
    assert list(reasons_for_more(after, after)) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (of(keep_latest(9, matching="v*")), of(keep_latest(10, matching="v*"))),
        (of(keep_latest(9, matching="v*")), LifecyclePolicy.none()),
        (of(limit_images(5)), of(keep_forever("v*"), limit_images(5))),
        (of(expire_older_than(after_days=9)), of(expire_older_than(after_days=9, matching="v*"))),
    ],
)
def test_a_policy_that_deletes_less_has_no_reason(before: LifecyclePolicy, after: LifecyclePolicy) -> None:
    assert list(reasons_for_more(before, after)) == []


def test_a_text_that_cannot_be_read_is_no_policy() -> None:
    assert lifecycle_policy_of("{}") is None
    assert lifecycle_policy_of({"Ref": "X"}) is None
    assert lifecycle_policy_of(None) == LifecyclePolicy.none()


@pytest.mark.parametrize(
    ("days", "hours", "certain"),
    [
        # A rule of 9 days: AWS does not document whether an image of 9 days and 12 hours is older.
        (9, 12, False),
        (11, 0, True),
    ],
)
def test_an_image_is_affected_if_it_becomes_uncertain_and_not_if_it_was_uncertain(
    days: int, hours: int, *, certain: bool
) -> None:
    image = Image(digest=f"sha256:{0:064x}", pushed_at=NOW - timedelta(days=days, hours=hours), tags=[], size=1)
    keeping, deleting = of(expire_untagged(after_days=30)), of(expire_untagged(after_days=9))

    [found] = newly_affected_images(keeping, deleting, [image], NOW)

    assert found.image == image
    assert (found in deleting.evaluate([image], at=NOW).expired) is certain
    assert newly_affected_images(deleting, deleting, [image], NOW) == ()


def test_an_image_that_was_uncertain_and_is_certain_now_is_affected() -> None:
    image = Image(digest=f"sha256:{0:064x}", pushed_at=NOW - timedelta(days=9, hours=12), tags=[], size=1)
    uncertain, certain = of(expire_untagged(after_days=9)), of(expire_untagged(after_days=8))

    assert len(newly_affected_images(uncertain, certain, [image], NOW)) == 1
    assert newly_affected_images(certain, uncertain, [image], NOW) == ()


INTENTS = st.one_of(
    st.builds(
        lambda n, tag: keep_latest(n, matching=tag), st.integers(1, 4), st.sampled_from(["v*", "v1*", "dev-*", "*"])
    ),
    st.builds(keep_forever, st.sampled_from(["v*", "v1*", "dev-*"])),
    st.builds(lambda n: expire_untagged(after_days=n), st.integers(1, 5)),
    st.builds(limit_images, st.integers(1, 5)),
    st.builds(
        lambda n, tag: expire_older_than(after_days=n, matching=tag), st.integers(1, 5), st.sampled_from(["v*", "*"])
    ),
)
POLICIES = st.lists(INTENTS, max_size=3)
IMAGES = st.lists(
    st.tuples(st.integers(0, 8), st.lists(st.sampled_from(["v1", "v12", "v2", "dev-1", "x"]), max_size=2, unique=True)),
    max_size=8,
)


def compiled(intents: list[Intent]) -> LifecyclePolicy:
    try:
        return of(*intents)
    except EcrConstructsError:
        return LifecyclePolicy.none()


@given(POLICIES, POLICIES, IMAGES)
def test_every_policy_that_deletes_an_image_more_has_a_reason(
    old: list[Intent], new: list[Intent], described: list[tuple[int, list[str]]]
) -> None:
    before, after = compiled(old), compiled(new)
    # ECR assigns a tag to the image of the last push, so each image has its own tags here.
    images = [
        Image(
            digest=f"sha256:{n:064x}",
            pushed_at=NOW - timedelta(days=days, minutes=n),
            tags=[f"{tag}.{n}" for tag in tags],
            size=1,
        )
        for n, (days, tags) in enumerate(described)
    ]
    if newly_affected_images(before, after, images, NOW):
        assert list(reasons_for_more(before, after))
