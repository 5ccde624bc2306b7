"""
The images of a repository side by side: who is newer, who has which tags, who belongs to whom.

Everything here is about positions: an image is the number of its place in the list that was given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timezone
from functools import partial

from ecr_constructs.errors import InvalidImage
from ecr_constructs.model import wildcards
from ecr_constructs.model.grammar import shown
from ecr_constructs.model.images import Image, time_problem
from ecr_constructs.model.rules import LifecycleRule

__all__ = ["Census", "instant"]

# Between the tags of an image, and at both ends: no tag holds it, so that a tag can be searched for as text.
_BETWEEN = "\0"


class Census:
    """
    The images of one repository.

    Attributes:
        images: The images, as they were given.
        newest_first: The positions of all.
        standard: The positions of those that are not archived, the newest first.
        archive: The positions of those that are archived or were until now, the newest first.
        indexes_of: For a position, those of the indexes that are present and name it.
        referrers: The positions of signatures and other artifacts that are about another image.
        may_be_children: The positions that indexes may name of which DescribeImages did not tell what they name.
        activating: The positions of images that are being restored.

    """

    def __init__(self, images: Iterable[Image]) -> None:
        """Look at every image once."""
        self.images = tuple(images)
        self.position_of = {image.digest: position for position, image in enumerate(self.images)}
        self._require_each_once()
        self._tags = [_BETWEEN.join(("", *image.tags, "")) if image.tags else "" for image in self.images]
        self.newest_first = self._by_age()
        self.standard = [position for position in self.newest_first if self.images[position].status != "archived"]
        self.archive = [position for position in self.newest_first if self.images[position].status != "active"]
        self.activating = {position for position in self.archive if self.images[position].status == "activating"}
        self.referrers = {position for position, image in enumerate(self.images) if image.subject_digest is not None}
        self.indexes_of: dict[int, list[int]] = {}
        self.may_be_children: set[int] = set()
        self._look_into_indexes()

    def selected(self, rule: LifecycleRule, positions: Iterable[int]) -> list[int]:
        """
        Give those images that a rule is about, in the order given.

        Args:
            rule: The rule.
            positions: Where to look.

        """
        tags = self._tags
        if rule.tag_status == "any":
            return list(positions)
        if rule.tag_status == "untagged":
            return [position for position in positions if not tags[position]]
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
        while at is not None and at in self.referrers and at not in passed:
            passed.add(at)
            at = self.position_of.get(str(self.images[at].subject_digest))
        return None if at in passed else at

    def _matching(self, pattern: str, positions: Iterable[int]) -> list[int]:
        """Search the tags of each image as one text: that is what makes a rule quick over many images."""
        tags = self._tags
        if (text := _literal(pattern)) is not None:
            return [position for position in positions if text in tags[position]]
        matches = partial(wildcards.matches, pattern)
        return [position for position in positions if any(map(matches, self.images[position].tags))]

    def _require_each_once(self) -> None:
        if len(self.position_of) < len(self.images):
            counts = Counter(image.digest for image in self.images)
            twice = [digest for digest, count in counts.items() if count > 1]
            raise InvalidImage(f"image {shown(digest)} is listed twice; a repository holds it once" for digest in twice)

    def _by_age(self) -> list[int]:
        """
        Order images by age; of two that are equally old, the one that is listed later is the newer.

        A restored image is as new as its restoration.
        """
        times = [image.activated_at or image.pushed_at for image in self.images]
        return sorted(range(len(times)), key=times.__getitem__)[::-1]

    def _look_into_indexes(self) -> None:
        indexes = [position for position in self.standard if self.images[position].is_index]
        for index in indexes:
            for digest in self.images[index].referenced_digests or ():
                if (child := self.position_of.get(digest)) is None:
                    continue
                if index in self.activating:
                    self.may_be_children.add(child)
                else:
                    self.indexes_of.setdefault(child, []).append(index)
        closed = [index for index in indexes if self.images[index].referenced_digests is None]
        if closed:
            self.may_be_children.update(position for position, tags in enumerate(self._tags) if not tags)
        if len(closed) == 1:
            self.may_be_children.discard(closed[0])  # no index names itself
        self.may_be_children -= self.indexes_of.keys()


def instant(at: datetime) -> datetime:
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


def _literal(pattern: str) -> str | None:
    """Say which text stands in the tags of an image if one of them matches, for patterns that are that simple."""
    head, *rest = pattern.split("*")
    if not rest:
        return f"{_BETWEEN}{head}{_BETWEEN}"
    *middle, tail = rest
    parts = [f"{_BETWEEN}{head}" if head else "", *middle, f"{tail}{_BETWEEN}" if tail else ""]
    written = [part for part in parts if part] or [_BETWEEN]
    return written[0] if len(written) == 1 else None
