"""The tags of the images of a repository, searched for patterns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import compress, repeat
from operator import contains, itemgetter

from ecr_constructs.model.lifecycle.tag_columns import images_by_pattern

__all__ = ["TagIndex"]

# Around every tag, so that its begin and its end can be searched for; and between images. No tag contains either.
_EDGE, _END = "\0", "\n"
_UNTAGGED = f"{_EDGE}{_EDGE}"
# Up to so many patterns are searched for in each image, which can take quadratic time but usually does not. More
# patterns are matched by column, which takes longer for the first of them.
_SEARCHED = 3
# The third of the texts that str.partition() returns.
_BEHIND = itemgetter(2)


class TagIndex:
    """
    The tags of images.

    Args:
        tags: The tags of each image. An image is identified by its position.
        patterns: The patterns that will be searched for.

    """

    def __init__(self, tags: Sequence[Sequence[str]], patterns: Iterable[str]) -> None:
        self._tags = tags
        # The tags of an image are one text. All of them are written at once, and so are side by side in memory.
        texts = map(_EDGE.join, tags)
        self._texts = f"{_EDGE}{f'{_EDGE}{_END}{_EDGE}'.join(texts)}{_EDGE}".split(_END)
        several = {pattern for pattern in patterns if not _is_searched_in_one_pass(pattern)}
        self._flags = images_by_pattern(several, tags) if len(several) > _SEARCHED else {}

    def untagged(self, positions: Iterable[int]) -> list[int]:
        """Return the positions of images without tags."""
        texts = self._texts
        return [position for position in positions if texts[position] == _UNTAGGED]

    def matching(self, pattern: str, positions: Sequence[int]) -> list[int]:
        """
        Return the positions of images of which a tag matches a pattern.

        Args:
            pattern: The pattern.
            positions: The positions of the images to look at, in ascending order.

        """
        if pattern in self._flags:
            flags = self._flags[pattern]
            return [position for position in positions if flags[position]]
        parts = _parts(pattern)
        if not parts:
            return [position for position in positions if self._texts[position] != _UNTAGGED]
        # All tags of an image are searched at once. The longest text is the one that the fewest images have.
        for part in sorted(parts, key=len, reverse=True):
            positions = self._having(part, positions)
        return list(positions) if len(parts) == 1 else self._in_one_tag(parts, positions)

    def _having(self, text: str, positions: Sequence[int]) -> list[int]:
        """Return the positions of images whose tags contain a text."""
        texts = self._texts
        if len(positions) == len(texts):  # without a loop of Python
            return list(compress(positions, map(contains, texts, repeat(text))))
        return [position for position in positions if text in texts[position]]

    def _in_one_tag(self, parts: Sequence[str], positions: Sequence[int]) -> list[int]:
        """Return the positions of images with a tag that contains all parts, one behind the other."""
        rests: Iterable[str] = [f"{_EDGE}{tag}{_EDGE}" for position in positions for tag in self._tags[position]]
        # The first place for each part leaves the most characters for the next. Behind a missing part is nothing.
        for part in parts[:-1]:
            rests = map(_BEHIND, map(str.partition, rests, repeat(part)))
        is_found = map(contains, rests, repeat(parts[-1]))
        images_of_tags = (position for position in positions for _ in self._tags[position])
        return list(dict.fromkeys(compress(images_of_tags, is_found)))


def _is_searched_in_one_pass(pattern: str) -> bool:
    """Return whether a pattern is one text with an edge, which `str.find` looks for in linear time."""
    parts = _parts(pattern)
    return not parts or (len(parts) == 1 and _EDGE in parts[0])


def _parts(pattern: str) -> list[str]:
    """
    Return the texts that a tag with its edges contains, one behind the other, if it matches.

    If there is one only, the tag matches wherever the text is; if there is none, every tag matches.
    """
    head, *rest = pattern.split("*")
    if not rest:
        return [f"{_EDGE}{head}{_EDGE}"]
    *middle, tail = rest
    return list(filter(None, [f"{_EDGE}{head}" if head else "", *middle, f"{tail}{_EDGE}" if tail else ""]))
