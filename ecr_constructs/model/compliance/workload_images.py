"""The images of workloads in templates: references to images in properties of resources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ecr_constructs.model.compliance.resources import TemplateResource, is_intrinsic
from ecr_constructs.model.iam.values import possible, text_of
from ecr_constructs.model.template_syntax import NO_VALUE, mapping

__all__ = ["IMAGE_PROPERTIES", "WORKLOADS", "WorkloadImage", "images_of", "values_at"]

# The properties with images, by type. `*` is every entry of a list.
IMAGE_PROPERTIES: Mapping[str, Sequence[str]] = {
    "AWS::AppRunner::Service": ["SourceConfiguration.ImageRepository.ImageIdentifier"],
    "AWS::Batch::JobDefinition": [
        "ContainerProperties.Image",
        "EcsProperties.TaskProperties.*.Containers.*.Image",
        "EksProperties.PodProperties.Containers.*.Image",
        "EksProperties.PodProperties.InitContainers.*.Image",
        "NodeProperties.NodeRangeProperties.*.Container.Image",
        "NodeProperties.NodeRangeProperties.*.EcsProperties.TaskProperties.*.Containers.*.Image",
        "NodeProperties.NodeRangeProperties.*.EksProperties.PodProperties.Containers.*.Image",
        "NodeProperties.NodeRangeProperties.*.EksProperties.PodProperties.InitContainers.*.Image",
    ],
    "AWS::BedrockAgentCore::Runtime": ["AgentRuntimeArtifact.ContainerConfiguration.ContainerUri"],
    "AWS::CodeBuild::Project": ["Environment.Image"],
    "AWS::ECS::ExpressGatewayService": ["PrimaryContainer.Image"],
    "AWS::ECS::TaskDefinition": ["ContainerDefinitions.*.Image"],
    "AWS::Lambda::Function": ["Code.ImageUri"],
    "AWS::SageMaker::InferenceComponent": ["Specification.Container.Image", "Specifications.*.Container.Image"],
    "AWS::SageMaker::Model": ["PrimaryContainer.Image", "Containers.*.Image"],
    # AWS SAM transforms it to AWS::Lambda::Function at deployment.
    "AWS::Serverless::Function": ["ImageUri"],
}
WORKLOADS = tuple(IMAGE_PROPERTIES)


class WorkloadImage(NamedTuple):
    """
    A reference to an image in a template.

    Attributes:
        location: The property, such as `Properties/ContainerDefinitions/0/Image`.
        value: The value in the template: a text or an intrinsic function.
        text: The value as text, with `UNKNOWN` for each part that is known only at deployment. A `Ref` of a parameter
            with a default is that default.

    """

    location: str
    value: object
    text: str


def images_of(resource: TemplateResource) -> Iterator[WorkloadImage]:
    """
    Yield each reference to an image in the properties of a resource.

    Args:
        resource: A resource of a type in `WORKLOADS`.

    """
    for place in IMAGE_PROPERTIES.get(resource.type, ()):
        for location, value in values_at(resource.properties, place.split("."), "Properties"):
            for each in possible(value):
                yield WorkloadImage(location, each, text_of(_with_defaults(each, resource.parameters)))


def values_at(value: object, path: Sequence[str], location: str) -> Iterator[tuple[str, object]]:
    """
    Yield the values at a path, in both branches of `Fn::If`.

    Args:
        value: The properties, or a part of them.
        path: The names of properties; `*` is each entry of a list.
        location: The location of the value, such as `Properties`.

    Yields:
        The location and the value. A function in the place of a property is yielded at its location.

    """
    if value is None or value == NO_VALUE:
        return
    if not path:
        yield location, value
    elif isinstance(value, Mapping) and isinstance(branches := value.get("Fn::If"), list):
        for each in branches[1:]:
            yield from values_at(each, path, location)
    elif is_intrinsic(value):
        yield location, value
    elif path[0] == "*":
        for index, each in enumerate(value if isinstance(value, list) else ()):
            yield from values_at(each, path[1:], f"{location}/{index}")
    else:
        yield from values_at(mapping(value).get(path[0]), path[1:], f"{location}/{path[0]}")


def _with_defaults(value: Any, parameters: Mapping[str, Any]) -> Any:  # noqa: ANN401  (any value of a template)
    """Return a value with the defaults of parameters instead of their references."""
    if isinstance(value, Mapping):
        name = value.get("Ref")
        if isinstance(name, str) and len(value) == 1:
            parameter = mapping(parameters.get(name))
            # The default of a parameter of Systems Manager is the name of the parameter there.
            is_stored = str(parameter.get("Type", "")).startswith("AWS::SSM::")
            default = parameter.get("Default")
            return default if isinstance(default, str) and default and not is_stored else value
        return {key: _with_defaults(each, parameters) for key, each in value.items()}
    return [_with_defaults(each, parameters) for each in value] if isinstance(value, list) else value
