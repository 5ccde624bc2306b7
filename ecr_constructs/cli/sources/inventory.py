"""The resources for `ecr-constructs adopt`, in the form of templates, from templates, Terraform or an account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ecr_constructs.model.changes.state import StackTemplate
from ecr_constructs.model.images import Image

__all__ = ["Inventory", "Origin"]

Origin = Literal["template", "terraform", "account"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Inventory:
    """
    The resources that exist.

    Attributes:
        origin: The kind of the source. The stacks of a `template` exist in CloudFormation. Those of other sources are
            new, and their resources are imported.
        stacks: The stacks. The logical IDs of a new stack are names for its resources and are not kept.
        notes: Facts about resources that are not adopted, one sentence each.
        images: The images by the name of the repository. Default: not known.

    """

    origin: Origin
    stacks: Sequence[StackTemplate]
    notes: Sequence[str] = ()
    images: Mapping[str, Sequence[Image]] = field(default_factory=dict)

    @property
    def is_deployed(self) -> bool:
        """Whether CloudFormation already has the stacks. The logical IDs of their resources are then kept."""
        return self.origin == "template"


# The largest number of resources of one import: ResourcesToImport in the service model of CloudFormation.
_MOST_RESOURCES = 200


def stacks_of_resources(
    name: str, resources: Mapping[str, Sequence[Mapping[str, object]]]
) -> tuple[StackTemplate, ...]:
    """
    Return new stacks for resources, each with as many resources as one import can have.

    Args:
        name: The name of the stack. Several stacks have the name with their Region or a number.
        resources: The resources, as in a template, by their account and Region.

    """
    found: list[StackTemplate] = []
    for environment, listed in sorted(resources.items()):
        place = f"{name}-{environment.replace('/', '-')}" if len(resources) > 1 else name
        parts = [listed[start : start + _MOST_RESOURCES] for start in range(0, len(listed), _MOST_RESOURCES)]
        for number, part in enumerate(parts, start=1):
            template = {"Resources": {f"Resource{index}": each for index, each in enumerate(part)}}
            stack = place if number == 1 else f"{place}-{number}"
            found.append(StackTemplate(stack=stack, template=template, environment=environment or None))
    return tuple(found)
