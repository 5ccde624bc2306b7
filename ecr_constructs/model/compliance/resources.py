"""The input of compliance rules: the resources of the templates of an app."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ecr_constructs.errors import InvalidName
from ecr_constructs.model.iam.values import possible
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.template_syntax import NO_VALUE, is_function_name, mapping

__all__ = [
    "POLICY_PROPERTIES",
    "AppResources",
    "NotDecidable",
    "TemplateResource",
    "immutability_of",
    "is_intrinsic",
    "policy_document_of",
    "statements_of_resource",
]

# The property with the policy, by type.
POLICY_PROPERTIES = {
    "AWS::ECR::Repository": "RepositoryPolicyText",
    "AWS::ECR::RepositoryCreationTemplate": "RepositoryPolicy",
    "AWS::ECR::RegistryPolicy": "PolicyText",
}


class NotDecidable(Exception):
    """
    The error of a rule that depends on a value that CloudFormation computes at deployment.

    The text names the property.
    """


@dataclass(frozen=True, kw_only=True, slots=True)
class TemplateResource:
    """
    A resource of a CloudFormation template.

    Attributes:
        logical_id: The logical ID.
        type: The type, such as `AWS::ECR::Repository`.
        properties: The properties, as the template has them.
        stack: The name of the stack. Default: not known.
        environment: The account and Region, such as `111122223333/eu-west-1`. Resources with the same text are in
            the same registry. Default: the environment is known only at deployment.
        path: The construct path, such as `Containers/Api/Resource`. Default: not known.
        template_path: The path of the template. Default: not known.
        is_conditional: Whether the resource has a `Condition`, and can be missing in a deployment. Default: no.
        deletion_policy: The deletion policy. Default: `Delete`, as for a repository without the attribute.
        update_replace_policy: The policy for a resource that is replaced. Default: `Delete`.
        parameters: The parameters of the template, by name. Default: none.

    """

    logical_id: str
    type: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    stack: str = ""
    environment: str = ""
    path: str = ""
    template_path: str = ""
    is_conditional: bool = False
    deletion_policy: str = "Delete"
    update_replace_policy: str = "Delete"
    parameters: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def account(self) -> str | None:
        """The account, if it is known."""
        return self.environment.partition("/")[0] or None

    @property
    def region(self) -> str | None:
        """The Region, if it is known."""
        return self.environment.partition("/")[2] or None

    @property
    def name(self) -> str | None:
        """The value of `RepositoryName`, if the template has one that is not an intrinsic function."""
        name = self.properties.get("RepositoryName")
        return name if isinstance(name, str) else None

    @property
    def label(self) -> str:
        """The construct path, or else the stack and the logical ID."""
        return self.path or f"{self.stack}/{self.logical_id}".lstrip("/")

    def value(self, *keys: str) -> Any:  # noqa: ANN401  (a property of any kind)
        """
        Return the value of a property, or `None` if the template does not set it.

        >>> resource = TemplateResource(
        ...     logical_id="Api",
        ...     type="AWS::ECR::Repository",
        ...     properties={"ImageScanningConfiguration": {"ScanOnPush": True}},
        ... )
        >>> resource.value("ImageScanningConfiguration", "ScanOnPush")
        True

        Args:
            keys: The name of the property, and the names in it.

        Raises:
            NotDecidable: If the value is an intrinsic function.

        """
        found: Any = self.properties
        for depth, key in enumerate(keys, start=1):
            found = found.get(key) if isinstance(found, Mapping) else None
            if found == NO_VALUE:
                return None
            if is_intrinsic(found):
                raise NotDecidable(f"{'.'.join(keys[:depth])} is known only at deployment")
        return found

    def answers_to(self, name: str) -> bool:
        """
        Return whether a text names the resource.

        Args:
            name: A construct path (with or without `/Resource` at the end), `stack/logical id`, a logical ID, or a
                repository name.

        """
        parent = self.path.removesuffix("/Resource")
        return name in {self.path, parent, f"{self.stack}/{self.logical_id}", self.logical_id, self.name}


class AppResources:
    """
    The resources of the templates of an app.

    Args:
        resources: The resources. An exception for a logical ID is for that logical ID in every stack.
        templates: The templates, by their paths. Default: not known. Values of outputs and parameters are then not
            known.

    """

    def __init__(
        self, resources: Iterable[TemplateResource], templates: Mapping[str, Mapping[str, Any]] | None = None
    ) -> None:
        """Group the resources by registry and type."""
        self.all = tuple(resources)
        self.templates = dict(templates or {})
        self._groups: dict[tuple[str, str], list[TemplateResource]] = {}
        for each in self.all:
            self._groups.setdefault((_registry_of(each), each.type), []).append(each)

    def beside(self, resource: TemplateResource, resource_type: str) -> tuple[TemplateResource, ...]:
        """
        Return the resources of a type in the same account and Region as a resource, in the order of the templates.

        A stack without a known environment is compared only with itself.

        Args:
            resource: The resource.
            resource_type: The type, such as `AWS::ECR::RegistryScanningConfiguration`.

        """
        return tuple(self._groups.get((_registry_of(resource), resource_type), ()))

    def in_environment(self, environment: str) -> tuple[TemplateResource, ...]:
        """
        Return the resources of an environment.

        Args:
            environment: The account and Region, such as `111122223333/eu-west-1`.

        """
        return tuple(each for each in self.all if each.environment == environment)


def is_intrinsic(value: object) -> bool:
    """
    Return whether a value of a template is an intrinsic function.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html

    Args:
        value: The value.

    """
    if not isinstance(value, Mapping) or len(value) != 1:
        return False
    (key,) = value
    return key == "Condition" or is_function_name(key)


def immutability_of(resource: TemplateResource) -> Immutability | None:
    """
    Return the tag immutability of a resource. `None` if it is known only at deployment, or does not exist.

    Args:
        resource: A repository or a creation template.

    """
    try:
        filters = resource.value("ImageTagMutabilityExclusionFilters") or ()
        values = [str(mapping(each).get("ImageTagMutabilityExclusionFilterValue")) for each in filters]
        return Immutability(mode=resource.value("ImageTagMutability") or "MUTABLE", filters=values)
    except (InvalidName, NotDecidable, TypeError):
        return None


def policy_document_of(resource: TemplateResource) -> Mapping[str, Any]:
    """
    Return the policy of a resource, which can be JSON text in the template.

    Args:
        resource: A resource of a type in `POLICY_PROPERTIES`.

    Raises:
        NotDecidable: If the policy is known only at deployment, or is not JSON.

    """
    name = POLICY_PROPERTIES[resource.type]
    policy = resource.value(name)
    if isinstance(policy, str):
        try:
            policy = json.loads(policy)
        except (ValueError, RecursionError):
            raise NotDecidable(f"{name} is not JSON") from None
    return mapping(policy)


def statements_of_resource(resource: TemplateResource) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """
    Yield the statements of the policy of a resource, each with its place. Both branches of `Fn::If` are statements.

    Args:
        resource: A resource of a type in `POLICY_PROPERTIES`.

    Raises:
        NotDecidable: If the policy is known only at deployment, or is not JSON.

    """
    written = policy_document_of(resource).get("Statement", [])
    if is_intrinsic(written):
        raise NotDecidable(f"{POLICY_PROPERTIES[resource.type]}.Statement is known only at deployment")
    for index, statement in enumerate(written if isinstance(written, list) else [written]):
        yield from ((f"Statement[{index}]", mapping(each)) for each in possible(statement))


def _registry_of(resource: TemplateResource) -> str:
    # A nested stack is named after its parent, and is deployed to the same environment.
    return resource.environment or f"stack {resource.stack.partition('/')[0]}"
