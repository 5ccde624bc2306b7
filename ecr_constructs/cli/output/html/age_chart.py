"""The chart of the images of a repository by age, with a row for each outcome."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from math import sqrt

from ecr_constructs.cli.formatting import count, decision_label, format_day, format_size, total_size
from ecr_constructs.cli.output.html.axis_labels import AxisLabel, place_labels
from ecr_constructs.cli.preview.result import RepositoryPreview, decisions_by_group
from ecr_constructs.model.lifecycle.evaluation import Decision

__all__ = ["AgeAxis", "AgeChart", "Bar", "ChartRow", "NumberRow", "Threshold", "age_chart"]

# Above either of these numbers, one bar represents all images of a column.
_MOST_BLOCKS, _MOST_BLOCKS_IN_COLUMN = 250, 30
_HEIGHT, _MINIMUM_HEIGHT, _BLOCK, _GAP, _MINIMUM_BAR = 120.0, 28.0, 10.0, 1.0, 2.0
# The space for the number above the highest bar, and for the dots of images in use below the baseline.
_ABOVE, _BELOW = 16.0, 12.0
# A number closer to an edge than this, in percent of the width, is aligned with the edge.
_EDGE = 4

_YEAR = 365.25
# The first day of each column, with its age in the unit of the label. 14 days are 2 weeks, 13 weeks are 3 months.
_COLUMNS: tuple[tuple[int, int, str], ...] = (
    *((number, number, "day") for number in range(14)),
    *((7 * number, number, "week") for number in range(2, 13)),
    *((round(_YEAR * number / 12), number, "month") for number in range(3, 24)),
    *((round(_YEAR * number), number, "year") for number in range(2, 11)),
)
_FIRST_DAYS = tuple(days for days, _, _ in _COLUMNS)
_MINIMUM_COLUMNS = 14
# The ages with a label, the most important first.
_LABELLED_DAYS = (0, 14, 365, 91, 7, 1826, 183, 730, 3652)
_DAY = timedelta(days=1)
_ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """Images of one column: a block for one image, or a bar for all. Left and width are percent, the others pixels."""

    left: float
    width: float
    top: float
    height: float
    count: int
    title: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ChartRow:
    """
    The images with one outcome.

    Attributes:
        group: `expired`, `archived`, `uncertain` or `kept`.
        count: The number of images.
        size: Their bytes.
        in_use: The number of images in use.
        in_archive: The number of images that are already archived.
        height: The height, in pixels.
        baseline: The position of the baseline below the bars, in pixels from the top.
        bars: The bars.
        dots: The columns with images in use: percent of the width, and the title.
        peak: The number of the highest bar, and its position: percent of the width, pixels, and the anchor.

    """

    group: str
    count: int
    size: int
    in_use: int
    in_archive: int
    height: float
    baseline: float
    bars: tuple[Bar, ...]
    dots: tuple[tuple[float, str], ...]
    peak: tuple[int, float, float, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Threshold:
    """An age from which rules act."""

    left: float
    days: int
    rules: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class NumberRow:
    """The numbers of one column, in the order of the rows of the chart."""

    label: str
    counts: tuple[int, ...]
    in_use: int


@dataclass(frozen=True, kw_only=True, slots=True)
class AgeChart:
    """
    The chart.

    Attributes:
        rows: A row for each outcome that images have.
        labels: The labels of ages.
        thresholds: The ages from which rules act.
        numbers: The numbers of each column, the newest first.
        has_blocks: Whether each image is a block.

    """

    rows: tuple[ChartRow, ...]
    labels: tuple[AxisLabel, ...]
    thresholds: tuple[Threshold, ...]
    numbers: tuple[NumberRow, ...]
    has_blocks: bool


def age_chart(preview: RepositoryPreview) -> AgeChart | None:
    """
    Return the chart of a repository, or None if it has no images.

    Args:
        preview: The preview of the repository.

    """
    groups = {group: decisions for group, decisions in decisions_by_group(preview.evaluation).items() if decisions}
    if not groups:
        return None
    pushed = [decision.image.pushed_at for decisions in groups.values() for decision in decisions]
    axis = AgeAxis(preview.at, min(pushed))
    columns = {group: _columns(decisions, axis) for group, decisions in groups.items()}
    highest = max(len(column) for row in columns.values() for column in row.values())
    has_blocks = len(pushed) <= _MOST_BLOCKS and highest <= _MOST_BLOCKS_IN_COLUMN
    in_use = preview.in_use or {}
    builder = _ChartBuilder(axis, highest, in_use, has_blocks=has_blocks)
    return AgeChart(
        rows=tuple(builder.row(group, groups[group], columns[group]) for group in groups),
        labels=axis.labels(),
        thresholds=tuple(_thresholds(preview, axis)),
        numbers=tuple(_number_rows(columns, axis, in_use)),
        has_blocks=has_blocks,
    )


class AgeAxis:
    """
    An axis of ages, from the oldest on the left to the present on the right.

    Columns have the same width, and older columns cover more time. The builds of last night and the releases of three
    years are legible in one chart.
    """

    def __init__(self, at: datetime, oldest: datetime) -> None:
        """Create as many columns as the oldest image needs."""
        self._at = at
        self.columns = max(_MINIMUM_COLUMNS, self._column_of_age(self._age(oldest)) + 1)
        self.width = 100 / self.columns

    def column(self, moment: datetime) -> int:
        """Return the column of an instant. Column 0 is the newest."""
        return self._column_of_age(self._age(moment))

    def left_of(self, column: int) -> float:
        """Return the left edge of a column, in percent of the width."""
        return 100 - (column + 1) * self.width

    def left_of_age(self, days: float) -> float | None:
        """Return the position of an age, in percent of the width, or None if it is older than the axis."""
        column = self._column_of_age(days)
        start = _FIRST_DAYS[column]
        length = _FIRST_DAYS[column + 1] - start if column + 1 < len(_FIRST_DAYS) else _YEAR
        left = 100 - (column + min(1, (days - start) / length)) * self.width
        return left if left > -_ROUNDING else None

    def label(self, column: int) -> str:
        """Return the ages of a column: `2 to 3 weeks`."""
        if column == 0:
            return "less than a day"
        _, number, unit = _COLUMNS[column]
        if column + 1 == len(_COLUMNS):
            return f"{number} {unit}s or more"
        return f"{number} to {number + 1} {unit}s"

    def labels(self) -> tuple[AxisLabel, ...]:
        """Return the labels of a few ages, from old to new."""
        positions = [(self.left_of_age(days), _age_label(days)) for days in _LABELLED_DAYS]
        return place_labels([(left, text) for left, text in positions if left is not None])

    def _age(self, moment: datetime) -> float:
        return (self._at - moment) / _DAY

    @staticmethod
    def _column_of_age(days: float) -> int:
        # An image that was pushed after the instant of the preview has a negative age.
        return max(0, bisect_right(_FIRST_DAYS, days) - 1)


def _age_label(days: int) -> str:
    if days == 0:
        return "now"
    _, number, unit = _COLUMNS[bisect_right(_FIRST_DAYS, days) - 1]
    number, unit = (1, "year") if (number, unit) == (12, "month") else (number, unit)
    return count(number, unit)


_Columns = Mapping[int, Sequence[Decision]]


def _columns(decisions: Sequence[Decision], axis: AgeAxis) -> _Columns:
    columns: dict[int, list[Decision]] = {}
    for decision in decisions:
        columns.setdefault(axis.column(decision.image.pushed_at), []).append(decision)
    return columns


class _ChartBuilder:
    """The builder of the rows of one chart."""

    def __init__(self, axis: AgeAxis, highest: int, in_use: Mapping[str, object], *, has_blocks: bool) -> None:
        self._axis = axis
        self._highest = highest
        self._in_use = in_use
        self._has_blocks = has_blocks

    def row(self, group: str, decisions: Sequence[Decision], columns: _Columns) -> ChartRow:
        """Return the row of one outcome."""
        highest = max(columns, key=lambda column: len(columns[column]))
        peak = len(columns[highest])
        unit = self._unit(peak)
        baseline = round(_ABOVE + peak * unit, 1)
        in_use = {column: self._number_in_use(columns[column]) for column in sorted(columns)}
        return ChartRow(
            group=group,
            count=len(decisions),
            size=total_size(decision.image for decision in decisions),
            in_use=sum(in_use.values()),
            in_archive=sum(decision.image.status == "archived" for decision in decisions),
            height=baseline + _BELOW,
            baseline=baseline,
            bars=tuple(
                bar for column in sorted(columns) for bar in self._bars(column, columns[column], baseline, unit)
            ),
            dots=tuple((self._middle(each), f"{number:,} in use") for each, number in in_use.items() if number),
            peak=(peak, *self._peak_position(highest, _ABOVE)),
        )

    def _unit(self, peak: int) -> float:
        """Return the height of one image. Bars of small rows are scaled up, and blocks are the same in all rows."""
        if self._has_blocks:
            return min(_BLOCK, _HEIGHT / self._highest)
        return max(_MINIMUM_HEIGHT, _HEIGHT * sqrt(peak / self._highest)) / peak

    def _bars(self, column: int, decisions: Sequence[Decision], baseline: float, unit: float) -> Iterator[Bar]:
        left, width = self._axis.left_of(column) + self._axis.width * 0.06, self._axis.width * 0.88
        if not self._has_blocks:
            height = max(_MINIMUM_BAR, len(decisions) * unit)
            bytes_ = format_size(total_size(decision.image for decision in decisions))
            title = f"{self._axis.label(column)} old: {count(len(decisions), 'image')}, {bytes_}"
            yield _bar(left, width, baseline - height, height, number=len(decisions), title=title)
            return
        for place, decision in enumerate(decisions, start=1):
            title = f"{decision_label(decision)}, pushed {format_day(decision.image.pushed_at)}: {decision.why}"
            yield _bar(left, width, baseline - place * unit, unit - _GAP, number=1, title=title)

    def _middle(self, column: int) -> float:
        return round(self._axis.left_of(column) + self._axis.width / 2, 2)

    def _number_in_use(self, decisions: Sequence[Decision]) -> int:
        return sum(decision.image.digest in self._in_use for decision in decisions)

    def _peak_position(self, column: int, top: float) -> tuple[float, float, str]:
        """Return the position of a number above a column, within the edges of the chart."""
        middle = self._middle(column)
        anchor = "start" if middle < _EDGE else "end" if middle > 100 - _EDGE else "middle"
        return {"start": 0.0, "end": 100.0}.get(anchor, middle), round(top - 4, 1), anchor


def _bar(left: float, width: float, top: float, height: float, *, number: int, title: str) -> Bar:
    return Bar(
        left=round(left, 2),
        width=round(width, 2),
        top=round(top, 1),
        height=round(height, 1),
        count=number,
        title=title,
    )


def _thresholds(preview: RepositoryPreview, axis: AgeAxis) -> Iterator[Threshold]:
    rules = [rule for rule in preview.policy.rules if rule.count_type == "sinceImagePushed"]
    for days, group in groupby(sorted(rules, key=lambda rule: rule.count_number), key=lambda rule: rule.count_number):
        left = axis.left_of_age(days)
        if left is not None:
            yield Threshold(left=round(left, 2), days=days, rules=tuple(rule.rule_priority for rule in group))


def _number_rows(columns: Mapping[str, _Columns], axis: AgeAxis, in_use: Mapping[str, object]) -> Iterator[NumberRow]:
    for column in sorted({column for row in columns.values() for column in row}):
        cells = [row.get(column, ()) for row in columns.values()]
        number = sum(decision.image.digest in in_use for cell in cells for decision in cell)
        yield NumberRow(label=axis.label(column), counts=tuple(map(len, cells)), in_use=number)
