"""The images of a repository, read from ECR."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from threading import Lock

from ecr_constructs.cli.aws.errors import CallFailed
from ecr_constructs.cli.aws.progress import Progress
from ecr_constructs.cli.aws.session import Service
from ecr_constructs.errors import InvalidImage
from ecr_constructs.model.images import Image

__all__ = ["ProgressCounter", "fill_indexes", "list_images"]

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html, API_BatchGetImage.html
_IMAGES_A_PAGE = 1_000
_MANIFESTS_A_CALL = 100
_INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)


class ProgressCounter:
    """
    A count of images that many threads add to.

    Args:
        progress: Who is told of it.

    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._lock = Lock()
        self._count = 0

    def add(self, images: int) -> None:
        """Count some more."""
        with self._lock:
            self._count += images
            self._progress.describe(f"{self._count:,} images")


def list_images(ecr: Service, repository: str, *, tally: ProgressCounter) -> tuple[Image, ...]:
    """
    List all images of a repository, those in the archive too. Nobody's pull time changes.

    Args:
        ecr: ECR.
        repository: What ECR calls the repository.
        tally: Where they are counted as they come.

    Raises:
        CallFailed: if ECR does not tell them, or tells what is no image.

    """
    request = {
        "repositoryName": repository,
        "maxResults": _IMAGES_A_PAGE,
        "filter": {"imageStatus": "ANY"},  # without it, only active ones are listed
    }
    images: dict[str, Image] = {}  # what is pushed meanwhile may be on two pages
    for page in ecr.pages("DescribeImages", request):
        details = page["imageDetails"]
        try:
            images.update((image.digest, image) for image in map(Image.from_describe_images, details))
        except InvalidImage as error:
            what = f"ECR told of an image that cannot be read: {'; '.join(error.problems)}"
            raise CallFailed(what, "compare it with what `aws ecr describe-images` prints") from error
        tally.add(len(details))
    return tuple(images.values())


def fill_indexes(ecr: Service, repository: str, images: Sequence[Image]) -> tuple[Image, ...]:
    """
    Fill in which images each index names. ECR takes this for a pull of the index.

    An index that cannot be read stays as it was. Archived ones cannot.

    Args:
        ecr: ECR.
        repository: What ECR calls the repository.
        images: Its images.

    Raises:
        CallFailed: if ECR does not give the manifests.

    """
    indexes = [image.digest for image in images if image.is_index and image.status == "active"]
    named: dict[str, tuple[str, ...]] = {}
    for start in range(0, len(indexes), _MANIFESTS_A_CALL):
        request = {
            "repositoryName": repository,
            "imageIds": [{"imageDigest": digest} for digest in indexes[start : start + _MANIFESTS_A_CALL]],
            "acceptedMediaTypes": _INDEXES,
        }
        for image in ecr.call("BatchGetImage", request)["images"]:
            manifests = json.loads(image["imageManifest"])["manifests"]
            named[image["imageId"]["imageDigest"]] = tuple(manifest["digest"] for manifest in manifests)
    return tuple(
        replace(image, referenced_digests=named[image.digest]) if image.digest in named else image for image in images
    )
