"""The mapping for `cdk import`: the identifier of each resource by its logical ID."""

from __future__ import annotations

from collections.abc import Mapping

from ecr_constructs.cli.adoption.plan import StackPlan
from ecr_constructs.cli.adoption.registries import account_of_resource
from ecr_constructs.model.changes.state import SINGLETONS, Resource

__all__ = ["import_mapping"]

# The primary identifier of each type in the CloudFormation schemas.
_IDENTIFIERS: Mapping[str, str] = {
    "AWS::ECR::Repository": "RepositoryName",
    "AWS::ECR::RepositoryCreationTemplate": "Prefix",
    "AWS::ECR::PullThroughCacheRule": "EcrRepositoryPrefix",
    "AWS::ECR::PullTimeUpdateExclusion": "PrincipalArn",
    **dict.fromkeys(SINGLETONS, "RegistryId"),
}


def import_mapping(stack: StackPlan) -> dict[str, dict[str, str]]:
    """
    Return the mapping of a stack. Resources with an unknown identifier are omitted.

    Args:
        stack: The stack.

    """
    found: dict[str, dict[str, str]] = {}
    for construct in stack.constructs:
        for logical, resource in construct.resources.items():
            name = _IDENTIFIERS.get(resource.resource_type)
            identifier = _identifier(resource, name)
            if name is not None and identifier is not None:
                found[logical] = {name: identifier}
    return found


def _identifier(resource: Resource, name: str | None) -> str | None:
    if resource.resource_type in SINGLETONS:
        return account_of_resource(resource)
    value = resource.properties.get(name or "")
    return value if isinstance(value, str) else None
