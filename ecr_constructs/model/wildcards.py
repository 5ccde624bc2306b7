"""
The algebra of texts with `*`: what one matches, whether two can meet, whether one covers the other.

`*` stands for any number of characters, none included; every other character stands for itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

__all__ = ["matcher", "matches", "overlaps", "subsumes"]

# A character that no name and no tag can hold: it stands for "something nobody wrote".
_FRESH = "\0"


def matches(pattern: str, text: str) -> bool:
    """Tell whether a text is one that the pattern describes, from its first to its last character."""
    return matcher(pattern)((text,))


@lru_cache(maxsize=4096)
def matcher(pattern: str) -> Callable[[Sequence[str]], bool]:
    """
    Return a function that takes texts and returns whether the pattern describes one of them.

    A text takes time in proportion to its length, whatever the pattern: nothing is searched twice.

    Args:
        pattern: The pattern, which is taken apart once.

    """
    head, *others = pattern.split("*")
    if not others:
        return lambda texts: pattern in texts
    tail = others.pop()
    middle = [(part, len(part)) for part in others if part]
    begin, behind = len(head), len(tail)

    def search(texts: Sequence[str]) -> bool:
        for text in texts:
            if (begin and not text.startswith(head)) or (behind and not text.endswith(tail)):
                continue
            # The leftmost place for each part leaves the most room for the next, so looking once is enough.
            at, end = begin, len(text) - behind
            for part, length in middle:
                at = text.find(part, at, end)
                if at < 0:
                    break
                at += length
            else:
                if at <= end:
                    return True
        return False

    return search


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
