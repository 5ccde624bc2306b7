"""A construct of the program: its call, the statements after it, and the resources that it declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ecr_constructs.cli.python_code.calls import Name
from ecr_constructs.model.changes.state import Resource

__all__ = ["ADOPTED", "SCOPE", "FollowUp", "Key", "PlannedConstruct", "is_repository"]

# The settings that change nothing. The program derives other settings from them.
ADOPTED = "ADOPTED"
# The scope of a construct in an argument of another: the stack, or a variable with a nested stack.
SCOPE = Name("{scope}")


class FollowUp(NamedTuple):
    """
    A statement after a construct.

    Attributes:
        before: The code before the value. `{}` represents the construct.
        value: The value. A call has `{}` in its name.

    """

    before: str
    value: object


class Key(NamedTuple):
    """
    A KMS key that repositories use.

    Attributes:
        variable: The name of the variable with the key.
        value: The code that returns the key: a text or a function for an ARN, or the logical ID of the key.
        is_resource: Whether the value is the logical ID of a key of the same template.

    """

    variable: str
    value: object
    is_resource: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedConstruct:
    """
    A construct of the program.

    Attributes:
        resources: The resources that it declares, each with the logical ID that it has in the program.
        name: The readable name of the resource.
        function: The class, such as `HardenedRepository`.
        id: The construct ID.
        attribute: The attribute of the stack with the construct.
        options: The arguments that `RepositorySettings` do not have.
        settings: The arguments that differ from `ADOPTED`. They can be shared.
        shared: The name of the shared settings, or `ADOPTED`. None for a construct without settings.
        follow_ups: The statements after the construct.
        comments: The lines of the comment above it.
        reasons: The reasons why the resource is declared without a construct of this library. None for a construct.

    """

    resources: Mapping[str, Resource]
    name: str
    function: str
    id: str
    attribute: str
    options: Mapping[str, object] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)
    shared: str | None = None
    follow_ups: Sequence[FollowUp] = ()
    comments: Sequence[str] = ()
    reasons: Sequence[str] = ()

    @property
    def resource(self) -> Resource:
        """The first resource."""
        return next(iter(self.resources.values()))


def is_repository(construct: PlannedConstruct) -> bool:
    """
    Return whether a construct is a `HardenedRepository`.

    Args:
        construct: The construct.

    """
    return construct.function == "HardenedRepository"
