"""
Permissions of principals outside the account, as statements of a repository policy.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policy-examples.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Literal

import aws_cdk as cdk

from ecr_constructs._cdk.tokens import forwarded_problems
from ecr_constructs.errors import InvalidName, Problems, abbreviate
from ecr_constructs.model.iam.intents import INTENTS, INTENTS_OF_ORGANIZATIONS
from ecr_constructs.model.iam.permissions import (
    APP_RUNNER_PULL,
    CACHE_PULL,
    LAMBDA_PULL,
    PULL,
)
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
    A permission of principals outside the account on a repository, such as to pull from it or to push to it.

    Use the method for the permission. Principals of the same account get their permissions from grants, such as
    `grant_pull` and `grant_push`.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policy-examples.html

    Args:
        intent: The kind of permission.
        subject: The organization, organizational unit, account or role.

    Raises:
        InvalidName: For an ID, a path or an ARN that is not well formed.
        TypeError: If arguments are of the wrong kind.

    """

    intent: Literal[
        "organization_pull",
        "organization_push",
        "organization_read_metadata",
        "organizational_unit_pull",
        "organizational_unit_push",
        "organizational_unit_read_metadata",
        "account_pull",
        "account_push",
        "account_read_metadata",
        "account_scan",
        "account_sign",
        "account_administer",
        "role_pull",
        "role_push",
        "role_read_metadata",
        "role_scan",
        "role_sign",
        "role_administer",
        "lambda_pull",
        "codebuild_pull",
        "app_runner_pull",
        "cache_pull",
    ]
    subject: str

    def __post_init__(self) -> None:
        """Raise an error with all problems. A principal that does not exist fails the deployment."""
        problems = Problems()
        is_known = isinstance(self.intent, str) and self.intent in _STATEMENTS
        if not is_known:
            problems.add_wrong_kinds(
                f"intent {abbreviate(self.intent)} is unknown; use a method such as Access.account_pull(...)"
            )
        is_path = isinstance(self.subject, str) and "/" in self.subject
        if is_known and self.intent.startswith("organization_") and is_path:
            problems.add(
                f"organization {self.subject!r} is the path of an organizational unit; "
                f"use Access.{self.intent.replace('organization', 'organizational_unit')}(...)"
            )
        else:
            with problems.collect():
                problems.extend(forwarded_problems(_grammar_of(self.intent), self.subject))
        problems.raise_if_any(InvalidName)

    @classmethod
    def organization_pull(cls, organization_id: str) -> Access:
        """
        Return the permission to pull for all principals of an organization.

        AWS services are not among them: Lambda functions of other accounts need `lambda_pull` too.

        Args:
            organization_id: The ID of the organization, such as `o-abc1234567`.

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
        return cls(intent="organizational_unit_pull", subject=_unit_path(path))

    @classmethod
    def account_pull(cls, account: str) -> Access:
        """
        Return the permission to pull for an account. The policies of that account must also allow it.

        Args:
            account: The account ID, 12 digits.

        >>> Access.account_pull("111122223333").intent
        'account_pull'

        """
        return cls(intent="account_pull", subject=account)

    @classmethod
    def account_push(cls, account: str) -> Access:
        """
        Return the permission to push for an account. The policies of that account must also allow it.

        Args:
            account: The account ID, 12 digits.

        >>> Access.account_push("111122223333").intent
        'account_push'

        """
        return cls(intent="account_push", subject=account)

    @classmethod
    def role_pull(cls, role_arn: str) -> Access:
        """
        Return the permission to pull for a role of another account. The policies of that account must also allow it.

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
        Return the permission to push for a role of another account. The policies of that account must also allow it.

        Args:
            role_arn: The ARN of the role, as for `role_pull`.

        >>> Access.role_push("arn:aws:iam::111122223333:role/builder").intent
        'role_push'

        """
        return cls(intent="role_push", subject=role_arn)

    @classmethod
    def organization_push(cls, organization_id: str) -> Access:
        """
        Return the permission to push for all principals of an organization.

        Args:
            organization_id: The ID of the organization, such as `o-abc1234567`.

        >>> Access.organization_push("o-abc1234567").intent
        'organization_push'

        """
        return cls(intent="organization_push", subject=organization_id)

    @classmethod
    def organization_read_metadata(cls, organization_id: str) -> Access:
        """
        Return the permission to read the properties of the repository and its images for all of an organization.

        It does not include the contents of images and their referrers, or the findings of scans.

        Args:
            organization_id: The ID of the organization, such as `o-abc1234567`.

        >>> Access.organization_read_metadata("o-abc1234567").intent
        'organization_read_metadata'

        """
        return cls(intent="organization_read_metadata", subject=organization_id)

    @classmethod
    def organizational_unit_push(cls, path: str) -> Access:
        """
        Return the permission to push for all principals of an organizational unit and of the units in it.

        Args:
            path: The path from the organization to the unit, as for `organizational_unit_pull`.

        >>> Access.organizational_unit_push("o-abc1234567/r-ab12/ou-ab12-11111111").intent
        'organizational_unit_push'

        """
        return cls(intent="organizational_unit_push", subject=_unit_path(path))

    @classmethod
    def organizational_unit_read_metadata(cls, path: str) -> Access:
        """
        Return the permission to read the properties of the repository and its images for all of an organizational unit.

        It does not include the contents of images and their referrers, or the findings of scans.

        Args:
            path: The path from the organization to the unit, as for `organizational_unit_pull`.

        >>> Access.organizational_unit_read_metadata("o-abc1234567/r-ab12/ou-ab12-11111111").intent
        'organizational_unit_read_metadata'

        """
        return cls(intent="organizational_unit_read_metadata", subject=_unit_path(path))

    @classmethod
    def account_read_metadata(cls, account: str) -> Access:
        """
        Return the permission to read the properties of the repository and its images for an account.

        It does not include the contents of images and their referrers, or the findings of scans.

        Args:
            account: The account ID, 12 digits.

        >>> Access.account_read_metadata("111122223333").intent
        'account_read_metadata'

        """
        return cls(intent="account_read_metadata", subject=account)

    @classmethod
    def account_scan(cls, account: str) -> Access:
        """
        Return the permission to start basic scans and to read their findings for an account.

        A scanner that reads the contents of images needs `account_pull`, too. Findings of enhanced scanning also
        require permissions for Amazon Inspector, which a repository policy cannot give.
        https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-iam.html

        Args:
            account: The account ID, 12 digits.

        >>> Access.account_scan("111122223333").intent
        'account_scan'

        """
        return cls(intent="account_scan", subject=account)

    @classmethod
    def account_sign(cls, account: str) -> Access:
        """
        Return the permission to push images that ECR signs, and to read their signing status, for an account.

        The policies of the account must also allow `signer:SignPayload` on the signing profile:
        https://docs.aws.amazon.com/AmazonECR/latest/userguide/managed-signing.html

        Args:
            account: The account ID, 12 digits.

        >>> Access.account_sign("111122223333").intent
        'account_sign'

        """
        return cls(intent="account_sign", subject=account)

    @classmethod
    def account_administer(cls, account: str) -> Access:
        """
        Return the permission to change the settings and policies of a repository for an account.

        It includes the permissions of `account_read_metadata` and `account_scan`, and the deletion and archiving of
        images, but not the deletion of the repository. A principal with this permission can change the repository
        policy, and so give itself every other permission on the repository.

        Args:
            account: The account ID, 12 digits.

        >>> Access.account_administer("111122223333").intent
        'account_administer'

        """
        return cls(intent="account_administer", subject=account)

    @classmethod
    def role_read_metadata(cls, role_arn: str) -> Access:
        """
        Return the permission to read the properties of the repository and its images for a role of another account.

        It does not include the contents of images and their referrers, or the findings of scans.

        Args:
            role_arn: The ARN of the role, as for `role_pull`.

        >>> Access.role_read_metadata("arn:aws:iam::111122223333:role/deployer").intent
        'role_read_metadata'

        """
        return cls(intent="role_read_metadata", subject=role_arn)

    @classmethod
    def role_scan(cls, role_arn: str) -> Access:
        """
        Return the permission to start basic scans and to read their findings for a role of another account.

        A scanner that reads the contents of images needs `role_pull`, too. Findings of enhanced scanning also
        require permissions for Amazon Inspector, which a repository policy cannot give.
        https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-iam.html

        Args:
            role_arn: The ARN of the role, as for `role_pull`.

        >>> Access.role_scan("arn:aws:iam::111122223333:role/deployer").intent
        'role_scan'

        """
        return cls(intent="role_scan", subject=role_arn)

    @classmethod
    def role_sign(cls, role_arn: str) -> Access:
        """
        Return the permission to push images that ECR signs, and to read their signing status, for a role.

        The policies of the role must also allow `signer:SignPayload` on the signing profile:
        https://docs.aws.amazon.com/AmazonECR/latest/userguide/managed-signing.html

        Args:
            role_arn: The ARN of the role, as for `role_pull`.

        >>> Access.role_sign("arn:aws:iam::111122223333:role/deployer").intent
        'role_sign'

        """
        return cls(intent="role_sign", subject=role_arn)

    @classmethod
    def role_administer(cls, role_arn: str) -> Access:
        """
        Return the permission to change the settings and policies of a repository for a role of another account.

        It includes the permissions of `role_read_metadata` and `role_scan`, and the deletion and archiving of
        images, but not the deletion of the repository. A principal with this permission can change the repository
        policy, and so give itself every other permission on the repository.

        Args:
            role_arn: The ARN of the role, as for `role_pull`.

        >>> Access.role_administer("arn:aws:iam::111122223333:role/deployer").intent
        'role_administer'

        """
        return cls(intent="role_administer", subject=role_arn)

    @classmethod
    def lambda_pull(cls, account: str) -> Access:
        """
        Return the permission to pull for Lambda functions of an account, in the Region of the repository.

        It has two statements: one for the account that creates the function, and one for Lambda on behalf of that
        account. https://docs.aws.amazon.com/lambda/latest/dg/images-create.html

        Args:
            account: The account ID, 12 digits.

        >>> Access.lambda_pull("111122223333").intent
        'lambda_pull'

        """
        return cls(intent="lambda_pull", subject=account)

    @classmethod
    def codebuild_pull(cls, account: str) -> Access:
        """
        Return the permission to pull for AWS CodeBuild, on behalf of the projects of an account.

        It is for projects in the account of the repository with `imagePullCredentialsType` `CODEBUILD`. A project of
        another account must use `SERVICE_ROLE`, and needs `role_pull` for its service role.
        https://docs.aws.amazon.com/codebuild/latest/userguide/sample-ecr.html

        Args:
            account: The account ID, 12 digits.

        >>> Access.codebuild_pull("111122223333").intent
        'codebuild_pull'

        """
        return cls(intent="codebuild_pull", subject=account)

    @classmethod
    def app_runner_pull(cls, role_arn: str) -> Access:
        """
        Return the permission to pull for a service of AWS App Runner in another account, by its access role.

        It is `role_pull` with the actions that AWS App Runner documents, among them `ecr:DescribeImages`.
        https://docs.aws.amazon.com/apprunner/latest/dg/service-source-image.html

        Args:
            role_arn: The ARN of the access role, as for `role_pull`.

        >>> Access.app_runner_pull("arn:aws:iam::111122223333:role/web-access").account
        '111122223333'

        """
        return cls(intent="app_runner_pull", subject=role_arn)

    @classmethod
    def cache_pull(cls, account: str) -> Access:
        """
        Return the permission to import from the repository for the pull-through caches of an account.

        https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private.html

        Args:
            account: The account ID, 12 digits.

        >>> Access.cache_pull("111122223333").intent
        'cache_pull'

        """
        return cls(intent="cache_pull", subject=account)

    @property
    def names_everyone(self) -> bool:
        """
        Whether a statement has the principal `*` and a condition that limits it.

        Some checkers do not read the condition.
        """
        return self.intent.startswith("organization")

    @property
    def account(self) -> str | None:
        """The account of the principals. None for an organization, and for a role that is a token."""
        if self.names_everyone:
            return None
        if _grammar_of(self.intent) is ROLE_ARN:
            return self.subject.split(":")[4] if self.subject.startswith("arn:") else None
        return self.subject

    def statements(self) -> Sequence[Mapping[str, Any]]:
        """Return the policy statements."""
        return _STATEMENTS[self.intent](self.subject)


def _unit_path(path: str) -> str:
    """Return the path of an organizational unit without the `/*` or `/` at its end, which IAM's examples have."""
    return path.removesuffix("/*").removesuffix("/") if isinstance(path, str) else path


