"""The intents of the matrix: for each, the app that gives a permission, and the repositories that are called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

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
from tests.permissions.documents import REGION
from tests.templates import OTHER_ACCOUNT, new_app, new_stack

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

    """

    build: Build
    repository: str = "prod/api"
    other: str = "prod/web"


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


def cache(stack: cdk.Stack, *consumers: Access) -> PullThroughCache:
    """Return a cache of Amazon ECR Public with its consumers."""
    PrivateRegistry(stack, "Registry")
    return PullThroughCache(stack, "Cache", upstream=Upstream.ecr_public(), consumers=consumers)


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


def replica(stack: cdk.Stack, role: iam.Role) -> None:
    PrivateRegistry(stack, "Registry")
    destination = ReplicaRegistry(
        stack, "Replica", source_region="us-east-1", source_account=OTHER_ACCOUNT, repositories=Namespace("prod")
    )
    destination.grant_pull(role)


def _access(access: Access) -> Intent:
    return Intent(lambda stack, _: repository(stack, access))


def _grant(method: str, *arguments: str) -> Intent:
    return Intent(lambda stack, role: getattr(repository(stack), method)(role, *arguments))


def _granted_to(principal: Callable[[], iam.IPrincipal]) -> Intent:
    return Intent(lambda stack, _: repository(stack).grant_pull(principal()))


def _template_grant(method: str, **options: bool) -> Intent:
    return Intent(lambda stack, role: getattr(template(stack), method)(role, **options), "teams/api", "teams-old/api")


_CACHED = "ecr-public/docker/library/nginx"

# The text of each is the code that gives the permission.
INTENTS: Mapping[str, Intent] = {
    "repository.grant_pull(role)": _grant("grant_pull"),
    "repository.grant_push(role)": _grant("grant_push"),
    "repository.grant_pull_push(role)": _grant("grant_pull_push"),
    "repository.grant_read(role)": _grant("grant_read"),
    "HardenedRepository.from_repository_name(...).grant_push(role)": Intent(
        lambda stack, role: HardenedRepository.from_repository_name(stack, "Api", "prod/api").grant_push(role)
    ),
    'repository.grant(role, "ecr:BatchDeleteImage")': _grant("grant", "ecr:BatchDeleteImage"),
    "template.grant_pull(role)": _template_grant("grant_pull"),
    "template.grant_push(role)": _template_grant("grant_push"),
    "template.grant_push(role, create=True)": _template_grant("grant_push", create=True),
    "cache.grant_pull(role)": Intent(lambda stack, role: cache(stack).grant_pull(role), _CACHED),
    "replica.grant_pull(role)": Intent(replica, other="production/api"),
    "Publisher(repositories=[repository])": Intent(lambda stack, _: published(stack, repository(stack))),
    "Publisher(repositories=[ecr.Repository])": Intent(
        lambda stack, _: published(stack, ecr.Repository(stack, "Api", repository_name="prod/api"))
    ),
    'Publisher(repositories=[Namespace("teams")], create_repositories=True)': Intent(
        lambda stack, _: published_in_namespace(stack), "teams/api", "teams-old/api"
    ),
    "Promotion, source": Intent(lambda stack, _: promoted(stack), "staging/api"),
    "Promotion, target": Intent(lambda stack, _: promoted(stack)),
    "Access.organization_pull(organization)": _access(Access.organization_pull(ORGANIZATION)),
    "Access.organizational_unit_pull(unit)": _access(Access.organizational_unit_pull(UNIT)),
    "Access.account_pull(account)": _access(Access.account_pull(OTHER_ACCOUNT)),
    "Access.account_push(account)": _access(Access.account_push(OTHER_ACCOUNT)),
    "Access.role_pull(named role)": _access(Access.role_pull(ROLE)),
    "Access.role_push(named role)": _access(Access.role_push(ROLE)),
    "Access.lambda_pull(account)": _access(Access.lambda_pull(OTHER_ACCOUNT)),
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
    "PullThroughCache(consumers=) with Access.account_pull": Intent(
        lambda stack, _: cache(stack, Access.account_pull(OTHER_ACCOUNT)), _CACHED
    ),
    "PullThroughCache(consumers=) with Access.role_pull": Intent(
        lambda stack, _: cache(stack, Access.role_pull(ROLE)), _CACHED
    ),
    "PullThroughCache(consumers=) with Access.organization_pull": Intent(
        lambda stack, _: cache(stack, Access.organization_pull(ORGANIZATION)), _CACHED
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
