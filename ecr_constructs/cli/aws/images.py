"""The images of a repository in an account."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from threading import Lock
from typing import Any

from ecr_constructs.cli.aws.errors import REPOSITORY_NOT_FOUND, CallFailed
from ecr_constructs.cli.aws.session import Service
from ecr_constructs.cli.progress import Progress
from ecr_constructs.cli.sources.manifests import index_entries
from ecr_constructs.errors import InvalidImage
from ecr_constructs.model.images import Image, images_of_details

__all__ = ["NO_IMAGE", "ImageCounter", "digest_of", "list_images", "read_indexes"]

# The error codes of an image that does not exist.
NO_IMAGE = frozenset({"ImageNotFoundException", REPOSITORY_NOT_FOUND})

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html, API_BatchGetImage.html
_IMAGES_A_PAGE = 1_000
_MANIFESTS_A_CALL = 100
_INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
# The members of an image detail that have no effect on lifecycle policies.
_UNUSED = frozenset({"registryId", "repositoryName", "imageScanStatus", "imageScanFindingsSummary"})


class ImageCounter:
    """
    The number of images that were listed, in all threads.

    Args:
        progress: The display of progress.

    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._lock = Lock()
        self._count = 0

    def add(self, images: int) -> None:
        """Add a number of images, and show the sum."""
        with self._lock:
            self._count += images
            self._progress.describe(f"{self._count:,} images")


def list_images(ecr: Service, repository: str, *, counter: ImageCounter) -> list[dict[str, Any]]:
    """
    Return all images of a repository as JSON, with those in the archive. No pull is recorded.

    Args:
        ecr: ECR.
        repository: The name of the repository.
        counter: The counter of images.

    Returns:
        The image details of `DescribeImages`, without the members that have no effect on lifecycle policies.

    Raises:
        CallFailed: If the call fails, or if its answer has an image that cannot exist.

    """
    request = {
        "repositoryName": repository,
        "maxResults": _IMAGES_A_PAGE,
        "filter": {"imageStatus": "ANY"},  # "If not specified, only images with ACTIVE status are returned."
    }
    images: dict[str, dict[str, Any]] = {}  # by digest: an image that is pushed meanwhile can be on two pages
    for page in ecr.pages("DescribeImages", request):
        details = page["imageDetails"]
        try:
            digests = [image.digest for image in images_of_details(details)]
        except InvalidImage as error:
            reason = f"ECR returned an image that cannot be read: {'; '.join(error.problems)}"
            raise CallFailed(reason, "compare it with the output of 'aws ecr describe-images'") from error
        images |= zip(digests, map(_as_json, details), strict=True)
        counter.add(len(details))
    return list(images.values())


def _as_json(detail: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value.timestamp() if isinstance(value, datetime) else value
        for key, value in detail.items()
        if key not in _UNUSED
    }


def digest_of(ecr: Service, image: str) -> str:
    """
    Return the digest of the image that has a tag. No pull is recorded.

    Args:
        ecr: ECR.
        image: The repository and the tag, such as `prod/api:v1`.

    Raises:
        CallFailed: If the call fails, also for an image that does not exist.

    """
    repository, _, tag = image.rpartition(":")
    request = {"repositoryName": repository, "imageIds": [{"imageTag": tag}]}
    [detail] = ecr.call("DescribeImages", request)["imageDetails"]
    return str(detail["imageDigest"])


def read_indexes(ecr: Service, repository: str, images: Sequence[Image]) -> dict[str, dict[str, bool]]:
    """
    Return the digests that each image index references, as `index_entries` does. ECR records a pull of the index.

    An index that cannot be read is missing. Indexes in the archive cannot be read.

    Args:
        ecr: ECR.
        repository: The name of the repository.
        images: Its images.

    Raises:
        CallFailed: If the call fails.

    """
    indexes = [image.digest for image in images if image.is_index and image.status == "active"]
    referenced: dict[str, dict[str, bool]] = {}
    for start in range(0, len(indexes), _MANIFESTS_A_CALL):
        request = {
            "repositoryName": repository,
            "imageIds": [{"imageDigest": digest} for digest in indexes[start : start + _MANIFESTS_A_CALL]],
            "acceptedMediaTypes": _INDEXES,
        }
        for image in ecr.call("BatchGetImage", request)["images"]:
            referenced[image["imageId"]["imageDigest"]] = index_entries(json.loads(image["imageManifest"])) or {}
    return referenced