def _of_organization(actions: Sequence[str], organization_id: str) -> list[dict[str, Any]]:
    condition = {"StringEquals": {"aws:PrincipalOrgID": organization_id}}
    return [_allow({"AWS": "*"}, actions) | {"Condition": condition}]


def _of_organizational_unit(actions: Sequence[str], path: str) -> list[dict[str, Any]]:
    # A path ends with `/`, so `/*` matches the path of the unit as well as those of the units in it.
    condition = {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{path}/*"}}
    return [_allow({"AWS": "*"}, actions) | {"Condition": condition}]


def _of_role(actions: Sequence[str], role_arn: str) -> list[dict[str, Any]]:
    # For a session of a role, the value of the key is the ARN of the role.
    condition = {"ArnLike": {"aws:PrincipalArn": role_arn}}
    return [_allow({"AWS": _root_of_role(role_arn)}, actions) | {"Condition": condition}]


def _root_of_role(role_arn: str) -> str:
    if role_arn.startswith("arn:"):
        partition, account = role_arn.split(":")[1:5:3]
        return f"arn:{partition}:iam::{account}:root"
    return _root(cdk.Fn.select(4, cdk.Fn.split(":", role_arn)))


def _of_account(actions: Sequence[str], account: str) -> list[dict[str, Any]]:
    return [_allow({"AWS": _root(account)}, actions)]


def _lambda_pull(account: str) -> list[dict[str, Any]]:
    functions = f"arn:{cdk.Aws.PARTITION}:lambda:{cdk.Aws.REGION}:{account}:function:*"
    service = _allow({"Service": "lambda.amazonaws.com"}, LAMBDA_PULL)
    return [
        _allow({"AWS": _root(account)}, LAMBDA_PULL),
        service | {"Condition": {"ArnLike": {"aws:SourceArn": functions}}},
    ]


def _codebuild_pull(account: str) -> list[dict[str, Any]]:
    projects = f"arn:{cdk.Aws.PARTITION}:codebuild:*:{account}:project/*"
    condition = {"StringEquals": {"aws:SourceAccount": account}, "ArnLike": {"aws:SourceArn": projects}}
    return [_allow({"Service": "codebuild.amazonaws.com"}, PULL) | {"Condition": condition}]


# The form of the subject for each kind of principal. All other subjects are account IDs.
_GRAMMARS: Mapping[str, StringConstraint] = {
    "organization": ORGANIZATION_ID,
    "organizational_unit": ORGANIZATIONAL_UNIT,
    "role": ROLE_ARN,
    "app_runner": ROLE_ARN,
}
_PRINCIPALS = {
    "organization": _of_organization,
    "organizational_unit": _of_organizational_unit,
    "account": _of_account,
    "role": _of_role,
}
_STATEMENTS: Mapping[str, Callable[[str], list[dict[str, Any]]]] = {
    **{
        f"{kind}_{verb}": partial(write, actions)
        for kind, write in _PRINCIPALS.items()
        for verb, actions in INTENTS.items()
        if verb in INTENTS_OF_ORGANIZATIONS or not kind.startswith("organization")
    },
    "lambda_pull": _lambda_pull,
    "codebuild_pull": _codebuild_pull,
    "app_runner_pull": partial(_of_role, APP_RUNNER_PULL),
    "cache_pull": partial(_of_account, CACHE_PULL),
}


def _grammar_of(intent: str) -> StringConstraint:
    kinds = [kind for kind in _GRAMMARS if isinstance(intent, str) and intent.startswith(f"{kind}_")]
    return _GRAMMARS[kinds[0]] if kinds else ACCOUNT_ID


def _allow(principal: Mapping[str, str], actions: Sequence[str]) -> dict[str, Any]:
    return {"Action": list(actions), "Effect": "Allow", "Principal": dict(principal)}


@lru_cache(maxsize=256)
def _root(account: str) -> str:
    return f"arn:{cdk.Aws.PARTITION}:iam::{account}:root"
