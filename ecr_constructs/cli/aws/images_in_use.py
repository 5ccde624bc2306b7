"""Who runs images, and which images that are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ecr_constructs.model.images import Image

__all__ = ["ImageUsage", "marks"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageUsage:
    """
    Somebody who runs an image of the registry.

    Attributes:
        repository: What ECR calls the repository.
        digest: The image. Default: whichever has the tag.
        tag: The tag. Default: `latest`.
        by: Who runs it, such as `service prod/payments-api`.

    """

    repository: str
    digest: str | None = None
    tag: str | None = None
    by: str


def marks(uses: Iterable[ImageUsage], images: Mapping[str, Sequence[Image]]) -> dict[str, dict[str, tuple[str, ...]]]:
    """
    Say who runs which image, by repository and digest.

    Who runs an index runs one of the images that it names, and nobody knows which: all of them are marked. Who runs an
    image that an index names has pulled it through the index, and will again: the index is marked too.

    Args:
        uses: Who runs what.
        images: All images of each repository.

    """
    by_repository: dict[str, list[ImageUsage]] = {}
    for use in uses:
        by_repository.setdefault(use.repository, []).append(use)
    return {name: _marks(found, images[name]) for name, found in by_repository.items() if name in images}


def _marks(uses: Iterable[ImageUsage], images: Sequence[Image]) -> dict[str, tuple[str, ...]]:
    by_tag = {tag: image.digest for image in images for tag in image.tags}
    users: dict[str, set[str]] = {image.digest: set() for image in images}
    for use in uses:
        digest = use.digest or by_tag.get(use.tag or "latest")
        if digest in users:
            users[digest].add(use.by)
    own = {digest: frozenset(names) for digest, names in users.items()}
    for index in images:
        for child in index.referenced_digests or ():
            if child in own:
                users[child] |= own[index.digest]
                users[index.digest] |= own[child]
    return {digest: tuple(sorted(names)) for digest, names in users.items() if names}
