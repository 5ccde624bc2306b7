"""Numbers, sizes, days, lists and images as readable text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the help of the command is printed without the model
    from decimal import Decimal

    from ecr_constructs.model.images import Image
    from ecr_constructs.model.lifecycle.evaluation import Decision
    from ecr_constructs.model.tags import TagPattern, TagPrefix

__all__ = [
    "DAYS",
    "count",
    "decision_label",
    "decision_labels",
    "describe_images",
    "describe_number",
    "format_day",
    "format_exact",
    "format_instant",
    "format_money",
    "format_size",
    "image_label",
    "known_size",
    "omitted",
    "printable",
    "total_size",
    "truncate",
]

_STEP = 1000
# 999,950 bytes would be rounded to 1000.0 kB.
_NEXT_STEP = 999.95
_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")
_DIGEST = len("sha256:") + 12
_EXAMPLES = 3


class _Days(dict[date, str]):
    """The texts of days. A listing has many more images than days, and making a text takes ten times as long."""

    def __missing__(self, day: date) -> str:
        text = self[day] = day.isoformat()
        return text


DAYS = _Days()
_TWO_DIGITS = tuple(f"{number:02}" for number in range(60))


def count(number: int, noun: str) -> str:
    """Return a number and its noun: `1 image`, `20,000 images`, `2 repositories`."""
    from ecr_constructs.model.word_lists import plural

    return f"{number:,} {plural(number, noun)}"


def omitted(number: int, noun: str = "") -> str:
    """Return the end of a shortened list: `and 7 more`, `and 7 more images`."""
    return f"and {number:,} more" + (f" {count(number, noun).partition(' ')[2]}" if noun else "")


def truncate(lines: Sequence[str], limit: int) -> list[str]:
    """Return the first lines, and a last one with the number of omitted lines."""
    more = len(lines) - limit
    return [*lines[:limit], *([omitted(more)] if more > 0 else [])]


def format_size(number: float) -> str:
    """Return bytes in the unit with one to three digits before the point: `1.2 GB`."""
    steps = 0
    while number >= _NEXT_STEP and steps < len(_UNITS) - 1:
        number, steps = number / _STEP, steps + 1
    if steps == 0:
        return f"{number:,.0f} {_UNITS[0]}"
    # Only the last unit has thousands. The format with separators takes longer.
    return f"{number:,.1f} {_UNITS[steps]}" if number >= _STEP else f"{number:.1f} {_UNITS[steps]}"


def known_size(number: int) -> str:
    """Return bytes as `format_size`, or `-` for 0: an image index has no size, and a listing may lack sizes."""
    return format_size(number) if number else "-"


def total_size(images: Iterable[Image]) -> int:
    """Return the bytes of images. The size that ECR reports for an image index is that of its largest image."""
    return sum([image.size for image in images if image.is_ordinary or not image.is_index])


def describe_images(images: Sequence[Image]) -> str:
    """Return the number of images and their size: `8 images, 800.0 MB`."""
    return describe_number(len(images), total_size(images), has_only_indexes=all(image.is_index for image in images))


def describe_number(images: int, size: int, *, has_only_indexes: bool) -> str:
    """Return a number of images and their size, as `describe_images` does."""
    if not images:
        return "no images"
    without_size = "all of them image indexes, which have no size of their own" if has_only_indexes else "size unknown"
    return f"{count(images, 'image')}, {format_size(size) if size else without_size}"


def format_day(moment: date) -> str:
    """Return a day: `2026-06-01`."""
    return DAYS[moment.date() if isinstance(moment, datetime) else moment]


def format_exact(moment: datetime) -> str:
    """Return an instant as its method `isoformat` does, which takes four times as long: `2026-06-01T12:30:00+00:00`."""
    if moment.tzinfo is not timezone.utc or moment.microsecond:
        return moment.isoformat()
    minute, second = _TWO_DIGITS[moment.minute], _TWO_DIGITS[moment.second]
    return f"{DAYS[moment.date()]}T{_TWO_DIGITS[moment.hour]}:{minute}:{second}+00:00"


def format_instant(moment: datetime) -> str:
    """Return a minute in UTC: `2026-06-01 12:30 UTC`."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def format_money(amount: Decimal, currency: str) -> str:
    """Return an amount of money: `1,234.50 USD`."""
    return f"{amount:,.2f} {currency}" if amount * 100 >= 1 or not amount else f"less than 0.01 {currency}"


def image_label(image: Image, selectors: Sequence[TagPattern | TagPrefix] = ()) -> str:
    """
    Return a tag and the number of the other tags, or the first characters of the digest.

    Args:
        image: The image.
        selectors: The patterns of the rule that selected the image. A tag that matches one of them is preferred.

    """
    if not image.tags:
        return printable(image.digest[:_DIGEST])
    if len(image.tags) == 1:
        return printable(image.tags[0])
    matching = (tag for tag in image.tags if any(selector.matches(tag) for selector in selectors))
    return f"{printable(next(matching, image.tags[0]))} (+{len(image.tags) - 1})"


def decision_label(decision: Decision, asked: Sequence[TagPattern] = ()) -> str:
    """
    Return the label of an image, with a requested tag or one that the rule of the decision matches.

    Args:
        decision: The decision on the image.
        asked: The patterns of requested tags. They are preferred.

    """
    if asked and any(pattern.matches(tag) for tag in decision.image.tags for pattern in asked):
        return image_label(decision.image, asked)
    return image_label(decision.image, decision.rule.selectors if decision.rule else ())


def decision_labels(decisions: Sequence[Decision], limit: int = _EXAMPLES, asked: Sequence[TagPattern] = ()) -> str:
    """
    Return the labels of the first images, and `...` if there are more.

    Args:
        decisions: The decisions on the images.
        limit: The largest number of labels. Default: 3.
        asked: The patterns of requested tags. Images with such tags are first.

    """
    more = ", ..." if len(decisions) > limit else ""
    chosen = _asked_first(decisions, asked) if asked else decisions
    return f"{', '.join(decision_label(each, asked) for each in chosen[:limit])}{more}"


def _asked_first(decisions: Sequence[Decision], asked: Sequence[TagPattern]) -> list[Decision]:
    """Return the decisions with those on images with requested tags first, and otherwise in the same order."""
    return sorted(
        decisions, key=lambda each: not any(pattern.matches(tag) for tag in each.image.tags for pattern in asked)
    )


def printable(text: str) -> str:
    r"""
    Return a text with escapes, such as `\x1b`, for characters that are not printable.

    Tags, names and descriptions can contain characters that move the cursor or colour the terminal.
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
