"""The costs of images: examples that are calculated by hand, and laws over evaluations."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.model import Image, LifecyclePolicy, archive_older_than, expire_older_than
from ecr_constructs.model.pricing.costs import Costs, Storage, costs, storage_of, unpulled
from ecr_constructs.model.pricing.prices import GIGABYTE, PRICES_BY_REGION
from tests.model.lifecycle.image_strategies import repositories
from tests.model.lifecycle.strategies import policies

AT = datetime(2026, 6, 1, tzinfo=timezone.utc)
US_EAST_1 = PRICES_BY_REGION["us-east-1"]
INDEX = "application/vnd.oci.image.index.v1+json"


def image(number: int, *, days: int, gigabytes: int = 10, **values: Any) -> Image:
    """Return an image that was pushed some days ago."""
    return Image(
        digest=f"sha256:{number:064}",
        pushed_at=AT - timedelta(days=days),
        size=gigabytes * GIGABYTE,
        **values,
    )


def archived(number: int, *, days: int) -> Image:
    return image(number, days=500, status="archived", archived_at=AT - timedelta(days=days))


def costs_of(policy: LifecyclePolicy, *images: Image) -> Costs:
    storage = storage_of(policy.evaluate(images, at=AT), at=AT)
    found = costs(storage, storage, US_EAST_1)
    assert found is not None
    return found


def amounts(found: Costs) -> tuple[Decimal, ...]:
    return found.today, found.after, found.archive, found.archive_minimum


def test_deleted_images_cost_nothing_after_the_policy() -> None:
    found = costs_of(LifecyclePolicy.of(expire_older_than(after_days=30)), image(1, days=100), image(2, days=1))

    assert amounts(found) == tuple(map(Decimal, (2, 1, 0, 0)))  # 20 GB and 10 GB at 0.10 USD


def test_an_archived_image_costs_the_same_and_is_charged_for_90_days() -> None:
    found = costs_of(LifecyclePolicy.of(archive_older_than(after_days=30)), image(1, days=100), image(2, days=1))

    assert amounts(found) == (Decimal(2), Decimal(2), Decimal(1), Decimal(3))  # 90 days are three months


@pytest.mark.parametrize(("days", "minimum"), [(0, 3), (30, 2), (60, 1), (90, 0), (400, 0)])
def test_the_minimum_of_an_image_in_the_archive_counts_from_its_archival(days: int, minimum: int) -> None:
    found = costs_of(LifecyclePolicy.none(), archived(1, days=days))

    assert amounts(found) == tuple(map(Decimal, (1, 1, 1, minimum)))


def test_an_image_index_has_no_size_of_its_own() -> None:
    index = image(1, days=1, manifest_media_type=INDEX)

    assert amounts(costs_of(LifecyclePolicy.none(), index, image(2, days=1))) == tuple(map(Decimal, (1, 1, 0, 0)))
    assert costs_of(LifecyclePolicy.none(), index).of_image(index) == 0


def test_a_tier_applies_to_the_sum_of_all_repositories() -> None:
    small, large = (Storage(archive=size * GIGABYTE, archive_after=size * GIGABYTE) for size in (51_200, 153_600))

    found = [costs(each, small + large, US_EAST_1) for each in (small, large)]

    # 204,800 GB cost 15,360 and 3,584 USD. A quarter of them is a quarter of the price.
    assert [each and each.today for each in found] == [Decimal(4_736), Decimal(14_208)]


def test_without_a_price_of_the_archive_only_repositories_without_archived_images_have_costs() -> None:
    prices = replace(US_EAST_1, archive=None)
    standard = Storage(standard=GIGABYTE, standard_after=GIGABYTE)

    assert costs(standard, standard, prices) is not None
    assert costs(standard, standard + Storage(archive_after=1), prices) is None


@pytest.mark.parametrize(
    ("values", "is_counted"),
    [
        ({}, True),
        ({"last_pulled_at": AT - timedelta(days=91)}, True),
        ({"last_pulled_at": AT - timedelta(days=89)}, False),
        ({"activated_at": AT - timedelta(days=5)}, False),
        ({"activated_at": AT - timedelta(days=95), "last_pulled_at": AT - timedelta(days=200)}, True),
        ({"status": "archived", "archived_at": AT - timedelta(days=100)}, False),
    ],
)
def test_images_without_a_recent_pull_are_counted(values: dict[str, Any], *, is_counted: bool) -> None:
    found = unpulled([image(1, days=300, **values), image(2, days=10)], days=90, at=AT)

    assert (found.images, found.size) == ((1, 10 * GIGABYTE) if is_counted else (0, 0))


def test_no_image_is_older_than_the_calendar() -> None:
    assert unpulled([image(1, days=300)], days=100_000_000, at=AT).images == 0


@given(repositories(), policies, st.integers(1, 400))
def test_each_byte_is_counted_exactly_once(images: list[Image], policy: LifecyclePolicy, days: int) -> None:
    evaluation = policy.evaluate(images, at=AT)
    storage = storage_of(evaluation, at=AT)
    sized = [each for each in images if not each.is_index]

    assert storage.standard + storage.archive == sum(each.size for each in sized)
    assert storage.archive == sum(each.size for each in sized if each.status == "archived")
    assert storage.standard + storage.archive - storage.standard_after - storage.archive_after == evaluation.bytes_freed
    assert 0 <= storage.minimum <= 90 * storage.archive_after
    assert 0 <= unpulled(images, days=days, at=AT).size <= storage.standard


@given(repositories(), policies)
def test_the_costs_of_images_add_up_to_those_of_the_repository(images: list[Image], policy: LifecyclePolicy) -> None:
    found = costs_of(policy, *images)

    total = sum((found.of_image(each) for each in images), Decimal(0))
    assert abs(total - found.today) <= found.today * Decimal("1e-15")
    assert found.archive <= found.after
