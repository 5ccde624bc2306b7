"""The resources of the stacks of an assembly, for compliance rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ecr_constructs.assembly import AssemblyStack
from ecr_constructs.assembly.construct_paths import construct_paths
from ecr_constructs.assembly.manifests import resources_of
from ecr_constructs.model.compliance.resources import AppResources, TemplateResource
from ecr_constructs.model.template_syntax import mapping

__all__ = ["app_resources"]


def app_resources(stacks: Iterable[AssemblyStack]) -> AppResources:
    """
    Return the resources of the templates of stacks.

    Args:
        stacks: The stacks.

    Raises:
        OSError: If a file of the assembly cannot be read.
        EcrConstructsError: If a file of the assembly is not in the CDK's format.

    """
    listed = tuple(stacks)
    paths = {each: construct_paths(each) for each in {stack.template_path.parent for stack in listed}}
    return AppResources(
        (each for stack in listed for each in _resources(stack, paths[stack.template_path.parent])),
        {str(stack.template_path): stack.template for stack in listed},
    )


def _resources(stack: AssemblyStack, paths: Mapping[tuple[str, str], str]) -> Iterator[TemplateResource]:
    for logical_id, resource in resources_of(stack.template):
        path = mapping(resource.get("Metadata")).get("aws:cdk:path")
        yield TemplateResource(
            logical_id=logical_id,
            type=resource["Type"],
            properties=mapping(resource.get("Properties")),
            stack=stack.name,
            environment=stack.environment or "",
            path=path if isinstance(path, str) else paths.get((stack.template_path.name, logical_id), ""),
            template_path=str(stack.template_path),
            is_conditional="Condition" in resource,
            deletion_policy=str(resource.get("DeletionPolicy", "Delete")),
            update_replace_policy=str(resource.get("UpdateReplacePolicy", "Delete")),
            parameters=mapping(stack.template.get("Parameters")),
        )
