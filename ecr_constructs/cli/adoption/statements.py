"""The statements of policies as arguments of constructs: `Access` if it has the same effect, otherwise statements."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from ecr_constructs.cli.adoption.values import raw, text
from ecr_constructs.cli.python_code.calls import Call
from ecr_constructs.model.changes.state import object_of
from ecr_constructs.model.iam.intents import INTENTS, INTENTS_OF_ORGANIZATIONS
from ecr_constructs.model.iam.permissions import (
    APP_RUNNER_PULL,
    CACHE_PULL,
    LAMBDA_PULL,
)
from ecr_constructs.model.iam.resources import resource_problems
from ecr_constructs.model.iam.statements import Statement, sid_problems, statement_problems
from ecr_constructs.model.iam.values import UNKNOWN, as_list, possible, text_of
from ecr_constructs.model.template_syntax import has_functions
from ecr_constructs.model.validation import ORGANIZATION_ID, ORGANIZATIONAL_UNIT, ROLE_ARN

__all__ = ["PolicyCode", "policy_code", "policy_problems", "statement_call"]

_ACCOUNT = re.compile(r"([0-9]{12})|arn:[^:]*:iam::([0-9]{12}):root")
_FUNCTIONS = re.compile(r"arn:[^:]*:lambda:([^:]*):([0-9]{12}):function:\*")
_PROJECTS = re.compile(r"arn:[^:]*:codebuild:\*:([0-9]{12}):project/\*")
_OLD_VERSION = "2008-10-17"
_MAXIMUM_CHARACTERS = 10_240
_TEXTS = ("Action", "NotAction", "Resource", "NotResource")
_ELEMENTS = frozenset(
    {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)
# AWS Lambda writes its statement with this Sid. The Sid does not change, and identifies the statement:
# https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
_LAMBDA_SID = "LambdaECR"
# The end of the name of each `Access` by its actions.
_VERBS: Mapping[frozenset[str], str] = {
    **{frozenset(actions): verb for verb, actions in INTENTS.items()},
    frozenset(APP_RUNNER_PULL): "app_runner_pull",
    frozenset(CACHE_PULL): "cache_pull",
}


class PolicyCode(NamedTuple):
    """
    A policy as arguments of a construct.

    Attributes:
        access: The calls for `access=`.
        statements: The calls for `policy_statements=`.

    """

    access: list[object]
    statements: list[object]


def policy_problems(policy: object, kind: Literal["repository", "registry"], region: str | None) -> Iterator[str]:
    """
    Yield the reasons why a policy cannot be an argument of a construct of this library.

    Args:
        policy: The document, or its JSON text.
        kind: The kind of policy.
        region: The Region of the policy. Default: not known.

    """
    document = object_of(policy)
    statements = as_list(document.get("Statement", []))
    if has_functions([policy]) and not document.get("Statement"):
        yield "CloudFormation computes its policy at deployment"
        return
    if not statements or not all(isinstance(each, Mapping) and set(each) <= _ELEMENTS for each in statements):
        yield "its policy has no statements, or elements that are not part of a statement"
        return
    if document.get("Version", _OLD_VERSION) == _OLD_VERSION and "${" in json.dumps(statements):
        yield f"the version {_OLD_VERSION} of its policy has no policy variables, and the constructs write 2012-10-17"
    for statement in statements:
        if kind == "repository" and ("Resource" in statement or "NotResource" in statement):
            yield "a statement of its policy names resources"
        for each in possible(statement.get("Resource", []) if kind == "registry" else []):
            yield from resource_problems(each, account=None, region=region)
        yield from statement_problems(statement, kind, region=region)
    yield from sid_problems(statements)
    if len(json.dumps(document, separators=(",", ":"))) > _MAXIMUM_CHARACTERS:
        yield f"its policy has more than {_MAXIMUM_CHARACTERS:,} characters"


def policy_code(policy: object) -> PolicyCode:
    """
    Return a repository policy as arguments of a construct.

    Args:
        policy: The document without problems, or its JSON text.

    """
    statements = [each for each in as_list(object_of(policy).get("Statement", [])) if isinstance(each, Mapping)]
    pairs = list(_lambda_pairs(statements))
    found = PolicyCode([], [])
    for statement in statements:
        # The first statement of a pair determines the place of its value. The order is then that of the policy.
        access = [_access("lambda_pull", account) for account, pair in pairs if statement in pair] or _access_of(
            statement
        )
        found.access.extend(access)
        if not access:
            found.statements.append(statement_call(statement))
    unique = {str(each): each for each in found.access}
    return PolicyCode(list(unique.values()), found.statements)


def statement_call(statement: Statement) -> Call:
    """
    Return the call that builds a statement.

    Args:
        statement: The statement, as a policy document contains it.

    """
    elements = {name: _texts(value) if name in _TEXTS else raw(value) for name, value in statement.items()}
    return Call(name="iam.PolicyStatement.from_json", arguments=[{"Effect": "Allow", **elements}])


def _texts(value: object) -> object:
    """Return texts for `PolicyStatement.from_json`, which rejects functions of CloudFormation in these elements."""
    return [text(each) for each in value] if isinstance(value, list) else text(value)


def _access(intent: str, subject: str) -> Call:
    return Call(name=f"Access.{intent}", arguments=[subject])


def _access_of(statement: Statement) -> list[object]:
    """Return the values that have the same effect as a statement. Empty if there are none."""
    if not _is_plain(statement):
        return []
    verb = _VERBS.get(_actions(statement))
    condition = _only_condition(statement)
    if verb == "pull" and (account := _account_of_projects(statement)):
        return [_access("codebuild_pull", account)]
    if condition is None:
        is_of_account = verb in {*INTENTS, "cache_pull"}
        intent = verb if verb == "cache_pull" else f"account_{verb}"
        return [_access(intent, each) for each in _accounts(statement) or ()] if is_of_account else []
    found = _conditional_intent(statement, verb, condition)
    return [_access(*found)] if found else []


def _conditional_intent(
    statement: Statement, verb: str | None, condition: tuple[str, str, str]
) -> tuple[str, str] | None:
    """Return the intent and the subject of a statement with one condition."""
    operator, key, value = condition
    is_everyone = statement.get("Principal") == {"AWS": "*"} and verb in INTENTS_OF_ORGANIZATIONS
    if is_everyone and (operator, key) == ("StringEquals", "aws:PrincipalOrgID"):
        return None if ORGANIZATION_ID.problems(value) else (f"organization_{verb}", value)
    if is_everyone and (operator, key) == ("ForAnyValue:StringLike", "aws:PrincipalOrgPaths") and value.endswith("/*"):
        path = value.removesuffix("/*")
        return None if ORGANIZATIONAL_UNIT.problems(path) else (f"organizational_unit_{verb}", path)
    is_role = (operator, key) == ("ArnLike", "aws:PrincipalArn") and not ROLE_ARN.problems(value)
    if is_role and _accounts(statement) == [value.split(":")[4]] and verb in {*INTENTS, "app_runner_pull"}:
        return ("app_runner_pull" if verb == "app_runner_pull" else f"role_{verb}"), value
    return None


def _account_of_projects(statement: Statement) -> str | None:
    """Return the account of the statement that `Access.codebuild_pull` writes."""
    condition: Any = statement.get("Condition")
    if statement.get("Principal") != {"Service": "codebuild.amazonaws.com"} or not isinstance(condition, Mapping):
        return None
    match = _PROJECTS.fullmatch(text_of(object_of(condition.get("ArnLike")).get("aws:SourceArn")))
    if match is None or {**condition, "ArnLike": 0} != {"StringEquals": {"aws:SourceAccount": match[1]}, "ArnLike": 0}:
        return None
    return match[1] if list(condition["ArnLike"]) == ["aws:SourceArn"] else None


def _lambda_pairs(statements: Sequence[Statement]) -> Iterator[tuple[str, list[Statement]]]:
    """Yield each account with the two statements that `Access.lambda_pull` writes."""
    for service in statements:
        condition = _only_condition(service) if _is_plain(service) else None
        is_service = service.get("Principal") == {"Service": "lambda.amazonaws.com"}
        if condition and is_service and _actions(service) == frozenset(LAMBDA_PULL):
            functions = _FUNCTIONS.fullmatch(condition[2])
            # Access.lambda_pull writes the Region of the repository as a reference.
            if functions and condition[:2] == ("ArnLike", "aws:SourceArn") and functions[1] == UNKNOWN:
                root = next((each for each in statements if _is_root_of_functions(each, functions[2])), None)
                if root is not None:
                    yield functions[2], [service, root]


def _is_root_of_functions(statement: Statement, account: str) -> bool:
    return (
        _is_plain(statement)
        and "Condition" not in statement
        and _actions(statement) == frozenset(LAMBDA_PULL)
        and _accounts(statement) == [account]
    )


def _is_plain(statement: Statement) -> bool:
    is_allowed = statement.get("Effect", "Allow") == "Allow"
    is_of_lambda = str(statement.get("Sid", "")).startswith(_LAMBDA_SID)
    return is_allowed and not is_of_lambda and set(statement) <= {"Sid", "Effect", "Principal", "Action", "Condition"}


def _actions(statement: Statement) -> frozenset[str]:
    return frozenset(each if isinstance(each, str) else "" for each in as_list(statement.get("Action", [])))


def _accounts(statement: Statement) -> list[str] | None:
    """Return the accounts that are the principals of a statement, or None if it has others."""
    principal = statement.get("Principal")
    if not isinstance(principal, Mapping) or list(principal) != ["AWS"]:
        return None
    found = [_ACCOUNT.fullmatch(text_of(each)) for each in as_list(principal["AWS"])]
    return [str(each[1] or each[2]) for each in found if each] if all(found) else None


def _only_condition(statement: Statement) -> tuple[str, str, str] | None:
    """Return operator, key and value of the only condition. A statement with several conditions has empty ones."""
    condition: Any = statement.get("Condition")
    if condition is None:
        return None
    entries = [
        (str(operator), str(key), value)
        for operator, keys in (condition.items() if isinstance(condition, Mapping) else ())
        for key, value in (keys.items() if isinstance(keys, Mapping) else ())
    ]
    if len(entries) != 1:
        return "", "", ""
    operator, key, value = entries[0]
    values = as_list(value)
    return (operator, key, text_of(values[0])) if len(values) == 1 else ("", "", "")
