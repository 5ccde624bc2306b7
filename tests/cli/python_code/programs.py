"""The program that `convert` writes for a policy, and the policy that the program builds."""

from __future__ import annotations

from typing import Any

from ecr_constructs.cli.commands.convert import program
from ecr_constructs.cli.sources.records import Policy
from ecr_constructs.model import (
    LifecyclePolicy,
    LifecycleRule,
)


def converted(policy: LifecyclePolicy, where: str = "policy.json") -> str:
    return program(Policy(policy=policy, where=where))


def executed(text: str) -> LifecyclePolicy:
    """Run a program in a separate namespace."""
    names: dict[str, Any] = {}
    exec(text, names)  # noqa: S102  (what is executed is what is tested)
    built = names["policy"]
    assert isinstance(built, LifecyclePolicy)
    return built


def rule(number: int, **values: Any) -> LifecycleRule:
    return LifecycleRule(**{"rule_priority": number, "count_type": "imageCountMoreThan", "count_number": 5, **values})
