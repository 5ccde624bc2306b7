"""What a lifecycle policy will do to the images that are there, day by day, if nothing is pushed or pulled any more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from ecr_constructs.model.images import Image
from ecr_constructs.model.rules import LifecycleRule

__all__ = ["Departure", "schedule"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Departure:
    """
    The day on which an image goes, by which rule, and where to.

    Attributes:
        image: The image.
        day: The first day (UTC) on which the rule selects it; ECR acts within 24 hours.
        action: `expire`, or `archive`: an archived image may have a second departure, from the archive.
        rule: The rule that acts.
        is_certain: Whether AWS's documents decide that it goes.

    """

    image: Image
    day: date
    action: Literal["expire", "archive"]
    rule: LifecycleRule
    is_certain: bool


def schedule(rules: Sequence[LifecycleRule], images: Iterable[Image], *, at: datetime) -> tuple[Departure, ...]:
    """
    Say for each image on which days it leaves, the earliest departures first.

    Args:
        rules: The rules of a policy, by priority.
        images: Every image of the repository, whatever its status.
        at: The instant from which on nothing is pushed, with a time zone.

    """
    raise NotImplementedError
