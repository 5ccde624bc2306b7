"""Intents, compiled to rules and replayed, do what a second reading of them says, image by image."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from hypothesis import event, given, settings
from hypothesis import strategies as st

from ecr_constructs.errors import InvalidLifecyclePolicy
from ecr_constructs.model import (
    Image,
    Intent,
    LifecyclePolicy,
    archive_unpulled,
    delete_archived,
    expire_older_than,
    expire_unmatched,
    expire_untagged,
    keep_forever,
    keep_latest,
    limit_images,
)
from tests.model.lifecycle.image_strategies import AT, repositories
from tests.model.lifecycle.naive_intents import Fate, fates
from tests.model.lifecycle.strategies import intents

# Numbers that a dozen images reach and patterns that they match, beside those of any kind.
_counts = st.integers(1, 5)
_days = st.sampled_from([1, 2, 3, 30])
_pattern = st.sampled_from(["*", "v*", "v1", "a*", "*-*", "release-*", "latest"])
_patterns = st.lists(_pattern, min_size=1, max_size=2, unique=True)
near_intents = st.one_of(
    st.builds(keep_latest, _counts, matching=_pattern),
    st.builds(keep_latest, _counts, matching_all=_patterns),
    st.builds(keep_forever, _pattern),
    st.builds(limit_images, _counts),
    st.builds(expire_untagged, keep=_counts),
    st.builds(expire_untagged, after_days=_days),
    st.builds(expire_older_than, after_days=_days, matching=_patterns),
    st.builds(expire_unmatched, keeping=_patterns, after_days=_days),
    st.builds(archive_unpulled, after_days=_days),
    st.builds(delete_archived, after_days=st.integers(90, 92)),
)
some_intents = st.lists(near_intents, min_size=1, max_size=4) | st.lists(intents, min_size=1, max_size=4)
more_examples = settings(max_examples=2 * settings().max_examples)
GROUPS: dict[str, Fate] = {"expired": "expire", "archived": "archive", "kept": "keep"}


def replayed(given_intents: Sequence[Intent], images: Sequence[Image]) -> dict[str, set[Fate] | None] | None:
    """Say what happens to each image, nothing for an uncertain one; no answer for intents that contradict."""
    try:
        policy = LifecyclePolicy.of(*given_intents)
    except InvalidLifecyclePolicy:
        event("refused")
        return None
    evaluation = policy.evaluate(images, at=AT)
    certain = {each.image.digest: {fate} for group, fate in GROUPS.items() for each in getattr(evaluation, group)}
    return certain | {each.image.digest: None for each in evaluation.uncertain}


def read_naively(given_intents: Sequence[Intent], images: Sequence[Image]) -> dict[str, set[Fate] | None]:
    return {
        digest: possible if len(possible) == 1 else None
        for digest, possible in fates(given_intents, images, AT).items()
    }


def agree(given_intents: Sequence[Intent], images: Sequence[Image]) -> None:
    result = replayed(given_intents, images)

    assert result is None or result == read_naively(given_intents, images)


@more_examples
@given(some_intents, repositories(archive=True))
def test_intents_do_what_they_say_and_nothing_is_uncertain(given_intents: list[Intent], images: list[Image]) -> None:
    agree(given_intents, images)

    assert None not in (replayed(given_intents, images) or {}).values()


@more_examples
@given(some_intents, repositories(archive=True, offset=timedelta(hours=7)))
def test_hours_are_uncertain_where_they_decide(given_intents: list[Intent], images: list[Image]) -> None:
    agree(given_intents, images)


@more_examples
@given(some_intents, repositories(archive=True, restoration=True, offset=timedelta(minutes=1)))
def test_restored_images_are_uncertain_where_their_restoration_decides(
    given_intents: list[Intent], images: list[Image]
) -> None:
    agree(given_intents, images)


@more_examples
@given(some_intents, repositories(indexes=True))
def test_images_of_an_index_stay_and_are_uncertain_where_it_does_not_tell_its_images(
    given_intents: list[Intent], images: list[Image]
) -> None:
    agree(given_intents, images)


@more_examples
@given(some_intents, repositories(referrers=True))
def test_artifacts_go_with_their_subject(given_intents: list[Intent], images: list[Image]) -> None:
    agree(given_intents, images)


@more_examples
@given(some_intents, repositories(archive=True, restoration=True, indexes=True, referrers=True, most=8))
def test_all_of_it_together(given_intents: list[Intent], images: list[Image]) -> None:
    agree(given_intents, images)
