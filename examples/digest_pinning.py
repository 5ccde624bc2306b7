"""A service that is deployed by the digest of its image, and a check that stops the synthesis for other images."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_logs as logs

from ecr_constructs import DigestPinning, Guardrails, HardenedRepository

app = cdk.App()
# `ecr-constructs pin --image shop/api:v1.4.2 --live` wrote the file. Without this line, it is ecr-pins.json in the
# current directory.
app.node.set_context("ecr-constructs/pins", str(Path(__file__).with_name("ecr-pins.json")))
cdk.Validations.of(app).add_plugins(Guardrails(rules=DigestPinning(level="error")))

stack = cdk.Stack(app, "Shop", env=cdk.Environment(account="111122223333", region="eu-west-1"))
repository = HardenedRepository(stack, "Api", repository_name="shop/api")

task = ecs.FargateTaskDefinition(stack, "Task")
task.add_container(
    "App",
    image=repository.pinned("v1.4.2").for_ecs(),
    # The log group of the service exists.
    logging=ecs.LogDrivers.aws_logs(
        stream_prefix="api", log_group=logs.LogGroup.from_log_group_name(stack, "Logs", "/shop/api")
    ),
    memory_limit_mib=512,
    readonly_root_filesystem=True,
    user="1000",
)
for resource, reason in (
    ("*", "the action to log in to Amazon ECR supports no resource other than *"),
    (
        f"arn:aws:logs:{stack.region}:{stack.account}:log-group:/shop/api:*",
        "the log streams of the group of the service",
    ),
):
    cdk.Validations.of(task.obtain_execution_role()).acknowledge(
        cdk.Acknowledgment(id=f"AwsSolutions::AwsSolutions-IAM5[Resource::{resource}]", reason=reason)
    )
app.synth()
