"""Policy statements as ECR reads them: what is wrong with one, and how several become one document."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from aws_cdk import aws_iam as iam

from ecr_constructs.model.actions import LOGIN

__all__ = [
    "MAXIMUM_CHARACTERS",
    "VERSION",
    "document_of",
    "length_of",
    "merge",
    "several",
    "spelled",
    "statement_problems",
]

# RepositoryPolicyText and RegistryPolicyText in the service model.
MAXIMUM_CHARACTERS = 10_240
VERSION = "2012-10-17"

# How the CDK spells a list that is known only at deployment; nothing can stand beside it.
_UNKNOWN_LIST = "#{Token["
_LOGIN = tuple(action.lower() for action in LOGIN)
# The least that references stand for; of all others the length is known only at deployment.
_SHORTEST = {"AWS::Partition": "aws", "AWS::Region": "us-east-1", "AWS::AccountId": "0" * 12}


def document_of(statements: Sequence[Mapping[str, Any]]) -> iam.PolicyDocument:
    """Make a document of the CDK's, in which statements that can be one are one."""
    return iam.PolicyDocument(
        statements=[iam.PolicyStatement.from_json(dict(one)) for one in statements], minimize=True
    )


def spelled(value: object) -> str:
    """Write a part of a statement so that parts which say the same are alike."""
    return json.dumps(value, sort_keys=True)


def merge(
    statements: Iterable[Mapping[str, Any]],
    part: Literal["Resource", "Principal"],
    spell: Callable[[object], str] = spelled,
) -> list[Mapping[str, Any]]:
    """
    Make one of statements that differ in one part only.

    Args:
        statements: As they are written.
        part: In what they may differ. Of principals, only accounts, roles and users are put together.
        spell: How parts are compared. Default: as they are written.

    """
    merged: dict[tuple[bool, str], Mapping[str, Any]] = {}
    parts: defaultdict[tuple[bool, str], dict[str, object]] = defaultdict(dict)
    for statement in statements:
        named = _named(statement, part)
        rest = {key: value for key, value in statement.items() if key != part or not named}
        alike = (bool(named), spell(rest))
        merged.setdefault(alike, statement)
        parts[alike].update((spell(one), one) for one in named)
    return [{**statement, **_written(part, parts[alike])} for alike, statement in merged.items()]


def _named(statement: Mapping[str, Any], part: str) -> Sequence[object]:
    """Give the values of a part that can stand beside others, or none."""
    value = statement.get(part)
    if part == "Principal":
        value = value.get("AWS") if isinstance(value, Mapping) and list(value) == ["AWS"] else None
    named = () if value is None else several(value)
    return () if any(one == "*" or _UNKNOWN_LIST in str(one) for one in named) else named


def _written(part: str, values: Mapping[str, object]) -> Mapping[str, object]:
    if not values:
        return {}
    several_of_them = [values[text] for text in sorted(values)]
    one_or_several = several_of_them if len(several_of_them) > 1 else several_of_them[0]
    return {part: {"AWS": one_or_several} if part == "Principal" else one_or_several}


def statement_problems(statement: Mapping[str, Any], what: str) -> Iterator[str]:
    """
    Say what is wrong with a statement, whichever of ECR's policies it is for.

    Args:
        statement: As it is written.
        what: The kind of policy, for messages: `repository` or `registry`.

    Yields:
        One sentence for each fault.

    """
    if "Principal" not in statement and "NotPrincipal" not in statement:
        yield "the statement has no principal; name who is allowed or denied with principals="
    if "Action" not in statement and "NotAction" not in statement:
        yield "the statement has no action; name some with actions=, such as 'ecr:BatchGetImage'"
    if _is_public(statement):
        yield (
            "the statement lets everyone in (no condition, and principal '*' or all but some); name accounts, or use "
            "Access.organization_pull('o-...')"
        )
    for action in several(statement.get("Action", [])):
        if str(action).lower() in _LOGIN:
            yield f"a {what} policy cannot give {action}; use grant_pull or grant_push, which give it to identities"
        elif not str(action).lower().startswith(("ecr:", "*", "${")):
            yield f"{action!r} is not an action of ECR; a {what} policy has actions such as 'ecr:BatchGetImage'"


def length_of(value: object) -> int:
    """Measure a policy, or a part of one, as it will at least be when it is deployed."""
    return len(json.dumps(_deployed(value), separators=(",", ":"), default=str))


def _deployed(value: object) -> object:
    """Put in what references stand for, as short as it may be, so that a template can be measured."""
    if isinstance(value, Mapping) and len(value) == 1:
        ((function, argument),) = value.items()
        if function == "Fn::Join":
            return str(argument[0]).join(str(_deployed(part)) for part in argument[1])
        if function == "Ref" or function.startswith("Fn::"):
            return _SHORTEST.get(str(argument), "")
    if isinstance(value, Mapping):
        return {key: _deployed(each) for key, each in value.items()}
    return [_deployed(each) for each in value] if isinstance(value, list) else value


def _is_public(statement: Mapping[str, Any]) -> bool:
    if statement.get("Effect") != "Allow" or statement.get("Condition"):
        return False
    principal = statement.get("Principal")
    named = principal.values() if isinstance(principal, Mapping) else [principal]
    return "NotPrincipal" in statement or any("*" in several(value) for value in named)


def several(value: object) -> Sequence[Any]:
    """Read one or several, as policies write them, as several."""
    return value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
