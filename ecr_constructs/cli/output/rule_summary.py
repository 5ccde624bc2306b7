"""The rows of a table: the number of images with each outcome, by rule and in total."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

from ecr_constructs.cli.preview.result import RepositoryPreview
from ecr_constructs.model.images import Image
from ecr_constructs.model.lifecycle.evaluation import Decision
from ecr_constructs.model.lifecycle.rule import LifecycleRule

__all__ = ["NO_IMAGES", "OUTCOMES", "TOTAL", "RuleRow", "outcome_of", "rule_rows", "total_rows"]

OUTCOMES = ("delete", "archive", "uncertain", "keep")
NO_IMAGES = "no images"
TOTAL = "total"
_OUTCOMES_OF_ACTIONS = {"expire": "delete", "archive": "archive", "keep": "keep"}


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleRow:
    """
    The images with the same rule and the same outcome.

    Attributes:
        rule: The priority of the rule, `none` for images that no rule selects, or `TOTAL`.
        outcome: One of `OUTCOMES`, or `NO_IMAGES` for a rule without images.
        decisions: The decisions, the oldest push first.

    """

    rule: str
    outcome: str
    decisions: tuple[Decision, ...]

    @property
    def images(self) -> tuple[Image, ...]:
        """The images, the oldest push first."""
        return tuple([decision.image for decision in self.decisions])


def outcome_of(action: str, rule: LifecycleRule | None = None) -> str:
    """Return the outcome of an action, with the rule that acts: `delete by rule 2`, `keep`."""
    outcome = _OUTCOMES_OF_ACTIONS[action]
    return f"{outcome} by rule {rule.rule_priority}" if rule and action != "keep" else outcome


def rule_rows(preview: RepositoryPreview) -> Iterator[RuleRow]:
    """
    Yield the rows of each rule, by priority.

    A rule without images has a row too. Images that no rule selects are last.

    Args:
        preview: The preview.

    """
    found: defaultdict[tuple[str, str], list[Decision]] = defaultdict(list)
    for outcome, decisions in _outcomes(preview):
        by_rule: defaultdict[int, list[Decision]] = defaultdict(list)
        for decision in decisions:
            by_rule[id(decision.rule)].append(decision)
        for of_rule in by_rule.values():
            found[_rule_name(of_rule[0].rule), outcome] += of_rule
    for rule in (*preview.policy.rules, None):
        name = _rule_name(rule)
        rows = [_row(name, outcome, found[name, outcome]) for outcome in OUTCOMES if (name, outcome) in found]
        yield from rows or ([_row(name, NO_IMAGES, [])] if rule else [])


def total_rows(preview: RepositoryPreview) -> Iterator[RuleRow]:
    """
    Yield the rows of all rules together.

    Args:
        preview: The preview.

    """
    yield from (_row(TOTAL, outcome, decisions) for outcome, decisions in _outcomes(preview) if decisions)


def _outcomes(preview: RepositoryPreview) -> Iterator[tuple[str, Sequence[Decision]]]:
    """Yield the decisions of each of `OUTCOMES`."""
    evaluation = preview.evaluation
    groups = (evaluation.expired, evaluation.archived, evaluation.uncertain, evaluation.kept)
    yield from zip(OUTCOMES, groups, strict=True)


def _rule_name(rule: LifecycleRule | None) -> str:
    return str(rule.rule_priority) if rule else "none"


def _row(rule: str, outcome: str, decisions: Sequence[Decision]) -> RuleRow:
    ordered = sorted(decisions, key=attrgetter("image.pushed_at"))
    return RuleRow(rule=rule, outcome=outcome, decisions=tuple(ordered))
