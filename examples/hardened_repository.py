"""A repository that requests a replica in another Region and continuous scanning from its registry."""

from aws_cdk import App, Environment, Stack

from ecr_constructs import HardenedRepository, Namespace, PrivateRegistry, Scanning

app = App()
stack = Stack(app, "Repository", env=Environment(account="111122223333", region="us-east-1"))

# Create the registry before the repositories that change its settings. Without requests, only prod/ is scanned.
PrivateRegistry(stack, "Registry", scanning=Scanning.enhanced(continuous=Namespace("prod")))

HardenedRepository(
    stack,
    "Ledger",
    repository_name="finance/ledger",
    replicate_to=["us-west-2"],
    scanning="continuous",
)
app.synth()
