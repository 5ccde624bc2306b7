"""The result of applying compliance rules to the resources of an app."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from ecr_constructs.errors import EcrConstructsError, abbreviate
from ecr_constructs.model.compliance.resources import AppResources, NotDecidable, TemplateResource
from ecr_constructs.model.compliance.rule import Breach, ComplianceRule

__all__ = ["RuleResult", "Status", "judge"]

Status = Literal["met", "not met", "not decidable"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleResult:
    """
    The result of one rule for one resource.

    Attributes:
        rule: The rule.
        resource: The resource.
        status: `met`, `not met`, or `not decidable` if the result depends on a value that is known only at deployment.
        breaches: The reasons for `not met`.
        reason: The reason for `not decidable`. Default: empty.

    """

    rule: ComplianceRule
    resource: TemplateResource
    status: Status
    breaches: tuple[Breach, ...] = ()
    reason: str = ""


def judge(app: AppResources, rules: Iterable[ComplianceRule]) -> tuple[RuleResult, ...]:
    """
    Return the result of each rule for each resource of its types.

    Args:
        app: The resources.
        rules: The rules.

    Raises:
        EcrConstructsError: If the check of a rule raises an error.

    """
    return tuple(_results(app, tuple(rules)))


def _results(app: AppResources, rules: tuple[ComplianceRule, ...]) -> Iterator[RuleResult]:
    for resource in app.all:
        for rule in rules:
            if resource.type in rule.types:
                yield _result_of(rule, resource, app)


def _breach(value: object) -> Breach:
    if not isinstance(value, Breach):
        raise TypeError(f"the check yields {abbreviate(value)} instead of a Breach")
    return value


def _result_of(rule: ComplianceRule, resource: TemplateResource, app: AppResources) -> RuleResult:
    try:
        breaches = tuple(map(_breach, rule.check(resource, app)))
    except NotDecidable as undecided:
        return RuleResult(rule=rule, resource=resource, status="not decidable", reason=str(undecided))
    except Exception as error:
        message = f"rule {rule.id!r} cannot check the resource: {type(error).__name__}: {error}; correct its check"
        raise EcrConstructsError([message], path=resource.label) from error
    return RuleResult(rule=rule, resource=resource, status="not met" if breaches else "met", breaches=breaches)
