"""The images of a repository by age, a lane for each fate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import sqrt

from ecr_constructs.cli.formatting import bytes_of, count, day, name, size
from ecr_constructs.cli.output.html.axes import AgeAxis, Tick
from ecr_constructs.cli.preview.result import RepositoryPreview, groups
from ecr_constructs.model.lifecycle.evaluation import Decision

__all__ = ["Bar", "ChartRow", "Row", "Threshold", "Timeline", "draw_timeline"]

# Beyond either of these an image is no block of its own, but part of a bar.
_MOST_BLOCKS, _HIGHEST_PILE = 250, 30
_HEIGHT, _LOWEST, _BLOCK, _GAP, _SLIVER = 120.0, 28.0, 10.0, 1.0, 2.0
# Above the highest bar stands a number, below the line the marks of what runs.
_ABOVE, _BELOW = 16.0, 12.0
# So near to an edge, in percent of the width, a number is written inwards.
_EDGE = 4


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
    The images of one fate.

    Attributes:
        fate: `expired`, `archived`, `uncertain` or `kept`.
        count: How many images.
        size: Their bytes.
        in_use: How many of them run.
        in_archive: How many of them are in the archive already.
        height: Of the picture, in pixels.
        ground: Where the bars stand, in pixels.
        bars: What is drawn.
        running: Where something runs: percent of the width, and what to say of it.
        peak: The number of the highest bar, and where it is written: percent of the width, pixels, and the anchor.

    """

    fate: str
    count: int
    size: int
    in_use: int
    in_archive: int
    height: float
    ground: float
    bars: tuple[Bar, ...]
    running: tuple[tuple[float, str], ...]
    peak: tuple[int, float, float, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Threshold:
    """An age at which rules begin to act."""

    left: float
    days: int
    rules: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """The numbers behind one column of the picture, the fates in the order of the lanes."""

    label: str
    counts: tuple[int, ...]
    in_use: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeline:
    """
    The picture.

    Attributes:
        lanes: One for each fate that an image has.
        ticks: The ages below.
        thresholds: The ages at which rules act.
        rows: The same in numbers, the newest first.
        has_blocks: Whether each image is a block of its own.

    """

    lanes: tuple[ChartRow, ...]
    ticks: tuple[Tick, ...]
    thresholds: tuple[Threshold, ...]
    rows: tuple[Row, ...]
    has_blocks: bool


def draw_timeline(preview: RepositoryPreview) -> Timeline | None:
    """
    Draw the images by age.

    Args:
        preview: Of one repository.

    Returns:
        The picture, or nothing where there is no image.

    """
    fates = {fate: decisions for fate, decisions in groups(preview.evaluation).items() if decisions}
    if not fates:
        return None
    pushed = [decision.image.pushed_at for decisions in fates.values() for decision in decisions]
    axis = AgeAxis(preview.at, min(pushed))
    columns = {fate: _columns(decisions, axis) for fate, decisions in fates.items()}
    highest = max(len(column) for lane in columns.values() for column in lane.values())
    has_blocks = len(pushed) <= _MOST_BLOCKS and highest <= _HIGHEST_PILE
    in_use = preview.in_use or {}
    brush = _ChartBuilder(axis, highest, in_use, has_blocks=has_blocks)
    return Timeline(
        lanes=tuple(brush.lane(fate, fates[fate], columns[fate]) for fate in fates),
        ticks=axis.ticks(),
        thresholds=tuple(_thresholds(preview, axis)),
        rows=tuple(_rows(columns, axis, in_use)),
        has_blocks=has_blocks,
    )


_Columns = Mapping[int, Sequence[Decision]]


def _columns(decisions: Sequence[Decision], axis: AgeAxis) -> _Columns:
    columns: dict[int, list[Decision]] = {}
    for decision in decisions:
        columns.setdefault(axis.column(decision.image.pushed_at), []).append(decision)
    return columns


class _ChartBuilder:
    """What draws the lanes of one picture."""

    def __init__(self, axis: AgeAxis, highest: int, in_use: Mapping[str, object], *, has_blocks: bool) -> None:
        self._axis = axis
        self._highest = highest
        self._in_use = in_use
        self._has_blocks = has_blocks

    def lane(self, fate: str, decisions: Sequence[Decision], columns: _Columns) -> ChartRow:
        """Draw the images of one fate."""
        highest = max(columns, key=lambda column: len(columns[column]))
        peak = len(columns[highest])
        unit = self._unit(peak)
        ground = round(_ABOVE + peak * unit, 1)
        running = {column: self._running(columns[column]) for column in sorted(columns)}
        return ChartRow(
            fate=fate,
            count=len(decisions),
            size=bytes_of(decision.image for decision in decisions),
            in_use=sum(running.values()),
            in_archive=sum(decision.image.status == "archived" for decision in decisions),
            height=ground + _BELOW,
            ground=ground,
            bars=tuple(bar for column in sorted(columns) for bar in self._bars(column, columns[column], ground, unit)),
            running=tuple((self._middle(each), f"{number:,} in use") for each, number in running.items() if number),
            peak=(peak, *self._written_above(highest, _ABOVE)),
        )

    def _unit(self, peak: int) -> float:
        """Say how high one image is: the same in all lanes for blocks; for bars, that small lanes are legible."""
        if self._has_blocks:
            return min(_BLOCK, _HEIGHT / self._highest)
        return max(_LOWEST, _HEIGHT * sqrt(peak / self._highest)) / peak

    def _bars(self, column: int, decisions: Sequence[Decision], ground: float, unit: float) -> Iterator[Bar]:
        left, width = self._axis.left_of(column) + self._axis.width * 0.06, self._axis.width * 0.88
        if not self._has_blocks:
            high = max(_SLIVER, len(decisions) * unit)
            bytes_ = size(bytes_of(decision.image for decision in decisions))
            title = f"{self._axis.label(column)} old: {count(len(decisions), 'image')}, {bytes_}"
            yield _bar(left, width, ground - high, high, number=len(decisions), title=title)
            return
        for place, decision in enumerate(decisions, start=1):
            title = f"{name(decision.image)}, pushed {day(decision.image.pushed_at)}: {decision.why}"
            yield _bar(left, width, ground - place * unit, unit - _GAP, number=1, title=title)

    def _middle(self, column: int) -> float:
        return round(self._axis.left_of(column) + self._axis.width / 2, 2)

    def _running(self, decisions: Sequence[Decision]) -> int:
        return sum(decision.image.digest in self._in_use for decision in decisions)

    def _written_above(self, column: int, top: float) -> tuple[float, float, str]:
        """Say where a number stands above a column, so that it does not hang over the edge of the picture."""
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


def _rows(columns: Mapping[str, _Columns], axis: AgeAxis, in_use: Mapping[str, object]) -> Iterator[Row]:
    for column in sorted({column for lane in columns.values() for column in lane}):
        cells = [lane.get(column, ()) for lane in columns.values()]
        running = sum(decision.image.digest in in_use for cell in cells for decision in cell)
        yield Row(label=axis.label(column), counts=tuple(map(len, cells)), in_use=running)
