"""
The reconciliation of the local evaluation with ECR's lifecycle policy preview.

The outcome is from ECR's preview, and the reason from the local evaluation. ECR's preview lists only the images on
which a rule acts, so an image that it does not list is kept. The exception is an artifact, such as a signature or
an SBOM: ECR deletes it with the image that it refers to, and no rule needs to select it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime

from ecr_constructs.cli.preview.result import AwsOutcome, Disagreement, all_decisions
from ecr_constructs.cli.sources.records import AwsDecision
from ecr_constructs.model.images import Image
from ecr_constructs.model.lifecycle.evaluation import Decision, Evaluation
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.schedule import ScheduledAction

__all__ = ["adjust_schedule", "apply_aws_preview", "unlisted"]


def apply_aws_preview(
    evaluation: Evaluation, answers: Sequence[AwsDecision], rules: Sequence[LifecycleRule]
) -> tuple[Evaluation, tuple[Disagreement, ...]]:
    """
    Return the evaluation with the outcomes of ECR's preview.

    Args:
        evaluation: The local evaluation.
        answers: ECR's preview. It lists the images on which a rule acts.
        rules: The rules of the policy.

    Returns:
        The evaluation, and the images whose outcome is certain in the local evaluation and different in ECR's preview.

    """
    lookup = _AwsPreviewLookup(all_decisions(evaluation), answers, rules)
    groups: defaultdict[str, list[Decision]] = defaultdict(list)
    differing = []
    for decision in (*evaluation.decisions, *evaluation.kept):
        outcome = lookup.outcome_for(decision.image)
        if _agree(decision, outcome):
            groups[decision.action].append(decision)
            continue
        why = f"{outcome.reason}; the local evaluation differs"
        groups[_group(decision, outcome)].append(_overruled(decision, outcome, why))
        if not outcome.is_artifact:
            differing.append(Disagreement(aws=outcome, evaluated=decision))
    for decision in evaluation.uncertain:
        outcome = lookup.outcome_for(decision.image)
        why = f"{outcome.reason}; the local evaluation is uncertain: {decision.why}"
        groups[_group(decision, outcome)].append(_overruled(decision, outcome, why))
    expired, archived, kept, uncertain = (tuple(sorted(groups[name], key=_age)) for name in _GROUPS)
    settled = replace(evaluation, expired=expired, archived=archived, kept=kept, uncertain=uncertain)
    return settled, tuple(differing)


def adjust_schedule(
    schedule: Sequence[ScheduledAction], local: Evaluation, reconciled: Evaluation
) -> tuple[ScheduledAction, ...]:
    """
    Return the schedule, adjusted to the outcomes of today in ECR's preview.

    Args:
        schedule: The schedule of the local evaluation.
        local: The local evaluation of today.
        reconciled: The evaluation of today with the outcomes of ECR's preview.

    Returns:
        The actions, the earliest first. The actions of ECR's preview are those of today and certain. If only the local
        evaluation has an action today, the action keeps its day and is uncertain.

    """
    certain = {decision.image.digest: decision for decision in local.decisions}
    uncertain = {decision.image.digest for decision in local.uncertain}
    acted_on = {each.image.digest: each for each in reconciled.decisions if certain.get(each.image.digest) != each}
    spared = {each.image.digest for each in reconciled.kept} & (certain.keys() | uncertain)
    today = reconciled.at.date()
    found = [_today(decision, today) for decision in acted_on.values()]
    for scheduled in schedule:
        digest = scheduled.image.digest
        if digest not in acted_on:
            found.append(replace(scheduled, is_certain=False) if digest in spared else scheduled)
        elif (acted_on[digest].action, scheduled.action) == ("archive", "expire"):
            # The day was computed from another day of archival.
            found.append(replace(scheduled, is_certain=False))
    return tuple(sorted((each for each in found if each), key=lambda scheduled: scheduled.day))


def unlisted(answers: Sequence[AwsDecision], evaluation: Evaluation) -> tuple[AwsDecision, ...]:
    """
    Return the entries of ECR's preview about images that were pushed after the images were listed.

    Args:
        answers: ECR's preview.
        evaluation: The local evaluation.

    """
    if not answers:
        return ()
    listed = {decision.image.digest for decision in all_decisions(evaluation)}
    return tuple(answer for answer in answers if answer.digest not in listed)


class _AwsPreviewLookup:
    """The outcomes of images in ECR's preview."""

    def __init__(
        self, decisions: Sequence[Decision], answers: Sequence[AwsDecision], rules: Sequence[LifecycleRule]
    ) -> None:
        self._images = {decision.image.digest: decision.image for decision in decisions}
        self._answers = {answer.digest: answer for answer in answers}
        self._rules = {rule.rule_priority: rule for rule in rules}

    def outcome_for(self, image: Image) -> AwsOutcome:
        """Return the outcome of an image, which can be the outcome of the image that it refers to."""
        if answer := self._answers.get(image.digest):
            return self._outcome(answer, f"ECR's preview {_VERBS[answer.action]} it")
        for subject in self._subjects(image):
            if answer := self._answers.get(subject):
                reason = f"ECR's preview {_VERBS[answer.action]} the image that it refers to"
                return self._outcome(answer, reason)._replace(is_artifact=True)
        return AwsOutcome("keep", None, "ECR's preview keeps it")

    def _outcome(self, answer: AwsDecision, reason: str) -> AwsOutcome:
        return AwsOutcome(answer.action, self._rules.get(answer.rule_priority), reason)

    def _subjects(self, image: Image) -> Iterator[str]:
        """Yield the digest of the image that an artifact refers to, of the one that this refers to, and so on."""
        seen: set[str] = set()
        referrer: Image | None = image
        while referrer and (digest := referrer.subject_digest) and digest not in seen:
            seen.add(digest)
            yield digest
            referrer = self._images.get(digest)


_VERBS = {"expire": "deletes", "archive": "archives"}
_GROUPS = ("expire", "archive", "keep", "uncertain")


def _group(decision: Decision, outcome: AwsOutcome) -> str:
    """Return the group of an image. ECR's preview does not list artifacts, and a rule may keep one by its tags."""
    return "uncertain" if outcome.is_artifact and decision.image.tags else outcome.action


def _agree(decision: Decision, outcome: AwsOutcome) -> bool:
    is_same_rule = outcome.action == "keep" or outcome.is_artifact or decision.rule == outcome.rule
    return decision.action == outcome.action and is_same_rule


def _overruled(decision: Decision, outcome: AwsOutcome, why: str) -> Decision:
    rule = decision.rule if outcome.action == "keep" else outcome.rule
    return Decision(image=decision.image, action=outcome.action, rule=rule, why=why)


def _age(decision: Decision) -> datetime:
    """Return the instant from which rules count: for a restored image, that of its restoration."""
    return decision.image.activated_at or decision.image.pushed_at


def _today(decision: Decision, today: date) -> ScheduledAction | None:
    """Return the action of a decision, with the day of today, if its rule is known."""
    if decision.rule is None or decision.action == "keep":
        return None
    return ScheduledAction(image=decision.image, day=today, action=decision.action, rule=decision.rule, is_certain=True)
