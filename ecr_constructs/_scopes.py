"""Where a construct stands: its stack, the stack at the top, and whether somebody injects properties on the way."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import aws_cdk as cdk
from constructs import Construct, IConstruct

__all__ = ["Place", "place_of"]


class Place(NamedTuple):
    """
    The surroundings of a scope. They never change, so they are asked for once.

    Attributes:
        path: The construct path of the scope.
        ancestors: The scope and all that it stands in, from the root.
        stack: The stack it is in. A scope outside every stack has none.
        top_stack: The stack that is deployed as a whole: that of a nested stack is its outermost parent.

    """

    path: str
    ancestors: tuple[IConstruct, ...]
    stack: cdk.Stack | None
    top_stack: cdk.Stack | None

    def has_injectors(self) -> bool:
        """Tell whether property injectors are registered here. They may be at any time, so this is asked each time."""
        return any(cdk.PropertyInjectors.has_property_injectors(ancestor) for ancestor in self.ancestors)


@lru_cache(maxsize=128)
def place_of(scope: Construct) -> Place:
    """Look around from a scope."""
    ancestors = tuple(scope.node.scopes)
    stacks = [ancestor for ancestor in ancestors if isinstance(ancestor, cdk.Stack)]
    return Place(
        path=scope.node.path,
        ancestors=ancestors,
        stack=stacks[-1] if stacks else None,
        top_stack=next((stack for stack in reversed(stacks) if stack.nested_stack_parent is None), None),
    )
