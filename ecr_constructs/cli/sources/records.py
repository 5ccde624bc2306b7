"""What is known of repositories before a preview: their images, who runs them, what is deployed, what AWS says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ecr_constructs.errors import InvalidName
from ecr_constructs.model.images import Image
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy

__all__ = ["AwsDecision", "Policy", "Repository", "immutability_of"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """
    A lifecycle policy, and where it stands.

    Attributes:
        policy: The policy.
        repository: The name of its repository, or nothing if it is not known.
        prefix: For the policy of a creation template: what the names of its repositories begin with, or `ROOT`.
        where: Its place, for a person: a file, and in it a stack and a logical id.
        file: The template in which it stands, if that is one of a cloud assembly.
        immutability: Which tags of the repository its source binds to their image, or nothing if it does not say.

    """

    policy: LifecyclePolicy
    repository: str | None = None
    prefix: str | None = None
    where: str
    file: str | None = None
    immutability: Immutability | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AwsDecision:
    """
    What AWS's own preview says of one image.

    Attributes:
        digest: The image.
        action: `expire` or `archive`.
        rule_priority: The priority of the rule that acts.

    """

    digest: str
    action: Literal["expire", "archive"]
    rule_priority: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Repository:
    """
    A repository and what is in it.

    Attributes:
        name: What ECR calls it.
        images: All its images.
        in_use: Who runs an image, by digest, such as `service prod/payments-api`; nothing if nobody asked.
        deployed: The policy that it has today, without rules if it has none; nothing if nobody asked or it could
            not be read.
        aws_preview: What AWS's own preview of the new policy says, if somebody asked AWS.
        immutability: Which of its tags are bound to their image today, or nothing if it is not known.
        missing: Of how many images a listing does not say what it should, by the name of the field.

    """

    name: str
    images: tuple[Image, ...]
    in_use: Mapping[str, tuple[str, ...]] | None = None
    deployed: LifecyclePolicy | None = None
    aws_preview: tuple[AwsDecision, ...] | None = None
    immutability: Immutability | None = None
    missing: Mapping[str, int] = field(default_factory=dict)


def immutability_of(mode: str, filters: Sequence[str]) -> Immutability | None:
    """
    Say which tags a setting binds, or nothing if there is no such setting.

    Args:
        mode: The setting by ECR's name.
        filters: The tags that are excluded from it.

    """
    try:
        return Immutability(mode=mode, filters=filters)  # type: ignore[arg-type]  # it is checked there
    except InvalidName:
        return None
