"""
The replay of a lifecycle policy: what its rules would do to images at an instant, by AWS's documents to the letter.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html. docs/lifecycle.md says which line here
rests on which sentence there, and which on inference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple, overload

from ecr_constructs.model.images import Image
from ecr_constructs.model.lifecycle.image_index import ImageIndex, to_utc
from ecr_constructs.model.lifecycle.rule import CountType, LifecycleRule
from ecr_constructs.model.lifecycle.rule_engine import ACTIONS, RuleAction, RuleEngine, UndocumentedBehavior

__all__ = ["Decision", "DecisionList", "Evaluation", "Outcome", "evaluate"]


class Decision(NamedTuple):
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


class Outcome(NamedTuple):
    """
    What happens or may happen to images that are alike, by which rule, and why.

    Attributes:
        action: As in `Decision`.
        rule: As in `Decision`.
        why: As in `Decision`.
        is_certain: Whether AWS's documents decide it.

    """

    action: Literal["expire", "archive", "keep"]
    rule: LifecycleRule | None
    why: str
    is_certain: bool = True


class DecisionList(Sequence[Decision]):
    """
    Decisions that are made when they are looked at, for there may be a hundred thousand of a few kinds.

    Args:
        images: The images.
        fates: For each of them what happens to it.

    """

    __slots__ = ("_fates", "_images")

    def __init__(self, images: Sequence[Image], fates: Sequence[Outcome]) -> None:
        """Keep both side by side."""
        self._images = tuple(images)
        self._fates = tuple(fates)

    def __len__(self) -> int:
        return len(self._images)

    def __iter__(self) -> Iterator[Decision]:
        for image, (action, rule, why, _) in zip(self._images, self._fates, strict=True):
            yield Decision(image, action, rule, why)

    @overload
    def __getitem__(self, index: int) -> Decision: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Decision, ...]: ...

    def __getitem__(self, index: int | slice) -> Decision | tuple[Decision, ...]:
        if isinstance(index, slice):
            return tuple(DecisionList(self._images[index], self._fates[index]))
        return Decision(self._images[index], *self._fates[index][:3])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (DecisionList, tuple)) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


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
    expired: Sequence[Decision]
    archived: Sequence[Decision]
    kept: Sequence[Decision]
    uncertain: Sequence[Decision]

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """Everything that ECR would do, deletions first."""
        return (*self.expired, *self.archived)

    @property
    def bytes_freed(self) -> int:
        """
        The size of what would be deleted.

        Layers that images share are counted for each of them. An index counts nothing: what ECR gives as its size is
        that of the largest image it names, which stays.
        """
        return _bytes(self.expired)

    @property
    def bytes_archived(self) -> int:
        """The size of what would be archived."""
        return _bytes(self.archived)


def evaluate(rules: Sequence[LifecycleRule], images: Iterable[Image], *, at: datetime) -> Evaluation:
    """
    Replay rules over images.

    Args:
        rules: The rules of a policy, by priority.
        images: Every image of the repository, whatever its status.
        at: The instant, with a time zone.

    Raises:
        InvalidImage: if an image is listed twice, or `at` has no time zone.

    """
    moment = to_utc(at)
    census = ImageIndex(images)
    verdict = _OutcomeResolver(census, RuleEngine(rules, census, moment))
    groups: dict[str, tuple[list[Image], list[Outcome]]] = {name: ([], []) for name in _GROUPS}
    for position in range(len(census.images) - 1, -1, -1):
        fate = verdict.on(position)
        images_of_group, fates_of_group = groups[fate.action if fate.is_certain else _UNCERTAIN]
        images_of_group.append(census.images[position])
        fates_of_group.append(fate)
    expired, archived, kept, uncertain = (DecisionList(*groups[name]) for name in _GROUPS)
    return Evaluation(at=moment, expired=expired, archived=archived, kept=kept, uncertain=uncertain)


def _bytes(decisions: Iterable[Decision]) -> int:
    return sum(decision.image.size for decision in decisions if not decision.image.is_index)


_UNCERTAIN = "uncertain"
_GROUPS = ("expire", "archive", "keep", _UNCERTAIN)


class _OutcomeResolver:
    """What becomes of each image, from what the rules claim and mark."""

    def __init__(self, census: ImageIndex, replay: RuleEngine) -> None:
        self._census = census
        self._replay = replay
        self._special = census.referrers | census.indexes_of.keys()
        # A policy has few sentences, and a repository many images that share them.
        self._kept: dict[int, Outcome] = {}
        self._taken: dict[RuleAction, Outcome] = {}

    def on(self, position: int) -> Outcome:
        """Say what becomes of the image at this position."""
        mark = self._replay.marks[position]
        if position in self._special:
            return self._on_special(position, mark)
        return self._keep(position) if mark is None else self._take(mark)

    def _keep(self, position: int) -> Outcome:
        rule = self._replay.claims[position]
        number = rule.rule_priority if rule else 0
        if number not in self._kept:
            self._kept[number] = Outcome("keep", rule, _why_kept(rule))
        return self._kept[number]

    def _take(self, mark: RuleAction) -> Outcome:
        if mark not in self._taken:
            why = _why_taken(mark.rule)
            if mark.doubts:
                why = (
                    f"{why}; but {', and '.join(doubt.value for doubt in UndocumentedBehavior if doubt in mark.doubts)}"
                )
            self._taken[mark] = Outcome(ACTIONS[mark.rule.action], mark.rule, why, is_certain=not mark.doubts)
        return self._taken[mark]

    def _on_special(self, position: int, mark: RuleAction | None) -> Outcome:
        if position in self._census.indexes_of:
            return self._keep(position) if mark is None else Outcome("keep", mark.rule, _PROTECTED)
        by_itself = self._keep(position) if mark is None else self._take(mark)
        subject = self._census.subject_of(position)
        return by_itself if subject is None else self._of_artifact(position, subject, by_itself)

    def _of_artifact(self, position: int, subject: int, by_itself: Outcome) -> Outcome:
        """Let an artifact follow the image it is about; whether rules may take it by itself is an open question."""
        artifact, image, fate = self._census.images[position], self._census.images[subject], self.on(subject)
        if fate.action == "keep" and (image.status, artifact.status) == ("archived", "active"):
            why = f"its subject {image.digest} is archived, and AWS archives what is about it within 24 hours"
            return Outcome("archive", None, why, is_certain=False)
        if fate.action == "keep" or (fate.action == "archive" and artifact.status == "archived"):
            return by_itself
        why = f"it follows its subject {image.digest} within 24 hours; of that one: {fate.why}"
        if (by_itself.action, fate.action) == ("expire", "archive"):
            return by_itself._replace(why=f"{by_itself.why}; else {why}")
        if self._may_stay_by_itself(position):
            # Between "cannot be expired by a lower rule" and "goes with its subject" AWS's documents do not choose.
            return fate._replace(why=f"{why}; but {by_itself.why}", is_certain=False)
        if position in self._census.may_be_children:
            return fate._replace(why=f"{why}; but {UndocumentedBehavior.CHILD.value}", is_certain=False)
        return fate._replace(why=why)

    def _may_stay_by_itself(self, position: int) -> bool:
        """Tell whether a rule claims an artifact by a tag of its own, and may not take it."""
        mark = self._replay.marks[position]
        is_claimed = bool(self._census.images[position].tags) and self._replay.claims[position] is not None
        return is_claimed and (mark is None or not mark.doubts <= {UndocumentedBehavior.REFERRER})


_PROTECTED = "an index that is there names it, and ECR keeps the images of an index"


def _why_taken(rule: LifecycleRule) -> str:
    return _TAKEN[rule.count_type].format(number=rule.count_number, days=_days(rule.count_number))


def _why_kept(rule: LifecycleRule | None) -> str:
    if rule is None:
        return "no rule selects it"
    if rule.is_keep_rule:
        return f"rule {rule.rule_priority} keeps all that it selects"
    why = _KEPT[rule.count_type].format(number=rule.count_number, days=_days(rule.count_number))
    return f"rule {rule.rule_priority} selects it, and {why}"


_TAKEN: Mapping[CountType, str] = {
    "imageCountMoreThan": "it is not among the newest {number} that the rule selects",
    "sinceImagePushed": "it was pushed more than {days} ago",
    "sinceImagePulled": "nobody pulled it for more than {days}",
    "sinceImageTransitioned": "it was archived more than {days} ago",
}
_KEPT: Mapping[CountType, str] = {
    "imageCountMoreThan": "it is among the newest {number}",
    "sinceImagePushed": "it was not pushed more than {days} ago",
    "sinceImagePulled": "it was in use in the last {days}",
    "sinceImageTransitioned": "it was not archived more than {days} ago",
}


def _days(number: int) -> str:
    return f"{number} day{'' if number == 1 else 's'}"
