"""The preview of one repository, as every output shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ecr_constructs.model.evaluation import Decision, Evaluation
from ecr_constructs.model.findings import Finding
from ecr_constructs.model.images import Image
from ecr_constructs.model.lifecycle import LifecyclePolicy
from ecr_constructs.model.schedule import Departure

__all__ = ["Disagreement", "Preview"]


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
class Preview:
    """
    What a policy would do to a repository.

    Attributes:
        repository: What ECR calls it.
        policy: The policy; without rules where nothing would be done.
        where: Where the policy stands.
        at: The instant.
        evaluation: What would happen at that instant. Where AWS's own preview was asked, its word is in here.
        departures: What will happen on which day, if nothing else is pushed.
        findings: What a person should look at.
        in_use: Who runs an image, by digest.
        current: What the deployed policy would do, if somebody asked.
        newly_lost: What the deployed policy keeps and this one does not.
        newly_kept: What the deployed policy does not keep and this one does.
        by_aws: Whether AWS's own preview was asked.
        disagreements: Where AWS and the replay differ.

    """

    repository: str
    policy: LifecyclePolicy
    where: str
    at: datetime
    evaluation: Evaluation
    departures: tuple[Departure, ...]
    findings: tuple[Finding, ...]
    in_use: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    current: Evaluation | None = None
    newly_lost: tuple[Decision, ...] = ()
    newly_kept: tuple[Decision, ...] = ()
    by_aws: bool = False
    disagreements: tuple[Disagreement, ...] = ()
