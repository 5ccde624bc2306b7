"""
Images in the form of `DescribeImages`.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageDetail.html
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta, timezone
from typing import Any, Literal, get_args

from ecr_constructs.errors import ArgumentTypeError, InvalidImage, Problems
from ecr_constructs.model.validation import abbreviate

__all__ = ["ATTESTATION", "Image", "ImageStatus", "read_images", "require_images", "time_problem"]

ImageStatus = Literal["active", "archived", "activating"]
_STATUSES = get_args(ImageStatus)

# An image index, or manifest list, references one image for each platform.
_INDEXES = frozenset(
    {
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.index.v1+json",
    }
)
# The artifact type of an attestation of BuildKit:
# https://github.com/moby/buildkit/blob/master/docs/attestations/attestation-storage.md
ATTESTATION = "application/vnd.docker.attestation.manifest.v1+json"
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
# Times within these days can be converted to UTC without an overflow.
_FIRST_DAY = datetime(1, 1, 3, tzinfo=timezone.utc)
_LAST_DAY = datetime(9999, 12, 29, tzinfo=timezone.utc)
# The API has the type long: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageDetail.html
_MAXIMUM_SIZE = 2**63 - 1
_TIMES = ("pushed_at", "last_pulled_at", "archived_at", "activated_at")
_TEXTS = ("manifest_media_type", "artifact_media_type", "subject_digest")
_LISTS = ("tags", "referenced_digests")


@dataclass(frozen=True, kw_only=True, slots=True)
class Image:
    """
    An image of a repository, in the form of `DescribeImages`.

    Times without a time zone are rejected, because a few hours can decide whether an image is deleted.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageDetail.html

    Args:
        digest: The digest, `sha256:...`. A repository contains each digest once.
        pushed_at: The time of the push.
        tags: The tags. Default: no tags.
        last_pulled_at: The time of the last pull that ECR recorded. Default: never pulled.
        status: `active`, `archived`, or `activating` while it is being restored. Default: `active`.
        archived_at: The time of the last archiving. Default: never archived. An archived image needs it.
        activated_at: The time of the last restoration from the archive. Default: never restored.
        size: The size in bytes. Default: 0.
        manifest_media_type: The media type of the manifest. Default: unknown.
        artifact_media_type: The media type of an artifact, such as a signature. Default: unknown.
        subject_digest: The image that a signature, an SBOM or an attestation refers to. Default: none.
        referenced_digests: The images that an image index references. `DescribeImages` does not return them. Default:
            unknown.

    Attributes:
        is_ordinary: Whether its outcome depends only on its tags and times: it is not an image index, does not refer to
            another image, and was never archived.
        age_reference_seconds: The time by which images are sorted, in seconds since 1970.

    Raises:
        InvalidImage: With all problems.

    >>> from datetime import datetime, timezone
    >>> Image(digest="sha256:" + "0" * 64, tags=["v2", "v1"], pushed_at=datetime(2026, 1, 1, tzinfo=timezone.utc)).tags
    ('v1', 'v2')

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
    is_ordinary: bool = field(init=False, repr=False, compare=False)
    age_reference_seconds: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """
        Raise an error with all problems.

        Convert times to UTC and sort lists, because equal images must compare as equal.
        """
        if problems := [f"{name}: {text}" for name, text in _problems(self)]:
            raise InvalidImage(problems)
        for name in _TIMES:
            time = getattr(self, name)
            if time is not None and time.tzinfo is not timezone.utc:
                object.__setattr__(self, name, time.astimezone(timezone.utc))
        object.__setattr__(self, "tags", tuple(sorted(set(self.tags))))
        if self.referenced_digests is not None:
            object.__setattr__(self, "referenced_digests", tuple(sorted(set(self.referenced_digests))))
        is_ordinary = self.status == "active" and not (self.activated_at or self.subject_digest or self.is_index)
        object.__setattr__(self, "is_ordinary", is_ordinary)
        object.__setattr__(self, "age_reference_seconds", self.age_reference_time.timestamp())

    def __hash__(self) -> int:
        """Return the hash of the digest, which identifies an image."""
        return hash(self.digest)

    @property
    def age_reference_time(self) -> datetime:
        """
        The time by which images are sorted.

        "If an image was archived and then restored at any point in the past, the image's last_activated_at is used
        instead of pushed_at_time": https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
        """
        return self.activated_at or self.pushed_at

    @property
    def is_index(self) -> bool:
        """Whether it is an image index, with one image for each platform."""
        return self.manifest_media_type in _INDEXES or self.referenced_digests is not None

    @property
    def is_attestation(self) -> bool:
        """Whether it is an attestation of BuildKit, which an image index references and which cannot be run."""
        return self.artifact_media_type == ATTESTATION

    @classmethod
    def from_describe_images(cls, detail: Mapping[str, Any]) -> Image:
        """
        Return the image of one entry of `imageDetails` in the output of `DescribeImages`.

        Args:
            detail: The entry, from boto3 or the AWS CLI. Times can be `datetime`, ISO 8601 texts or seconds since 1970.
                Fields that have no effect on lifecycle policies are ignored.

        Raises:
            InvalidImage: With all problems, each with the name of the field.

        >>> Image.from_describe_images(
        ...     {"imageDigest": "sha256:" + "0" * 64, "imagePushedAt": "2026-01-01T12:00:00+01:00", "imageTags": ["v1"]}
        ... ).pushed_at.isoformat()
        '2026-01-01T11:00:00+00:00'

        """
        if not isinstance(detail, Mapping):
            raise InvalidImage(
                [f"{abbreviate(detail)} is not an object; give one of the imageDetails of DescribeImages"]
            )
        if type(detail) is dict and (plain := _plain_image(detail)) is not None:
            return plain
        problems: list[str] = []
        values: dict[str, Any] = {}
        for name, key, reader in _READERS:
            if (value := detail.get(key)) is not None:
                try:
                    values[name] = value if reader is None else reader(value)
                except InvalidImage as error:
                    problems += [f"{key}: {problem}" for problem in error.problems]
        if "digest" not in values or "pushed_at" not in values:
            missing = (_FIELDS[name] for name in _REQUIRED if detail.get(_FIELDS[name]) is None)
            problems = [*(f"{key}: missing; DescribeImages returns it" for key in missing), *problems]
        if not problems:
            try:
                return cls(**values)
            except InvalidImage as error:
                problems += [_renamed(problem) for problem in error.problems]
        raise InvalidImage(problems)


