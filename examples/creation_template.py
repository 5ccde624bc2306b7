"""Repositories that ECR creates on push, with a customer managed key, resource tags and a lifecycle policy."""

from aws_cdk import App, Environment, Stack

from ecr_constructs import HARDENED, CreationTemplate, LifecyclePolicy, Namespace, expire_untagged, keep_latest

app = App()
stack = Stack(app, "Templates", env=Environment(account="111122223333", region="eu-west-1"))

# ECR needs a role to apply the key and the resource tags. The construct creates the role.
template = CreationTemplate(
    stack,
    "Teams",
    prefix=Namespace("teams"),
    applied_for=["CREATE_ON_PUSH"],
    settings=HARDENED.but(
        lifecycle=LifecyclePolicy.of(expire_untagged(after_days=14), keep_latest(200, matching="*")),
        resource_tags={"made-by": "push"},
    ),
    description="What teams get when they push to teams/",
)
app.synth()
