"""Images of Docker Hub and of another account, served from here to a task and to a whole organization."""

import aws_cdk as cdk
from aws_cdk import App, CfnOutput, Environment, Stack
from aws_cdk import aws_iam as iam

from ecr_constructs import Access, Credentials, PrivateRegistry, PullThroughCache, Upstream

app = App()
stack = Stack(app, "Caches", env=Environment(account="111122223333", region="eu-west-1"))

# Who pulls from another account is named in the policy of the registry.
PrivateRegistry(stack, "Registry")

# The secret is made empty; after the deployment somebody fills it in:
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

# Private images of a partner. What the partner must allow is `partner.upstream_access`.
partner = PullThroughCache(
    stack,
    "Partner",
    upstream=Upstream.ecr(account="444455556666", region="us-east-1"),
    prefix="partner",
    upstream_prefix="shared",
)

# A role that may be the first to pull an image, which creates its repository.
task = iam.Role(stack, "Task", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"))
docker_hub.grant_pull(task)
# cdk-nag asks about '*', and logging in to a registry has no resource to name.
reason = "ecr:GetAuthorizationToken has no resource; what may be pulled is named in the other statement"
cdk.Validations.of(task).acknowledge(
    cdk.Acknowledgment(id="AwsSolutions::AwsSolutions-IAM5[Resource::*]", reason=reason)
)

CfnOutput(stack, "Web", value=docker_hub.image("nginx:1.27"))
CfnOutput(stack, "Ledger", value=partner.image("shared/ledger:v3"))
app.synth()
