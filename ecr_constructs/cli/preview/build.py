"""A policy held against a repository: what it would do, what AWS says, and what is different from what is deployed."""

from __future__ import annotations

from datetime import datetime

from ecr_constructs.cli.errors import truncate
from ecr_constructs.cli.preview.aws_reconciliation import decided_by_aws, departures_by_aws, unlisted
from ecr_constructs.cli.preview.result import Disagreement, RepositoryPreview, every_decision
from ecr_constructs.cli.sources.records import Policy, Repository
from ecr_constructs.errors import InvalidImage
from ecr_constructs.model.lifecycle.evaluation import Decision, Evaluation

__all__ = ["build"]


def build(policy: Policy, repository: Repository, at: datetime) -> RepositoryPreview:
    """
    Preview a policy over a repository.

    Args:
        policy: The policy.
        repository: The repository, with all its images.
        at: The instant, with a time zone.

    Raises:
        InvalidImage: if the images cannot be those of one repository, with its name as the path.

    """
    try:
        return _build(policy, repository, at)
    except InvalidImage as error:
        raise InvalidImage(truncate(error.problems), path=repository.name) from None


def _build(policy: Policy, repository: Repository, at: datetime) -> RepositoryPreview:
    rules, images, answers = policy.policy.rules, repository.images, repository.aws_preview
    evaluation = replayed = policy.policy.evaluate(images, at=at)
    departures = policy.policy.schedule(images, at=at)
    disagreements: tuple[Disagreement, ...] = ()
    if answers is not None:
        evaluation, disagreements = decided_by_aws(replayed, answers, rules)
        departures = departures_by_aws(departures, replayed, evaluation)
    # The same policy does the same, also where AWS says what the replay cannot tell.
    current = evaluation if repository.deployed == policy.policy else _current(repository, at)
    newly_lost, newly_kept = _differences(evaluation, replayed, current)
    return RepositoryPreview(
        repository=repository.name,
        policy=policy.policy,
        where=policy.where,
        prefix=policy.prefix,
        at=at,
        evaluation=evaluation,
        departures=departures,
        # What the source says will be; what the repository has today may be all that is known.
        findings=policy.policy.findings(images, immutability=policy.immutability or repository.immutability),
        in_use=repository.in_use,
        current=current,
        newly_lost=newly_lost,
        newly_kept=newly_kept,
        by_aws=answers is not None,
        disagreements=disagreements,
        unlisted=unlisted(answers or (), evaluation),
    )


# How far an action goes. What may happen counts as happening, on both sides: a change from "may" to "will" is none.
_REACH = {"keep": 0, "archive": 1, "expire": 2}


def _differences(
    evaluation: Evaluation, replayed: Evaluation, current: Evaluation | None
) -> tuple[tuple[Decision, ...], tuple[Decision, ...]]:
    """
    Find what goes further than with the deployed policy, and what goes less far.

    AWS was asked about one of the two policies only. So nothing is said to be kept newly because AWS spared it alone.
    """
    if current is None:
        return (), ()
    now, new, alone = _reaches(current), _reaches(evaluation), _reaches(replayed)
    lost, kept = [], []
    for decision in every_decision(evaluation):
        digest = decision.image.digest
        if new[digest] > now[digest]:
            lost.append(decision)
        elif max(new[digest], alone[digest]) < now[digest]:
            kept.append(decision)
    return tuple(lost), tuple(kept)


def _reaches(evaluation: Evaluation) -> dict[str, int]:
    return {decision.image.digest: _REACH[decision.action] for decision in every_decision(evaluation)}


def _current(repository: Repository, at: datetime) -> Evaluation | None:
    return None if repository.deployed is None else repository.deployed.evaluate(repository.images, at=at)
