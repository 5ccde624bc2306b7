"""
The output of `cdk synth`: the stacks of a cloud assembly, and the ECR resources in their templates.

The functions read files and do not import the CDK. `replacements` compares two templates, and returns the resources
that a deployment would replace.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecr_constructs.assembly.manifests import resources_of, templates_of
from ecr_constructs.model.changes.create_only import ECR_TYPES
from ecr_constructs.model.template_syntax import boolean, mapping

__all__ = [
    "CREATE_ONLY",
    "CREATION_TEMPLATE",
    "REPOSITORY",
    "AssemblyStack",
    "CreationTemplateResource",
    "RegistryResource",
    "Replacement",
    "RepositoryResource",
    "creation_templates",
    "exclusion_filters",
    "read_assembly",
    "registry_resources",
    "replacements",
    "repositories",
]

REPOSITORY = "AWS::ECR::Repository"
CREATION_TEMPLATE = "AWS::ECR::RepositoryCreationTemplate"

# createOnlyProperties in the CloudFormation schemas: if one of them changes, the resource is replaced.
CREATE_ONLY: Mapping[str, Sequence[str]] = ECR_TYPES


@dataclass(frozen=True, kw_only=True, slots=True)
class AssemblyStack:
    """
    A stack of an assembly.

    Attributes:
        name: The stack name in CloudFormation.
        template_path: The path of the template.
        template: The template.
        environment: The account and Region, such as `111122223333/eu-west-1`. Default: not known.

    """

    name: str
    template_path: Path
    template: Mapping[str, Any]
    environment: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Resource:
    logical_id: str
    properties: Mapping[str, Any]

    @property
    def mutability(self) -> str:
        """The value of `ImageTagMutability`. Without the property, it is `MUTABLE`."""
        return str(self.properties.get("ImageTagMutability", "MUTABLE"))

    @property
    def exclusion_filters(self) -> tuple[str, ...]:
        """The filters of the tags that the mutability setting does not apply to."""
        return exclusion_filters(self.properties)


@dataclass(frozen=True, kw_only=True, slots=True)
class RepositoryResource(_Resource):
    """
    An `AWS::ECR::Repository` in a template.

    Attributes:
        logical_id: The logical ID in the template.
        properties: The properties in the template.
        deletion_policy: The deletion policy. Without the attribute, it is `Delete`.

    """

    deletion_policy: str

    @property
    def name(self) -> str | None:
        """The repository name, if the template has one that is not an intrinsic function."""
        return _text_or_none(self.properties.get("RepositoryName"))

    @property
    def encryption(self) -> str:
        """The encryption type, `AES256`, `KMS` or `KMS_DSSE`, or the intrinsic function as text."""
        configuration = mapping(self.properties.get("EncryptionConfiguration"))
        return str(configuration.get("EncryptionType", configuration or "AES256"))

    @property
    def has_own_key(self) -> bool:
        """Whether the template names a KMS key."""
        return "KmsKey" in mapping(self.properties.get("EncryptionConfiguration"))

    @property
    def scans_on_push(self) -> bool:
        """Whether the repository has `ScanOnPush`."""
        return bool(boolean(mapping(self.properties.get("ImageScanningConfiguration")).get("ScanOnPush")))

    @property
    def lifecycle_text(self) -> object:
        """The lifecycle policy text, `None`, or an intrinsic function."""
        policy = self.properties.get("LifecyclePolicy")
        return mapping(policy).get("LifecyclePolicyText", policy)

    @property
    def lifecycle_rules(self) -> tuple[Mapping[str, Any], ...]:
        """The rules of the lifecycle policy, in its order. There are none if the text cannot be read."""
        rules = _parsed(self.lifecycle_text).get("rules")
        return tuple(rules) if isinstance(rules, list) else ()

    @property
    def policy_statements(self) -> tuple[Mapping[str, Any], ...]:
        """The statements of the repository policy. There are none if the policy cannot be read."""
        statements = _parsed(self.properties.get("RepositoryPolicyText")).get("Statement", [])
        return tuple(statements) if isinstance(statements, list) else (statements,)

    @property
    def is_retained(self) -> bool:
        """Whether CloudFormation retains the repository when it is removed from the template."""
        return self.deletion_policy.startswith("Retain")


@dataclass(frozen=True, kw_only=True, slots=True)
class CreationTemplateResource(_Resource):
    """
    An `AWS::ECR::RepositoryCreationTemplate` in a template.

    Attributes:
        logical_id: The logical ID in the template.
        properties: The properties in the template.

    """

    @property
    def prefix(self) -> str | None:
        """The prefix of repository names, or `ROOT`, if the template has one that is not an intrinsic function."""
        return _text_or_none(self.properties.get("Prefix"))

    @property
    def lifecycle_text(self) -> object:
        """The lifecycle policy text, `None`, or an intrinsic function."""
        return self.properties.get("LifecyclePolicy")


@dataclass(frozen=True, kw_only=True, slots=True)
class RegistryResource:
    """
    A resource of the registry in a template, such as its scanning configuration, its policy or a cache rule.

    Attributes:
        logical_id: The logical ID in the template.
        resource_type: The type, such as `AWS::ECR::RegistryPolicy`.
        properties: The properties in the template.
        deletion_policy: The deletion policy. Without the attribute, it is `Delete`.

    """

    logical_id: str
    resource_type: str
    properties: Mapping[str, Any]
    deletion_policy: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Replacement:
    """
    A resource that a deployment would replace. CloudFormation creates a new one, and deletes or retains the old one.

    Attributes:
        logical_id: The logical ID in both templates.
        resource_type: The type.
        changed: The create-only properties that differ.

    """

    logical_id: str
    resource_type: str
    changed: tuple[str, ...]


def read_assembly(directory: Path) -> tuple[AssemblyStack, ...]:
    """
    Return the stacks of a cloud assembly, including those of its stages and nested stacks.

    Args:
        directory: The output directory of `cdk synth`, such as `cdk.out`.

    Returns:
        The stacks, sorted by name.

    Raises:
        FileNotFoundError: If the directory has no manifest.
        OSError: If a file cannot be read.
        EcrConstructsError: If a file is not in the CDK's format, is larger than 32 MiB, is not a regular file, or is
            outside the directory, and if there are more than 10,000 stacks.

    """
    found = [
        AssemblyStack(name=name, template_path=path, template=template, environment=environment)
        for name, path, template, environment in templates_of(directory)
    ]
    return tuple(sorted(found, key=lambda stack: stack.name))


def repositories(template: Mapping[str, Any]) -> tuple[RepositoryResource, ...]:
    """
    Return the repositories of a template.

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
    Return the repository creation templates of a template.

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
    Return the ECR resources of a template that are not repositories.

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
    Return the ECR resources that an update from one template to another would replace.

    Resources are compared by logical ID. A resource with another logical ID is a new resource, and is not included.

    Args:
        old: The deployed template.
        new: The template of the update.

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


def exclusion_filters(properties: Mapping[str, Any]) -> tuple[str, ...]:
    """
    Return the filters of the tags that the mutability setting of a repository does not apply to.

    Args:
        properties: The properties of a repository or a creation template.

    """
    filters = properties.get("ImageTagMutabilityExclusionFilters")
    written = filters if isinstance(filters, list) else []
    return tuple(str(mapping(each).get("ImageTagMutabilityExclusionFilterValue", each)) for each in written)


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _parsed(text: object) -> Mapping[str, Any]:
    """
    Return a document that can be JSON text.

    It is empty if it cannot be read, because CloudFormation will reject it.
    """
    try:
        return mapping(json.loads(text) if isinstance(text, str) else text)
    except (ValueError, RecursionError):
        return {}
