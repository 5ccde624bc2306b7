"""The input of the checks: a lifecycle policy, and the known properties of its repository."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ecr_constructs.model.images import Image
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.rule_coverage import impossible_selector, shadowing_rules
from ecr_constructs.model.validation import abbreviate

__all__ = ["CheckContext", "rule_label"]


@dataclass(frozen=True, slots=True)
class CheckContext:
    """
    A policy, and the known properties of its repository.

    Attributes:
        rules: The rules, by priority.
        immutability: The tag immutability of the repository, if it is known.
        images: The images, if they are known.
        tags: The tags of these images.
        at: The instant of the evaluation. Default: the time of the newest push.
        in_use: The workloads that run an image, by digest. Default: not known.

    """

    rules: tuple[LifecycleRule, ...]
    immutability: Immutability | None
    images: tuple[Image, ...] | None = None
    tags: frozenset[str] = frozenset()
    at: datetime | None = None
    in_use: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def moment(self) -> datetime | None:
        """The instant of the evaluation, or None if there is no image."""
        return self.at or max((image.pushed_at for image in self.images or ()), default=None)

    def present_images(self) -> list[Image]:
        """Return the images that were pushed by the instant of the evaluation."""
        return [image for image in self.images or () if self.at is None or image.pushed_at <= self.at]

    def preceding_rules(self, rule: LifecycleRule) -> tuple[LifecycleRule, ...]:
        """Return the rules of the same storage class with a smaller priority."""
        preceding = self.rules[: self.rules.index(rule)]
        return tuple(each for each in preceding if each.storage_class == rule.storage_class)

    def effective_rules(self) -> Iterator[LifecycleRule]:
        """Yield the rules that can delete or archive images."""
        for rule in self.rules:
            if not rule.is_keep_rule and self.can_select(rule):
                yield rule

    def can_select(self, rule: LifecycleRule) -> bool:
        """Return whether an image can be assigned to a rule."""
        return not impossible_selector(rule) and not shadowing_rules(rule, self.preceding_rules(rule))


def rule_label(rule: LifecycleRule) -> str:
    """Return the priority of a rule, and its description if it has one."""
    return f"rule {rule.rule_priority}" + (f" ({abbreviate(rule.description)})" if rule.description else "")
