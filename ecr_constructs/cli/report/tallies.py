"""What each rule of a policy does, counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from ecr_constructs.cli.previews import Preview
from ecr_constructs.model.evaluation import Decision
from ecr_constructs.model.images import Image
from ecr_constructs.model.rules import LifecycleRule

__all__ = ["Tally", "selection", "tallies"]

_EXAMPLES = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """
    What one rule does to the images of a repository.

    Attributes:
        rule: The rule; nothing for images that go without one that is known.
        action: `expire` or `archive`.
        count: How many images.
        size: Their bytes.
        oldest: When the oldest was pushed, if there is one.
        newest: When the newest was pushed, if there is one.
        examples: The oldest few.
        kept: How many images belong to the rule and stay.
        uncertain: How many it may act on.

    """

    rule: LifecycleRule | None
    action: str
    count: int
    size: int
    oldest: datetime | None
    newest: datetime | None
    examples: tuple[Image, ...]
    kept: int
    uncertain: int


def tallies(preview: Preview) -> tuple[Tally, ...]:
    """Count what each rule does, by priority; a rule that does nothing is there as well."""
    evaluation = preview.evaluation
    acted, kept, uncertain = map(_by_priority, (evaluation.decisions, evaluation.kept, evaluation.uncertain))
    rules: list[LifecycleRule | None] = [*preview.policy.rules]
    if acted.get(None):
        rules.append(None)
    return tuple(_tally(rule, acted, kept=kept, uncertain=uncertain) for rule in rules)


def selection(rule: LifecycleRule) -> str:
    """Say which images a rule is about and which of them it takes."""
    number = rule.count_number
    images = {"any": "any image", "untagged": "untagged images"}.get(rule.tag_status)
    prefixes = [f"{prefix}*" for prefix in rule.tag_prefix_list]
    which = images or f"images tagged {' and '.join((*rule.tag_pattern_list, *prefixes))}"
    if rule.count_type == "imageCountMoreThan":
        return f"{which}, all but the newest {number:,}"
    when = {"sinceImagePushed": "pushed", "sinceImagePulled": "last pulled", "sinceImageTransitioned": "archived"}
    return f"{which}, {when[rule.count_type]} more than {number:,} {'day' if number == 1 else 'days'} ago"


_Groups = dict[int | None, list[Decision]]


def _by_priority(decisions: Iterable[Decision]) -> _Groups:
    groups: _Groups = defaultdict(list)
    for decision in decisions:
        groups[decision.rule.rule_priority if decision.rule else None].append(decision)
    return groups


def _tally(rule: LifecycleRule | None, acted: _Groups, *, kept: _Groups, uncertain: _Groups) -> Tally:
    priority = rule.rule_priority if rule else None
    images = sorted(_images(acted.get(priority, ())), key=lambda image: (image.pushed_at, image.digest))
    return Tally(
        rule=rule,
        action="archive" if rule and rule.action == "transition" else "expire",
        count=len(images),
        size=sum(image.size for image in images),
        oldest=images[0].pushed_at if images else None,
        newest=images[-1].pushed_at if images else None,
        examples=tuple(images[:_EXAMPLES]),
        kept=len(kept.get(priority, ())) if rule else 0,
        uncertain=len(uncertain.get(priority, ())) if rule else 0,
    )


def _images(decisions: Iterable[Decision]) -> Iterator[Image]:
    return (decision.image for decision in decisions)
