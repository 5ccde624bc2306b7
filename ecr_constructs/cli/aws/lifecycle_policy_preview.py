"""
What AWS itself says that a policy would do.

AWS previews a text that is not deployed, one at a time in a repository, and keeps what came out for a while.
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
from ecr_constructs.cli.sources.records import AwsDecision

__all__ = ["PATIENCE", "PAUSE", "Deadline", "await_preview", "start_preview"]

# Seconds: between two looks, and for all previews of a run together. AWS works on all of them at the same time.
PAUSE = 2.0
PATIENCE = 300.0
_RESULTS_A_PAGE = 100
_ACTIONS: Mapping[str, Literal["expire", "archive"]] = {"EXPIRE": "expire", "TRANSITION": "archive"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Deadline:
    """
    How long answers are waited for.

    Attributes:
        until: The latest moment, on the monotonic clock.
        stopped: Set if nobody waits any more.

    """

    until: float
    stopped: Event

    def pause(self) -> bool:
        """Wait a little, and say whether it makes sense to look again."""
        return monotonic() < self.until and not self.stopped.wait(PAUSE)


def start_preview(ecr: Service, repository: str, text: str) -> None:
    """
    Have AWS preview a policy, unless it is busy with another preview of the repository.

    Args:
        ecr: ECR.
        repository: What ECR calls the repository.
        text: The policy.

    Raises:
        CallFailed: if AWS refuses.

    """
    try:
        ecr.call("StartLifecyclePolicyPreview", {"repositoryName": repository, "lifecyclePolicyText": text})
    except CallFailed as failed:
        if failed.code == "InvalidParameterException":
            raise CallFailed(failed.what, "correct the policy", code=failed.code) from failed
        if failed.code != _BUSY:
            raise


def await_preview(ecr: Service, repository: str, text: str, *, wait: Deadline) -> tuple[AwsDecision, ...]:
    """
    Wait for what AWS says of a policy.

    AWS's answer names the text that it is about. What it says of somebody else's is not taken for ours: that one is
    left to end, then ours is started again.

    Args:
        ecr: ECR.
        repository: What ECR calls the repository.
        text: The policy, of which a preview has been started.
        wait: How long.

    Raises:
        CallFailed: if AWS does not come to an answer, or not in time.

    """
    while True:
        answer = _look(ecr, repository, text)
        if answer.status == "COMPLETE":
            return answer.decisions
        if answer.status in _ENDINGS:
            raise CallFailed(_ENDINGS[answer.status], _AGAIN)
        if answer.status == _ABSENT:
            start_preview(ecr, repository, text)
        if not wait.pause():
            raise CallFailed(_TOO_LATE[answer.ours], _AGAIN)


_BUSY = "LifecyclePolicyPreviewInProgressException"
_ABSENT = "ABSENT"
_AGAIN = "repeat the command, or give --no-aws-preview"
_ENDINGS = {
    "FAILED": "AWS's own preview failed",
    "EXPIRED": "AWS's own preview expired before it was read",
}
_TOO_LATE = {
    True: "AWS's own preview took too long",
    False: "somebody else's preview of another policy kept AWS busy",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Answer:
    """What a look at the preview of a repository showed: whether it is ours, how far it is, and what came out."""

    status: str
    ours: bool = True
    decisions: tuple[AwsDecision, ...] = ()


def _look(ecr: Service, repository: str, text: str) -> _Answer:
    request = {"repositoryName": repository, "maxResults": _RESULTS_A_PAGE}
    decisions: list[AwsDecision] = []
    try:
        for page in ecr.pages("GetLifecyclePolicyPreview", request):
            if not _same(page["lifecyclePolicyText"], text):
                return _Answer(status="IN_PROGRESS" if page["status"] == "IN_PROGRESS" else _ABSENT, ours=False)
            if page["status"] != "COMPLETE":
                return _Answer(status=page["status"])
            decisions += map(_decision, page["previewResults"])
    except CallFailed as failed:
        if failed.code != "LifecyclePolicyPreviewNotFoundException":
            raise
        return _Answer(status=_ABSENT)
    return _Answer(status="COMPLETE", decisions=tuple(decisions))


def _same(one: str, other: str) -> bool:
    """Whether two texts are the same document: ECR may lay it out in its own way."""
    return bool(json.loads(one) == json.loads(other))


def _decision(result: Mapping[str, Any]) -> AwsDecision:
    return AwsDecision(
        digest=result["imageDigest"],
        action=_ACTIONS[result["action"]["type"]],
        rule_priority=result["appliedRulePriority"],
    )
