"""
The algebra of texts with `*`: what one matches, whether two can meet, whether one covers the other.

`*` stands for any number of characters, none included; every other character stands for itself.
"""

from __future__ import annotations

from functools import lru_cache

__all__ = ["matches", "overlaps", "subsumes"]

# A character that no name and no tag can hold: it stands for "something nobody wrote".
_FRESH = "\0"


def matches(pattern: str, text: str) -> bool:
    """Return whether a pattern describes a whole text."""
    head, *others = _parts(pattern)
    if not others:
        return text == head
    *middle, tail = others
    at, end = len(head), len(text) - len(tail)
    if at > end or not (text.startswith(head) and text.endswith(tail)):
        return False
    # The leftmost place for each part leaves the most room for the next, so looking once is enough.
    for part in middle:
        at = text.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True


@lru_cache(maxsize=4096)
def _parts(pattern: str) -> tuple[str, ...]:
    return tuple(pattern.split("*"))


def subsumes(wider: str, narrower: str) -> bool:
    """
    Tell whether every text that the narrower pattern describes is described by the wider one too.

    Each `*` of the narrower pattern becomes a character that the wider one does not name: only a `*` can take it, and
    a `*` that takes it takes anything.
    """
    return matches(wider, narrower.replace("*", _FRESH))


@lru_cache(maxsize=4096)
def overlaps(one: str, other: str) -> bool:
    """Tell whether there is a text that both patterns describe."""
    # reachable[j]: some text is described by what has been read of `one` and by the first j characters of `other`.
    reachable = [True]
    reachable += [all(letter == "*" for letter in other[: j + 1]) for j in range(len(other))]
    for letter in one:
        row = [reachable[0] and letter == "*"]
        for j, letter_of_other in enumerate(other):
            if letter == "*" or letter_of_other == "*":
                met = reachable[j + 1] or row[j] or reachable[j]
            else:
                met = reachable[j] and letter == letter_of_other
            row.append(met)
        reachable = row
    return reachable[-1]
