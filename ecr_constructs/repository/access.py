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
from ecr_constructs.model.validation import (
    ACCOUNT_ID,
    ORGANIZATION_ID,
    ORGANIZATIONAL_UNIT,
    ROLE_ARN,
    StringConstraint,
)

__all__ = ["Access"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """
    A permission of principals outside the account: to pull from a repository, or to push to it.

    Use the method of its name. Principals of the same account get their permissions from `grant_pull`, `grant_push` and
    `grant_pull_push`.

    Args:
        intent: The kind of permission.
        subject: The organization, organizational unit, account or role.

    Raises:
        InvalidName: For an ID, a path or an ARN that is not well formed.
        TypeError: If arguments are of the wrong kind.

    """

    intent: Literal[
        "organization_pull",
        "organizational_unit_pull",
        "account_pull",
        "account_push",
        "role_pull",
        "role_push",
        "lambda_pull",
        "cache_pull",
    ]
    subject: str

    def __post_init__(self) -> None:
        """Raise all problems; a principal that does not exist fails the deployment."""
        problems = Problems()
        if self.intent not in _STATEMENTS:
            problems.add_wrong_kinds(
                f"intent {self.intent!r} is unknown; use a method such as Access.account_pull(...)"
            )
        is_path = isinstance(self.subject, str) and "/" in self.subject
        if self.intent == "organization_pull" and is_path:
            problems.add(
                f"organization {self.subject!r} is the path of an organizational unit; "
                "use Access.organizational_unit_pull(...)"
            )
        else:
            with problems.collect():
                problems.extend(forwarded_problems(_GRAMMARS.get(self.intent, ACCOUNT_ID), self.subject))
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
    def organizational_unit_pull(cls, path: str) -> Access:
        """
        Return the permission to pull for all principals of an organizational unit and of the units in it.

        AWS services are not among them: Lambda functions of other accounts need `lambda_pull` too.
        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalorgpaths

        Args:
            path: The path from the organization to the unit, such as `o-abc1234567/r-ab12/ou-ab12-11111111`. A `/` or
                `/*` at its end is removed.

        >>> Access.organizational_unit_pull("o-abc1234567/r-ab12/ou-ab12-11111111/*").subject
        'o-abc1234567/r-ab12/ou-ab12-11111111'

        """
        is_text = isinstance(path, str)
        return cls(
            intent="organizational_unit_pull", subject=path.removesuffix("/*").removesuffix("/") if is_text else path
        )

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
    def role_pull(cls, role_arn: str) -> Access:
        """
        Return the permission to pull for a role of another account; its own policies must allow it, too.

        The principal is the account, and a condition on `aws:PrincipalArn` limits it to the role. Therefore the role
        can be created after the repository, and can be replaced.

        Args:
            role_arn: The ARN of the role. `*` in its path or name matches any characters.

        >>> Access.role_pull("arn:aws:iam::111122223333:role/deployer").account
        '111122223333'

        """
        return cls(intent="role_pull", subject=role_arn)

    @classmethod
    def role_push(cls, role_arn: str) -> Access:
        """
        Return the permission to push for a role of another account; its own policies must allow it, too.

        Args:
            role_arn: The ARN of the role, as for `role_pull`.

        >>> Access.role_push("arn:aws:iam::111122223333:role/builder").intent
        'role_push'

        """
        return cls(intent="role_push", subject=role_arn)

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
        return self.intent in ("organization_pull", "organizational_unit_pull")

    @property
    def account(self) -> str | None:
        """The account of the principals. None for those of an organization, and for a role that is a token."""
        if self.names_everyone:
            return None
        if self.intent in ("role_pull", "role_push"):
            return self.subject.split(":")[4] if self.subject.startswith("arn:") else None
        return self.subject

    def statements(self) -> Sequence[Mapping[str, Any]]:
        """Return the policy statements."""
        return _STATEMENTS[self.intent](self.subject)


def _organization_pull(organization_id: str) -> list[dict[str, Any]]:
    condition = {"StringEquals": {"aws:PrincipalOrgID": organization_id}}
    return [_allow({"AWS": "*"}, PULL) | {"Condition": condition}]


def _organizational_unit_pull(path: str) -> list[dict[str, Any]]:
    # A path ends with `/`, so `/*` matches the path of the unit as well as those of the units in it.
    condition = {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{path}/*"}}
    return [_allow({"AWS": "*"}, PULL) | {"Condition": condition}]


def _role_pull(role_arn: str) -> list[dict[str, Any]]:
    return [_allow({"AWS": _root_of_role(role_arn)}, PULL) | _only_role(role_arn)]


def _role_push(role_arn: str) -> list[dict[str, Any]]:
    return [_allow({"AWS": _root_of_role(role_arn)}, PUSH) | _only_role(role_arn)]


def _only_role(role_arn: str) -> dict[str, Any]:
    # For a session of a role, the value of the key is the ARN of the role.
    return {"Condition": {"ArnLike": {"aws:PrincipalArn": role_arn}}}


def _root_of_role(role_arn: str) -> str:
    if role_arn.startswith("arn:"):
        partition, account = role_arn.split(":")[1:5:3]
        return f"arn:{partition}:iam::{account}:root"
    return _root(cdk.Fn.select(4, cdk.Fn.split(":", role_arn)))


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


# The form of the subject; that of all others is an account ID.
_GRAMMARS: Mapping[str, StringConstraint] = {
    "organization_pull": ORGANIZATION_ID,
    "organizational_unit_pull": ORGANIZATIONAL_UNIT,
    "role_pull": ROLE_ARN,
    "role_push": ROLE_ARN,
}
_STATEMENTS = {
    "organization_pull": _organization_pull,
    "organizational_unit_pull": _organizational_unit_pull,
    "account_pull": _account_pull,
    "account_push": _account_push,
    "role_pull": _role_pull,
    "role_push": _role_push,
    "lambda_pull": _lambda_pull,
    "cache_pull": _cache_pull,
}


def _allow(principal: Mapping[str, str], actions: Sequence[str]) -> dict[str, Any]:
    return {"Action": list(actions), "Effect": "Allow", "Principal": dict(principal)}


@lru_cache(maxsize=256)
def _root(account: str) -> str:
    return f"arn:{cdk.Aws.PARTITION}:iam::{account}:root"
