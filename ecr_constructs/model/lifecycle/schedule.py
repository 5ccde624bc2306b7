"""
The days on which a lifecycle policy deletes and archives the images of a repository, if nothing is pushed or pulled.

Quotes are from https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from itertools import repeat
from operator import attrgetter
from typing import Any, Literal, overload

from ecr_constructs.model.images import Image
from ecr_constructs.model.lifecycle.image_index import ImageIndex, to_utc
from ecr_constructs.model.lifecycle.outcome import ACTIONS, UndocumentedBehavior
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.rule_engine import RuleEngine, age_reference_time

__all__ = ["Schedule", "ScheduledAction", "schedule", "schedule_index"]

# Undocumented behaviors that do not change the action on the day. Hours become a whole day on the next day, and an
# artifact that no rule selects is deleted or archived with its subject.
_HOURS = frozenset({UndocumentedBehavior.HOURS})
_IS_DELETED_ANYWAY = frozenset({UndocumentedBehavior.HOURS, UndocumentedBehavior.REFERRER})


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduledAction:
    """
    The day on which a policy deletes or archives an image.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html

    Attributes:
        image: The image.
        day: The first day (UTC) on which the rule selects it. ECR acts within 24 hours.
        action: `expire` or `archive`. An image that is archived can have a second action: it expires in the archive.
        rule: The rule that acts.
        is_certain: Whether AWS documents that the rule acts.

    >>> from datetime import datetime, timezone
    >>> from ecr_constructs.model import Image, LifecyclePolicy, expire_untagged
    >>> old = Image(digest="sha256:" + "0" * 64, pushed_at=datetime(2026, 1, 1, tzinfo=timezone.utc))
    >>> policy = LifecyclePolicy.of(expire_untagged(after_days=14))
    >>> action = policy.schedule([old], at=datetime(2026, 1, 2, tzinfo=timezone.utc))[0]
    >>> action.day.isoformat(), action.action
    ('2026-01-15', 'expire')

    """

    image: Image
    day: date
    action: Literal["expire", "archive"]
    rule: LifecycleRule
    is_certain: bool


class Schedule(Sequence[ScheduledAction]):
    """
    The actions on images to which the rules have been applied, which are computed when they are first read.

    Args:
        engine: The outcome of the rules.
        rules: The rules of a policy, by priority.

    """

    __slots__ = ("_actions", "_engine", "_rules")

    def __init__(self, engine: RuleEngine, rules: Sequence[LifecycleRule]) -> None:
        """Store the rules and their outcome."""
        self._engine: RuleEngine | None = engine
        self._rules = rules
        self._actions: tuple[ScheduledAction, ...] = ()

    def __len__(self) -> int:
        return len(self._computed())

    def __iter__(self) -> Iterator[ScheduledAction]:
        return iter(self._computed())

    @overload
    def __getitem__(self, index: int) -> ScheduledAction: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[ScheduledAction, ...]: ...

    def __getitem__(self, index: int | slice) -> ScheduledAction | tuple[ScheduledAction, ...]:
        return self._computed()[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (Schedule, tuple)) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))

    def _computed(self) -> tuple[ScheduledAction, ...]:
        if self._engine is not None:
            self._actions = schedule_index(self._engine.index, self._engine, self._rules, self._engine.at)
            self._engine = None
        return self._actions


def schedule(rules: Sequence[LifecycleRule], images: Iterable[Image], *, at: datetime) -> tuple[ScheduledAction, ...]:
    """
    Return the actions on images, the earliest first.

    Args:
        rules: The rules of a policy, by priority.
        images: Every image of the repository, whatever its status.
        at: The instant after which no image is pushed, with a time zone.

    Raises:
        InvalidImage: If an image is listed twice, or `at` has no time zone.

    """
    moment = to_utc(at)
    index = ImageIndex(images, rules)
    return schedule_index(index, RuleEngine(rules, index, moment), rules, moment)


def schedule_index(
    index: ImageIndex, engine: RuleEngine, rules: Sequence[LifecycleRule], at: datetime
) -> tuple[ScheduledAction, ...]:
    """
    Return the actions on images to which the rules have been applied.

    Args:
        index: The images.
        engine: The outcome of the rules.
        rules: The rules of a policy, by priority.
        at: The instant, in UTC.

    """
    scheduler = _Scheduler(engine, rules, index, at)
    actions = scheduler.independent_actions()
    if actions is None:
        actions = [action for position in range(len(index.images)) for action in scheduler.actions_on(position)]
    return tuple(sorted(actions, key=_day))


class _Scheduler:
    """
    The actions on each image.

    If no image is pushed, only the rule that selects an image today can act on it. A rule that counts
    images has acted on the first day, because the number of images only decreases. An age rule acts on each image on
    a day that can be computed. Therefore each image is scheduled independently, without simulating every day.
    """

    def __init__(self, engine: RuleEngine, rules: Sequence[LifecycleRule], index: ImageIndex, at: datetime) -> None:
        self._index = index
        self._today = at.date()
        self._engine = engine
        self._by_rules = self._actions_of_rules()
        # For images in the standard storage class, which are in the archive storage class after the first action.
        of_archive = [rule for rule in rules if rule.storage_class == "archive"]
        self._archive_claims = index.first_rules(of_archive, index.standard)
        self._first_actions: dict[int, ScheduledAction | None] = {}
        self._first_days: dict[int, date] = {}
        # The schedule of the other images depends only on their rule.
        self._related = index.indexes_of.keys() | index.referrers
        self._following: set[int] = set()

    def independent_actions(self) -> list[ScheduledAction] | None:
        """Return the actions on all images, if none has a second one or depends on another image. Otherwise None."""
        is_independent = not (self._related or self._archive_claims)
        return list(filter(None, self._by_rules)) if is_independent else None

    def actions_on(self, position: int) -> list[ScheduledAction]:
        """Return the action on an image, and after its archival also the deletion from the archive."""
        first = self._first_action(position) if position in self._related else self._by_rules[position]
        if first is None or first.action == "expire":
            return [] if first is None else [first]
        second = self._from_archive(position, first)
        if (subject := self._subject_of(position)) is not None:
            with_subject = [
                replace(action, image=first.image) for action in self.actions_on(subject) if action.action == "expire"
            ]
            second = min(filter(None, [*with_subject, second]), default=None, key=_day)
        return [first] if second is None else [first, second]

    def _first_action(self, position: int) -> ScheduledAction | None:
        """Schedule an image after all image indexes that reference it, which can themselves be referenced."""
        waiting, opened = [position], set[int]()
        while waiting:
            at = waiting[-1]
            if at in self._first_actions:
                waiting.pop()
            elif at in opened:
                self._first_actions[at] = self._computed(at)
            else:
                opened.add(at)
                waiting += [index for index in self._index.indexes_of.get(at, ()) if index not in opened]
        return self._first_actions[position]

    def _computed(self, position: int) -> ScheduledAction | None:
        """Return the first action on an image. The actions on the indexes that reference it must be known."""
        action = self._after_indexes(position, self._by_rules[position])
        subject = self._subject_of(position)
        if subject is not None and position not in self._following:
            self._following.add(position)  # an index can have a subject that it references
            action = self._after_indexes(position, self._with_subject(position, subject, action))
        return action

    def _actions_of_rules(self) -> list[ScheduledAction | None]:
        """Return for each position the action of the rule that selects the image."""
        outcomes = self._engine.outcomes
        # Images with the same outcome share one object. Its rule is looked at once, and not for each image.
        positions_of: dict[int, list[int]] = {}
        for position, outcome in enumerate(outcomes):
            positions_of.setdefault(id(outcome), []).append(position)
        found: list[ScheduledAction | None] = [None] * len(outcomes)
        for positions in positions_of.values():
            outcome = outcomes[positions[0]]
            rule, acts = outcome.rule, outcome.action != "keep"
            if rule is None or not (acts or (rule.count_unit and not rule.is_keep_rule)):
                continue
            images = list(self._index.images_at(positions))
            if acts:
                # An image that is older by hours only is older by a whole day on the next day: the action is certain.
                days: Iterable[date | None] = repeat(self._today)
                are_certain: Iterable[bool] = repeat(outcome.questions <= _HOURS)
            else:
                days, are_certain = self._later_days(rule, images), self._are_certain(rule, positions, images)
            for position, action in zip(positions, _actions(rule, images, days, are_certain), strict=True):
                found[position] = action
        return found

    def _later_days(self, rule: LifecycleRule, images: Iterable[Image]) -> list[date | None]:
        """Return the days on which images reach the age of a rule."""
        begins = map(age_reference_time(rule), images)
        return [None if begin is None else _days_after(begin.date(), rule.count_number) for begin in begins]

    def _are_certain(self, rule: LifecycleRule, positions: Iterable[int], images: Iterable[Image]) -> list[bool]:
        """Return whether it is certain that a rule acts on images on these days."""
        counts_from_push = rule.count_type == "sinceImagePushed"
        return [
            position not in self._engine.questions and not (counts_from_push and image.activated_at is not None)
            for position, image in zip(positions, images, strict=True)
        ]

    def _from_archive(self, position: int, first: ScheduledAction) -> ScheduledAction | None:
        """
        Return the deletion of an image that is archived first.

        The rule is about "all archived images whose `last_archived_at` is older": days count from the archival.
        """
        rule = self._archive_claims.get(position)
        day = None if rule is None or rule.is_keep_rule else _days_after(first.day, rule.count_number)
        is_certain = first.is_certain and position not in self._engine.questions
        return None if rule is None or day is None else _action(first.image, day, rule, is_certain=is_certain)

    def _after_indexes(self, position: int, action: ScheduledAction | None) -> ScheduledAction | None:
        """
        Return the action on an image. It is at least one day after the actions on the indexes that reference it.

        "If an image is referenced by a manifest list, it cannot be expired or archived without the manifest list being
        deleted or archived first."
        """
        # Indexes that reference each other in a circle have no action.
        indexes = [self._first_actions.get(index) for index in self._index.indexes_of.get(position, ())]
        if action is None or not indexes or not all(indexes):
            return None if indexes else action
        before = [index for index in indexes if index is not None]
        free = _days_after(max(index.day for index in before), 1)
        if free is None:
            return None
        day = max(action.day, free)
        is_certain = action.is_certain and all(index.is_certain for index in before)
        if action.rule.count_type == "imageCountMoreThan" and self._first_day_of_newest(action.rule) < day:
            is_certain = False  # one of the newest images is deleted by then, and this image can be among the newest
        return replace(action, day=day, is_certain=is_certain)

    def _first_day_of_newest(self, rule: LifecycleRule) -> date:
        """Return the first day of an action on one of the newest images that a rule counts."""
        if rule.rule_priority not in self._first_days:
            self._first_days[rule.rule_priority] = date.min  # the value during the computation, which can use it
            newest = self._index.selected(rule, self._index.standard)[: rule.count_number]
            days = [action.day for action in map(self._first_action, newest) if action is not None]
            self._first_days[rule.rule_priority] = min(days, default=date.max)
        return self._first_days[rule.rule_priority]

    def _subject_of(self, position: int) -> int | None:
        return self._index.subject_of(position) if position in self._index.referrers else None

    def _with_subject(self, position: int, subject: int, by_rule: ScheduledAction | None) -> ScheduledAction | None:
        """
        Return the action on an artifact with its subject, or before it if a rule acts on the artifact.

        ECR deletes or archives artifacts "within 24 hours of the deletion or archival of the subject image".
        """
        image = self._index.images[position]
        following = [
            action
            for action in self.actions_on(subject)
            if not (action.action == "archive" and image.status == "archived")
        ]
        if not following or (by_rule is not None and _comes_first(by_rule, following[0])):
            return by_rule
        follow = following[0]
        is_claimed = bool(image.tags) and self._engine.claim(position) is not None
        # The rule can also not act on the artifact, such as if the artifact can be among the newest.
        may_not_act = not self._engine.outcomes[position].questions <= _IS_DELETED_ANYWAY
        is_kept = is_claimed and (by_rule is None or by_rule.day > follow.day or may_not_act)
        is_certain = follow.is_certain and not is_kept and position not in self._index.may_be_children
        return replace(follow, image=image, is_certain=is_certain)


def _action(image: Image, day: date, rule: LifecycleRule, *, is_certain: bool) -> ScheduledAction:
    return ScheduledAction(image=image, day=day, action=ACTIONS[rule.action], rule=rule, is_certain=is_certain)


def _actions(
    rule: LifecycleRule, images: Sequence[Image], days: Iterable[date | None], are_certain: Iterable[bool]
) -> list[ScheduledAction | None]:
    """Return the actions of a rule on images, or None where there is no day."""
    actions = list(map(object.__new__, repeat(ScheduledAction, len(images))))
    columns: tuple[Iterable[Any], ...] = (images, days, repeat(ACTIONS[rule.action]), repeat(rule), are_certain)
    # A repository can have a hundred thousand images, for which the constructor takes four times as long.
    for set_value, column in zip(_SETTERS, columns, strict=True):
        deque(map(set_value, actions, column), maxlen=0)
    return [None if action.day is None else action for action in actions]


# The functions that set the fields of the frozen class, in their order.
_SETTERS = tuple(vars(ScheduledAction)[each.name].__set__ for each in fields(ScheduledAction))


def _comes_first(by_rule: ScheduledAction, follow: ScheduledAction) -> bool:
    """Return whether a rule can act on an artifact before its subject, or deletes it when the subject is archived."""
    is_deleted_instead = (by_rule.action, follow.action) == ("expire", "archive")
    return by_rule.day < follow.day or (by_rule.day == follow.day and is_deleted_instead)


_day = attrgetter("day")


def _days_after(day: date, number: int) -> date | None:
    try:
        return day + timedelta(days=number)
    except OverflowError:
        return None
