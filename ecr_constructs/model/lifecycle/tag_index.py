"""The tags of the images of a repository, searched for patterns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, compress, repeat
from operator import contains, itemgetter

from ecr_constructs.model.lifecycle.tag_columns import images_by_pattern

__all__ = ["TagIndex"]

# The characters around every tag, to search for its beginning and its end, and between images. No tag contains them.
_EDGE, _END = "\0", "\n"
# Up to this number of patterns, each is searched for in every tag. This can take quadratic time, but usually does not.
# More patterns are matched by column, which takes longer for the first of them.
_SEARCHED = 3
# The third of the texts that str.partition() returns.
_BEHIND = itemgetter(2)


class TagIndex:
    """
    The tags of images.

    Args:
        tags: The tags of each image.
        order: For each position, the number of the image in `tags`. The index identifies an image by its position.
        patterns: The patterns that will be searched for.

    """

    def __init__(self, tags: Sequence[Sequence[str]], order: Sequence[int], patterns: Iterable[str]) -> None:
        self._tags = tags
        self._order = order
        # All tags are one text. Python searches it without a step for each image. Tags are joined in their usual order
        # in memory.
        joined = _END.join(map(_EDGE.join, tags)).split(_END)
        text = f"{_EDGE}{_END}{_EDGE}".join(map(joined.__getitem__, order))
        self._text = f"{_EDGE}{text}{_EDGE}" if order else ""
        several = {pattern for pattern in patterns if not _is_searched_in_one_pass(pattern)}
        self._flags = images_by_pattern(several, self._tags_at(range(len(order)))) if len(several) > _SEARCHED else {}

    def untagged(self) -> list[int]:
        """Return the positions of the images without tags, in ascending order."""
        return self._having(f"{_EDGE}{_EDGE}")

    def matching(self, pattern: str) -> list[int]:
        """
        Return the positions of the images of which a tag matches a pattern, in ascending order.

        Args:
            pattern: The pattern.

        """
        if not pattern:  # no tag is empty; only an image without tags has no text between its edges
            return []
        if pattern in self._flags:
            return list(compress(range(len(self._order)), self._flags[pattern]))
        parts = _parts(pattern)
        if not parts:
            return sorted(set(range(len(self._order))).difference(self.untagged()))
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
        """Return the images with a tag that begins with a text, followed by all parts."""
        images, behind = self._find(head)
        return _having_in_order(parts, images, [f"{rest.partition(_EDGE)[0]}{_EDGE}" for rest in behind])

    def _in_one_tag(self, parts: Sequence[str]) -> list[int]:
        """Return the images with a tag that contains all parts in their order."""
        # The longest text is the one that the fewest images have.
        images = self._having(max(parts, key=len))
        tags = self._tags_at(images)
        repeated = (image for image, of_image in zip(images, tags, strict=True) for _ in of_image)
        return _having_in_order(parts, repeated, [f"{_EDGE}{tag}{_EDGE}" for of_image in tags for tag in of_image])

    def _tags_at(self, positions: Iterable[int]) -> list[Sequence[str]]:
        return list(map(self._tags.__getitem__, map(self._order.__getitem__, positions)))


def _having_in_order(parts: Sequence[str], images: Iterable[int], rests: Iterable[str]) -> list[int]:
    """Return the images for which the rest of a tag contains all parts in their order."""
    # The first place for each part leaves the most characters for the next one. After a missing part, no part matches.
    for part in parts[:-1]:
        rests = map(_BEHIND, map(str.partition, rests, repeat(part)))
    return list(dict.fromkeys(compress(images, map(contains, rests, repeat(parts[-1])))))


def _is_searched_in_one_pass(pattern: str) -> bool:
    """Return whether a pattern is one text with an edge, which `str.find` looks for in linear time."""
    parts = _parts(pattern)
    return not parts or (len(parts) == 1 and _EDGE in parts[0])


def _parts(pattern: str) -> list[str]:
    """
    Return the texts that a matching tag with its edges contains, in their order.

    With only one text, the tag matches at any position of the text. Without a text, every tag matches.
    """
    head, *rest = pattern.split("*")
    if not rest:
        return [f"{_EDGE}{head}{_EDGE}"]
    *middle, tail = rest
    return list(filter(None, [f"{_EDGE}{head}" if head else "", *middle, f"{tail}{_EDGE}" if tail else ""]))
