"""What the page says of one repository."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from ecr_constructs.cli.formatting import bytes_of
from ecr_constructs.cli.output.html.age_chart import Timeline, draw_timeline
from ecr_constructs.cli.output.html.storage_chart import Curve, draw_curve
from ecr_constructs.cli.output.rule_summary import Row, rows
from ecr_constructs.cli.output.uncertain_groups import UncertainGroup, doubts
from ecr_constructs.cli.preview.result import RepositoryPreview, every_decision
from ecr_constructs.model.lifecycle.evaluation import Decision, Evaluation

__all__ = ["RuleRows", "Section", "Totals", "section"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Totals:
    """What would happen: images, and after each number their bytes. Repositories add up."""

    images: int = 0
    size: int = 0
    expired: int = 0
    freed: int = 0
    archived: int = 0
    moved: int = 0
    uncertain: int = 0
    doubted: int = 0
    kept: int = 0
    staying: int = 0

    def __add__(self, other: Totals) -> Totals:
        """Count both."""
        return Totals(**{name: getattr(self, name) + getattr(other, name) for name in self.__slots__})


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleRows:
    """
    What one rule does.

    Attributes:
        rule: Its priority, or `none` for images that belong to no rule.
        description: What its author says of it, if anything.
        sentence: What it does, or nothing for no rule.
        rows: Its images by fate.

    """

    rule: str
    description: str
    sentence: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """
    What is said of one repository.

    Attributes:
        number: Its place on the page, from 1.
        preview: The preview.
        totals: Its numbers.
        rules: What each rule does.
        timeline: The images by age, if there are any.
        curve: What remains, if anything leaves.
        doubts: The uncertain images, by reason.
        endangered: Images in use that would go.
        doubtful: Images in use that may go.

    """

    number: int
    preview: RepositoryPreview
    totals: Totals
    rules: tuple[RuleRows, ...]
    timeline: Timeline | None
    curve: Curve | None
    doubts: tuple[UncertainGroup, ...]
    endangered: tuple[Decision, ...]
    doubtful: tuple[Decision, ...]

    @property
    def is_alarming(self) -> bool:
        """Whether a person should look at it before the others."""
        has_errors = any(finding.severity == "error" for finding in self.preview.findings)
        return bool(self.endangered or self.doubtful or self.preview.disagreements or has_errors)


def section(preview: RepositoryPreview, number: int) -> Section:
    """
    Say everything about one repository.

    Args:
        preview: Its preview.
        number: Its place on the page, from 1.

    """
    evaluation = preview.evaluation
    # The policy of a creation template does nothing to a repository that is there.
    in_use = (preview.in_use or {}) if preview.prefix is None else {}
    return Section(
        number=number,
        preview=preview,
        totals=_totals(evaluation),
        rules=_rules(preview),
        timeline=draw_timeline(preview),
        curve=draw_curve(preview),
        doubts=doubts(evaluation.uncertain),
        endangered=tuple(each for each in evaluation.decisions if each.image.digest in in_use),
        doubtful=tuple(each for each in evaluation.uncertain if each.image.digest in in_use),
    )


def _totals(evaluation: Evaluation) -> Totals:
    every = every_decision(evaluation)
    return Totals(
        images=len(every),
        size=bytes_of(each.image for each in every),
        expired=len(evaluation.expired),
        freed=evaluation.bytes_freed,
        archived=len(evaluation.archived),
        moved=evaluation.bytes_archived,
        uncertain=len(evaluation.uncertain),
        doubted=bytes_of(each.image for each in evaluation.uncertain),
        kept=len(evaluation.kept),
        staying=bytes_of(each.image for each in evaluation.kept),
    )


def _rules(preview: RepositoryPreview) -> tuple[RuleRows, ...]:
    rules = preview.policy.rules
    said = {str(rule.rule_priority): text for rule, text in zip(rules, preview.policy.explain(), strict=True)}
    described = {str(rule.rule_priority): rule.description or "" for rule in rules}
    return tuple(
        RuleRows(rule=rule, description=described.get(rule, ""), sentence=said.get(rule, ""), rows=tuple(group))
        for rule, group in groupby(rows(preview), key=attrgetter("rule"))
    )
