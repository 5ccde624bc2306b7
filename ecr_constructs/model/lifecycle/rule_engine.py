"""
Which images the rules of a policy claim, and which they mark: ECR's way of applying rules, once for each storage class.

Where AWS's documents do not decide, two readings are followed side by side: one in which a rule takes as much as it
may, and one in which it takes only what it must. What differs is doubtful, and each doubt has its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from enum import Enum
from operator import attrgetter
from typing import Literal

from ecr_constructs.model.images import Image
from ecr_constructs.model.lifecycle.image_index import ImageIndex
from ecr_constructs.model.lifecycle.rule import Action, LifecycleRule

__all__ = ["ACTIONS", "RuleAction", "RuleEngine", "UndocumentedBehavior", "age_begins"]

# What a rule's action is called where it is about an image.
ACTIONS: Mapping[Action, Literal["expire", "archive"]] = {"expire": "expire", "transition": "archive"}

_AN_INSTANT = timedelta.resolution
_LONG_AGO = datetime.min.replace(tzinfo=timezone.utc)


class UndocumentedBehavior(Enum):
    """A question that AWS's documents leave open; the value says why the fate of an image hangs on it."""

    HOURS = "it is older than that by hours only, and AWS does not say whether hours count"
    RESTORED = "AWS does not say whether the age of a restored image counts from its push or from its restoration"
    PLACES = (
        "AWS does not say whether the images of an index, or artifacts about other images, take places in the count"
    )
    CHILD = "it may belong to an index, and ECR keeps the images of an index that is there"
    REFERRER = "AWS does not say whether rules select artifacts that are about another image"
    ACTIVATING = "AWS does not say which rules select an image while it is being restored"


@dataclass(frozen=True, eq=False, slots=True)
class RuleAction:
    """A rule that takes images, for certain if there are no doubts. Images that are taken alike share one."""

    rule: LifecycleRule
    doubts: frozenset[UndocumentedBehavior] = frozenset()


class RuleEngine:
    """
    The rules applied to the images of a census.

    Attributes:
        claims: For each position the first rule of its storage class that is about the image, whether or not it acts.
        marks: For each position the rule that takes the image, unless an index that is there protects it.
        doubts: For some positions, why it is doubtful whether rules may take the image at all.

    """

    def __init__(self, rules: Sequence[LifecycleRule], census: ImageIndex, at: datetime) -> None:
        """Apply each rule, by priority."""
        self._census = census
        self._at = at
        self.doubts = _doubts_of(census)
        # Images of an index are surely not taken; whether they take places in a count is not known.
        self._may_take_no_place = self.doubts.keys() | census.indexes_of.keys()
        self.claims: list[LifecycleRule | None] = [None] * len(census.images)
        self.marks: list[RuleAction | None] = [None] * len(census.images)
        self._apply([rule for rule in rules if rule.storage_class == "archive"], census.archive)
        # Images that are being restored are in both places; what standard storage says of them is said last.
        for position in census.activating:
            self.claims[position] = None
        self._apply([rule for rule in rules if rule.storage_class == "standard"], census.standard)

    def _apply(self, rules: Sequence[LifecycleRule], images: Sequence[int]) -> None:
        claims = self.claims
        for rule in rules:
            selected = self._census.selected(rule, images)
            mine = [position for position in selected if claims[position] is None]
            if rule.count_type == "imageCountMoreThan":
                # What higher rules claimed or marked is counted all the same, and nothing takes its place.
                self._mark_beyond(rule, selected)
            elif rule.count_type == "sinceImagePushed":
                self._mark_older(rule, mine)
            else:
                self._mark_unused(rule, mine)
            for position in mine:
                claims[position] = rule

    def _mark_beyond(self, rule: LifecycleRule, selected: Sequence[int]) -> None:
        """Mark what comes after the newest so many, unless it is claimed."""
        beyond = [position for position in selected[rule.count_number :] if self.claims[position] is None]
        self._mark_all(beyond, rule)
        if self._may_take_no_place.isdisjoint(selected):
            return
        takers = [position for position in selected if position not in self._may_take_no_place]
        last = takers[rule.count_number - 1] if len(takers) >= rule.count_number else len(self._census.images)
        self._mark_all([position for position in beyond if position <= last], rule, UndocumentedBehavior.PLACES)

    def _mark_older(self, rule: LifecycleRule, images: Sequence[int]) -> None:
        """Mark what was pushed before so many days. Images are in order of age, but for those that were restored."""
        limit, day_before = self._limits(rule)
        older, surely_older = map(self._census.first_older_than, (limit, day_before))
        self._mark_all([position for position in images if position >= surely_older], rule)
        self._mark_all(
            [position for position in images if older <= position < surely_older], rule, UndocumentedBehavior.HOURS
        )
        for position in self._census.restored.intersection(images):
            pushed_at = self._census.images[position].pushed_at
            if position < older and pushed_at < limit:
                self._mark_all([position], rule, UndocumentedBehavior.RESTORED)

    def _mark_unused(self, rule: LifecycleRule, images: Sequence[int]) -> None:
        """Mark what was pulled last, or archived, before so many days."""
        limit, day_before = self._limits(rule)
        begins, pictures = age_begins(rule), self._census.images
        older = [each for each in images if (time := begins(pictures[each])) is not None and time < limit]
        by_hours = [each for each in older if (time := begins(pictures[each])) is not None and time >= day_before]
        self._mark_all(older, rule)
        self._mark_all(by_hours, rule, UndocumentedBehavior.HOURS)

    def _limits(self, rule: LifecycleRule) -> tuple[datetime, datetime]:
        """
        Say before which instant an age begins that is more than so many days, and one that is so by whole days.

        An age of exactly so many days is not more; the second limit is as strict as the first, and a day earlier.
        """
        return _days_before(self._at, rule.count_number), _days_before(self._at, rule.count_number + 1) + _AN_INSTANT

    def _mark_all(
        self, positions: Sequence[int], rule: LifecycleRule, open_question: UndocumentedBehavior | None = None
    ) -> None:
        """Mark images with what is doubtful of all of them, and of each."""
        common = frozenset() if open_question is None else frozenset({open_question})
        mark, others = RuleAction(rule, common), dict[frozenset[UndocumentedBehavior], RuleAction]()
        for position in positions:
            self.marks[position] = mark
        for position in self.doubts.keys() & positions if self.doubts else ():
            doubts = common | self.doubts[position]
            self.marks[position] = others.setdefault(doubts, RuleAction(rule, doubts))


def age_begins(rule: LifecycleRule) -> Callable[[Image], datetime | None]:
    """
    Say from when on a rule counts the age of an image; nothing for an image that has no such time.

    Args:
        rule: A rule that counts days.

    """
    if rule.count_type == "sinceImagePulled":
        return _last_use
    return attrgetter("archived_at" if rule.count_type == "sinceImageTransitioned" else "pushed_at")


def _doubts_of(census: ImageIndex) -> dict[int, frozenset[UndocumentedBehavior]]:
    doubts: dict[int, frozenset[UndocumentedBehavior]] = dict.fromkeys(
        census.may_be_children, frozenset({UndocumentedBehavior.CHILD})
    )
    for positions, doubt in (
        (census.referrers, UndocumentedBehavior.REFERRER),
        (census.activating, UndocumentedBehavior.ACTIVATING),
    ):
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
