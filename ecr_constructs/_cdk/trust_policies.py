"""
Trust policies of roles that ECR assumes.

AWS documents one service principal for each of the two roles, in every partition, and neither of its examples has a
condition:

- https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates-create-iam.html
- https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from fnmatch import fnmatchcase
from typing import Any, Literal

from aws_cdk import aws_iam as iam

from ecr_constructs.errors import ArgumentTypeError, abbreviate
from ecr_constructs.model.iam.actions import matches_action
from ecr_constructs.model.iam.conditions import condition_problems
from ecr_constructs.model.iam.principals import principals_of
from ecr_constructs.model.iam.statements import Statement
from ecr_constructs.model.iam.values import UNKNOWN, as_list, possible, text_of

__all__ = [
    "CACHE_SERVICE",
    "TEMPLATE_SERVICE",
    "Service",
    "foreign_sources",
    "trust_condition_problems",
    "trust_principal",
    "trust_problems",
]

Service = Literal["ecr.amazonaws.com", "pullthroughcache.ecr.amazonaws.com"]
TEMPLATE_SERVICE: Service = "ecr.amazonaws.com"
CACHE_SERVICE: Service = "pullthroughcache.ecr.amazonaws.com"

_ASSUME = "sts:AssumeRole"
_BRANCHES = "Fn::If"
# Operators that a request with another value, or without the key, does not match.
_REQUIRING = re.compile(r"(?:ForAnyValue:)?(?:String(?:Equals(?:IgnoreCase)?|Like)|Arn(?:Equals|Like))", re.IGNORECASE)
_EXTERNAL_ID = "sts:externalid"
_ARN_FIELDS = 6


def trust_problems(document: object, service: Service) -> Iterator[str]:
    """
    Yield the reasons why a service cannot assume a role.

    Parts that are known only at deployment are not checked. Each branch of `Fn::If` counts.

    Args:
        document: The resolved trust policy.
        service: The service principal that ECR assumes the role with.

    Yields:
        One sentence for each fault.

    """
    statements = _statements(document)
    if statements is None:
        return
    allowing = [one for one in statements if one["Effect"] == "Allow" and _may_cover(one, service)]
    fix = f"create it with assumed_by=iam.ServicePrincipal({service!r})"
    if not allowing:
        named = ", ".join(sorted({name for one in statements for name in _allowed_principals(one)})) or "no principal"
        yield f"role: its trust policy allows sts:AssumeRole to {named} and not to {service}; {fix}"
    elif all(_requires_external_id(one) for one in allowing):
        yield f"role: its trust policy requires an external ID, and {service} sends none; {fix}, without external_ids="
    if any(_denies(one, service) for one in statements):
        yield f"role: its trust policy denies sts:AssumeRole to {service}; remove the Deny statement, or {fix}"


def foreign_sources(document: object, service: Service, account: str) -> Sequence[str]:
    """
    Return the accounts and ARNs that every statement for a service requires as source, if none is in an account.

    Args:
        document: The resolved trust policy.
        service: The service principal that ECR assumes the role with.
        account: The account of the registry.

    """
    found: list[str] = []
    for statement in _statements(document) or ():
        if statement["Effect"] == "Allow" and _may_cover(statement, service):
            foreign = _foreign(statement, account)
            if not foreign:
                return ()
            found += foreign
    return found


def trust_condition_problems(conditions: object, service: Service) -> Iterator[str]:
    """
    Yield the faults of conditions for the trust policy of a role that a construct creates.

    Args:
        conditions: The value of `trust_conditions=`.
        service: The service principal that ECR assumes the role with.

    Yields:
        One sentence for each fault.

    Raises:
        TypeError: If it is not a mapping of operators to mappings of condition keys to values.

    """
    if not isinstance(conditions, Mapping):
        raise ArgumentTypeError([f"{_KIND}, got {abbreviate(conditions)}"])
    if not conditions:
        yield "trust_conditions is empty; remove it for a trust policy without a condition"
    for operator, keys in conditions.items():
        _require_condition(operator, keys)
        if not keys:
            yield f"trust_conditions: {operator!r} has no condition key; add one such as 'aws:SourceAccount'"
        for key, value in keys.items():
            if value in ("", [], ()):
                yield f"trust_conditions: {key!r} has no value; add one such as '111122223333'"
    yield from (f"trust_conditions: {problem}" for problem in condition_problems(conditions))
    yield from trust_problems({"Statement": [_trust(service, conditions)]}, service)


_KIND = "trust_conditions must be a mapping such as {'StringEquals': {'aws:SourceAccount': '111122223333'}}"


def _require_condition(operator: object, keys: object) -> None:
    if not isinstance(operator, str) or not isinstance(keys, Mapping):
        raise ArgumentTypeError([f"{_KIND}, got {abbreviate({operator: keys})}"])
    for key, value in keys.items():
        values = as_list(value)
        if not isinstance(key, str) or not all(isinstance(one, (str, bool, int)) for one in values):
            raise ArgumentTypeError([f"{_KIND}, got {abbreviate({key: value})}"])


def _trust(service: Service, conditions: Mapping[str, Any]) -> Statement:
    return {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": service},
        "Condition": conditions,
    }


def _statements(document: object) -> Sequence[Statement] | None:
    """Return the statements of a policy, or None if they are known only at deployment."""
    if not isinstance(document, Mapping) or "Statement" not in document:
        return None
    statements = as_list(document["Statement"])
    return statements if all(isinstance(one, Mapping) and "Effect" in one for one in statements) else None


def _may_cover(statement: Statement, service: Service) -> bool:
    """Return whether a statement covers a service that assumes the role, or can cover it after deployment."""
    return _covers_action(statement, unknown=True) and _covers_principal(statement, service, unknown=True)


def _denies(statement: Statement, service: Service) -> bool:
    """Return whether a statement denies every request of a service to assume the role."""
    # A branch of Fn::If is not the value of every deployment.
    return (
        statement["Effect"] == "Deny"
        and not statement.get("Condition")
        and _BRANCHES not in str(statement)
        and _covers_action(statement, unknown=False)
        and _covers_principal(statement, service, unknown=False)
    )


def _covers_action(statement: Statement, *, unknown: bool) -> bool:
    name = "NotAction" if "NotAction" in statement else "Action"
    actions = list(possible(statement.get(name, [])))
    if any(UNKNOWN in text_of(one) for one in actions):
        return unknown
    return any(matches_action(one, _ASSUME) for one in actions) != (name == "NotAction")


def _covers_principal(statement: Statement, service: Service, *, unknown: bool) -> bool:
    name = "NotPrincipal" if "NotPrincipal" in statement else "Principal"
    named = [(kind, text_of(value)) for kind, value in principals_of(statement, name)]
    covering = (("Service", service), ("Service", "*"), ("AWS", "*"))
    covered = any(each in covering for each in named)
    if not named or (not covered and any(kind == "Service" and UNKNOWN in text for kind, text in named)):
        return unknown
    return covered != (name == "NotPrincipal")


def _allowed_principals(statement: Statement) -> Iterator[str]:
    """Yield the principals that a statement allows to assume the role, for messages."""
    if statement["Effect"] == "Allow" and "Principal" in statement and _covers_action(statement, unknown=False):
        for _, value in principals_of(statement):
            yield value if isinstance(value, str) else "a principal of the deployment"


def _conditions(statement: Statement, *keys: str) -> Iterator[Sequence[object]]:
    """Yield the values that a statement requires for condition keys, which are not case-sensitive."""
    condition = statement.get("Condition")
    for operator, required in condition.items() if isinstance(condition, Mapping) else ():
        if _REQUIRING.fullmatch(operator) and isinstance(required, Mapping):
            yield from (list(possible(value)) for key, value in required.items() if key.lower() in keys)


def _requires_external_id(statement: Statement) -> bool:
    return any(True for _ in _conditions(statement, _EXTERNAL_ID))


def _foreign(statement: Statement, account: str) -> list[str]:
    """Return the required sources of a statement if none of them is in an account."""
    for values in _conditions(statement, "aws:sourceaccount", "aws:sourcearn"):
        texts = [one for one in values if isinstance(one, str)]
        if len(texts) == len(values) and not any(_is_of(text, account) for text in texts):
            return texts
    return []


def _is_of(source: str, account: str) -> bool:
    """Return whether an account ID or ARN, which can have wildcards, can be of an account."""
    fields = source.split(":", _ARN_FIELDS - 1)
    if source.startswith("arn:") and len(fields) == _ARN_FIELDS:
        return not fields[4] or fnmatchcase(account, fields[4])
    return fnmatchcase(account, source) if not source.startswith("arn:") else True


def trust_principal(service: Service, conditions: Mapping[str, Any] | None) -> iam.IPrincipal:
    """
    Return the principal of the trust policy of a role that a construct creates.

    Args:
        service: The service principal that ECR assumes the role with.
        conditions: Conditions of the trust policy. AWS's pages show none, so none is added by default.

    """
    principal = iam.ServicePrincipal(service)
    return principal.with_conditions(_plain(conditions)) if conditions else principal


def _plain(conditions: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {
        operator: {key: _plain_value(value) for key, value in keys.items()} for operator, keys in conditions.items()
    }


def _plain_value(value: Any) -> Any:  # noqa: ANN401  (a text, a number, a boolean, or several)
    """Return a value for JavaScript, which accepts no Python enumeration."""
    if isinstance(value, Enum):
        return value.value
    return value if isinstance(value, (str, bool, int)) else [_plain_value(one) for one in value]
