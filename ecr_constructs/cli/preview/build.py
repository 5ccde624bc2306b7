"""The preview of one repository: the evaluation, ECR's preview, and the difference from the deployed policy."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ecr_constructs.cli.errors import MOST_LINES
from ecr_constructs.cli.formatting import truncate
from ecr_constructs.cli.preview.aws_reconciliation import adjust_schedule, apply_aws_preview, unlisted
from ecr_constructs.cli.preview.result import Disagreement, RepositoryPreview, all_decisions
from ecr_constructs.cli.sources.records import Policy, Repository
from ecr_constructs.errors import InvalidImage
from ecr_constructs.model.lifecycle.evaluation import Decision, Evaluation, evaluate_index
from ecr_constructs.model.lifecycle.findings import find
from ecr_constructs.model.lifecycle.image_index import ImageIndex, to_utc
from ecr_constructs.model.lifecycle.rule_engine import RuleEngine
from ecr_constructs.model.lifecycle.schedule import Schedule, ScheduledAction

__all__ = ["build"]


def build(policy: Policy, repository: Repository, at: datetime) -> RepositoryPreview:
    """
    Return the preview of a policy over a repository.

    Args:
        policy: The policy.
        repository: The repository, with all its images.
        at: The instant, with a time zone.

    Raises:
        InvalidImage: If the images cannot be those of one repository, with its name as the path.

    """
    try:
        return _build(policy, repository, at)
    except InvalidImage as error:
        raise InvalidImage(truncate(error.problems, MOST_LINES), path=repository.name) from None


def _build(policy: Policy, repository: Repository, at: datetime) -> RepositoryPreview:
    rules, images, answers = policy.policy.rules, repository.images, repository.aws_preview
    moment = to_utc(at)
    # The images are sorted once, and the rules are applied once.
    index = ImageIndex(images, rules)
    engine = RuleEngine(rules, index, moment)
    evaluation = local = evaluate_index(index, engine, moment)
    schedule: Sequence[ScheduledAction] = Schedule(engine, rules)
    disagreements: tuple[Disagreement, ...] = ()
    if answers is not None:
        evaluation, disagreements = apply_aws_preview(local, answers, rules)
        schedule = adjust_schedule(schedule, local, evaluation)
    # An equal policy has the same effect, also on images whose outcome only ECR's preview determines.
    current = evaluation if repository.deployed == policy.policy else _current(repository, at)
    newly_lost, newly_kept = _differences(evaluation, local, current)
    return RepositoryPreview(
        repository=repository.name,
        policy=policy.policy,
        where=policy.where,
        prefix=policy.prefix,
        at=at,
        evaluation=evaluation,
        schedule=schedule,
        # A template has the immutability after its deployment, and the repository the current one.
        findings=find(
            rules,
            (*images, *repository.later_images),
            immutability=policy.immutability or repository.immutability,
            at=at,
            in_use=repository.in_use,
            engine=engine,
        ),
        in_use=repository.in_use,
        current=current,
        newly_lost=newly_lost,
        newly_kept=newly_kept,
        by_aws=answers is not None,
        disagreements=disagreements,
        unlisted=unlisted(answers or (), evaluation),
    )


# An uncertain image counts with its possible action in both policies: a change from possible to certain is none.
_SEVERITY = {"keep": 0, "archive": 1, "expire": 2}


def _differences(
    evaluation: Evaluation, local: Evaluation, current: Evaluation | None
) -> tuple[tuple[Decision, ...], tuple[Decision, ...]]:
    """
    Return the images with a worse outcome than under the deployed policy, and those with a better one.

    ECR previews one of the two policies. An image is therefore only newly kept if the local evaluation keeps it too.
    """
    if current is None:
        return (), ()
    now, new, without_aws = _severities(current), _severities(evaluation), _severities(local)
    lost, kept = [], []
    for decision in all_decisions(evaluation):
        digest = decision.image.digest
        if new[digest] > now[digest]:
            lost.append(decision)
        elif max(new[digest], without_aws[digest]) < now[digest]:
            kept.append(decision)
    return tuple(lost), tuple(kept)


def _severities(evaluation: Evaluation) -> dict[str, int]:
    return {decision.image.digest: _SEVERITY[decision.action] for decision in all_decisions(evaluation)}


def _current(repository: Repository, at: datetime) -> Evaluation | None:
    return None if repository.deployed is None else repository.deployed.evaluate(repository.images, at=at)
