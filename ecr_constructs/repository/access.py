"""
Who may do what with a repository, as statements of its policy.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policy-examples.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import aws_cdk as cdk

from ecr_constructs._cdk.tokens import forwarded_problems
from ecr_constructs.errors import InvalidName
from ecr_constructs.model.iam.permissions import CACHE_PULL, LAMBDA_PULL, PULL, PUSH
from ecr_constructs.model.validation import ACCOUNT_ID, ORGANIZATION_ID

__all__ = ["Access"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """
    Something that somebody outside may do with a repository: pull from it, push to it.

    Make one with the method of its name. Principals of the same account need none of this: `grant_pull` and its
    siblings give them what they need.

    Args:
        intent: Who and what.
        subject: The organization or account.

    Raises:
        InvalidName: for an organization or account id that is none.

    """

    intent: Literal["organization_pull", "account_pull", "account_push", "lambda_pull", "cache_pull"]
    subject: str

    def __post_init__(self) -> None:
        """Refuse ids that are none; a principal that does not exist fails the deployment."""
        if self.intent not in _STATEMENTS:
            raise TypeError(f"intent {self.intent!r} is unknown; use a method such as Access.account_pull(...)")
        grammar = ORGANIZATION_ID if self.intent == "organization_pull" else ACCOUNT_ID
        if problems := forwarded_problems(grammar, self.subject):
            raise InvalidName(problems)

    @classmethod
    def organization_pull(cls, organization_id: str) -> Access:
        """
        Let every principal of an organization pull.

        AWS services do not count as such: Lambda functions of other accounts need `lambda_pull` too.

        Args:
            organization_id: Such as `o-abc1234567`.

        >>> Access.organization_pull("o-abc1234567").subject
        'o-abc1234567'

        """
        return cls(intent="organization_pull", subject=organization_id)

    @classmethod
    def account_pull(cls, account: str) -> Access:
        """
        Let an account pull; its own policies decide who of it.

        Args:
            account: 12 digits.

        >>> Access.account_pull("111122223333").intent
        'account_pull'

        """
        return cls(intent="account_pull", subject=account)

    @classmethod
    def account_push(cls, account: str) -> Access:
        """
        Let an account push; its own policies decide who of it.

        Args:
            account: 12 digits.

        >>> Access.account_push("111122223333").intent
        'account_push'

        """
        return cls(intent="account_push", subject=account)

    @classmethod
    def lambda_pull(cls, account: str) -> Access:
        """
        Let the Lambda functions of an account, in the region of the repository, run its images.

        Two statements: one for the account that creates the function, one for Lambda itself, on its behalf only.
        https://docs.aws.amazon.com/lambda/latest/dg/images-create.html

        Args:
            account: 12 digits.

        >>> Access.lambda_pull("111122223333").intent
        'lambda_pull'

        """
        return cls(intent="lambda_pull", subject=account)

    @classmethod
    def cache_pull(cls, account: str) -> Access:
        """
        Let the pull-through caches of an account copy from the repository.

        https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private.html

        Args:
            account: 12 digits.

        >>> Access.cache_pull("111122223333").intent
        'cache_pull'

        """
        return cls(intent="cache_pull", subject=account)

    @property
    def names_everyone(self) -> bool:
        """Whether a statement has the principal `*` and relies on its condition, which some checkers do not read."""
        return self.intent == "organization_pull"

    def statements(self) -> Sequence[Mapping[str, Any]]:
        """Write the policy statements."""
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
