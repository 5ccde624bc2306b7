"""The inputs of a preview: policies, and repositories with their images, usage and deployed policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ecr_constructs.errors import InvalidName
from ecr_constructs.model.images import Image
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy

__all__ = ["AwsDecision", "Place", "Policy", "Repository", "UnreadablePolicy", "immutability_of"]


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Place:
    """
    An account in a Region, which has one private registry.

    Attributes:
        account_id: The account ID.
        region: The Region.

    """

    account_id: str
    region: str

    def __str__(self) -> str:
        """Return the account and the Region: `account 111122223333 in eu-west-1`."""
        return f"account {self.account_id} in {self.region}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """
    A lifecycle policy and its place.

    Attributes:
        policy: The policy.
        repository: The name of its repository, or None if it is not known.
        prefix: For the policy of a creation template: its prefix, or `ROOT`.
        where: The place: a file, and in it a stack and a logical ID.
        file: The template with the policy, in a cloud assembly.
        immutability: The immutability of the repository in the source, or None if the source does not have it.
        is_default: Whether the conditions of the place hold with the defaults of its template.
        is_assumed: Whether the policy depends on conditions or on defaults, which the place then names.

    """

    policy: LifecyclePolicy
    repository: str | None = None
    prefix: str | None = None
    where: str
    file: str | None = None
    immutability: Immutability | None = None
    is_default: bool = True
    is_assumed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class UnreadablePolicy:
    """
    A lifecycle policy that could not be read.

    Attributes:
        repository: As in `Policy`.
        prefix: As in `Policy`.
        where: As in `Policy`.
        is_default: As in `Policy`.
        problems: The reasons, one sentence each.
        is_invalid: Whether ECR would reject the policy. Otherwise only CloudFormation can compute its text.

    """

    repository: str | None = None
    prefix: str | None = None
    where: str
    is_default: bool = True
    problems: tuple[str, ...]
    is_invalid: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class AwsDecision:
    """
    An entry of ECR's lifecycle policy preview.

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
    A repository with its images.

    Attributes:
        name: The name.
        images: All its images.
        in_use: The workloads that run an image, by digest, such as `service prod/payments-api`. None if usage was not
            read.
        deployed: The deployed policy, without rules if there is none. None if it was not read or cannot be read.
        aws_preview: ECR's preview of the new policy. None if there is none.
        immutability: The current immutability. None if it is not known.
        missing: The number of images that lack a field in the listing, by the name of the field.
        later_images: Images that were pushed after the instant of the preview. Their tags are known.

    """

    name: str
    images: tuple[Image, ...]
    in_use: Mapping[str, tuple[str, ...]] | None = None
    deployed: LifecyclePolicy | None = None
    aws_preview: tuple[AwsDecision, ...] | None = None
    immutability: Immutability | None = None
    missing: Mapping[str, int] = field(default_factory=dict)
    later_images: tuple[Image, ...] = ()


def immutability_of(mode: str, filters: Sequence[str]) -> Immutability | None:
    """
    Return the immutability of a repository, or None if ECR has no such setting.

    Args:
        mode: The mode, such as `IMMUTABLE`.
        filters: The filters of the tags that are excluded from it.

    """
    try:
        return Immutability(mode=mode, filters=filters)  # type: ignore[arg-type]  # Immutability checks the mode
    except InvalidName:
        return None
