"""The input of the checks: a lifecycle policy, and the known properties of its repository."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import chain

from ecr_constructs.model.images import Image
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.lifecycle.image_index import ImageIndex, to_utc
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.rule_coverage import impossible_selector, shadowing_rules
from ecr_constructs.model.lifecycle.rule_engine import RuleEngine
from ecr_constructs.model.validation import abbreviate

__all__ = ["CheckContext", "RuleRelations", "rule_label"]


class RuleRelations:
    """
    The relations between the rules of a policy, which do not depend on images.

    Args:
        rules: The rules, by priority.

    Attributes:
        preceding: For each priority, the rules of the same storage class with a smaller priority.
        selectable: The priorities of the rules to which an image can be assigned.
        effective: The rules that can delete or archive images.

    """

    __slots__ = ("effective", "preceding", "selectable")

    def __init__(self, rules: tuple[LifecycleRule, ...]) -> None:
        """Compare each rule with those before it."""
        self.preceding = {
            rule.rule_priority: tuple(each for each in rules[:place] if each.storage_class == rule.storage_class)
            for place, rule in enumerate(rules)
        }
        self.selectable = frozenset(
            rule.rule_priority
            for rule in rules
            if not impossible_selector(rule) and not shadowing_rules(rule, self.preceding[rule.rule_priority])
        )
        self.effective = tuple(
            rule for rule in rules if not rule.is_keep_rule and rule.rule_priority in self.selectable
        )


# The repositories of an app share few policies.
_relations = lru_cache(maxsize=256)(RuleRelations)


@dataclass(frozen=True, slots=True)
class CheckContext:
    """
    A policy, and the known properties of its repository.

    Attributes:
        rules: The rules, by priority.
        immutability: The tag immutability of the repository, if it is known.
        images: The images, if they are known.
        at: The instant of the evaluation. Default: the time of the newest push.
        in_use: The workloads that run an image, by digest. Default: not known.
        engine: The rules, applied to the images that were pushed by the instant. Default: they are applied when a check
            needs them.
        known_tags: The tags of the images, after the first check that needs them.
        relations: The relations between the rules. Equal policies share them.

    """

    rules: tuple[LifecycleRule, ...]
    immutability: Immutability | None
    images: tuple[Image, ...] | None = None
    at: datetime | None = None
    in_use: Mapping[str, Sequence[str]] = field(default_factory=dict)
    engine: RuleEngine | None = field(default=None, repr=False, compare=False)
    known_tags: frozenset[str] | None = field(default=None, init=False, repr=False, compare=False)
    relations: RuleRelations = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Compare the rules with each other, once for all repositories with the same policy."""
        object.__setattr__(self, "relations", _relations(self.rules))

    @property
    def moment(self) -> datetime | None:
        """The instant of the evaluation, or None if there is no image."""
        return self.at or max((image.pushed_at for image in self.images or ()), default=None)

    @property
    def tags(self) -> frozenset[str]:
        """The tags of all images."""
        if self.known_tags is None:
            tags = frozenset(chain.from_iterable([image.tags for image in self.images or ()]))
            object.__setattr__(self, "known_tags", tags)
            return tags
        return self.known_tags

    def present_images(self) -> list[Image]:
        """Return the images that were pushed by the instant of the evaluation."""
        return [image for image in self.images or () if self.at is None or image.pushed_at <= self.at]

    def applied_rules(self) -> RuleEngine | None:
        """Return the rules, applied once to the images that were pushed by the instant, or None without images."""
        if self.engine is None and self.moment is not None:
            index = ImageIndex(self.present_images(), self.rules)
            object.__setattr__(self, "engine", RuleEngine(self.rules, index, to_utc(self.moment)))
        return self.engine

    def preceding_rules(self, rule: LifecycleRule) -> tuple[LifecycleRule, ...]:
        """Return the rules of the same storage class with a smaller priority."""
        return self.relations.preceding[rule.rule_priority]

    def effective_rules(self) -> Sequence[LifecycleRule]:
        """Return the rules that can delete or archive images."""
        return self.relations.effective

    def can_select(self, rule: LifecycleRule) -> bool:
        """Return whether an image can be assigned to a rule."""
        return rule.rule_priority in self.relations.selectable


def rule_label(rule: LifecycleRule) -> str:
    """Return the priority of a rule, and its description if it has one."""
    return f"rule {rule.rule_priority}" + (f" ({abbreviate(rule.description)})" if rule.description else "")
