"""The role with which a GitHub workflow pushes images, without access keys."""

from aws_cdk import App, Environment, Stack
from aws_cdk import aws_iam as iam

from ecr_constructs import HardenedRepository, Namespace, PipelineIdentity, Publisher

app = App()
stack = Stack(app, "Pipelines", env=Environment(account="111122223333", region="eu-west-1"))

repository = HardenedRepository(stack, "Api", repository_name="prod/payments-api")
# Only jobs with the environment `production` can assume the role.
identity = PipelineIdentity.github("octo-org/payments-api", environment="production")
# An account has one provider for each URL. If the account already has it, omit it and `provider_arn=`.
provider = iam.OidcProviderNative(stack, "GitHub", url=identity.url, client_ids=[identity.audience])
Publisher(
    stack,
    "Publisher",
    identity=identity,
    repositories=[repository, Namespace("payments")],
    provider_arn=provider.oidc_provider_arn,
)
app.synth()
