"""Pull-through caches of Docker Hub and of another account, for a task role and for an organization."""

import aws_cdk as cdk
from aws_cdk import App, CfnOutput, Environment, Stack
from aws_cdk import aws_iam as iam

from ecr_constructs import Access, Credentials, PrivateRegistry, PullThroughCache, Upstream

app = App()
stack = Stack(app, "Caches", env=Environment(account="111122223333", region="eu-west-1"))

# The registry policy allows the consumers in other accounts to pull.
PrivateRegistry(stack, "Registry")

# The secret is created without a value. Write the value after the deployment:
#   aws secretsmanager put-secret-value --secret-id ecr-pullthroughcache/docker-hub \
#       --secret-string '{"username": "larkspur", "accessToken": "dckr_pat_..."}'
docker_hub = PullThroughCache(
    stack,
    "DockerHub",
    upstream=Upstream.docker_hub(),
    credentials=Credentials.new_secret(),
    repositories=["library/nginx", "library/postgres"],
    consumers=[Access.organization_pull("o-larkspur01")],
)

# Private images of a partner. The partner must allow the statements of `partner.upstream_access`.
partner = PullThroughCache(
    stack,
    "Partner",
    upstream=Upstream.ecr(account="444455556666", region="us-east-1"),
    prefix="partner",
    upstream_prefix="shared",
)

# A task role. Its first pull of an image creates the repository of the image.
task = iam.Role(stack, "Task", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"))
docker_hub.grant_pull(task)
# cdk-nag reports `*` as a resource. GetAuthorizationToken does not support resource-level permissions.
reason = "ecr:GetAuthorizationToken has no resource-level permissions; another statement limits the images"
cdk.Validations.of(task).acknowledge(
    cdk.Acknowledgment(id="AwsSolutions::AwsSolutions-IAM5[Resource::*]", reason=reason)
)

CfnOutput(stack, "Web", value=docker_hub.image("nginx:1.27"))
CfnOutput(stack, "Ledger", value=partner.image("shared/ledger:v3"))
app.synth()
