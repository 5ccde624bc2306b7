"""The ECR resources of a Terraform state or plan for `ecr-constructs adopt`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.sources.inventory import Inventory, stacks_of_resources
from ecr_constructs.cli.sources.terraform import (
    TerraformReferences,
    TerraformResource,
    terraform_resources,
)
from ecr_constructs.model.changes.state import CREATION_TEMPLATE, REPOSITORY
from ecr_constructs.model.template_syntax import mapping, mappings

__all__ = ["read_terraform_inventory"]

_REPOSITORY = "aws_ecr_repository"
_POLICY = "aws_ecr_repository_policy"
_LIFECYCLE = "aws_ecr_lifecycle_policy"
# The types of resources that belong to a repository.
_ATTACHED = {_POLICY: "policy", _LIFECYCLE: "policy"}
_CACHE = {
    "ecr_repository_prefix": "EcrRepositoryPrefix",
    "upstream_registry_url": "UpstreamRegistryUrl",
    "credential_arn": "CredentialArn",
    "custom_role_arn": "CustomRoleArn",
    "upstream_repository_prefix": "UpstreamRepositoryPrefix",
}
# The registry of an upstream URL, which is a property in CloudFormation and in the API, but not in Terraform.
_UPSTREAMS = {
    "public.ecr.aws": "ecr-public",
    "registry.k8s.io": "k8s",
    "quay.io": "quay",
    "registry-1.docker.io": "docker-hub",
    "ghcr.io": "github-container-registry",
    "registry.gitlab.com": "gitlab-container-registry",
    "cgr.dev": "chainguard",
}
_ARN_PARTS = 6


def read_terraform_inventory(document: Mapping[str, Any], stack: str, where: str) -> Inventory:
    """
    Return the ECR resources of a state or a plan.

    Args:
        document: The parsed document: the output of `terraform show -json`, or a state file.
        stack: The name of the new stack.
        where: The place of the document, for messages.

    Raises:
        CommandError: If it has no resource of Amazon ECR.

    """
    # A plan has the resources that exist in its prior state, and in its planned values also those that it creates.
    prior = mapping(mapping(document.get("prior_state")).get("values"))
    known = {"values": prior, "configuration": document.get("configuration")} if prior else document
    resources = [each for each in terraform_resources(known) if each.kind.startswith("aws_ecr_")]
    if not resources:
        raise CommandError(["no resource of Amazon ECR in this Terraform state or plan; give another one"], path=where)
    reader = _TerraformReader(document, resources)
    found = reader.resources()
    if not found:
        raise CommandError(reader.notes, path=where)
    return Inventory(origin="terraform", stacks=stacks_of_resources(stack, found), notes=tuple(reader.notes))


class _TerraformReader:
    """
    The resources of one document.

    Args:
        document: The parsed document.
        resources: Its resources of Amazon ECR.

    Attributes:
        notes: Facts about resources that are not adopted.

    """

    def __init__(self, document: Mapping[str, Any], resources: Sequence[TerraformResource]) -> None:
        self.notes: list[str] = []
        self._resources = resources
        self._repositories = [each for each in resources if each.kind == _REPOSITORY]
        references = TerraformReferences(document, self._repositories)
        self._attached: dict[tuple[str, str], TerraformResource] = {}
        # The repositories that a policy can be attached to, by their address. An import without it would remove it.
        self._ambiguous: dict[str, str] = {}
        for each in resources:
            if each.kind in _ATTACHED:
                owners = references.candidates(each)
                if not owners:
                    self.notes.append(f"{each.address} is left out, because its repository is not in the document")
                elif len(owners) == 1:
                    self._attached[owners[0].address, each.kind] = each
                else:
                    self._ambiguous |= {one.address: each.address for one in owners}
        environments = {found for each in self._repositories if (found := _environment(each.values))}
        # The registry of settings without an ARN is that of the only environment.
        self._default = environments.pop() if len(environments) == 1 else ""

    def resources(self) -> dict[str, list[dict[str, Any]]]:
        """Return the resources, as in a template, by their account and Region."""
        found: dict[str, list[dict[str, Any]]] = {}
        for each in self._resources:
            if each.kind in _ATTACHED:
                continue
            written = self._resource(each)
            if written is not None:
                found.setdefault(_environment(each.values) or self._default, []).append(written)
        return found

    def _resource(self, resource: TerraformResource) -> dict[str, Any] | None:
        if resource.kind == _REPOSITORY:
            properties = self._repository(resource)
            return properties and {"Type": REPOSITORY, "Properties": properties}
        reader = _READERS.get(resource.kind)
        if reader is None:
            self.notes.append(f"{resource.address} is left out; declare it yourself")
            return None
        resource_type, read = reader
        return {"Type": resource_type, "Properties": read(resource.values)}

    def _repository(self, resource: TerraformResource) -> dict[str, Any] | None:
        values = resource.values
        if resource.address in self._ambiguous:
            policy = self._ambiguous[resource.address]
            self.notes.append(
                f"{resource.address} is left out, because several repositories have the name in {policy}, and the "
                "Region of the policy is not known; give a state of one Region"
            )
            return None
        texts = {}
        for kind, name in ((_POLICY, "RepositoryPolicyText"), (_LIFECYCLE, "LifecyclePolicy")):
            attached = self._attached.get((resource.address, kind))
            text = attached.values.get("policy") if attached else None
            if attached is not None and not isinstance(text, str):
                reason = f"Terraform computes the policy of {attached.address} when it applies the plan; give the state"
                self.notes.append(f"{resource.address} is left out, because {reason}")
                return None
            texts[name] = text
        if not isinstance(values.get("name"), str):
            self.notes.append(f"{resource.address} is left out, because its name is not known; give the state")
            return None
        if values.get("force_delete") is True:
            self.notes.append(f"{resource.address} has force_delete; the program retains the repository")
        lifecycle = texts["LifecyclePolicy"]
        tags = mapping(values.get("tags_all") or values.get("tags"))
        scanning = _first(values.get("image_scanning_configuration"))
        properties = {
            "RepositoryName": values["name"],
            "ImageScanningConfiguration": {"ScanOnPush": scanning.get("scan_on_push") is True},
            **_settings(values),
            "RepositoryPolicyText": texts["RepositoryPolicyText"],
            "LifecyclePolicy": {"LifecyclePolicyText": lifecycle} if lifecycle else None,
            "Tags": [{"Key": str(key), "Value": str(value)} for key, value in tags.items()] or None,
        }
        return {name: value for name, value in properties.items() if value is not None}


def _settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return tag mutability and encryption of a repository or a creation template."""
    filters = [
        {
            "ImageTagMutabilityExclusionFilterType": each.get("filter_type", "WILDCARD"),
            "ImageTagMutabilityExclusionFilterValue": each.get("filter"),
        }
        for each in mappings(values.get("image_tag_mutability_exclusion_filter"))
    ]
    encryption = _first(values.get("encryption_configuration"))
    kind, key = encryption.get("encryption_type") or "AES256", encryption.get("kms_key")
    configuration = {"EncryptionType": kind, **({"KmsKey": key} if key else {})}
    return {
        "ImageTagMutability": values.get("image_tag_mutability") or "MUTABLE",
        **({"ImageTagMutabilityExclusionFilters": filters} if filters else {}),
        **({"EncryptionConfiguration": configuration} if kind != "AES256" else {}),
    }


