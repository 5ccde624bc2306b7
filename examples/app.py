"""
The container registry of Larkspur, a company that sells plants.

Two accounts and two regions. The shop runs in the production account in Ireland; should Ireland fail, it starts in
Frankfurt from the copies there. The tools account keeps what the company did not build itself: public images, from a
cache that knows no rate limit and no bad day of somebody else's. Every account of the organization may pull, and nobody
else.
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

# What every repository of the company is like, whoever makes it. What is deployed is a release, so releases outlive
# everything else; what went to production stays for good.
house_rules = HARDENED.but(
    access=[everyone_at_larkspur],
    resource_tags={"company": "larkspur"},
    lifecycle=LifecyclePolicy.of(
        keep_forever("production-*"),
        keep_latest(30, matching="release-*"),
        expire_untagged(after_days=14),
    ),
)

# --- Production: the company's own images, scanned day after day and copied to the recovery region ------------------

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
shop = HardenedRepository(ireland, "Shop", repository_name="larkspur/shop", settings=house_rules)

# Everybody builds on `base:latest`, so that one tag moves. Its images may lose it and still be in use: keep plenty.
# It is no part of the shop, and a copy that forgot its tag would help nobody: it stays where it is.
base = HardenedRepository(
    ireland,
    "Base",
    repository_name="larkspur-base",
    settings=house_rules,
    immutability=Immutability.all_tags_except("latest"),
    lifecycle=LifecyclePolicy.of(keep_latest(12, matching="20*"), expire_untagged(keep=50)),
)
# Control Tower (CT.ECR.PR.3) and checkov (CKV_AWS_51) want every tag bound; an exception says why.
reason = "teams build on base:latest by agreement; images that are deployed have tags of their own"
cdk.Validations.of(base).acknowledge(
    cdk.Acknowledgment(id="cdk-validator-cfnguard::ecr_private_tag_immutability_enabled_check", reason=reason)
)
base.resource.add_metadata("checkov", {"skip": [{"id": "CKV_AWS_51", "comment": reason}]})

# Previews are built from pull requests, looked at and forgotten; the repository goes when the stack goes.
previews = HardenedRepository(
    ireland,
    "Previews",
    repository_name="previews/shop",
    settings=EPHEMERAL.but(access=house_rules.access, resource_tags=house_rules.resource_tags),
    lifecycle=LifecyclePolicy.of(expire_older_than(after_days=14, matching="pr-*"), expire_untagged(after_days=1)),
)

# --- Recovery: copies in Frankfurt, by the same rules as the originals ----------------------------------------------

frankfurt = cdk.Stack(
    app,
    "Recovery",
    description="The copies of the repositories of Larkspur",
    env=cdk.Environment(account=PRODUCTION, region=FRANKFURT),
)
PrivateRegistry(frankfurt, "Registry", scanning=Scanning.enhanced())
ReplicaRegistry(frankfurt, "Replica", source_region=IRELAND, repositories=larkspur, settings=house_rules)

# --- Tools: what others built, cached for every account, and repositories that teams make by pushing ---------------

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
    credentials=Credentials.new_secret(),  # filled in once, by hand, after the first deployment
    consumers=[everyone_at_larkspur],
)
PullThroughCache(tools, "Quay", upstream=Upstream.quay(), consumers=[everyone_at_larkspur])
CreationTemplate(tools, "Teams", prefix=Namespace("teams"), applied_for=["CREATE_ON_PUSH"], settings=house_rules)

# What a task definition or a manifest says instead of `nginx:1.27`, in any account.
cdk.CfnOutput(tools, "Nginx", value=docker_hub.image("nginx:1.27"))
cdk.CfnOutput(tools, "Python", value=ecr_public.image("public.ecr.aws/docker/library/python:3.13-slim"))

app.synth()
