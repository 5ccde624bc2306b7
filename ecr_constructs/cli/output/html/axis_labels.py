"""The labels of an axis, without overlaps."""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = ["AxisLabel", "place_labels"]

# In percent of the width: a character of a label on a phone and on a wider screen, and the space between labels.
_CHARACTER_NARROW, _CHARACTER_WIDE, _SPACE = 2.0, 1.15, 1.5
# A label closer to an edge than this is aligned with its position instead of centred on it.
_EDGE = 8.0


@dataclass(frozen=True, kw_only=True, slots=True)
class AxisLabel:
    """
    A label of a position on an axis.

    Attributes:
        left: The position, in percent of the width.
        text: The label.
        is_minor: Whether it is hidden on narrow screens.

    """

    left: float
    text: str
    is_minor: bool = False

    @property
    def anchor(self) -> str:
        """The part of the label that is at the position: `start`, `middle` or `end`."""
        return "start" if self.left < _EDGE else "end" if self.left > 100 - _EDGE else "middle"

    def overlaps(self, other: AxisLabel, character: float) -> bool:
        """
        Return whether two labels overlap.

        Args:
            other: The other label.
            character: The width of a character, in percent of the width.

        """
        (start, end), (other_start, other_end) = self._span(character), other._span(character)
        return start < other_end + _SPACE and other_start < end + _SPACE

    def _span(self, character: float) -> tuple[float, float]:
        width = character * len(self.text)
        start = self.left - {"start": 0.0, "middle": width / 2, "end": width}[self.anchor]
        return start, start + width


def place_labels(positions: list[tuple[float, str]]) -> tuple[AxisLabel, ...]:
    """
    Return the labels that fit, from left to right.

    Args:
        positions: The positions and their texts, the most important first.

    """
    placed: list[AxisLabel] = []
    for left, text in positions:
        label = AxisLabel(left=round(left, 2), text=text)
        if not any(label.overlaps(other, _CHARACTER_WIDE) for other in placed):
            is_minor = any(label.overlaps(other, _CHARACTER_NARROW) for other in placed if not other.is_minor)
            placed.append(replace(label, is_minor=is_minor))
    return tuple(sorted(placed, key=lambda label: label.left))
