"""Policy statements of ECR and KMS: the problems of one statement, and of several in one policy."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from ecr_constructs._documentation import page
from ecr_constructs.model.iam.actions import action_problems
from ecr_constructs.model.iam.conditions import condition_problems, narrows, rejected_conditions
from ecr_constructs.model.iam.principals import names_everyone, principal_problems, principals_of
from ecr_constructs.model.iam.values import UNKNOWN, possible, text_of
from ecr_constructs.model.partitions import arn_problems
from ecr_constructs.model.template_syntax import mapping

__all__ = [
    "Statement",
    "is_public",
    "public_problems",
    "sid_problems",
    "sids_of",
    "statement_problems",
    "unconfirmed_services",
]

Statement = Mapping[str, Any]

_EFFECTS = ("Allow", "Deny")

# Keys that identify the resource on whose behalf an AWS service makes a request:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
_SOURCE_KEYS = frozenset({"aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"})


def statement_problems(
    statement: Statement, policy: Literal["repository", "registry"], *, region: str | None = None
) -> Iterator[str]:
    """
    Yield the problems of a statement that are the same in all policies of ECR.

    Args:
        statement: The statement, as a policy document contains it. A value that is known only at deployment is not
            checked.
        policy: The kind of policy.
        region: The Region of the policy. Default: it is known only at deployment.

    Yields:
        One sentence for each problem, with the value and the fix.

    """
    if not _has_any(statement, "Principal", "NotPrincipal"):
        yield "the statement has no principal; use principals= for the principals that it allows or denies"
    if not _has_any(statement, "Action", "NotAction"):
        yield "the statement has no action; name some with actions=, such as 'ecr:BatchGetImage'"
    yield from _element_problems(statement)
    yield from public_problems(statement)
    yield from principal_problems(statement)
    yield from _partition_problems(statement, region)
    yield from condition_problems(statement.get("Condition"))
    for element in ("Action", "NotAction"):
        for action in possible(statement.get(element, [])):
            yield from action_problems(action, policy)


def _partition_problems(statement: Statement, region: str | None) -> Iterator[str]:
    for element in ("Principal", "NotPrincipal"):
        for _, value in principals_of(statement, element):
            if UNKNOWN not in text_of(value):
                yield from arn_problems("principal", text_of(value), region)


def _has_any(statement: Statement, *elements: str) -> bool:
    """Return whether a statement has a value in one of several elements."""
    return any(True for element in elements for _ in possible(statement.get(element, [])))


def _element_problems(statement: Statement) -> Iterator[str]:
    for effect in possible(statement.get("Effect", "Allow")):
        if UNKNOWN not in text_of(effect) and effect not in _EFFECTS:
            yield f"Effect {effect!r} does not exist; use 'Allow' or 'Deny'"
    for sid in possible(statement.get("Sid", [])):
        if isinstance(sid, (bool, int, float)):
            yield f"Sid {sid!r} is not text; write {str(sid)!r}"


def is_public(statement: Statement, *, in_key_policy: bool = False) -> bool:
    """
    Return whether a statement is public.

    A public statement allows principal `*` without a condition that limits the principals or their network.

    Args:
        statement: The statement, as a policy document contains it.
        in_key_policy: Whether the statement is in a key policy of AWS KMS. Default: it is not.

    """
    if all(effect == "Deny" for effect in possible(statement.get("Effect", "Allow"))) or not names_everyone(statement):
        return False
    return not narrows(statement.get("Condition"), in_key_policy=in_key_policy)


def public_problems(statement: Statement, *, in_key_policy: bool = False) -> Iterator[str]:
    """
    Yield the problem of a statement that allows everyone.

    Args:
        statement: The statement, as a policy document contains it.
        in_key_policy: Whether the statement is in a key policy of AWS KMS. Default: it is not.

    """
    if not is_public(statement, in_key_policy=in_key_policy):
        return
    rejected = ", ".join(rejected_conditions(statement.get("Condition")))
    reason = f"; its condition {rejected} does not limit them" if rejected else ""
    yield (
        "the statement is public: it allows every principal without a condition that limits the principals or their "
        f"network{reason}; name accounts as principals, use Access.organization_pull('o-...'), or add a condition that "
        f"{page('Policies')} lists"
    )


def sids_of(statements: Iterable[Statement]) -> dict[str, Statement]:
    """Return the statements with a known Sid, by their Sid."""
    return {
        each["Sid"]: each
        for each in statements
        if isinstance(each.get("Sid"), str) and UNKNOWN not in text_of(each["Sid"])
    }


def sid_problems(
    statements: Sequence[Statement], *, taken: Mapping[str, Statement] | None = None, is_written: bool = False
) -> Iterator[str]:
    """
    Yield each Sid that different statements of a policy have. IAM requires unique Sids.

    Args:
        statements: Statements of the policy. Equal statements count once, because they are merged.
        taken: Other statements of the policy, by their Sid. Default: none.
        is_written: Whether the policy has the statements unmerged. Statements with different tokens then remain
            separate. Default: no.

    """
    text = _exact_text if is_written else _text_of_statement
    found: dict[str, Statement] = dict(taken or {})
    repeated: dict[str, None] = {}
    for statement in statements:
        for sid in sids_of([statement]):
            if text(found.setdefault(sid, statement)) != text(statement):
                repeated[sid] = None
    for sid in repeated:
        yield f"Sid {sid!r} is that of another statement of the policy; give each statement a Sid of its own, or none"


def _text_of_statement(statement: Statement) -> str:
    """Return a statement as text. All tokens are equal, because two tokens can have the same value."""
    return text_of(_exact_text(statement))


def _exact_text(statement: Statement) -> str:
    return json.dumps(statement, sort_keys=True, default=str)


def unconfirmed_services(statement: Statement) -> Iterator[str]:
    """
    Yield the AWS services that a statement allows for any account, because it has no condition on the source.

    Args:
        statement: The statement, as a policy document contains it.

    """
    condition = {
        operator: {key: value for key, value in mapping(block).items() if str(key).lower() in _SOURCE_KEYS}
        for operator, block in mapping(statement.get("Condition")).items()
    }
    # A condition with IfExists, or on any account such as `arn:aws:lambda:*:*:function:*`, confirms no source.
    if statement.get("Effect") == "Allow" and not narrows(condition):
        for kind, value in principals_of(statement):
            if kind == "Service":
                yield text_of(value).replace(UNKNOWN, "...")
