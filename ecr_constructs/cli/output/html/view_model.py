"""The values that the templates of the page render, for each repository."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from ecr_constructs.cli.output.alarms import alarm_text, alarm_words
from ecr_constructs.cli.output.html.age_chart import AgeChart, age_chart
from ecr_constructs.cli.output.html.storage_chart import StorageChart, storage_chart
from ecr_constructs.cli.output.messages import UncertainGroup, group_uncertain
from ecr_constructs.cli.output.policy_groups import Ranked
from ecr_constructs.cli.output.rule_summary import RuleRow, rule_rows
from ecr_constructs.cli.preview.damage import Damage
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
        description: Its description, or an empty text if there is none or if the policy is shown elsewhere.
        sentence: Its explanation, or an empty text for no rule or if the policy is shown elsewhere.
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
        link: The link to it.
        preview: The preview.
        damage: The damage to the repository.
        is_shared: Whether the policy is shown once for several repositories.
        has_charts: Whether there are charts.
        totals: The number of images with each outcome.
        rules: The effect of each rule.
        age_chart: The chart of images by age, if there are images.
        storage_chart: The chart of the images that remain, if there is an action.
        uncertain: The uncertain images, by reason.
        in_use_affected: The images in use that are deleted or archived.
        in_use_uncertain: The images in use whose outcome is uncertain.

    """

    link: str
    preview: RepositoryPreview
    damage: Damage
    is_shared: bool
    has_charts: bool
    totals: Totals
    rules: tuple[RuleSection, ...]
    age_chart: AgeChart | None
    storage_chart: StorageChart | None
    uncertain: tuple[UncertainGroup, ...]
    in_use_affected: tuple[Decision, ...]
    in_use_uncertain: tuple[Decision, ...]

    @property
    def alarm(self) -> str:
        """The alarm in a few words, or an empty text."""
        return alarm_words(self.damage)

    @property
    def alarm_sentence(self) -> str:
        """The alarm with its numbers, or an empty text."""
        return alarm_text(self.damage) or ""

    @property
    def needs_attention(self) -> bool:
        """Whether the section is shown open among many."""
        has_errors = any(finding.severity == "error" for finding in self.preview.findings)
        return bool(
            self.damage.alarm
            or self.in_use_affected
            or self.in_use_uncertain
            or self.preview.disagreements
            or has_errors
        )


def section(
    ranked: Ranked, link: str, *, is_shared: bool = False, has_charts: bool = True, has_rules: bool = True
) -> Section:
    """
    Return the section of one repository.

    Args:
        ranked: Its preview and its damage.
        link: The link to it.
        is_shared: Whether its policy is shown once for several repositories. Default: it is not.
        has_charts: Whether there are charts. Default: there are.
        has_rules: Whether there are the images of rules and uncertain images. Default: there are.

    """
    preview, damage = ranked
    # ECR does not apply the policy of a creation template to existing repositories.
    in_use = (preview.in_use or {}) if preview.prefix is None else {}
    affected, uncertain = (preview.evaluation.decisions, preview.evaluation.uncertain) if in_use else ((), ())
    return Section(
        link=link,
        preview=preview,
        damage=damage,
        is_shared=is_shared,
        has_charts=has_charts,
        totals=totals_of(preview),
        rules=_rules(preview, is_explained=not is_shared) if has_rules else (),
        age_chart=age_chart(preview) if has_charts else None,
        storage_chart=storage_chart(preview) if has_charts else None,
        uncertain=group_uncertain(preview.evaluation.uncertain) if has_rules else (),
        in_use_affected=tuple(each for each in affected if each.image.digest in in_use),
        in_use_uncertain=tuple(each for each in uncertain if each.image.digest in in_use),
    )


def _rules(preview: RepositoryPreview, *, is_explained: bool) -> tuple[RuleSection, ...]:
    rules = preview.policy.rules if is_explained else ()
    texts = preview.policy.explain() if is_explained else ()
    explained = {str(rule.rule_priority): text for rule, text in zip(rules, texts, strict=True)}
    described = {str(rule.rule_priority): rule.description or "" for rule in rules}
    return tuple(
        RuleSection(rule=rule, description=described.get(rule, ""), sentence=explained.get(rule, ""), rows=tuple(group))
        for rule, group in groupby(rule_rows(preview), key=attrgetter("rule"))
    )
