"""
The container registry of Larkspur, a company that sells plants.

Three repositories with three lives. The shop runs in production: its releases stay where they are and are kept in
number. The base image is what every team builds on, by the name `latest`. Previews come from pull requests and go
again. Every account of the company's organization may pull all three, and nobody else.
"""

import aws_cdk as cdk

from ecr_constructs import (
    EPHEMERAL,
    HARDENED,
    Access,
    HardenedRepository,
    Immutability,
    LifecyclePolicy,
    expire_older_than,
    expire_untagged,
    keep_forever,
    keep_latest,
)

app = cdk.App()
stack = cdk.Stack(app, "Containers", description="The repositories of Larkspur")

everyone_at_larkspur = Access.organization_pull("o-larkspur01")
house_rules = HARDENED.but(access=[everyone_at_larkspur], resource_tags={"company": "larkspur"})

# What is deployed is a release, so releases outlive everything else; what went to production stays for good.
shop = HardenedRepository(
    stack,
    "Shop",
    repository_name="larkspur/shop",
    settings=house_rules,
    lifecycle=LifecyclePolicy.of(
        keep_forever("production-*"),
        keep_latest(30, matching="release-*"),
        expire_untagged(after_days=14),
    ),
)

# Everybody builds on `base:latest`, so that one tag moves. Its images may lose it and still be in use: keep plenty.
base = HardenedRepository(
    stack,
    "Base",
    repository_name="larkspur/base",
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
    stack,
    "Previews",
    repository_name="larkspur/previews",
    settings=EPHEMERAL.but(access=house_rules.access, resource_tags=house_rules.resource_tags),
    lifecycle=LifecyclePolicy.of(expire_older_than(after_days=14, matching="pr-*"), expire_untagged(after_days=1)),
)

app.synth()
