"""The costs of the images of a repository: today, after the next run of a policy, and in the archive."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from ecr_constructs.model.images import Image
from ecr_constructs.model.lifecycle.evaluation import Evaluation
from ecr_constructs.model.lifecycle.rule import MINIMUM_DAYS_ARCHIVED
from ecr_constructs.model.lifecycle.rule_engine import last_use
from ecr_constructs.model.pricing.prices import Prices

__all__ = ["Costs", "Storage", "Unpulled", "costs", "storage_of", "unpulled"]

# Months have 28 to 31 days. 90 days are three months here.
_DAYS_A_MONTH = 30
_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Unpulled:
    """
    The images that can be pulled and that were not pulled for a number of days. Values of repositories can be added.

    Attributes:
        days: The number of days.
        images: The number of images.
        size: Their bytes.

    """

    days: int
    images: int = 0
    size: int = 0

    def __add__(self, other: Unpulled) -> Unpulled:
        """Return the sums."""
        return Unpulled(days=self.days, images=self.images + other.images, size=self.size + other.size)


@dataclass(frozen=True, kw_only=True, slots=True)
class Storage:
    """
    The bytes of images by storage class. Values of repositories can be added.

    Attributes:
        standard: The bytes in the standard storage class.
        archive: The bytes in the archive storage class.
        standard_after: The bytes in the standard storage class after the policy. Uncertain images count as they are.
        archive_after: The bytes in the archive storage class after the policy. Uncertain images count as they are.
        minimum: For the images in the archive after the policy: bytes times the days that remain of the minimum storage
            duration.
        unpulled: The bytes of the images that were not pulled.

    """

    standard: int = 0
    archive: int = 0
    standard_after: int = 0
    archive_after: int = 0
    minimum: int = 0
    unpulled: int = 0

    def __add__(self, other: Storage) -> Storage:
        """Return the sums."""
        return Storage(**{name: getattr(self, name) + getattr(other, name) for name in self.__slots__})


@dataclass(frozen=True, kw_only=True, slots=True)
class Costs:
    """
    The costs of the images of a repository, or of several.

    Attributes:
        today: The monthly costs of the current images.
        after: The monthly costs of the images that remain after the policy. Uncertain images count as unchanged.
        archive: The part of `after` that is for images in the archive.
        archive_minimum: The costs of the images in the archive after the policy until each of them has been there for
            90 days. AWS also charges them if the images are deleted earlier.
        unpulled: The part of `today` that is for images that were not pulled.
        standard_byte: The current monthly price of a byte in the standard storage class.
        archive_byte: The current monthly price of a byte in the archive storage class.
        currency: The currency.

    """

    today: Decimal
    after: Decimal
    archive: Decimal
    archive_minimum: Decimal
    unpulled: Decimal
    standard_byte: Decimal
    archive_byte: Decimal
    currency: str

    def of_image(self, image: Image) -> Decimal:
        """Return the monthly costs of a current image."""
        if image.is_index:
            return Decimal(0)
        return image.size * (self.archive_byte if image.status == "archived" else self.standard_byte)


def unpulled(images: Iterable[Image], *, days: int, at: datetime) -> Unpulled:
    """
    Return the images that were not pulled for a number of days. The age counts as in a rule with `sinceImagePulled`.

    Args:
        images: The images. Archived images cannot be pulled, and are omitted.
        days: The number of days.
        at: The instant, with a time zone.

    """
    try:
        since = at - days * _DAY
    except OverflowError:  # no image is that old
        return Unpulled(days=days)
    # The time of the push is compared first, because most images of a large repository were not pulled after it.
    found = [each for each in images if each.pushed_at < since and each.status == "active" and last_use(each) < since]
    return Unpulled(days=days, images=len(found), size=_size(found))


def storage_of(evaluation: Evaluation, *, at: datetime, unpulled_size: int = 0) -> Storage:
    """
    Return the bytes of the images of a repository by storage class. An image index has no size of its own.

    Args:
        evaluation: The outcome of each image.
        at: The instant, with a time zone.
        unpulled_size: The bytes of the images that were not pulled. Default: 0.

    """
    expired = [each.image for each in evaluation.expired]
    moved = [each.image for each in evaluation.archived]
    remaining = [each.image for group in (evaluation.uncertain, evaluation.kept) for each in group]
    in_archive = [image for image in remaining if image.status == "archived"]
    archive, expired_archive = _size(in_archive), _size(each for each in expired if each.status == "archived")
    standard, archived = _size(remaining) - archive, _size(moved)
    return Storage(
        standard=standard + archived + _size(expired) - expired_archive,
        archive=archive + expired_archive,
        standard_after=standard,
        archive_after=archive + archived,
        minimum=archived * MINIMUM_DAYS_ARCHIVED
        + sum(each.size * _remaining_days(each, at) for each in in_archive if not each.is_index),
        unpulled=unpulled_size,
    )


def costs(storage: Storage, total: Storage, prices: Prices) -> Costs | None:
    """
    Return the costs of some of the images of a registry. None if the price of the archive is needed and not known.

    The tiers of a price apply to the sum of all repositories. Each repository has its share of the price.

    Args:
        storage: The bytes of the images.
        total: The bytes of all images of the registry, of which these are a part.
        prices: The prices of the Region.

    """
    archived = total.archive or total.archive_after
    if prices.archive is None and archived:
        return None
    archive_class = prices.archive or prices.standard  # the latter is the price of 0 bytes
    standard_after = prices.standard.share(storage.standard_after, total.standard_after)
    archive_after = archive_class.share(storage.archive_after, total.archive_after)
    return Costs(
        today=prices.standard.share(storage.standard, total.standard)
        + archive_class.share(storage.archive, total.archive),
        after=standard_after + archive_after,
        archive=archive_after,
        archive_minimum=archive_class.share(storage.minimum, total.archive_after) / _DAYS_A_MONTH,
        unpulled=prices.standard.share(storage.unpulled, total.standard),
        standard_byte=prices.standard.share(1, total.standard),
        archive_byte=archive_class.share(1, total.archive),
        currency=prices.currency,
    )


def _size(images: Iterable[Image]) -> int:
    return sum(image.size for image in images if not image.is_index)


def _remaining_days(image: Image, at: datetime) -> int:
    """Return the days until the end of the minimum storage duration, counted from the archival."""
    if image.archived_at is None:
        return MINIMUM_DAYS_ARCHIVED
    return min(MINIMUM_DAYS_ARCHIVED, max(0, MINIMUM_DAYS_ARCHIVED - (at - image.archived_at) // _DAY))
