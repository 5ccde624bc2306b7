"""What a command has to show: the preview of each repository, and what could not be previewed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ecr_constructs.cli.sources.policies import UnreadablePolicy
from ecr_constructs.cli.sources.records import AwsDecision, Policy
from ecr_constructs.model.images import Image
from ecr_constructs.model.lifecycle.evaluation import Decision, Evaluation
from ecr_constructs.model.lifecycle.findings import Finding
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from ecr_constructs.model.lifecycle.schedule import ScheduledAction

__all__ = ["Disagreement", "PreviewReport", "RepositoryPreview", "every_decision", "groups"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Disagreement:
    """
    Where AWS's own preview and the replay differ; AWS's is the authority.

    Attributes:
        image: The image.
        aws: What AWS's preview says: `expire by rule 2`, or `keep`.
        replay: What the replay says, with its reason.

    """

    image: Image
    aws: str
    replay: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RepositoryPreview:
    """
    What a policy would do to a repository.

    Attributes:
        repository: What ECR calls it.
        policy: The policy; without rules where nothing would be done.
        where: Where the policy stands.
        prefix: For the policy of a creation template: what the names of its repositories begin with. Such a policy acts
            on repositories that ECR creates from now on, so it does nothing to this one, which is there.
        at: The instant.
        evaluation: What would happen at that instant. Where AWS's own preview was asked, its word is in here.
        departures: What will happen on which day, if nothing else is pushed.
        findings: What a person should look at.
        in_use: Who runs an image, by digest, or nothing if nobody asked; `users` gives it.
        current: What the deployed policy would do, if somebody asked.
        newly_lost: What would or may happen to images that the deployed policy spares: deleted or archived where it
            keeps them, deleted where it archives them.
        newly_kept: What this policy spares and the deployed one would or may delete or archive.
        by_aws: Whether AWS's own preview was asked.
        disagreements: Where AWS and the replay differ.
        unlisted: What AWS's own preview says of images that were not there when images were listed.

    """

    repository: str
    policy: LifecyclePolicy
    where: str
    prefix: str | None = None
    at: datetime
    evaluation: Evaluation
    departures: tuple[ScheduledAction, ...]
    findings: tuple[Finding, ...]
    in_use: Mapping[str, tuple[str, ...]] | None = None
    current: Evaluation | None = None
    newly_lost: tuple[Decision, ...] = ()
    newly_kept: tuple[Decision, ...] = ()
    by_aws: bool = False
    disagreements: tuple[Disagreement, ...] = ()
    unlisted: tuple[AwsDecision, ...] = ()

    def users(self, digest: str) -> tuple[str, ...] | None:
        """Say who is known to run an image; nothing if nobody asked."""
        return None if self.in_use is None else self.in_use.get(digest, ())


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviewReport:
    """
    The previews of several repositories, and what is missing among them.

    Attributes:
        at: The instant.
        previews: One for each repository that has a policy and whose images are known, by name.
        unread: Policies that only CloudFormation can read.
        without_images: Policies that no repository with known images goes with.
        without_policy: Repositories with known images that no policy goes with.
        problems: What could not be read, and what to do about it.
        notes: What a reader should know about where images and policies came from.
        is_live: Whether an account was asked: it says which repositories there are, and listings in files do not.

    """

    at: datetime
    previews: tuple[RepositoryPreview, ...]
    unread: tuple[UnreadablePolicy, ...] = ()
    without_images: tuple[Policy, ...] = ()
    without_policy: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    is_live: bool = False


def groups(evaluation: Evaluation) -> dict[str, Sequence[Decision]]:
    """
    Give the decisions on all images by what happens to them, in the order in which people want to know it.

    Args:
        evaluation: The evaluation.

    """
    return {
        "expired": evaluation.expired,
        "archived": evaluation.archived,
        "uncertain": evaluation.uncertain,
        "kept": evaluation.kept,
    }


def every_decision(evaluation: Evaluation) -> tuple[Decision, ...]:
    """
    Give the decisions on all images.

    Args:
        evaluation: The evaluation.

    """
    return tuple(decision for decisions in groups(evaluation).values() for decision in decisions)
