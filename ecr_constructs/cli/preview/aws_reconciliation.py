"""
AWS's own preview as the authority over the replay: its word decides, the replay's reasons stay, differences are told.

AWS names the images on which a rule acts and no others, so an image that it does not name stays. One exception: a
signature, an SBOM or another artifact goes with the image that it is about, and no rule need select it for that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Literal, NamedTuple

from ecr_constructs.cli.preview.result import Disagreement, every_decision
from ecr_constructs.cli.sources.records import AwsDecision
from ecr_constructs.model.images import Image
from ecr_constructs.model.lifecycle.evaluation import Decision, Evaluation
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.schedule import ScheduledAction

__all__ = ["decided_by_aws", "departures_by_aws", "unlisted"]


def decided_by_aws(
    evaluation: Evaluation, answers: Sequence[AwsDecision], rules: Sequence[LifecycleRule]
) -> tuple[Evaluation, tuple[Disagreement, ...]]:
    """
    Put AWS's word in the place of the replay's.

    Args:
        evaluation: The replay.
        answers: What AWS's own preview says of the images on which a rule acts; it says nothing of the others.
        rules: The rules of the policy.

    Returns:
        The evaluation as AWS has it, and every image of which the replay was certain and AWS says something else.

    """
    authority = _AwsPreviewLookup(every_decision(evaluation), answers, rules)
    groups: defaultdict[str, list[Decision]] = defaultdict(list)
    differing = []
    for decision in (*evaluation.decisions, *evaluation.kept):
        word = authority.word_on(decision.image)
        if _agree(decision, word):
            groups[decision.action].append(decision)
            continue
        groups[_group(decision, word)].append(_overruled(decision, word, f"{word.reason}, against the replay"))
        if not word.follows:
            differing.append(_disagreement(decision, word))
    for decision in evaluation.uncertain:
        word = authority.word_on(decision.image)
        why = f"{word.reason}; the replay cannot tell: {decision.why}"
        groups[_group(decision, word)].append(_overruled(decision, word, why))
    expired, archived, kept, uncertain = (tuple(sorted(groups[name], key=_age)) for name in _GROUPS)
    settled = replace(evaluation, expired=expired, archived=archived, kept=kept, uncertain=uncertain)
    return settled, tuple(differing)


def departures_by_aws(
    departures: Sequence[ScheduledAction], replayed: Evaluation, decided: Evaluation
) -> tuple[ScheduledAction, ...]:
    """
    Bring the schedule in line with what AWS says of the present.

    Args:
        departures: What the replay foresees.
        replayed: What happens now, by the replay.
        decided: What happens now, as AWS has it.

    Returns:
        The departures, the earliest first. What AWS takes goes today for certain. Of what AWS leaves and the replay
        would take, the days stand and are not certain.

    """
    certain = {decision.image.digest: decision for decision in replayed.decisions}
    doubtful = {decision.image.digest for decision in replayed.uncertain}
    taken = {each.image.digest: each for each in decided.decisions if certain.get(each.image.digest) != each}
    left = {each.image.digest for each in decided.kept} & (certain.keys() | doubtful)
    today = decided.at.date()
    found = [_today(decision, today) for decision in taken.values()]
    for departure in departures:
        digest = departure.image.digest
        if digest not in taken:
            found.append(replace(departure, is_certain=False) if digest in left else departure)
        elif (taken[digest].action, departure.action) == ("archive", "expire"):
            # It was foreseen from another day of archival.
            found.append(replace(departure, is_certain=False))
    return tuple(sorted((each for each in found if each), key=lambda departure: departure.day))


def unlisted(answers: Sequence[AwsDecision], evaluation: Evaluation) -> tuple[AwsDecision, ...]:
    """
    Find what AWS says of images that are not among those evaluated: they were pushed after the listing.

    Args:
        answers: What AWS's own preview says.
        evaluation: The replay.

    """
    listed = {decision.image.digest for decision in every_decision(evaluation)}
    return tuple(answer for answer in answers if answer.digest not in listed)


class _AwsOutcome(NamedTuple):
    """What AWS says of one image."""

    action: Literal["expire", "archive", "keep"]
    rule: LifecycleRule | None
    reason: str
    follows: bool = False

    def __str__(self) -> str:
        return _said(self.action, self.rule)


class _AwsPreviewLookup:
    """AWS's answers, asked for one image at a time."""

    def __init__(
        self, decisions: Sequence[Decision], answers: Sequence[AwsDecision], rules: Sequence[LifecycleRule]
    ) -> None:
        self._images = {decision.image.digest: decision.image for decision in decisions}
        self._answers = {answer.digest: answer for answer in answers}
        self._rules = {rule.rule_priority: rule for rule in rules}

    def word_on(self, image: Image) -> _AwsOutcome:
        """Say what AWS does with an image; what it does not name stays, unless it is about an image that goes."""
        if answer := self._answers.get(image.digest):
            return self._word(answer, "AWS's own preview takes it")
        for subject in self._subjects(image):
            if answer := self._answers.get(subject):
                reason = "it goes with the image that it is about, which AWS's own preview takes"
                return self._word(answer, reason)._replace(follows=True)
        return _AwsOutcome("keep", None, "AWS's own preview leaves it")

    def _word(self, answer: AwsDecision, reason: str) -> _AwsOutcome:
        return _AwsOutcome(answer.action, self._rules.get(answer.rule_priority), reason)

    def _subjects(self, image: Image) -> Iterator[str]:
        """Give the image that an artifact is about, the one that this is about, and so on."""
        seen: set[str] = set()
        above: Image | None = image
        while above and (digest := above.subject_digest) and digest not in seen:
            seen.add(digest)
            yield digest
            above = self._images.get(digest)


_GROUPS = ("expire", "archive", "keep", "uncertain")


def _group(decision: Decision, word: _AwsOutcome) -> str:
    """Say where an image belongs now: of an artifact that goes by itself AWS says nothing, and tags may hold it."""
    return "uncertain" if word.follows and decision.image.tags else word.action


def _agree(decision: Decision, word: _AwsOutcome) -> bool:
    is_same_rule = word.action == "keep" or word.follows or decision.rule == word.rule
    return decision.action == word.action and is_same_rule


def _overruled(decision: Decision, word: _AwsOutcome, why: str) -> Decision:
    rule = decision.rule if word.action == "keep" else word.rule
    return Decision(image=decision.image, action=word.action, rule=rule, why=why)


def _disagreement(decision: Decision, word: _AwsOutcome) -> Disagreement:
    replayed = f"{_said(decision.action, decision.rule)}: {decision.why}"
    return Disagreement(image=decision.image, aws=str(word), replay=replayed)


def _said(action: str, rule: LifecycleRule | None) -> str:
    return f"{action} by rule {rule.rule_priority}" if rule and action != "keep" else action


def _age(decision: Decision) -> datetime:
    """Go by age as rules do: a restored image is as new as its restoration."""
    return decision.image.activated_at or decision.image.pushed_at


def _today(decision: Decision, today: date) -> ScheduledAction | None:
    """Let an image go today, if it is known by which rule."""
    if decision.rule is None or decision.action == "keep":
        return None
    return ScheduledAction(image=decision.image, day=today, action=decision.action, rule=decision.rule, is_certain=True)
