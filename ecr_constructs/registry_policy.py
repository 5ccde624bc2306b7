"""
The policy of a registry: what other accounts, and those who make repositories, may do with all of it.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from ecr_constructs.access import Access
from ecr_constructs.model.actions import CACHE_PULL, IMPORT, REPLICATE
from ecr_constructs.model.grammar import is_token
from ecr_constructs.statements import (
    MAXIMUM_CHARACTERS,
    VERSION,
    length_of,
    merge,
    several,
    spelled,
    statement_problems,
)

__all__ = [
    "RegistryPolicy",
    "cache_statement",
    "consumer_problems",
    "creation_denial",
    "creation_exceptions",
    "import_statements",
    "principal_problems",
    "replication_statement",
]

Statement = Mapping[str, Any]

# Service-linked roles of ECR make repositories for caches and copies.
_SERVICE_LINKED_ROLES = "role/aws-service-role/*"
# What `aws:PrincipalArn` may be: who has assumed a role has the ARN of the role there, and not that of the session.
_PRINCIPAL = re.compile(r"arn:[a-z*-]+:iam::([0-9]{12}|\*):(role|user)/.+")
_SCANNING = "ecr:putregistryscanningconfiguration"


class RegistryPolicy:
    """
    The statements of a registry policy, from all who contribute to it.

    Args:
        stack: The stack of the registry, in which the policy is measured.

    """

    def __init__(self, stack: cdk.Stack) -> None:
        self._stack = stack
        self._statements: list[iam.PolicyStatement] = []
        self._characters = length_of({"Version": VERSION, "Statement": []})

    def problems_with(self, *statements: iam.PolicyStatement) -> Iterator[str]:
        """
        Say why ECR would refuse the policy with these statements, or why we do.

        Args:
            statements: Statements that somebody wants to add.

        Yields:
            One sentence for each fault.

        """
        written = [statement.to_json() for statement in statements]
        for statement in written:
            yield from _statement_problems(statement)
        # Statements are merged, so only a policy that looks too long is measured as it would be written.
        if self._characters + length_of(written) > MAXIMUM_CHARACTERS:
            yield from self._length_problems(written)

    @property
    def is_empty(self) -> bool:
        """Whether nobody has contributed anything."""
        return not self._statements

    def add(self, statements: Iterable[iam.PolicyStatement]) -> None:
        """Add statements that have no problems."""
        for statement in statements:
            self._statements.append(statement)
            self._characters += length_of([statement.to_json()])

    def faults(self) -> list[str]:
        """Say what has become wrong with the policy since its statements were added."""
        problems = [problem for statement in self._written() for problem in _statement_problems(statement)]
        return [*problems, *self._length_problems([])]

    def document(self) -> Mapping[str, Any]:
        """
        Write the policy, in an order that follows from what it says; those who contribute come in any.

        Tokens are resolved to compare them, and written as they are: some become references between stacks.
        """
        return _document(self._written(), lambda part: spelled(self._stack.resolve(part)))

    def _written(self) -> list[Statement]:
        return [statement.to_json() for statement in self._statements]

    def _length_problems(self, more: Sequence[Statement]) -> Iterator[str]:
        length = length_of(_document(self._stack.resolve([*self._written(), *more]), spelled))
        if length > MAXIMUM_CHARACTERS:
            yield (
                f"the registry policy has {length} characters; ECR allows {MAXIMUM_CHARACTERS}, "
                "let statements share their principals or their repositories"
            )


def _document(statements: Sequence[Statement], spell: Callable[[object], str]) -> Mapping[str, Any]:
    merged = merge(merge(statements, "Resource", spell), "Principal", spell)
    return {"Version": VERSION, "Statement": _ordered(merged, spell)}


def _ordered(value: Any, spell: Callable[[object], str]) -> Any:  # noqa: ANN401  (any part of a statement)
    """Put lists in an order that follows from what they say; in statements no order has a meaning."""
    if isinstance(value, dict):
        return {key: _ordered(each, spell) for key, each in value.items()}
    if not isinstance(value, list):
        return value
    ordered = [_ordered(each, spell) for each in value]
    # One alone may stand for a list that is known only at deployment, and cannot be spelled by itself.
    return sorted(ordered, key=spell) if len(ordered) > 1 else ordered


def replication_statement(account: str, resources: Sequence[str]) -> iam.PolicyStatement:
    """Let another account's registry copy into this one, and make the repositories for the copies."""
    return iam.PolicyStatement(
        principals=[iam.AccountPrincipal(account)], actions=list(REPLICATE), resources=list(resources)
    )


