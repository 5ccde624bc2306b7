"""The chart of the images and bytes that remain in standard storage and in the archive, by day."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby
from math import ceil
from operator import attrgetter

from ecr_constructs.cli.formatting import total_size
from ecr_constructs.cli.output.html.axis_labels import AxisLabel, place_labels
from ecr_constructs.cli.preview.result import RepositoryPreview, all_images
from ecr_constructs.model.images import Image
from ecr_constructs.model.lifecycle.schedule import ScheduledAction

__all__ = [
    "DailyTotals",
    "ImageTotals",
    "LineLabel",
    "Panel",
    "StorageChart",
    "StorageTotals",
    "daily_totals",
    "storage_chart",
]

# In days. Later actions are not drawn, because the coming months would shrink to nothing.
_FARTHEST = 5 * 366
_NEAREST = 30
_MOST_STEPS = 200
_MOST_ROWS = 12
_MOST_LABELS = 5
# The left part of the chart, in percent. It has the totals before today, and makes an action of today a visible step.
_LEAD = 4.0
# In pixels: the height of the chart, its margin above, the distance of a number above its line, and a line of text.
_HEIGHT, _MARGIN, _ABOVE, _LINE = 140, 16, 4, 14
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_QUARTER, _FEW_WEEKS = 92, 35


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageTotals:
    """A number of images, and their bytes."""

    images: int
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class StorageTotals:
    """The images in each storage class."""

    standard: ImageTotals
    archive: ImageTotals


@dataclass(frozen=True, kw_only=True, slots=True)
class DailyTotals:
    """
    The images that remain after the actions of a day.

    Attributes:
        day: The day. The first totals are those before any action, with the day of the preview.
        certain: The images after the certain actions.
        possible: The images after all actions, with those that are uncertain.

    """

    day: date
    certain: StorageTotals
    possible: StorageTotals


def daily_totals(images: Sequence[Image], schedule: Sequence[ScheduledAction], *, today: date) -> Iterator[DailyTotals]:
    """
    Yield the totals of today, and those after each day with an action.

    Args:
        images: Every image of the repository.
        schedule: The actions, the earliest first.
        today: The day of the preview.

    """
    certain, possible = _StorageState(images), _StorageState(images)
    yield DailyTotals(day=today, certain=certain.totals(), possible=possible.totals())
    for day, group in groupby(schedule, key=attrgetter("day")):
        for scheduled in group:
            possible.apply(scheduled)
            if scheduled.is_certain:
                certain.apply(scheduled)
        yield DailyTotals(day=day, certain=certain.totals(), possible=possible.totals())


class _StorageState:
    """The images of a repository, in standard storage and in the archive."""

    def __init__(self, images: Sequence[Image]) -> None:
        self._is_archived = {image.digest: image.status == "archived" for image in images}
        self._images, self._bytes = [0, 0], [0, 0]
        for image in images:
            self._add(image, 1, is_archived=image.status == "archived")

    def apply(self, scheduled: ScheduledAction) -> None:
        """Move an image to the archive, or delete it. An image that was deleted before is ignored."""
        image = scheduled.image
        is_archived = self._is_archived.pop(image.digest, None)
        if is_archived is None:
            return
        self._add(image, -1, is_archived=is_archived)
        if scheduled.action == "archive":
            self._is_archived[image.digest] = True
            self._add(image, 1, is_archived=True)

    def totals(self) -> StorageTotals:
        """Return the totals."""
        standard, archive = (ImageTotals(images=self._images[each], size=self._bytes[each]) for each in (0, 1))
        return StorageTotals(standard=standard, archive=archive)

    def _add(self, image: Image, number: int, *, is_archived: bool) -> None:
        self._images[is_archived] += number
        self._bytes[is_archived] += number * total_size([image])


@dataclass(frozen=True, kw_only=True, slots=True)
class LineLabel:
    """The number at the end of a line: the value, and its position in pixels from the top."""

    value: int
    top: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Panel:
    """
    One of the two parts of the chart, 1000 wide and 100 high; the texts are SVG paths.

    Attributes:
        measure: `images` or `size`.
        highest: The number at the upper edge.
        standard: The certain totals in standard storage.
        area: The area below them.
        uncertain: The area between the certain and the possible totals, empty if they are the same.
        archive: The certain totals in the archive, empty if there never are images.
        archive_uncertain: As `uncertain`, for the archive.
        ends: The certain totals at the right edge: in standard storage, and in the archive if both labels fit.

    """

    measure: str
    highest: int
    standard: str
    area: str
    uncertain: str
    archive: str
    archive_uncertain: str
    ends: tuple[LineLabel, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class StorageChart:
    """
    The chart.

    Attributes:
        panels: Images, then bytes.
        labels: The labels of days.
        rows: The numbers of today and of a few days.
        later: The number of actions that are later than the chart.
        has_uncertain: Whether any action is uncertain.
        has_archive: Whether the archive has images on any day.

    """

    panels: tuple[Panel, Panel]
    labels: tuple[AxisLabel, ...]
    rows: tuple[DailyTotals, ...]
    later: int
    has_uncertain: bool
    has_archive: bool


def storage_chart(preview: RepositoryPreview) -> StorageChart | None:
    """
    Return the chart of a repository, or None if there is no action within five years.

    Args:
        preview: The preview of the repository.

    """
    today = preview.at.date()
    shown = [each for each in preview.schedule if (each.day - today).days <= _FARTHEST]
    if not shown:
        return None
    images = all_images(preview.evaluation)
    every = tuple(daily_totals(images, shown, today=today))
    axis = _DayAxis(today, every[-1].day)
    steps = _thinned(every, axis)
    return StorageChart(
        panels=(
            _panel("images", attrgetter("images"), steps, axis),
            _panel("size", attrgetter("size"), steps, axis),
        ),
        labels=axis.labels(),
        rows=_rows(every, axis.days()),
        later=len(preview.schedule) - len(shown),
        has_uncertain=any(totals.certain != totals.possible for totals in every),
        has_archive=any(totals.certain.archive.images or totals.possible.archive.images for totals in every),
    )


class _DayAxis:
    """An axis of days, from the day of the preview to a little after the last action."""

    def __init__(self, today: date, last: date) -> None:
        self._today = today
        self.length = max(_NEAREST, ceil((last - today).days * 1.05))

    def left(self, day: date) -> float:
        """Return the position of a day, in percent of the width."""
        return _LEAD + (100 - _LEAD) * (day - self._today).days / self.length

    def days(self) -> list[date]:
        """Return a few days: every one or three weeks, or the first days of months."""
        end = self._today + timedelta(days=self.length)
        if self.length <= _QUARTER:
            step = 7 if self.length <= _FEW_WEEKS else 21
            return [self._today + timedelta(days=offset) for offset in range(step, self.length + 1, step)]
        firsts = list(_firsts_of_months(self._today, end))
        step = next(step for step in (1, 2, 3, 6, 12, 24) if len(firsts) <= step * _MOST_LABELS)
        return [first for first in firsts if (12 * first.year + first.month - 1) % step == 0]

    def labels(self) -> tuple[AxisLabel, ...]:
        """Return the labels of these days, and of the present."""
        text_of = _day_label if self.length <= _QUARTER else _month_label
        return place_labels([(0.0, "now"), *((self.left(day), text_of(day)) for day in self.days())])


def _firsts_of_months(start: date, end: date) -> Iterator[date]:
    month = 12 * start.year + start.month
    while (first := date(month // 12, month % 12 + 1, 1)) <= end:
        yield first
        month += 1


def _day_label(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]}"


def _month_label(day: date) -> str:
    return f"{_MONTHS[day.month - 1]} {day.year}"


def _thinned(every: Sequence[DailyTotals], axis: _DayAxis) -> list[DailyTotals]:
    """Return the totals of today, and the last ones of each interval that is too narrow for several."""
    first, *others = every
    kept = {ceil((totals.day - first.day).days * _MOST_STEPS / axis.length): totals for totals in others}
    return [first, *kept.values()]


def _rows(every: Sequence[DailyTotals], days: Sequence[date]) -> tuple[DailyTotals, ...]:
    """Return all totals if they are few, otherwise those of today, of a few days and of the end."""
    if len(every) <= _MOST_ROWS:
        return tuple(every)
    chosen = [every[0].day, *(day for day in days if day < every[-1].day), every[-1].day]
    reached = [bisect_right(every, day, key=attrgetter("day")) - 1 for day in chosen]
    return (every[0], *(replace(every[number], day=day) for number, day in zip(reached, chosen, strict=True)))


def _panel(name: str, measure: Callable[[ImageTotals], int], steps: Sequence[DailyTotals], axis: _DayAxis) -> Panel:
    standard = [measure(totals.certain.standard) for totals in steps]
    standard_possible = [measure(totals.possible.standard) for totals in steps]
    archive = [measure(totals.certain.archive) for totals in steps]
    archive_possible = [measure(totals.possible.archive) for totals in steps]
    paths = _PathBuilder(axis, steps, highest=max(*standard, *archive, *archive_possible))
    has_archive = any(archive) or any(archive_possible)
    return Panel(
        measure=name,
        highest=max(*standard, *archive, *archive_possible),
        standard=paths.line(standard),
        area=f"{paths.line(standard)}V100H0Z",
        uncertain=paths.between(standard, standard_possible),
        archive=paths.line(archive) if has_archive else "",
        archive_uncertain=paths.between(archive, archive_possible),
        ends=tuple(_ends(paths, [standard[-1], *(archive[-1:] if has_archive else [])])),
    )


def _ends(paths: _PathBuilder, values: Sequence[int]) -> Iterator[LineLabel]:
    first, *others = (LineLabel(value=value, top=paths.label_top(value)) for value in values)
    yield first
    yield from (other for other in others if abs(other.top - first.top) >= _LINE)


class _PathBuilder:
    """The builder of the paths of one panel: each is level until a day, and then steps down or up."""

    def __init__(self, axis: _DayAxis, steps: Sequence[DailyTotals], *, highest: int) -> None:
        # The first totals are those before any action.
        self._lefts = [0.0, *(round(10 * axis.left(totals.day), 1) for totals in steps[1:])]
        self._highest = highest or 1

    def line(self, values: Sequence[int]) -> str:
        """Return the line of values, from left to right."""
        first, *others = zip(self._lefts, map(self._top, values), strict=True)
        return f"M0 {first[1]:g}{''.join(f'H{left:g}V{top:g}' for left, top in others)}H1000"

    def between(self, values: Sequence[int], others: Sequence[int]) -> str:
        """Return the area between two lines, or an empty text if they are the same."""
        if list(values) == list(others):
            return ""
        tops = [self._top(value) for value in others]
        backwards = zip(reversed(self._lefts), [*reversed(tops[:-1]), tops[0]], strict=True)
        return f"{self.line(values)}V{tops[-1]:g}{''.join(f'H{left:g}V{top:g}' for left, top in backwards)}Z"

    def label_top(self, value: int) -> float:
        """Return the position of a number above its line, in pixels from the top of the chart with its margin."""
        return round(_MARGIN + _HEIGHT * self._top(value) / 100 - _ABOVE, 1)

    def _top(self, value: int) -> float:
        return round(100 - 100 * value / self._highest, 2)
