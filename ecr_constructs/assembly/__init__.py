"""
What an app synthesized: the stacks of a cloud assembly, and the ECR repositories in their templates.

Plain files are read; no CDK is needed. Two templates can be compared for what a deployment would replace.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecr_constructs.assembly.manifests import mapping, resources_of, templates_of

__all__ = [
    "CREATE_ONLY",
    "AssemblyStack",
    "CreationTemplateResource",
    "RegistryResource",
    "Replacement",
    "RepositoryResource",
    "creation_templates",
    "read_assembly",
    "registry_resources",
    "replacements",
    "repositories",
]

REPOSITORY = "AWS::ECR::Repository"
CREATION_TEMPLATE = "AWS::ECR::RepositoryCreationTemplate"

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
    CREATION_TEMPLATE: ("Prefix",),
    "AWS::ECR::SigningConfiguration": (),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class AssemblyStack:
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
        return _text(self.properties.get("RepositoryName"))

    @property
    def mutability(self) -> str:
        """Which tags can move, by ECR's name for it."""
        return _mutability(self.properties)

    @property
    def exclusion_filters(self) -> tuple[str, ...]:
        """The tags that the mutability does not bind."""
        return _exclusion_filters(self.properties)

    @property
    def encryption(self) -> str:
        """How images are encrypted: `AES256`, `KMS` or `KMS_DSSE`, or what is to work it out at deployment."""
        configuration = mapping(self.properties.get("EncryptionConfiguration"))
        return str(configuration.get("EncryptionType", configuration or "AES256"))

    @property
    def has_own_key(self) -> bool:
        """Whether it is encrypted with a customer managed key."""
        return "KmsKey" in mapping(self.properties.get("EncryptionConfiguration"))

    @property
    def scans_on_push(self) -> bool:
        """Whether images are scanned when they are pushed, by the repository's own setting."""
        return mapping(self.properties.get("ImageScanningConfiguration")).get("ScanOnPush") is True

    @property
    def lifecycle_text(self) -> object:
        """The text of its lifecycle policy, nothing, or what is to work it out at deployment."""
        policy = self.properties.get("LifecyclePolicy")
        return mapping(policy).get("LifecyclePolicyText", policy)

    @property
    def lifecycle_rules(self) -> tuple[Mapping[str, Any], ...]:
        """The rules of its lifecycle policy, as the policy has them; none if it cannot be read."""
        rules = _parsed(self.lifecycle_text).get("rules")
        return tuple(rules) if isinstance(rules, list) else ()

    @property
    def policy_statements(self) -> tuple[Mapping[str, Any], ...]:
        """The statements of its repository policy; none if it cannot be read."""
        statements = _parsed(self.properties.get("RepositoryPolicyText")).get("Statement", [])
        return tuple(statements) if isinstance(statements, list) else (statements,)

    @property
    def is_retained(self) -> bool:
        """Whether it stays when it leaves the template."""
        return self.deletion_policy.startswith("Retain")


@dataclass(frozen=True, kw_only=True, slots=True)
class CreationTemplateResource:
    """
    What ECR makes repositories from, in a template.

    Attributes:
        logical_id: What the template calls it.
        properties: Its properties, as CloudFormation reads them.

    """

    logical_id: str
    properties: Mapping[str, Any]

    @property
    def prefix(self) -> str | None:
        """What the names of its repositories begin with, or `ROOT`, if CloudFormation has nothing to work out."""
        return _text(self.properties.get("Prefix"))

    @property
    def mutability(self) -> str:
        """Which tags of its repositories can move, by ECR's name for it."""
        return _mutability(self.properties)

    @property
    def exclusion_filters(self) -> tuple[str, ...]:
        """The tags that the mutability does not bind."""
        return _exclusion_filters(self.properties)

    @property
    def lifecycle_text(self) -> object:
        """The text of its lifecycle policy, nothing, or what is to work it out at deployment."""
        return self.properties.get("LifecyclePolicy")


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


def read_assembly(directory: Path) -> tuple[AssemblyStack, ...]:
    """
    Read the stacks of a cloud assembly, those of its stages and nested stacks included.

    Args:
        directory: What `cdk synth` wrote, such as `cdk.out`.

    Returns:
        The stacks, by name.

    Raises:
        FileNotFoundError: if it is not a cloud assembly.
        OSError: if one of its files cannot be read.
        EcrConstructsError: if one of its files is not what the CDK writes, is larger than 32 MiB, is no regular file,
            or is outside of the directory; and for more than 10,000 stacks.

    """
    found = [AssemblyStack(name=name, template_path=path, template=it) for name, path, it in templates_of(directory)]
    return tuple(sorted(found, key=lambda stack: stack.name))


def repositories(template: Mapping[str, Any]) -> tuple[RepositoryResource, ...]:
    """
    Find the repositories of a template.

    Args:
        template: A CloudFormation template.

    """
    return tuple(
        RepositoryResource(
            logical_id=logical_id,
            properties=mapping(resource.get("Properties")),
            deletion_policy=str(resource.get("DeletionPolicy", "Delete")),
        )
        for logical_id, resource in resources_of(template)
        if resource["Type"] == REPOSITORY
    )


def creation_templates(template: Mapping[str, Any]) -> tuple[CreationTemplateResource, ...]:
    """
    Find the repository creation templates of a template.

    Args:
        template: A CloudFormation template.

    """
    return tuple(
        CreationTemplateResource(logical_id=logical_id, properties=mapping(resource.get("Properties")))
        for logical_id, resource in resources_of(template)
        if resource["Type"] == CREATION_TEMPLATE
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
            properties=mapping(resource.get("Properties")),
            deletion_policy=str(resource.get("DeletionPolicy", "Delete")),
        )
        for logical_id, resource in resources_of(template)
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
    resources = dict(resources_of(new))
    for logical_id, before in resources_of(old):
        after = resources.get(logical_id, {})
        if before["Type"] != after.get("Type"):
            continue
        was, now = (mapping(resource.get("Properties")) for resource in (before, after))
        changed = tuple(name for name in CREATE_ONLY.get(before["Type"], ()) if was.get(name) != now.get(name))
        if changed:
            found.append(Replacement(logical_id=logical_id, resource_type=before["Type"], changed=changed))
    return tuple(found)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _parsed(text: object) -> Mapping[str, Any]:
    """Give a document that may be a text; nothing if it cannot be read, for it is CloudFormation that will tell."""
    try:
        return mapping(json.loads(text) if isinstance(text, str) else text)
    except (ValueError, RecursionError):
        return {}


def _mutability(properties: Mapping[str, Any]) -> str:
    return str(properties.get("ImageTagMutability", "MUTABLE"))


def _exclusion_filters(properties: Mapping[str, Any]) -> tuple[str, ...]:
    filters = properties.get("ImageTagMutabilityExclusionFilters")
    written = filters if isinstance(filters, list) else []
    return tuple(str(mapping(each).get("ImageTagMutabilityExclusionFilterValue", each)) for each in written)
