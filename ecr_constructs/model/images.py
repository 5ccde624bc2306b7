"""
Images in the form of `DescribeImages`.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageDetail.html
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta, timezone
from itertools import chain, repeat
from typing import Any, Literal, get_args

from ecr_constructs.errors import ArgumentTypeError, InvalidImage, Problems
from ecr_constructs.model.validation import abbreviate

__all__ = ["ATTESTATION", "Image", "ImageStatus", "images_of_details", "read_images", "require_images", "time_problem"]

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
        if problems := [f"{name}: {text}" for name, text in _image_problems(self)]:
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
        if (plain := _plain_images([detail])) is not None:
            return plain[0]
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


def images_of_details(details: Sequence[Mapping[str, Any]]) -> list[Image]:
    """
    Return the image of each entry of `imageDetails`, as `Image.from_describe_images` does, but several times as fast.

    Args:
        details: The entries.

    Raises:
        InvalidImage: With all problems of the first entry that has any.

    """
    blocks = (details[start : start + _BLOCK] for start in range(0, len(details), _BLOCK))
    return [image for block in blocks for image in _plain_images(block) or map(Image.from_describe_images, block)]


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


def _read_each(entries: Sequence[object], start: int, place: str, problems: Problems) -> Iterator[Image]:
    """Yield the images of entries one by one. An entry can also be a page of a listing."""
    for index, entry in enumerate(entries, start):
        if isinstance(entry, Mapping) and "imageDetails" in entry:
            yield from _read_all(entry, f"{place}[{index}]", problems)
        else:
            yield from _read_image(f"{place}[{index}]", entry, problems)


def _read_image(place: str, detail: object, problems: Problems) -> Iterator[Image]:
    """Yield the image, or add its problems. `collect` would be too slow for a listing of 100,000 images."""
    try:
        yield Image.from_describe_images(detail)  # type: ignore[arg-type]  # it has a message for other types
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
        for start in range(0, len(document), _BLOCK):
            block = document[start : start + _BLOCK]
            yield from _plain_images(block) or _read_each(block, start, place, problems)
    else:
        message = f"{abbreviate(document)} is not the output of `aws ecr describe-images`: an object with imageDetails"
        raise InvalidImage([f"{place}: {message}" if place else message])


def _image_problems(image: Image) -> Iterator[tuple[str, str]]:
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


# The functions that set the fields of the frozen class.
_SETTERS = {each.name: vars(Image)[each.name].__set__ for each in fields(Image)}
_PLAIN_STATUSES = {None: "active", **{status.upper(): status for status in _STATUSES}}
_TEXT = frozenset({str, type(None)})
# So many details are read at once. If one of them is unusual, they are read one by one.
_BLOCK = 128


class _Unusual(Exception):
    """A detail has a value that only the constructor reads, or for which it has a message."""


def _plain_images(details: Sequence[Any]) -> list[Image] | None:
    """
    Return the images of details as the AWS CLI and boto3 return them, or None if one of them is unusual.

    A listing can have a million details. The constructor, which has a message for each problem, takes several times as
    long. This function returns equal images: it checks and converts the values field by field, in loops of C.
    """
    if set(map(type, details)) != {dict}:
        return None
    present = set(chain.from_iterable(details))
    if "imageDetails" in present:
        return None
    absent = [None] * len(details)
    try:
        columns = _plain_columns(
            {
                name: [detail.get(key) for detail in details] if key in present else absent
                for name, key in _FIELDS.items()
            }
        )
    except (_Unusual, TypeError, ValueError, OverflowError):
        return None
    images = list(map(object.__new__, repeat(Image, len(details))))
    for name, set_value in _SETTERS.items():
        deque(map(set_value, images, columns[name]), maxlen=0)
    return images


def _plain_columns(given: Mapping[str, list[Any]]) -> dict[str, Iterable[Any]]:
    """Return the values of each field, from those of details. Raise if one of them is unusual."""
    pushed, pulled, archived, restored = (_plain_times(given[name]) for name in _TIMES)
    statuses = [_PLAIN_STATUSES.get(status) for status in given["status"]]
    sizes = given["size"] if None not in given["size"] else [0 if size is None else size for size in given["size"]]
    media_types, subjects = given["manifest_media_type"], given["subject_digest"]
    _require(set(map(type, given["digest"])) == {str} and all(given["digest"]))
    _require(None not in given["pushed_at"] and None not in statuses)
    if "archived" in statuses:
        _require(all(time for status, time in zip(statuses, archived, strict=True) if status == "archived"))
    _require(set(map(type, sizes)) == {int} and min(sizes) >= 0 and max(sizes) <= _MAXIMUM_SIZE)
    _require(all(_TEXT.issuperset(map(type, given[name])) for name in _TEXTS))
    return {
        **given,
        "pushed_at": pushed,
        "tags": _plain_tags(given["tags"]),
        "last_pulled_at": pulled,
        "status": statuses,
        "archived_at": archived,
        "activated_at": restored,
        "size": sizes,
        "manifest_media_type": map(_shared, media_types),
        "artifact_media_type": map(_shared, given["artifact_media_type"]),
        "referenced_digests": repeat(None),
        "is_ordinary": [
            status == "active" and not (time or subject or media_type in _INDEXES)
            for status, time, subject, media_type in zip(statuses, restored, subjects, media_types, strict=True)
        ],
        "age_reference_seconds": [(later or time).timestamp() for later, time in zip(restored, pushed, strict=True)],
    }


def _require(is_plain: bool) -> None:  # noqa: FBT001  (the only argument)
    if not is_plain:
        raise _Unusual


def _plain_times(column: list[Any]) -> list[Any]:
    """Return the times of texts, of seconds since 1970 or of boto3, in UTC. Times that are not given are None."""
    kinds = set(map(type, column)) - {type(None)}
    if not kinds:
        return column
    if kinds == {str}:
        column = [value if value is None else datetime.fromisoformat(value) for value in column]
    elif kinds <= {int, float}:
        column = [value if value is None else _EPOCH + timedelta(seconds=value) for value in column]
    else:
        _require(kinds == {datetime})
    times = list(filter(None, column))
    _require(all(1 < time.year < _LAST_DAY.year for time in (min(times), max(times))))
    if others := [time for time in times if time.tzinfo is not timezone.utc]:
        _require(all(time.utcoffset() is not None for time in others))
        column = [time and time.astimezone(timezone.utc) for time in column]
    return column


def _plain_tags(column: list[Any]) -> list[tuple[str, ...]]:
    """Return the sorted tags of each image. Raise if one of them cannot be a tag."""
    _require(set(map(type, column)) <= {list, type(None)})
    tags = list(chain.from_iterable(filter(None, column)))
    text = "".join(tags)  # raises TypeError for anything but texts
    _require(set(map(type, tags)) <= {str} and all(tags) and "\0" not in text and "\n" not in text)
    # Sorting takes several times as long for the most frequent number of tags.
    return [() if not each else tuple(each) if len(each) == 1 else tuple(sorted(set(each))) for each in column]


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
