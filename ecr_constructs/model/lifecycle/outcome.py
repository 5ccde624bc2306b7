"""The outcome of an image under a policy, and the behavior that AWS does not document."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from functools import lru_cache
from typing import Literal, NamedTuple

from ecr_constructs.model.lifecycle.rule import Action, CountType, LifecycleRule
from ecr_constructs.model.word_lists import counted

__all__ = ["ACTIONS", "NO_RULE", "Outcome", "UndocumentedBehavior"]

# The action of a rule, as the action on an image.
ACTIONS: Mapping[Action, Literal["expire", "archive"]] = {"expire": "expire", "transition": "archive"}


class UndocumentedBehavior(Enum):
    """A behavior that AWS does not document. The value is the reason why an image is uncertain."""

    HOURS = "it is older than that by hours only, and AWS does not document whether hours count"
    RESTORED = "AWS does not document whether the age of a restored image counts from its push or from its restoration"
    PLACES = (
        "AWS does not document whether images of an index, or artifacts about other images, take places in the count"
    )
    CHILD = "it may belong to an index, and ECR keeps the images of an index that is there"
    REFERRER = "AWS does not document whether rules select artifacts that are about another image"
    ACTIVATING = "AWS does not document which rules select an image while it is being restored"


class Outcome(NamedTuple):
    """
    The outcome of an image, certain or possible. Images with the same outcome share one value.

    Attributes:
        action: `expire`, `archive` or `keep`.
        rule: The rule that acts. For `keep`, the rule that selects the image, if there is one.
        why: The reason, in one sentence.
        questions: The undocumented behaviors that the outcome depends on.
        is_certain: Whether AWS documents the outcome.

    """

    action: Literal["expire", "archive", "keep"]
    rule: LifecycleRule | None
    why: str
    questions: frozenset[UndocumentedBehavior] = frozenset()
    is_certain: bool = True

    @classmethod
    @lru_cache(maxsize=1024)  # the repositories of a fleet share few rules
    def kept_by(cls, rule: LifecycleRule) -> Outcome:
        """
        Return the outcome for an image that a rule selects and does not act on.

        Args:
            rule: The rule.

        """
        why = f"rule {rule.rule_priority} keeps all that it selects"
        if not rule.is_keep_rule:
            why = f"rule {rule.rule_priority} selects it, and {_sentence(_KEPT, rule)}"
        return cls("keep", rule, why)

    @classmethod
    @lru_cache(maxsize=1024)
    def of_action(cls, rule: LifecycleRule, questions: frozenset[UndocumentedBehavior]) -> Outcome:
        """
        Return the outcome for an image on which a rule acts.

        Args:
            rule: The rule.
            questions: The undocumented behaviors that determine whether the rule acts.

        """
        why = _sentence(_ACTED_ON, rule)
        if questions:
            why = f"{why}; but {', and '.join(each.value for each in UndocumentedBehavior if each in questions)}"
        return cls(ACTIONS[rule.action], rule, why, questions, is_certain=not questions)


NO_RULE = Outcome("keep", None, "no rule selects it")

_ACTED_ON: Mapping[CountType, str] = {
    "imageCountMoreThan": "it is not among the newest {number} that the rule selects",
    "sinceImagePushed": "it was pushed more than {days} ago",
    "sinceImagePulled": "it was not pulled for more than {days}",
    "sinceImageTransitioned": "it was archived more than {days} ago",
}
_KEPT: Mapping[CountType, str] = {
    "imageCountMoreThan": "it is among the newest {number}",
    "sinceImagePushed": "it was not pushed more than {days} ago",
    "sinceImagePulled": "it was pulled, pushed or restored in the last {days}",
    "sinceImageTransitioned": "it was not archived more than {days} ago",
}


def _sentence(sentences: Mapping[CountType, str], rule: LifecycleRule) -> str:
    number = rule.count_number
    return sentences[rule.count_type].format(number=number, days=counted(number, "day"))
