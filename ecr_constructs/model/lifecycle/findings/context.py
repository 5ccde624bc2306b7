"""What can be said about a policy: the policy with what is known of its repository, and one remark about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ecr_constructs.model.images import Image
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.rule_coverage import shadowing_rules
from ecr_constructs.model.validation import abbreviate

__all__ = ["CheckContext", "RawFinding", "named"]


class RawFinding(NamedTuple):
    """Something to say about a policy, by the id of a finding, and about one of its rules if it is about one."""

    id: str
    rule: LifecycleRule | None
    sentence: str
    remedy: str


@dataclass(frozen=True, slots=True)
class CheckContext:
    """
    A policy, and what is known of its repository.

    Attributes:
        rules: The rules, by priority.
        immutability: Which tags are bound to their image, if that is known.
        images: The images, if they are known.
        tags: The tags of these images.

    """

    rules: tuple[LifecycleRule, ...]
    immutability: Immutability | None
    images: tuple[Image, ...] | None = None
    tags: frozenset[str] = frozenset()

    def above(self, rule: LifecycleRule) -> tuple[LifecycleRule, ...]:
        """Give the rules of the same storage class that come before a rule."""
        before = self.rules[: self.rules.index(rule)]
        return tuple(each for each in before if each.storage_class == rule.storage_class)

    def acting(self) -> Iterator[LifecycleRule]:
        """Give the rules that act on images sooner or later."""
        return (rule for rule in self.rules if not rule.is_keep_rule and not shadowing_rules(rule, self.above(rule)))


def named(rule: LifecycleRule) -> str:
    """Name a rule by its priority, and by its description if it has one."""
    return f"rule {rule.rule_priority}" + (f" ({abbreviate(rule.description)})" if rule.description else "")
