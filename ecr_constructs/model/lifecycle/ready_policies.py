"""
Lifecycle policies for common situations. Each policy is a function, because tags differ between pipelines.

The page 'Ready policies' of the documentation has the rules of each policy, and its evaluation over the images of a
repository.
"""

from __future__ import annotations

from collections.abc import Sequence

from ecr_constructs.model.lifecycle.intents import (
    Days,
    archive_older_than,
    archive_unpulled,
    delete_archived,
    expire_older_than,
    expire_untagged,
    keep_forever,
    keep_latest,
    limit_images,
)
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy

__all__ = [
    "audit_retention_policy",
    "build_cache_policy",
    "cached_repository_policy",
    "development_policy",
    "lowest_cost_policy",
    "production_policy",
]


def development_policy(
    *,
    main: str = "main-*",
    keep: int = 50,
    branches: Sequence[str] = ("pr-*", "feature-*"),
    after_days: Days = 14,
    keep_untagged: int = 20,
) -> LifecyclePolicy:
    """
    Return a policy for development images.

    It keeps the newest of the main branch, and those of other branches for some days.

    Images of other branches are deleted by age, because a count would delete the images of a branch with few builds.

    Args:
        main: The tag pattern of the main branch. Default: `main-*`.
        keep: The number of images of the main branch to keep. Default: 50.
        branches: The tag patterns of other branches. Default: `pr-*` and `feature-*`.
        after_days: The days after which images of other branches are deleted. Default: 14.
        keep_untagged: The number of untagged images to keep. Default: 20.

    Raises:
        TypeError: If an argument is of the wrong kind.
        InvalidLifecyclePolicy: If a number is below 1, or a pattern is malformed.

    >>> [rule.count_number for rule in development_policy(keep=30).rules]
    [30, 14, 14, 20]

    """
    return LifecyclePolicy.of(
        keep_latest(keep, matching=main),
        expire_older_than(after_days=after_days, matching=branches),
        expire_untagged(keep=keep_untagged),
    )


def production_policy(
    *,
    deployed: Sequence[str] = ("production", "production-*"),
    releases: str = "v*",
    keep: int = 100,
    keep_untagged: int = 20,
) -> LifecyclePolicy:
    """
    Return a policy for production images: every deployed image, and the newest releases.

    The pipeline gives the tag of an environment to each image that it deploys. Images with such a tag are never
    deleted.

    Args:
        deployed: The tag patterns of images that are deployed. Default: `production` and `production-*`.
        releases: The tag pattern of releases. Default: `v*`.
        keep: The number of releases to keep. Default: 100.
        keep_untagged: The number of untagged images to keep. Default: 20.

    Raises:
        TypeError: If an argument is of the wrong kind.
        InvalidLifecyclePolicy: If a number is below 1, or a pattern is malformed.

    >>> print(production_policy(keep=30).rules[-2].description)
    Keep the newest 30 images tagged v*

    """
    return LifecyclePolicy.of(
        keep_forever(*deployed), keep_latest(keep, matching=releases), expire_untagged(keep=keep_untagged)
    )


def lowest_cost_policy(*, keep: int = 10, keep_untagged: int = 1) -> LifecyclePolicy:
    """
    Return a policy for the lowest storage costs: a few tagged images, and almost no untagged images.

    Args:
        keep: The number of tagged images to keep. Default: 10.
        keep_untagged: The number of untagged images to keep. Images that an image index references are kept with it.
            Default: 1.

    Raises:
        TypeError: If an argument is of the wrong kind.
        InvalidLifecyclePolicy: If a number is below 1.

    >>> [rule.count_number for rule in lowest_cost_policy().rules]
    [10, 1]

    """
    return LifecyclePolicy.of(keep_latest(keep, matching="*"), expire_untagged(keep=keep_untagged))


def audit_retention_policy(
    *,
    deployed: Sequence[str] = ("production", "production-*"),
    archive_after_days: Days = 365,
    delete_after_days: Days = 2190,
) -> LifecyclePolicy:
    """
    Return a policy that retains images for audits: archived after a year, and deleted after six years in the archive.

    Args:
        deployed: The tag patterns of images that are deployed, which are neither archived nor deleted. Default:
            `production` and `production-*`.
        archive_after_days: The days since the push after which images are archived. Default: 365.
        delete_after_days: The days in the archive after which images are deleted, at least 90. Default: 2190.

    Raises:
        TypeError: If an argument is of the wrong kind.
        InvalidLifecyclePolicy: If a number is below its minimum, or a pattern is malformed.

    >>> [rule.action for rule in audit_retention_policy().rules[-2:]]
    ['transition', 'expire']

    """
    return LifecyclePolicy.of(
        keep_forever(*deployed),
        archive_older_than(after_days=archive_after_days),
        delete_archived(after_days=delete_after_days),
    )


def build_cache_policy(*, keep: int = 20) -> LifecyclePolicy:
    """
    Return a policy for layer caches of builds, such as those of `docker buildx build --cache-to`.

    A build without a cache takes longer and pushes the cache again, so only the number of images is limited. Builds
    push the tags of caches again, so the tags of the repository must be mutable.

    Args:
        keep: The number of images to keep, tagged or not. Default: 20.

    Raises:
        TypeError: If the number is not a whole number.
        InvalidLifecyclePolicy: If the number is below 1.

    >>> build_cache_policy(keep=5).explain()[0]
    'Rule 1 keeps the newest 5 tagged and untagged images, by time of push, and deletes the others.'

    """
    return LifecyclePolicy.of(limit_images(keep))


def cached_repository_policy(*, unpulled_for_days: Days = 30, delete_after_days: Days = 90) -> LifecyclePolicy:
    """
    Return a policy for repositories of a pull-through cache. It archives and then deletes images that are not pulled.

    ECR cannot delete by last pull, and keeps archived images for at least 90 days. A deleted image is pulled from the
    upstream registry again.

    Args:
        unpulled_for_days: The days without a pull after which images are archived. Default: 30.
        delete_after_days: The days in the archive after which images are deleted, at least 90. Default: 90.

    Raises:
        TypeError: If an argument is of the wrong kind.
        InvalidLifecyclePolicy: If a number is below its minimum.

    >>> [rule.count_type for rule in cached_repository_policy().rules]
    ['sinceImagePulled', 'sinceImageTransitioned']

    """
    return LifecyclePolicy.of(
        archive_unpulled(after_days=unpulled_for_days), delete_archived(after_days=delete_after_days)
    )
