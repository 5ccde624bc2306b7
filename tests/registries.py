"""The resources of the registry of a stack and its warnings, for tests of registries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import aws_cdk as cdk
from constructs import IConstruct

from ecr_constructs import PrivateRegistry
from ecr_constructs._cdk.environment_registry import environment_of
from ecr_constructs._cdk.scope import location_of
from ecr_constructs.registry.registry_policy import RegistryPolicy, find_policy
from tests.templates import ACCOUNT, OTHER_ACCOUNT, new_app, new_stack, resources, template

SCANNING = "AWS::ECR::RegistryScanningConfiguration"
REPLICATION = "AWS::ECR::ReplicationConfiguration"
POLICY = "AWS::ECR::RegistryPolicy"

EVERY_TYPE = (SCANNING, REPLICATION, POLICY)


_SOMETHING = "AWS::CloudFormation::WaitConditionHandle"


def policy_of(registry: PrivateRegistry) -> RegistryPolicy:
    """Return the policy of a registry, as the constructs of the package find it."""
    policy = find_policy(environment_of(location_of(registry)))
    assert policy is not None
    return policy


def synthesize(app: IConstruct) -> None:
    """Synthesize an app whose registry can be empty. The CDK rejects stacks without a resource."""
    assert isinstance(app, cdk.App)
    for each in app.node.find_all():
        if isinstance(each, cdk.Stack) and each.node.try_find_child("Something") is None:
            cdk.CfnWaitConditionHandle(each, "Something")
    app.synth()


def types(stack: cdk.Stack) -> list[str]:
    """Return the sorted types of the resources of a stack."""
    synthesize(stack.node.root)
    kinds = sorted(resource["Type"] for resource in template(stack)["Resources"].values())
    return [kind for kind in kinds if kind != _SOMETHING]


def the(stack: cdk.Stack, resource_type: str) -> Mapping[str, Any]:
    """Return the only resource of a type."""
    synthesize(stack.node.root)
    (found,) = resources(stack, resource_type).values()
    return dict(found)


def scanning_rules(stack: cdk.Stack) -> dict[str, list[str]]:
    """Return the scan filters of the registry by their frequency, in the order of the template."""
    return {
        rule["ScanFrequency"]: [each["Filter"] for each in rule["RepositoryFilters"]]
        for rule in the(stack, SCANNING)["Properties"]["Rules"]
    }


def replication_rules(stack: cdk.Stack) -> list[tuple[list[str], list[tuple[str, Any]]]]:
    """Return the replication rules of the registry: their filters, and the Region and account of their destinations."""
    return [
        (
            [each["Filter"] for each in rule.get("RepositoryFilters", ())],
            [(place["Region"], place["RegistryId"]) for place in rule["Destinations"]],
        )
        for rule in the(stack, REPLICATION)["Properties"]["ReplicationConfiguration"]["Rules"]
    ]


def registry_statements(stack: cdk.Stack) -> list[dict[str, Any]]:
    """Return the statements of the registry policy, or none if there is no policy."""
    return list(the(stack, POLICY)["Properties"]["PolicyText"]["Statement"]) if POLICY in types(stack) else []


def warnings(stack: cdk.Stack) -> list[str]:
    """Return the warnings of a stack."""
    return [
        str(entry.data)
        for construct in stack.node.find_all()
        for entry in construct.node.metadata
        if entry.type == "aws:cdk:warning"
    ]


def a_stage(app: cdk.App, id: str) -> cdk.Stage:
    return cdk.Stage(app, id, env=cdk.Environment(account=ACCOUNT, region="us-east-1"))


def with_nested(parent: cdk.Stack) -> tuple[cdk.Stack, cdk.Stack]:
    return parent, cdk.NestedStack(parent, "Nested")


Pair = Callable[[cdk.App], tuple[cdk.Stack, cdk.Stack]]
# Two stacks of one account and Region.
SAME_ENVIRONMENT: Mapping[str, Pair] = {
    "one stack": lambda app: (stack := new_stack(app, "A", region="us-east-1"), stack),
    "two stacks": lambda app: (new_stack(app, "A", region="us-east-1"), new_stack(app, "B", region="us-east-1")),
    "two stages": lambda app: (
        new_stack(a_stage(app, "One"), "A", region="us-east-1"),
        new_stack(a_stage(app, "Two"), "B", region="us-east-1"),
    ),
    "nested stack": lambda app: with_nested(new_stack(app, "A", region="us-east-1")),
    "nested stack without an environment": lambda app: with_nested(new_stack(app, "A")),
    "nested stack in a nested stack": lambda app: (
        (parent := new_stack(app, "A", region="us-east-1")),
        cdk.NestedStack(cdk.NestedStack(parent, "N"), "M"),
    ),
    "parent of a nested stack": lambda app: with_nested(new_stack(app, "A"))[::-1],
}
# Two stacks that are, or may be, deployed to different accounts or Regions.
OTHER_ENVIRONMENT: Mapping[str, Pair] = {
    "Regions": lambda app: (new_stack(app, "A", region="us-east-1"), new_stack(app, "B", region="eu-west-1")),
    "accounts": lambda app: (
        new_stack(app, "A", region="us-east-1"),
        new_stack(app, "B", region="us-east-1", account=OTHER_ACCOUNT),
    ),
    "stacks without an environment": lambda app: (new_stack(app, "A"), new_stack(app, "B")),
    "a stack with an environment": lambda app: (new_stack(app, "A", region="us-east-1"), new_stack(app, "B")),
    "stacks with a Region": lambda app: (
        cdk.Stack(app, "A", env=cdk.Environment(region="us-east-1")),
        cdk.Stack(app, "B", env=cdk.Environment(region="us-east-1")),
    ),
    "stacks with an account": lambda app: (
        cdk.Stack(app, "A", env=cdk.Environment(account=ACCOUNT)),
        cdk.Stack(app, "B", env=cdk.Environment(account=ACCOUNT)),
    ),
    "stages": lambda app: (
        new_stack(cdk.Stage(app, "Test"), "Containers"),
        new_stack(cdk.Stage(app, "Production"), "Containers"),
    ),
    "apps": lambda app: (new_stack(app, "A", region="us-east-1"), new_stack(new_app(), "A", region="us-east-1")),
}
