"""Rules on their way from an intent into a policy: lacking only a number, and with their author's words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ecr_constructs.errors import InvalidLifecyclePolicy
from ecr_constructs.model.lifecycle.rule import Action, CountType, LifecycleRule, TagStatus, rule_problems

__all__ = ["RuleBuilder", "rules_of"]


class RuleBuilder(NamedTuple):
    """A rule that lacks only its number, and how its author spelled the arguments."""

    call: str
    description: str
    tag_status: TagStatus
    patterns: Sequence[str] = ()
    action: Action = "expire"
    number: str = "after_days"
    argument: str = "matching"

    def rule(self, count_type: CountType, count_number: int | None) -> LifecycleRule:
        """Make the rule, or tell its faults as the author spelled them."""
        if problems := self.problems(count_type, count_number):
            raise InvalidLifecyclePolicy(problems)
        return LifecycleRule(**self._values(count_type, count_number))

    def problems(self, count_type: CountType, count_number: int | None) -> list[str]:
        """Say what is wrong, as the author spelled it."""
        values = self._values(count_type, count_number)
        names = {field: field for field in values} | {"count_number": self.number, "tag_pattern_list": self.argument}
        alone = self.argument != "matching_all"
        return [
            f"{self.call}: {name.removesuffix('[0]') if alone else name}: {text}"
            for name, text in rule_problems(values, names)
            if name != "description"  # it is made of the rest
        ]

    def _values(self, count_type: CountType, count_number: int | None) -> dict[str, Any]:
        return {
            "rule_priority": 1,
            "description": self.description,
            "tag_status": self.tag_status,
            "tag_pattern_list": self.patterns,
            "tag_prefix_list": (),
            "count_type": count_type,
            "count_number": count_number,
            "action": self.action,
        }


def rules_of(drafts: Sequence[RuleBuilder], count_type: CountType, count_number: int) -> tuple[LifecycleRule, ...]:
    """Make the rules of several patterns, or tell the faults of all of them."""
    problems = [problem for draft in drafts for problem in draft.problems(count_type, count_number)]
    if problems:
        raise InvalidLifecyclePolicy(dict.fromkeys(problems))
    return tuple(draft.rule(count_type, count_number) for draft in drafts)
