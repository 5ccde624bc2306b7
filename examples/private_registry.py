"""A registry with settings of two teams, replication from another account, and restricted repository creation."""

from aws_cdk import App, Environment, Stack

from ecr_constructs import HardenedRepository, Namespace, PrivateRegistry, Replication, Scanning

ACCOUNT, PARTNER = "111122223333", "444455556666"
PAYMENTS, SEARCH = Namespace("payments"), Namespace("search")

app = App()
environment = Environment(account=ACCOUNT, region="eu-west-1")
platform = Stack(app, "Platform", env=environment)

registry = PrivateRegistry(
    platform,
    "Registry",
    scanning=Scanning.enhanced(continuous=PAYMENTS, on_push="*"),
    replication=[Replication.to("eu-central-1", repositories=PAYMENTS)],
)
registry.accept_replication_from(PARTNER, repositories=Namespace("partner"))
# CloudFormation creates repositories with the role of the bootstrap stack. This role is an exception.
registry.deny_repository_creation(except_for=[f"arn:aws:iam::{ACCOUNT}:role/cdk-hnb659fds-cfn-exec-role-*"])

# A team adds a replication in its own stack, in the same account and Region. Rules with the same destination are merged
# into one rule.
search = Stack(app, "Search", env=environment)
PrivateRegistry.of(search).add_replication(Replication.to("eu-central-1", repositories=SEARCH))
HardenedRepository(search, "Index", repository_name="search/index")

app.synth()
