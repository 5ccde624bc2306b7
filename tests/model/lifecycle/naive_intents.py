"""
A second reading of intents: what their docstrings promise, image by image, slow and obvious.

There are no rules here, no compiler and no replay. Where AWS's documents leave a question open, an `Answers` answers
it, and what comes out differently under two of them is uncertain.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any, Literal

from ecr_constructs.model import Image, Intent

Fate = Literal["expire", "archive", "keep"]

ABOUT_ALL = ("limit_images", "archive_unpulled", "expire_older_than", "archive_older_than")


@dataclass(frozen=True, kw_only=True)
class Answers:
    """One way to answer what AWS leaves open."""

    hours_count: bool
    restoration_is_a_push: bool
    restoring: Literal["active", "archived", "neither"]
    images_of_an_index_take_places: bool
    untold_images_belong_to_the_index: bool
    artifacts_are_images: bool


_YES_NO = (True, False)
_PLACES: tuple[Literal["active", "archived", "neither"], ...] = ("active", "archived", "neither")
EVERY_ANSWER = [
    Answers(
        hours_count=hours,
        restoration_is_a_push=push,
        restoring=restoring,
        images_of_an_index_take_places=places,
        untold_images_belong_to_the_index=belong,
        artifacts_are_images=artifacts,
    )
    for hours, push, restoring, places, belong, artifacts in itertools.product(
        _YES_NO, _YES_NO, _PLACES, _YES_NO, _YES_NO, _YES_NO
    )
]


class Wish:
    """An intent as its author wrote it."""

    def __init__(self, intent: Intent) -> None:
        call = ast.parse(repr(intent), mode="eval").body
        assert isinstance(call, ast.Call)
        assert isinstance(call.func, ast.Name)
        self.name = call.func.id
        self.values: list[Any] = [ast.literal_eval(value) for value in call.args]
        self.options: dict[str, Any] = {str(each.arg): ast.literal_eval(each.value) for each in call.keywords}

    @property
    def is_about_all(self) -> bool:
        return self.name in ABOUT_ALL and not {"matching", "matching_all"} & self.options.keys()

    def is_about(self, image: Image) -> bool:
        """Tell whether the image belongs to this intent, if no other has it."""
        if self.is_about_all:
            return True
        if self.name in ("expire_untagged", "archive_untagged"):
            return not image.tags
        if self.name == "expire_unmatched":
            return bool(image.tags)
        if self.name == "keep_forever":
            return any(has_tag(image, pattern) for pattern in self.values)
        if "matching_all" in self.options:
            return all(has_tag(image, pattern) for pattern in self.options["matching_all"])
        return any(has_tag(image, pattern) for pattern in listed(self.options["matching"]))


def has_tag(image: Image, pattern: str) -> bool:
    return any(fnmatchcase(tag, pattern) for tag in image.tags)


def listed(patterns: str | Sequence[str]) -> Sequence[str]:
    return (patterns,) if isinstance(patterns, str) else patterns


class Repository:
    """Images, intents, an instant, and an answer to every open question."""

    def __init__(self, intents: Sequence[Intent], images: Sequence[Image], at: datetime, answers: Answers) -> None:
        wishes = [Wish(intent) for intent in intents]
        self.forever = [wish for wish in wishes if wish.name == "keep_forever"]
        self.deletions = [wish for wish in wishes if wish.name == "delete_archived"]
        others = [wish for wish in wishes if wish not in self.forever + self.deletions]
        in_order = self.forever + [wish for wish in others if not wish.is_about_all]
        self.wishes = in_order + [wish for wish in others if wish.is_about_all]
        self.images = images
        self.at = at
        self.answers = answers

    def fate(self, image: Image) -> Fate:
        if self.belongs_to_an_index(image):
            return "keep"
        subject = next((each for each in self.images if each.digest == image.subject_digest), None)
        own, theirs = self.fate_by_itself(image), self.fate(subject) if subject else "keep"
        # What a rule deletes is not archived, whatever archives what it is about.
        return own if theirs == "keep" or (own, theirs) == ("expire", "archive") else theirs

    def fate_by_itself(self, image: Image) -> Fate:
        """Say what becomes of an image whatever it is about."""
        if image.subject_digest and not self.answers.artifacts_are_images:
            return "keep"
        if self.is_in("archived", image):
            return self.fate_in_archive(image)
        return self.fate_in_standard(image) if self.is_in("active", image) else "keep"

    def fate_in_archive(self, image: Image) -> Fate:
        if any(wish.is_about(image) for wish in self.forever) or image.archived_at is None:
            return "keep"
        days = [wish.options["after_days"] for wish in self.deletions]
        return "expire" if any(self.is_older(image.archived_at, each) for each in days) else "keep"

    def fate_in_standard(self, image: Image) -> Fate:
        wish = next((wish for wish in self.wishes if wish.is_about(image)), None)
        if wish is None or not self.takes(wish, image):
            return "keep"
        return "archive" if wish.name.startswith("archive") else "expire"

    def takes(self, wish: Wish, image: Image) -> bool:
        """Tell whether an intent acts on an image that belongs to it."""
        if wish.name == "keep_forever":
            return False
        if wish.name == "expire_unmatched" and any(has_tag(image, each) for each in listed(wish.options["keeping"])):
            return False
        if wish.name in ("keep_latest", "limit_images") or "keep" in wish.options:
            stay: int = wish.options["keep"] if "keep" in wish.options else wish.values[0]
            return len([*self.newer_of_the_kind(wish, image)]) >= stay
        begin = self.last_use(image) if wish.name == "archive_unpulled" else self.pushed(image)
        return self.is_older(begin, wish.options["after_days"])

    def newer_of_the_kind(self, wish: Wish, image: Image) -> Iterator[Image]:
        """Give the images that take places before this one, whichever intent they belong to."""
        for number, other in enumerate(self.images):
            place = (other.activated_at or other.pushed_at, number)
            if wish.is_about(other) and self.takes_a_place(other) and place > self.place_of(image):
                yield other

    def place_of(self, image: Image) -> tuple[datetime, int]:
        return image.activated_at or image.pushed_at, self.images.index(image)

    def takes_a_place(self, image: Image) -> bool:
        if not self.is_in("active", image) or (image.subject_digest and not self.answers.artifacts_are_images):
            return False
        return not self.belongs_to_an_index(image) or self.answers.images_of_an_index_take_places

    def is_in(self, place: Literal["active", "archived"], image: Image) -> bool:
        return (self.answers.restoring if image.status == "activating" else image.status) == place

    def belongs_to_an_index(self, image: Image) -> bool:
        for index in self.images:
            if not index.is_index or index.status == "archived" or index is image:
                continue
            names_it = image.digest in (index.referenced_digests or ())
            if names_it and index.status == "active":
                return True
            may_name_it = names_it or (index.referenced_digests is None and not image.tags)
            if may_name_it and self.answers.untold_images_belong_to_the_index:
                return True
        return False

    def pushed(self, image: Image) -> datetime:
        return (self.answers.restoration_is_a_push and image.activated_at) or image.pushed_at

    @staticmethod
    def last_use(image: Image) -> datetime:
        times = [image.last_pulled_at, image.activated_at, image.pushed_at]
        if image.activated_at is None:
            return image.last_pulled_at or image.pushed_at
        return max(time for time in times if time is not None and time >= image.activated_at)

    def is_older(self, begin: datetime, days: int) -> bool:
        age = self.at - begin
        return age > timedelta(days=days) if self.answers.hours_count else age.days > days


def fates(intents: Sequence[Intent], images: Sequence[Image], at: datetime) -> dict[str, set[Fate]]:
    """Say for each digest what may happen to the image; one thing, if it is certain."""
    readings = [Repository(intents, images, at, answers) for answers in EVERY_ANSWER]
    return {image.digest: {reading.fate(image) for reading in readings} for image in images}
