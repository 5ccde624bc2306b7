"""The preview of each repository, and the inputs that were not previewed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from ecr_constructs.cli.sources.policies import UnreadablePolicy
from ecr_constructs.cli.sources.records import AwsDecision, Policy
from ecr_constructs.model.images import Image
from ecr_constructs.model.lifecycle.evaluation import Decision, Evaluation
from ecr_constructs.model.lifecycle.findings import Finding
from ecr_constructs.model.lifecycle.growth import IMAGES_PER_REPOSITORY, Growth
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.schedule import ScheduledAction
from ecr_constructs.model.pricing.costs import Costs, Unpulled
from ecr_constructs.model.pricing.prices import Prices

__all__ = [
    "AwsOutcome",
    "Disagreement",
    "PreviewReport",
    "RepositoryPreview",
    "all_decisions",
    "decisions_by_group",
]


class AwsOutcome(NamedTuple):
    """
    The outcome of one image in ECR's preview.

    Attributes:
        action: `expire`, `archive` or `keep`.
        rule: The rule that acts.
        reason: The reason, as part of a sentence.
        is_artifact: Whether the image is only affected because it refers to an image that is.

    """

    action: Literal["expire", "archive", "keep"]
    rule: LifecycleRule | None
    reason: str
    is_artifact: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Disagreement:
    """
    A difference between ECR's preview, which is shown, and the local evaluation.

    Attributes:
        aws: The outcome in ECR's preview.
        evaluated: The decision of the local evaluation.

    """

    aws: AwsOutcome
    evaluated: Decision

    @property
    def image(self) -> Image:
        """The image."""
        return self.evaluated.image


@dataclass(frozen=True, kw_only=True, slots=True)
class RepositoryPreview:
    """
    The effect of a policy on a repository.

    Attributes:
        repository: The name of the repository.
        policy: The policy. A repository without one has a policy without rules.
        where: The place of the policy.
        prefix: The prefix of a creation template, for its policy. Such a policy applies to repositories that ECR
            creates later, and not to this one.
        at: The instant.
        evaluation: The outcome of each image at that instant, reconciled with ECR's preview if there is one.
        schedule: The outcomes with their days, if nothing else is pushed.
        findings: The findings about the policy.
        in_use: The workloads that run an image, by digest. None if usage was not read.
        current: The evaluation of the deployed policy. None if it was not compared.
        newly_lost: Images that are or may be deleted or archived and that the deployed policy keeps, or that are or may
            be deleted and that it archives.
        newly_kept: The reverse of `newly_lost`.
        by_aws: Whether there is a preview of ECR.
        disagreements: The differences between ECR's preview and the local evaluation.
        unlisted: The images of ECR's preview that were not in the listing.
        growth: The growth of the repository, up to the quota of images. None if it was not computed.
        unpulled: The images that nobody pulled for some days. None if it was not computed.
        costs: The costs of the images. None without prices.

    """

    repository: str
    policy: LifecyclePolicy
    where: str
    prefix: str | None = None
    at: datetime
    evaluation: Evaluation
    schedule: tuple[ScheduledAction, ...]
    findings: tuple[Finding, ...]
    in_use: Mapping[str, tuple[str, ...]] | None = None
    current: Evaluation | None = None
    newly_lost: tuple[Decision, ...] = ()
    newly_kept: tuple[Decision, ...] = ()
    by_aws: bool = False
    disagreements: tuple[Disagreement, ...] = ()
    unlisted: tuple[AwsDecision, ...] = ()
    growth: Growth | None = None
    unpulled: Unpulled | None = None
    costs: Costs | None = None

    def users(self, digest: str) -> tuple[str, ...] | None:
        """Return the workloads that run an image, or None if usage was not read."""
        return None if self.in_use is None else self.in_use.get(digest, ())


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviewReport:
    """
    The previews of repositories, and the inputs that were not previewed.

    Attributes:
        at: The instant.
        previews: The previews, by name: of each repository that has a policy and whose images are known.
        unread: Policies whose text only CloudFormation can compute.
        without_images: Policies of no repository whose images are known.
        without_policy: Repositories without a policy.
        problems: Inputs that could not be read, each with the fix.
        notes: Remarks on the inputs.
        is_live: Whether images come from an account, which lists all its repositories, and not from files.
        region: The region of the account, or None for listings in files, which do not have it.
        image_quota: The quota of images per repository.
        prices: The prices of the region. None if they are not known.
        unpulled: The images that nobody pulled for some days, of all repositories. None if it was not computed.
        costs: The costs of the images of all repositories. None without prices.

    """

    at: datetime
    previews: tuple[RepositoryPreview, ...]
    unread: tuple[UnreadablePolicy, ...] = ()
    without_images: tuple[Policy, ...] = ()
    without_policy: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    is_live: bool = False
    region: str | None = None
    image_quota: int = IMAGES_PER_REPOSITORY
    prices: Prices | None = None
    unpulled: Unpulled | None = None
    costs: Costs | None = None


def decisions_by_group(evaluation: Evaluation) -> dict[str, Sequence[Decision]]:
    """
    Return the decisions on all images, by the group that the JSON output has.

    Args:
        evaluation: The evaluation.

    """
    return {
        "expired": evaluation.expired,
        "archived": evaluation.archived,
        "uncertain": evaluation.uncertain,
        "kept": evaluation.kept,
    }


def all_decisions(evaluation: Evaluation) -> tuple[Decision, ...]:
    """
    Return the decisions on all images.

    Args:
        evaluation: The evaluation.

    """
    return tuple(decision for decisions in decisions_by_group(evaluation).values() for decision in decisions)
