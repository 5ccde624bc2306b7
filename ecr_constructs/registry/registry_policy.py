"""
The policy of a registry: what other accounts, and those who make repositories, may do with all of it.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from ecr_constructs._cdk.environment_registry import Environment
from ecr_constructs._cdk.policy_statements import (
    MAXIMUM_CHARACTERS,
    StatementList,
    Written,
    canonical_json,
    merge,
)
from ecr_constructs.model.iam.actions import matches_action
from ecr_constructs.model.iam.permissions import CACHE_PULL, IMPORT, REPLICATE
from ecr_constructs.model.iam.principals import names_everyone, principals_of
from ecr_constructs.model.iam.resources import resource_problems
from ecr_constructs.model.iam.statements import Statement, statement_problems
from ecr_constructs.model.iam.values import UNKNOWN, possible, text_of
from ecr_constructs.model.validation import is_token
from ecr_constructs.repository.access import Access

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

# Service-linked roles of ECR make repositories for caches and copies.
_SERVICE_LINKED_ROLES = "role/aws-service-role/*"
# What `aws:PrincipalArn` may be: who has assumed a role has the ARN of the role there, and not that of the session.
_PRINCIPAL = re.compile(r"arn:[a-z*-]+:iam::([0-9]{12}|\*):(role|user)/.+")
_SCANNING = "ecr:putregistryscanningconfiguration"


class RegistryPolicy:
    """
    The statements of a registry policy, from all constructs that contribute to it.

    Args:
        stack: The stack of the registry, in which tokens are resolved.
        environment: The account and Region of the registry.

    """

    def __init__(self, stack: cdk.Stack, environment: Environment) -> None:
        self._statements = StatementList(
            stack,
            check=_statement_problems,
            merged=_merged,
            too_long=_TOO_LONG,
            account=environment.account,
            region=environment.region,
        )

    def problems_with(self, *statements: iam.PolicyStatement) -> Iterator[str]:
        """
        Yield the reasons why ECR, or this library, rejects the policy with more statements.

        Args:
            statements: Statements to add.

        """
        return self._statements.problems_with(statements)

    @property
    def is_empty(self) -> bool:
        """Return whether no construct has contributed a statement."""
        return self._statements.is_empty

    def add(self, statements: Sequence[iam.PolicyStatement]) -> Iterator[str]:
        """Add statements that have no problems, and return the AWS services that they allow for any account."""
        return self._statements.add(statements)

    def faults(self) -> list[str]:
        """Return the problems of the statements as they are now."""
        return self._statements.validate()

    def document(self) -> Mapping[str, Any]:
        """Return the policy document, in an order that does not depend on the order of the contributions."""
        return self._statements.document()


def _statement_problems(statement: Statement, account: str | None, region: str | None) -> Iterator[str]:
    if "Resource" not in statement and "NotResource" not in statement:
        yield "the statement names no resources; a registry policy says which repositories, with resources="
    yield from statement_problems(statement, "registry", region=region)
    for resource in (each for part in ("Resource", "NotResource") for each in possible(statement.get(part, []))):
        yield from resource_problems(resource, account=account, region=region)
    yield from _scanning_problems(statement, account)


_TOO_LONG = (
    f"the registry policy has {{}} characters; ECR allows {MAXIMUM_CHARACTERS}, "
    "let statements share their principals or their repositories"
)


def _merged(statements: Sequence[Written]) -> Sequence[Written]:
    """Merge statements for the same principals, then statements for the same repositories, and sort them."""
    merged = merge(merge(statements, "Resource"), "Principal")
    return sorted(merged, key=lambda each: canonical_json(each.resolved))


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


def _scanning_problems(statement: Statement, account: str | None) -> Iterator[str]:
    """Yield each action that a statement denies in the account of the registry and that Amazon Inspector needs."""
    if statement.get("Effect") == "Deny" and not statement.get("Condition") and _is_about(statement, account):
        denied = [action for action in possible(statement.get("Action", [])) if _is_scanning(action)]
        if "NotAction" in statement and not any(map(_is_scanning, possible(statement["NotAction"]))):
            denied.append("all actions but some")
        for action in denied:
            yield (
                f"the statement denies {action}, and Amazon Inspector could not switch scanning; "
                "deny the actions you mean"
            )


def _is_about(statement: Statement, account: str | None) -> bool:
    """Return whether a statement names principals that can be in an account."""
    if account is None or names_everyone(statement):
        return True
    texts = [text_of(value) for kind, value in principals_of(statement) if kind == "AWS"]
    # Ids of accounts are known when the app synthesizes.
    return any(account in text or UNKNOWN in "".join(text.split(":")[4:5]) for text in texts)


def _is_scanning(action: object) -> bool:
    return matches_action(action, _SCANNING)
