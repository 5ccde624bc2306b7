"""
What an app synthesized: the stacks of a cloud assembly, and the ECR repositories in their templates.

Plain files are read; no CDK is needed. Two templates can be compared for what a deployment would replace.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = [
    "CREATE_ONLY",
    "RegistryResource",
    "Replacement",
    "RepositoryResource",
    "Stack",
    "read_assembly",
    "registry_resources",
    "replacements",
    "repositories",
]

REPOSITORY = "AWS::ECR::Repository"

# createOnlyProperties in the CloudFormation schemas: if one of them changes, the resource is replaced.
CREATE_ONLY: Mapping[str, Sequence[str]] = {
    "AWS::ECR::PublicRepository": ("RepositoryName",),
    "AWS::ECR::PullThroughCacheRule": (
        "EcrRepositoryPrefix",
        "UpstreamRegistryUrl",
        "CredentialArn",
        "UpstreamRegistry",
        "CustomRoleArn",
        "UpstreamRepositoryPrefix",
    ),
    "AWS::ECR::PullTimeUpdateExclusion": ("PrincipalArn",),
    "AWS::ECR::RegistryPolicy": (),
    "AWS::ECR::RegistryScanningConfiguration": (),
    "AWS::ECR::ReplicationConfiguration": (),
    REPOSITORY: ("RepositoryName", "EncryptionConfiguration"),
    "AWS::ECR::RepositoryCreationTemplate": ("Prefix",),
    "AWS::ECR::SigningConfiguration": (),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Stack:
    """
    A stack of an assembly.

    Attributes:
        name: What CloudFormation calls it.
        template_path: Where its template is.
        template: The template.

    """

    name: str
    template_path: Path
    template: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class RepositoryResource:
    """
    A repository in a template.

    Attributes:
        logical_id: What the template calls it.
        properties: Its properties, as CloudFormation reads them.
        deletion_policy: What happens to it when it leaves the template; nothing said is `Delete`.

    """

    logical_id: str
    properties: Mapping[str, Any]
    deletion_policy: str

    @property
    def name(self) -> str | None:
        """What ECR calls it, if the template says so and CloudFormation has nothing to work out."""
        name = self.properties.get("RepositoryName")
        return name if isinstance(name, str) else None

    @property
    def mutability(self) -> str:
        """Which tags can move, by ECR's name for it."""
        return str(self.properties.get("ImageTagMutability", "MUTABLE"))

    @property
    def exclusion_filters(self) -> tuple[str, ...]:
        """The tags that the mutability does not bind."""
        filters = self.properties.get("ImageTagMutabilityExclusionFilters")
        written = filters if isinstance(filters, list) else []
        return tuple(str(_mapping(each).get("ImageTagMutabilityExclusionFilterValue", each)) for each in written)

    @property
    def encryption(self) -> str:
        """How images are encrypted: `AES256`, `KMS` or `KMS_DSSE`, or what is to work it out at deployment."""
        configuration = _mapping(self.properties.get("EncryptionConfiguration"))
        return str(configuration.get("EncryptionType", configuration or "AES256"))

    @property
    def has_own_key(self) -> bool:
        """Whether it is encrypted with a customer managed key."""
        return "KmsKey" in _mapping(self.properties.get("EncryptionConfiguration"))

    @property
    def scans_on_push(self) -> bool:
        """Whether images are scanned when they are pushed, by the repository's own setting."""
        return _mapping(self.properties.get("ImageScanningConfiguration")).get("ScanOnPush") is True

    @property
    def lifecycle_rules(self) -> tuple[Mapping[str, Any], ...]:
        """The rules of its lifecycle policy, as the policy has them."""
        text = _mapping(self.properties.get("LifecyclePolicy")).get("LifecyclePolicyText")
        return tuple(json.loads(text)["rules"]) if isinstance(text, str) else ()

    @property
    def policy_statements(self) -> tuple[Mapping[str, Any], ...]:
        """The statements of its repository policy."""
        policy = self.properties.get("RepositoryPolicyText")
        return tuple(_mapping(json.loads(policy) if isinstance(policy, str) else policy).get("Statement", ()))

    @property
    def is_retained(self) -> bool:
        """Whether it stays when it leaves the template."""
        return self.deletion_policy.startswith("Retain")


