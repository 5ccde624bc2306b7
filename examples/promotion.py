"""The promotion of images from the account of the build to the account of production, with their signatures."""

from aws_cdk import App, Environment, Stack
from aws_cdk import aws_iam as iam

from ecr_constructs import Encryption, HardenedRepository, PipelineIdentity, Promotion

app = App()
build = Stack(app, "Build", env=Environment(account="111122223333", region="eu-west-1"))
production = Stack(app, "Production", env=Environment(account="444455556666", region="eu-west-1"))

candidates = HardenedRepository(build, "Candidates", repository_name="build/payments-api")
# The key of the payments team. The key policy has a separate statement for its administrators.
payments_key = Encryption.shared_key(name="payments", administrators=["arn:aws:iam::444455556666:role/payments-keys"])
releases = HardenedRepository(production, "Releases", repository_name="prod/payments-api", encryption=payments_key)

# Only jobs with the environment `production` can promote.
identity = PipelineIdentity.github("octo-org/payments-api", environment="production")
iam.OidcProviderNative(production, "GitHub", url=identity.url, client_ids=[identity.audience])
# The role is in the account of production. The repository policy of the candidates allows it to pull.
Promotion(
    production,
    "Promotion",
    source=candidates,
    target=releases,
    promoters=[identity],
    tags=["v*"],
    role_name="promote-payments-api",
)
app.synth()
