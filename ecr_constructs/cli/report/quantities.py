"""How the page writes numbers, times and images."""

from __future__ import annotations

from datetime import date, datetime

from ecr_constructs.model.images import Image

__all__ = ["count", "day", "instant", "name", "size"]

_STEP = 1000
_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")
_DIGEST = len("sha256:") + 12


def count(number: int, noun: str = "") -> str:
    """Write how many there are: `1 image`, `20,000 images`, or the number alone."""
    if not noun:
        return f"{number:,}"
    return f"{number:,} {noun if number == 1 else _plural(noun)}"


def size(number: float) -> str:
    """Write bytes in the unit in which they have one to three digits before the point: `1.2 GB`."""
    for unit in _UNITS[:-1]:
        # What would be written as 1000 belongs to the next unit.
        if round(number, 1) < _STEP:
            return _scaled(number, unit)
        number /= _STEP
    return _scaled(number, _UNITS[-1])


def day(moment: date) -> str:
    """Write the day, which in UTC is the same everywhere: `2026-06-01`."""
    return f"{moment:%Y-%m-%d}"


def instant(moment: datetime) -> str:
    """Write the minute: `2026-06-01 12:30 UTC`."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def name(image: Image) -> str:
    """Write what people call an image: its tags, or the beginning of its digest."""
    return ", ".join(image.tags) or image.digest[:_DIGEST]


def _scaled(number: float, unit: str) -> str:
    return f"{number:,.0f} {unit}" if unit == "bytes" or number == int(number) else f"{number:,.1f} {unit}"


def _plural(noun: str) -> str:
    return f"{noun[:-1]}ies" if noun.endswith("ry") else f"{noun}s"
