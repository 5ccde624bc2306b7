"""
The growth of a repository under a policy, up to ECR's quota of images per repository.

The images of the last days are representative: as many are pushed on every following day, with tags that the same rules
select, and no image is pulled that a rule archives by the time of its last pull.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone

from ecr_constructs.model.images import Image
from ecr_constructs.model.lifecycle.image_index import ImageIndex, to_utc
from ecr_constructs.model.lifecycle.rule import LifecycleRule

__all__ = ["IMAGES_PER_REPOSITORY", "MOST_DAYS", "Growth", "growth"]

# "The maximum number of images per repository" is 100,000 and can be increased:
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
IMAGES_PER_REPOSITORY = 100_000
# A later day is not predicted.
MOST_DAYS = 3_650
_WINDOW = 30
# The pushes of one day are not representative for a month.
_SHORTEST_WINDOW = 7
_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Growth:
    """
    The growth of a repository.

    Attributes:
        images_a_day: The images that are pushed a day: the existing images of the last 30 days, per day.
        full_on: The first day on which the repository has as many images as the quota allows, or None if there is none
            within ten years.
        quota: The quota of images per repository.

    """

    images_a_day: float
    full_on: date | None
    quota: int


def growth(
    rules: Sequence[LifecycleRule], images: Iterable[Image], *, at: datetime, quota: int = IMAGES_PER_REPOSITORY
) -> Growth:
    """
    Return the growth of a repository under a policy.

    AWS does not document whether images in the archive count. They count here, because `DescribeImages` returns them.

    Args:
        rules: The rules of the policy, by priority.
        images: Every image of the repository, whatever its status.
        at: The instant, with a time zone.
        quota: The quota of images per repository. Default: 100,000, the default of ECR.

    Raises:
        InvalidImage: If an image is listed twice, or `at` has no time zone.

    """
    moment, listed = to_utc(at), tuple(images)
    window = _window(listed, moment)
    begin = _days_before(moment, window)
    recent = sum([begin < image.pushed_at <= moment for image in listed])
    rate = recent / window
    if len(listed) + rate * MOST_DAYS < quota:  # the usual case, for which the rules do not matter
        return Growth(images_a_day=rate, full_on=None, quota=quota)
    groups = _groups(rules, ImageIndex(listed, rules), moment, window)
    full = (day for day in range(MOST_DAYS + 1) if sum(group.number_on(day) for group in groups) >= quota)
    day = next(full, None)
    return Growth(images_a_day=rate, full_on=None if day is None else _day_after(moment, day), quota=quota)


def _days_before(at: datetime, days: int) -> datetime:
    try:
        return at - days * _DAY
    except OverflowError:  # in the first days of Python's calendar
        return datetime.min.replace(tzinfo=timezone.utc)


def _day_after(at: datetime, days: int) -> date | None:
    try:
        return (at + days * _DAY).date()
    except OverflowError:
        return None


def _window(images: Sequence[Image], at: datetime) -> int:
    """Return the days over which pushes are counted: 30, or the age of the repository."""
    oldest = min([image.pushed_at for image in images], default=at)
    return min(_WINDOW, max(_SHORTEST_WINDOW, -((oldest - at) // _DAY)))


@dataclass(kw_only=True, slots=True)
class _RuleGroup:
    """
    The images that the same rules select.

    Attributes:
        window: The days over which pushes are counted.
        recent: The images that were pushed in these days.
        days: The days after which an image is deleted, or None if that does not depend on its age.
        most: The number of images that a rule keeps, or None if no rule counts them.
        leaving: The days, from today on, on which the images of today are deleted by their age.
        images: The number of the images of today.

    """

    window: int
    recent: int = 0
    days: int | None = None
    most: int | None = None
    leaving: list[int] = field(default_factory=list)
    images: int = 0

    def number_on(self, day: int) -> float:
        """Return the number of images on a day from today on."""
        pushed = self._pushed(day)
        if self.most is not None:  # some of the images that a rule does not keep are in the archive for some days
            return min(self.images + pushed, self.most + self._pushed(self.days or 0))
        if self.days is None:
            return self.images + pushed
        remaining = len(self.leaving) - bisect_right(self.leaving, day)
        return remaining + min(pushed, self._pushed(self.days))

    def _pushed(self, days: int) -> float:
        return self.recent * days / self.window


def _groups(rules: Sequence[LifecycleRule], index: ImageIndex, at: datetime, window: int) -> list[_RuleGroup]:
    """Return the images in groups, by the rule that selects them in each storage class."""
    everything = range(len(index.images))
    standard = index.first_rules([rule for rule in rules if rule.storage_class == "standard"], everything)
    archive = index.first_rules([rule for rule in rules if rule.storage_class == "archive"], everything)
    groups: dict[tuple[LifecycleRule | None, LifecycleRule | None], _RuleGroup] = {}
    begin = _days_before(at, window)
    for position in everything:
        image, leader = index.images[position], _leader(index, position)
        first, second = standard.get(leader), archive.get(leader)
        group = groups.setdefault((first, second), _group(first, second, window))
        group.images += 1
        group.recent += begin < image.pushed_at <= at
        if group.days is not None and group.most is None:
            group.leaving.append(_leaving_day(image, second, group.days, at))
    for group in groups.values():
        group.leaving.sort()
    return list(groups.values())


def _leader(index: ImageIndex, position: int) -> int:
    """Return the image with which an image is deleted: the index that references it, or its subject."""
    passed = {position}
    while (indexes := index.indexes_of.get(position)) and indexes[0] not in passed:
        position = indexes[0]
        passed.add(position)
    subject = index.subject_of(position) if position in index.referrers else None
    return position if subject is None else subject


def _group(first: LifecycleRule | None, second: LifecycleRule | None, window: int) -> _RuleGroup:
    if first is None or first.is_keep_rule:
        return _RuleGroup(window=window)
    archived = 0
    if first.action == "transition":
        if second is None or second.is_keep_rule:
            return _RuleGroup(window=window)
        archived = second.count_number
    if first.count_type == "imageCountMoreThan":
        return _RuleGroup(window=window, most=first.count_number, days=archived)
    return _RuleGroup(window=window, days=first.count_number + archived)


def _leaving_day(image: Image, second: LifecycleRule | None, days: int, at: datetime) -> int:
    """Return the day, from today on, on which an image is deleted by its age."""
    if image.status == "archived" and image.archived_at is not None and second is not None:
        return second.count_number - (at - image.archived_at) // _DAY
    return days - (at - image.pushed_at) // _DAY
