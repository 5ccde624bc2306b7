"""
Permissions of principals outside the account, as statements of a repository policy.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policy-examples.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import aws_cdk as cdk

from ecr_constructs._cdk.tokens import forwarded_problems
from ecr_constructs.errors import InvalidName, Problems
from ecr_constructs.model.iam.permissions import CACHE_PULL, LAMBDA_PULL, PULL, PUSH
from ecr_constructs.model.validation import ACCOUNT_ID, ORGANIZATION_ID

__all__ = ["Access"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """
    A permission of principals outside the account: to pull from a repository, or to push to it.

    Use the method of its name. Principals of the same account get their permissions from `grant_pull`, `grant_push` and
    `grant_pull_push`.

    Args:
        intent: The kind of permission.
        subject: The organization or account.

    Raises:
        InvalidName: For an invalid organization id or account id.
        TypeError: If arguments are of the wrong kind.

    """

    intent: Literal["organization_pull", "account_pull", "account_push", "lambda_pull", "cache_pull"]
    subject: str

    def __post_init__(self) -> None:
        """Raise all problems; a principal that does not exist fails the deployment."""
        problems = Problems()
        if self.intent not in _STATEMENTS:
            problems.add_wrong_kinds(
                f"intent {self.intent!r} is unknown; use a method such as Access.account_pull(...)"
            )
        grammar = ORGANIZATION_ID if self.intent == "organization_pull" else ACCOUNT_ID
        with problems.collect():
            problems.extend(forwarded_problems(grammar, self.subject))
        problems.raise_if_any(InvalidName)

    @classmethod
    def organization_pull(cls, organization_id: str) -> Access:
        """
        Return the permission to pull for all principals of an organization.

        AWS services are not among them: Lambda functions of other accounts need `lambda_pull` too.

        Args:
            organization_id: The id of the organization, such as `o-abc1234567`.

        >>> Access.organization_pull("o-abc1234567").subject
        'o-abc1234567'

        """
        return cls(intent="organization_pull", subject=organization_id)

    @classmethod
    def account_pull(cls, account: str) -> Access:
        """
        Return the permission to pull for an account; its own policies must allow it, too.

        Args:
            account: The account id, 12 digits.

        >>> Access.account_pull("111122223333").intent
        'account_pull'

        """
        return cls(intent="account_pull", subject=account)

    @classmethod
    def account_push(cls, account: str) -> Access:
        """
        Return the permission to push for an account; its own policies must allow it, too.

        Args:
            account: The account id, 12 digits.

        >>> Access.account_push("111122223333").intent
        'account_push'

        """
        return cls(intent="account_push", subject=account)

    @classmethod
    def lambda_pull(cls, account: str) -> Access:
        """
        Return the permission to pull for Lambda functions of an account, in the Region of the repository.

        Two statements: one for the account that creates the function, one for Lambda itself, on its behalf only.
        https://docs.aws.amazon.com/lambda/latest/dg/images-create.html

        Args:
            account: The account id, 12 digits.

        >>> Access.lambda_pull("111122223333").intent
        'lambda_pull'

        """
        return cls(intent="lambda_pull", subject=account)

    @classmethod
    def cache_pull(cls, account: str) -> Access:
        """
        Return the permission to import from the repository for the pull-through caches of an account.

        https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private.html

        Args:
            account: The account id, 12 digits.

        >>> Access.cache_pull("111122223333").intent
        'cache_pull'

        """
        return cls(intent="cache_pull", subject=account)

    @property
    def names_everyone(self) -> bool:
        """Whether a statement has the principal `*` and relies on its condition, which some checkers do not read."""
        return self.intent == "organization_pull"

    def statements(self) -> Sequence[Mapping[str, Any]]:
        """Return the policy statements."""
        return _STATEMENTS[self.intent](self.subject)


def _organization_pull(organization_id: str) -> list[dict[str, Any]]:
    condition = {"StringEquals": {"aws:PrincipalOrgID": organization_id}}
    return [_allow({"AWS": "*"}, PULL) | {"Condition": condition}]


def _account_pull(account: str) -> list[dict[str, Any]]:
    return [_allow({"AWS": _root(account)}, PULL)]


def _account_push(account: str) -> list[dict[str, Any]]:
    return [_allow({"AWS": _root(account)}, PUSH)]


def _lambda_pull(account: str) -> list[dict[str, Any]]:
    functions = f"arn:{cdk.Aws.PARTITION}:lambda:{cdk.Aws.REGION}:{account}:function:*"
    service = _allow({"Service": "lambda.amazonaws.com"}, LAMBDA_PULL)
    return [
        _allow({"AWS": _root(account)}, LAMBDA_PULL),
        service | {"Condition": {"ArnLike": {"aws:SourceArn": functions}}},
    ]


def _cache_pull(account: str) -> list[dict[str, Any]]:
    return [_allow({"AWS": _root(account)}, CACHE_PULL)]


_STATEMENTS = {
    "organization_pull": _organization_pull,
    "account_pull": _account_pull,
    "account_push": _account_push,
    "lambda_pull": _lambda_pull,
    "cache_pull": _cache_pull,
}


def _allow(principal: Mapping[str, str], actions: Sequence[str]) -> dict[str, Any]:
    return {"Action": list(actions), "Effect": "Allow", "Principal": dict(principal)}


@lru_cache(maxsize=256)
def _root(account: str) -> str:
    return f"arn:{cdk.Aws.PARTITION}:iam::{account}:root"