def read_images(document: object) -> tuple[Image, ...]:
    """
    Return the images in the output of `aws ecr describe-images`.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html

    Args:
        document: The parsed JSON: an object with `imageDetails`, a list of image details, or a list of such objects for
            the pages of one listing.

    Raises:
        InvalidImage: With all problems and their places, and if the last page of the listing is missing.

    >>> read_images({"imageDetails": [{"imageDigest": "sha256:" + "0" * 64, "imagePushedAt": 1767225600.0}]})[0].tags
    ()

    """
    _require_whole(document)
    problems = Problems()
    images = list(_read_all(document, "", problems))
    problems.raise_if_any(InvalidImage)
    return tuple(images)


def require_images(images: Sequence[object]) -> None:
    """
    Raise an error if an entry is not an `Image`, such as a dictionary of boto3.

    Args:
        images: The entries.

    Raises:
        TypeError: For the first entry that is not an `Image`.

    """
    for index, image in enumerate(images):
        if not isinstance(image, Image):
            raise ArgumentTypeError(
                [f"images[{index}] is {abbreviate(image)}, not an Image; read it with Image.from_describe_images()"]
            )


def _read(place: str, detail: Mapping[str, Any], problems: Problems) -> Iterator[Image]:
    """Yield the image, or add its problems. `collect` would be too slow for a listing of 100,000 images."""
    try:
        yield Image.from_describe_images(detail)
    except InvalidImage as error:
        separator = "." if isinstance(detail, Mapping) else ": "
        problems.extend(f"{place}{separator}{problem}" for problem in error.problems)


def _require_whole(document: object) -> None:
    """Raise an error if the last page of a listing is missing, because count rules would count incorrectly."""
    last = document[-1] if isinstance(document, Sequence) and document else document
    if (
        isinstance(last, Mapping)
        and "imageDetails" in last
        and any(last.get(key) for key in ("nextToken", "NextToken"))
    ):
        raise InvalidImage(
            ["nextToken: the listing is incomplete; list all images, without --max-items, or pass all pages"]
        )


