"""Policies as ECR keeps them, whose descriptions may hold what this library would refuse to write."""

from __future__ import annotations

from collections.abc import Mapping

from ecr_constructs.model.lifecycle.parser import parse_json
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from ecr_constructs.model.validation import CONTROL_CHARACTER

__all__ = ["policy_of_document", "policy_of_text"]


def policy_of_text(text: str) -> LifecyclePolicy:
    """
    Return the policy in a text; control characters in its descriptions are written as escapes.

    AWS does not document which characters a description may have, and a description changes nothing for any image.

    Args:
        text: The JSON text.

    Raises:
        InvalidLifecyclePolicy: as `LifecyclePolicy.from_json`.

    """
    return policy_of_document(parse_json(text))


def policy_of_document(document: object) -> LifecyclePolicy:
    """
    Return the policy in a document, as `policy_of_text` does.

    Args:
        document: The parsed JSON.

    Raises:
        InvalidLifecyclePolicy: as `LifecyclePolicy.from_dict`.

    """
    rules = document.get("rules") if isinstance(document, Mapping) else None
    if isinstance(document, Mapping) and isinstance(rules, list):
        document = {**document, "rules": list(map(_with_escapes, rules))}
    return LifecyclePolicy.from_dict(document)


def _with_escapes(rule: object) -> object:
    description = rule.get("description") if isinstance(rule, Mapping) else None
    if not isinstance(rule, Mapping) or not isinstance(description, str):
        return rule
    escaped = CONTROL_CHARACTER.sub(lambda found: repr(found.group())[1:-1], description)
    return {**rule, "description": escaped}
