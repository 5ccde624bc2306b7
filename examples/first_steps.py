"""A registry, a pull-through cache and a repository: the constructs that most stacks begin with."""

from aws_cdk import App, Environment, Stack

from ecr_constructs import (
    HardenedRepository,
    LifecyclePolicy,
    Namespace,
    PrivateRegistry,
    PullThroughCache,
    Replication,
    Scanning,
    Upstream,
    expire_untagged,
    keep_latest,
)

app = App()
stack = Stack(app, "Containers", env=Environment(account="111122223333", region="us-east-1"))

PrivateRegistry(
    stack,
    "Registry",
    scanning=Scanning.enhanced(),  # Amazon Inspector, continuous, every repository
    replication=[Replication.to("eu-west-1", repositories=Namespace("prod"))],
)
PullThroughCache(stack, "EcrPublic", upstream=Upstream.ecr_public())
HardenedRepository(
    stack,
    "Api",
    repository_name="prod/payments-api",
    lifecycle=LifecyclePolicy.of(keep_latest(10, matching="release-*"), expire_untagged(after_days=1)),
)
app.synth()
