"""
Many tag patterns matched against many tags.

The tags of a block are compared column by column. A bit set contains the tags that have a given letter at a given
place. One operation on bit sets compares one letter of a pattern with every tag of the block, and the number of
operations depends on the lengths of patterns and tags only. `str.find` is faster for a few patterns, but its time is
quadratic for repetitive text, such as `aaab` in `aaaa...`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import compress
from operator import itemgetter

from ecr_constructs.model.wildcards import matches

__all__ = ["images_by_pattern"]

# The character that pads the tags of a block to one length, and marks the end of a tag. Neither tags nor patterns
# contain it.
_END = "\0"
# The number of tags of a block. It is large enough to make the loops of Python negligible, and small enough for some
# megabytes of bit sets.
_BLOCK = 32_768
# "Length Constraints: Minimum length of 1. Maximum length of 300." A longer tag cannot be in ECR, and is matched alone.
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageIdentifier.html
_LONGEST = 300
# For each of the 7 bits of an ASCII character, the table that replaces each character by the digit of that bit.
_DIGITS = [bytes(b"01"[code >> bit & 1] for code in range(256)) for bit in range(7)]
_FLAGS = bytes.maketrans(b"01", b"\0\1")


def images_by_pattern(patterns: Iterable[str], tags_of_images: Sequence[Sequence[str]]) -> dict[str, bytearray]:
    """
    Return for each pattern a flag for each image: 1 if one of its tags matches, 0 otherwise.

    Args:
        patterns: The patterns. `*` stands for any characters.
        tags_of_images: The tags of each image.

    """
    flags = {pattern: bytearray(len(tags_of_images)) for pattern in patterns}
    pairs = [(len(tag), tag, image) for image, tags in enumerate(tags_of_images) for tag in tags]
    # Tags of about the same length are in one block, to minimize the padding.
    pairs.sort(key=itemgetter(0))
    while pairs and pairs[-1][0] > _LONGEST:
        _, tag, image = pairs.pop()
        for pattern, of_pattern in flags.items():
            of_pattern[image] |= matches(pattern, tag)
    for start in range(0, len(pairs), _BLOCK):
        _, tags, images = zip(*pairs[start : start + _BLOCK], strict=True)
        columns = _TagColumns(tags)
        for pattern, of_pattern in flags.items():
            for image in compress(images, columns.matching(pattern)):
                of_pattern[image] = 1
    return flags


class _TagColumns:
    """
    A block of tags, by column.

    Args:
        tags: The tags, the longest last.

    """

    def __init__(self, tags: Sequence[str]) -> None:
        self._count = len(tags)
        self._width = len(tags[-1]) + 1
        # A character that is not ASCII becomes "?", which no pattern contains either.
        text = "".join([tag.ljust(self._width, _END) for tag in tags]).encode("ascii", "replace")
        self._columns = [_Column(text[place :: self._width]) for place in range(self._width)]

    def matching(self, pattern: str) -> bytes:
        """Return a flag for each tag: 1 if the whole tag matches."""
        head, *parts = f"{pattern}{_END}".split("*")
        ends = {len(head): self._having(head, 0, (1 << self._count) - 1)}
        required = sum(map(len, parts))
        for part in parts:
            # The first place for each part leaves the most characters for the next.
            ends = self._first_ends(part, ends, self._width - required)
            required -= len(part)
        found = 0
        for tags in ends.values():
            found |= tags
        # The first tag is the highest bit.
        return f"{found:0{self._count}b}".encode().translate(_FLAGS) if found else b""

    def _first_ends(self, part: str, ends: Mapping[int, int], last: int) -> dict[int, int]:
        """
        Return the ends of a part of a pattern in the tags, for its first place after the preceding part.

        Args:
            part: The part.
            ends: For places, the bit set of the tags in which the part before it ends there.
            last: The last place at which the part can begin.

        """
        if not part:
            return dict(ends)
        found: dict[int, int] = {}
        waiting = 0
        for place in range(min(ends, default=last), last + 1):
            waiting |= ends.get(place, 0)
            if waiting and (here := self._having(part, place, waiting)):
                found[place + len(part)] = here
                waiting ^= here
        return found

    def _having(self, part: str, place: int, tags: int) -> int:
        """Return the bit set of those tags that have a text at a place."""
        if place + len(part) > self._width:
            return 0
        for letter, column in zip(part, self._columns[place : place + len(part)], strict=True):
            if not tags:
                break
            tags &= column[letter]
        return tags


class _Column(dict[str, int]):
    """For each letter, the bit set of the tags that have it at one place. A letter is looked up when it is needed."""

    def __init__(self, letters: bytes) -> None:
        super().__init__()
        self._letters = letters
        self._by_bit: list[tuple[int, int]] = []

    def __missing__(self, letter: str) -> int:
        every = (1 << len(self._letters)) - 1
        if not self._by_bit:
            ones = [int(self._letters.translate(digits), 2) for digits in _DIGITS]
            self._by_bit = [(every ^ tags, tags) for tags in ones]
        tags = every
        for bit, having in enumerate(self._by_bit):
            tags &= having[ord(letter) >> bit & 1]
        self[letter] = tags
        return tags
