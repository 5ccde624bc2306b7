"""The prices of storage: amounts calculated by hand, and laws of shares."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.model.pricing.prices import GIGABYTE, PRICES_BY_REGION, PricePerGigabyte, Tier

US_EAST_1 = PRICES_BY_REGION["us-east-1"]
ARCHIVE = US_EAST_1.archive
assert ARCHIVE is not None
SIZES = st.integers(0, 2**60)


@st.composite
def prices(draw: st.DrawFn) -> PricePerGigabyte:
    """Return a price whose tiers become cheaper."""
    ends = sorted(draw(st.sets(st.integers(1, 10**6), max_size=3)))
    amounts = sorted(draw(st.lists(st.integers(1, 100), min_size=len(ends) + 1, max_size=len(ends) + 1)), reverse=True)
    tiers = [Tier(Decimal(end), Decimal(cents) / 100) for end, cents in zip([0, *ends], amounts, strict=True)]
    return PricePerGigabyte(tiers=tiers)


@pytest.mark.parametrize(
    ("gigabytes", "standard", "archive"),
    [
        (0, "0", "0"),
        (1, "0.10", "0.10"),
        (1_000, "100", "100"),
        (153_600, "15360", "15360"),  # 150 TB
        (153_601, "15360.10", "15360.07"),
        (204_800, "20480", "18944"),  # 200 TB: 153,600 at 0.10 and 51,200 at 0.07
    ],
)
def test_the_costs_of_a_month_are_those_of_the_price_table(gigabytes: int, standard: str, archive: str) -> None:
    assert US_EAST_1.standard.month(gigabytes * GIGABYTE) == Decimal(standard)
    assert ARCHIVE is not None
    assert ARCHIVE.month(gigabytes * GIGABYTE) == Decimal(archive)


def test_the_table_has_its_page_and_its_day() -> None:
    assert (US_EAST_1.region, US_EAST_1.currency, list(PRICES_BY_REGION)) == ("us-east-1", "USD", ["us-east-1"])
    assert US_EAST_1.source == "https://aws.amazon.com/ecr/pricing/"
    assert US_EAST_1.day is not None


@given(prices(), SIZES, SIZES)
def test_more_storage_costs_more_and_no_more_than_at_the_first_price(
    price: PricePerGigabyte, size: int, more: int
) -> None:
    assert 0 <= price.month(size) <= price.month(size + more)
    assert price.month(size) <= Decimal(size) / GIGABYTE * price.tiers[0].price


@given(prices(), st.lists(SIZES, max_size=6))
def test_the_shares_of_repositories_add_up_to_the_price(price: PricePerGigabyte, sizes: list[int]) -> None:
    total = sum(sizes)

    shares = sum((price.share(size, total) for size in sizes), Decimal(0))

    assert abs(shares - price.month(total)) <= price.month(total) * Decimal("1e-20")
