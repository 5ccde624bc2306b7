"""
A lifecycle policy applied to images at an instant.

The page 'Lifecycle policies' of the documentation lists the sentence of AWS for each behavior. Quotes without a URL are
from https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from operator import itemgetter
from typing import Literal, NamedTuple, overload

from ecr_constructs.model.images import Image
from ecr_constructs.model.lifecycle.image_index import ImageIndex, to_utc
from ecr_constructs.model.lifecycle.outcome import Outcome, UndocumentedBehavior
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.rule_engine import RuleEngine

__all__ = ["Decision", "DecisionList", "Evaluation", "evaluate", "evaluate_index"]


class Decision(NamedTuple):
    """
    The outcome of a policy for one image.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html

    Attributes:
        image: The image.
        action: `expire`, `archive` or `keep`. For an uncertain image, the possible action.
        rule: The rule that acts. For a kept image, the rule that selects it, if there is one.
        why: The reason, in one sentence.

    >>> from datetime import datetime, timezone
    >>> from ecr_constructs.model import Image, LifecyclePolicy, expire_untagged
    >>> old = Image(digest="sha256:" + "0" * 64, pushed_at=datetime(2026, 1, 1, tzinfo=timezone.utc))
    >>> policy = LifecyclePolicy.of(expire_untagged(after_days=14))
    >>> decision = policy.evaluate([old], at=datetime(2026, 6, 1, tzinfo=timezone.utc)).expired[0]
    >>> decision.action, decision.why
    ('expire', 'it was pushed more than 14 days ago')

    """

    image: Image
    action: Literal["expire", "archive", "keep"]
    rule: LifecycleRule | None
    why: str


# Without the constructor of a named tuple in Python, because it is called for every image.
_to_decision = partial(tuple.__new__, Decision)


class DecisionList(Sequence[Decision]):
    """
    The decisions of a group. They are created when they are read.

    A repository can have a hundred thousand images of a few outcomes. If all decisions were created at once, `evaluate`
    would take a third longer, mostly for garbage collection.

    Args:
        index: The images of the repository.
        positions: The positions of the images of the group.
        outcomes: The outcome for each of these positions.

    """

    __slots__ = ("_index", "_outcomes", "_positions")

    def __init__(self, index: ImageIndex, positions: Sequence[int], outcomes: Iterable[Outcome]) -> None:
        """Store the positions and their outcomes."""
        self._index = index
        self._positions = positions
        self._outcomes = tuple(outcomes)

    def __len__(self) -> int:
        return len(self._positions)

    def __iter__(self) -> Iterator[Decision]:
        images = self._index.images_at(self._positions)
        actions, rules, whys = (map(itemgetter(field), self._outcomes) for field in range(3))
        return map(_to_decision, zip(images, actions, rules, whys, strict=True))

    def images(self) -> list[Image]:
        """Return the images, without making the decisions."""
        return list(self._index.images_at(self._positions))

    @overload
    def __getitem__(self, index: int) -> Decision: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Decision, ...]: ...

    def __getitem__(self, index: int | slice) -> Decision | tuple[Decision, ...]:
        if isinstance(index, slice):
            return tuple(DecisionList(self._index, self._positions[index], self._outcomes[index]))
        image = next(self._index.images_at([self._positions[index]]))
        return Decision(image, *self._outcomes[index][:3])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (DecisionList, tuple)) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """
    The outcome of a policy for the images of a repository at an instant. Every image is in exactly one group.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html

    Attributes:
        at: The instant.
        expired: Images that ECR deletes, the oldest first.
        archived: Images that ECR archives, the oldest first.
        kept: Images that ECR keeps, the oldest first. Each has the rule that selects it, if there is one.
        uncertain: Images with an outcome that AWS does not document, each with the possible action and the reason.

    >>> from datetime import datetime, timezone
    >>> from ecr_constructs.model import Image, LifecyclePolicy, expire_untagged
    >>> old = Image(digest="sha256:" + "0" * 64, pushed_at=datetime(2026, 1, 1, tzinfo=timezone.utc))
    >>> policy = LifecyclePolicy.of(expire_untagged(after_days=14))
    >>> evaluation = policy.evaluate([old], at=datetime(2026, 6, 1, tzinfo=timezone.utc))
    >>> len(evaluation.expired), len(evaluation.kept)
    (1, 0)

    """

    at: datetime
    expired: Sequence[Decision]
    archived: Sequence[Decision]
    kept: Sequence[Decision]
    uncertain: Sequence[Decision]

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """Every action of ECR, deletions first."""
        return (*self.expired, *self.archived)

    @property
    def bytes_freed(self) -> int:
        """
        The size of the images that are deleted.

        Layers that images share are counted for each of them. An image index counts 0 bytes. The size that ECR returns
        for it is that of the largest image it references, which is kept.
        """
        return _bytes(self.expired)

    @property
    def bytes_archived(self) -> int:
        """The size of the images that are archived."""
        return _bytes(self.archived)


def evaluate(rules: Sequence[LifecycleRule], images: Iterable[Image], *, at: datetime) -> Evaluation:
    """
    Apply rules to images.

    Args:
        rules: The rules of a policy, by priority.
        images: Every image of the repository, whatever its status.
        at: The instant, with a time zone.

    Raises:
        InvalidImage: If an image is listed twice, or `at` has no time zone.

    """
    moment = to_utc(at)
    index = ImageIndex(images, rules)
    return evaluate_index(index, RuleEngine(rules, index, moment), moment)


def evaluate_index(index: ImageIndex, engine: RuleEngine, at: datetime) -> Evaluation:
    """
    Return the outcome for images to which the rules have been applied.

    Args:
        index: The images.
        engine: The outcome of the rules.
        at: The instant, in UTC.

    """
    outcomes = _outcomes(index, engine)
    positions: dict[str, list[int]] = {group: [] for group in _GROUPS}
    for position in range(len(outcomes) - 1, -1, -1):
        outcome = outcomes[position]
        positions[outcome.action if outcome.is_certain else _UNCERTAIN].append(position)
    expired, archived, kept, uncertain = (
        DecisionList(index, positions[group], map(outcomes.__getitem__, positions[group])) for group in _GROUPS
    )
    return Evaluation(at=at, expired=expired, archived=archived, kept=kept, uncertain=uncertain)


_UNCERTAIN = "uncertain"
_GROUPS = ("expire", "archive", "keep", _UNCERTAIN)
_PROTECTED = "an index that is there names it, and ECR keeps the images of an index"


def _bytes(decisions: Iterable[Decision]) -> int:
    return sum(decision.image.size for decision in decisions if not decision.image.is_index)


def _outcomes(index: ImageIndex, engine: RuleEngine) -> list[Outcome]:
    """Return the outcome for each position, from the rules and from the relations between images."""
    outcomes = list(engine.outcomes)
    for position in index.indexes_of:
        outcomes[position] = _of_child(outcomes[position])
    # The subject of an artifact is not an artifact, so its outcome is final.
    for position in index.referrers - index.indexes_of.keys():
        subject = index.subject_of(position)
        if subject is not None:
            outcomes[position] = _of_artifact(index, engine, position, outcomes[subject], index.images[subject])
    return outcomes


def _of_child(by_rules: Outcome) -> Outcome:
    """
    Return the outcome for an image that an image index references.

    "If an image is referenced by a manifest list, it cannot be expired or archived without the manifest list being
    deleted or archived first." First means in an earlier run.
    """
    return by_rules if by_rules.action == "keep" else Outcome("keep", by_rules.rule, _PROTECTED)


def _of_artifact(index: ImageIndex, engine: RuleEngine, position: int, of_subject: Outcome, subject: Image) -> Outcome:
    """
    Return the outcome for an artifact that has a subject.

    ECR deletes or archives artifacts "within 24 hours of the deletion or archival of the subject image". Whether rules
    may select an artifact itself is not documented.
    """
    artifact, by_rules = index.images[position], engine.outcomes[position]
    if of_subject.action == "keep" and (subject.status, artifact.status) == ("archived", "active"):
        why = f"its subject {subject.digest} is archived, and AWS archives its referrers within 24 hours"
        return Outcome("archive", None, why, is_certain=False)
    if of_subject.action == "keep" or (of_subject.action == "archive" and artifact.status == "archived"):
        return by_rules
    why = f"it follows its subject {subject.digest} within 24 hours; of that one: {of_subject.why}"
    if (by_rules.action, of_subject.action) == ("expire", "archive"):
        return by_rules._replace(why=f"{by_rules.why}; else {why}")
    if _may_be_kept_by_rules(artifact, engine.claim(position), by_rules):
        # AWS does not document whether "cannot be expired or archived by a rule with a lower priority" comes before
        # the deletion with the subject.
        return of_subject._replace(why=f"{why}; but {by_rules.why}", is_certain=False)
    if position in index.may_be_children:
        return of_subject._replace(why=f"{why}; but {UndocumentedBehavior.CHILD.value}", is_certain=False)
    return of_subject._replace(why=why)


def _may_be_kept_by_rules(artifact: Image, claim: LifecycleRule | None, by_rules: Outcome) -> bool:
    """Return whether a rule selects an artifact by a tag of the artifact, and may not act on it."""
    is_claimed = bool(artifact.tags) and claim is not None
    return is_claimed and (by_rules.action == "keep" or not by_rules.questions <= {UndocumentedBehavior.REFERRER})
