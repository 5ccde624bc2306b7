"""
Fixes of findings that cannot delete or archive an image that the policy keeps.

A rule that never acts is removed: rules before it select all of its images, or no tag can match. A rule over all images
that is described as one for untagged images becomes one: it then acts on fewer images, and no rule of its storage class
comes after it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ecr_constructs.errors import InvalidLifecyclePolicy
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.lifecycle.findings import Finding
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.rule_coverage import impossible_selector

__all__ = ["SafeFix", "fixed_policy"]

_DESCRIBED = "any-described-as-untagged"
_FIXED = frozenset({"shadowed-rule", _DESCRIBED})
# Findings that can be about a rule that never selects an image. Without this rule, ECR assigns each image to the same
# rule as before.
_OF_TAGS = frozenset({"never-matches", "wildcard-in-prefix"})


@dataclass(frozen=True, kw_only=True, slots=True)
class SafeFix:
    """
    The fix of a finding.

    Attributes:
        finding: The finding.
        rule: The rule that is changed.
        replacement: The new rule, or `None` if the rule is removed.

    """

    finding: Finding
    rule: LifecycleRule
    replacement: LifecycleRule | None

    def __str__(self) -> str:
        """Return the change, as a part of a sentence."""
        change = "removed" if self.replacement is None else "now selects 'untagged' instead of 'any'"
        return f"rule {self.rule.rule_priority} {change} [{self.finding.id}]"


def fixed_policy(
    policy: LifecyclePolicy, *, immutability: Immutability | None = None
) -> tuple[LifecyclePolicy, tuple[SafeFix, ...]]:
    """
    Return a policy with its safe fixes, and the fixes.

    Args:
        policy: The policy.
        immutability: The tag immutability of the repository. Default: not known.

    """
    fixes: list[SafeFix] = []
    # A fix can make another one possible. Each fix resolves a finding permanently, so there are at most as many fixes
    # as rules.
    for _ in range(2 * len(policy.rules)):
        step = _first_fix(policy, immutability)
        if step is None:
            break
        policy, fix = step
        fixes.append(fix)
    return policy, tuple(fixes)


def _first_fix(policy: LifecyclePolicy, immutability: Immutability | None) -> tuple[LifecyclePolicy, SafeFix] | None:
    for finding in policy.findings(immutability=immutability):
        rule = finding.rule
        if rule is None or not (finding.id in _FIXED or (finding.id in _OF_TAGS and impossible_selector(rule))):
            continue
        replacement = replace(rule, tag_status="untagged") if finding.id == _DESCRIBED else None
        others = [each for each in policy.rules if each != rule]
        try:
            changed = LifecyclePolicy(rules=[*others, replacement] if replacement else others)
        except InvalidLifecyclePolicy:  # ECR allows one rule for untagged images
            continue
        if changed.rules:
            return changed, SafeFix(finding=finding, rule=rule, replacement=replacement)
    return None
