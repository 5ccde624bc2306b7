"""Numbers in English text, as digits or as words."""

from __future__ import annotations

import re

__all__ = ["NUMBER", "number_of", "with_one_form"]

_ONES = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_TEENS = ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_VALUES = {word: number for number, word in enumerate(_ONES + _TEENS, start=1)}
_VALUES |= dict(zip(_TENS, range(20, 100, 10), strict=True))
_VALUES |= {"a": 1, "single": 1, "couple": 2, "of": 0, "and": 0}
_FACTORS = {"dozen": 12, "hundred": 100, "thousand": 1000}

_BELOW_100 = rf"(?:(?:{'|'.join(_TENS)})(?:[- ](?:{'|'.join(_ONES)}))?|{'|'.join(_TEENS)}|{'|'.join(_ONES)})"
_BELOW_1000 = rf"(?:(?:(?:a|{'|'.join(_ONES)})[ -])?hundred(?:(?: and)?[ -]{_BELOW_100})?|{_BELOW_100})"
_WORDS = (
    rf"(?:half an? dozen|(?:half|a|{_BELOW_100})[ -]dozen|dozen|(?:(?:a|{_BELOW_1000})[ -])?thousand"
    rf"(?:(?: and)?[ -]{_BELOW_1000})?|{_BELOW_1000}|a single|a couple(?: of)?)"
)
_DIGITS = r"(?:\d{1,3}(?:,\d{3})+|\d{1,3}[ -]dozen|\d{1,7}k?)"
# A digit beside a letter, `.`, `-`, `#` or `/` is part of a tag, a version, a date or a ticket.
NUMBER = rf"(?:(?<![\w.,#$/*-])(?<!\d:){_DIGITS}|\b{_WORDS}\b)"
_IN_PARENTHESES = re.compile(rf" ?\((?P<number>{NUMBER})\)", re.IGNORECASE)
_AND_A_HALF = re.compile(rf"(?P<number>{NUMBER}) and a half\b|\ban? (?P<unit>\w+) and a half\b", re.IGNORECASE)
_AT_END = re.compile(rf"(?P<number>{NUMBER})$", re.IGNORECASE)


def number_of(text: str) -> int:
    """
    Return the number that digits or words mean.

    Args:
        text: Text that matches `NUMBER`.

    >>> number_of("1,000"), number_of("2k"), number_of("one hundred and eighty"), number_of("half a dozen")
    (1000, 2000, 180, 6)

    """
    digits = text.lower().replace(",", "")
    if digits[0].isdigit():
        factor = 1000 if digits.endswith("k") else 12 if digits.endswith("dozen") else 1
        return int(digits.rstrip("k- denoz")) * factor
    total = part = 0
    words = re.split("[- ]+", digits)
    if words[0] == "half":
        return 6
    for word in words:
        if word in _FACTORS:
            part = (part or 1) * _FACTORS[word]
            total, part = (total + part, 0) if word == "thousand" else (total, part)
        else:
            part += _VALUES[word]
    return total + part


def with_one_form(text: str) -> str:
    """
    Return text without the second form of a number, as in `three (3) weeks`, and with halves as decimals.

    Args:
        text: The text.

    >>> with_one_form("after three (3) weeks")
    'after three weeks'
    >>> with_one_form("two and a half months, a year and a half")
    '2.5 months, 1.5 year'

    """

    def shortened(match: re.Match[str]) -> str:
        before = _AT_END.search(match.string[: match.start()])
        is_same = before is not None and number_of(before["number"]) == number_of(match["number"])
        return "" if is_same else match.group()

    def with_decimal(match: re.Match[str]) -> str:
        return f"1.5 {match['unit']}" if match["unit"] else f"{number_of(match['number'])}.5"

    return _IN_PARENTHESES.sub(shortened, _AND_A_HALF.sub(with_decimal, text))
