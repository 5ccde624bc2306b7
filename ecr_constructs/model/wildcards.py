"""
Patterns with `*`: matching, overlap and inclusion.

`*` matches any number of characters, including none. Every other character matches itself.
"""

from __future__ import annotations

from functools import lru_cache

__all__ = ["matches", "overlaps", "subsumes"]

# A character that no name and no tag can contain.
_FRESH = "\0"


def matches(pattern: str, text: str) -> bool:
    """Return whether a pattern matches a whole text."""
    head, *others = _parts(pattern)
    if not others:
        return text == head
    *middle, tail = others
    at, end = len(head), len(text) - len(tail)
    if at > end or not (text.startswith(head) and text.endswith(tail)):
        return False
    # The leftmost match of each part leaves most of the text for the next part, so no backtracking is needed.
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
    Return whether one pattern matches every text that another pattern matches.

    Each `*` of the narrower pattern is replaced by a character that the wider pattern does not contain. Only a `*` of
    the wider pattern can match this character, and such a `*` matches any text.
    """
    return matches(wider, narrower.replace("*", _FRESH))


@lru_cache(maxsize=4096)
def overlaps(one: str, other: str) -> bool:
    """Return whether there is a text that both patterns match."""
    # reachable[j]: some text matches the part of `one` that was read, and the first j characters of `other`.
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