def _read_all(document: object, place: str, problems: Problems) -> Iterator[Image]:
    """Yield the images of a document, and add the problems of those that cannot exist."""
    if isinstance(document, Mapping) and "imageDetails" in document:
        yield from _read_all(document["imageDetails"], f"{place}.imageDetails".lstrip("."), problems)
    elif isinstance(document, Sequence) and not isinstance(document, str):
        for index, entry in enumerate(document):
            if type(entry) is dict and (plain := _plain_image(entry)) is not None:
                yield plain
            elif isinstance(entry, Mapping) and "imageDetails" in entry:
                yield from _read_all(entry, f"{place}[{index}]", problems)
            else:
                yield from _read(f"{place}[{index}]", entry, problems)
    else:
        message = f"{abbreviate(document)} is not the output of `aws ecr describe-images`: an object with imageDetails"
        raise InvalidImage([f"{place}: {message}" if place else message])


def _problems(image: Image) -> Iterator[tuple[str, str]]:
    if not isinstance(image.digest, str) or not image.digest:
        yield "digest", f"{abbreviate(image.digest)} is not a digest; write 'sha256:' and 64 hexadecimal digits"
    for name in _TIMES:
        time = getattr(image, name)
        if (time is not None or name == "pushed_at") and (text := time_problem(time)):
            yield name, text
    if image.status not in _STATUSES:
        yield "status", f"{abbreviate(image.status)} is unknown; write 'active', 'archived' or 'activating'"
    elif image.status == "archived" and image.archived_at is None:
        yield "archived_at", "missing for an archived image; its days in the archive count from it"
    yield from _size_problems(image.size)
    for name in _TEXTS:
        text = getattr(image, name)
        if text is not None and not isinstance(text, str):
            yield name, f"{abbreviate(text)} is not a text"
    for name in _LISTS:
        yield from _list_problems(name, getattr(image, name))


def _size_problems(size: object) -> Iterator[tuple[str, str]]:
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        yield "size", f"{abbreviate(size)} is not a number of bytes; write 0 or more"
    elif size > _MAXIMUM_SIZE:
        yield "size", f"{abbreviate(size)} bytes are too many; write at most {_MAXIMUM_SIZE}"


def time_problem(time: object) -> str | None:
    """
    Return the problem of a time, or None.

    Args:
        time: The value.

    """
    if not isinstance(time, datetime):
        return f"{abbreviate(time)} is not a datetime; give one with a time zone"
    if time.utcoffset() is None:
        return f"{time} has no time zone; give one, such as timezone.utc"
    return None if _FIRST_DAY <= time <= _LAST_DAY else f"{time} is not a possible time of a push; correct the year"


def _list_problems(name: str, entries: object) -> Iterator[tuple[str, str]]:
    if name == "referenced_digests" and entries is None:
        return
    if isinstance(entries, str) or not isinstance(entries, Sequence):
        yield name, f"{abbreviate(entries)} is not a list of strings; write [{abbreviate(entries)}]"
        return
    for index, entry in enumerate(entries):
        # Many tags are searched as one text, with these two characters as separators.
        if not isinstance(entry, str) or not entry or "\0" in entry or "\n" in entry:
            yield f"{name}[{index}]", f"{abbreviate(entry)} is not valid; use a non-empty string without line breaks"


# The fields of an `Image`, and their names in an image detail.
_FIELDS = {
    "digest": "imageDigest",
    "pushed_at": "imagePushedAt",
    "tags": "imageTags",
    "last_pulled_at": "lastRecordedPullTime",
    "status": "imageStatus",
    "archived_at": "lastArchivedAt",
    "activated_at": "lastActivatedAt",
    "size": "imageSizeInBytes",
    "manifest_media_type": "imageManifestMediaType",
    "artifact_media_type": "artifactMediaType",
    "subject_digest": "subjectManifestDigest",
}
_REQUIRED = ("digest", "pushed_at")


