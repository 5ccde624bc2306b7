"""The images of workloads in templates: references to images in properties of resources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ecr_constructs.model.compliance.resources import TemplateResource
from ecr_constructs.model.iam.values import possible, text_of
from ecr_constructs.model.template_syntax import mapping

__all__ = ["WORKLOADS", "WorkloadImage", "images_of"]

# The property of the image of each type; `*` is each entry of a list.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
_PLACES: Mapping[str, Sequence[str]] = {
    "AWS::AppRunner::Service": ("SourceConfiguration.ImageRepository.ImageIdentifier",),
    "AWS::Batch::JobDefinition": (
        "ContainerProperties.Image",
        "NodeProperties.NodeRangeProperties.*.Container.Image",
        "EcsProperties.TaskProperties.*.Containers.*.Image",
        "EksProperties.PodProperties.Containers.*.Image",
    ),
    "AWS::CodeBuild::Project": ("Environment.Image",),
    "AWS::ECS::TaskDefinition": ("ContainerDefinitions.*.Image",),
    "AWS::Lambda::Function": ("Code.ImageUri",),
    "AWS::SageMaker::Model": ("PrimaryContainer.Image", "Containers.*.Image"),
}
WORKLOADS = tuple(_PLACES)


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
    for place in _PLACES.get(resource.type, ()):
        for location, value in _values(resource.properties, place.split("."), "Properties"):
            for each in possible(value):
                yield WorkloadImage(location, each, text_of(_with_defaults(each, resource.parameters)))


def _values(value: object, keys: Sequence[str], location: str) -> Iterator[tuple[str, object]]:
    if not keys:
        if value is not None:
            yield location, value
    elif keys[0] == "*":
        for index, each in enumerate(value if isinstance(value, list) else ()):
            yield from _values(each, keys[1:], f"{location}/{index}")
    else:
        yield from _values(mapping(value).get(keys[0]), keys[1:], f"{location}/{keys[0]}")


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
