"""
The images of a repository side by side: who is newer, who has which tags, who belongs to whom.

Everything here is about positions: an image is the number of its place in the order of age, 0 for the newest.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from itertools import chain, compress, repeat
from operator import attrgetter, contains, itemgetter

from ecr_constructs.errors import InvalidImage
from ecr_constructs.model.images import Image, require_images, time_problem
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.validation import abbreviate

__all__ = ["ImageIndex", "to_utc"]

# Around every tag, so that one can be searched for as text; and between images. No tag holds either.
_EDGE, _END = "\0", "\n"
_UNTAGGED = f"{_EDGE}{_EDGE}"
# Of what str.partition() returns.
_BEHIND = itemgetter(2)


class ImageIndex:
    """
    The images of one repository.

    Args:
        images: Every image, in any order; of two that are equally old, the one that is listed later is the newer.

    Raises:
        InvalidImage: if one is listed twice.

    Attributes:
        images: The images, the newest first. A restored image is as new as its restoration.
        standard: The positions of those that are not archived.
        archive: The positions of those that are archived or were until now.
        activating: The positions of images that are being restored.
        restored: The positions of images that were in the archive once.
        referrers: The positions of signatures and other artifacts that are about another image.
        indexes_of: For a position, those of the indexes that are there and name it.
        may_be_children: The positions that indexes may name of which DescribeImages did not tell what they name.

    """

    def __init__(self, images: Iterable[Image]) -> None:
        """Look at every image once."""
        listed = tuple(images)
        require_images(listed)
        self.images = sorted(listed, key=_age)[::-1]
        if len({image.digest for image in listed}) < len(listed):
            raise InvalidImage(_twice(listed))
        self._positions: dict[str, int] = {}
        self._subjects: dict[int, int | None] = {}
        self._tags = _tag_texts(self.images)
        self._edged = _EdgedTags(self.images)
        self.standard = list(range(len(listed)))
        self.archive: list[int]
        self.activating: set[int]
        self.restored: set[int]
        self.referrers: set[int]
        self.indexes_of: dict[int, list[int]] = {}
        self.may_be_children: set[int] = set()
        self._look_at([position for position, image in enumerate(self.images) if not image.is_ordinary])

    def _look_at(self, positions: Sequence[int]) -> None:
        """Put each image that is not ordinary where it belongs."""
        images = self.images
        if positions:
            self._positions = {image.digest: position for position, image in enumerate(images)}
        self.archive = [position for position in positions if images[position].status != "active"]
        archived = {position for position in self.archive if images[position].status == "archived"}
        if archived:
            self.standard = [position for position in self.standard if position not in archived]
        self.activating = set(self.archive) - archived
        self.restored = {position for position in positions if images[position].activated_at is not None}
        self.referrers = {position for position in positions if images[position].subject_digest is not None}
        self._look_into_indexes([each for each in positions if images[each].is_index and each not in archived])

    def first_older_than(self, time: datetime) -> int:
        """
        Give the position from which on images are older than a time.

        Args:
            time: The time, in UTC.

        """
        return bisect_left(self.images, x=True, key=lambda image: _age(image) < time)

    def selected(self, rule: LifecycleRule, positions: Iterable[int]) -> list[int]:
        """
        Give those images that a rule is about, in the order given.

        Args:
            rule: The rule.
            positions: Where to look.

        """
        tags = self._tags
        if rule.tag_status == "untagged":
            return [position for position in positions if tags[position] == _UNTAGGED]
        for pattern in (selector.pattern for selector in rule.selectors):
            positions = self._matching(pattern, positions)
        return list(positions)

    def subject_of(self, position: int) -> int | None:
        """
        Give the image that an artifact is about in the end, for there are signatures of signatures.

        Args:
            position: The artifact.

        """
        passed: set[int] = set()
        at: int | None = position
        while at in self.referrers and at not in passed and at not in self._subjects:
            passed.add(at)
            at = self._positions.get(str(self.images[at].subject_digest))
        end = None if at is None or at in passed else self._subjects.get(at, at)
        self._subjects.update(dict.fromkeys(passed, end))  # what was walked once is not walked again
        return end

    def _matching(self, pattern: str, positions: Iterable[int]) -> list[int]:
        """Return the positions of images of which a tag matches, in the order given."""
        tags = self._tags
        texts = _texts(pattern)
        if not texts:
            return [position for position in positions if tags[position] != _UNTAGGED]
        found = list(positions)
        # All tags of an image are searched at once, and the longest text is the one that fewest images have.
        for text in sorted(texts, key=len, reverse=True):
            found = [position for position in found if text in tags[position]]
        return found if len(texts) == 1 else self._in_one_tag(texts, found)

    def _in_one_tag(self, texts: Sequence[str], positions: Sequence[int]) -> list[int]:
        """Return the positions of images with a tag in which all texts stand, one behind the other."""
        each = list(map(self._edged.__getitem__, positions))
        rests: Iterable[str] = chain.from_iterable(each)
        # The leftmost place for each text leaves the most room for the next. Behind a text that is missing is nothing.
        for text in texts[:-1]:
            rests = map(_BEHIND, map(str.partition, rests, repeat(text)))
        is_found = list(map(contains, rests, repeat(texts[-1])))
        if True not in is_found:
            return []
        owners = chain.from_iterable(map(repeat, positions, map(len, each)))
        return list(dict.fromkeys(compress(owners, is_found)))

    def _look_into_indexes(self, indexes: Sequence[int]) -> None:
        for index in indexes:
            for digest in self.images[index].referenced_digests or ():
                child = self._positions.get(digest)
                if child is None or child == index:  # no index names itself
                    continue
                if index in self.activating:
                    self.may_be_children.add(child)
                else:
                    self.indexes_of.setdefault(child, []).append(index)
        closed = [index for index in indexes if self.images[index].referenced_digests is None]
        if closed:
            untagged = {position for position, tags in enumerate(self._tags) if tags == _UNTAGGED}
            self.may_be_children |= untagged.difference(closed if len(closed) == 1 else ())


class _EdgedTags(dict[int, tuple[str, ...]]):
    """The tags of an image, by its position, each with its edges; only some images are ever looked at."""

    def __init__(self, images: Sequence[Image]) -> None:
        super().__init__()
        self._images = images

    def __missing__(self, position: int) -> tuple[str, ...]:
        self[position] = edged = tuple([f"{_EDGE}{tag}{_EDGE}" for tag in self._images[position].tags])
        return edged


def to_utc(at: datetime) -> datetime:
    """
    Give the instant in UTC.

    Args:
        at: A time with a zone.

    Raises:
        InvalidImage: if it has none, or is no time at all.

    """
    if problem := time_problem(at):
        raise InvalidImage([f"at: {problem}"])
    return at.astimezone(timezone.utc)


def _age(image: Image) -> datetime:
    return image.activated_at or image.pushed_at


def _twice(images: Sequence[Image]) -> list[str]:
    counts = Counter(image.digest for image in images)
    return [
        f"image {abbreviate(d)} is listed twice; a repository holds it once"
        for d, number in counts.items()
        if number > 1
    ]


def _tag_texts(images: Sequence[Image]) -> list[str]:
    """Write the tags of each image as one text, side by side in memory, which makes searching them many times quick."""
    texts = map(_EDGE.join, map(attrgetter("tags"), images))
    return f"{_EDGE}{f'{_EDGE}{_END}{_EDGE}'.join(texts)}{_EDGE}".split(_END)


def _texts(pattern: str) -> list[str]:
    """
    Return the texts that stand in a tag with its edges, one behind the other, if it matches.

    If there is one only, the tag matches wherever it stands; if there is none, every tag matches.
    """
    head, *rest = pattern.split("*")
    if not rest:
        return [f"{_EDGE}{head}{_EDGE}"]
    *middle, tail = rest
    return list(filter(None, [f"{_EDGE}{head}" if head else "", *middle, f"{tail}{_EDGE}" if tail else ""]))
