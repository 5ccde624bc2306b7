"""What a person should look at in a lifecycle policy. docs/findings.md tells of each finding why it matters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from ecr_constructs.model.images import Image, require_images
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.lifecycle.findings.context import CheckContext
from ecr_constructs.model.lifecycle.findings.image_checks import remarks_on_images
from ecr_constructs.model.lifecycle.findings.rule_checks import remarks_on_rules
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.validation import abbreviate

__all__ = ["SEVERITIES", "Finding", "Severity", "find"]

Severity = Literal["error", "warning", "info"]

# An error is surely wrong, and what to do about it is safe. A warning looks wrong, and may be meant. An info is what a
# policy leaves open.
SEVERITIES: Mapping[str, Severity] = {
    "shadowed-rule": "error",
    "any-described-as-untagged": "error",
    "any-may-mean-untagged": "warning",
    "never-matches": "warning",
    "list-of-alternatives": "warning",
    "prefix-matches-another": "warning",
    "untagged-age-counts-from-push": "warning",
    "bound-tags-expire-by-count": "warning",
    "last-pull-counts-scanners": "info",
    "any-count-counts-parts": "info",
    "untagged-images-never-expire": "info",
    "tagged-images-never-expire": "info",
}
_MOST_SEVERE_FIRST: Sequence[Severity] = ("error", "warning", "info")


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

    A policy without rules says that nothing expires, so nothing is found in it.

    Args:
        rules: The rules of a policy, by priority.
        images: The images of the repository: some facts are about them. Default: not known.
        immutability: Which tags of the repository are bound to their image. Default: not known.

    Returns:
        The findings, errors first, and those about the whole policy after those about a rule.

    Raises:
        TypeError: for images, or an immutability, that are none.

    """
    if not isinstance(immutability, Immutability | None):
        raise TypeError(
            f"immutability must be an Immutability such as Immutability.all_tags(), got {abbreviate(immutability)}"
        )
    if images is None:
        return _of_policy(tuple(rules), immutability)
    there = tuple(images)
    require_images(there)
    tags = frozenset(tag for image in there for tag in image.tags)
    return _sorted(CheckContext(tuple(rules), immutability, there, tags))


# The repositories of an app share few policies.
@lru_cache(maxsize=256)
def _of_policy(rules: tuple[LifecycleRule, ...], immutability: Immutability | None) -> tuple[Finding, ...]:
    return _sorted(CheckContext(rules, immutability))


def _sorted(case: CheckContext) -> tuple[Finding, ...]:
    return tuple(sorted(_found(case), key=_order)) if case.rules else ()


def _found(case: CheckContext) -> Iterator[Finding]:
    for id, rule, sentence, remedy in (*remarks_on_rules(case), *remarks_on_images(case)):
        yield Finding(id=id, severity=SEVERITIES[id], rule=rule, sentence=sentence, remedy=remedy)


def _order(finding: Finding) -> tuple[int, float]:
    priority = finding.rule.rule_priority if finding.rule else float("inf")
    return _MOST_SEVERE_FIRST.index(finding.severity), priority
