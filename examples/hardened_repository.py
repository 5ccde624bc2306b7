"""A repository that names what it wants of the registry: a copy in another region, and scanning day after day."""

from aws_cdk import App, Environment, Stack

from ecr_constructs import HardenedRepository, Namespace, PrivateRegistry, Scanning

app = App()
stack = Stack(app, "Repository", env=Environment(account="111122223333", region="us-east-1"))

# The registry is made before those who contribute to it. Only what is under prod/ is scanned, until somebody asks.
PrivateRegistry(stack, "Registry", scanning=Scanning.enhanced(continuous=Namespace("prod")))

HardenedRepository(
    stack,
    "Ledger",
    repository_name="finance/ledger",
    replicate_to=["us-west-2"],
    scanning="continuous",
)
app.synth()
