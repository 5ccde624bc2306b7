"""
The container registry of Larkspur, a company that sells plants.

Two accounts and two Regions. The shop runs in the production account in Ireland. If Ireland is not available, the shop
starts in Frankfurt from the replicas there. The tools account has pull-through caches for public images, so builds
do not depend on the rate limits and the availability of public registries. Only accounts of the organization can pull.
"""

import aws_cdk as cdk

from ecr_constructs import (
    EPHEMERAL,
    HARDENED,
    Access,
    CreationTemplate,
    Credentials,
    HardenedRepository,
    Immutability,
    LifecyclePolicy,
    Namespace,
    PrivateRegistry,
    PullThroughCache,
    ReplicaRegistry,
    Replication,
    Scanning,
    Upstream,
    expire_older_than,
    expire_untagged,
    keep_forever,
    keep_latest,
)

PRODUCTION, TOOLS = "111122223333", "444455556666"
IRELAND, FRANKFURT = "eu-west-1", "eu-central-1"

app = cdk.App()
everyone_at_larkspur = Access.organization_pull("o-larkspur01")
larkspur = Namespace("larkspur")

# The settings of all repositories of the company. Releases are deployed, so the newest 30 are kept. Images that were
# deployed to production are kept forever.
company_settings = HARDENED.but(
    access=[everyone_at_larkspur],
    resource_tags={"company": "larkspur"},
    lifecycle=LifecyclePolicy.of(
        keep_forever("production-*"),
        keep_latest(30, matching="release-*"),
        expire_untagged(after_days=14),
    ),
)

# --- Production: the images of the company, scanned continuously and replicated to the recovery Region --------------

ireland = cdk.Stack(
    app,
    "Containers",
    description="The repositories of Larkspur",
    env=cdk.Environment(account=PRODUCTION, region=IRELAND),
)
PrivateRegistry(
    ireland,
    "Registry",
    scanning=Scanning.enhanced(),
    replication=[Replication.to(FRANKFURT, repositories=larkspur)],
)
shop = HardenedRepository(ireland, "Shop", repository_name="larkspur/shop", settings=company_settings)

# All teams build on `base:latest`, so this tag is mutable. An image that lost the tag can still be in use, so 50
# untagged images are kept. The repository is not under larkspur/, so it is not replicated.
base = HardenedRepository(
    ireland,
    "Base",
    repository_name="larkspur-base",
    settings=company_settings,
    immutability=Immutability.all_tags_except("latest"),
    lifecycle=LifecyclePolicy.of(keep_latest(12, matching="20*"), expire_untagged(keep=50)),
)
# Control Tower (CT.ECR.PR.3) and checkov (CKV_AWS_51) require that all tags are immutable. Both findings are suppressed
# with a reason.
reason = "teams build on base:latest by agreement; images that are deployed have tags of their own"
cdk.Validations.of(base).acknowledge(
    cdk.Acknowledgment(id="cdk-validator-cfnguard::ecr_private_tag_immutability_enabled_check", reason=reason)
)
base.resource.add_metadata("checkov", {"skip": [{"id": "CKV_AWS_51", "comment": reason}]})

# Previews are built from pull requests. The repository and its images are deleted with the stack.
previews = HardenedRepository(
    ireland,
    "Previews",
    repository_name="previews/shop",
    settings=EPHEMERAL.but(access=company_settings.access, resource_tags=company_settings.resource_tags),
    lifecycle=LifecyclePolicy.of(expire_older_than(after_days=14, matching="pr-*"), expire_untagged(after_days=1)),
)

# --- Recovery: replicas in Frankfurt, with the same settings as the source repositories -----------------------------

frankfurt = cdk.Stack(
    app,
    "Recovery",
    description="The copies of the repositories of Larkspur",
    env=cdk.Environment(account=PRODUCTION, region=FRANKFURT),
)
PrivateRegistry(frankfurt, "Registry", scanning=Scanning.enhanced())
ReplicaRegistry(frankfurt, "Replica", source_region=IRELAND, repositories=larkspur, settings=company_settings)

# --- Tools: caches of public images for all accounts, and repositories that ECR creates when a team pushes ----------

tools = cdk.Stack(
    app,
    "Tools",
    description="The caches of public images, and the repositories of the teams of Larkspur",
    env=cdk.Environment(account=TOOLS, region=IRELAND),
)
PrivateRegistry(tools, "Registry", scanning=Scanning.enhanced())
ecr_public = PullThroughCache(
    tools,
    "EcrPublic",
    upstream=Upstream.ecr_public(),
    repositories=["docker/library/*"],
    consumers=[everyone_at_larkspur],
)
docker_hub = PullThroughCache(
    tools,
    "DockerHub",
    upstream=Upstream.docker_hub(),
    credentials=Credentials.new_secret(),  # write the value after the first deployment
    consumers=[everyone_at_larkspur],
)
PullThroughCache(tools, "Quay", upstream=Upstream.quay(), consumers=[everyone_at_larkspur])
CreationTemplate(tools, "Teams", prefix=Namespace("teams"), applied_for=["CREATE_ON_PUSH"], settings=company_settings)

# The image URIs that task definitions and manifests use in any account, instead of `nginx:1.27`.
cdk.CfnOutput(tools, "Nginx", value=docker_hub.image("nginx:1.27"))
cdk.CfnOutput(tools, "Python", value=ecr_public.image("public.ecr.aws/docker/library/python:3.13-slim"))

app.synth()
