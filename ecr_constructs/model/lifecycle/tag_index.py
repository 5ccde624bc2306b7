"""The tags of the images of a repository, searched for patterns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, compress, repeat
from operator import contains, itemgetter

from ecr_constructs.model.lifecycle.tag_columns import images_by_pattern

__all__ = ["TagIndex"]

# Around every tag, so that its begin and its end can be searched for; and between images. No tag contains either.
_EDGE, _END = "\0", "\n"
# Up to so many patterns are searched for in each tag, which can take quadratic time but usually does not. More
# patterns are matched by column, which takes longer for the first of them.
_SEARCHED = 3
# The third of the texts that str.partition() returns.
_BEHIND = itemgetter(2)


class TagIndex:
    """
    The tags of images.

    Args:
        tags: The tags of each image. An image is identified by its number in this list, from 0.
        patterns: The patterns that will be searched for.

    """

    def __init__(self, tags: Sequence[Sequence[str]], patterns: Iterable[str]) -> None:
        self._tags = tags
        # All tags are one text. Python searches it without a step for each image.
        self._text = f"{_EDGE}{f'{_EDGE}{_END}{_EDGE}'.join(map(_EDGE.join, tags))}{_EDGE}"
        several = {pattern for pattern in patterns if not _is_searched_in_one_pass(pattern)}
        self._flags = images_by_pattern(several, tags) if len(several) > _SEARCHED else {}

    def untagged(self) -> list[int]:
        """Return the images without tags, in ascending order."""
        return self._having(f"{_EDGE}{_EDGE}")

    def matching(self, pattern: str) -> list[int]:
        """
        Return the images of which a tag matches a pattern, in ascending order.

        Args:
            pattern: The pattern.

        """
        if pattern in self._flags:
            return list(compress(range(len(self._tags)), self._flags[pattern]))
        parts = _parts(pattern)
        if not parts:
            return list(compress(range(len(self._tags)), self._tags))
        if len(parts) == 1:
            return self._having(parts[0])
        return self._behind_head(*parts) if parts[0].startswith(_EDGE) else self._in_one_tag(parts)

    def _having(self, text: str) -> list[int]:
        """Return the images whose tags contain a text."""
        return list(dict.fromkeys(self._find(text)[0]))

    def _find(self, text: str) -> tuple[Iterator[int], list[str]]:
        """Return the image at each place of a text, and the characters from there to the next place."""
        before, *behind = self._text.split(text)
        # Between two places there are as many ends as there are images from the one to the other.
        return accumulate(map(str.count, [before, *behind[:-1]] if behind else (), repeat(_END))), behind

    def _behind_head(self, head: str, *parts: str) -> list[int]:
        """Return the images with a tag that has a text at its begin and all parts behind it."""
        images, behind = self._find(head)
        return _having_in_order(parts, images, [f"{rest.partition(_EDGE)[0]}{_EDGE}" for rest in behind])

    def _in_one_tag(self, parts: Sequence[str]) -> list[int]:
        """Return the images with a tag that contains all parts, one behind the other."""
        # The longest text is the one that the fewest images have.
        images = self._having(max(parts, key=len))
        tags = [f"{_EDGE}{tag}{_EDGE}" for image in images for tag in self._tags[image]]
        return _having_in_order(parts, (image for image in images for _ in self._tags[image]), tags)


def _having_in_order(parts: Sequence[str], images: Iterable[int], rests: Iterable[str]) -> list[int]:
    """Return the images of which one of the rests of tags contains all parts, one behind the other."""
    # The first place for each part leaves the most characters for the next. Behind a missing part is nothing.
    for part in parts[:-1]:
        rests = map(_BEHIND, map(str.partition, rests, repeat(part)))
    return list(dict.fromkeys(compress(images, map(contains, rests, repeat(parts[-1])))))


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
