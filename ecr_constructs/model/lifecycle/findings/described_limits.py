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

from ecr_constructs.model.lifecycle.findings.number_words import NUMBER, number_of, with_one_form

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
        is_certain: Whether the words are a limit. Otherwise they may be one, such as the number in "others 5".

    """

    text: str
    least: float
    most: float
    unit: Unit | None
    is_certain: bool = True

    def allows(self, number: int) -> bool:
        """Return whether the words can mean a number."""
        return self.least <= number <= self.most


# The smallest and the largest number of days of a unit.
_UNITS = {
    r"days?|nights?|d": (1.0, 1.0),
    r"(?:working|business)[ -]days?": (1.0, 2.0),
    r"hours?|hrs?|h": (1 / 24, 1 / 24),
    r"weeks?|wks?|w": (7.0, 7.05),
    r"fortnights?": (14.0, 14.0),
    r"months?|mos?|mths?": (28.0, 31.0),
    r"quarters?|qtrs?": (84.0, 93.0),
    r"years?|yrs?|y": (360.0, 366.0),
    r"decades?": (3600.0, 3660.0),
}
_UNIT = "|".join(_UNITS)
_NOUN = (
    r"(?:images?|imgs?|builds?|versions?|releases?|artifacts?|artefacts?|containers?|manifests?|digests?|revisions?|"
    r"tags?|deployments?|snapshots?|copies|candidates?|generations?|nightlies)\b"
)
_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
# A word between a number and its noun. A plural is the noun of the number itself: "12 services pull images".
_ADJECTIVE = (
    r"(?!(?:and|or|then|of|for|in|to|from|that|which|with|per|if|is|are|as|by|on|than|the|times?|[kmgt]i?b|am|pm|"
    rf"hours?|days?|minutes?|percent|{_MONTHS})\b|[a-z]{{3,}}[a-hj-rtv-z]s\b)[a-z][\w-]*\*?"
)
_NOT_PART = r"(?![\w%*/]|[.,:]\d|-\d)"

# --- the numbers, with the words after them ---------------------------------------------------------------------------

_NUMBERS = re.compile(
    rf"(?:(?P<other>{NUMBER})(?:\s?[-\u2013]\s?|\s+(?:or|to|(?<=\d )and)\s+))?"
    rf"(?P<number>(?<![\w.,#$/*-])\d{{1,3}}\.\d{{1,2}}(?![.\d])|(?<=\d[-\u2013])\d{{1,7}}|{NUMBER})",
    re.IGNORECASE,
)
# Before a unit of time, an article is a number. Before a noun it is none: "delete an image after 30 days".
_ARTICLES = re.compile(
    r"\b(?P<number>half an?|half|an?|(?:(?<=of the )|(?<=from the )|(?<=within the ))(?:last|past))"
    rf"(?=[ -](?:{_UNIT})\b(?!'s))",
    re.IGNORECASE,
)
_UNIT_AFTER = re.compile(rf"\+?(?:[ -]|\s+(?:full|calendar|whole)\s+)?(?P<unit>{_UNIT})(?![\w*])", re.IGNORECASE)
_NOUN_AFTER = re.compile(rf"\+?{_NOT_PART}\s+(?:of the\s+)?(?:{_ADJECTIVE}\s+){{0,3}}?{_NOUN}", re.IGNORECASE)
_NEWEST_AFTER = re.compile(
    rf"{_NOT_PART}\s+(?:most recent|more recent|newer|newest|latest|last|youngest|freshest)(?:ly)?\b"
    rf"(?!\s+(?:{_UNIT})\b)",
    re.IGNORECASE,
)
_END_AFTER = re.compile(
    r"\+?(?:\s*(?:$|[.,;:!)\]])(?!\d)|\s+(?:and|or|then|but|of|in|by|for|with|to|when|if|exist|are|remain|accumulate|"
    r"only|max|maximum|total|at|from|on|around|as|stay|left)\b)",
    re.IGNORECASE,
)
_PART_AFTER = re.compile(rf"(?!{_NOT_PART})")
_OR_MORE_AFTER = re.compile(r"\+|\s+(?:or more|and more|minimum|at least)\b", re.IGNORECASE)
_FREQUENCY_AFTER = re.compile(
    r"\s*(?:per\b|each\b|(?:for|of|in) (?:each|every)\b|(?:a|an) (?:day|week|month)\b)", re.IGNORECASE
)

# --- the words before them --------------------------------------------------------------------------------------------

_UNIT_BEFORE = re.compile(r"\b(?P<unit>days|weeks|months)\s*[:=]\s*$", re.IGNORECASE)
_CUE_BEFORE = re.compile(
    r"(?:\b(?:(?:limit|cap|restrict|trim|reduce|cut|shrink|prune)\w*\s+(?:[\w*-]+\s+){0,4}?(?:to|at)|last|latest|"
    r"newest|recent|youngest|only|just|max(?:imum)?\.?(?: of)?|limit(?:ed)?(?: to)?|at most|up to|top|count(?: of)?|"
    r"keeps?|keeping|retains?|retaining|retention(?: of)?|ttl|leaves?|holds?|stores?|more than|older than|fewer than|"
    r"less than|beyond|over|above|exceeds?|exceeding|after|first|least|minimum(?: of)?)(?:\s*[:=]\s*|\s+)|[<>=]\s*)$",
    re.IGNORECASE,
)
_AT_LEAST_BEFORE = re.compile(r"(?:at least|minimum(?: of)?|min\.?|no fewer than|not less than)\s*$", re.IGNORECASE)
_ABOUT_BEFORE = re.compile(r"(?:about|approximately|approx\.?|around|roughly|nearly|almost|~)\s*$", re.IGNORECASE)
_FORMER_BEFORE = re.compile(
    r"\b(?:was|were|used to be|previously|formerly|before:|instead of|rather than|not|unlike|old limit(?: of)?)\s+"
    r"(?:the\s+)?$",
    re.IGNORECASE,
)
# The name that a number belongs to. `18` is a version in "node 18 images", and a name in "team 18 images".
_SOFTWARE = (
    "java|jdk|openjdk|node|nodejs|python|ruby|php|go|golang|rust|dotnet|net|scala|kotlin|swift|perl|elixir|gcc|clang|"
    "llvm|ubuntu|debian|alpine|fedora|centos|rhel|rocky|windows|linux|bookworm|postgres|postgresql|mysql|mariadb|mongo|"
    "mongodb|redis|kafka|elasticsearch|opensearch|nginx|tomcat|spring|boot|django|rails|react|angular|vue|cuda|spark|"
    "airflow|terraform|helm|kubernetes|k8s|eks|version|api|http|ipv"
)
_NUMBERED = (
    "account|article|bucket|bug|build|cell|code|error|status|change|channel|chapter|cluster|control|customer|day|department|env|"
    "environment|epic|generation|gen|group|id|incident|issue|item|iteration|jira|level|line|lot|milestone|mr|no|nr|"
    "number|page|paragraph|phase|pi|platform|pod|policy|port|pr|priority|project|quarter|region|release|requirement|rev|"
    "revision|rfc|ring|room|rule|section|series|shard|site|squad|sprint|stack|stage|step|story|stream|task|team|tenant|"
    "ticket|tier|tribe|wave|week|workstream|zone"
)
_NAME_BEFORE = re.compile(
    rf"\b(?:every|each|per|once an?|once in|{_SOFTWARE}|{_NUMBERED})(?:[ -]*#?\s*|:)$", re.IGNORECASE
)
_UNKNOWN_NAME_BEFORE = re.compile(r"[a-z0-9,;)] [A-Z][\w.+#]*\s+$")
# The longest text before a number that one of these patterns reads.
_MOST_BEFORE = 80

# --- the whole description --------------------------------------------------------------------------------------------

# "one build a day", "twice a week", "7 days a week".
_RATE = re.compile(
    rf"(?:[$\u20ac\u00a3]\s?\d[\d.,]*\s+|\b(?:{NUMBER}|an?|multiple|many|several)\s+(?:[a-z][\w-]*\s+){{0,3}}?|"
    r"\b(?:once|twice|times)\s+)"
    r"(?:per|each|every|an?)\s+(?:\w+\s+)?(?:hour|day|night|week|month|quarter|year|sprint)\b",
    re.IGNORECASE,
)
# Numbers that multiply others, or that belong to another rule: "3 versions x 10 patches", "a build has 3 images".
_FACTOR = re.compile(
    r"(?:\s[x\u00d7*]|\b(?:builds?|versions?|releases?|commits?|jobs?|pipelines?|indexe?s?)\s+(?:\w+\s+)?(?:has|have|"
    rf"(?:pushe?|produce|create|generate|upload|publishe?|comprise|contain)s?(?: of)?)\b)\s*{NUMBER}\b"
    r"|\b(?:other|another|separate|different|next|previous) rules?\b|\belsewhere\b",
    re.IGNORECASE,
)
# The smallest and the largest number of days between images: a year of monthly images is 12 images.
_PERIODS = {
    r"\b(?:daily|nightly|nightlies|(?:day|night) builds?)\b": (1.0, 1.0),
    r"\bweekly\b": (7.0, 7.0),
    r"\bmonthly\b": (28.0, 31.0),
    r"\bquarterly\b": (84.0, 93.0),
    r"\byearly\b": (360.0, 366.0),
}
_YEARS = range(1990, 2100)


class _Number(NamedTuple):
    """A number in a text, with the text before and after it."""

    text: str
    start: int
    end: int
    values: tuple[float, ...]

    @property
    def before(self) -> str:
        return self.text[max(0, self.start - _MOST_BEFORE) : self.start]

    @property
    def after(self) -> str:
        return self.text[self.end :]


# Many repositories have the same few descriptions.
@lru_cache(maxsize=1024)
def described_limits(description: str) -> tuple[DescribedLimit, ...]:
    """
    Return the numbers of images or days in a description.

    Args:
        description: The description.

    """
    text = with_one_form(_in_words(description))
    rates = [match.span() for match in _RATE.finditer(text)]
    limits = [
        limit
        for number in _numbers(text)
        if not any(first <= number.start < last for first, last in rates)
        if (limit := _limit(number)) is not None
    ]
    limits += [*_sums(limits), *_periodic(limits, text)]
    is_product = rates or _FACTOR.search(text)
    return tuple(each._replace(is_certain=False) for each in limits) if is_product else tuple(limits)


def _in_words(description: str) -> str:
    """Return a description of one word, such as `keep-last-10`, as several words."""
    if " " in description.strip():
        return description
    parts = re.sub(r"(?<=[a-z])(?=[A-Z\d])|(?<=\d)(?=[A-Z])", " ", description)
    return re.sub(r"[-_]+", " ", parts).lower()


def _numbers(text: str) -> Iterator[_Number]:
    for pattern in (_NUMBERS, _ARTICLES):
        for match in pattern.finditer(text):
            words = [word.lower() for word in match.groupdict().values() if word]
            yield _Number(text, match.start(), match.end(), tuple(map(_value, words)))


def _value(word: str) -> float:
    if word in ("a", "an", "last", "past"):
        return 1
    if word in ("half", "half a", "half an"):
        return 0.5
    return float(word) if "." in word else number_of(word)


def _limit(number: _Number) -> DescribedLimit | None:
    unit_after, unit_before = _UNIT_AFTER.match(number.after), _UNIT_BEFORE.search(number.before)
    unit_match = unit_after or unit_before
    images = _NOUN_AFTER.match(number.after) or _NEWEST_AFTER.match(number.after)
    end = number.end + (unit_after or images).end() if (unit_after or images) else number.end  # type: ignore[union-attr]
    if _NAME_BEFORE.search(number.before) or _FREQUENCY_AFTER.match(number.text, end):
        return None
    unit: Unit | None = "days" if unit_match else "images" if images else None
    if unit is None and (_PART_AFTER.match(number.after) or any(each in _YEARS for each in number.values)):
        return None
    if unit != "days" and not all(each.is_integer() for each in map(float, number.values)):
        return None  # a version, such as 10.5
    least, most = _days_of(unit_match["unit"]) if unit_match else (1.0, 1.0)
    least, most = _widened(number, end, min(number.values) * least, max(number.values) * most)
    start = number.start if unit_after or not unit_before else number.start - len(unit_before.group())
    stated = " ".join(number.text[start:end].split())
    return DescribedLimit(stated, least, most, unit, is_certain=least > 0 and _is_certain(number, end, unit))


def _widened(number: _Number, end: int, least: float, most: float) -> tuple[float, float]:
    """Return the range of a number with words such as "about" and "at least"."""
    if _ABOUT_BEFORE.search(number.before):
        least, most = least * 0.9, most * 1.1
    is_open = (
        _AT_LEAST_BEFORE.search(number.before)
        or _OR_MORE_AFTER.match(number.after)
        or _OR_MORE_AFTER.match(number.text, end)
    )
    return least, float("inf") if is_open else most


def _is_certain(number: _Number, end: int, unit: Unit | None) -> bool:
    if _FORMER_BEFORE.search(number.before):
        return False
    if unit == "days":
        # "About two weeks of builds" is a number of builds.
        return not (_ABOUT_BEFORE.search(number.before) and number.text[end:].lstrip().startswith("of "))
    if unit is None and not (_CUE_BEFORE.search(number.before) and _END_AFTER.match(number.after)):
        return False
    return not _UNKNOWN_NAME_BEFORE.search(number.before)


def _sums(limits: list[DescribedLimit]) -> Iterator[DescribedLimit]:
    """Yield the sum of several periods, as in "one year and six months"."""
    periods = [each for each in limits if each.unit == "days"]
    if len(periods) > 1:
        least, most = sum(each.least for each in periods), sum(each.most for each in periods)
        yield DescribedLimit(periods[0].text, least, most, "days", is_certain=False)


def _periodic(limits: list[DescribedLimit], text: str) -> Iterator[DescribedLimit]:
    """Yield the number of images of a period, as in "monthly images, keep one year"."""
    for pattern, (least, most) in _PERIODS.items():
        if re.search(pattern, text, re.IGNORECASE):
            for each in (limit for limit in limits if limit.unit == "days"):
                yield DescribedLimit(each.text, each.least / most, each.most / least, "images", is_certain=False)


def _days_of(unit: str) -> tuple[float, float]:
    return next(days for pattern, days in _UNITS.items() if re.fullmatch(pattern, unit, re.IGNORECASE))
