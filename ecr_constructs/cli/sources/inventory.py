"""What `ecr-constructs adopt` adopts: resources in the shape of templates, from templates, Terraform or an account."""

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
        stacks: The stacks. The logical ids of a new stack are names for its resources and are not kept.
        notes: Facts about resources that are not adopted, one sentence each.
        images: The images by the name of the repository. Default: not known.

    """

    origin: Origin
    stacks: Sequence[StackTemplate]
    notes: Sequence[str] = ()
    images: Mapping[str, Sequence[Image]] = field(default_factory=dict)

    @property
    def is_deployed(self) -> bool:
        """Whether CloudFormation has the stacks already, so that their logical ids are kept."""
        return self.origin == "template"
