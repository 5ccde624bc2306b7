"""The curve of what remains over the coming months: images and bytes, the archive apart."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import ceil
from operator import attrgetter

from ecr_constructs.cli.output.html.axes import Tick, spaced
from ecr_constructs.cli.output.html.storage_totals import DailyTotals, ImageTotals, levels
from ecr_constructs.cli.preview.result import RepositoryPreview, every_decision

__all__ = ["Curve", "LineLabel", "Panel", "draw_curve"]

# What leaves later than this is told, not drawn: it would press the coming months against the edge.
_FARTHEST = 5 * 366
_NEAREST = 30
_MOST_STEPS = 200
_MOST_ROWS = 12
_MOST_TICKS = 5
# The picture begins with a little of what is there now, so that what goes today is a step and not an edge.
_LEAD = 4.0
# In pixels: the height of the picture and its margin above, where a number stands above its line, and a line of text.
_HEIGHT, _MARGIN, _ABOVE, _LINE = 140, 16, 4, 14
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_QUARTER, _FEW_WEEKS = 92, 35


@dataclass(frozen=True, kw_only=True, slots=True)
class LineLabel:
    """Where a line ends: its value, and where that is written, in pixels from the top."""

    value: int
    top: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Panel:
    """
    One of the two pictures, 1000 wide and 100 high; the texts are what SVG calls paths.

    Attributes:
        what: `images` or `size`.
        highest: The number at the upper edge.
        standard: What remains in standard storage for certain.
        area: The same, closed along the ground.
        doubt: Between what remains for certain and what may remain; empty if they are the same.
        archive: What is in the archive; empty if nothing ever is.
        archive_doubt: As `doubt`.
        ends: What remains for certain at the right edge: in standard storage, and in the archive if there is room.

    """

    what: str
    highest: int
    standard: str
    area: str
    doubt: str
    archive: str
    archive_doubt: str
    ends: tuple[LineLabel, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Curve:
    """
    The picture.

    Attributes:
        panels: Images, then bytes.
        ticks: The days below.
        rows: The same in numbers: what is there now, and what is left after a few days.
        later: How many departures come too late to be drawn.
        has_doubt: Whether anything goes that need not go.
        has_archive: Whether anything is ever in the archive.

    """

    panels: tuple[Panel, Panel]
    ticks: tuple[Tick, ...]
    rows: tuple[DailyTotals, ...]
    later: int
    has_doubt: bool
    has_archive: bool


def draw_curve(preview: RepositoryPreview) -> Curve | None:
    """
    Draw what remains.

    Args:
        preview: Of one repository.

    Returns:
        The picture, or nothing where nothing leaves within five years.

    """
    today = preview.at.date()
    shown = [each for each in preview.departures if (each.day - today).days <= _FARTHEST]
    if not shown:
        return None
    images = [each.image for each in every_decision(preview.evaluation)]
    every = tuple(levels(images, shown, today=today))
    axis = _DayAxis(today, every[-1].day)
    steps = _thinned(every, axis)
    return Curve(
        panels=(
            _panel("images", attrgetter("images"), steps, axis),
            _panel("size", attrgetter("size"), steps, axis),
        ),
        ticks=axis.ticks(),
        rows=_rows(every, axis.days()),
        later=len(preview.departures) - len(shown),
        has_doubt=any(level.certain != level.possible for level in every),
        has_archive=any(level.certain.archive.images or level.possible.archive.images for level in every),
    )


class _DayAxis:
    """Days from now to a little after the last departure."""

    def __init__(self, today: date, last: date) -> None:
        self._today = today
        self.length = max(_NEAREST, ceil((last - today).days * 1.05))

    def left(self, day: date) -> float:
        """Say where a day is, in percent of the width."""
        return _LEAD + (100 - _LEAD) * (day - self._today).days / self.length

    def days(self) -> list[date]:
        """Choose a few days: of the coming weeks, or first days of months."""
        end = self._today + timedelta(days=self.length)
        if self.length <= _QUARTER:
            step = 7 if self.length <= _FEW_WEEKS else 21
            return [self._today + timedelta(days=offset) for offset in range(step, self.length + 1, step)]
        firsts = list(_firsts_of_months(self._today, end))
        step = next(step for step in (1, 2, 3, 6, 12, 24) if len(firsts) <= step * _MOST_TICKS)
        return [first for first in firsts if (12 * first.year + first.month - 1) % step == 0]

    def ticks(self) -> tuple[Tick, ...]:
        """Name them."""
        named = _day_label if self.length <= _QUARTER else _month_label
        return spaced([(0.0, "now"), *((self.left(day), named(day)) for day in self.days())])


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
    """Keep of the steps that stand too close to be told apart the last one; always today's."""
    first, *others = every
    kept = {ceil((level.day - first.day).days * _MOST_STEPS / axis.length): level for level in others}
    return [first, *kept.values()]


