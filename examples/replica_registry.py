"""Replication to a recovery Region in another account: the source and the destination."""

from aws_cdk import App, Environment, Stack

from ecr_constructs import HARDENED, HardenedRepository, Namespace, PrivateRegistry, ReplicaRegistry, Replication

PRIMARY, RECOVERY = "111122223333", "444455556666"

app = App()
prod = Namespace("prod")

primary = Stack(app, "Primary", env=Environment(account=PRIMARY, region="eu-west-1"))
PrivateRegistry(
    primary,
    "Registry",
    replication=[Replication.to("eu-central-1", account=RECOVERY, repositories=prod)],
)
HardenedRepository(primary, "Api", repository_name="prod/api", settings=HARDENED)

recovery = Stack(app, "Recovery", env=Environment(account=RECOVERY, region="eu-central-1"))
PrivateRegistry(recovery, "Registry")
# The same settings as the source. A difference is a CDK warning.
ReplicaRegistry(
    recovery,
    "Replica",
    source_region="eu-west-1",
    source_account=PRIMARY,
    repositories=prod,
    settings=HARDENED,
)
app.synth()
