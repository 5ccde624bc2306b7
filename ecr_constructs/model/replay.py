"""
Which images the rules of a policy claim, and which they mark: ECR's way of applying rules, once for each storage class.

Where AWS's documents do not decide, two readings are followed side by side: one in which a rule takes as much as it
may, and one in which it takes only what it must. What differs is doubtful, and each doubt has its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from enum import Enum
from operator import attrgetter
from typing import NamedTuple

from ecr_constructs.model.census import Census
from ecr_constructs.model.images import Image
from ecr_constructs.model.rules import LifecycleRule

__all__ = ["Doubt", "Mark", "Replay", "age_begins", "doubts_of"]

_LONG_AGO = datetime.min.replace(tzinfo=timezone.utc)


class Doubt(Enum):
    """A question that AWS's documents leave open; the value says why the fate of an image hangs on it."""

    HOURS = "it is older than that by hours only, and AWS does not say whether hours count"
    RESTORED = "AWS does not say whether the age of a restored image counts from its push or from its restoration"
    PLACES = (
        "AWS does not say whether the images of an index, or artifacts about other images, take places in the count"
    )
    CHILD = "it may belong to an index, and ECR keeps the images of an index that is there"
    REFERRER = "AWS does not say whether rules select artifacts that are about another image"
    ACTIVATING = "AWS does not say which rules select an image while it is being restored"


class Mark(NamedTuple):
    """A rule that takes an image, for certain if there are no doubts."""

    rule: LifecycleRule
    doubts: frozenset[Doubt] = frozenset()


class Replay:
    """
    The rules applied to the images of a census.

    Attributes:
        claims: For a position, the first rule of its storage class that is about the image, whether or not it acts.
        marks: For a position, the rule that takes the image, unless an index that is there protects it.

    """

    def __init__(self, rules: Sequence[LifecycleRule], census: Census, at: datetime) -> None:
        """Apply each rule, by priority."""
        self._census = census
        self._at = at
        self._doubts = doubts_of(census)
        # Images of an index are surely not taken; whether they take places in a count is not known.
        self._may_take_no_place = self._doubts.keys() | census.indexes_of.keys()
        self.claims: dict[int, LifecycleRule] = {}
        self.marks: dict[int, Mark] = {}
        # Images that are being restored are in both places; what standard storage says of them is said last.
        self._apply([rule for rule in rules if rule.storage_class == "archive"], census.archive)
        self._apply([rule for rule in rules if rule.storage_class == "standard"], census.standard)

    def _apply(self, rules: Sequence[LifecycleRule], images: Sequence[int]) -> None:
        claimed: set[int] = set()
        free = images
        for rule in rules:
            if rule.count_type == "imageCountMoreThan":
                # What higher rules claimed or marked is counted all the same, and nothing takes its place.
                selected = self._census.selected(rule, images)
                mine = [position for position in selected if position not in claimed]
                self._mark_beyond(rule, selected, claimed)
            else:
                mine = self._census.selected(rule, free)
                self._mark_older(rule, mine)
            self.claims.update(dict.fromkeys(mine, rule))
            claimed.update(mine)
            free = [position for position in free if position not in claimed]

    def _mark_beyond(self, rule: LifecycleRule, selected: Sequence[int], claimed: set[int]) -> None:
        """Mark what comes after the newest so many, unless it is claimed."""
        beyond = selected[rule.count_number :]
        if self._may_take_no_place.isdisjoint(selected):
            self.marks.update(dict.fromkeys((each for each in beyond if each not in claimed), Mark(rule)))
            return
        takers = sum(each not in self._may_take_no_place for each in selected[: rule.count_number])
        for position in beyond:
            if position not in claimed:
                open_question = Doubt.PLACES if takers < rule.count_number else None
                self._mark(position, rule, open_question)
            takers += position not in self._may_take_no_place

    def _mark_older(self, rule: LifecycleRule, images: Sequence[int]) -> None:
        """Mark what is older than so many days; what is older by hours only is doubtful."""
        limit, day_before = _days_before(self._at, rule.count_number), _days_before(self._at, rule.count_number + 1)
        begins = age_begins(rule)
        pictures = self._census.images
        counts_pushes = rule.count_type == "sinceImagePushed"
        certain = Mark(rule)
        for position in images:
            image = pictures[position]
            begin = begins(image)
            if begin is None or begin >= limit:
                continue
            if counts_pushes and image.activated_at is not None and image.activated_at > day_before:
                self._mark(position, rule, Doubt.RESTORED if begin <= day_before else Doubt.HOURS)
            elif begin > day_before:
                self._mark(position, rule, Doubt.HOURS)
            elif position in self._doubts:
                self._mark(position, rule, None)
            else:
                self.marks[position] = certain

    def _mark(self, position: int, rule: LifecycleRule, open_question: Doubt | None) -> None:
        doubts = self._doubts.get(position, frozenset())
        self.marks[position] = Mark(rule, doubts if open_question is None else doubts | {open_question})


def age_begins(rule: LifecycleRule) -> Callable[[Image], datetime | None]:
    """
    Say from when on a rule counts the age of an image; nothing for an image that has no such time.

    Args:
        rule: A rule that counts days.

    """
    if rule.count_type == "sinceImagePulled":
        return _last_use
    return attrgetter("archived_at" if rule.count_type == "sinceImageTransitioned" else "pushed_at")


def doubts_of(census: Census) -> dict[int, frozenset[Doubt]]:
    """
    Say for which images it is doubtful whether rules may take them at all, and why.

    Args:
        census: The images.

    """
    doubts: dict[int, frozenset[Doubt]] = dict.fromkeys(census.may_be_children, frozenset({Doubt.CHILD}))
    for positions, doubt in ((census.referrers, Doubt.REFERRER), (census.activating, Doubt.ACTIVATING)):
        for position in positions:
            doubts[position] = doubts.get(position, frozenset()) | {doubt}
    return doubts


def _last_use(image: Image) -> datetime:
    """Give the last pull; the restoration, if nobody pulled it since; the push, if nobody ever did."""
    since = image.activated_at or image.pushed_at
    if image.last_pulled_at is None or (image.activated_at is not None and image.last_pulled_at < image.activated_at):
        return since
    return image.last_pulled_at


def _days_before(at: datetime, days: int) -> datetime:
    try:
        return at - timedelta(days=days)
    except OverflowError:
        return _LONG_AGO
