"""The monthly prices of Amazon ECR for the storage of a gigabyte."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

__all__ = ["GIGABYTE", "PRICES_BY_REGION", "PricePerGigabyte", "Prices", "Tier"]

# In the price list of AWS, 150 TB of storage are 153,600 GB, so its units are powers of 1,024.
GIGABYTE = 2**30


class Tier(NamedTuple):
    """
    The price of the storage above an amount.

    Attributes:
        above: The amount, in gigabytes.
        price: The monthly price of a gigabyte.

    """

    above: Decimal
    price: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class PricePerGigabyte:
    """
    The price of a storage class.

    Attributes:
        tiers: The tiers, the first from 0 gigabytes on.

    """

    tiers: Sequence[Tier]

    def month(self, size: int) -> Decimal:
        """
        Return the price of a month.

        Args:
            size: The bytes of all images of the registry in the storage class.

        """
        gigabytes = Decimal(size) / GIGABYTE
        ends = [*(tier.above for tier in self.tiers[1:]), gigabytes]
        parts = (
            max(Decimal(0), min(end, gigabytes) - tier.above) * tier.price
            for tier, end in zip(self.tiers, ends, strict=True)
        )
        return sum(parts, Decimal(0))

    def share(self, size: int, total: int) -> Decimal:
        """
        Return the part of the price of a month for some of the bytes. The parts of all bytes add up to the price.

        Args:
            size: The bytes of the images.
            total: The bytes of all images of the registry in the storage class.

        """
        return self.month(total) * size / total if total else Decimal(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Prices:
    """
    The prices of a Region.

    Attributes:
        region: The Region.
        currency: The currency, such as `USD`.
        standard: The price of the standard storage class.
        archive: The price of the archive storage class, or None if it is not known.
        source: The page or the file with the prices.
        day: The day on which the prices were read or published, or None if it is not known.

    """

    region: str
    currency: str
    standard: PricePerGigabyte
    archive: PricePerGigabyte | None
    source: str
    day: date | None = None


# The price list of AWS for AmazonECR in us-east-1, as of the day below. The page is that on which AWS publishes prices.
PRICES_BY_REGION: Mapping[str, Prices] = {
    "us-east-1": Prices(
        region="us-east-1",
        currency="USD",
        standard=PricePerGigabyte(tiers=(Tier(Decimal(0), Decimal("0.10")),)),
        archive=PricePerGigabyte(
            tiers=(Tier(Decimal(0), Decimal("0.10")), Tier(Decimal(153_600), Decimal("0.07"))),
        ),
        source="https://aws.amazon.com/ecr/pricing/",
        day=date(2026, 9, 24),
    )
}
