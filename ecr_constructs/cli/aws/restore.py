"""The restore of archived images that are in use."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ecr_constructs.cli.aws.errors import CallFailed
from ecr_constructs.cli.aws.session import Service
from ecr_constructs.cli.formatting import image_label
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

    def __str__(self) -> str:
        """Return the image and its workloads."""
        return (
            f"{self.repository}: {image_label(self.image)} is archived and is in use by {', '.join(self.users)}, "
            "which cannot pull it"
        )

    def command(self, region: str) -> str:
        """Return the command of the AWS CLI that restores the image."""
        words = (
            *("aws", "ecr", "update-image-storage-class", "--region", region),
            *("--repository-name", self.repository, "--image-id", f"imageDigest={self.image.digest}"),
            *("--target-storage-class", "STANDARD"),
        )
        return shlex.join(words)


def archived_in_use(
    repository: str, images: Iterable[Image], in_use: Mapping[str, tuple[str, ...]]
) -> Iterator[ArchivedImage]:
    """
    Yield the archived images of a repository that workloads run.

    Args:
        repository: The name of the repository.
        images: Its images.
        in_use: The workloads that run an image, by digest.

    """
    for image in images:
        if image.status == "archived" and (users := in_use.get(image.digest)):
            yield ArchivedImage(repository=repository, image=image, users=users)


def restore_images(ecr: Service, images: Sequence[ArchivedImage]) -> tuple[str, ...]:
    """
    Restore images, and return a problem for each that cannot be restored. The others are restored.

    AWS on a restore: "You can expect ECR to restore the image within 20 minutes."
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/archive_restore_image.html

    Args:
        ecr: ECR.
        images: The images.

    """
    failures = [(each, failed) for each in images if (failed := _restore(ecr, each))]
    return tuple(f"{each.repository}: {image_label(each.image)} is not restored: {failed}" for each, failed in failures)


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
