"""Metrics, alarms and a dashboard of repositories, and a build for each new base image."""

from aws_cdk import App, Environment, Stack
from aws_cdk import aws_events_targets as targets

from ecr_constructs import (
    AlertTopic,
    HardenedRepository,
    ImageQuotaAlarm,
    Namespace,
    PullCountAlarm,
    PullThroughCache,
    RegistryDashboard,
    Upstream,
)

app = App()
stack = Stack(app, "Metrics", env=Environment(account="111122223333", region="eu-central-1"))
shop = HardenedRepository(stack, "Shop", repository_name="prod/shop")
cache = PullThroughCache(stack, "EcrPublic", upstream=Upstream.ecr_public())

# The alarms go to an encrypted topic. Each recipient confirms the subscription.
operations = AlertTopic(stack, "Operations", emails=["operations@larkspur.example"]).topic
ImageQuotaAlarm(stack, "ShopImages", repository=shop, percent=80, topics=[operations])
# A service that restarts again and again pulls its image again and again.
PullCountAlarm(stack, "ShopPulls", repository=shop, maximum=500, topics=[operations])

# One row for prod/, and one for all repositories of the cache, which ECR creates.
RegistryDashboard(stack, "Dashboard", repositories=[shop, Namespace("ecr-public")])

# Build systems subscribe to the topic: a new base image in the cache, and a release of the shop.
builds = targets.SnsTopic(AlertTopic(stack, "Builds").topic)
cache.on_refresh("docker/library/python:3.13*", builds)
shop.on_image(builds, tag="v*")

app.synth()
