"""
The parts of a finding: its ID, severity, texts, documentation and check.

The decorator `finding_type` makes one from a check. `make docs-tables` renders the page 'Findings' of the
documentation, and a table of the page 'Warnings', from all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from ecr_constructs.model.lifecycle.findings.context import CheckContext
from ecr_constructs.model.lifecycle.rule import LifecycleRule

__all__ = ["MOST_SEVERE_FIRST", "Check", "FindingType", "Match", "Severity", "finding_type"]

Severity = Literal["error", "warning", "info"]
MOST_SEVERE_FIRST: tuple[Severity, ...] = ("error", "warning", "info")


class Match(NamedTuple):
    """
    One result of a check.

    Attributes:
        rule: The rule it is about, or `None` if it is about the whole policy.
        sentence: The fact.
        values: The values of the fields in the remedy.

    """

    rule: LifecycleRule | None
    sentence: str
    values: Mapping[str, str] = {}


Check = Callable[[CheckContext], Iterator[Match]]


@dataclass(frozen=True, kw_only=True, slots=True)
class FindingType:
    """
    One kind of finding.

    Attributes:
        id: The ID, such as `shadowed-rule`. It is public contract.
        severity: An `error` is a definite mistake, and fixing it cannot delete more images. A `warning` is a probable
            mistake. An `info` is a consequence that the policy does not address.
        summary: The fact in general, as one sentence.
        remedy: The fix in Python words. `{name}` is a field that the check fills in.
        json_remedy: The fix with the fields of a policy document. Default: `remedy` fits both.
        reason: Documentation in Markdown: why the fact matters, and when it is reported.
        fix: Documentation in Markdown: the fix.
        example: A Python program that prints a finding of this kind.
        check: Yields the results for a policy.
        needs_images: Whether it is only reported with images, and therefore not by constructs.
        reads_images: Whether the check reads images or their tags. Other checks run once for each distinct policy.

    """

    id: str
    severity: Severity
    summary: str
    remedy: str
    json_remedy: str | None
    reason: str
    fix: str
    example: str
    check: Check
    needs_images: bool = False
    reads_images: bool = False


def finding_type(
    id: str,
    *,
    severity: Severity,
    summary: str,
    remedy: str,
    json_remedy: str | None = None,
    reason: str,
    fix: str,
    example: str,
    needs_images: bool = False,
    reads_images: bool = False,
) -> Callable[[Check], FindingType]:
    """
    Return a decorator that makes a kind of finding from its check.

    Args:
        id: The ID.
        severity: The severity.
        summary: The fact in general, as one sentence.
        remedy: The fix in Python words.
        json_remedy: The fix with the fields of a policy document. Default: `remedy` fits both.
        reason: Documentation in Markdown: why the fact matters, and when it is reported.
        fix: Documentation in Markdown: the fix.
        example: A Python program that prints a finding of this kind.
        needs_images: Whether it is only reported with images. Default: no.
        reads_images: Whether the check reads images or their tags. Default: no.

    """

    def with_check(check: Check) -> FindingType:
        return FindingType(
            id=id,
            severity=severity,
            summary=summary,
            remedy=remedy,
            json_remedy=json_remedy,
            reason=reason,
            fix=fix,
            example=example,
            check=check,
            needs_images=needs_images,
            reads_images=reads_images,
        )

    return with_check
