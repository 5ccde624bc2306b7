"""
The contradictions in the templates of an app, for apps without `Guardrails`.

Some constructs contradict resources that another construct of the app declares, such as a function or an event rule.
The templates are read, and not the construct tree, because each construct is a call to JavaScript. The comparison of
settings reads the templates as well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from weakref import WeakKeyDictionary

from constructs import IConstruct

from ecr_constructs.model.compliance.resources import AppResources, TemplateResource
from ecr_constructs.model.compliance.rule_results import RuleResult, judge

__all__ = ["CONTRADICTION_RULES", "contradictions", "is_reported", "mark_judged"]

_SCANNING = "images-scanned"
_EVENTS = "scan-event-source"
_ONE_OF_EACH = "single-registry-configuration"
CONTRADICTION_RULES = ("function-image-policy", _SCANNING, _EVENTS, _ONE_OF_EACH)
# The annotation of an alert with the same fact.
_ALERT = "ecr-constructs:findingsOfAnotherScanType"

# The stacks that `Guardrails` has checked, and the contradictions that are reported, for each app.
_judged: WeakKeyDictionary[IConstruct, frozenset[str]] = WeakKeyDictionary()
_reported: WeakKeyDictionary[IConstruct, frozenset[tuple[str, str]]] = WeakKeyDictionary()


def contradictions(
    app: IConstruct,
    resources: AppResources,
    scanned: Collection[str],
    annotations: Collection[tuple[str, str]],
) -> list[RuleResult]:
    """
    Return the contradictions in an app, without those in stacks that `Guardrails` has checked.

    Args:
        app: The app.
        resources: The resources of its templates.
        scanned: The construct paths of the resources of repositories that are to be scanned.
        annotations: The id and the construct path of each recorded annotation.

    """
    # The rules take time to import, and an app can have no validation.
    from ecr_constructs.model.compliance import RULES

    judged = _judged.get(app, frozenset())
    alerts = [path for name, path in annotations if name == _ALERT]
    found = [
        each
        for each in judge(resources, [RULES[id] for id in _rules_for(resources)])
        if each.breaches
        and _stack_of(each.resource) not in judged
        and (each.rule.id != _SCANNING or each.resource.path in scanned)
        and not any(each.resource.path.startswith(f"{path}/") for path in alerts)
    ]
    _reported[app] = frozenset(map(_key, found))
    return found


def mark_judged(app: IConstruct, stacks: Collection[str]) -> None:
    """
    Record that `Guardrails` has checked stacks, with its own levels and exceptions.

    Args:
        app: The app.
        stacks: The names of the stacks.

    """
    _judged[app] = _judged.get(app, frozenset()) | frozenset(stacks)


def is_reported(app: IConstruct, result: RuleResult) -> bool:
    """
    Return whether a result is among the contradictions that are reported.

    Args:
        app: The app.
        result: The result of a rule.

    """
    return _key(result) in _reported.get(app, ())


def _rules_for(resources: AppResources) -> Iterator[str]:
    """Yield the rules that can have a breach. Apps with no function and one scanning configuration have few."""
    types = [each.type for each in resources.all]
    configurations = [each for each in resources.all if each.type == "AWS::ECR::RegistryScanningConfiguration"]
    if "AWS::Lambda::Function" in types:
        yield "function-image-policy"
    if any(each.properties.get("ScanType") == "ENHANCED" for each in configurations):
        yield from (_SCANNING, _EVENTS)
    yield _ONE_OF_EACH


def _key(result: RuleResult) -> tuple[str, str]:
    return result.rule.id, f"{result.resource.stack}/{result.resource.logical_id}"


def _stack_of(resource: TemplateResource) -> str:
    # A nested stack is named after its parent.
    return resource.stack.partition("/")[0]
