"""
The policy of a registry: the permissions of other accounts, and the principals that can create repositories.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam

from ecr_constructs._cdk.annotations import note_services
from ecr_constructs._cdk.environment_registry import Environment
from ecr_constructs._cdk.nag_suppressions import ONE_ORGANIZATION, acknowledge
from ecr_constructs._cdk.policy_statements import StatementList, Written, canonical_json, merge_statements
from ecr_constructs._cdk.principals import is_role
from ecr_constructs._cdk.tokens import forwarded_problems
from ecr_constructs.errors import InvalidRegistry, Problems, abbreviate
from ecr_constructs.model.iam.permissions import CACHE_PULL, IMPORT, PULL, REPLICATE
from ecr_constructs.model.iam.policies import MAXIMUM_CHARACTERS, registry_statement_problems, v1_statement_problems
from ecr_constructs.model.names import Namespace
from ecr_constructs.model.partitions import arn_problems
from ecr_constructs.model.validation import ACCOUNT_ID, REPOSITORY_PATTERN, is_token
from ecr_constructs.registry.registry_resources import Change, RegistryResources
from ecr_constructs.repository.access import Access

__all__ = ["PolicyScope", "RegistryPolicy", "RegistryRepositories", "find_policy"]

# The actions of a registry policy: https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html
PolicyScope = Literal["V1", "V2"]
RegistryRepositories = str | Namespace | Sequence[str | Namespace]

# Service-linked roles of ECR create repositories for caches and replicas.
_SERVICE_LINKED_ROLES = "role/aws-service-role/*"
# The access of consumers of a cache.
_CONSUMERS = ("account_pull", "organization_pull", "organizational_unit_pull", "role_pull")
# Values of `aws:PrincipalArn`. For a session of a role it is the ARN of the role, not that of the session.
_PRINCIPAL = re.compile(r"arn:[a-z*-]+:iam::([0-9]{12}|\*):(role|user)/.+")


class RegistryPolicy:
    """
    The statements of a registry policy, with those that other constructs add.

    Args:
        resources: The resources of the registry.
        environment: The account and Region of the registry.
        scope: The scope of the policy in the account. None if it is not given.

    Attributes:
        scope: The scope.

    """

    def __init__(self, resources: RegistryResources, environment: Environment, scope: PolicyScope | None) -> None:
        self._resources = resources
        self._environment = environment
        self.scope = scope
        self._statements = StatementList(
            resources.stack,
            check=v1_statement_problems if scope == "V1" else registry_statement_problems,
            merged=_merged,
            too_long=_TOO_LONG,
            account=environment.account,
            region=environment.region,
        )
        self._count = 0
        # The principals that are excluded from the denial, in addition to the roles of creation templates.
        self._excepted: Sequence[str] = ()
        self._denial: iam.PolicyStatement | None = None

    def adding(self, statements: Sequence[iam.PolicyStatement], problems: Problems | None = None) -> Change:
        """
        Return the change that adds statements.

        Args:
            statements: The statements.
            problems: The problems that were found before. Default: none.

        Raises:
            InvalidRegistry: With all problems.
            TypeError: If there are wrong kinds among the problems that were found before.

        """
        found = Problems() if problems is None else problems
        self._resources.check_not_synthesized(found)
        found.extend(self._statements.problems_with(statements))
        found.raise_if_any(InvalidRegistry, self._resources.path)
        count = self._count

        def change() -> None:
            if self._count == count:
                self._add(statements)
            else:
                # Other statements were added since the check.
                self.adding(statements)()

        return change

    def accepting_replication(self, account: str, repositories: RegistryRepositories | None) -> Change:
        """
        Return the change that allows the registry of another account to replicate to this one.

        Args:
            account: The account that replicates.
            repositories: The repositories. None for all.

        Raises:
            InvalidRegistry: With all problems.
            TypeError: If arguments are of the wrong kind.

        """
        problems = Problems()
        _check_account(problems, account)
        if account == self._environment.account:
            problems.add(f"{account} is the account of the registry, which needs no statement; remove it")
        resources = self._arns(problems, repositories)
        return self.adding([] if problems else [_replication_statement(account, resources)], problems)

    def accepting_caches(self, account: str, repositories: RegistryRepositories | None) -> Change:
        """
        Return the change that allows the caches of another account to import from this registry.

        Args:
            account: The account that has the caches.
            repositories: The repositories. None for all.

        Raises:
            InvalidRegistry: With all problems.
            TypeError: If arguments are of the wrong kind.

        """
        problems = Problems()
        _check_account(problems, account)
        resources = self._arns(problems, repositories)
        return self.adding([] if problems else [_cache_statement(account, resources)], problems)

    def accepting_consumers(self, consumers: Sequence[Access], repositories: RegistryRepositories) -> Change:
        """
        Return the change that allows consumers to import images through a cache of this registry.

        With scope V2 it also allows them to pull from existing and new repositories.

        Args:
            consumers: The consumers.
            repositories: The repositories of the cache.

        Raises:
            InvalidRegistry: With all problems.
            TypeError: If arguments are of the wrong kind.

        """
        problems = Problems()
        for consumer in consumers:
            _check_consumer(problems, consumer)
        resources = self._arns(problems, repositories)
        actions = sorted({*IMPORT, *PULL}) if self.scope == "V2" else IMPORT
        statements = (
            [] if problems else [one for each in consumers for one in _consumer_statements(each, resources, actions)]
        )
        add = self.adding(statements, problems)

        def change() -> None:
            add()
            if any(consumer.names_everyone for consumer in consumers):
                acknowledge(self._resources.construct, "AwsSolutions-ECR1", ONE_ORGANIZATION)

        return change

    def denying_creation(self, except_for: Sequence[str | iam.IRole]) -> Change:
        """
        Return the change that denies the creation of repositories.

        Args:
            except_for: The principals that can create repositories.

        Raises:
            InvalidRegistry: With all problems.
            TypeError: If arguments are of the wrong kind.

        """
        problems = Problems()
        arns = _principal_arns(problems, except_for, self._environment.region)
        if self._denial is not None:
            problems.add("the registry already denies the creation of repositories; list all principals in one call")
        excepted = [*arns, *self._excepted]
        account = self._environment.account or cdk.Aws.ACCOUNT_ID
        denial = _creation_denial(account, [*excepted, *self._creators()], self._arns(problems, None))
        add = self.adding([denial], problems)

        def change() -> None:
            add()
            self._denial, self._excepted = denial, excepted

        return change

    def except_from_denial(self, role: iam.IRole) -> None:
        """
        Exclude a role from the denial of the creation of repositories, now and if it is added later.

        Args:
            role: The role of a creation template, which ECR assumes to create repositories.

        Raises:
            InvalidRegistry: If the policy is rendered already.

        """
        if self._denial is not None:
            problems = Problems()
            self._resources.check_not_synthesized(problems)
            problems.raise_if_any(InvalidRegistry, self._resources.path)
        if role.role_arn not in self._creators():
            self._excepted = [*self._excepted, role.role_arn]
        self._update_denial()

    def problems_at_synthesis(self) -> list[str]:
        """Return the problems of the policy if its statements changed since they were added."""
        return self._statements.validate()

    def _add(self, statements: Sequence[iam.PolicyStatement]) -> None:
        if not statements:
            return
        construct = self._resources.construct
        if self._statements.is_empty:
            resource = ecr.CfnRegistryPolicy(construct, "Policy", policy_text=self._resources.lazily(self._document))
            self._resources.retain(resource, _LOST)
        self._count += len(statements)
        note_services(construct, self._statements.add(statements))

    def _document(self) -> Mapping[str, Any]:
        """Return the policy document, in an order that does not depend on the order of the additions."""
        # The roles of templates that were removed from the app do not exist.
        self._update_denial()
        return self._statements.document()

    def _creators(self) -> Sequence[str]:
        """Return the ARNs of the roles of the creation templates in the app, without duplicates."""
        return list(dict.fromkeys(name.split(" ")[0] for name in self._environment.registered_names("creator")))

    def _update_denial(self) -> None:
        if self._denial is not None:
            self._denial.add_condition(*_creation_exceptions([*self._excepted, *self._creators()]))

    def _arns(self, problems: Problems, repositories: RegistryRepositories | None) -> list[str]:
        """Return the ARNs of repositories, and add the problems of their names."""
        names: list[str] = ["*"] if repositories is None else []
        kinds, example = (str, Namespace, Sequence), "Namespace('prod') or ['prod/api']"
        if repositories is not None and problems.expect(
            "repositories", repositories, kinds, example, each=(str, Namespace)
        ):
            names = _patterns(problems, repositories)
        return sorted({self._arn(name) for name in names})

    def _arn(self, name: str) -> str:
        return self._resources.stack.format_arn(service="ecr", resource="repository", resource_name=name)


_LOST = (
    "other accounts lose the access that it allows, and the actions that it denies are allowed, when the stack or the "
    "registry is deleted"
)
_TOO_LONG = (
    f"the registry policy has {{}} characters; ECR allows {MAXIMUM_CHARACTERS}, "
    "let statements share their principals or their repositories"
)


def _merged(statements: Sequence[Written]) -> Sequence[Written]:
    """Merge statements for the same principals, then statements for the same repositories, and sort them."""
    merged = merge_statements(merge_statements(statements, "Resource"), "Principal")
    return sorted(merged, key=lambda each: canonical_json(each.resolved))


def find_policy(environment: Environment) -> RegistryPolicy | None:
    """
    Return the policy of the registry of an environment.

    Args:
        environment: The account and Region.

    Returns:
        The policy. None if the app has no registry there.

    """
    part = environment.registry_parts().get("policy")
    return part if isinstance(part, RegistryPolicy) else None


def _replication_statement(account: str, resources: Sequence[str]) -> iam.PolicyStatement:
    """Return the statement that allows another account to replicate, and to create the repositories of the replicas."""
    return iam.PolicyStatement(
        principals=[iam.AccountPrincipal(account)], actions=list(REPLICATE), resources=list(resources)
    )


def _consumer_statements(
    consumer: Access, resources: Sequence[str], actions: Sequence[str]
) -> list[iam.PolicyStatement]:
    """Return the statements that allow a consumer to import an image, and with scope V2 to pull it."""
    return [
        iam.PolicyStatement.from_json({**statement, "Action": list(actions), "Resource": list(resources)})
        for statement in consumer.statements()
    ]


def _cache_statement(account: str, resources: Sequence[str]) -> iam.PolicyStatement:
    """Return the statement that allows the caches of another account to import from repositories of this one."""
    return iam.PolicyStatement(
        principals=[iam.AccountPrincipal(account)], actions=list(CACHE_PULL), resources=list(resources)
    )


def _creation_denial(account: str, principals: Sequence[str], resources: Sequence[str]) -> iam.PolicyStatement:
    """
    Return the statement that denies the creation of repositories to all other principals of an account.

    Other accounts have only the permissions of a statement. Calls of AWS services are not denied.
    """
    operator, excepted = _creation_exceptions(principals)
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


def _creation_exceptions(principals: Sequence[str]) -> tuple[str, Mapping[str, Sequence[str]]]:
    """Return the condition of the denial that excludes principals."""
    return "ArnNotLike", {"aws:PrincipalArn": [*principals, f"arn:{cdk.Aws.PARTITION}:iam::*:{_SERVICE_LINKED_ROLES}"]}


def _check_account(problems: Problems, account: object) -> None:
    if problems.expect("account", account, str, "'444455556666'"):
        problems.extend(forwarded_problems(ACCOUNT_ID, str(account)))


def _patterns(problems: Problems, repositories: RegistryRepositories) -> list[str]:
    """Return the names of repositories as patterns, and add the problems of those that are not well formed."""
    several = [repositories] if isinstance(repositories, (str, Namespace)) else repositories
    if not several:
        problems.add("repositories: the list is empty; remove it to include all repositories")
    for name in (one for one in several if isinstance(one, str)):
        problems.extend(f"repositories: {problem}" for problem in forwarded_problems(REPOSITORY_PATTERN, name))
    return [f"{one}/*" if isinstance(one, Namespace) else one for one in several]


def _principal_arns(problems: Problems, principals: Sequence[str | iam.IRole], region: str | None) -> list[str]:
    """Return the ARNs of the principals of `except_for`, and add the problems of those that cannot be excluded."""
    example = "['arn:aws:iam::111122223333:role/deployer']"
    if not problems.expect("except_for", principals, Sequence, example):
        return []
    for index, one in enumerate(principals):
        if not isinstance(one, str) and not is_role(one):
            problems.add_wrong_kinds(f"except_for[{index}] must be an iam.Role or its ARN, got {abbreviate(one)}")
    arns = [one if isinstance(one, str) else one.role_arn for one in principals if isinstance(one, str) or is_role(one)]
    if not principals:
        problems.add(
            "except_for: no principal could create repositories, including CloudFormation; add the role that deploys"
        )
    problems.extend(
        f"except_for: {arn!r} is not the ARN of a role or user; "
        "write one such as 'arn:aws:iam::111122223333:role/deployer'"
        for arn in arns
        if not is_token(arn) and not _PRINCIPAL.fullmatch(arn)
    )
    problems.extend(each for arn in arns for each in arn_problems("except_for", arn, region))
    return arns


def _check_consumer(problems: Problems, consumer: object) -> None:
    if not problems.expect("consumer", consumer, Access, "Access.account_pull('111122223333')"):
        return
    assert isinstance(consumer, Access)  # noqa: S101  (the kind was checked)
    if consumer.intent not in _CONSUMERS:
        problems.add(
            f"consumers: {consumer.intent} is not for caches: {_reason(consumer.intent)}; "
            f"use {', '.join(f'Access.{each}(...)' for each in _CONSUMERS[:-1])} or Access.{_CONSUMERS[-1]}(...)"
        )


def _reason(intent: str) -> str:
    """Return the reason why an intent is not allowed for consumers."""
    if intent == "lambda_pull":
        return "Lambda cannot pull through a cache"
    if intent.endswith(("_push", "_sign")):
        return "caches accept no pushes"
    return "consumers pull, and access= is for other permissions"
