"""
An independent and slow evaluation of rules over images, under every reading of the documentation of AWS.

A reading answers each question that the documentation does not answer. An outcome is certain if all readings have it,
and uncertain otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product

from ecr_constructs.model import Image, LifecycleRule
from ecr_constructs.model.tags import TagPattern, TagPrefix


@dataclass(frozen=True, kw_only=True)
class World:
    """The answers to the undocumented behaviors."""

    hours_count: bool
    restored_age_from_push: bool
    children_take_places: bool
    unknown_are_children: bool
    rules_select_artifacts: bool
    kept_artifacts_stay: bool
    late_artifacts_follow: bool
    activating_is: str


def worlds() -> Iterator[World]:
    """Yield every world."""
    for *answers, activating in product(*[(False, True)] * 7, ("standard", "archive", "neither")):
        names = list(World.__annotations__)
        yield World(**dict(zip(names, [*answers, activating], strict=True)))  # type: ignore[arg-type]  # by name


def outcome(image: Image, rules: Sequence[LifecycleRule], images: Sequence[Image], at: datetime, world: World) -> str:
    """Return the outcome of an image in one world: `expire`, `archive` or `keep`."""
    subject = _subject(image, images)
    own = _by_rules(image, rules, images, at, world)
    if _is_child(image, images, world):
        return "keep"
    if subject is None:
        return own
    theirs = outcome(subject, rules, images, at, world)
    if theirs == "keep" and (subject.status, image.status) == ("archived", "active") and world.late_artifacts_follow:
        return "archive"
    if theirs == "keep" or (theirs == "archive" and image.status == "archived"):
        return own
    if (own, theirs) == ("expire", "archive"):
        return own
    is_kept = (
        bool(image.tags) and own == "keep" and any(_selects(rule, image, world) for rule in _of(image, rules, world))
    )
    return "keep" if is_kept and world.kept_artifacts_stay else theirs


def _by_rules(image: Image, rules: Sequence[LifecycleRule], images: Sequence[Image], at: datetime, world: World) -> str:
    if image.subject_digest is not None and not world.rules_select_artifacts:
        return "keep"
    for rule in _of(image, rules, world):
        if _selects(rule, image, world):
            if not _meets(rule, image, images, at, world):
                return "keep"
            return "expire" if rule.action == "expire" else "archive"
    return "keep"


def _of(image: Image, rules: Sequence[LifecycleRule], world: World) -> list[LifecycleRule]:
    storage = {"active": "standard", "archived": "archive", "activating": world.activating_is}[image.status]
    return [rule for rule in sorted(rules, key=lambda rule: rule.rule_priority) if rule.storage_class == storage]


def _selects(rule: LifecycleRule, image: Image, world: World) -> bool:
    if image.subject_digest is not None and not world.rules_select_artifacts:
        return False
    if rule.tag_status == "tagged":
        selectors = [*map(TagPattern, rule.tag_pattern_list), *map(TagPrefix, rule.tag_prefix_list)]
        return all(any(selector.matches(tag) for tag in image.tags) for selector in selectors)
    return rule.tag_status == "any" or not image.tags


def _meets(rule: LifecycleRule, image: Image, images: Sequence[Image], at: datetime, world: World) -> bool:
    if rule.count_type == "imageCountMoreThan":
        return _newer(rule, image, images, world) >= rule.count_number
    if rule.count_type == "sinceImageTransitioned":
        begin = image.archived_at
    elif rule.count_type == "sinceImagePulled":
        begin = image.activated_at or image.pushed_at
        if image.last_pulled_at is not None and not (image.activated_at and image.last_pulled_at < image.activated_at):
            begin = image.last_pulled_at
    else:
        begin = image.pushed_at if world.restored_age_from_push else (image.activated_at or image.pushed_at)
    if begin is None:
        return False
    age = at - begin
    days: timedelta = age if world.hours_count else timedelta(days=age.days)
    return days > timedelta(days=rule.count_number)


def _newer(rule: LifecycleRule, image: Image, images: Sequence[Image], world: World) -> int:
    """Count the images before this one: younger, or as young and listed later."""

    def age(place: int) -> tuple[datetime, int]:
        return images[place].activated_at or images[place].pushed_at, place

    here = next(place for place, other in enumerate(images) if other is image)
    return sum(
        age(place) > age(here) and _selects(rule, other, world) and _takes_a_place(other, images, world)
        for place, other in enumerate(images)
        if other.status == "active" or (other.status == "activating" and world.activating_is == "standard")
    )


def _takes_a_place(image: Image, images: Sequence[Image], world: World) -> bool:
    return world.children_take_places or not _is_child(image, images, world)


def _is_child(image: Image, images: Sequence[Image], world: World) -> bool:
    for index in images:
        if index.status == "archived" or not index.is_index or index is image:
            continue
        names = index.referenced_digests
        if names is not None and image.digest in names and (index.status == "active" or world.unknown_are_children):
            return True
        if names is None and not image.tags and world.unknown_are_children:
            return True
    return False


def _subject(image: Image, images: Sequence[Image]) -> Image | None:
    here: Image | None = image
    for _ in images:
        if here is None or here.subject_digest is None:
            break
        here = next((other for other in images if other.digest == here.subject_digest), None)
    return None if here is image or (here is not None and here.subject_digest is not None) else here
