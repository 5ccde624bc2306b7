"""
The numbers in an English description of a rule: of images, of days, or without a unit.

A number that belongs to a tag, a version, a date, a size, a ticket or a frequency is none of them. A description in
another language has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple

__all__ = ["DescribedLimit", "described_limits"]

Unit = Literal["images", "days"]


class DescribedLimit(NamedTuple):
    """
    A number in a description.

    Attributes:
        text: The words, such as `two weeks`.
        least: The smallest number that the words can mean, in images or days.
        most: The largest number that the words can mean.
        unit: `images` or `days`, or `None` without a unit, as in "keep the last 10".

    """

    text: str
    least: float
    most: float
    unit: Unit | None

    def allows(self, number: int) -> bool:
        """Return whether the words can mean a number."""
        return self.least <= number <= self.most


_COUNTED: tuple[str, ...] = (
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)
_COUNTED += ("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty")
_NUMBER_WORDS: dict[str, float] = {word: number for number, word in enumerate(_COUNTED, start=1)}
_NUMBER_WORDS |= {"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_NUMBER_WORDS |= {"hundred": 100, "a hundred": 100, "one hundred": 100, "two hundred": 200, "five hundred": 500}
_NUMBER_WORDS |= {"a thousand": 1000, "one thousand": 1000, "a dozen": 12, "two dozen": 24, "a single": 1}
_NUMBER_WORDS |= {"a couple of": 2, "a couple": 2}
# Before a unit of time, an article is a number. Before a noun it is none: "delete an image after 30 days".
_ARTICLES = {"half a": 0.5, "a": 1, "an": 1}
# The smallest and the largest number of days of a unit.
_UNITS = {
    r"days?|d": (1.0, 1.0),
    r"hours?|hrs?|h": (1 / 24, 1 / 24),
    r"weeks?|wks?|w": (7.0, 7.0),
    r"fortnights?": (14.0, 14.0),
    r"months?|mos?|mths?": (28.0, 31.0),
    r"quarters?": (84.0, 93.0),
    r"years?|yrs?|y": (360.0, 366.0),
}
_TENS = r"(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)[- ](?:one|two|three|four|five|six|seven|eight|nine)"
_WORDS = "|".join(sorted(_NUMBER_WORDS, key=len, reverse=True))
# A digit beside a letter, `.`, `-`, `#` or `/` is part of a tag, a version, a date or a ticket.
_NUMBER = rf"(?:(?<![\w.,#$/:*-])\d{{1,3}}(?:,\d{{3}})+|(?<![\w.,#$/:*-])\d{{1,7}}|\b(?:{_TENS}|{_WORDS})\b)"
_TIMES = rf"(?:{_NUMBER}|\b(?:{'|'.join(_ARTICLES)})\b)"
_NOT_PART = r"(?![\w%*/]|[.,:]\d|-\d)"
_RANGE = rf"(?:(?P<other>{_NUMBER})\s+(?:or|to)\s+)?"
_AT_LEAST = re.compile(r"(?:at least|minimum(?: of)?|min\.?|no fewer than|not less than)\s*$", re.IGNORECASE)
_OTHER_NUMBER_BEFORE = re.compile(
    r"\b(?:every|each|per|once an?|once in|ticket|issue|rule|step|priority|phase|sprint|"
    r"java|jdk|node|nodejs|python|ruby|php|go|golang|rust|dotnet|ubuntu|debian|alpine|postgres|kubernetes|version)\s*$",
    re.IGNORECASE,
)
_FREQUENCY_AFTER = re.compile(
    r"\s*(?:per\b|each\b|(?:for|of|in) (?:each|every)\b|(?:a|an) (?:day|week|month)\b)", re.IGNORECASE
)
_DAYS = re.compile(
    rf"{_RANGE}(?P<number>{_TIMES})\+?(?:[ -]|\s+(?:full|calendar|whole)\s+)?(?P<unit>{'|'.join(_UNITS)})(?![\w*])",
    re.IGNORECASE,
)
_NOUNS = (
    r"images?|imgs?|builds?|versions?|releases?|artifacts?|containers?|manifests?|digests?|revisions?|tags?|"
    r"deployments?"
)
_ADJECTIVE = (
    r"(?!(?:and|or|then|of|for|in|to|from|that|which|with|per|days?|if|is|are|as|by|on|than|the)\b)[a-z][\w-]*\*?"
)
_IMAGES = re.compile(
    rf"{_RANGE}(?P<number>{_NUMBER})\+?{_NOT_PART}\s+(?:of the\s+)?(?:{_ADJECTIVE}\s+){{0,3}}?(?:{_NOUNS})\b",
    re.IGNORECASE,
)
_CUES = (
    r"last|latest|newest|recent|youngest|only|just|max(?:imum)?(?: of)?|limit(?:ed)?(?: to)?|at most|up to|top|"
    r"count(?: of)?|keeps?|retains?|more than|older than|beyond|over|exceeds?|exceeding|after|first|least|"
    r"minimum(?: of)?"
)
_END = r"(?=\s*(?:$|[.,;:!)\]]|\s(?:and|or|then|but|of|in|by|for|with|to|when|if)\b))"
_BARE = re.compile(rf"(?:\b(?:{_CUES})|[>=])\s*:?\s*{_RANGE}(?P<number>{_NUMBER})\+?{_NOT_PART}{_END}", re.IGNORECASE)


# Many repositories have the same few descriptions.
@lru_cache(maxsize=1024)
def described_limits(description: str) -> tuple[DescribedLimit, ...]:
    """
    Return the numbers of images or days in a description.

    Args:
        description: The description.

    """
    taken: list[tuple[int, int]] = []
    found: list[DescribedLimit] = []
    for pattern in (_DAYS, _IMAGES, _BARE):
        for match in pattern.finditer(description):
            start, end = match.span("number")
            if not any(start < last and first < end for first, last in taken):
                taken.append((start, end))
                found += _limits(description, match)
    return tuple(found)


def _limits(description: str, match: re.Match[str]) -> Iterator[DescribedLimit]:
    start = match.start("other") if match["other"] else match.start("number")
    before, after = description[:start], description[match.end() :]
    if _OTHER_NUMBER_BEFORE.search(before) or _FREQUENCY_AFTER.match(after):
        return
    unit: Unit | None = "days" if match.re is _DAYS else "images" if match.re is _IMAGES else None
    least, most = _days_of(match["unit"]) if match.re is _DAYS else (1.0, 1.0)
    is_open = _AT_LEAST.search(before) is not None
    for name in ("other", "number"):
        if match[name]:
            number = _value(match[name])
            text = " ".join(description[start : match.end()].split())
            yield DescribedLimit(text, number * least, float("inf") if is_open else number * most, unit)


def _days_of(unit: str) -> tuple[float, float]:
    return next(days for pattern, days in _UNITS.items() if re.fullmatch(pattern, unit, re.IGNORECASE))


def _value(text: str) -> float:
    words = text.lower()
    if words[0].isdigit():
        return int(words.replace(",", ""))
    if words in _NUMBER_WORDS or words in _ARTICLES:
        return _NUMBER_WORDS.get(words) or _ARTICLES[words]
    tens, ones = re.split("[- ]", words)
    return _NUMBER_WORDS[tens] + _NUMBER_WORDS[ones]
