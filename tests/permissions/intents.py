"""The intents of the matrix: for each, the app that gives a permission, and the repositories that are called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from ecr_constructs import (
    CREATED,
    Access,
    CreationTemplate,
    HardenedRepository,
    Namespace,
    PipelineIdentity,
    PrivateRegistry,
    Promotion,
    Publisher,
    PullThroughCache,
    ReplicaRegistry,
    Upstream,
)
from tests.permissions.callers import CODEBUILD, ORGANIZATION, OUTSIDE_ACCOUNT, ROLE, UNIT
from tests.permissions.documents import REGION, Scope
from tests.templates import ACCOUNT, OTHER_ACCOUNT, new_app, new_stack

IDENTITY = PipelineIdentity.github("octo-org/api", environment="production")
PROFILE = "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/images"
Build = Callable[[cdk.Stack, iam.Role], object]


@dataclass(frozen=True, slots=True)
class Intent:
    """
    A permission of the library.

    Attributes:
        build: A function that adds it to a stack, for a role. If another role has it, the function returns that role.
        repository: The repository that it is for.
        other: A repository of the same registry that it is not for. Its name differs little.
        scope: The scope of the registry policy in the account.
        existing: Whether the repositories are older than the app, and have no policy of their own.

    """

    build: Build
    repository: str = "prod/api"
    other: str = "prod/web"
    scope: Scope = "V2"
    existing: bool = False


def repository(stack: cdk.Stack, *access: Access, name: str = "prod/api") -> HardenedRepository:
    """Return a repository beside another one that no permission is for."""
    HardenedRepository(stack, "Web", repository_name="prod/web")
    return HardenedRepository(stack, "Api", repository_name=name, access=access)


def template(stack: cdk.Stack, *access: Access) -> CreationTemplate:
    """Return the template of the repositories of teams that are created on push."""
    settings = CREATED.but(access=access)
    return CreationTemplate(
        stack, "Teams", prefix=Namespace("teams"), applied_for=["CREATE_ON_PUSH"], settings=settings
    )


def cache(stack: cdk.Stack, *consumers: Access, scope: Scope | None = None, **options: Any) -> PullThroughCache:
    """Return a cache of Amazon ECR Public with its consumers."""
    PrivateRegistry(stack, "Registry", policy_scope=scope)
    return PullThroughCache(stack, "Cache", upstream=Upstream.ecr_public(), consumers=consumers, **options)


def replica(stack: cdk.Stack, source_account: str | None = None) -> ReplicaRegistry:
    """Return the destination of replications from another Region."""
    PrivateRegistry(stack, "Registry")
    return ReplicaRegistry(
        stack, "Replica", source_region="us-east-1", source_account=source_account, repositories=Namespace("prod")
    )


def published(stack: cdk.Stack, repository: ecr.Repository) -> iam.Role:
    return Publisher(stack, "Publisher", identity=IDENTITY, repositories=[repository]).role


def published_in_namespace(stack: cdk.Stack) -> iam.Role:
    return Publisher(
        stack,
        "Publisher",
        identity=IDENTITY,
        repositories=[Namespace("teams")],
        create_repositories=True,
        signing_profile_arn=PROFILE,
    ).role


def promoted(stack: cdk.Stack) -> iam.Role:
    source = HardenedRepository(stack, "Source", repository_name="staging/api")
    return Promotion(
        stack,
        "Promotion",
        source=source,
        target=repository(stack),
        promoters=[IDENTITY],
        signing_profile_arn=PROFILE,
    ).role


def image_of_function(stack: cdk.Stack) -> None:
    code = repository(stack).image("v1.0").for_lambda()
    lambda_.DockerImageFunction(stack, "Function", code=code)


def image_of_task(stack: cdk.Stack) -> iam.IRole:
    task = ecs.FargateTaskDefinition(stack, "Task")
    task.add_container("Web", image=repository(stack).image("v1.0").for_ecs())
    return task.obtain_execution_role()


def image_of_build(stack: cdk.Stack) -> iam.IRole:
    image = codebuild.LinuxBuildImage.from_ecr_repository(repository(stack), "v1.0")
    project = codebuild.Project(
        stack,
        "Build",
        environment=codebuild.BuildEnvironment(build_image=image),
        build_spec=codebuild.BuildSpec.from_object({"version": "0.2"}),
    )
    assert project.role is not None
    return project.role


def several_replications(stack: cdk.Stack) -> None:
    registry = PrivateRegistry(stack, "Registry")
    registry.accept_replication_from(OTHER_ACCOUNT, repositories=Namespace("prod"))
    registry.accept_replication_from(OUTSIDE_ACCOUNT, repositories=Namespace("production"))


def _access(access: Access) -> Intent:
    return Intent(lambda stack, _: repository(stack, access))


def _granted_to(principal: Callable[[], iam.IPrincipal]) -> Intent:
    return Intent(lambda stack, _: repository(stack).grant_pull(principal()))


def _consumers(*consumers: Access, **options: Any) -> Build:
    return lambda stack, _: cache(stack, *consumers, **options)


_CACHED = "ecr-public/docker/library/nginx"
_OF_ORGANIZATIONS = ("pull", "push", "read_metadata")
_ALL = (*_OF_ORGANIZATIONS, "scan", "sign", "administer")
_OF_CACHES = ("read_metadata", "scan", "administer")
# The principals of `Access`, and the intents that each has.
_PRINCIPALS = {
    "organization": ("organization", ORGANIZATION, _OF_ORGANIZATIONS),
    "organizational_unit": ("unit", UNIT, _OF_ORGANIZATIONS),
    "account": ("account", OTHER_ACCOUNT, _ALL),
    "role": ("named role", ROLE, _ALL),
}
# The constructs with grants: how each is made, the intents, a repository that it has and one that it does not have.
_GRANTING: Mapping[str, tuple[Callable[[cdk.Stack], Any], Sequence[str], str, str]] = {
    "repository": (repository, _ALL, "prod/api", "prod/web"),
    "HardenedRepository.from_repository_name(...)": (
        lambda stack: HardenedRepository.from_repository_name(stack, "Api", "prod/api"),
        _ALL,
        "prod/api",
        "prod/web",
    ),
    "template": (template, _ALL, "teams/api", "teams-old/api"),
    "cache": (cache, _OF_CACHES, _CACHED, "prod/web"),
    "replica": (replica, ("pull", *_OF_CACHES), "prod/api", "production/api"),
}


def _grant(make: Callable[[cdk.Stack], Any], intent: str) -> Build:
    options = {"signing_profile_arn": PROFILE} if intent == "sign" else {}
    return lambda stack, role: getattr(make(stack), f"grant_{intent}")(role, **options)


def _shared_intents() -> Iterator[tuple[str, Intent]]:
    """Yield the values of `Access` and the grants that have the same intents."""
    for kind, (subject, value, given) in _PRINCIPALS.items():
        for each in given:
            yield f"Access.{kind}_{each}({subject})", _access(getattr(Access, f"{kind}_{each}")(value))
    for name, (make, intents, own, other) in _GRANTING.items():
        for each in intents:
            yield f"{name}.grant_{each}(role)", Intent(_grant(make, each), own, other)


# The text of each is the code that gives the permission.
INTENTS: Mapping[str, Intent] = {
    **dict(_shared_intents()),
    "repository.grant_pull_push(role)": Intent(lambda stack, role: repository(stack).grant_pull_push(role)),
    "repository.grant_read(role)": Intent(lambda stack, role: repository(stack).grant_read(role)),
    "repository.grant_scan(role, enhanced=True)": Intent(
        lambda stack, role: repository(stack).grant_scan(role, enhanced=True)
    ),
    'repository.grant(role, "ecr:BatchDeleteImage")': Intent(
        lambda stack, role: repository(stack).grant(role, "ecr:BatchDeleteImage")
    ),
    "template.grant_push(role, create=True)": Intent(
        lambda stack, role: template(stack).grant_push(role, create=True), "teams/api", "teams-old/api"
    ),
    "cache.grant_pull(role)": Intent(lambda stack, role: cache(stack).grant_pull(role), _CACHED),
    "Publisher(repositories=[repository])": Intent(lambda stack, _: published(stack, repository(stack))),
    "Publisher(repositories=[ecr.Repository])": Intent(
        lambda stack, _: published(stack, ecr.Repository(stack, "Api", repository_name="prod/api"))
    ),
    'Publisher(repositories=[Namespace("teams")], create_repositories=True)': Intent(
        lambda stack, _: published_in_namespace(stack), "teams/api", "teams-old/api"
    ),
    "Promotion, source": Intent(lambda stack, _: promoted(stack), "staging/api"),
    "Promotion, target": Intent(lambda stack, _: promoted(stack)),
    "Access.lambda_pull(account)": _access(Access.lambda_pull(OTHER_ACCOUNT)),
    "Access.codebuild_pull(account of the repository)": _access(Access.codebuild_pull(ACCOUNT)),
    "Access.app_runner_pull(named role)": _access(Access.app_runner_pull(ROLE)),
    "Access.cache_pull(account)": _access(Access.cache_pull(OTHER_ACCOUNT)),
    "Access.account_pull(account), role_push(named role) and lambda_pull(third account)": Intent(
        lambda stack, _: repository(
            stack, Access.account_pull(OTHER_ACCOUNT), Access.role_push(ROLE), Access.lambda_pull(OUTSIDE_ACCOUNT)
        )
    ),
    "CreationTemplate(settings=) with Access.organization_pull": Intent(
        lambda stack, _: template(stack, Access.organization_pull(ORGANIZATION)), "teams/api", "teams-old/api"
    ),
    "repository.grant_pull(AccountPrincipal)": _granted_to(lambda: iam.AccountPrincipal(OTHER_ACCOUNT)),
    "repository.grant_pull(ArnPrincipal of a role)": _granted_to(lambda: iam.ArnPrincipal(ROLE)),
    "repository.grant_pull(OrganizationPrincipal)": _granted_to(lambda: iam.OrganizationPrincipal(ORGANIZATION)),
    "repository.grant_pull(ServicePrincipal of CodeBuild with aws:SourceAccount)": _granted_to(
        lambda: iam.ServicePrincipal(CODEBUILD, conditions={"StringEquals": {"aws:SourceAccount": OTHER_ACCOUNT}})
    ),
    # Without the scope, the permissions must suffice in an account with scope V1.
    "PullThroughCache(consumers=) with Access.account_pull": Intent(
        _consumers(Access.account_pull(OTHER_ACCOUNT)), _CACHED, scope="V1"
    ),
    "PullThroughCache(consumers=) with Access.role_pull": Intent(
        _consumers(Access.role_pull(ROLE)), _CACHED, scope="V1"
    ),
    "PullThroughCache(consumers=) with Access.organization_pull": Intent(
        _consumers(Access.organization_pull(ORGANIZATION)), _CACHED, scope="V1"
    ),
    "PullThroughCache(consumers=) with Access.account_pull, a repository that exists": Intent(
        _consumers(Access.account_pull(OTHER_ACCOUNT)), _CACHED, scope="V1", existing=True
    ),
    "PullThroughCache(consumers=) with scope V2 and Access.account_pull": Intent(
        _consumers(Access.account_pull(OTHER_ACCOUNT), scope="V2"), _CACHED
    ),
    "PullThroughCache(consumers=) with scope V2 and Access.account_pull, a repository that exists": Intent(
        _consumers(Access.account_pull(OTHER_ACCOUNT), scope="V2"), _CACHED, existing=True
    ),
    "PullThroughCache(consumers=) with scope V2 and Access.organization_pull, a repository that exists": Intent(
        _consumers(Access.organization_pull(ORGANIZATION), scope="V2"), _CACHED, existing=True
    ),
    "PullThroughCache(template=False, consumers=) with scope V2 and Access.role_pull": Intent(
        _consumers(Access.role_pull(ROLE), scope="V2", template=False), _CACHED
    ),
    "PullThroughCache(access=) with Access.account_pull": Intent(
        _consumers(access=[Access.account_pull(OTHER_ACCOUNT)]), _CACHED, scope="V1"
    ),
    "ReplicaRegistry(source_account=account)": Intent(
        lambda stack, _: replica(stack, OTHER_ACCOUNT), other="production/api", scope="V1"
    ),
    "registry.accept_replication_from(account)": Intent(
        lambda stack, _: PrivateRegistry(stack, "Registry").accept_replication_from(
            OTHER_ACCOUNT, repositories=Namespace("prod")
        ),
        other="production/api",
    ),
    "registry.accept_cache_consumer(Access.account_pull(account))": Intent(
        lambda stack, _: PrivateRegistry(stack, "Registry").accept_cache_consumer(
            Access.account_pull(OTHER_ACCOUNT), repositories=Namespace("prod")
        ),
        other="production/api",
    ),
    'registry.accept_cache_consumer(Access.account_pull(account)), PrivateRegistry(policy_scope="V2")': Intent(
        lambda stack, _: PrivateRegistry(stack, "Registry", policy_scope="V2").accept_cache_consumer(
            Access.account_pull(OTHER_ACCOUNT), repositories=Namespace("prod")
        ),
        other="production/api",
    ),
    "registry.accept_caches_of(account)": Intent(
        lambda stack, _: PrivateRegistry(stack, "Registry").accept_caches_of(
            OTHER_ACCOUNT, repositories=Namespace("prod")
        ),
        other="production/api",
    ),
    "registry.accept_replication_from(...), two accounts, the first": Intent(
        lambda stack, _: several_replications(stack), other="test/api"
    ),
    "registry.accept_replication_from(...), two accounts, the second": Intent(
        lambda stack, _: several_replications(stack), "production/api", "test/api"
    ),
    "DockerImageFunction(code=image.for_lambda())": Intent(lambda stack, _: image_of_function(stack)),
    "ContainerDefinition(image=image.for_ecs())": Intent(lambda stack, _: image_of_task(stack)),
    "LinuxBuildImage.from_ecr_repository(repository)": Intent(lambda stack, _: image_of_build(stack)),
    "HardenedRepository without access": Intent(lambda stack, _: repository(stack)),
}


def build(intent: Intent) -> tuple[cdk.Stack, iam.IRole]:
    """Return the stack of an intent, and the role of its grant."""
    stack = new_stack(new_app(), "Containers", region=REGION)
    grantee = iam.Role(stack, "Grantee", assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"))
    made = intent.build(stack, grantee)
    return stack, cast("iam.IRole", made) if hasattr(made, "role_arn") else grantee
