"""The ready policies keep what they state, and have no warnings."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ecr_constructs.errors import InvalidLifecyclePolicy
from ecr_constructs.model import (
    Immutability,
    LifecyclePolicy,
    audit_retention_policy,
    build_cache_policy,
    cached_repository_policy,
    development_policy,
    lowest_cost_policy,
    production_policy,
)
from ecr_constructs.model.lifecycle import ready_policies
from ecr_constructs.testing import (
    archived,
    assert_archives,
    assert_expires,
    assert_keeps,
    pipeline_images,
    release_images,
    untagged_images,
)
from tests.model.lifecycle.image_strategies import AT

READY: dict[str, Callable[..., LifecyclePolicy]] = {
    name: getattr(ready_policies, name) for name in ready_policies.__all__
}


@pytest.mark.parametrize("make", READY.values(), ids=READY)
@pytest.mark.parametrize("immutability", [None, Immutability.off(), Immutability.all_tags()], ids=str)
def test_a_ready_policy_has_no_errors_or_warnings(
    make: Callable[..., LifecyclePolicy], immutability: Immutability | None
) -> None:
    assert {each.severity for each in make().findings(immutability=immutability)} <= {"info"}


@pytest.mark.parametrize("make", READY.values(), ids=READY)
def test_a_ready_policy_keeps_the_newest_image_of_a_repository_without_pushes(
    make: Callable[..., LifecyclePolicy],
) -> None:
    images = release_images("v{n}", count=3, until=AT, every_days=1) + release_images(
        "main-{n}", count=3, until=AT, every_days=1
    )
    deleted = {each.image for each in make().schedule(images, at=AT) if each.action == "expire"}
    archived_first = {each.image for each in make().schedule(images, at=AT) if each.action == "archive"}

    assert set(images) - (deleted - archived_first)


def test_development_keeps_the_main_branch_by_number_and_others_by_age() -> None:
    images = pipeline_images("main-{n}", days=90, until=AT) + pipeline_images("pr-{n}", days=30, until=AT)

    assert_keeps(development_policy(), images, "main-41", "pr-30", at=AT)
    assert_expires(development_policy(), images, "main-40", "pr-1", at=AT)


def test_the_production_policy_keeps_deployed_images_of_every_age() -> None:
    images = release_images("v{n}", count=120, until=AT) + release_images(
        "production", count=1, until=AT.replace(year=2020)
    )

    assert_keeps(production_policy(), images, "production", "v21", at=AT)
    assert_expires(production_policy(), images, "v20", at=AT)


def test_audit_retention_archives_and_then_deletes_all_but_deployed_images() -> None:
    old = release_images("v{n}", count=2, until=AT.replace(year=2024))
    deployed = release_images("production-{n}", count=2, until=AT.replace(year=2010))
    gone = archived(release_images("x{n}", count=1, until=AT.replace(year=2015)), at=AT.replace(year=2016))
    policy, images = audit_retention_policy(), old + deployed + gone

    assert_archives(policy, images, "v*", at=AT)
    assert_keeps(policy, images, "production-*", at=AT)
    assert_expires(policy, images, "x1", at=AT)


def test_the_others_limit_images() -> None:
    images = pipeline_images("a-{n}", days=30, until=AT) + untagged_images(days=5, until=AT)

    assert len(lowest_cost_policy(keep=3).evaluate(images, at=AT).kept) == 3 + 1
    assert len(build_cache_policy(keep=7).evaluate(images, at=AT).kept) == 7
    assert len(cached_repository_policy(unpulled_for_days=10).evaluate(images, at=AT).archived) > 10


@pytest.mark.parametrize("make", READY.values(), ids=READY)
def test_a_wrong_number_is_rejected(make: Callable[..., LifecyclePolicy]) -> None:
    numbers = [name for name, value in (make.__kwdefaults__ or {}).items() if isinstance(value, int)]

    for name in numbers:
        with pytest.raises(InvalidLifecyclePolicy):
            make(**{name: 0})
    assert numbers
