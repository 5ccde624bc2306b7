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
from ecr_constructs.model.actions import LOGIN

__all__ = ["MAXIMUM_CHARACTERS", "RepositoryPolicy"]

# RepositoryPolicyText in the service model.
MAXIMUM_CHARACTERS = 10_240

_LOGIN = tuple(action.lower() for action in LOGIN)
# The least that references stand for; of all others the length is known only at deployment.
_SHORTEST = {"AWS::Partition": "aws", "AWS::Region": "us-east-1", "AWS::AccountId": "0" * 12}
_VERSION = "2012-10-17"


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
        if self._characters + (_length(written) if written else 0) > MAXIMUM_CHARACTERS:
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
            self._document = _document_of(_given(self._access))
        self._added.append(statement)
        self._characters += _length([statement.to_json()])
        self._document.add_statements(statement)

    def document(self) -> object | None:
        """Write the policy; nothing if there is no statement."""
        if self._document is not None:
            return self._document
        return _shared_document(self._access) if self._access else None

    def _length_problems(self, more: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        if self._stack is None:
            return
        # Copies, for what is resolved once cannot change any more, and statements may until the app synthesizes.
        copies = [*_given(self._access), *(statement.to_json() for statement in self._added), *more]
        length = _length(self._stack.resolve(_document_of(copies)))
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
            merged[rest]["Principal"]["AWS"] = [*_several(merged[rest]["Principal"]["AWS"]), account]
        else:
            merged[rest] = {**statement, "Principal": dict(statement["Principal"])}
    return tuple(merged.values())


@lru_cache(maxsize=128)
def _given_length(access: tuple[Access, ...]) -> int:
    return _length({"Version": _VERSION, "Statement": list(_given(access))})


# Repositories that share settings share this: handing the same document over a thousand times takes its time.
@lru_cache(maxsize=128)
def _shared_document(access: tuple[Access, ...]) -> cdk.IResolvable:
    return cdk.Token.as_any({"Version": _VERSION, "Statement": list(_given(access))})


def _document_of(statements: Sequence[Mapping[str, Any]]) -> iam.PolicyDocument:
    """Make a document of the CDK's, in which statements that can be one are one."""
    return iam.PolicyDocument(
        statements=[iam.PolicyStatement.from_json(dict(one)) for one in statements], minimize=True
    )


def _statement_problems(statement: Mapping[str, Any]) -> Iterator[str]:
    if "Principal" not in statement and "NotPrincipal" not in statement:
        yield "the statement has no principal; name who is allowed or denied with principals="
    if "Action" not in statement and "NotAction" not in statement:
        yield "the statement has no action; name some with actions=, such as 'ecr:BatchGetImage'"
    if "Resource" in statement or "NotResource" in statement:
        yield "the statement names resources; a repository policy is about its repository, leave resources out"
    if _is_public(statement):
        yield (
            "the statement lets everyone in (no condition, and principal '*' or all but some); name accounts, or use "
            "Access.organization_pull('o-...')"
        )
    for action in _several(statement.get("Action", [])):
        if str(action).lower() in _LOGIN:
            yield f"a repository policy cannot give {action}; use grant_pull or grant_push, which give it to identities"
        elif not str(action).lower().startswith(("ecr:", "*", "${")):
            yield f"{action!r} is not an action of ECR; a repository policy has actions such as 'ecr:BatchGetImage'"


def _length(value: object) -> int:
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
    return "NotPrincipal" in statement or any("*" in _several(value) for value in named)


def _several(value: object) -> Sequence[Any]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