def _plain_image(detail: Mapping[str, Any]) -> Image | None:
    """
    Return the image of a detail as the AWS CLI and boto3 return it, or None for any other detail.

    A listing can have a million details. The constructor has a message for each problem, and takes three times as long.
    This function returns an equal image, and None for unusual details, which the constructor reads.
    """
    pushed, pulled = _plain_time(detail.get("imagePushedAt")), detail.get("lastRecordedPullTime")
    if pushed is None or (pulled is not None and (pulled := _plain_time(pulled)) is None) or not _is_plain(detail):
        return None
    tags, media_type, artifact_type = detail.get("imageTags"), detail["imageManifestMediaType"], detail.get(_ARTIFACT)
    image = _new(Image)
    _set_digest(image, detail["imageDigest"])
    _set_pushed(image, pushed)
    _set_tags(image, tuple(sorted(set(tags))) if tags else ())
    _set_pulled(image, pulled)
    _set_status(image, "active")
    _set_archived(image, None)
    _set_activated(image, None)
    _set_size(image, detail["imageSizeInBytes"])
    _set_media_type(image, sys.intern(media_type))
    _set_artifact_type(image, sys.intern(artifact_type) if artifact_type else artifact_type)
    _set_subject(image, None)
    _set_referenced(image, None)
    _set_ordinary(image, media_type not in _INDEXES)
    _set_seconds(image, pushed.timestamp())
    return image


# The functions that set the fields of the frozen class, in their order.
_new = object.__new__
(
    _set_digest,
    _set_pushed,
    _set_tags,
    _set_pulled,
    _set_status,
    _set_archived,
    _set_activated,
    _set_size,
    _set_media_type,
    _set_artifact_type,
    _set_subject,
    _set_referenced,
    _set_ordinary,
    _set_seconds,
) = (vars(Image)[each.name].__set__ for each in fields(Image))
_ARTIFACT = "artifactMediaType"
# Fields of images that are archived, restored or refer to another image, and of a page of a listing.
_UNUSUAL = frozenset({"lastArchivedAt", "lastActivatedAt", "subjectManifestDigest", "imageDetails"})


def _is_plain(detail: Mapping[str, Any]) -> bool:
    """Return whether the fields of a detail beside the times have ordinary values."""
    digest, size, tags = detail.get("imageDigest"), detail.get("imageSizeInBytes"), detail.get("imageTags")
    return bool(
        type(digest) is str
        and digest
        and type(size) is int
        and 0 <= size <= _MAXIMUM_SIZE
        and detail.get("imageStatus", "ACTIVE") == "ACTIVE"
        and type(detail.get("imageManifestMediaType")) is str
        and type(detail.get(_ARTIFACT, "")) is str
        and _UNUSUAL.isdisjoint(detail)
        and (tags is None or (type(tags) is list and all(map(_is_plain_tag, tags))))
    )


def _is_plain_tag(tag: object) -> bool:
    return type(tag) is str and tag != "" and "\0" not in tag and "\n" not in tag


def _plain_time(value: object) -> datetime | None:
    """Return the time of a text or of boto3, with a time zone. None for another value."""
    try:
        time = datetime.fromisoformat(value) if type(value) is str else value
    except ValueError:
        return None
    if type(time) is not datetime or not 1 < time.year < _LAST_DAY.year:
        return None
    if time.tzinfo is timezone.utc:
        return time
    return None if time.utcoffset() is None else time.astimezone(timezone.utc)


def _renamed(problem: str) -> str:
    """Return a problem of an `Image` with the name of the field in the detail."""
    name, colon, text = problem.partition(":")
    stem, bracket, place = name.partition("[")
    return f"{_FIELDS[stem]}{bracket}{place}{colon}{text}"


def _time(value: object) -> object:
    """Return a time. A time without a time zone is UTC."""
    try:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return _EPOCH + timedelta(seconds=value)
        # `fromisoformat` of Python 3.10 does not accept Z.
        time = datetime.fromisoformat(value.replace("Z", "+00:00")) if isinstance(value, str) else value
    except (ValueError, OverflowError):
        raise InvalidImage([f"{abbreviate(value)} is not a time; write it as 2026-01-31T12:00:00+00:00"]) from None
    if isinstance(time, datetime) and time.tzinfo is None:
        return time.replace(tzinfo=timezone.utc)
    return time


def _status(value: object) -> object:
    """Return a status in lower case. An unknown status is returned unchanged."""
    return value.lower() if isinstance(value, str) and value.lower() in _STATUSES else value


def _shared(value: object) -> object:
    """Return one object for equal texts of many images."""
    return sys.intern(value) if type(value) is str else value


_CONVERTERS: Mapping[str, Callable[[object], object]] = {
    **dict.fromkeys(_TIMES, _time),
    **dict.fromkeys(("manifest_media_type", "artifact_media_type"), _shared),
    "status": _status,
}
# The name of each field, its name in an image detail, and its converter. None for a value without conversion.
_READERS = tuple((name, key, _CONVERTERS.get(name)) for name, key in _FIELDS.items())
