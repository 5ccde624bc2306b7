"""
Ten apps, written anew after kinds of public CDK apps, with the findings that are expected of `Guardrails` for each.

No app imports the library: each is as its authors would write it with the constructs of the CDK.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import aws_cdk as cdk
from aws_cdk import aws_apprunner as apprunner
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_ssm as ssm

IRELAND = cdk.Environment(account="111122223333", region="eu-west-1")
FRANKFURT = cdk.Environment(account="111122223333", region="eu-central-1")
PRODUCTION = cdk.Environment(account="444455556666", region="eu-west-1")

Findings = Mapping[str, set[str]]

# An `ecr.Repository` without arguments: its images are not scanned, its tags can be reassigned, no image expires, and
# it is encrypted with AES-256.
PLAIN = {"images-scanned", "scan-on-push", "tags-immutable", "lifecycle-policy-present", "customer-managed-key"}
SCANNED = PLAIN - {"images-scanned", "scan-on-push"}


def fargate_service(app: cdk.App) -> Findings:
    """Add a service on Fargate that runs the tag `latest` of a repository."""
    stack = cdk.Stack(app, "Service")
    repository = ecr.Repository(stack, "Repository", removal_policy=cdk.RemovalPolicy.DESTROY)
    repository.add_lifecycle_rule(max_image_count=20)
    task = ecs.FargateTaskDefinition(stack, "Task")
    task.add_container("web", image=ecs.ContainerImage.from_ecr_repository(repository, "latest"))
    cluster = ecs.Cluster(stack, "Cluster", vpc=ec2.Vpc(stack, "Vpc", max_azs=2))
    ecs.FargateService(stack, "Service", cluster=cluster, task_definition=task)
    # The newest 20 images are kept, whatever their tags.
    return {"Service/Repository/Resource": PLAIN - {"lifecycle-policy-present"}}


def pipeline(app: cdk.App) -> Findings:
    """Add a project that builds an image in an image of a repository, and pushes it to another repository."""
    stack = cdk.Stack(app, "Pipeline")
    builder = ecr.Repository(stack, "Builder", image_scan_on_push=True)
    target = ecr.Repository(stack, "Target", image_scan_on_push=True, image_tag_mutability=ecr.TagMutability.IMMUTABLE)
    project = codebuild.Project(
        stack,
        "Build",
        environment=codebuild.BuildEnvironment(
            build_image=codebuild.LinuxBuildImage.from_ecr_repository(builder, "v3"), privileged=True
        ),
        build_spec=codebuild.BuildSpec.from_object(
            {"version": "0.2", "phases": {"build": {"commands": ["make push"]}}}
        ),
    )
    target.grant_pull_push(project)
    return {"Pipeline/Builder/Resource": SCANNED, "Pipeline/Target/Resource": SCANNED - {"tags-immutable"}}


def functions(app: cdk.App) -> Findings:
    """Add a function whose image is named by a digest that a pipeline writes to Systems Manager."""
    stack = cdk.Stack(app, "Functions", env=IRELAND)
    repository = ecr.Repository(stack, "Repository", repository_name="functions/resize", image_scan_on_push=True)
    digest = ssm.StringParameter.value_for_string_parameter(stack, "/resize/image-digest")
    code = lambda_.DockerImageCode.from_ecr(repository, tag_or_digest=digest)
    lambda_.DockerImageFunction(stack, "ByDigest", code=code)
    tag = cdk.CfnParameter(stack, "ImageTag", default="v1").value_as_string
    code = lambda_.DockerImageCode.from_ecr(repository, tag_or_digest=tag)
    lambda_.DockerImageFunction(stack, "ByTag", code=code)
    # The CDK writes a token as a tag, so the reference with a digest is invalid. The one with a tag is valid.
    # The statement for Lambda that the CDK adds has no condition on its source.
    return {
        "Functions/Repository/Resource": SCANNED | {"service-principal-source"},
        "Functions/ByDigest/Resource": {"image-reference-valid"},
    }


def eks_nodes(app: cdk.App) -> Findings:
    """Add a role of nodes that pulls from two repositories."""
    stack = cdk.Stack(app, "Cluster", env=IRELAND)
    nodes = iam.Role(stack, "Nodes", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
    nodes.add_managed_policy(iam.ManagedPolicy.from_aws_managed_policy_name("AmazonEC2ContainerRegistryReadOnly"))
    for name in ("ingress", "metrics"):
        ecr.Repository(
            stack,
            name.capitalize(),
            repository_name=f"platform/{name}",
            image_tag_mutability=ecr.TagMutability.IMMUTABLE,
            encryption=ecr.RepositoryEncryption.KMS,
        ).grant_pull(nodes)
    # The encryption uses the AWS managed key.
    found = PLAIN - {"tags-immutable"}
    return {"Cluster/Ingress/Resource": found, "Cluster/Metrics/Resource": found}


def cross_account_pull(app: cdk.App) -> Findings:
    """Add a repository that other accounts and the organization pull from."""
    stack = cdk.Stack(app, "Shared", env=IRELAND)
    repository = ecr.Repository(stack, "Base", repository_name="shared/base", image_scan_on_push=True)
    repository.grant_pull(iam.AccountPrincipal(PRODUCTION.account))
    repository.grant_pull(iam.OrganizationPrincipal("o-abc1234567"))
    repository.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal("lambda.amazonaws.com")],
            actions=["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            conditions={"StringLike": {"aws:sourceArn": f"arn:aws:lambda:eu-west-1:{PRODUCTION.account}:function:*"}},
        )
    )
    # The organization is a condition, so the statement is not public. Lambda has a condition on its source.
    return {"Shared/Base/Resource": SCANNED}


def promotion(app: cdk.App) -> Findings:
    """Add a repository in a development and in a production account, with the same name, and a role that copies."""
    for name, environment in (("Development", IRELAND), ("Production", PRODUCTION)):
        stack = cdk.Stack(app, name, env=environment)
        mutability = ecr.TagMutability.MUTABLE if name == "Development" else ecr.TagMutability.IMMUTABLE
        repository = ecr.Repository(
            stack,
            "Api",
            repository_name="payments/api",
            image_scan_on_push=True,
            image_tag_mutability=mutability,
            lifecycle_rules=[
                ecr.LifecycleRule(rule_priority=1, tag_prefix_list=["release-"], max_image_count=30),
                ecr.LifecycleRule(rule_priority=2, tag_status=ecr.TagStatus.UNTAGGED, max_image_count=100),
            ],
        )
        if name == "Production":
            repository.grant_push(iam.ArnPrincipal(f"arn:aws:iam::{IRELAND.account}:role/promotion"))
    # The repositories are in different registries, and nothing replicates one to the other.
    return {
        "Development/Api/Resource": {"tags-immutable", "customer-managed-key"},
        "Production/Api/Resource": {"customer-managed-key"},
    }


def pull_through_cache(app: cdk.App) -> Findings:
    """Add caches of two upstream registries, a template, and a task that runs a cached image by its digest."""
    stack = cdk.Stack(app, "Caches", env=IRELAND)
    ecr.CfnPullThroughCacheRule(
        stack,
        "Public",
        ecr_repository_prefix="ecr-public",
        upstream_registry_url="public.ecr.aws",
        upstream_registry="ecr-public",
    )
    ecr.CfnPullThroughCacheRule(
        stack, "Hub", ecr_repository_prefix="docker-hub", upstream_registry_url="registry-1.docker.io"
    )
    ecr.CfnRepositoryCreationTemplate(
        stack, "Template", prefix="ecr-public", applied_for=["PULL_THROUGH_CACHE"], image_tag_mutability="IMMUTABLE"
    )
    task = ecs.FargateTaskDefinition(stack, "Task")
    registry = f"{IRELAND.account}.dkr.ecr.{IRELAND.region}.amazonaws.com"
    task.add_container("by-tag", image=ecs.ContainerImage.from_registry(f"{registry}/ecr-public/nginx/nginx:1.27"))
    digest = f"sha256:{'0' * 64}"
    task.add_container("by-digest", image=ecs.ContainerImage.from_registry(f"{registry}/ecr-public/xray/xray@{digest}"))
    # Docker Hub requires credentials. A cache does not refresh immutable tags. The first pull by a digest can fail.
    return {
        "Caches/Hub": {"cache-rule-valid"},
        "Caches/Template": {"cached-tags-mutable"},
        "Caches/Task/Resource": {"cached-image-by-digest"},
    }


def replication(app: cdk.App) -> Findings:
    """Add a registry that replicates to another Region and to another account, which accepts one namespace."""
    source = cdk.Stack(app, "Source", env=IRELAND)
    rule, place = (
        ecr.CfnReplicationConfiguration.ReplicationRuleProperty,
        ecr.CfnReplicationConfiguration.ReplicationDestinationProperty,
    )
    prefix = ecr.CfnReplicationConfiguration.RepositoryFilterProperty
    destinations = [place(region=str(each.region), registry_id=str(each.account)) for each in (FRANKFURT, PRODUCTION)]
    ecr.CfnReplicationConfiguration(
        source,
        "Replication",
        replication_configuration=ecr.CfnReplicationConfiguration.ReplicationConfigurationProperty(
            rules=[
                rule(
                    destinations=destinations,
                    repository_filters=[prefix(filter=each, filter_type="PREFIX_MATCH") for each in ("prod/", "base/")],
                )
            ]
        ),
    )
    ecr.Repository(source, "Api", repository_name="prod/api", image_scan_on_push=True)
    recovery = cdk.Stack(app, "Recovery", env=FRANKFURT)
    ecr.Repository(
        recovery,
        "Api",
        repository_name="prod/api",
        image_scan_on_push=True,
        image_tag_mutability=ecr.TagMutability.IMMUTABLE,
    )
    ecr.CfnRegistryPolicy(
        cdk.Stack(app, "Accepting", env=PRODUCTION),
        "Policy",
        policy_text={
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "Replication",
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{IRELAND.account}:root"},
                    "Action": ["ecr:CreateRepository", "ecr:ReplicateImage"],
                    "Resource": f"arn:aws:ecr:{PRODUCTION.region}:{PRODUCTION.account}:repository/prod/*",
                }
            ],
        },
    )
    # The other account accepts `prod/` and not `base/`. The replica has immutable tags, and its source has not.
    return {
        "Source/Replication": {"replication-accepted"},
        "Source/Api/Resource": SCANNED,
        "Recovery/Api/Resource": SCANNED - {"tags-immutable"} | {"replica-tags-differ"},
    }


def monorepo(app: cdk.App) -> Findings:
    """Add many repositories with enhanced scanning of one namespace."""
    stack = cdk.Stack(app, "Monorepo", env=IRELAND)
    configuration = ecr.CfnRegistryScanningConfiguration
    configuration(
        stack,
        "Scanning",
        scan_type="ENHANCED",
        rules=[
            configuration.ScanningRuleProperty(
                scan_frequency="CONTINUOUS_SCAN",
                repository_filters=[
                    configuration.RepositoryFilterProperty(filter="services/*", filter_type="WILDCARD")
                ],
            )
        ],
    )
    rules = [
        ecr.LifecycleRule(rule_priority=1, tag_status=ecr.TagStatus.UNTAGGED, max_image_count=5),
        ecr.LifecycleRule(rule_priority=2, tag_prefix_list=["main-"], max_image_count=50),
    ]
    for name in ("services/cart", "services/search", "services/users", "tools/linter"):
        repository = ecr.Repository(
            stack, name.replace("/", "-"), repository_name=name, image_scan_on_push=True, lifecycle_rules=rules
        )
        repository.on_image_scan_completed("Scanned") if name == "services/cart" else None
    # `tools/linter` is in no filter, and with enhanced scanning ScanOnPush of a repository has no effect. The event of
    # basic scanning does not exist with enhanced scanning.
    kept = {"tags-immutable", "customer-managed-key"}
    return {
        "Monorepo/services-cart/Resource": kept,
        "Monorepo/services-search/Resource": kept,
        "Monorepo/services-users/Resource": kept,
        "Monorepo/tools-linter/Resource": kept | {"images-scanned"},
        "Monorepo/services-cart/Scanned/Resource": {"scan-event-source"},
    }


def app_runner(app: cdk.App) -> Findings:
    """Add a service of App Runner with an image of a repository of the same stack."""
    stack = cdk.Stack(app, "Web")
    repository = ecr.Repository(
        stack,
        "Repository",
        image_scan_on_push=True,
        lifecycle_rules=[ecr.LifecycleRule(description="keep 90 days", max_image_age=cdk.Duration.days(30))],
    )
    role = iam.Role(stack, "Access", assumed_by=iam.ServicePrincipal("build.apprunner.amazonaws.com"))
    repository.grant_pull(role)
    apprunner.CfnService(
        stack,
        "Service",
        source_configuration=apprunner.CfnService.SourceConfigurationProperty(
            authentication_configuration=apprunner.CfnService.AuthenticationConfigurationProperty(
                access_role_arn=role.role_arn
            ),
            image_repository=apprunner.CfnService.ImageRepositoryProperty(
                image_identifier=repository.repository_uri_for_tag("stable"), image_repository_type="ECR"
            ),
        ),
    )
    # The rule deletes every image, also the newest, 30 days after its push, and its description has another number.
    return {
        "Web/Repository/Resource": {
            "tags-immutable",
            "customer-managed-key",
            "lifecycle-age-deletes-newest",
            "lifecycle-description-contradicts-rule",
        }
    }


APPS: Mapping[str, Callable[[cdk.App], Findings]] = {
    each.__name__: each
    for each in (
        fargate_service,
        pipeline,
        functions,
        eks_nodes,
        cross_account_pull,
        promotion,
        pull_through_cache,
        replication,
        monorepo,
        app_runner,
    )
}
