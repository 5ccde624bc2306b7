"""Listings as the AWS CLI prints them, and policies."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

from ecr_constructs.cli.sources.records import Policy
from ecr_constructs.model import Image, LifecyclePolicy, expire_untagged, keep_latest
from ecr_constructs.testing import release_images, untagged_images

NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
RELEASES = release_images("v{n}", count=4, until=NOW, every_days=7)
# Of four releases two are too many, and of four untagged images those pushed 2 and 3 days ago are too old.
HISTORY = [*RELEASES, *untagged_images(days=4, until=NOW)]
POLICY = LifecyclePolicy.of(keep_latest(2, matching="v*"), expire_untagged(after_days=1))
GENEROUS = LifecyclePolicy.of(keep_latest(3, matching="v*"), expire_untagged(after_days=1))


def detail(image: Image, repository: str | None) -> dict[str, Any]:
    """Return an image as `aws ecr describe-images` prints it."""
    written = {
        "repositoryName": repository,
        "imageDigest": image.digest,
        "imageTags": list(image.tags) or None,
        "imagePushedAt": image.pushed_at.isoformat(),
        "imageSizeInBytes": image.size,
        "imageManifestMediaType": image.manifest_media_type,
        "subjectManifestDigest": image.subject_digest,
        "imageStatus": image.status.upper(),
        "lastArchivedAt": image.archived_at.isoformat() if image.archived_at else None,
    }
    return {field: value for field, value in written.items() if value is not None}


def page(images: Iterable[Image], repository: str | None) -> dict[str, Any]:
    return {"imageDetails": [detail(image, repository) for image in images]}


def listing(images: Iterable[Image], repository: str | None) -> str:
    return json.dumps(page(images, repository))


def policy(lifecycle: LifecyclePolicy = POLICY, *, where: str = "policy.json", **values: Any) -> Policy:
    return Policy(policy=lifecycle, where=where, **values)
