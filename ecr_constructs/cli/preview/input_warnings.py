"""Notes on listings of images that are incomplete or old, and the images of a listing at an earlier instant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from ecr_constructs.cli.formatting import count, format_instant
from ecr_constructs.cli.sources.records import Policy, Repository
from ecr_constructs.model.word_lists import shortened

__all__ = [
    "images_at",
    "note_on_later_images",
    "notes_on_age",
    "notes_on_fields",
    "notes_on_manifests",
    "notes_on_repository",
]

# A repository in use has a more recent push or pull.
_RECENT = timedelta(days=2)
_UNKNOWN = {
    "imageManifestMediaType": "image indexes cannot be distinguished from images",
    "imageSizeInBytes": "sizes are unknown",
}


def images_at(repository: Repository, at: datetime) -> Repository:
    """
    Return a repository without the images that were pushed after an instant.

    Args:
        repository: The repository.
        at: The instant.

    """
    later_images = tuple([image for image in repository.images if image.pushed_at > at])
    if not later_images:
        return repository
    return replace(
        repository,
        images=tuple(image for image in repository.images if image.pushed_at <= at),
        later_images=later_images,
    )


def note_on_later_images(images: int, at: datetime) -> str:
    """
    Return the note on images that were pushed after an instant.

    Args:
        images: Their number.
        at: The instant.

    """
    return f"left out {count(images, 'image')} pushed after {format_instant(at)}"


def notes_on_repository(policy: Policy, repository: Repository, *, compares: bool) -> Iterator[str]:
    """
    Yield notes on images and policies that are missing.

    Args:
        policy: The policy of the repository.
        repository: The repository.
        compares: Whether the policies of today were to be compared.

    """
    rules = [rule for rule in policy.policy.rules if rule.storage_class == "archive"]
    # AWS on imageStatus: "If not specified, only images with ACTIVE status are returned."
    # https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImagesFilter.html
    if rules and {image.status for image in repository.images} == {"active"}:
        yield (
            f"{repository.name}: rule {rules[0].rule_priority} is about archived images, and none is listed; "
            "aws ecr describe-images lists them only with --filter imageStatus=ANY"
        )
    if compares and repository.deployed is None:
        yield f"{repository.name}: --current-policy has no policy of it, so it is not compared"


def notes_on_fields(repositories: Sequence[Repository]) -> Iterator[str]:
    """
    Yield notes on fields that a listing lacks. Without the media type, an image index looks like an image.

    Args:
        repositories: The repositories.

    """
    for field, unknown in _UNKNOWN.items():
        lacking = {each.name: number for each in repositories if (number := each.missing.get(field, 0))}
        if lacking:
            images = f"{count(sum(lacking.values()), 'image')} of {shortened([*lacking], 1)}"
            yield f"{field} is missing for {images}, so {unknown}; list the images without --query"


def notes_on_age(repositories: Sequence[Repository]) -> Iterator[str]:
    """
    Yield a note if no image of any listing was pushed or pulled recently: the listings may be old.

    Args:
        repositories: The repositories.

    """
    times = (
        max(image.pushed_at, image.last_pulled_at or image.pushed_at) for each in repositories for image in each.images
    )
    newest = max(times, default=None)
    if newest is not None and (age := datetime.now(timezone.utc) - newest) > _RECENT:
        yield f"the listing may be old: the latest push or pull is {age.days} days ago; --at evaluates an earlier day"


def notes_on_manifests(digests: Iterable[str], repositories: Sequence[Repository]) -> Iterator[str]:
    """
    Yield a note if manifests are given, and none is that of a listed image.

    Args:
        digests: The digests of the manifests.
        repositories: The repositories.

    """
    given = set(digests)
    if given and given.isdisjoint(image.digest for each in repositories for image in each.images):
        yield (
            "no manifest of --manifests has the digest of a listed image; the digest is computed from the bytes of the "
            "file, so give the unchanged output of the program"
        )
