"""
Rules for the events of Amazon ECR.

Each event has a sample in the documentation of AWS:
https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args

from ecr_constructs.model.events.event_rule import EventRule
from ecr_constructs.model.events.message import AlertMessage, MessageField
from ecr_constructs.model.events.repository_filter import RepositoryFilter
from ecr_constructs.model.registry.scanning import ScanFrequency

__all__ = [
    "cache_refreshed",
    "image_archived",
    "image_deleted",
    "image_pushed",
    "image_restored",
    "replication_failed",
    "scanning_stopped",
]

_REPOSITORY = MessageField(name="repository", label="Repository", path="$.detail.repository-name")
_TAG = MessageField(name="imageTag", label="Image tag", path="$.detail.image-tag")
_DIGEST = MessageField(name="imageDigest", label="Image digest", path="$.detail.image-digest")
_IMAGE = (_REPOSITORY, _TAG, _DIGEST)
_SOURCE = (
    MessageField(name="sourceAccount", label="Source account", path="$.detail.source-account"),
    MessageField(name="sourceRegion", label="Source Region", path="$.detail.source-region"),
)
_UPSTREAM = MessageField(name="upstream", label="Upstream registry", path="$.detail.upstream-registry-url")
_MEDIA_TYPE = MessageField(name="artifactMediaType", label="Media type", path="$.detail.artifact-media-type")


def image_pushed(repositories: RepositoryFilter, tags: Sequence[str] = ("*",)) -> EventRule:
    """
    Return the rule for completed pushes.

    Args:
        repositories: The repositories.
        tags: Tags of the image. `*` matches any characters. Default: any tag, or none.

    """
    detail = {**_action("PUSH"), **_named(repositories), **_tagged(tags)}
    return _rule("ImagePushed", "Image pushed to <repository>", "ECR Image Action", detail, _IMAGE)


def image_deleted(repositories: RepositoryFilter, tags: Sequence[str] = ("*",)) -> EventRule:
    """
    Return the rule for deletions of images.

    Args:
        repositories: The repositories.
        tags: Tags of the image. `*` matches any characters. Default: any tag, or none.

    """
    detail = {**_action("DELETE"), **_named(repositories), **_tagged(tags)}
    return _rule("ImageDeleted", "Image deleted from <repository>", "ECR Image Action", detail, _IMAGE)


def image_archived(repositories: RepositoryFilter) -> EventRule:
    """
    Return the rule for images that were archived.

    Args:
        repositories: The repositories.

    """
    detail = {**_storage_class("ARCHIVE"), **_named(repositories)}
    fields = (_REPOSITORY, _DIGEST)
    return _rule("ImageArchived", "Image of <repository> archived", "ECR Image Action", detail, fields)


def image_restored(repositories: RepositoryFilter) -> EventRule:
    """
    Return the rule for images that were restored from the archive.

    Args:
        repositories: The repositories.

    """
    detail = {**_storage_class("STANDARD"), **_named(repositories)}
    fields = (_REPOSITORY, _DIGEST, _MEDIA_TYPE)
    return _rule("ImageRestored", "Image of <repository> restored", "ECR Image Action", detail, fields)


def replication_failed(repositories: RepositoryFilter) -> EventRule:
    """
    Return the rule for failed replications. ECR sends these events in the destination Region.

    Args:
        repositories: The repositories.

    """
    detail = {"action-type": ["REPLICATE"], "result": ["FAILED"], **_named(repositories)}
    fields = (*_IMAGE, *_SOURCE)
    return _rule("ReplicationFailed", "Replication of <repository> failed", "ECR Replication Action", detail, fields)


def scanning_stopped(repositories: RepositoryFilter) -> EventRule:
    """
    Return the rule for repositories that enhanced scanning no longer scans.

    "Any repositories that don't match a filter will have an Off scan frequency and won't be scanned." The sample event
    has `MANUAL` for such a repository. The rule matches every frequency except for the two of scanning.
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced.html

    Args:
        repositories: The repositories.

    """
    repository = {"scan-frequency": [{"anything-but": [*get_args(ScanFrequency)]}], **_named(repositories)}
    detail = {"action-type": ["SCAN_FREQUENCY_CHANGE"], "repositories": repository}
    # One event has all repositories whose scan frequency changed.
    first = MessageField(name="repository", label="First repository", path="$.detail.repositories[0].repository-name")
    title = "Scan frequency of repositories changed, and some are no longer scanned"
    return _rule("ScanningStopped", title, "ECR Scan Resource Change", detail, (first,))


def cache_refreshed(repositories: RepositoryFilter, tags: Sequence[str] = ("*",)) -> EventRule:
    """
    Return the rule for images that a pull-through cache imported or updated.

    Args:
        repositories: The repositories of the cache.
        tags: Tags of the image. `*` matches any characters. Default: any tag, or none.

    """
    detail = {"sync-status": ["SUCCESS"], **_named(repositories), **_tagged(tags)}
    fields = (*_IMAGE, _UPSTREAM)
    title = "Image cached in <repository>"
    return _rule("CacheRefreshed", title, "ECR Pull Through Cache Action", detail, fields)


def _rule(
    event: str,
    title: str,
    detail_type: str,
    detail: Mapping[str, object],
    fields: Sequence[MessageField],
) -> EventRule:
    thread = _DIGEST.name if _DIGEST in fields else None
    return EventRule(
        id="Rule",
        description=f"{event}: {detail_type}",
        source="aws.ecr",
        detail_type=detail_type,
        detail=detail,
        message=AlertMessage(event=event, title=title, fields=fields, thread=thread),
    )


def _action(action: str) -> Mapping[str, object]:
    return {"action-type": [action], "result": ["SUCCESS"]}


def _storage_class(target: str) -> Mapping[str, object]:
    return {**_action("UPDATE_STORAGE_CLASS"), "target-storage-class": [target]}


def _named(repositories: RepositoryFilter) -> Mapping[str, object]:
    return {} if repositories.selects_all else {"repository-name": repositories.matchers()}


def _tagged(tags: Sequence[str]) -> Mapping[str, object]:
    # Tags have the same matchers as names.
    wanted = RepositoryFilter(names=tags)
    return {} if wanted.selects_all else {"image-tag": wanted.matchers()}
