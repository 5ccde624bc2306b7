"""Lists and numbers of things as readable text."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["counted", "joined", "plural", "shortened"]


def joined(words: Sequence[str]) -> str:
    """
    Return all words of a list that is not empty.

    >>> joined(["a", "b", "c"])
    'a, b and c'

    """
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]


def plural(number: int, noun: str) -> str:
    """
    Return a noun as it stands after a number.

    >>> plural(1, "image"), plural(2, "repository")
    ('image', 'repositories')

    """
    if number == 1:
        return noun
    return f"{noun[:-1]}ies" if noun.endswith(("ry", "cy")) else f"{noun}s"


def counted(number: int, noun: str) -> str:
    """
    Return a number and its noun, without a separator of thousands, as in the description of a rule.

    >>> counted(1000, "image")
    '1000 images'

    """
    return f"{number} {plural(number, noun)}"


def shortened(words: Sequence[str], limit: int = 3) -> str:
    """
    Return the first words of a list, and the number of the others.

    Args:
        words: The words.
        limit: The number of words that are listed. Default: 3.

    >>> shortened(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'

    """
    more = len(words) - limit
    return ", ".join(words[:limit]) + (f" and {more:,} more" if more > 0 else "")
