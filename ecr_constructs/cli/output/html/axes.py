"""Where things stand on the page's axes: ages in columns that are longer the older they are, and names with room."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

__all__ = ["AgeAxis", "Tick", "spaced"]

_YEAR = 365.25
# Where columns begin, in days, and how people call that age. 14 days are 2 weeks, 13 weeks are 3 months.
_BEGINS: tuple[tuple[int, int, str], ...] = (
    *((number, number, "day") for number in range(14)),
    *((7 * number, number, "week") for number in range(2, 13)),
    *((round(_YEAR * number / 12), number, "month") for number in range(3, 24)),
    *((round(_YEAR * number), number, "year") for number in range(2, 11)),
)
_EDGES = tuple(days for days, _, _ in _BEGINS)
_FEWEST_COLUMNS = 14
# By importance: where two would stand too close together, the first one stays.
_TICKS = (0, 14, 365, 91, 7, 1826, 183, 730, 3652)
# In percent of the width: what a letter of a label needs on a telephone, and on anything wider; and between labels.
_LETTER_NARROW, _LETTER_WIDE, _BETWEEN = 2.0, 1.15, 1.5
# So near to an edge a label is written inwards.
_EDGE = 8.0
_DAY = timedelta(days=1)
_HAIR = 1e-9


@dataclass(frozen=True, kw_only=True, slots=True)
class Tick:
    """
    A place on an axis that has a name.

    Attributes:
        left: Where, in percent of the width.
        label: Its name.
        is_minor: Whether its name has room on wide screens only.

    """

    left: float
    label: str
    is_minor: bool = False

    @property
    def anchor(self) -> str:
        """Say which end of the name stands there: near an edge it is written inwards."""
        return "start" if self.left < _EDGE else "end" if self.left > 100 - _EDGE else "middle"

    def collides(self, other: Tick, letter: float) -> bool:
        """
        Tell whether two names would run into each other.

        Args:
            other: The other one.
            letter: What a letter needs, in percent of the width.

        """
        (start, end), (others_start, others_end) = self._span(letter), other._span(letter)
        return start < others_end + _BETWEEN and others_start < end + _BETWEEN

    def _span(self, letter: float) -> tuple[float, float]:
        width = letter * len(self.label)
        start = self.left - {"start": 0.0, "middle": width / 2, "end": width}[self.anchor]
        return start, start + width


class AgeAxis:
    """
    Ages from the oldest, on the left, to none, on the right.

    Columns are equally wide on the page and longer in time the older they are, so that last night's builds and the
    releases of three years are legible side by side.
    """

    def __init__(self, at: datetime, oldest: datetime) -> None:
        """Take as many columns as the oldest image needs."""
        self._at = at
        self.columns = max(_FEWEST_COLUMNS, self._column_of_age(self._age(oldest)) + 1)
        self.width = 100 / self.columns

    def column(self, moment: datetime) -> int:
        """Say in which column an instant is; the newest is column 0."""
        return self._column_of_age(self._age(moment))

    def left_of(self, column: int) -> float:
        """Say where a column begins, in percent of the width."""
        return 100 - (column + 1) * self.width

    def left_of_age(self, days: float) -> float | None:
        """Say where an age is, in percent of the width, or nothing if it is older than all that is shown."""
        column = self._column_of_age(days)
        start = _EDGES[column]
        length = _EDGES[column + 1] - start if column + 1 < len(_EDGES) else _YEAR
        left = 100 - (column + min(1, (days - start) / length)) * self.width
        return left if left > -_HAIR else None

    def label(self, column: int) -> str:
        """Call a column by the ages in it: `2 to 3 weeks`."""
        if column == 0:
            return "less than a day"
        _, number, unit = _BEGINS[column]
        if column + 1 == len(_BEGINS):
            return f"{number} {unit}s or more"
        return f"{number} to {number + 1} {unit}s"

    def ticks(self) -> tuple[Tick, ...]:
        """Name a few ages, from old to new."""
        places = [(self.left_of_age(days), _tick_label(days)) for days in _TICKS]
        return spaced([(left, label) for left, label in places if left is not None])

    def _age(self, moment: datetime) -> float:
        return (self._at - moment) / _DAY

    @staticmethod
    def _column_of_age(days: float) -> int:
        # What was pushed after the instant of the preview has no age yet.
        return max(0, bisect_right(_EDGES, days) - 1)


def spaced(places: list[tuple[float, str]]) -> tuple[Tick, ...]:
    """Keep of named places, the most important first, those that have room, from left to right."""
    kept: list[Tick] = []
    for left, label in places:
        tick = Tick(left=round(left, 2), label=label)
        if not any(tick.collides(other, _LETTER_WIDE) for other in kept):
            is_minor = any(tick.collides(other, _LETTER_NARROW) for other in kept if not other.is_minor)
            kept.append(replace(tick, is_minor=is_minor))
    return tuple(sorted(kept, key=lambda tick: tick.left))


def _tick_label(days: int) -> str:
    if days == 0:
        return "now"
    _, number, unit = _BEGINS[bisect_right(_EDGES, days) - 1]
    # 12 months read better as a year.
    number, unit = (1, "year") if (number, unit) == (12, "month") else (number, unit)
    return f"{number} {unit}{'' if number == 1 else 's'}"
