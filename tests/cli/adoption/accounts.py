"""Accounts in moto, written as resources of CloudFormation, which are turned into requests of the API."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import boto3  # type: ignore[import-untyped]  # it ships no types
from moto.ecr.models import ECRBackend, ecr_backends

from tests.cli.aws.cloud import ACCOUNT, REGION
from tests.e2e.registry import registry
from tests.e2e.validation import api_names, property_faults, request_faults

Resource = tuple[str, Mapping[str, Any]]

RETAINED = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
KEY = "the key of the account"


def create(resources: Sequence[Resource]) -> None:
    """Create resources with the API, or write them where moto has no operation; ECR's shapes must accept them."""
    for kind, properties in resources:
        _CREATORS[kind](properties)


def deployed_template(
    resources: Sequence[Resource], mapping: Mapping[str, Mapping[str, str]], types: Mapping[str, str]
) -> dict[str, Any]:
    """
    Return the template that an import of all resources has.

    Args:
        resources: The resources of the account.
        mapping: The mapping for `cdk import`.
        types: The type of each resource of the program, by logical ID.

    """
    found = {}
    rest = list(resources)
    for logical_id, identifier in mapping.items():
        ((name, value),) = identifier.items()
        kind = types[logical_id].removeprefix("AWS::ECR::")
        (resource,) = [each for each in rest if each[0] == kind and value in (each[1].get(name), ACCOUNT)]
        rest.remove(resource)
        found[logical_id] = {"Type": types[logical_id], **RETAINED, "Properties": with_key(resource[1])}
    assert rest == []
    return {"Resources": found}


def client() -> Any:
    return boto3.client("ecr", region_name=REGION)


def _backend() -> ECRBackend:
    return ecr_backends[ACCOUNT][REGION]


def with_key(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return properties with the ARN of a key of the account in the place of `KEY`."""
    encryption = properties.get("EncryptionConfiguration", {})
    if encryption.get("KmsKey") != KEY:
        return dict(properties)
    kms = boto3.client("kms", region_name=REGION)
    keys = kms.list_keys()["Keys"] or [kms.create_key()["KeyMetadata"]]
    arn = keys[0].get("KeyArn") or keys[0]["Arn"]
    return {**properties, "EncryptionConfiguration": {**encryption, "KmsKey": arn}}


def _request(operation: str, kind: str, properties: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    assert list(property_faults(f"AWS::ECR::{kind}", properties)) == []
    members = {**api_names(properties), **more}
    assert list(request_faults(operation, members)) == []
    return members


def _repository(properties: Mapping[str, Any]) -> None:
    given = with_key(properties)
    policies = {name: given.pop(name) for name in ("RepositoryPolicyText", "LifecyclePolicy") if name in given}
    members = _request("CreateRepository", "Repository", given)
    members["repositoryName"] = members.get("repositoryName", given["RepositoryName"])
    client().create_repository(**members)
    name = given["RepositoryName"]
    if (policy := policies.get("RepositoryPolicyText")) is not None:
        client().set_repository_policy(repositoryName=name, policyText=json.dumps(policy))
    if (lifecycle := policies.get("LifecyclePolicy")) is not None:
        client().put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=lifecycle["LifecyclePolicyText"])


def _scanning(properties: Mapping[str, Any]) -> None:
    client().put_registry_scanning_configuration(
        **_request("PutRegistryScanningConfiguration", "RegistryScanningConfiguration", properties)
    )


def _replication(properties: Mapping[str, Any]) -> None:
    # moto accepts one rule, as ECR did in 2020.
    members = _request("PutReplicationConfiguration", "ReplicationConfiguration", properties)
    _backend().replication_config = members["replicationConfiguration"]


def _registry_policy(properties: Mapping[str, Any]) -> None:
    # moto supports two of the actions of a registry policy.
    _backend().registry_policy = _request("PutRegistryPolicy", "RegistryPolicy", properties)["policyText"]


def _cache(properties: Mapping[str, Any]) -> None:
    members = _request("CreatePullThroughCacheRule", "PullThroughCacheRule", properties)
    registry(_backend()).cache_rules[members["ecrRepositoryPrefix"]] = members


def _template(properties: Mapping[str, Any]) -> None:
    members = _request("CreateRepositoryCreationTemplate", "RepositoryCreationTemplate", properties)
    registry(_backend()).templates[members["prefix"]] = members


def _signing(properties: Mapping[str, Any]) -> None:
    members = {"signingConfiguration": api_names(properties)}
    assert list(property_faults("AWS::ECR::SigningConfiguration", properties)) == []
    assert list(request_faults("PutSigningConfiguration", members)) == []
    registry(_backend()).signing = members["signingConfiguration"]


def _exclusion(properties: Mapping[str, Any]) -> None:
    members = _request("RegisterPullTimeUpdateExclusion", "PullTimeUpdateExclusion", properties)
    registry(_backend()).exclusions.append(members["principalArn"])


_CREATORS: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
    "Repository": _repository,
    "RegistryScanningConfiguration": _scanning,
    "ReplicationConfiguration": _replication,
    "RegistryPolicy": _registry_policy,
    "PullThroughCacheRule": _cache,
    "RepositoryCreationTemplate": _template,
    "SigningConfiguration": _signing,
    "PullTimeUpdateExclusion": _exclusion,
}
