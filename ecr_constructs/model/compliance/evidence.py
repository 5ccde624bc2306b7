"""Evidence of compliance: the result of each control for each resource, as a JSON document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from ecr_constructs.model.compliance import RULES
from ecr_constructs.model.compliance.exceptions import RuleException
from ecr_constructs.model.compliance.resources import POLICY_PROPERTIES, AppResources, TemplateResource
from ecr_constructs.model.compliance.rule import CONTROLS
from ecr_constructs.model.compliance.rule_results import RuleResult, judge

__all__ = ["evidence"]

_SERVING = {control: rule for rule in RULES.values() for control in rule.controls}


def evidence(app: AppResources, exceptions: Sequence[RuleException], today: date) -> Mapping[str, Any]:
    """
    Return the results of all controls and rules for the ECR resources of an app, as JSON values.

    Args:
        app: The resources.
        exceptions: The exceptions from rules.
        today: The current day, for the expiry of exceptions.

    Returns:
        `controls`, the documentation of each control; `resources`, the result of each control for each repository,
        creation template and registry policy; and `findings`, the breaches of rules without a control.

    """
    found = judge(app, RULES.values())
    results: dict[int, dict[str, RuleResult]] = {}
    for each in found:
        results.setdefault(id(each.resource), {})[each.rule.id] = each
    return {
        "controls": dict(CONTROLS),
        "resources": [
            {**_identity(each), "controls": dict(_controls(results[id(each)], exceptions, today))}
            for each in app.all
            if each.type in POLICY_PROPERTIES
        ],
        "findings": [
            {**_identity(each.resource), **_result(each, exceptions, today), "level": each.rule.level}
            for each in found
            if not each.rule.controls and each.status == "not met"
        ],
    }


def _identity(resource: TemplateResource) -> Mapping[str, str | None]:
    return {
        "stack": resource.stack,
        "environment": resource.environment or None,
        "logical_id": resource.logical_id,
        "path": resource.path or None,
        "type": resource.type,
        "name": resource.name,
    }


def _controls(
    results: Mapping[str, RuleResult], exceptions: Sequence[RuleException], today: date
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for control in CONTROLS:
        result = results.get(_SERVING[control].id)
        yield control, _result(result, exceptions, today) if result else {"status": "not applicable"}


def _result(result: RuleResult, exceptions: Iterable[RuleException], today: date) -> Mapping[str, Any]:
    reasons = [result.reason] if result.reason else [each.sentence for each in result.breaches]
    covering = [each for each in exceptions if result.status != "met" and each.covers(result)]
    entry: dict[str, Any] = {"status": result.status, "rule": result.rule.id}
    if reasons:
        entry |= {"reasons": reasons, "remedy": result.rule.remedy}
    if covering:
        entry["exceptions"] = [
            {
                "reason": each.reason,
                "owner": each.owner,
                "expires": each.expires.isoformat(),
                "is_expired": each.is_expired(today),
            }
            for each in covering
        ]
    return entry
