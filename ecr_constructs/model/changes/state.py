"""The resources of a state of an app: the deployed templates, or the templates of an update."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ecr_constructs.model.changes.create_only import ECR_TYPES, REFERENCED_TYPES
from ecr_constructs.model.changes.intrinsics import LOOP, Resolver, canonical, expanded
from ecr_constructs.model.partitions import partition_of
from ecr_constructs.model.template_syntax import mapping, references_of

__all__ = [
    "CREATION_TEMPLATE",
    "KEY",
    "PUBLIC_REPOSITORY",
    "REPOSITORY",
    "SECRET",
    "SINGLETONS",
    "Resource",
    "ResourcesByIdentity",
    "StackTemplate",
    "State",
    "canonical",
    "distinct_stacks",
    "known_values",
    "object_of",
    "read_state",
]

REPOSITORY = "AWS::ECR::Repository"
PUBLIC_REPOSITORY = "AWS::ECR::PublicRepository"
CREATION_TEMPLATE = "AWS::ECR::RepositoryCreationTemplate"
KEY = "AWS::KMS::Key"
SECRET = "AWS::SecretsManager::Secret"  # noqa: S105  (a resource type)
# The types that exist once in an account and Region. Their primary identifier is the registry ID.
SINGLETONS = (
    "AWS::ECR::RegistryPolicy",
    "AWS::ECR::RegistryScanningConfiguration",
    "AWS::ECR::ReplicationConfiguration",
    "AWS::ECR::SigningConfiguration",
)
# The property with the name of a resource.
_NAMES = {
    REPOSITORY: "RepositoryName",
    PUBLIC_REPOSITORY: "RepositoryName",
    CREATION_TEMPLATE: "Prefix",
    "AWS::ECR::PullThroughCacheRule": "EcrRepositoryPrefix",
    "AWS::ECR::PullTimeUpdateExclusion": "PrincipalArn",
    SECRET: "Name",
    "AWS::Signer::SigningProfile": "ProfileName",
    "AWS::IAM::Role": "RoleName",
}
# "The secret name must begin with ecr-pullthroughcache/":
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-secret.html
# The resource of `auto_delete_images=True` and of the mixin RepositoryAutoDeleteImages.
_AUTO_DELETE = "Custom::ECRAutoDeleteImages"
_CACHE_SECRET = "ecr-pullthroughcache/"  # noqa: S105  (a prefix of names)


@dataclass(frozen=True, kw_only=True, slots=True)
class StackTemplate:
    """
    A template and its stack.

    Attributes:
        stack: The name of the stack. A nested stack is `Parent/LogicalId`.
        template: The template.
        environment: The account and Region, such as `111122223333/eu-west-1`. Default: not known.
        path: The file of the template. Default: none.
        parameters: The values of parameters, such as those of the deployed stack. Default: their defaults.

    """

    stack: str
    template: Mapping[str, Any]
    environment: str | None = None
    path: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Resource:
    """
    A resource in a template.

    Attributes:
        stack: The name of its stack.
        logical_id: The logical ID.
        resource_type: The type.
        properties: The properties, in which functions are computed where the template determines the result.
        deletion_policy: The deletion policy. Default: `Delete`.
        update_replace_policy: The policy for a replaced resource. Default: `Delete`.
        condition: The name of its condition, unless the template decides that it is true. Default: none.
        condition_text: A text that is equal for equal definitions of the condition. Default: none.
        is_created: Whether the stack has the resource, with the defaults of its parameters. Default: it has.
        deletes_images: Whether a custom resource of the CDK deletes its images before it is deleted. Default: not.
        environment: The account and Region. Default: not known.
        path: The file of the template. Default: none.

    """

    stack: str
    logical_id: str
    resource_type: str
    properties: Mapping[str, Any]
    deletion_policy: str = "Delete"
    update_replace_policy: str = "Delete"
    condition: str | None = None
    condition_text: str = ""
    is_created: bool = True
    deletes_images: bool = False
    environment: str | None = None
    path: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """The stack and the logical ID, which identify the resource in an update of CloudFormation."""
        return self.stack, self.logical_id

    @property
    def name(self) -> str | None:
        """The name of the resource in AWS, if the template has one. Singletons have none."""
        value = self.properties.get(_NAMES.get(self.resource_type, ""))
        return value if isinstance(value, str) else None

    @property
    def is_singleton(self) -> bool:
        """Whether an account has one such resource in a Region."""
        return self.resource_type in SINGLETONS

    @property
    def is_judged(self) -> bool:
        """Whether changes of the resource are reported: ECR's types, keys, and secrets of pull through caches."""
        if self.resource_type == SECRET:
            return (self.name or "").startswith(_CACHE_SECRET)
        return self.resource_type in ECR_TYPES or self.resource_type == KEY

    @property
    def is_retained(self) -> bool:
        """Whether CloudFormation retains the resource when it is removed from the template."""
        return self.deletion_policy.startswith("Retain")

    @property
    def is_retained_on_replacement(self) -> bool:
        """Whether CloudFormation retains the previous resource when it is replaced."""
        return self.update_replace_policy.startswith("Retain")

    def is_same_in_aws(self, other: Resource) -> bool:
        """
        Return whether two resources of templates are one resource in AWS, because they have the same name.

        Args:
            other: The other resource.

        """
        is_elsewhere = self.environment and other.environment and self.environment != other.environment
        return not is_elsewhere and self.identity is not None and self.identity == other.identity

    @property
    def identity(self) -> tuple[str, str | None] | None:
        """The type and the name, which identify the resource in its environment. None if the name is not known."""
        return (self.resource_type, self.name) if self.is_singleton or self.name is not None else None