def _registry_policy(values: Mapping[str, Any]) -> dict[str, Any]:
    return {"PolicyText": values.get("policy")}


def _scanning(values: Mapping[str, Any]) -> dict[str, Any]:
    rules = [
        {
            "ScanFrequency": rule.get("scan_frequency"),
            "RepositoryFilters": [
                {"Filter": each.get("filter"), "FilterType": each.get("filter_type")}
                for each in mappings(rule.get("repository_filter"))
            ],
        }
        for rule in mappings(values.get("rule"))
        if rule.get("scan_frequency") != "MANUAL"
    ]
    return {"ScanType": values.get("scan_type"), "Rules": rules}


def _replication(values: Mapping[str, Any]) -> dict[str, Any]:
    rules = []
    for rule in mappings(_first(values.get("replication_configuration")).get("rule")):
        destinations = [
            {"Region": each.get("region"), "RegistryId": each.get("registry_id")}
            for each in mappings(rule.get("destination"))
        ]
        filters = [
            {"Filter": each.get("filter"), "FilterType": each.get("filter_type")}
            for each in mappings(rule.get("repository_filter"))
        ]
        rules.append({"Destinations": destinations, **({"RepositoryFilters": filters} if filters else {})})
    return {"ReplicationConfiguration": {"Rules": rules}}


def _cache_rule(values: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: values[attribute] for attribute, name in _CACHE.items() if values.get(attribute)}
    url = str(found.get("UpstreamRegistryUrl", ""))
    registry = _UPSTREAMS.get(url)
    if url.endswith(".azurecr.io"):
        registry = "azure-container-registry"
    elif ".dkr.ecr." in url:
        registry = "ecr"
    return {**found, **({"UpstreamRegistry": registry} if registry else {})}


def _creation_template(values: Mapping[str, Any]) -> dict[str, Any]:
    tags = mapping(values.get("resource_tags"))
    applied_for = values.get("applied_for")
    properties = {
        "Prefix": values.get("prefix"),
        "Description": values.get("description") or None,
        "AppliedFor": sorted(applied_for) if isinstance(applied_for, list) else None,
        "CustomRoleArn": values.get("custom_role_arn") or None,
        **_settings(values),
        "LifecyclePolicy": values.get("lifecycle_policy") or None,
        "RepositoryPolicy": values.get("repository_policy") or None,
        "ResourceTags": [{"Key": key, "Value": value} for key, value in tags.items()] or None,
    }
    return {name: value for name, value in properties.items() if value is not None}


_READERS = {
    "aws_ecr_registry_policy": ("AWS::ECR::RegistryPolicy", _registry_policy),
    "aws_ecr_registry_scanning_configuration": ("AWS::ECR::RegistryScanningConfiguration", _scanning),
    "aws_ecr_replication_configuration": ("AWS::ECR::ReplicationConfiguration", _replication),
    "aws_ecr_pull_through_cache_rule": ("AWS::ECR::PullThroughCacheRule", _cache_rule),
    "aws_ecr_repository_creation_template": (CREATION_TEMPLATE, _creation_template),
}


def _environment(values: Mapping[str, Any]) -> str | None:
    """Return the account and Region of a resource, if its ARN, or its registry and Region, are known."""
    parts = str(values.get("arn", "")).split(":")
    if len(parts) == _ARN_PARTS and all(parts[3:5]):
        return f"{parts[4]}/{parts[3]}"
    account, region = values.get("registry_id"), values.get("region")
    return f"{account}/{region}" if isinstance(account, str) and isinstance(region, str) else None


def _first(value: object) -> Mapping[str, Any]:
    """Return the only block of a kind, which Terraform writes as a list."""
    blocks = mappings(value)
    return blocks[0] if blocks else mapping(value)
