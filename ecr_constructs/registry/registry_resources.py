"""The resources of a registry. They are created with the first addition, and rendered when the app synthesizes."""

from __future__ import annotations

from collections.abc import Callable

import aws_cdk as cdk
from constructs import Construct

from ecr_constructs._cdk.retention import warn_unless_retained
from ecr_constructs._cdk.scope import ConstructLocation
from ecr_constructs._cdk.tokens import lazily
from ecr_constructs.errors import Problems

__all__ = ["Change", "RegistryResources"]

# A checked change of the registry. A call makes the change.
Change = Callable[[], None]


class RegistryResources:
    """
    The resources of a registry.

    Args:
        place: The location of the scope of the registry.
        path: The construct path of the registry.

    Attributes:
        stack: The stack of the registry.
        path: The construct path of the registry.

    """

    def __init__(self, place: ConstructLocation, path: str) -> None:
        assert place.stack is not None  # noqa: S101  (a scope outside a stack was rejected)
        self.stack = place.stack
        self.path = path
        self._place = place
        self._construct: Construct | None = None
        self._is_synthesized = False

    @property
    def construct(self) -> Construct:
        """The construct of the registry. It is set when the construct is in the tree."""
        assert self._construct is not None  # noqa: S101  (changes are made after the registry was added to the tree)
        return self._construct

    def attach(self, construct: Construct) -> None:
        """Set the construct in which the resources are created."""
        self._construct = construct

    def check_not_synthesized(self, problems: Problems) -> None:
        """Add a problem if the template is already rendered, because it would not contain the change."""
        if self._is_synthesized:
            problems.add(
                f"the registry {self.path} is already synthesized, so the template would not contain this; declare it "
                "before"
            )

    def mark_synthesized(self) -> None:
        """Reject all later changes."""
        self._is_synthesized = True

    def lazily(self, render: Callable[[], object]) -> cdk.IResolvable:
        """Return a property that is rendered when the app synthesizes. Later changes are rejected."""

        def produce() -> object:
            self.mark_synthesized()
            return render()

        return lazily(produce)

    def retain(self, resource: cdk.CfnResource, lost: str) -> None:
        """Retain a resource of the registry, because its deletion would change the whole account."""
        resource.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
        warn_unless_retained(self.construct, self._place, resource, lost)

    def warn(self, identifier: str, text: str) -> None:
        """Add a warning to the registry."""
        cdk.Annotations.of(self.construct).add_warning_v2(identifier, text)
