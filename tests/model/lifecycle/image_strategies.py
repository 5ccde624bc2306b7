"""
Strategies for images and repositories: few tags and typical ages, so rules match images often.

Times are relative to `AT`. `repositories` draws the images of one repository, with different digests. Its arguments
select the kinds of images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from hypothesis import strategies as st

from ecr_constructs.model import Image
from tests.model.lifecycle.strategies import tag_sets

AT = datetime(2026, 6, 1, 12, 0, tzinfo=timezone.utc)
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
SIGNATURE = "application/vnd.cncf.notary.signature"

# Images are whole days old, to the second: then it does not matter whether the hours of a day count.
WHOLE_DAYS = timedelta(0)

# Mostly close to the numbers of days of the rules in tests/model/lifecycle/strategies.py.
ages = st.sampled_from([0, 1, 2, 3, 4, 29, 30, 31, 89, 90, 91, 92]) | st.integers(0, 420)
sizes = st.integers(0, 500_000_000)
# Typical tags, more often than arbitrary ones.
image_tags = st.one_of(
    st.lists(st.sampled_from(["latest", "v1", "v1.2", "release-1", "dev-7", "a", "ab"]), max_size=3, unique=True),
    tag_sets,
)


def digest_of(number: int) -> str:
    """Return the digest that has a number."""
    return f"sha256:{number:064x}"


@st.composite
def plain_images(draw: st.DrawFn, number: int = 0, offset: timedelta = WHOLE_DAYS) -> Image:
    """Draw an active image that was pushed, and perhaps pulled, whole days and an offset before `AT`."""
    age = draw(ages)
    pulled = draw(st.none() | st.integers(0, age))
    return Image(
        digest=digest_of(number),
        tags=draw(image_tags),
        pushed_at=AT - timedelta(days=age) - offset,
        last_pulled_at=None if pulled is None else AT - timedelta(days=pulled) - offset,
        size=draw(sizes),
        manifest_media_type=MANIFEST,
    )


@st.composite
def archived(draw: st.DrawFn, image: Image, offset: timedelta = WHOLE_DAYS) -> Image:
    """Return the image archived at a time after its push."""
    return replace(image, status="archived", archived_at=AT - timedelta(days=_since(draw, image, offset)) - offset)


@st.composite
def restored(draw: st.DrawFn, image: Image, offset: timedelta = WHOLE_DAYS) -> Image:
    """Archive an image and fetch it back, active again or still on its way."""
    days_archived = _since(draw, image, offset)
    activated_at = AT - timedelta(days=draw(st.integers(0, days_archived))) - offset
    return replace(
        image,
        status=draw(st.sampled_from(["active", "active", "activating"])),
        archived_at=AT - timedelta(days=days_archived) - offset,
        activated_at=activated_at,
    )


def _since(draw: st.DrawFn, image: Image, offset: timedelta) -> int:
    return draw(st.integers(0, (AT - offset - image.pushed_at).days))


@st.composite
def repositories(
    draw: st.DrawFn,
    *,
    archive: bool = False,
    restoration: bool = False,
    indexes: bool = False,
    referrers: bool = False,
    tagged_referrers: bool = False,
    offset: timedelta = WHOLE_DAYS,
    most: int = 12,
) -> list[Image]:
    """
    Draw the images of a repository, in any order.

    Args:
        draw: The function of hypothesis.
        archive: Whether some images are archived.
        restoration: Whether some images were restored or are being restored.
        indexes: Whether some are image indexes, of images of the repository, of others, or of unknown ones.
        referrers: Whether some are signatures of others.
        tagged_referrers: Whether signatures can have tags, and can be pushed later than their subjects.
        offset: The time that is added to the whole days of every age. Several images can have the same time.
        most: The maximum number of images without signatures.

    """
    images = [
        draw(plain_images(number, offset))
        for number in range(draw(st.integers(0, most) | st.integers(most // 2, most)))
    ]
    kinds = [None, None, None, *([archived] if archive else []), *([restored] if restoration else [])]
    histories = [draw(st.sampled_from(kinds)) for _ in images]
    images = [draw(kind(image, offset)) if kind else image for kind, image in zip(histories, images, strict=True)]
    if indexes:
        images = _with_indexes(draw, images)
    if referrers:
        images = [*images, *_signatures(draw, images, tagged=tagged_referrers)]
    return draw(st.permutations(images))


def _with_indexes(draw: st.DrawFn, images: Sequence[Image]) -> list[Image]:
    """Return the images, some of them as indexes of images that were drawn earlier."""
    drawn: list[Image] = []
    for image in images:
        if not draw(st.booleans()):
            drawn.append(image)
            continue
        held = st.sampled_from([*(other.digest for other in drawn), digest_of(999_999)])
        referenced = draw(st.none() | st.lists(held, max_size=3, unique=True))
        drawn.append(replace(image, manifest_media_type=INDEX, referenced_digests=referenced))
    return drawn


def _signatures(draw: st.DrawFn, images: Sequence[Image], *, tagged: bool) -> list[Image]:
    """Sign some of the images, as cosign and notation do: untagged, a moment after the push; or tagged, and later."""
    signed = [image for image in images if draw(st.booleans())]
    signatures = [
        replace(
            image,
            digest=digest_of(1_000 + number),
            tags=(),
            size=1_000,
            manifest_media_type=MANIFEST,
            artifact_media_type=SIGNATURE,
            subject_digest=image.digest,
            referenced_digests=None,
        )
        for number, image in enumerate(signed)
    ]
    return [_with_tags(draw, each) if tagged and draw(st.booleans()) else each for each in signatures]


def _with_tags(draw: st.DrawFn, signature: Image) -> Image:
    """Return a signature with tags and with a time of its last event."""
    pushed_at = min(AT, signature.pushed_at + timedelta(days=draw(ages)))
    return replace(
        signature,
        tags=draw(image_tags),
        pushed_at=pushed_at,
        status="active",
        last_pulled_at=None,
        archived_at=None,
        activated_at=None,
    )
