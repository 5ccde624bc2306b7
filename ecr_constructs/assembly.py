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

from ecr_constructs.errors import EcrConstructsError

__all__ = [
    "CREATE_ONLY",
    "CreationTemplateResource",
    "RegistryResource",
    "Replacement",
    "RepositoryResource",
    "Stack",
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
    def lifecycle_text(self) -> object:
        """The text of its lifecycle policy, nothing, or what is to work it out at deployment."""
        policy = self.properties.get("LifecyclePolicy")
        return _mapping(policy).get("LifecyclePolicyText", policy)

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


def read_assembly(directory: Path) -> tuple[Stack, ...]:
    """
    Read the stacks of a cloud assembly, those of its stages and nested stacks included.

    Args:
        directory: What `cdk synth` wrote, such as `cdk.out`.

    Returns:
        The stacks, by name.

    Raises:
        FileNotFoundError: if it is not a cloud assembly.
        EcrConstructsError: if one of its files is not what the CDK writes.

    """
    try:
        return tuple(sorted(_stacks(directory), key=lambda stack: stack.name))
    except (AttributeError, KeyError, TypeError, RecursionError) as error:
        message = f"not an assembly as the CDK writes it ({error!r}); synthesize again"
        raise EcrConstructsError([message], path=str(directory)) from error


def repositories(template: Mapping[str, Any]) -> tuple[RepositoryResource, ...]:
    """
    Find the repositories of a template.

    Args:
        template: A CloudFormation template.

    """
    return tuple(
        RepositoryResource(
            logical_id=logical_id,
            properties=_mapping(resource.get("Properties")),
            deletion_policy=str(resource.get("DeletionPolicy", "Delete")),
        )
        for logical_id, resource in _resources(template)
        if resource["Type"] == REPOSITORY
    )


def creation_templates(template: Mapping[str, Any]) -> tuple[CreationTemplateResource, ...]:
    """
    Find the repository creation templates of a template.

    Args:
        template: A CloudFormation template.

    """
    return tuple(
        CreationTemplateResource(logical_id=logical_id, properties=_mapping(resource.get("Properties")))
        for logical_id, resource in _resources(template)
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
            properties=_mapping(resource.get("Properties")),
            deletion_policy=str(resource.get("DeletionPolicy", "Delete")),
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
        was, now = (_mapping(resource.get("Properties")) for resource in (before, after))
        changed = tuple(name for name in CREATE_ONLY.get(before["Type"], ()) if was.get(name) != now.get(name))
        if changed:
            found.append(Replacement(logical_id=logical_id, resource_type=before["Type"], changed=changed))
    return tuple(found)


def _resources(template: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Give the resources that are written out; `Fn::ForEach` has others made at deployment."""
    for logical_id, resource in _mapping(template.get("Resources")).items():
        if isinstance(resource, Mapping) and isinstance(resource.get("Type"), str):
            yield logical_id, resource


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _parsed(text: object) -> Mapping[str, Any]:
    """Give a document that may be a text; nothing if it cannot be read, for it is CloudFormation that will tell."""
    try:
        return _mapping(json.loads(text) if isinstance(text, str) else text)
    except ValueError:
        return {}


def _mutability(properties: Mapping[str, Any]) -> str:
    return str(properties.get("ImageTagMutability", "MUTABLE"))


def _exclusion_filters(properties: Mapping[str, Any]) -> tuple[str, ...]:
    filters = properties.get("ImageTagMutabilityExclusionFilters")
    written = filters if isinstance(filters, list) else []
    return tuple(str(_mapping(each).get("ImageTagMutabilityExclusionFilterValue", each)) for each in written)


def _stacks(directory: Path) -> Iterator[Stack]:
    manifest = _read(directory / "manifest.json")
    assets = dict(_assets(directory))
    for artifact_id, artifact in _mapping(manifest.get("artifacts")).items():
        properties = artifact.get("properties", {})
        if artifact.get("type") == "aws:cloudformation:stack":
            name = properties.get("stackName", artifact_id)
            yield from _templates(name, directory / properties["templateFile"], assets)
        elif artifact.get("type") == "cdk:cloud-assembly":
            yield from _stacks(directory / properties["directoryName"])


def _assets(directory: Path) -> Iterator[tuple[str, str]]:
    """Give the files that are uploaded, by their hash; the templates of nested stacks are among them."""
    for path in directory.glob("*.assets.json"):
        for file_hash, file in _mapping(_read(path).get("files")).items():
            yield file_hash, file["source"].get("path", "")


def _templates(name: str, path: Path, assets: Mapping[str, str]) -> Iterator[Stack]:
    template = _read(path)
    yield Stack(name=name, template_path=path, template=template)
    for logical_id, resource in _resources(template):
        if resource["Type"] == "AWS::CloudFormation::Stack":
            url = json.dumps(_mapping(resource.get("Properties")).get("TemplateURL"))
            for file_hash, file in assets.items():
                if file_hash in url:
                    yield from _templates(f"{name}/{logical_id}", path.parent / file, assets)


def _read(path: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise EcrConstructsError([f"not JSON: {error}; synthesize again"], path=str(path)) from None
    if not isinstance(document, Mapping):
        raise EcrConstructsError(["not an object, as the CDK writes it; synthesize again"], path=str(path))
    return document
