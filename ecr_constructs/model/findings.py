"""What a person should look at in a lifecycle policy: rules that never act, rules that do something else than they say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from ecr_constructs.model.images import Image
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.rules import LifecycleRule

__all__ = ["Finding", "Severity", "find"]

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """
    A fact about a lifecycle policy that a person should look at.

    Attributes:
        id: What it is called, such as `shadowed-rule`; docs/findings.md lists them.
        severity: `error`, `warning` or `info`.
        rule: The rule it is about, if it is about one.
        sentence: The fact.
        remedy: What to do.

    """

    id: str
    severity: Severity
    rule: LifecycleRule | None
    sentence: str
    remedy: str


def find(
    rules: Sequence[LifecycleRule], images: Iterable[Image] | None = None, *, immutability: Immutability | None = None
) -> tuple[Finding, ...]:
    """
    Say what a person should look at.

    Args:
        rules: The rules of a policy, by priority.
        images: The images of the repository: some facts are about them. Default: not known.
        immutability: Which tags of the repository are bound to their image. Default: not known.

    """
    raise NotImplementedError
