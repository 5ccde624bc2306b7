"""
The policy of one repository: what its settings give, and what is added later, in one document.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from constructs import IValidation

from ecr_constructs.access import Access
from ecr_constructs.errors import InvalidRepository
from ecr_constructs.statements import MAXIMUM_CHARACTERS, VERSION, document_of, length_of, several, statement_problems

__all__ = ["RepositoryPolicy"]


@jsii.implements(IValidation)
class RepositoryPolicy:
    """
    The statements of a repository policy.

    Those of `Access` never change. Once somebody adds a statement of the CDK's, the document is the CDK's too: such
    a statement may still change, and is read when the app synthesizes.

    Args:
        access: What the settings give.
        stack: The stack of the repository, in which the policy is measured.

    Attributes:
        refusal: Why a statement was refused last, if one was.

    """

    def __init__(self, access: Iterable[Access], stack: cdk.Stack | None) -> None:
        self._access = tuple(access)
        self._stack = stack
        self._added: list[iam.PolicyStatement] = []
        self._characters = _given_length(self._access)
        self._document: iam.PolicyDocument | None = None
        self.refusal: InvalidRepository | None = None

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
        # The CDK merges statements, so only a policy that looks too long is measured as it would be written.
        if self._characters + (length_of(written) if written else 0) > MAXIMUM_CHARACTERS:
            yield from self._length_problems(written)

    def validate(self) -> list[str]:
        """Say what has become wrong with the policy since its statements were added; the CDK asks at the end."""
        written = [statement.to_json() for statement in self._added]
        problems = [problem for statement in written for problem in _statement_problems(statement)]
        return [*problems, *self._length_problems([])]

    @property
    def is_fixed(self) -> bool:
        """Whether all of it is plain data, which nobody can change any more."""
        return self._document is None

    def add(self, statement: iam.PolicyStatement) -> None:
        """Add a statement that has no problems."""
        if self._document is None:
            self._document = document_of(_given(self._access))
        self._added.append(statement)
        self._characters += length_of([statement.to_json()])
        self._document.add_statements(statement)

    def document(self) -> object | None:
        """Write the policy; nothing if there is no statement."""
        if self._document is not None:
            return self._document
        return _shared_document(self._access) if self._access else None

    def text(self) -> str | None:
        """Write what the settings give as a text, which is what templates take; nothing if there is no statement."""
        if not self._access or self._stack is None:
            return None
        return self._stack.to_json_string({"Statement": list(_given(self._access)), "Version": VERSION})

    def _length_problems(self, more: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        if self._stack is None:
            return
        # Copies, for what is resolved once cannot change any more, and statements may until the app synthesizes.
        copies = [*_given(self._access), *(statement.to_json() for statement in self._added), *more]
        is_plain = self._document is None and not more
        written = {"Version": VERSION, "Statement": copies} if is_plain else document_of(copies)
        length = length_of(self._stack.resolve(written))
        if length > MAXIMUM_CHARACTERS:
            yield (
                f"the repository policy has {length} characters; ECR allows {MAXIMUM_CHARACTERS}, "
                "use Access.organization_pull('o-...') instead of many accounts"
            )


@lru_cache(maxsize=128)
def _given(access: tuple[Access, ...]) -> Sequence[Mapping[str, Any]]:
    """Write the statements of all the access, one for all accounts that get the same."""
    merged: dict[str, dict[str, Any]] = {}
    for statement in (statement for one in access for statement in one.statements()):
        account = statement["Principal"].get("AWS", "*")
        rest = json.dumps({**statement, "Principal": account == "*"}, sort_keys=True)
        if account != "*" and rest in merged:
            merged[rest]["Principal"]["AWS"] = [*several(merged[rest]["Principal"]["AWS"]), account]
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


def _statement_problems(statement: Mapping[str, Any]) -> Iterator[str]:
    if "Resource" in statement or "NotResource" in statement:
        yield "the statement names resources; a repository policy is about its repository, leave resources out"
    yield from statement_problems(statement, "repository")
