"""Repositories that ECR makes when somebody pushes: encrypted with a key of one's own, tagged, with a lifecycle."""

from aws_cdk import App, Environment, Stack

from ecr_constructs import HARDENED, CreationTemplate, LifecyclePolicy, Namespace, expire_untagged, keep_latest

app = App()
stack = Stack(app, "Templates", env=Environment(account="111122223333", region="eu-west-1"))

# The key and the tags take a role that ECR assumes; it comes with the template.
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
