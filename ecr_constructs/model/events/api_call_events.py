"""
Rules for API calls that change repositories or the registry, recorded by AWS CloudTrail.

"All Amazon ECR API actions are logged by CloudTrail":
https://docs.aws.amazon.com/AmazonECR/latest/userguide/logging-using-cloudtrail.html
"To record events with a detail-type value of AWS API Call via CloudTrail, a CloudTrail trail with logging enabled is
required": https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ecr_constructs.model.events.event_rule import EventRule
from ecr_constructs.model.events.message import AlertMessage, MessageField
from ecr_constructs.model.events.repository_filter import RepositoryFilter

__all__ = ["REGISTRY_CALLS", "REPOSITORY_CALLS", "tampering"]

# Calls with the name of a repository in their request.
REPOSITORY_CALLS = (
    "BatchDeleteImage",
    "DeleteLifecyclePolicy",
    "DeleteRepository",
    "DeleteRepositoryPolicy",
    "PutImageScanningConfiguration",
    "PutImageTagMutability",
    "PutLifecyclePolicy",
    "SetRepositoryPolicy",
    "UpdateImageStorageClass",
)
# Calls that change the registry, and therefore all of its repositories.
REGISTRY_CALLS = (
    "DeletePullThroughCacheRule",
    "DeleteRegistryPolicy",
    "DeleteRepositoryCreationTemplate",
    "DeleteSigningConfiguration",
    "PutAccountSetting",
    "PutRegistryPolicy",
    "PutRegistryScanningConfiguration",
    "PutReplicationConfiguration",
    "PutSigningConfiguration",
    "UpdatePullThroughCacheRule",
    "UpdateRepositoryCreationTemplate",
)

# "For services in AWS, only the DNS name is displayed":
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/logging-using-cloudtrail.html
_CLOUDFORMATION = "cloudformation.amazonaws.com"
_FIELDS = (
    MessageField(name="call", label="API call", path="$.detail.eventName"),
    MessageField(name="repository", label="Repository", path="$.detail.requestParameters.repositoryName"),
    MessageField(name="caller", label="Caller", path="$.detail.userIdentity.arn"),
    MessageField(name="sourceAddress", label="Source address", path="$.detail.sourceIPAddress"),
    MessageField(name="eventId", label="CloudTrail event", path="$.detail.eventID"),
)


def tampering(repositories: RepositoryFilter, except_roles: Sequence[str] = ()) -> tuple[EventRule, EventRule]:
    """
    Return the rules for calls that were made directly, and for those that AWS CloudFormation made.

    Calls that were denied or failed do not match. Changes of the registry match if all repositories are selected.

    Args:
        repositories: The repositories.
        except_roles: ARNs of roles whose calls do not match. `*` matches any characters. Default: none.

    """
    changed = "the registry" if repositories.selects_all else "<repository>"
    detail = _detail(repositories, except_roles)
    direct = _rule(
        "DirectCall",
        "Tampering: direct API calls",
        f"<call> changed {changed}",
        {**detail, "sourceIPAddress": [{"anything-but": [_CLOUDFORMATION]}]},
    )
    through = _rule(
        "CloudFormationCall",
        "Tampering: API calls of AWS CloudFormation",
        f"<call> changed {changed} through AWS CloudFormation",
        {**detail, "sourceIPAddress": [_CLOUDFORMATION]},
    )
    return direct, through


def _rule(id: str, description: str, title: str, detail: Mapping[str, object]) -> EventRule:
    return EventRule(
        id=id,
        description=description,
        source="aws.ecr",
        detail_type="AWS API Call via CloudTrail",
        detail=detail,
        message=AlertMessage(event="Tampering", title=title, fields=_FIELDS),
    )


def _detail(repositories: RepositoryFilter, except_roles: Sequence[str]) -> Mapping[str, object]:
    calls: Sequence[str] = REPOSITORY_CALLS
    request: Mapping[str, object] = {"requestParameters": {"repositoryName": repositories.matchers()}}
    if repositories.selects_all:
        calls, request = (*REPOSITORY_CALLS, *REGISTRY_CALLS), {}
    return {
        "eventSource": ["ecr.amazonaws.com"],
        "eventName": [*calls],
        "errorCode": [{"exists": False}],
        **request,
        **_callers(except_roles),
    }


def _callers(except_roles: Sequence[str]) -> Mapping[str, object]:
    """Return the pattern of the caller: another role, or a caller without a role and a session issuer."""
    if not except_roles:
        return {}
    # EventBridge rejects consecutive wildcards.
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
    roles = list(dict.fromkeys(re.sub(r"\*+", "*", role) for role in except_roles))
    excluded: object = roles
    if any("*" in role for role in roles):
        excluded = {"wildcard": excluded}
    arn = [{"exists": False}, {"anything-but": excluded}]
    return {"userIdentity": {"sessionContext": {"sessionIssuer": {"arn": arn}}}}