class ResourcesByIdentity:
    """
    Resources by their identity in AWS, to find one without a search through all of them.

    Args:
        resources: The resources.

    """

    def __init__(self, resources: Iterable[Resource]) -> None:
        """Group the resources by type and name."""
        self._resources: dict[tuple[str, str | None] | None, list[Resource]] = {}
        for each in resources:
            self._resources.setdefault(each.identity, []).append(each)

    def first_same(self, resource: Resource) -> Resource | None:
        """
        Return the first resource with the same identity in AWS.

        Args:
            resource: The resource to find.

        """
        return next(filter(resource.is_same_in_aws, self._resources.get(resource.identity, ())), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """
    The resources of all templates.

    Attributes:
        resources: The resources by stack and logical ID, in the order of the templates.
        stacks: The names of all stacks, in the order of the templates.
        other_types: The types of all other resources. They are not compared.
        loops: The loops over values that only CloudFormation computes, as text.

    """

    resources: Mapping[tuple[str, str], Resource] = field(default_factory=dict)
    stacks: tuple[str, ...] = ()
    other_types: Mapping[tuple[str, str], str] = field(default_factory=dict)
    loops: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def has_stack(self, stack: str) -> bool:
        """
        Return whether a stack, or the parent of a nested stack, is in the templates.

        Args:
            stack: The name of the stack.

        """
        return stack in self.stacks or (stack != _root(stack) and self.has_stack(stack.rpartition("/")[0]))


def distinct_stacks(templates: Iterable[StackTemplate], names: Collection[str] | None = None) -> list[StackTemplate]:
    """
    Return templates with another name for each of several stacks that have one name in different environments.

    Args:
        templates: The templates of one state, or of two states that are compared.
        names: The known names of stacks in the result, such as those of a baseline. A name is not changed if none of
            its changed names is known. Default: every name is changed.

    Returns:
        The templates in their order. The name of a changed stack is `Name (account/region)`.

    """
    listed = tuple(templates)
    environments: dict[str, set[str]] = {}
    for each in listed:
        if each.environment is not None:
            environments.setdefault(_root(each.stack), set()).add(each.environment)
    ambiguous = {
        name
        for name, found in environments.items()
        if len(found) > 1 and (names is None or any(f"{name} ({each})" in map(_root, names) for each in found))
    }
    return [replace(each, stack=_placed_name(each)) if _root(each.stack) in ambiguous else each for each in listed]


def _root(stack: str) -> str:
    """Return the name of a stack, or that of the parent of a nested stack."""
    # A name of this module contains the environment, which contains a slash.
    environment = re.match(r"[^/]* \([^)]*\)", stack)
    return environment.group() if environment else stack.partition("/")[0]


def _placed_name(template: StackTemplate) -> str:
    name = _root(template.stack)
    place = f" ({template.environment})" if template.environment else ""
    return f"{name}{place}{template.stack.removeprefix(name)}"


def read_state(templates: Iterable[StackTemplate]) -> State:
    """
    Return the resources of templates that `check` compares, and those to which they refer.

    Args:
        templates: The templates.

    """
    everything = tuple(templates)
    others: dict[tuple[str, str], str] = {}
    loops: dict[tuple[str, str], str] = {}
    return State(
        resources={each.key: each for template in everything for each in _resources(template, others, loops)},
        stacks=tuple(dict.fromkeys(template.stack for template in everything)),
        other_types=others,
        loops=loops,
    )


def _resources(
    stack: StackTemplate, others: dict[tuple[str, str], str], loops: dict[tuple[str, str], str]
) -> Iterable[Resource]:
    known = known_values(stack)
    resolver = Resolver(stack.template, known)
    certain = Resolver(stack.template, known, with_defaults=False)
    declared = expanded(mapping(stack.template.get("Resources")), resolver)
    emptied = set(_emptied(declared.values()))
    for logical_id, resource in declared.items():
        resource_type = str(resource.get("Type")) if isinstance(resource, Mapping) else ""
        key = stack.stack, str(logical_id)
        if str(logical_id).startswith(LOOP) and "AWS::ECR::" in (text := canonical(resolver.resolve(resource))):
            loops[key] = text
        if resource_type not in ECR_TYPES and resource_type not in REFERENCED_TYPES:
            others[key] = resource_type
            continue
        condition = resource.get("Condition")
        outcome = certain.condition(condition)
        if outcome is not False:
            is_conditional = isinstance(condition, str) and outcome is None
            yield Resource(
                stack=stack.stack,
                logical_id=str(logical_id),
                resource_type=resource_type,
                properties=mapping(resolver.resolve(mapping(resource.get("Properties")))),
                deletion_policy=_attribute(resolver, resource, "DeletionPolicy"),
                update_replace_policy=_attribute(resolver, resource, "UpdateReplacePolicy"),
                condition=condition if is_conditional else None,
                condition_text=certain.definition(condition) if is_conditional else "",
                is_created=resolver.condition(condition) is not False,
                deletes_images=logical_id in emptied,
                environment=stack.environment,
                path=stack.path,
            )


def _attribute(resolver: Resolver, resource: Mapping[str, Any], name: str) -> str:
    # With the transform AWS::LanguageExtensions, both policies can be functions.
    value = resolver.resolve(resource.get(name, "Delete"))
    return value if isinstance(value, str) else canonical(value)


def _emptied(resources: Iterable[object]) -> Iterable[str]:
    """Yield the logical IDs of repositories whose images a custom resource of the CDK deletes."""
    for each in map(mapping, resources):
        if each.get("Type") == _AUTO_DELETE:
            yield from references_of(mapping(each.get("Properties")).get("RepositoryName"))


def known_values(stack: StackTemplate) -> Mapping[str, str]:
    """
    Return the known values of the parameters and the pseudo parameters of a stack.

    Args:
        stack: The template with its stack, environment and parameters.

    """
    name = stack.stack.removesuffix(f" ({stack.environment})")
    known = {**stack.parameters, **({} if "/" in name else {"AWS::StackName": name})}
    if stack.environment is not None:
        account, _, region = stack.environment.partition("/")
        partition = partition_of(region)
        known |= {"AWS::AccountId": account, "AWS::Region": region}
        known |= {"AWS::Partition": partition.name, "AWS::URLSuffix": partition.dns_suffix}
    return known


def object_of(value: object) -> Mapping[str, Any]:
    """
    Return an object, which can be given as JSON text. Any other value is an empty object.

    Args:
        value: The value of a property.

    """
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, Mapping) else {}
