"""
Images as `DescribeImages` reports them.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageDetail.html
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Literal, get_args

from ecr_constructs.errors import InvalidImage
from ecr_constructs.model.grammar import shown

__all__ = ["Image", "ImageStatus", "read_images"]

ImageStatus = Literal["active", "archived", "activating"]

# An index, or manifest list, names one image for each platform.
_INDEXES = frozenset(
    {
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.index.v1+json",
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Image:
    """
    An image of a repository, as `DescribeImages` reports it.

    Times without a zone are refused: which day it is decides what expires.

    Args:
        digest: Its digest, `sha256:...`; a repository holds each once.
        pushed_at: When it was pushed.
        tags: Its tags. Default: none, it is untagged.
        last_pulled_at: When somebody last pulled it, as ECR recorded it. Default: never.
        status: `active`, `archived`, or `activating` while it is being restored. Default: `active`.
        archived_at: When it was last archived. Default: never.
        activated_at: When it was last restored from the archive. Default: never.
        size: Its size in bytes. Default: 0.
        manifest_media_type: What kind of manifest it is. Default: not known.
        artifact_media_type: What it holds if that is not a container, such as a signature. Default: not known.
        subject_digest: The image that it is about, for a signature, an SBOM or an attestation. Default: none.
        referenced_digests: The images that an index names. `DescribeImages` does not tell. Default: not known.

    Raises:
        InvalidImage: with every fault.

    >>> from datetime import datetime, timezone
    >>> Image(digest="sha256:" + "0" * 64, tags=["v1"], pushed_at=datetime(2026, 1, 1, tzinfo=timezone.utc)).tags
    ('v1',)

    """

    digest: str
    pushed_at: datetime
    tags: Sequence[str] = ()
    last_pulled_at: datetime | None = None
    status: ImageStatus = "active"
    archived_at: datetime | None = None
    activated_at: datetime | None = None
    size: int = 0
    manifest_media_type: str | None = None
    artifact_media_type: str | None = None
    subject_digest: str | None = None
    referenced_digests: Sequence[str] | None = None

    def __post_init__(self) -> None:
        """Refuse what is no image; keep times in UTC and lists as tuples, so that equal images are equal."""
        if problems := tuple(_problems(self)):
            raise InvalidImage(problems)
        for name in _TIMES:
            time = getattr(self, name)
            if time is not None and time.tzinfo is not timezone.utc:
                object.__setattr__(self, name, time.astimezone(timezone.utc))
        object.__setattr__(self, "tags", tuple(sorted(self.tags)))
        if self.referenced_digests is not None:
            object.__setattr__(self, "referenced_digests", tuple(sorted(set(self.referenced_digests))))

    def __hash__(self) -> int:
        """Go by the digest: it says what an image is."""
        return hash(self.digest)

    @property
    def is_index(self) -> bool:
        """Whether it names one image for each platform."""
        return self.manifest_media_type in _INDEXES or self.referenced_digests is not None

    @classmethod
    def from_describe_images(cls, detail: Mapping[str, Any]) -> Image:
        """
        Read one of the `imageDetails` of `DescribeImages`.

        Args:
            detail: As boto3 gives it, or as the AWS command line prints it: times may be `datetime`, ISO 8601 texts or
                seconds since 1970. Fields that say nothing about the fate of an image are passed over.

        Raises:
            InvalidImage: with every fault, each with the name of the field.

        >>> Image.from_describe_images(
        ...     {"imageDigest": "sha256:" + "0" * 64, "imagePushedAt": "2026-01-01T12:00:00+01:00", "imageTags": ["v1"]}
        ... ).pushed_at.isoformat()
        '2026-01-01T11:00:00+00:00'

        """
        raise NotImplementedError


def read_images(document: object) -> tuple[Image, ...]:
    """
    Read what `aws ecr describe-images` prints.

    Args:
        document: The parsed JSON: an object with `imageDetails`, a list of such details, or a list of such objects.

    Raises:
        InvalidImage: with every fault and its place.

    """
    raise NotImplementedError


_TIMES = ("pushed_at", "last_pulled_at", "archived_at", "activated_at")


def _problems(image: Image) -> Iterator[str]:
    return iter(())