@dataclass(frozen=True, kw_only=True, slots=True)
class RegistryResource:
    """
    Something of a registry in a template: scanning, replication, the policy, a cache rule, a creation template.

    Attributes:
        logical_id: What the template calls it.
        resource_type: Its type, such as `AWS::ECR::RegistryPolicy`.
        properties: Its properties, as CloudFormation reads them.
        deletion_policy: What happens to it when it leaves the template; nothing said is `Delete`.

    """

    logical_id: str
    resource_type: str
    properties: Mapping[str, Any]
    deletion_policy: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Replacement:
    """
    A resource that a deployment would replace: a new one is made, and the old one is deleted or left behind.

    Attributes:
        logical_id: What both templates call it.
        resource_type: Its type.
        changed: The create-only properties that differ.

    """

    logical_id: str
    resource_type: str
    changed: tuple[str, ...]


def read_assembly(directory: Path) -> tuple[Stack, ...]:
    """
    Read the stacks of a cloud assembly, those of its stages and nested stacks included.

    Args:
        directory: What `cdk synth` wrote, such as `cdk.out`.

    Returns:
        The stacks, by name.

    Raises:
        FileNotFoundError: if it is not a cloud assembly.

    """
    return tuple(sorted(_stacks(directory), key=lambda stack: stack.name))


def repositories(template: Mapping[str, Any]) -> tuple[RepositoryResource, ...]:
    """
    Find the repositories of a template.

    Args:
        template: A CloudFormation template.

    """
    return tuple(
        RepositoryResource(
            logical_id=logical_id,
            properties=resource.get("Properties", {}),
            deletion_policy=resource.get("DeletionPolicy", "Delete"),
        )
        for logical_id, resource in _resources(template)
        if resource["Type"] == REPOSITORY
    )


def registry_resources(template: Mapping[str, Any]) -> tuple[RegistryResource, ...]:
    """
    Find what a template has of the registry, which is everything of ECR except for repositories.

    Args:
        template: A CloudFormation template.

    """
    return tuple(
        RegistryResource(
            logical_id=logical_id,
            resource_type=resource["Type"],
            properties=resource.get("Properties", {}),
            deletion_policy=resource.get("DeletionPolicy", "Delete"),
        )
        for logical_id, resource in _resources(template)
        if resource["Type"] in CREATE_ONLY and resource["Type"] != REPOSITORY
    )


def replacements(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Replacement, ...]:
    """
    Tell which ECR resources a deployment of the new template over the old one would replace.

    Resources are the same if they have the same logical id; one that has another is a new one, and is not told.

    Args:
        old: The template that is deployed.
        new: The template that is to be.

    """
    found = []
    resources = dict(_resources(new))
    for logical_id, before in _resources(old):
        after = resources.get(logical_id, {})
        if before["Type"] != after.get("Type"):
            continue
        changed = tuple(
            name
            for name in CREATE_ONLY.get(before["Type"], ())
            if before.get("Properties", {}).get(name) != after.get("Properties", {}).get(name)
        )
        if changed:
            found.append(Replacement(logical_id=logical_id, resource_type=before["Type"], changed=changed))
    return tuple(found)


def _resources(template: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Give the resources that are written out; `Fn::ForEach` has others made at deployment."""
    for logical_id, resource in _mapping(template.get("Resources")).items():
        if isinstance(resource, Mapping):
            yield logical_id, resource


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _stacks(directory: Path) -> Iterator[Stack]:
    manifest = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))
    assets = dict(_assets(directory))
    for artifact_id, artifact in manifest.get("artifacts", {}).items():
        properties = artifact.get("properties", {})
        if artifact["type"] == "aws:cloudformation:stack":
            name = properties.get("stackName", artifact_id)
            yield from _templates(name, directory / properties["templateFile"], assets)
        elif artifact["type"] == "cdk:cloud-assembly":
            yield from _stacks(directory / properties["directoryName"])


def _assets(directory: Path) -> Iterator[tuple[str, str]]:
    """Give the files that are uploaded, by their hash; the templates of nested stacks are among them."""
    for path in directory.glob("*.assets.json"):
        for file_hash, file in json.loads(path.read_text(encoding="utf-8")).get("files", {}).items():
            yield file_hash, file["source"].get("path", "")


def _templates(name: str, path: Path, assets: Mapping[str, str]) -> Iterator[Stack]:
    template = json.loads(path.read_text(encoding="utf-8"))
    yield Stack(name=name, template_path=path, template=template)
    for logical_id, resource in _resources(template):
        if resource["Type"] == "AWS::CloudFormation::Stack":
            url = json.dumps(resource["Properties"]["TemplateURL"])
            for file_hash, file in assets.items():
                if file_hash in url:
                    yield from _templates(f"{name}/{logical_id}", path.parent / file, assets)
