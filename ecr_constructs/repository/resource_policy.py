"""
The repository policy: one document with the statements of its access and the statements that are added later.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from constructs import IValidation

from ecr_constructs._cdk.policy_statements import (
    VERSION,
    StatementList,
    Written,
    merge_statements,
)
from ecr_constructs._cdk.tokens import lazily_in_context
from ecr_constructs.errors import InvalidRepository
from ecr_constructs.model.iam.policies import MAXIMUM_CHARACTERS, length_of, repository_statement_problems
from ecr_constructs.model.iam.statements import unconfirmed_services
from ecr_constructs.model.iam.values import as_list
from ecr_constructs.model.partitions import arn_problems
from ecr_constructs.repository.access import Access
from ecr_constructs.repository.fixed_statement import FixedStatement

__all__ = ["RepositoryPolicy"]


@jsii.implements(IValidation)
class RepositoryPolicy:
    """
    The statements of a repository policy.

    Statements of settings never change, and the policy is plain data. After the first added statement, the policy is
    rendered when the app synthesizes, because a statement of the CDK can change until then.

    Args:
        access: The access of the settings.
        stack: The stack of the repository, in which tokens are resolved.
        statements: The other statements of the settings. Default: none.

    Attributes:
        refusal: The error of the last rejected statement. None without one.
        is_granting: Whether a grant of the CDK is adding statements. An app can have hundreds of grants, so their
            account IDs are checked together when the app synthesizes.
        account_actions: The actions of a grant to an account without another statement. None for other grants.

    """

    def __init__(
        self, access: Iterable[Access], stack: cdk.Stack | None, statements: Sequence[FixedStatement] = ()
    ) -> None:
        self._of_settings = _OfSettings(tuple(access), tuple(statements))
        self._stack = stack
        self._statements: StatementList | None = None
        self.refusal: InvalidRepository | None = None
        self.is_granting = False
        self.account_actions: frozenset[str] | None = None

    def problems_with(self, *statements: iam.PolicyStatement) -> Iterator[str]:
        """
        Yield the reasons why ECR, or this library, rejects the policy with more statements.

        Args:
            statements: Statements to add.

        """
        if self.account_actions is not None:
            for statement in statements:
                yield from self._list().account_problems(statement, self.account_actions)
        elif statements or self.given_length > MAXIMUM_CHARACTERS:
            yield from self._list().problems_with(statements, with_accounts=not self.is_granting)

    def problems_in_region(self) -> Iterator[str]:
        """Yield the problems that the statements of the settings have in the Region of the repository."""
        region = self._stack.region if self._stack else None
        for access in self._of_settings.access:
            yield from arn_problems(f"access: {access.intent}", access.subject, region)
        for statement in self._of_settings.statements:
            yield from repository_statement_problems(statement.to_json(), None, region)

    @property
    def last_read(self) -> Mapping[str, Any]:
        """The last statement that `problems_with` read. Empty for a grant to an account, which is read later."""
        return {} if self._statements is None or self.account_actions is not None else self._statements.last_read

    def validate(self) -> list[str]:
        """Return the problems of the statements as they are now. The CDK calls this before it synthesizes the app."""
        return self._list().validate()

    @property
    def given_length(self) -> int:
        """Return the number of characters of the statements of the settings, as JSON text."""
        return _given_length(self._of_settings) if self._has_given else 0

    @property
    def longest(self) -> int:
        """Return an upper bound of the number of characters of the policy, without reading statements."""
        return self.given_length if self._statements is None else self._statements.longest

    def length(self) -> int:
        """Return the number of characters of the policy as it is now."""
        return self.given_length if self._statements is None else self._statements.length()

    @property
    def services(self) -> Iterator[str]:
        """Yield the AWS services that the statements of the settings allow on behalf of any account."""
        return (each for one in self._of_settings.statements for each in unconfirmed_services(one.to_json()))

    @property
    def is_fixed(self) -> bool:
        """Return whether the policy is plain data, which cannot change."""
        return self._statements is None or self._statements.is_empty

    def add(self, statement: iam.PolicyStatement) -> Iterator[str]:
        """Add a statement that has no problems, and return the AWS services that it allows for any account."""
        if self.account_actions is None:
            return self._list().add([statement])
        self._list().add_account(statement, self.account_actions)
        return iter(())

    def document(self) -> object | None:
        """Return the policy for the resource. None without a statement."""
        if not self.is_fixed:
            return lazily_in_context(self._list().document)
        return _shared_document(self._of_settings) if self._has_given else None

    def plain_document(self) -> Mapping[str, Any] | None:
        """Return the current policy with tokens as texts. None without a statement."""
        if not self.is_fixed:
            return self._list().document()
        return {"Version": VERSION, "Statement": list(_given(self._of_settings))} if self._has_given else None

    def text(self) -> str | None:
        """Return the statements of the settings as JSON for creation templates. None without a statement."""
        if not self._has_given or self._stack is None:
            return None
        return self._stack.to_json_string({"Statement": list(_given(self._of_settings)), "Version": VERSION})

    @property
    def _has_given(self) -> bool:
        return any(self._of_settings)

    def _list(self) -> StatementList:
        # Created on first use: most repositories have no statements, and resolving those of the settings takes time.
        if self._statements is None:
            self._statements = StatementList(
                self._stack,
                check=repository_statement_problems,
                merged=_merged,
                too_long=_TOO_LONG,
                region=self._stack.region if self._stack else None,
                given=_given(self._of_settings),
            )
        return self._statements


_TOO_LONG = (
    f"the repository policy has {{}} characters; ECR allows {MAXIMUM_CHARACTERS}, "
    "use Access.organization_pull('o-...') instead of many accounts, or fewer statements and values of conditions"
)


def _merged(statements: Sequence[Written]) -> Sequence[Written]:
    """Merge statements that allow the same actions to different principals."""
    return merge_statements(statements, "Principal")


class _OfSettings(NamedTuple):
    """The statements of the settings."""

    access: tuple[Access, ...]
    statements: tuple[FixedStatement, ...]


@lru_cache(maxsize=128)
def _given(settings: _OfSettings) -> Sequence[Mapping[str, Any]]:
    """Return the statements of settings. Accounts with the same permission share one statement."""
    merged: dict[str, dict[str, Any]] = {}
    for statement in (statement for one in settings.access for statement in one.statements()):
        account = statement["Principal"].get("AWS", "*")
        rest = json.dumps({**statement, "Principal": account == "*"}, sort_keys=True)
        if account != "*" and rest in merged:
            merged[rest]["Principal"]["AWS"] = [*as_list(merged[rest]["Principal"]["AWS"]), account]
        else:
            merged[rest] = {**statement, "Principal": dict(statement["Principal"])}
    return (*merged.values(), *(each.to_json() for each in settings.statements))


@lru_cache(maxsize=128)
def _given_length(settings: _OfSettings) -> int:
    return length_of({"Version": VERSION, "Statement": list(_given(settings))})


# Repositories with the same settings share this. Passing the document to JavaScript for each repository takes time.
@lru_cache(maxsize=128)
def _shared_document(settings: _OfSettings) -> cdk.IResolvable:
    return cdk.Token.as_any({"Version": VERSION, "Statement": list(_given(settings))})