def _rows(every: Sequence[DailyTotals], days: Sequence[date]) -> tuple[DailyTotals, ...]:
    """Take every step if they are few; else what is left after today, after a few days, and at the end."""
    if len(every) <= _MOST_ROWS:
        return tuple(every)
    places = [every[0].day, *(day for day in days if day < every[-1].day), every[-1].day]
    reached = [bisect_right(every, day, key=attrgetter("day")) - 1 for day in places]
    return (every[0], *(replace(every[number], day=day) for number, day in zip(reached, places, strict=True)))


def _panel(what: str, measure: Callable[[ImageTotals], int], steps: Sequence[DailyTotals], axis: _DayAxis) -> Panel:
    standard = [measure(level.certain.standard) for level in steps]
    standard_possible = [measure(level.possible.standard) for level in steps]
    archive = [measure(level.certain.archive) for level in steps]
    archive_possible = [measure(level.possible.archive) for level in steps]
    pencil = _PathBuilder(axis, steps, highest=max(*standard, *archive, *archive_possible))
    has_archive = any(archive) or any(archive_possible)
    return Panel(
        what=what,
        highest=max(*standard, *archive, *archive_possible),
        standard=pencil.line(standard),
        area=f"{pencil.line(standard)}V100H0Z",
        doubt=pencil.between(standard, standard_possible),
        archive=pencil.line(archive) if has_archive else "",
        archive_doubt=pencil.between(archive, archive_possible),
        ends=tuple(_ends(pencil, [standard[-1], *(archive[-1:] if has_archive else [])])),
    )


def _ends(pencil: _PathBuilder, values: Sequence[int]) -> Iterator[LineLabel]:
    first, *others = (LineLabel(value=value, top=pencil.written_above(value)) for value in values)
    yield first
    yield from (other for other in others if abs(other.top - first.top) >= _LINE)


class _PathBuilder:
    """What draws the lines of one panel to one scale, as steps: level until a day, then down or up."""

    def __init__(self, axis: _DayAxis, steps: Sequence[DailyTotals], *, highest: int) -> None:
        # The first level is from before anything goes.
        self._places = [0.0, *(round(10 * axis.left(level.day), 1) for level in steps[1:])]
        self._highest = highest or 1

    def line(self, values: Sequence[int]) -> str:
        """Draw from left to right."""
        first, *others = zip(self._places, map(self._top, values), strict=True)
        return f"M0 {first[1]:g}{''.join(f'H{left:g}V{top:g}' for left, top in others)}H1000"

    def between(self, values: Sequence[int], others: Sequence[int]) -> str:
        """Draw what is between two lines, if they differ."""
        if list(values) == list(others):
            return ""
        tops = [self._top(value) for value in others]
        backwards = zip(reversed(self._places), [*reversed(tops[:-1]), tops[0]], strict=True)
        return f"{self.line(values)}V{tops[-1]:g}{''.join(f'H{left:g}V{top:g}' for left, top in backwards)}Z"

    def written_above(self, value: int) -> float:
        """Say where a number stands above a value, in pixels from the top of the picture with its margin."""
        return round(_MARGIN + _HEIGHT * self._top(value) / 100 - _ABOVE, 1)

    def _top(self, value: int) -> float:
        return round(100 - 100 * value / self._highest, 2)
