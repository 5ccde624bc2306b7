"""The values that the templates of the page render, for each repository."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from ecr_constructs.cli.output.html.age_chart import AgeChart, age_chart
from ecr_constructs.cli.output.html.storage_chart import StorageChart, storage_chart
from ecr_constructs.cli.output.messages import UncertainGroup, group_uncertain
from ecr_constructs.cli.output.rule_summary import RuleRow, rule_rows
from ecr_constructs.cli.preview.result import RepositoryPreview
from ecr_constructs.cli.preview.totals import Totals, totals_of
from ecr_constructs.model.lifecycle.evaluation import Decision

__all__ = ["RuleSection", "Section", "section"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleSection:
    """
    The effect of one rule.

    Attributes:
        rule: Its priority, or `none` for images that no rule selects.
        description: Its description, or an empty text.
        sentence: Its explanation, or an empty text for no rule.
        rows: Its images by outcome.

    """

    rule: str
    description: str
    sentence: str
    rows: tuple[RuleRow, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """
    The section of one repository.

    Attributes:
        number: Its place on the page, from 1.
        preview: The preview.
        totals: The number of images with each outcome.
        rules: The effect of each rule.
        age_chart: The chart of images by age, if there are images.
        storage_chart: The chart of the images that remain, if there is an action.
        uncertain: The uncertain images, by reason.
        in_use_affected: The images in use that are deleted or archived.
        in_use_uncertain: The images in use whose outcome is uncertain.

    """

    number: int
    preview: RepositoryPreview
    totals: Totals
    rules: tuple[RuleSection, ...]
    age_chart: AgeChart | None
    storage_chart: StorageChart | None
    uncertain: tuple[UncertainGroup, ...]
    in_use_affected: tuple[Decision, ...]
    in_use_uncertain: tuple[Decision, ...]

    @property
    def needs_attention(self) -> bool:
        """Whether the section is shown open among many."""
        has_errors = any(finding.severity == "error" for finding in self.preview.findings)
        return bool(self.in_use_affected or self.in_use_uncertain or self.preview.disagreements or has_errors)


def section(preview: RepositoryPreview, number: int) -> Section:
    """
    Return the section of one repository.

    Args:
        preview: Its preview.
        number: Its place on the page, from 1.

    """
    evaluation = preview.evaluation
    # ECR does not apply the policy of a creation template to repositories that exist.
    in_use = (preview.in_use or {}) if preview.prefix is None else {}
    return Section(
        number=number,
        preview=preview,
        totals=totals_of(evaluation),
        rules=_rules(preview),
        age_chart=age_chart(preview),
        storage_chart=storage_chart(preview),
        uncertain=group_uncertain(evaluation.uncertain),
        in_use_affected=tuple(each for each in evaluation.decisions if each.image.digest in in_use),
        in_use_uncertain=tuple(each for each in evaluation.uncertain if each.image.digest in in_use),
    )


def _rules(preview: RepositoryPreview) -> tuple[RuleSection, ...]:
    rules = preview.policy.rules
    explained = {str(rule.rule_priority): text for rule, text in zip(rules, preview.policy.explain(), strict=True)}
    described = {str(rule.rule_priority): rule.description or "" for rule in rules}
    return tuple(
        RuleSection(rule=rule, description=described.get(rule, ""), sentence=explained.get(rule, ""), rows=tuple(group))
        for rule, group in groupby(rule_rows(preview), key=attrgetter("rule"))
    )
