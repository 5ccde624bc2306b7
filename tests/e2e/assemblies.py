"""The cloud assemblies of the examples, with and without changes, and their deployed resources."""

from __future__ import annotations

import hashlib
import json
import runpy
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from ecr_constructs.assembly import AssemblyStack, read_assembly
from tests.e2e.emulator import ACCOUNT, REGION, Emulator
from tests.templates import FLAGS


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployed:
    """
    A resource of a stack that is deployed.

    Attributes:
        resource_type: Its type.
        physical_id: Its physical id.
        properties: Its properties in the template, with resolved references.
        retained: Whether it is retained when the stack is deleted.
        account: Its account.
        region: Its Region.

    """

    resource_type: str
    physical_id: str
    properties: Mapping[str, Any]
    retained: bool
    account: str
    region: str


def synthesize(example: Path, assembly: Path) -> Path:
    """Run an example in this process, configured as `cdk.json` configures it."""
    with pytest.MonkeyPatch.context() as patch:
        app = cdk.App
        patch.setattr(cdk, "App", lambda: app(context=FLAGS, outdir=str(assembly), analytics_reporting=False))
        runpy.run_path(str(example))
    return assembly


def environments(assembly: Path) -> Mapping[Path, tuple[str, str]]:
    """Return the account and the Region of each stack, by its template."""
    return {
        manifest.parent / artifact["properties"]["templateFile"]: _environment(artifact["environment"])
        for manifest in assembly.rglob("manifest.json")
        for artifact in json.loads(manifest.read_text(encoding="utf-8"))["artifacts"].values()
        if artifact["type"] == "aws:cloudformation:stack"
    }


def _environment(name: str) -> tuple[str, str]:
    """Return the account and the Region of `aws://account/region`. Unknown parts are those of the CLI."""
    account, region = name.removeprefix("aws://").split("/")
    return ACCOUNT if account.startswith("unknown") else account, REGION if region.startswith("unknown") else region


def deployed(emulator: Emulator, assembly: Path) -> Iterator[Deployed]:
    """Return every resource of the templates, as it is deployed."""
    where = environments(assembly)
    for stack in read_assembly(assembly):
        account, region = where[stack.template_path]
        properties = emulator.resolved_properties(stack.name, account, region)
        listed = emulator.client("cloudformation", account, region).describe_stack_resources(StackName=stack.name)
        physical_ids = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in listed["StackResources"]}
        for logical_id, resource in stack.template["Resources"].items():
            yield Deployed(
                resource_type=resource["Type"],
                physical_id=physical_ids[logical_id],
                properties=properties[logical_id],
                retained=resource.get("DeletionPolicy", "Delete").startswith("Retain"),
                account=account,
                region=region,
            )


# --- a change that needs no replacement, for each type that has one --------------------------------------------------


def _change_repository(properties: dict[str, Any]) -> None:
    properties.setdefault("Tags", []).append({"Key": "changed", "Value": "yes"})
    lifecycle = properties.get("LifecyclePolicy", {})
    if isinstance(lifecycle.get("LifecyclePolicyText"), str):
        policy = json.loads(lifecycle["LifecyclePolicyText"])
        policy["rules"][0]["description"] = "Changed"
        lifecycle["LifecyclePolicyText"] = json.dumps(policy)


def _change_registry_policy(properties: dict[str, Any]) -> None:
    properties["PolicyText"]["Statement"][0]["Sid"] = "Changed"


def _change_replication(properties: dict[str, Any]) -> None:
    rule = properties["ReplicationConfiguration"]["Rules"][0]
    rule.setdefault("RepositoryFilters", []).append({"Filter": "changed/", "FilterType": "PREFIX_MATCH"})


def _change_scanning(properties: dict[str, Any]) -> None:
    properties["Rules"][0]["RepositoryFilters"].append({"Filter": "changed/*", "FilterType": "WILDCARD"})


