"""The workloads that run images of Amazon ECR: their references, and the images of these references."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ecr_constructs.cli.sources.kubernetes import RunningImage
from ecr_constructs.cli.sources.records import Place
from ecr_constructs.errors import InvalidName
from ecr_constructs.model.images import Image
from ecr_constructs.model.references import ImageReference

__all__ = [
    "ANY_REPOSITORY",
    "ImageUsage",
    "external_usage",
    "parse_image",
    "usage_by_repository",
    "usage_in",
    "usage_of",
    "usage_of_repository",
    "users_by_digest",
]

# A template of the AWS CDK names an image asset by its hash, which is the tag of the image, and not by its repository.
ANY_REPOSITORY = "*"
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageUsage:
    """
    A workload that runs an image of a private registry.

    Attributes:
        registry: The account and the Region of the registry.
        repository: The name of the repository.
        digest: The image. Default: the image with the tag.
        tag: The tag. Default: `latest`.
        user: The workload, such as `service prod/payments-api`.

    """

    registry: Place
    repository: str
    digest: str | None = None
    tag: str | None = None
    user: str


def parse_image(text: str) -> tuple[Place, ImageReference] | None:
    """
    Return the registry and the parsed reference of an image of Amazon ECR, or None for an image of another registry.

    Args:
        text: The reference, as a workload has it.

    """
    try:
        image = ImageReference.parse(text)
    except InvalidName:
        return None  # ECR has no image with such a reference
    host = image.ecr_registry
    return (Place(account_id=host.account, region=host.region), image) if host else None


def usage_of(texts: Iterable[str], user: str) -> Iterator[ImageUsage]:
    """
    Yield the usage of each image of Amazon ECR.

    Args:
        texts: The references that a workload has. Images of other registries are skipped.
        user: The workload.

    """
    for text in dict.fromkeys(texts):
        if found := parse_image(text):
            registry, image = found
            yield ImageUsage(
                registry=registry, repository=image.repository, digest=image.digest, tag=image.tag, user=user
            )


def external_usage(running: Iterable[RunningImage]) -> Iterator[ImageUsage]:
    """
    Yield the usage of images by workloads outside of an account, such as those of Kubernetes, and by templates.

    Args:
        running: The images that they run.

    """
    for each in running:
        yield from usage_in([each.reference], each.user, None)


def usage_in(texts: Iterable[str], user: str, registry: Place | None) -> Iterator[ImageUsage]:
    """
    Yield the usage of each image of Amazon ECR, also of those that a template names by their hash.

    Args:
        texts: The references and the hashes. Images of other registries are skipped.
        user: The workload.
        registry: The registry of hashes. None if it is not known, as for templates in files.

    """
    for text in texts:
        if _HASH.fullmatch(text):
            place = registry or Place(account_id="", region="")
            yield ImageUsage(registry=place, repository=ANY_REPOSITORY, tag=text, user=user)
        else:
            yield from usage_of([text], user)


def usage_by_repository(usage: Iterable[ImageUsage]) -> dict[tuple[Place, str], list[ImageUsage]]:
    """
    Return the usage of images by their registry and repository, which can be `ANY_REPOSITORY`.

    Args:
        usage: The usage of images of all registries.

    """
    found: dict[tuple[Place, str], list[ImageUsage]] = {}
    for each in usage:
        found.setdefault((each.registry, each.repository), []).append(each)
    return found


def usage_of_repository(
    usage: Mapping[tuple[Place, str], Sequence[ImageUsage]], registry: Place, repository: str
) -> list[ImageUsage]:
    """
    Return the usage of images of a repository, with that of images whose repository is not known.

    Args:
        usage: The result of `usage_by_repository`.
        registry: The account and the Region of the repository.
        repository: The name of the repository.

    """
    return [each for name in (repository, ANY_REPOSITORY) for each in usage.get((registry, name), ())]


def users_by_digest(usage: Iterable[ImageUsage], images: Sequence[Image]) -> dict[str, tuple[str, ...]]:
    """
    Return the workloads that run an image of a repository, by digest.

    If an image index runs, every image that it references counts as in use, because it is not known which of them runs.
    If an image runs that an index references, the index counts as in use, because the image was pulled through it.

    Args:
        usage: The usage of images of the repository.
        images: All images of the repository.

    """
    by_tag = {tag: image.digest for image in images for tag in image.tags}
    users: dict[str, set[str]] = {image.digest: set() for image in images}
    for each in usage:
        digest = each.digest or by_tag.get(each.tag or "latest")
        if digest in users:
            users[digest].add(each.user)
    direct = {digest: frozenset(names) for digest, names in users.items()}
    for index in images:
        for child in index.referenced_digests or ():
            if child in direct:
                users[child] |= direct[index.digest]
                users[index.digest] |= direct[child]
    return {digest: tuple(sorted(names)) for digest, names in users.items() if names}
