"""
Rules for the findings of image scans.

Basic scanning and enhanced scanning send different events:
https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-events.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

from ecr_constructs.model.events.event_rule import EventRule
from ecr_constructs.model.events.message import AlertMessage, MessageField
from ecr_constructs.model.events.repository_filter import RepositoryFilter

__all__ = ["Severity", "basic_scan", "enhanced_finding", "enhanced_scan", "severities_from"]

Severity = Literal["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL"]

_COUNTS = tuple(
    MessageField(
        name=severity.lower(), label=severity.capitalize(), path=f"$.detail.finding-severity-counts.{severity}"
    )
    for severity in get_args(Severity)
)
_DIGEST = MessageField(name="imageDigest", label="Image digest", path="$.detail.image-digest")
_TAG = MessageField(name="imageTag", label="Image tag", path="$.detail.image-tags[0]")
_NAME = MessageField(name="repository", label="Repository", path="$.detail.repository-name")
_IMAGE = "$.detail.resources[0].details.awsEcrContainerImage"
_FINDING = (
    MessageField(name="severity", label="Severity", path="$.detail.severity"),
    MessageField(name="finding", label="Finding", path="$.detail.title"),
    MessageField(name="fixAvailable", label="Fix available", path="$.detail.fixAvailable"),
    MessageField(name="repository", label="Repository", path=f"{_IMAGE}.repositoryName"),
    MessageField(name="imageTag", label="Image tag", path=f"{_IMAGE}.imageTags[0]"),
    MessageField(name="imageDigest", label="Image digest", path=f"{_IMAGE}.imageHash"),
    MessageField(name="findingArn", label="Finding ARN", path="$.detail.findingArn"),
)


def severities_from(severity: Severity) -> tuple[Severity, ...]:
    """
    Return a severity and all higher ones.

    Args:
        severity: The lowest severity.

    >>> severities_from("HIGH")
    ('CRITICAL', 'HIGH')

    """
    levels: tuple[Severity, ...] = get_args(Severity)
    return levels[: levels.index(severity) + 1]


def basic_scan(repositories: RepositoryFilter, severity: Severity) -> EventRule:
    """
    Return the rule for completed basic scans that found a severity, or a higher one.

    Args:
        repositories: The repositories.
        severity: The lowest severity.

    """
    names = {} if repositories.selects_all else {"repository-name": repositories.matchers()}
    detail = {"scan-status": ["COMPLETE"], **names, **_counts(severity)}
    return EventRule(
        id="BasicScan",
        description=f"ImageFindings: basic scans with findings of severity {severity} or higher",
        source="aws.ecr",
        detail_type="ECR Image Scan",
        detail=detail,
        message=_message(severity, (_NAME, _TAG, _DIGEST, *_COUNTS)),
    )


def enhanced_scan(repositories: RepositoryFilter, severity: Severity, arn: str) -> EventRule:
    """
    Return the rule for initial enhanced scans that found a severity, or a higher one.

    The field `repository-name` of these events has the ARN of the repository.

    Args:
        repositories: The repositories.
        severity: The lowest severity.
        arn: The ARN of a repository, without the name at its end.

    """
    # Amazon Inspector also scans functions and instances, so a rule for all repositories has the ARN as a prefix.
    names = {"repository-name": repositories.matchers(arn)}
    detail = {"scan-status": ["INITIAL_SCAN_COMPLETE"], **names, **_counts(severity)}
    return EventRule(
        id="EnhancedScan",
        description=f"ImageFindings: enhanced scans with findings of severity {severity} or higher",
        source="aws.inspector2",
        detail_type="Inspector2 Scan",
        detail=detail,
        message=_message(severity, (_NAME, _TAG, _DIGEST, *_COUNTS)),
    )


def enhanced_finding(repositories: RepositoryFilter, severity: Severity, *, fixable: bool = False) -> EventRule:
    """
    Return the rule for active findings of Amazon Inspector in images, with a severity or a higher one.

    Findings that a suppression filter matches, and closed findings, have another status than `ACTIVE`.

    Args:
        repositories: The repositories.
        severity: The lowest severity.
        fixable: Whether only findings with a fix match. Default: no.

    """
    image = {} if repositories.selects_all else {"repositoryName": repositories.matchers()}
    details = {"details": {"awsEcrContainerImage": image}} if image else {}
    detail: Mapping[str, object] = {
        "severity": [*severities_from(severity)],
        "status": ["ACTIVE"],
        "resources": {"type": ["AWS_ECR_CONTAINER_IMAGE"], **details},
        **({"fixAvailable": ["YES"]} if fixable else {}),
    }
    title = "<severity> finding in <repository>: <finding>"
    return EventRule(
        id="EnhancedFinding",
        description=f"ImageFindings: findings of severity {severity} or higher",
        source="aws.inspector2",
        detail_type="Inspector2 Finding",
        detail=detail,
        message=AlertMessage(event="ImageFindings", title=title, fields=_FINDING, thread="imageDigest"),
    )


def _counts(severity: Severity) -> Mapping[str, object]:
    """
    Return the pattern of the counts.

    "The finding-severity-counts parameter will only return a value for a severity level if one exists."
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
    """
    found: Sequence[object] = [{each: [{"numeric": [">", 0]}]} for each in severities_from(severity)]
    return {"finding-severity-counts": {"$or": found} if len(found) > 1 else found[0]}


def _message(severity: Severity, fields: Sequence[MessageField]) -> AlertMessage:
    title = f"Image scan of <repository> has findings of severity {severity} or higher"
    return AlertMessage(event="ImageFindings", title=title, fields=fields, thread="imageDigest")
