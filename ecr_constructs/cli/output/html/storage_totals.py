"""What remains of a repository day by day, in standard storage and in the archive, if nothing is pushed or pulled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import attrgetter

from ecr_constructs.cli.formatting import bytes_of
from ecr_constructs.model.images import Image
from ecr_constructs.model.lifecycle.schedule import ScheduledAction

__all__ = ["DailyTotals", "ImageTotals", "StorageTotals", "levels"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageTotals:
    """How many images, and their bytes."""

    images: int
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class StorageTotals:
    """What is in each storage class."""

    standard: ImageTotals
    archive: ImageTotals


@dataclass(frozen=True, kw_only=True, slots=True)
class DailyTotals:
    """
    What remains after what goes on a day.

    Attributes:
        day: The day; for the first level the day of the preview, before anything went.
        certain: What remains if only that goes which goes for certain.
        possible: What remains if all goes that may go.

    """

    day: date
    certain: StorageTotals
    possible: StorageTotals


def levels(images: Sequence[Image], departures: Sequence[ScheduledAction], *, today: date) -> Iterator[DailyTotals]:
    """
    Say what there is today, and then what remains after each day on which something goes.

    Args:
        images: Every image of the repository.
        departures: What goes when, the earliest first.
        today: The day of the preview.

    """
    certain, possible = _StorageState(images), _StorageState(images)
    yield DailyTotals(day=today, certain=certain.stock(), possible=possible.stock())
    for day, group in groupby(departures, key=attrgetter("day")):
        for departure in group:
            possible.take(departure)
            if departure.is_certain:
                certain.take(departure)
        yield DailyTotals(day=day, certain=certain.stock(), possible=possible.stock())


class _StorageState:
    """The images of a repository, in standard storage and in the archive."""

    def __init__(self, images: Sequence[Image]) -> None:
        self._is_archived = {image.digest: image.status == "archived" for image in images}
        self._images, self._bytes = [0, 0], [0, 0]
        for image in images:
            self._put(image, 1, is_archived=image.status == "archived")

    def take(self, departure: ScheduledAction) -> None:
        """Take an image from where it is, into the archive or out of the repository. What is not there stays away."""
        image = departure.image
        is_archived = self._is_archived.pop(image.digest, None)
        if is_archived is None:
            return
        self._put(image, -1, is_archived=is_archived)
        if departure.action == "archive":
            self._is_archived[image.digest] = True
            self._put(image, 1, is_archived=True)

    def stock(self) -> StorageTotals:
        """Count what is there."""
        standard, archive = (ImageTotals(images=self._images[shelf], size=self._bytes[shelf]) for shelf in (0, 1))
        return StorageTotals(standard=standard, archive=archive)

    def _put(self, image: Image, number: int, *, is_archived: bool) -> None:
        self._images[is_archived] += number
        self._bytes[is_archived] += number * bytes_of([image])
