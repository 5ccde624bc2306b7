"""The rows of a table: what each rule does to how many images, and the sums."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from ecr_constructs.cli.preview.result import RepositoryPreview
from ecr_constructs.model.images import Image
from ecr_constructs.model.lifecycle.evaluation import Decision
from ecr_constructs.model.lifecycle.rule import LifecycleRule

__all__ = ["FATES", "NO_IMAGES", "TOTAL", "Row", "rows", "totals"]

FATES = ("expire", "archive", "may expire", "may archive", "keep")
NO_IMAGES = "no images"
TOTAL = "total"


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """
    Images that share a rule and a fate.

    Attributes:
        rule: The priority of the rule, `none` for images that belong to no rule, or `TOTAL`.
        fate: One of `FATES`, or `NO_IMAGES` for a rule to which none belongs.
        images: The images, the oldest push first.

    """

    rule: str
    fate: str
    images: tuple[Image, ...]


def rows(preview: RepositoryPreview) -> Iterator[Row]:
    """
    Count what each rule does, by priority.

    A rule without images has a row as well, and images that belong to no rule come last.

    Args:
        preview: What was previewed.

    """
    found: defaultdict[tuple[str, str], list[Image]] = defaultdict(list)
    for fate, decision in _fates(preview):
        found[_name(decision.rule), fate].append(decision.image)
    for rule in (*preview.policy.rules, None):
        name = _name(rule)
        mine = [_row(name, fate, found[name, fate]) for fate in FATES if (name, fate) in found]
        yield from mine or ([_row(name, NO_IMAGES, [])] if rule else [])


def totals(preview: RepositoryPreview) -> Iterator[Row]:
    """
    Count what happens, whichever rule it is.

    Args:
        preview: What was previewed.

    """
    found: defaultdict[str, list[Image]] = defaultdict(list)
    for fate, decision in _fates(preview):
        found[fate].append(decision.image)
    yield from (_row(TOTAL, fate, found[fate]) for fate in FATES if fate in found)


def _fates(preview: RepositoryPreview) -> Iterator[tuple[str, Decision]]:
    groups = preview.evaluation
    yield from ((decision.action, decision) for decision in (*groups.decisions, *groups.kept))
    yield from ((f"may {decision.action}", decision) for decision in groups.uncertain)


def _name(rule: LifecycleRule | None) -> str:
    return str(rule.rule_priority) if rule else "none"


def _row(rule: str, fate: str, images: list[Image]) -> Row:
    return Row(rule=rule, fate=fate, images=tuple(sorted(images, key=lambda image: image.pushed_at)))
