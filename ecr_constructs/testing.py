"""
For tests of lifecycle policies: histories of images, and assertions about what a policy does to them.

Any test framework will do: what does not hold is an `AssertionError` that tells of each image what happens to it, by
which rule, and why. Nothing here imports the CDK.
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

__all__ = [
    "archived",
    "assert_archives",
    "assert_expires",
    "assert_keeps",
    "leftovers",
    "multi_arch",
    "pulled",
    "pushes",
    "releases",
    "signed",
    "tagged",
]

# --- assertions -----------------------------------------------------------------------------------------------------


def assert_keeps(policy: LifecyclePolicy, images: Iterable[Image], *selected: str | Image, at: datetime) -> None:
    """
    Assert that a policy lets images stay as they are.

    Args:
        policy: The policy.
        images: Every image of the repository, whatever its status: ECR counts them all.
        selected: Which images the assertion is about: tag patterns such as `release-*`, digests, or images themselves.
        at: The instant, with a time zone.

    Raises:
        AssertionError: if one of them goes, if it is uncertain whether it stays, or if there is no such image.

    >>> from datetime import datetime, timezone
    >>> from ecr_constructs.model import expire_older_than
    >>> now = datetime(2026, 6, 1, tzinfo=timezone.utc)
    >>> history = pushes("build-{n}", days=30, a_day=3, until=now) + releases("v1.{n}", count=4, until=now)
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
        images: Every image of the repository, whatever its status.
        selected: Which images the assertion is about: tag patterns, digests, or images themselves.
        at: The instant, with a time zone.

    Raises:
        AssertionError: if one of them stays or is archived, if that is uncertain, or if there is no such image.

    """
    __tracebackhide__ = True
    _assert_all("expired", policy, images, selected, at)


def assert_archives(policy: LifecyclePolicy, images: Iterable[Image], *selected: str | Image, at: datetime) -> None:
    """
    Assert that a policy moves images to the archive.

    Args:
        policy: The policy.
        images: Every image of the repository, whatever its status.
        selected: Which images the assertion is about: tag patterns, digests, or images themselves.
        at: The instant, with a time zone.

    Raises:
        AssertionError: if one of them stays or is deleted, if that is uncertain, or if there is no such image.

    """
    __tracebackhide__ = True
    _assert_all("archived", policy, images, selected, at)


_Group = Literal["expired", "archived", "kept", "uncertain"]
_GROUPS: tuple[_Group, ...] = ("expired", "archived", "kept", "uncertain")
_WANTED = {"expired": "expire", "archived": "archive", "kept": "keep"}
_SAID = {"expired": "expires", "archived": "is archived", "kept": "stays", "uncertain": "is uncertain"}
# A message about a thousand images helps nobody.
_MOST_SHOWN = 10
_FEW = 3


def _assert_all(
    wanted: _Group, policy: LifecyclePolicy, images: Iterable[Image], selectors: Sequence[str | Image], at: datetime
) -> None:
    __tracebackhide__ = True
    if not selectors:
        raise TypeError("say which images: tag patterns such as 'release-*', digests, or images themselves")
    if not isinstance(policy, LifecyclePolicy):
        raise TypeError(
            f"policy must be a LifecyclePolicy, got {abbreviate(policy)}; from_json() and from_dict() read one"
        )
    present = tuple(images)
    chosen = {image.digest: image for selector in selectors for image in _selected(present, selector)}
    fates = _fates(policy.evaluate(present, at=at))
    others = [digest for digest in chosen if fates[digest][0] != wanted]
    if others:
        lines = [f"  {_told(*fates[digest])}" for digest in others[:_MOST_SHOWN]]
        if len(others) > _MOST_SHOWN:
            lines.append(f"  and {len(others) - _MOST_SHOWN} more")
        if any(fates[digest][0] == "uncertain" for digest in others):
            lines.append("AWS's documents do not decide what is uncertain; it counts as neither kept nor gone")
        first = f"the policy does not {_WANTED[wanted]} {len(others)} of {_images(len(chosen))}"
        raise AssertionError("\n".join([f"{first} at {at:%Y-%m-%d %H:%M %Z}:", *lines]))


def _selected(images: Sequence[Image], selector: str | Image) -> list[Image]:
    """Give the images that a selector is about; a selector about none is a mistake in the test."""
    if isinstance(selector, Image):
        found = [image for image in images if image.digest == selector.digest]
        what = f"digest {selector.digest}"
    elif ":" in selector:  # no tag holds a colon
        found = [image for image in images if image.digest.startswith(selector)]  # a message shows its beginning
        what = f"digest {selector}"
    else:
        pattern = TagPattern(selector)
        found = [image for image in images if any(map(pattern.matches, image.tags))]
        what = f"a tag that matches {selector!r}"
    if not found:
        tags = sorted({tag for image in images for tag in image.tags})[:_FEW]
        there = f"there are tags such as {', '.join(tags)}" if tags else "no image has a tag"
        raise AssertionError(f"none of {_images(len(images))} has {what}, so this would always hold; {there}")
    return found


def _fates(evaluation: Evaluation) -> dict[str, tuple[_Group, Decision]]:
    return {decision.image.digest: (group, decision) for group in _GROUPS for decision in getattr(evaluation, group)}


def _told(group: _Group, decision: Decision) -> str:
    image = decision.image
    name = ", ".join(image.tags) or "untagged"
    pushed = f"{image.digest[:19]}, pushed {image.pushed_at:%Y-%m-%d %H:%M}"
    may = f", may {decision.action}" if group == "uncertain" else ""
    rule = f" by rule {decision.rule.rule_priority}{_described(decision.rule.description)}" if decision.rule else ""
    return f"{name} ({pushed}) {_SAID[group]}{may}{rule}: {decision.why}"


def _described(description: str | None) -> str:
    return "" if description is None else f" ({description!r})"


def _images(count: int) -> str:
    return f"{count} image{'' if count == 1 else 's'}"


# --- histories ------------------------------------------------------------------------------------------------------

_INDEX = "application/vnd.oci.image.index.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_SIGNATURE = "application/vnd.cncf.notary.signature"
_IMAGE_BYTES = 100_000_000
_SIGNATURE_BYTES = 8_000


def pushes(tag: str, *, days: int, until: datetime, a_day: int = 1) -> list[Image]:
    """
    Give the images of a pipeline that pushes so many times a day, evenly, the oldest first.

    The same arguments give the same images, digests included; lists of images add up with `+`. Every image has 100 MB.

    Args:
        tag: The tag of each image; `{n}` stands for its number, from 1.
        days: For how many days.
        until: When the newest was pushed, with a time zone.
        a_day: How often a day.

    Raises:
        InvalidImage: for numbers below 1, and for a tag without `{n}`, which could name one image only.

    >>> from datetime import datetime, timezone
    >>> builds = pushes("build-{n}", days=30, a_day=3, until=datetime(2026, 6, 1, tzinfo=timezone.utc))
    >>> len(builds), builds[0].tags, builds[-1].tags
    (90, ('build-1',), ('build-90',))

    """
    _require({"days": days, "a_day": a_day}, tag=tag)
    return _series(tag, count=days * a_day, step=timedelta(days=1) / a_day, until=until)


def releases(tag: str, *, count: int, until: datetime, every_days: int = 7) -> list[Image]:
    """
    Give so many images that were pushed every so many days, the oldest first.

    Args:
        tag: The tag of each image; `{n}` stands for its number, from 1.
        count: How many there are.
        until: When the newest was pushed, with a time zone.
        every_days: How many days are between two.

    Raises:
        InvalidImage: for numbers below 1, and for several with a tag without `{n}`.

    """
    _require({"count": count, "every_days": every_days}, tag=None if count == 1 else tag)
    return _series(tag, count=count, step=timedelta(days=every_days), until=until)


def leftovers(*, days: int, until: datetime, a_day: int = 1) -> list[Image]:
    """
    Give untagged images, such as a moving tag leaves behind, the oldest first.

    Args:
        days: For how many days.
        until: When the newest was pushed, with a time zone.
        a_day: How many a day.

    Raises:
        InvalidImage: for numbers below 1.

    """
    _require({"days": days, "a_day": a_day})
    return _series(None, count=days * a_day, step=timedelta(days=1) / a_day, until=until)


def tagged(image: Image, *tags: str) -> Image:
    """
    Give an image more tags.

    Args:
        image: The image.
        tags: The tags that it has beside its own, such as `deployed-at-production`.

    """
    return replace(image, tags=(*image.tags, *tags))


def pulled(images: Iterable[Image], *, at: datetime) -> list[Image]:
    """
    Let images have been pulled.

    Args:
        images: The images.
        at: When each was last pulled, with a time zone.

    """
    return [replace(image, last_pulled_at=at) for image in images]


def archived(images: Iterable[Image], *, at: datetime) -> list[Image]:
    """
    Put images into the archive.

    Args:
        images: The images.
        at: When each was archived, with a time zone.

    """
    return [replace(image, status="archived", archived_at=at) for image in images]


def multi_arch(images: Iterable[Image], *, platforms: int = 2) -> list[Image]:
    """
    Turn each image into an index with the same tags, of images without tags that were pushed just before it.

    Args:
        images: The images.
        platforms: How many images each index names.

    Raises:
        InvalidImage: for a number below 1.

    """
    _require({"platforms": platforms})
    return [each for image in images for each in _index_of(image, platforms)]


def signed(images: Iterable[Image]) -> list[Image]:
    """
    Let each tagged image be followed by its signature: an untagged artifact that is about it, pushed just after it.

    Args:
        images: The images. Those without tags, such as the images of an index, are left as they are.

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
        f"{name}: {abbreviate(number)} is not a number of things; write 1 or more"
        for name, number in numbers.items()
        if isinstance(number, bool) or not isinstance(number, int) or number < 1
    ]
    if tag is not None and "{n}" not in tag:
        problems.append(f"tag: {abbreviate(tag)} could name one image only; write {{n}} where its number goes")
    if problems:
        raise InvalidImage(problems)
