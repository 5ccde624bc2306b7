"""The restore of archived images that are in use."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ecr_constructs.cli.aws.errors import CallFailed, failure_messages
from ecr_constructs.cli.aws.session import Service
from ecr_constructs.cli.sources.records import Repository
from ecr_constructs.model.images import Image

__all__ = ["ArchivedImage", "archived_in_use", "restore_images"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ArchivedImage:
    """
    An image in the archive that workloads run. It cannot be pulled until it is restored.

    Attributes:
        repository: The name of its repository.
        image: The image.
        users: The workloads.

    """

    repository: str
    image: Image
    users: tuple[str, ...]

    def command(self, region: str) -> str:
        """Return the command of the AWS CLI that restores the image."""
        words = (
            *("aws", "ecr", "update-image-storage-class", "--region", region),
            *("--repository-name", self.repository, "--image-id", f"imageDigest={self.image.digest}"),
            *("--target-storage-class", "STANDARD"),
        )
        return shlex.join(words)


def archived_in_use(repositories: Iterable[Repository]) -> tuple[ArchivedImage, ...]:
    """
    Return the archived images that workloads run.

    Args:
        repositories: The repositories, with the usage of their images.

    """
    return tuple(
        ArchivedImage(repository=each.name, image=image, users=users)
        for each in repositories
        for image in each.images
        if image.status == "archived" and (users := (each.in_use or {}).get(image.digest))
    )


def restore_images(ecr: Service, images: Sequence[ArchivedImage]) -> tuple[str, ...]:
    """
    Restore images, and return a problem for each that cannot be restored. The others are restored.

    AWS on a restore: "The image will be available for pull within 20 minutes."
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/archive_restore_image.html

    Args:
        ecr: ECR.
        images: The images.

    """
    failures = ((each, failed) for each in images if (failed := _restore(ecr, each)))
    return failure_messages((f"{each.repository}@{each.image.digest}", failed) for each, failed in failures)


def _restore(ecr: Service, archived: ArchivedImage) -> CallFailed | None:
    request = {
        "repositoryName": archived.repository,
        "imageId": {"imageDigest": archived.image.digest},
        "targetStorageClass": "STANDARD",
    }
    try:
        ecr.call("UpdateImageStorageClass", request)
    except CallFailed as failed:
        return failed
    return None
