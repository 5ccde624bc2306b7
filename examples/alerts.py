"""Alerts about vulnerabilities, tampering and failed replication: by email, in a chat channel, at an HTTP endpoint."""

from aws_cdk import App, Environment, SecretValue, Stack
from aws_cdk import aws_events as events

from ecr_constructs import (
    AlertTarget,
    AlertTopic,
    HardenedRepository,
    ImageFindings,
    ImagePushed,
    Namespace,
    PrivateRegistry,
    Replication,
    ReplicationFailed,
    Scanning,
    ScanningStopped,
    Tampering,
)

ACCOUNT, REGION, RECOVERY = "111122223333", "eu-central-1", "eu-west-1"
PRODUCTION = Namespace("prod")

app = App()
stack = Stack(app, "Alerts", env=Environment(account=ACCOUNT, region=REGION))
PrivateRegistry(
    stack,
    "Registry",
    scanning=Scanning.enhanced(continuous=PRODUCTION),
    replication=[Replication.to(RECOVERY, repositories=PRODUCTION)],
)
shop = HardenedRepository(stack, "Shop", repository_name="prod/shop")

# An encrypted topic for email. Each recipient confirms the subscription.
security = AlertTarget.topic(AlertTopic(stack, "Security", emails=["security@larkspur.example"]).topic)
# An encrypted topic for Amazon Q Developer in chat applications. Add it to the notification topics of the channel.
channel = AlertTopic(stack, "Channel")
chat = AlertTarget.chat(channel.topic)
# An HTTP endpoint. EventBridge reads the token from the secret of the connection.
connection = events.Connection(
    stack,
    "PagerConnection",
    authorization=events.Authorization.api_key("Authorization", SecretValue.secrets_manager("larkspur/pager")),
)
pager = AlertTarget.api_destination(
    events.ApiDestination(stack, "Pager", connection=connection, endpoint="https://pager.larkspur.example/alerts")
)

# Vulnerabilities in production: those with a fix in the chat channel, and critical ones at the pager, too.
ImageFindings(stack, "Findings", repositories=PRODUCTION, severity="HIGH", only_fixable=True, targets=[chat])
ImageFindings(stack, "Critical", repositories=PRODUCTION, severity="CRITICAL", targets=[pager])
ScanningStopped(stack, "ScanningStopped", repositories=PRODUCTION, targets=[security])
# Deleted images and changed policies, except by the role of the pipeline. It requires a trail of AWS CloudTrail.
pipeline = f"arn:aws:iam::{ACCOUNT}:role/larkspur-pipeline"
Tampering(stack, "Tampering", repositories=PRODUCTION, except_roles=[pipeline], targets=[security, chat])
# Releases of one repository.
ImagePushed(stack, "Released", repositories=shop, tags="v*", targets=[chat])

# ECR sends events of replication in the Region of the destination.
recovery = Stack(app, "Recovery", env=Environment(account=ACCOUNT, region=RECOVERY))
recovery_topic = AlertTopic(recovery, "Security", emails=["security@larkspur.example"]).topic
ReplicationFailed(recovery, "ReplicationFailed", repositories=PRODUCTION, targets=[AlertTarget.topic(recovery_topic)])

app.synth()
