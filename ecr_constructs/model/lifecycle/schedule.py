"""What a lifecycle policy will do to the images that are there, day by day, if nothing is pushed or pulled any more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple

from ecr_constructs.model.images import Image
from ecr_constructs.model.lifecycle.image_index import ImageIndex, to_utc
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.rule_engine import ACTIONS, RuleEngine, UndocumentedBehavior, age_begins

__all__ = ["ScheduledAction", "schedule"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduledAction:
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


def schedule(rules: Sequence[LifecycleRule], images: Iterable[Image], *, at: datetime) -> tuple[ScheduledAction, ...]:
    """
    Say for each image on which days it leaves, the earliest departures first.

    Args:
        rules: The rules of a policy, by priority.
        images: Every image of the repository, whatever its status.
        at: The instant from which on nothing is pushed, with a time zone.

    Raises:
        InvalidImage: if an image is listed twice, or `at` has no time zone.

    """
    moment = to_utc(at)
    census = ImageIndex(images)
    calendar = _Scheduler(rules, census, moment)
    departures = [
        ScheduledAction(image=image, day=leave.day, action=leave.action, rule=leave.rule, is_certain=leave.is_certain)
        for position, image in enumerate(census.images)
        for leave in calendar.leaves(position)
    ]
    return tuple(sorted(departures, key=lambda departure: departure.day))


class _PlannedAction(NamedTuple):
    """When, how and why an image leaves the storage class that it is in."""

    day: date
    action: Literal["expire", "archive"]
    rule: LifecycleRule
    is_certain: bool


class _Scheduler:
    """
    The days on which images leave.

    If nothing is pushed, an image goes by the rule that claims it today or not at all. A rule that counts has taken
    what it takes on the first day, for there are only ever fewer images; a rule by age takes each in its turn. So the
    days need not be lived through one by one.
    """

    def __init__(self, rules: Sequence[LifecycleRule], census: ImageIndex, at: datetime) -> None:
        self._census = census
        self._today = at.date()
        self._replay = RuleEngine(rules, census, at)
        self._archive_claims = _claims([rule for rule in rules if rule.storage_class == "archive"], census)
        self._known: dict[int, _PlannedAction | None] = {}
        self._first_gap: dict[int, date] = {}
        self._following: set[int] = set()

    def leaves(self, position: int) -> list[_PlannedAction]:
        """Give the day on which an image leaves, and if that is for the archive, the day on which it leaves there."""
        first = self._leave(position)
        if first is None or first.action == "expire":
            return [] if first is None else [first]
        second = self._from_archive(position, first)
        if (subject := self._subject_of(position)) is not None:
            with_subject = [leave for leave in self.leaves(subject) if leave.action == "expire"]
            second = min(filter(None, [*with_subject, second]), default=None, key=_day)
        return [first] if second is None else [first, second]

    def _leave(self, position: int) -> _PlannedAction | None:
        """Settle an image after all the indexes above it, which may be many, one in the other."""
        waiting, opened = [position], set[int]()
        while waiting:
            at = waiting[-1]
            if at in self._known:
                waiting.pop()
            elif at in opened:
                self._known[at] = self._settled(at)
            else:
                opened.add(at)
                waiting += [index for index in self._census.indexes_of.get(at, ()) if index not in opened]
        return self._known[position]

    def _settled(self, position: int) -> _PlannedAction | None:
        leave = self._after_indexes(position, self._by_rule(position))
        subject = self._subject_of(position)
        if subject is not None and position not in self._following:
            self._following.add(position)  # an index may be about an image that it names: it is asked for meanwhile
            leave = self._after_indexes(position, self._with_subject(position, subject, leave))
        return leave

    def _by_rule(self, position: int) -> _PlannedAction | None:
        rule, mark = self._replay.claims[position], self._replay.marks[position]
        if mark is not None:
            # A day later the hours are a day, so that is no doubt here.
            return _PlannedAction(
                self._today, ACTIONS[mark.rule.action], mark.rule, mark.doubts <= {UndocumentedBehavior.HOURS}
            )
        if rule is None or rule.is_keep_rule or rule.count_type == "imageCountMoreThan":
            return None
        image = self._census.images[position]
        begin = age_begins(rule)(image)
        counts_from_push = rule.count_type == "sinceImagePushed" and image.activated_at is not None
        is_certain = position not in self._replay.doubts and not counts_from_push
        day = None if begin is None else _days_after(begin.date(), rule.count_number)
        return None if day is None else _PlannedAction(day, ACTIONS[rule.action], rule, is_certain)

    def _from_archive(self, position: int, first: _PlannedAction) -> _PlannedAction | None:
        rule = self._archive_claims.get(position)
        day = None if rule is None or rule.is_keep_rule else _days_after(first.day, rule.count_number)
        is_certain = first.is_certain and position not in self._replay.doubts
        return None if rule is None or day is None else _PlannedAction(day, "expire", rule, is_certain)

    def _after_indexes(self, position: int, leave: _PlannedAction | None) -> _PlannedAction | None:
        """Let an image wait for the indexes that name it: ECR can take it a day after the last of them."""
        # Of indexes that name each other in a circle, none is known before the other: they stay.
        indexes = [self._known.get(index) for index in self._census.indexes_of.get(position, ())]
        if leave is None or not indexes or not all(indexes):
            return None if indexes else leave
        waits = [index for index in indexes if index is not None]
        free = _days_after(max(index.day for index in waits), 1)
        if free is None:
            return None
        day = max(leave.day, free)
        is_certain = leave.is_certain and all(index.is_certain for index in waits)
        if leave.rule.count_type == "imageCountMoreThan" and self._first_gap_of(leave.rule) < day:
            is_certain = False  # one of the newest is gone by then, and this image may have moved up
        return leave._replace(day=day, is_certain=is_certain)

    def _first_gap_of(self, rule: LifecycleRule) -> date:
        """Give the first day on which one of the newest images leaves that a rule counts."""
        if rule.rule_priority not in self._first_gap:
            self._first_gap[rule.rule_priority] = date.min  # for who asks while it is being found out
            newest = self._census.selected(rule, self._census.standard)[: rule.count_number]
            days = [leave.day for leave in map(self._leave, newest) if leave is not None]
            self._first_gap[rule.rule_priority] = min(days, default=date.max)
        return self._first_gap[rule.rule_priority]

    def _subject_of(self, position: int) -> int | None:
        return self._census.subject_of(position) if position in self._census.referrers else None

    def _with_subject(self, position: int, subject: int, by_itself: _PlannedAction | None) -> _PlannedAction | None:
        """Let an artifact go with the image that it is about, or before, if a rule takes it by itself."""
        status = self._census.images[position].status
        follow = next(
            (leave for leave in self.leaves(subject) if not (leave.action == "archive" and status == "archived")), None
        )
        if follow is None or (by_itself is not None and _comes_first(by_itself, follow)):
            return by_itself
        is_claimed = bool(self._census.images[position].tags) and self._replay.claims[position] is not None
        is_kept = is_claimed and (by_itself is None or by_itself.day > follow.day)
        is_certain = follow.is_certain and not is_kept and position not in self._census.may_be_children
        return follow._replace(is_certain=is_certain)


def _claims(rules: Sequence[LifecycleRule], census: ImageIndex) -> dict[int, LifecycleRule]:
    """Say to which of these rules each image would belong."""
    claims: dict[int, LifecycleRule] = {}
    for rule in reversed(rules):
        claims.update(dict.fromkeys(census.selected(rule, census.standard), rule))
    return claims


def _comes_first(by_itself: _PlannedAction, follow: _PlannedAction) -> bool:
    """Tell whether a rule may take an artifact before its subject takes it along, or may delete what that archives."""
    is_deleted_instead = (by_itself.action, follow.action) == ("expire", "archive")
    return by_itself.day < follow.day or (by_itself.day == follow.day and is_deleted_instead)


def _day(leave: _PlannedAction) -> date:
    return leave.day


def _days_after(day: date, number: int) -> date | None:
    try:
        return day + timedelta(days=number)
    except OverflowError:
        return None
