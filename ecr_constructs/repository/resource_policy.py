"""
The policy of one repository: what its settings give, and what is added later, in one document.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from constructs import IValidation

from ecr_constructs._cdk.policy_statements import (
    MAXIMUM_CHARACTERS,
    VERSION,
    StatementList,
    Written,
    account_problems,
    length_of,
    merge,
)
from ecr_constructs._cdk.tokens import lazily
from ecr_constructs.errors import InvalidRepository
from ecr_constructs.model.iam.statements import statement_problems, unconfirmed_services
from ecr_constructs.model.iam.values import as_list, text_of
from ecr_constructs.repository.access import Access

__all__ = ["RepositoryPolicy"]


@jsii.implements(IValidation)
class RepositoryPolicy:
    """
    The statements of a repository policy.

    Statements of `Access` never change, and the policy is plain data. With the first statement that is added the policy
    is written when the app synthesizes, because a statement of the CDK can change until then.

    Args:
        access: The access that the settings give.
        stack: The stack of the repository, in which tokens are resolved.

    Attributes:
        refusal: The error of the statement that was rejected last, if one was.
        is_granting: Whether a grant of the CDK adds statements at the moment. An app may have hundreds of grants, so
            that account IDs of theirs are checked together when the app synthesizes.

    """

    def __init__(self, access: Iterable[Access], stack: cdk.Stack | None) -> None:
        self._access = tuple(access)
        self._stack = stack
        self._statements: StatementList | None = None
        self.refusal: InvalidRepository | None = None
        self.is_granting = False

    def problems_with(self, *statements: iam.PolicyStatement) -> Iterator[str]:
        """
        Yield the reasons why ECR, or this library, rejects the policy with more statements.

        Args:
            statements: Statements to add.

        Yields:
            One sentence for each problem.

        """
        if not statements and _given_length(self._access) <= MAXIMUM_CHARACTERS:
            return
        policy = self._list()
        written = policy.read(statements)
        yield from () if self.is_granting else account_problems(statements)
        for each in written:
            yield from self._statement_problems(each.resolved)
        yield from policy.sid_problems(written)
        if self._stack is not None and (excess := policy.excess(written)) is not None:
            yield _TOO_LONG.format(excess)

    def validate(self) -> list[str]:
        """Return the problems of the statements as they are now. The CDK calls this before it synthesizes the app."""
        policy = self._list()
        changed = policy.changed()
        problems = [problem for each in changed for problem in self._statement_problems(each.resolved)]
        return [*problems, *policy.whole_problems(_TOO_LONG)] if changed else []

    @property
    def is_fixed(self) -> bool:
        """Return whether the policy is plain data, which cannot change any more."""
        return self._statements is None or self._statements.is_empty

    def add(self, statement: iam.PolicyStatement) -> Iterator[str]:
        """Add a statement that has no problems, and return the AWS services that it allows for any account."""
        (written,) = self._list().add([statement])
        return unconfirmed_services(written.resolved)

    def document(self) -> object | None:
        """Return the policy for the resource; None if it has no statement."""
        if not self.is_fixed:
            return lazily(self._list().document)
        return _shared_document(self._access) if self._access else None

    def text(self) -> str | None:
        """Return what the settings give as JSON text, as creation templates contain it; None without a statement."""
        if not self._access or self._stack is None:
            return None
        return self._stack.to_json_string({"Statement": list(_given(self._access)), "Version": VERSION})

    def _statement_problems(self, statement: Mapping[str, Any]) -> Iterator[str]:
        if not _is_accepted(text_of(json.dumps(statement, sort_keys=True, default=str)), self._region):
            yield from self._problems(statement)

    def _problems(self, statement: Mapping[str, Any]) -> Iterator[str]:
        if "Resource" in statement or "NotResource" in statement:
            yield "the statement names resources; a repository policy is about its repository, leave resources out"
        yield from statement_problems(statement, "repository", region=self._region)

    @cached_property
    def _region(self) -> str | None:
        return self._stack.region if self._stack else None

    def _list(self) -> StatementList:
        # Made on first use: most repositories get no statement, and resolving those of the settings takes time.
        if self._statements is None:
            self._statements = StatementList(self._stack, merged=_merged, given=_given(self._access))
        return self._statements


_TOO_LONG = (
    f"the repository policy has {{}} characters; ECR allows {MAXIMUM_CHARACTERS}, "
    "use Access.organization_pull('o-...') instead of many accounts"
)


def _merged(statements: Sequence[Written]) -> Sequence[Written]:
    """Merge statements that allow the same to different principals."""
    return merge(statements, "Principal")


# Grants of an app add the same statement again and again, for principals that are tokens.
@lru_cache(maxsize=1024)
def _is_accepted(text: str, region: str | None) -> bool:
    """Return whether a statement has no problems, by its text with `UNKNOWN` in the place of tokens."""
    statement = json.loads(text, strict=False)
    names_resources = "Resource" in statement or "NotResource" in statement
    return not names_resources and not any(True for _ in statement_problems(statement, "repository", region=region))


@lru_cache(maxsize=128)
def _given(access: tuple[Access, ...]) -> Sequence[Mapping[str, Any]]:
    """Write the statements of all the access, one for all accounts that get the same."""
    merged: dict[str, dict[str, Any]] = {}
    for statement in (statement for one in access for statement in one.statements()):
        account = statement["Principal"].get("AWS", "*")
        rest = json.dumps({**statement, "Principal": account == "*"}, sort_keys=True)
        if account != "*" and rest in merged:
            merged[rest]["Principal"]["AWS"] = [*as_list(merged[rest]["Principal"]["AWS"]), account]
        else:
            merged[rest] = {**statement, "Principal": dict(statement["Principal"])}
    return tuple(merged.values())


@lru_cache(maxsize=128)
def _given_length(access: tuple[Access, ...]) -> int:
    return length_of({"Version": VERSION, "Statement": list(_given(access))})


# Repositories that share settings share this: handing the same document over a thousand times takes its time.
@lru_cache(maxsize=128)
def _shared_document(access: tuple[Access, ...]) -> cdk.IResolvable:
    return cdk.Token.as_any({"Version": VERSION, "Statement": list(_given(access))})
