"""How the command writes numbers, bytes, days and images for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from ecr_constructs.model.images import Image

__all__ = ["bytes_of", "count", "day", "format_instant", "name", "names", "printable", "size"]

_STEP = 1000
_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")
_DIGEST = len("sha256:") + 12
_EXAMPLES = 3


def count(number: int, noun: str) -> str:
    """Write how many there are: `1 image`, `20,000 images`, `2 repositories`."""
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun[:-1]}ies" if noun.endswith(("ry", "cy")) else f"{number:,} {noun}s"


def size(number: float) -> str:
    """Write bytes in the unit in which they have one to three digits before the point: `1.2 GB`."""
    steps = 0
    # What would be written as 1000 belongs to the next unit.
    while round(number, 1) >= _STEP and steps < len(_UNITS) - 1:
        number, steps = number / _STEP, steps + 1
    return f"{number:,.1f} {_UNITS[steps]}" if steps else f"{number:,.0f} {_UNITS[0]}"


def bytes_of(images: Iterable[Image]) -> int:
    """Add up what images take; ECR gives as the size of an index that of the largest image that it names."""
    return sum(image.size for image in images if not image.is_index)


def day(moment: date) -> str:
    """Write the day, which in UTC is the same everywhere: `2026-06-01`."""
    return f"{moment:%Y-%m-%d}"


def format_instant(moment: datetime) -> str:
    """Write the minute: `2026-06-01 12:30 UTC`."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def name(image: Image) -> str:
    """Write what people call an image: its first tag and how many more there are, or the beginning of its digest."""
    if not image.tags:
        return printable(image.digest[:_DIGEST])
    first = printable(image.tags[0])
    return f"{first} (+{len(image.tags) - 1})" if len(image.tags) > 1 else first


def names(images: Sequence[Image]) -> str:
    """Name the first few of several images."""
    more = ", ..." if len(images) > _EXAMPLES else ""
    return f"{', '.join(name(image) for image in images[:_EXAMPLES])}{more}"


def printable(text: str) -> str:
    """
    Write out, as Python does, what would move the cursor or colour the terminal.

    Tags, names and descriptions are other people's text.
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
