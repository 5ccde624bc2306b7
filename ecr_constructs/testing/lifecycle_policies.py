"""
Tests of lifecycle policies: generated images, and assertions about the outcome of a policy for them.

The message of a failed assertion lists the outcome of each image, its rule and the reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from ecr_constructs.errors import InvalidImage
from ecr_constructs.model import Decision, Evaluation, Image, LifecyclePolicy, TagPattern
from ecr_constructs.model.validation import abbreviate
from ecr_constructs.model.word_lists import counted

__all__ = [
    "archived",
    "assert_archives",
    "assert_expires",
    "assert_keeps",
    "multi_arch",
    "pipeline_images",
    "pulled",
    "release_images",
    "signed",
    "tagged",
    "untagged_images",
]

# --- assertions -----------------------------------------------------------------------------------------------------


def assert_keeps(policy: LifecyclePolicy, images: Iterable[Image], *selected: str | Image, at: datetime) -> None:
    """
    Assert that a policy keeps images.

    Args:
        policy: The policy.
        images: All images of the repository in any status, because ECR counts all of them.
        selected: The images to check: tag patterns such as `release-*`, digests, or images.
        at: The time of the evaluation, with a time zone.

    Raises:
        AssertionError: If the policy deletes or archives a selected image, if the outcome is uncertain, or if no image
            is selected.

    >>> from datetime import datetime, timezone
    >>> from ecr_constructs.model import expire_older_than
    >>> now = datetime(2026, 6, 1, tzinfo=timezone.utc)
    >>> builds = pipeline_images("build-{n}", days=30, a_day=3, until=now)
    >>> history = [*builds, *release_images("v1.{n}", count=4, until=now)]
    >>> policy = LifecyclePolicy.of(expire_older_than(after_days=14, matching="build-*"))
    >>> assert_keeps(policy, history, "v1.*", "build-90", at=now)

    """
    __tracebackhide__ = True
    _assert_all("kept", policy, images, selected, at)


def assert_expires(policy: LifecyclePolicy, images: Iterable[Image], *selected: str | Image, at: datetime) -> None:
    """
    Assert that a policy deletes images.

    Args:
        policy: The policy.
        images: All images of the repository in any status.
        selected: The images to check: tag patterns, digests, or images.
        at: The time of the evaluation, with a time zone.

    Raises:
        AssertionError: If the policy keeps or archives a selected image, if the outcome is uncertain, or if no image is
            selected.

    """
    __tracebackhide__ = True
    _assert_all("expired", policy, images, selected, at)


def assert_archives(policy: LifecyclePolicy, images: Iterable[Image], *selected: str | Image, at: datetime) -> None:
    """
    Assert that a policy archives images.

    Args:
        policy: The policy.
        images: All images of the repository in any status.
        selected: The images to check: tag patterns, digests, or images.
        at: The time of the evaluation, with a time zone.

    Raises:
        AssertionError: If the policy keeps or deletes a selected image, if the outcome is uncertain, or if no image is
            selected.

    """
    __tracebackhide__ = True
    _assert_all("archived", policy, images, selected, at)


_Group = Literal["expired", "archived", "kept", "uncertain"]
_GROUPS: tuple[_Group, ...] = ("expired", "archived", "kept", "uncertain")
_VERBS = {"expired": "delete", "archived": "archive", "kept": "keep"}
_OUTCOMES = {"expired": "deleted", "archived": "archived", "kept": "kept", "uncertain": "uncertain"}
# The number of tags in the message about a selector without an image. They are examples and not problems.
_MOST_TAGS = 3


def _assert_all(
    expected: _Group, policy: LifecyclePolicy, images: Iterable[Image], selectors: Sequence[str | Image], at: datetime
) -> None:
    __tracebackhide__ = True
    if not selectors:
        raise TypeError("no image is selected; pass tag patterns such as 'release-*', digests, or images")
    if not isinstance(policy, LifecyclePolicy):
        raise TypeError(
            f"policy must be a LifecyclePolicy, got {abbreviate(policy)}; from_json() and from_dict() read one"
        )
    present = tuple(images)
    chosen = {image.digest: image for selector in selectors for image in _selected(present, selector)}
    outcomes = _outcomes(policy.evaluate(present, at=at))
    others = [digest for digest in chosen if outcomes[digest][0] != expected]
    if others:
        lines = [f"  {_described_outcome(*outcomes[digest])}" for digest in others]
        if any(outcomes[digest][0] == "uncertain" for digest in others):
            lines.append("AWS does not document the outcome of an uncertain image, so no assertion holds for it")
        first = f"the policy does not {_VERBS[expected]} {len(others)} of {counted(len(chosen), 'image')}"
        raise AssertionError("\n".join([f"{first} at {at:%Y-%m-%d %H:%M %Z}:", *lines]))


def _selected(images: Sequence[Image], selector: str | Image) -> list[Image]:
    """Return the images that a selector matches. Raise an error if it matches none: the test would always pass."""
    if isinstance(selector, Image):
        found = [image for image in images if image.digest == selector.digest]
        what = f"digest {selector.digest}"
    elif ":" in selector:  # a tag has no colon
        found = [
            image for image in images if image.digest.startswith(selector)
        ]  # messages show the beginning of a digest
        what = f"digest {selector}"
    else:
        pattern = TagPattern(selector)
        found = [image for image in images if any(map(pattern.matches, image.tags))]
        what = f"a tag that matches {selector!r}"
    if not found:
        tags = sorted({tag for image in images for tag in image.tags})[:_MOST_TAGS]
        there = f"there are tags such as {', '.join(tags)}" if tags else "no image has a tag"
        raise AssertionError(
            f"none of {counted(len(images), 'image')} has {what}, so the assertion would always hold; {there}"
        )
    return found


def _outcomes(evaluation: Evaluation) -> dict[str, tuple[_Group, Decision]]:
    return {decision.image.digest: (group, decision) for group in _GROUPS for decision in getattr(evaluation, group)}


def _described_outcome(group: _Group, decision: Decision) -> str:
    image = decision.image
    name = ", ".join(image.tags) or "untagged"
    pushed = f"{image.digest[:19]}, pushed {image.pushed_at:%Y-%m-%d %H:%M}"
    may = f", may {decision.action}" if group == "uncertain" else ""
    rule = f" by rule {decision.rule.rule_priority}{_described(decision.rule.description)}" if decision.rule else ""
    return f"{name} ({pushed}) is {_OUTCOMES[group]}{may}{rule}: {decision.why}"


def _described(description: str | None) -> str:
    return "" if description is None else f" ({description!r})"


# --- images ---------------------------------------------------------------------------------------------------------

_INDEX = "application/vnd.oci.image.index.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_SIGNATURE = "application/vnd.cncf.notary.signature"
_IMAGE_BYTES = 100_000_000
_SIGNATURE_BYTES = 8_000


def pipeline_images(tag: str, *, days: int, until: datetime, a_day: int = 1) -> list[Image]:
    """
    Return the images of a pipeline that pushes at regular intervals, oldest first.

    Equal arguments return equal images, including the digests. Each image has 100 MB. Lists can be added with `+`.

    Args:
        tag: The tag of each image. `{n}` is replaced by its number, starting at 1.
        days: The number of days.
        until: The push time of the newest image, with a time zone.
        a_day: The number of images for each day. Default: 1.

    Raises:
        InvalidImage: For a number below 1, and for a tag without `{n}`, because only one image can have it.

    >>> from datetime import datetime, timezone
    >>> builds = pipeline_images("build-{n}", days=30, a_day=3, until=datetime(2026, 6, 1, tzinfo=timezone.utc))
    >>> len(builds), builds[0].tags, builds[-1].tags
    (90, ('build-1',), ('build-90',))

    """
    _require({"days": days, "a_day": a_day}, tag=tag)
    return _series(tag, count=days * a_day, step=timedelta(days=1) / a_day, until=until)


def release_images(tag: str, *, count: int, until: datetime, every_days: int = 7) -> list[Image]:
    """
    Return a number of release images, oldest first.

    Args:
        tag: The tag of each image. `{n}` is replaced by its number, starting at 1.
        count: The number of images.
        until: The push time of the newest image, with a time zone.
        every_days: The number of days between two images. Default: 7.

    Raises:
        InvalidImage: For a number below 1, and for several images with a tag without `{n}`.

    """
    _require({"count": count, "every_days": every_days}, tag=None if count == 1 else tag)
    return _series(tag, count=count, step=timedelta(days=every_days), until=until)


def untagged_images(*, days: int, until: datetime, a_day: int = 1) -> list[Image]:
    """
    Return untagged images, oldest first. An image becomes untagged when its only tag is pushed again.

    Args:
        days: The number of days.
        until: The push time of the newest image, with a time zone.
        a_day: The number of images for each day. Default: 1.

    Raises:
        InvalidImage: For a number below 1.

    """
    _require({"days": days, "a_day": a_day})
    return _series(None, count=days * a_day, step=timedelta(days=1) / a_day, until=until)


def tagged(image: Image, *tags: str) -> Image:
    """
    Return a copy of an image with additional tags.

    Args:
        image: The image.
        tags: The additional tags, such as `deployed-at-production`.

    """
    return replace(image, tags=(*image.tags, *tags))


def pulled(images: Iterable[Image], *, at: datetime) -> list[Image]:
    """
    Return copies of images with a time of the last pull.

    Args:
        images: The images.
        at: The time of the last pull, with a time zone.

    """
    return [replace(image, last_pulled_at=at) for image in images]


def archived(images: Iterable[Image], *, at: datetime) -> list[Image]:
    """
    Return copies of images in the archive storage class.

    Args:
        images: The images.
        at: The time at which they were archived, with a time zone.

    """
    return [replace(image, status="archived", archived_at=at) for image in images]


def multi_arch(images: Iterable[Image], *, platforms: int = 2) -> list[Image]:
    """
    Return an image index for each image, with its tags, after untagged images for each platform.

    Args:
        images: The images.
        platforms: The number of platforms of each index. Default: 2.

    Raises:
        InvalidImage: For a number below 1.

    """
    _require({"platforms": platforms})
    return [each for image in images for each in _index_of(image, platforms)]


def signed(images: Iterable[Image]) -> list[Image]:
    """
    Return the images, with a signature after each tagged image: an untagged artifact that refers to the image.

    Args:
        images: The images. Untagged images, such as the platform images of an index, have no signature.

    """
    return [each for image in images for each in ((image, _signature_of(image)) if image.tags else (image,))]


def _series(tag: str | None, *, count: int, step: timedelta, until: datetime) -> list[Image]:
    names = (("" if tag is None else tag.replace("{n}", str(number))) for number in range(1, count + 1))
    times = (until - step * (count - number) for number in range(1, count + 1))
    return [
        Image(
            digest=_digest(f"{name} {time.isoformat()}"),
            tags=[name] if name else [],
            pushed_at=time,
            size=_IMAGE_BYTES,
            manifest_media_type=_MANIFEST,
        )
        for name, time in zip(names, times, strict=True)
    ]


def _index_of(image: Image, platforms: int) -> Iterator[Image]:
    children = [
        replace(
            image,
            digest=_digest(f"{image.digest} {number}"),
            tags=(),
            pushed_at=image.pushed_at - timedelta(seconds=platforms - number),
        )
        for number in range(platforms)
    ]
    yield from children
    yield replace(image, manifest_media_type=_INDEX, referenced_digests=[child.digest for child in children])


def _signature_of(image: Image) -> Image:
    return replace(
        image,
        digest=_digest(f"{image.digest} signature"),
        tags=(),
        pushed_at=image.pushed_at + timedelta(seconds=1),
        last_pulled_at=None,
        size=_SIGNATURE_BYTES,
        manifest_media_type=_MANIFEST,
        artifact_media_type=_SIGNATURE,
        subject_digest=image.digest,
        referenced_digests=None,
    )


def _digest(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _require(numbers: Mapping[str, int], *, tag: str | None = None) -> None:
    problems = [
        f"{name}: {abbreviate(number)} is not a positive whole number; write 1 or more"
        for name, number in numbers.items()
        if isinstance(number, bool) or not isinstance(number, int) or number < 1
    ]
    if tag is not None and "{n}" not in tag:
        problems.append(
            f"tag: {abbreviate(tag)} has no {{n}}, but a tag belongs to one image; write {{n}} instead of the number"
        )
    if problems:
        raise InvalidImage(problems)
