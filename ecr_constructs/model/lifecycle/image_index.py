"""
The images of a repository by age, by tag, and by their relations to image indexes and to other images.

An image is identified by its position in the order of age: 0 is the newest.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timezone
from functools import cached_property
from itertools import compress
from operator import attrgetter, not_

from ecr_constructs.errors import InvalidImage
from ecr_constructs.model.images import Image, require_images, time_problem
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.tag_index import TagIndex
from ecr_constructs.model.validation import abbreviate

__all__ = ["ImageIndex", "to_utc"]

# Up to this number of seconds before and after 1970, times that differ by a microsecond are different floats.
_EXACT_SECONDS = 2**33


class ImageIndex:
    """
    The images of one repository.

    Args:
        images: Every image, in any order. Of two images of the same age, the one that is listed later is the newer.
        rules: The rules that will be applied to the images.

    Raises:
        InvalidImage: If an image is listed twice.

    Attributes:
        standard: The positions of images in the standard storage class, or being restored to it.
        archive: The positions of images in the archive storage class, or being restored from it.
        activating: The positions of images that are being restored.
        restored: The positions of images that were archived and restored.
        referrers: The positions of signatures and other artifacts that have a subject.
        indexes_of: For a position, the positions of the image indexes that reference the image.
        may_be_children: The positions of images that an index can reference. `DescribeImages` does not return the
            references of an index.

    """

    def __init__(self, images: Iterable[Image], rules: Iterable[LifecycleRule] = ()) -> None:
        """Sort the images, and find the relations of those that have any."""
        listed = list(images)
        require_images(listed)
        if len(set(map(attrgetter("digest"), listed))) < len(listed):
            raise InvalidImage(_duplicates(listed))
        extraordinary = set(compress(range(len(listed)), map(not_, map(attrgetter("is_ordinary"), listed))))
        self._listed = listed
        # The objects of a large repository are read in the order of the list, which is usually their order in memory.
        self._order = _newest_first(listed)
        patterns = [selector.pattern for rule in rules for selector in rule.selectors]
        self._tags = TagIndex(list(map(attrgetter("tags"), listed)), self._order, patterns)
        self._positions: dict[str, int] = {}
        self._subjects: dict[int, int | None] = {}
        self.standard: Sequence[int] = range(len(listed))
        self.archive: list[int] = []
        self.activating: set[int] = set()
        self.restored: set[int] = set()
        self.referrers: set[int] = set()
        self.indexes_of: dict[int, list[int]] = {}
        self.may_be_children: set[int] = set()
        if extraordinary:
            self._find_relations([position for position, place in enumerate(self._order) if place in extraordinary])

    def __len__(self) -> int:
        return len(self._listed)

    @cached_property
    def images(self) -> Sequence[Image]:
        """The images, the newest first. The age of a restored image begins with its restoration."""
        return list(self.images_at(range(len(self))))

    def images_at(self, positions: Iterable[int]) -> Iterator[Image]:
        """
        Yield the images at positions, without creating a list of all images.

        Args:
            positions: The positions, in any order.

        """
        return map(self._listed.__getitem__, map(self._order.__getitem__, positions))

    def _find_relations(self, positions: Sequence[int]) -> None:
        """Add each image that is not ordinary to the attributes that contain it."""
        images = self.images
        self._positions = {image.digest: position for position, image in enumerate(images)}
        self.archive = [position for position in positions if images[position].status != "active"]
        archived = {position for position in self.archive if images[position].status == "archived"}
        if archived:
            self.standard = [position for position in self.standard if position not in archived]
        self.activating = set(self.archive) - archived
        self.restored = {position for position in positions if images[position].activated_at is not None}
        self.referrers = {position for position in positions if images[position].subject_digest is not None}
        self._find_children([each for each in positions if images[each].is_index and each not in archived])

    def first_older_than(self, time: datetime) -> int:
        """
        Return the first position of images that are older than a time.

        Args:
            time: The time, in UTC.

        """
        listed = self._listed
        return bisect_left(self._order, x=True, key=lambda place: listed[place].age_reference_time < time)

    def selected(self, rule: LifecycleRule, positions: Sequence[int]) -> Sequence[int]:
        """
        Return the positions of the images that a rule selects.

        Args:
            rule: The rule.
            positions: The positions of the images to look at, in ascending order.

        """
        if rule.tag_status == "any":
            return positions
        # An image matches if "all of the tags" of the list "are matched against any of the image's tags".
        # https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
        found = (
            [self._tags.untagged()]
            if rule.tag_status == "untagged"
            else [self._tags.matching(selector.pattern) for selector in rule.selectors]
        )
        if len(found) == 1 and len(positions) == len(self):
            return found[0]
        return sorted(set(found[0]).intersection(*found[1:], positions))

    def first_rules(self, rules: Sequence[LifecycleRule], positions: Sequence[int]) -> dict[int, LifecycleRule]:
        """
        Return, for the positions of selected images, the first rule that selects the image.

        Args:
            rules: The rules, by priority.
            positions: The positions of the images to look at, in ascending order.

        """
        first: dict[int, LifecycleRule] = {}
        for rule in reversed(rules):
            first.update(dict.fromkeys(self.selected(rule, positions), rule))
        return first

    def subject_of(self, position: int) -> int | None:
        """
        Return the position of the image that an artifact refers to, directly or through other artifacts.

        Args:
            position: The position of the artifact.

        """
        passed: set[int] = set()
        at: int | None = position
        while at in self.referrers and at not in passed and at not in self._subjects:
            passed.add(at)
            at = self._positions.get(str(self.images[at].subject_digest))
        end = None if at is None or at in passed else self._subjects.get(at, at)
        self._subjects.update(dict.fromkeys(passed, end))  # a chain of artifacts is followed once
        return end

    def _find_children(self, indexes: Sequence[int]) -> None:
        """Add the images that image indexes reference, or can reference."""
        for index in indexes:
            for digest in self.images[index].referenced_digests or ():
                child = self._positions.get(digest)
                if child is None or child == index:  # no index references itself
                    continue
                if index in self.activating:
                    self.may_be_children.add(child)
                else:
                    self.indexes_of.setdefault(child, []).append(index)
        unknown = [index for index in indexes if self.images[index].referenced_digests is None]
        if unknown:
            untagged = set(self._tags.untagged())
            self.may_be_children |= untagged.difference(unknown if len(unknown) == 1 else ())


def to_utc(at: datetime) -> datetime:
    """
    Return an instant in UTC.

    Args:
        at: A time with a zone.

    Raises:
        InvalidImage: If it has no time zone, or is not a time.

    """
    if problem := time_problem(at):
        raise InvalidImage([f"at: {problem}"])
    return at.astimezone(timezone.utc)


def _newest_first(images: Sequence[Image]) -> list[int]:
    """Return the places of images in their list, by age. Of images of the same age, the last is the first."""
    # Numbers are sorted several times as fast as datetimes. New numbers are adjacent in memory.
    seconds = array("d", list(map(attrgetter("age_reference_seconds"), images))).tolist()
    order = sorted(range(len(images)), key=seconds.__getitem__)
    if order and max(abs(seconds[order[0]]), abs(seconds[order[-1]])) >= _EXACT_SECONDS:
        order = sorted(range(len(images)), key=lambda place: images[place].age_reference_time)
    order.reverse()
    # The sorted numbers are scattered in memory. New numbers are read several times as fast.
    return array("q", order).tolist()


def _duplicates(images: Sequence[Image]) -> list[str]:
    counts = Counter(image.digest for image in images)
    return [
        f"image {abbreviate(d)} is listed twice; a repository contains it once"
        for d, number in counts.items()
        if number > 1
    ]