def _change_signing(properties: dict[str, Any]) -> None:
    rule = properties["Rules"][0]
    rule.setdefault("RepositoryFilters", []).append({"Filter": "changed/*", "FilterType": "WILDCARD_MATCH"})


def _change_endpoint(properties: dict[str, Any]) -> None:
    properties["PolicyDocument"]["Statement"][0]["Sid"] = "Changed"


def _change_organization_policy(properties: dict[str, Any]) -> None:
    properties["Content"]["Statement"][0]["Sid"] = "Changed"


def _change_description(properties: dict[str, Any]) -> None:
    properties["Description"] = "Changed"


def _change_policy_of_topic(properties: dict[str, Any]) -> None:
    properties["PolicyDocument"]["Statement"][0]["Sid"] = "Changed"


def _change_topic(properties: dict[str, Any]) -> None:
    properties["DisplayName"] = "Changed"


def _change_subscription(properties: dict[str, Any]) -> None:
    properties["FilterPolicy"] = {"changed": ["yes"]}


def _change_alarm(properties: dict[str, Any]) -> None:
    properties["Threshold"] += 1


def _change_dashboard(properties: dict[str, Any]) -> None:
    """Add a member to the text of a dashboard, which is a text or begins with one."""
    first = properties["DashboardBody"]
    texts = first["Fn::Join"][1] if isinstance(first, dict) else None
    changed = (texts[0] if texts else first).replace("{", '{"periodOverride":"inherit",', 1)
    if texts:
        texts[0] = changed
    else:
        properties["DashboardBody"] = changed


CHANGES: Mapping[str, Callable[[dict[str, Any]], None]] = {
    "AWS::CloudWatch::Alarm": _change_alarm,
    "AWS::CloudWatch::Dashboard": _change_dashboard,
    "AWS::EC2::VPCEndpoint": _change_endpoint,
    "AWS::ECR::RegistryPolicy": _change_registry_policy,
    "AWS::ECR::RegistryScanningConfiguration": _change_scanning,
    "AWS::ECR::ReplicationConfiguration": _change_replication,
    "AWS::ECR::Repository": _change_repository,
    "AWS::ECR::RepositoryCreationTemplate": _change_description,
    "AWS::ECR::SigningConfiguration": _change_signing,
    "AWS::Events::ApiDestination": _change_description,
    "AWS::Events::Connection": _change_description,
    "AWS::Events::Rule": _change_description,
    "AWS::InspectorV2::Filter": _change_description,
    "AWS::Organizations::Policy": _change_organization_policy,
    "AWS::SNS::Subscription": _change_subscription,
    "AWS::SNS::Topic": _change_topic,
    "AWS::SNS::TopicPolicy": _change_policy_of_topic,
    "AWS::SecretsManager::Secret": _change_description,
}


def changed(assembly: Path, copy: Path) -> Path:
    """Return a copy of an assembly with a change of each resource that needs no replacement."""
    shutil.copytree(assembly, copy)
    for stack in read_assembly(copy):
        template = json.loads(stack.template_path.read_text(encoding="utf-8"))
        for resource in template["Resources"].values():
            change = CHANGES.get(resource["Type"])
            if change is not None:
                change(resource.setdefault("Properties", {}))
        _replace(stack, json.dumps(template))
    return copy


def _replace(stack: AssemblyStack, text: str) -> None:
    """Replace a template and every mention of its hash, because the CLI uploads a hash once only."""
    stack.template_path.write_text(text, encoding="utf-8")
    folder = stack.template_path.parent
    for assets in folder.glob("*.assets.json"):
        for old_hash, file in json.loads(assets.read_text(encoding="utf-8"))["files"].items():
            if file["source"]["path"] == stack.template_path.name:
                new_hash = hashlib.sha256(text.encode()).hexdigest()
                for reader in (assets, folder / "manifest.json"):
                    reader.write_text(reader.read_text(encoding="utf-8").replace(old_hash, new_hash), encoding="utf-8")
