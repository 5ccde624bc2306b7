"""Probable mistakes in a lifecycle policy, and consequences that are easy to overlook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from ecr_constructs.errors import InvalidImage, Problems
from ecr_constructs.model.images import Image, require_images, time_problem
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.lifecycle.findings import (
    description_checks,
    image_checks,
    loss_checks,
    rule_checks,
    selector_checks,
)
from ecr_constructs.model.lifecycle.findings.context import CheckContext
from ecr_constructs.model.lifecycle.findings.finding_type import (
    MOST_SEVERE_FIRST,
    FindingType,
    Match,
    Severity,
)
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.rule_engine import RuleEngine

__all__ = ["FINDING_TYPES", "SEVERITIES", "Finding", "Severity", "find"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """
    A probable mistake in a lifecycle policy, or a consequence that is easy to overlook.

    Attributes:
        id: The ID, such as `shadowed-rule`, which the page 'Findings' of the documentation lists.
        severity: `error`, `warning` or `info`.
        rule: The rule it is about, or `None` if it is about the whole policy.
        sentence: The fact.
        remedy: The fix, in Python words.
        json_remedy: The fix with the fields of a policy document, or `None` if `remedy` fits both.

    >>> from ecr_constructs.model import LifecyclePolicy, keep_latest
    >>> finding = LifecyclePolicy.of(keep_latest(10, matching="v*")).findings()[0]
    >>> finding.severity, finding.id
    ('info', 'untagged-images-never-expire')

    """

    id: str
    severity: Severity
    rule: LifecycleRule | None
    sentence: str
    remedy: str
    json_remedy: str | None = None


def _severity_rank(kind: FindingType | Finding) -> int:
    return MOST_SEVERE_FIRST.index(kind.severity)


# Every kind of finding that is defined in the modules with the checks, errors first.
FINDING_TYPES: Sequence[FindingType] = sorted(
    (
        each
        for module in (rule_checks, loss_checks, description_checks, selector_checks, image_checks)
        for each in vars(module).values()
        if isinstance(each, FindingType)
    ),
    key=_severity_rank,
)
_PLACES = {each.id: place for place, each in enumerate(FINDING_TYPES)}
SEVERITIES: Mapping[str, Severity] = {each.id: each.severity for each in FINDING_TYPES}


def find(
    rules: Sequence[LifecycleRule],
    images: Iterable[Image] | None = None,
    *,
    immutability: Immutability | None = None,
    at: datetime | None = None,
    in_use: Mapping[str, Sequence[str]] | None = None,
    engine: RuleEngine | None = None,
) -> tuple[Finding, ...]:
    """
    Return the findings of a policy: errors first, and by priority. A policy without rules has none.

    Args:
        rules: The rules of a policy, by priority.
        images: The images of the repository, which some checks use. Default: not known.
        immutability: The tag immutability of the repository, which some checks use. Default: not known.
        at: The instant of the evaluation, with a time zone. Tags of images that were pushed later count as tags of the
            repository. Default: the time of the newest push.
        in_use: The workloads that run an image, by digest. Default: not known.
        engine: The rules, applied to those of the images that were pushed by `at`. Default: they are applied here.

    Raises:
        TypeError: If an argument is of the wrong kind.
        InvalidImage: If an image is listed twice, or `at` has no time zone.

    """
    _check(immutability=immutability, at=at, in_use=in_use)
    if images is None:
        return _of_policy(tuple(rules), immutability)
    known = tuple(images)
    require_images(known)
    context = CheckContext(tuple(rules), immutability, known, at=at, in_use=in_use or {}, engine=engine)
    found = _checked(context, (kind for kind in FINDING_TYPES if kind.reads_images))
    return _sorted((*_without_images(context.rules, immutability), *found))


def _check(*, immutability: object, at: object, in_use: object) -> None:
    problems = Problems()
    problems.expect("immutability", immutability, Immutability, "Immutability.all_tags()", optional=True)
    is_time = problems.expect("at", at, datetime, "datetime.now(timezone.utc)", optional=True)
    problems.expect("in_use", in_use, Mapping, "{digest: ['service prod/api']}", optional=True)
    if is_time and at is not None and (problem := time_problem(at)):
        problems.add(f"at: {problem}")
    problems.raise_if_any(InvalidImage)


# The repositories of an app share few policies.
@lru_cache(maxsize=256)
def _of_policy(rules: tuple[LifecycleRule, ...], immutability: Immutability | None) -> tuple[Finding, ...]:
    return _sorted(_checked(CheckContext(rules, immutability), FINDING_TYPES))


# A fleet has thousands of repositories under few policies: only the other checks run for each of them.
@lru_cache(maxsize=256)
def _without_images(rules: tuple[LifecycleRule, ...], immutability: Immutability | None) -> tuple[Finding, ...]:
    return _checked(CheckContext(rules, immutability), [kind for kind in FINDING_TYPES if not kind.reads_images])


def _checked(context: CheckContext, kinds: Iterable[FindingType]) -> tuple[Finding, ...]:
    return tuple(_finding(kind, match) for kind in kinds for match in kind.check(context)) if context.rules else ()


def _finding(kind: FindingType, match: Match) -> Finding:
    return Finding(
        id=kind.id,
        severity=kind.severity,
        rule=match.rule,
        sentence=match.sentence,
        remedy=kind.remedy.format_map(match.values),
        json_remedy=None if kind.json_remedy is None else kind.json_remedy.format_map(match.values),
    )


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=_order))


def _order(finding: Finding) -> tuple[int, float, int]:
    priority = finding.rule.rule_priority if finding.rule else float("inf")
    return _severity_rank(finding), priority, _PLACES[finding.id]
