"""
The replay of a lifecycle policy: what its rules would do to images at an instant, by AWS's documents to the letter.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html. docs/lifecycle.md says which line here
rests on which sentence there, and which on inference.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ecr_constructs.model.images import Image
from ecr_constructs.model.rules import LifecycleRule

__all__ = ["Decision", "Evaluation", "evaluate"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """
    What happens to one image, and by which rule.

    Attributes:
        image: The image.
        action: `expire`, `archive` or `keep`. For an uncertain image: what may happen to it.
        rule: The rule that acts; for a kept image the rule that it belongs to, if it belongs to one.
        why: The reason, in one sentence.

    """

    image: Image
    action: Literal["expire", "archive", "keep"]
    rule: LifecycleRule | None
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """
    What a policy would do to images at an instant. Every image is in exactly one of the four groups.

    Attributes:
        at: The instant.
        expired: Images that ECR would delete, the oldest first.
        archived: Images that ECR would archive, the oldest first.
        kept: Images that stay, each with the rule that it belongs to, if any; the oldest first.
        uncertain: Images whose fate AWS's documents do not decide, each with what may happen and the reason.

    """

    at: datetime
    expired: tuple[Decision, ...]
    archived: tuple[Decision, ...]
    kept: tuple[Decision, ...]
    uncertain: tuple[Decision, ...]

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """Everything that ECR would do, deletions first."""
        return (*self.expired, *self.archived)

    @property
    def bytes_freed(self) -> int:
        """The size of what would be deleted; layers that images share are counted for each of them."""
        return sum(decision.image.size for decision in self.expired)

    @property
    def bytes_archived(self) -> int:
        """The size of what would be archived."""
        return sum(decision.image.size for decision in self.archived)


def evaluate(rules: Sequence[LifecycleRule], images: Iterable[Image], *, at: datetime) -> Evaluation:
    """
    Replay rules over images.

    Args:
        rules: The rules of a policy, by priority.
        images: Every image of the repository, whatever its status.
        at: The instant, with a time zone.

    """
    raise NotImplementedError