def import_statements(consumer: Access, resources: Sequence[str]) -> list[iam.PolicyStatement]:
    """Let a consumer be the first to pull an image through a cache; pulling itself is for the repository policy."""
    return [
        iam.PolicyStatement.from_json({**statement, "Action": list(IMPORT), "Resource": list(resources)})
        for statement in consumer.statements()
    ]


def cache_statement(account: str, resources: Sequence[str]) -> iam.PolicyStatement:
    """Let the caches of another account copy from repositories of this one."""
    return iam.PolicyStatement(
        principals=[iam.AccountPrincipal(account)], actions=list(CACHE_PULL), resources=list(resources)
    )


def creation_denial(account: str, principals: Sequence[str], resources: Sequence[str]) -> iam.PolicyStatement:
    """
    Deny everybody else in the account to make repositories.

    Other accounts can do only what a statement lets them, and what ECR does by itself is left alone.
    """
    operator, excepted = creation_exceptions(principals)
    return iam.PolicyStatement(
        effect=iam.Effect.DENY,
        principals=[iam.AnyPrincipal()],
        actions=["ecr:CreateRepository"],
        resources=list(resources),
        conditions={
            "StringEquals": {"aws:PrincipalAccount": account},
            operator: excepted,
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
        },
    )


def creation_exceptions(principals: Sequence[str]) -> tuple[str, Mapping[str, Sequence[str]]]:
    """Write the condition of the denial that leaves these principals alone."""
    return "ArnNotLike", {"aws:PrincipalArn": [*principals, f"arn:{cdk.Aws.PARTITION}:iam::*:{_SERVICE_LINKED_ROLES}"]}


def principal_problems(arns: Sequence[str]) -> Iterator[str]:
    """Say why these cannot be the only principals that make repositories."""
    if not arns:
        yield "except_for: nobody could make repositories any more, nor could CloudFormation; name its role"
    for arn in arns:
        if not is_token(arn) and not _PRINCIPAL.fullmatch(arn):
            yield (
                f"except_for: {arn!r} is not the ARN of a role or user; "
                "write one such as 'arn:aws:iam::111122223333:role/deployer'"
            )


def consumer_problems(consumer: Access) -> Iterator[str]:
    """Say why this cannot be a consumer of a cache."""
    if not isinstance(consumer, Access):
        raise TypeError(f"a consumer must be an Access such as Access.account_pull('111122223333'), got {consumer!r}")
    if consumer.intent not in ("account_pull", "organization_pull"):
        yield (
            f"consumers: {consumer.intent} is not for caches: Lambda cannot pull through one, and nobody pushes to it; "
            "use Access.account_pull(...) or Access.organization_pull(...)"
        )


def _statement_problems(statement: Statement) -> Iterator[str]:
    if "Resource" not in statement and "NotResource" not in statement:
        yield "the statement names no resources; a registry policy says which repositories, with resources="
    yield from statement_problems(statement, "registry")
    if statement.get("Effect") == "Deny" and not statement.get("Condition"):
        denied = [action for action in several(statement.get("Action", [])) if _is_scanning(action)]
        if "NotAction" in statement and not any(map(_is_scanning, several(statement["NotAction"]))):
            denied.append("all actions but some")
        for action in denied:
            yield (
                f"the statement denies {action}, and Amazon Inspector could not switch scanning; "
                "deny the actions you mean"
            )


def _is_scanning(action: object) -> bool:
    return fnmatchcase(_SCANNING, str(action).lower())
