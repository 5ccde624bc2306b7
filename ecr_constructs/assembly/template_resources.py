"""The resources of the stacks of an assembly, as compliance rules take them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ecr_constructs.assembly import AssemblyStack
from ecr_constructs.assembly.manifests import mapping, resources_of
from ecr_constructs.model.compliance.resources import AppResources, TemplateResource

__all__ = ["app_resources"]


def app_resources(stacks: Iterable[AssemblyStack]) -> AppResources:
    """
    Return the resources of the templates of stacks.

    Args:
        stacks: The stacks.

    """
    return AppResources(each for stack in stacks for each in _resources(stack))


def _resources(stack: AssemblyStack) -> Iterator[TemplateResource]:
    for logical_id, resource in resources_of(stack.template):
        path = mapping(resource.get("Metadata")).get("aws:cdk:path")
        yield TemplateResource(
            logical_id=logical_id,
            type=resource["Type"],
            properties=mapping(resource.get("Properties")),
            stack=stack.name,
            environment=stack.environment,
            path=path if isinstance(path, str) else "",
            template_path=str(stack.template_path),
            is_conditional="Condition" in resource,
        )
