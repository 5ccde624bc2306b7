"""
ECR's lifecycle policy previews, and the deployed policies.

ECR previews a policy that is not deployed, one at a time in a repository, and keeps the result for a while.
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_StartLifecyclePolicyPreview.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Event
from time import monotonic
from typing import Any, Literal

from ecr_constructs.cli.aws.errors import CallFailed
from ecr_constructs.cli.aws.session import Service
from ecr_constructs.cli.sources.policies import parse_policy
from ecr_constructs.cli.sources.records import AwsDecision
from ecr_constructs.errors import InvalidLifecyclePolicy
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy

__all__ = ["INTERVAL", "TIMEOUT", "Deadline", "await_preview", "deployed_policy", "start_preview"]

# In seconds: between two calls, and for all previews together. ECR computes them at the same time.
INTERVAL = 2.0
TIMEOUT = 300.0
_RESULTS_A_PAGE = 100
_ACTIONS: Mapping[str, Literal["expire", "archive"]] = {"EXPIRE": "expire", "TRANSITION": "archive"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Deadline:
    """
    The time until which results are awaited.

    Attributes:
        until: The latest moment, on the monotonic clock.
        stopped: Set if the results are no longer needed.

    """

    until: float
    stopped: Event

    def pause(self) -> bool:
        """Wait for an interval, and return whether to request the result again."""
        return monotonic() < self.until and not self.stopped.wait(INTERVAL)


def start_preview(ecr: Service, repository: str, text: str) -> None:
    """
    Start ECR's preview of a policy, unless another preview of the repository is in progress.

    Args:
        ecr: ECR.
        repository: The name of the repository.
        text: The policy.

    Raises:
        CallFailed: If the call fails.

    """
    try:
        ecr.call("StartLifecyclePolicyPreview", {"repositoryName": repository, "lifecyclePolicyText": text})
    except CallFailed as failed:
        if failed.code == "InvalidParameterException":
            raise CallFailed(failed.reason, "correct the policy", code=failed.code) from failed
        if failed.code != _IN_PROGRESS:
            raise


def await_preview(ecr: Service, repository: str, text: str, *, deadline: Deadline) -> tuple[AwsDecision, ...]:
    """
    Return the result of ECR's preview of a policy.

    The result has the text of its policy. The preview of another policy is not used: when it has ended, the preview of
    this policy is started again.

    Args:
        ecr: ECR.
        repository: The name of the repository.
        text: The policy, whose preview was started.
        deadline: The time until which the result is awaited.

    Raises:
        CallFailed: If the preview fails, or is not complete in time.

    """
    while True:
        answer = _look(ecr, repository, text)
        if answer.status == "COMPLETE":
            return answer.decisions
        if answer.status in _ENDINGS:
            raise CallFailed(_ENDINGS[answer.status], _AGAIN)
        if answer.status == _ABSENT:
            start_preview(ecr, repository, text)
        if not deadline.pause():
            raise CallFailed(_TOO_LATE[answer.is_own], _AGAIN)


def deployed_policy(ecr: Service, repository: str) -> LifecyclePolicy:
    """
    Return the deployed policy of a repository, without rules if there is none.

    Args:
        ecr: ECR.
        repository: The name of the repository.

    Raises:
        CallFailed: If the call fails, or if the policy cannot be read.

    """
    try:
        text = ecr.call("GetLifecyclePolicy", {"repositoryName": repository})["lifecyclePolicyText"]
    except CallFailed as failed:
        if failed.code == "LifecyclePolicyNotFoundException":
            return LifecyclePolicy.none()
        raise
    try:
        return parse_policy(text)
    except InvalidLifecyclePolicy as error:
        reason = f"the deployed policy cannot be evaluated: {'; '.join(error.problems)}"
        raise CallFailed(reason, "it is not compared; replace the policy") from error


_IN_PROGRESS = "LifecyclePolicyPreviewInProgressException"
_ABSENT = "ABSENT"
_AGAIN = "repeat the command, or add --no-aws-preview"
_ENDINGS = {
    "FAILED": "ECR's preview failed",
    "EXPIRED": "ECR's preview expired before it was read",
}
_TOO_LATE = {
    True: "ECR's preview took too long",
    False: "a preview of another policy of the repository did not end in time",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Answer:
    """The state of the preview of a repository: its status, whether it is that of our policy, and its result."""

    status: str
    is_own: bool = True
    decisions: tuple[AwsDecision, ...] = ()


def _look(ecr: Service, repository: str, text: str) -> _Answer:
    request = {"repositoryName": repository, "maxResults": _RESULTS_A_PAGE}
    decisions: list[AwsDecision] = []
    try:
        for page in ecr.pages("GetLifecyclePolicyPreview", request):
            if not _same(page["lifecyclePolicyText"], text):
                return _Answer(status="IN_PROGRESS" if page["status"] == "IN_PROGRESS" else _ABSENT, is_own=False)
            if page["status"] != "COMPLETE":
                return _Answer(status=page["status"])
            decisions += map(_decision, page["previewResults"])
    except CallFailed as failed:
        if failed.code != "LifecyclePolicyPreviewNotFoundException":
            raise
        return _Answer(status=_ABSENT)
    return _Answer(status="COMPLETE", decisions=tuple(decisions))


def _same(one: str, other: str) -> bool:
    """Return whether two texts are the same document. ECR may format it in another way."""
    return bool(json.loads(one) == json.loads(other))


def _decision(result: Mapping[str, Any]) -> AwsDecision:
    return AwsDecision(
        digest=result["imageDigest"],
        action=_ACTIONS[result["action"]["type"]],
        rule_priority=result["appliedRulePriority"],
    )
