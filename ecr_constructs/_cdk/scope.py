"""The location of a construct: its stack, the top-level stack, and the property injectors of its scopes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import NamedTuple
from weakref import WeakSet

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecr as ecr
from constructs import Construct, IConstruct, IValidation

from ecr_constructs._cdk.stack_resources import limit_resources
from ecr_constructs.errors import ArgumentTypeError, EcrConstructsError, Problems
from ecr_constructs.model.validation import is_token

__all__ = [
    "TAKEN",
    "ConstructLocation",
    "id_format_problems",
    "id_problems",
    "locate",
    "location_of",
    "stack_problems",
    "with_path_of",
]

TAKEN = "another construct of this scope has that ID; IDs are unique in their scope, so use another"


class ConstructLocation(NamedTuple):
    """
    The location of a scope. It never changes, and is read once.

    Attributes:
        path: The construct path of the scope.
        ancestors: The scope and its parents, from the root.
        stack: The stack of the scope. None outside of stacks.
        top_stack: The top-level stack: for a nested stack, its outermost parent.

    """

    path: str
    ancestors: tuple[IConstruct, ...]
    stack: cdk.Stack | None
    top_stack: cdk.Stack | None

    def path_of(self, id: str) -> str:
        """Return the construct path of a child of the scope. The path of the scope may be empty."""
        return "/".join(filter(None, (self.path, id)))

    def has_injectors(self) -> bool:
        """
        Return whether property injectors are registered here.

        The scopes of a stack are read once. Injectors that are registered later are an error at synthesis.
        """
        if self.stack is None or self.stack not in _without_injectors:
            if any(map(_has_injectors, self.ancestors)):
                return True
            if self.stack is not None:
                _without_injectors.add(self.stack)
                self.stack.node.add_validation(_LateInjectorCheck(self.stack))
            return False
        below = self.ancestors[self.ancestors.index(self.stack) + 1 :]
        return any(map(_has_injectors, below))


_without_injectors: WeakSet[cdk.Stack] = WeakSet()
_has_injectors = cdk.PropertyInjectors.has_property_injectors


@jsii.implements(IValidation)
class _LateInjectorCheck:
    """A validation that finds injectors for repositories that were registered after the first repository of a stack."""

    def __init__(self, stack: cdk.Stack) -> None:
        self._stack = stack

    def validate(self) -> list[str]:
        return [_LATE.format(path or "the app") for path in self._late()]

    def _late(self) -> Iterator[str]:
        for scope in self._stack.node.scopes:
            if _has_injectors(scope) and cdk.PropertyInjectors.of(scope).for_(ecr.Repository.PROPERTY_INJECTION_ID):
                yield scope.node.path


_LATE = (
    "a property injector for ecr.Repository was registered on {} after the first repository of this stack was created; "
    "register it before"
)


@lru_cache(maxsize=128)
def location_of(scope: Construct) -> ConstructLocation:
    """Return the location of a scope."""
    ancestors = tuple(scope.node.scopes)
    stacks = [ancestor for ancestor in ancestors if isinstance(ancestor, cdk.Stack)]
    return ConstructLocation(
        path=scope.node.path,
        ancestors=ancestors,
        stack=stacks[-1] if stacks else None,
        top_stack=next((stack for stack in reversed(stacks) if stack.nested_stack_parent is None), None),
    )


def locate(scope: object, id: object, problems: Problems | None = None) -> ConstructLocation:
    """
    Check the kinds of `scope` and `id`, and return the location of the scope.

    Args:
        scope: The argument of a constructor.
        id: The argument of a constructor.
        problems: The problems of the other arguments. Default: they are checked later.

    Raises:
        TypeError: If any argument is of the wrong kind, with all problems.

    """
    found = Problems() if problems is None else problems
    found.expect("scope", scope, Construct, "Stack(app, 'Containers')")
    found.expect("id", id, str, "'Api'")
    path = location_of(scope).path_of(id if isinstance(id, str) else "") if isinstance(scope, Construct) else ""
    if found.has_wrong_kinds or not isinstance(scope, Construct):
        raise ArgumentTypeError(found, path=path)
    place = location_of(scope)
    if place.stack is not None:
        limit_resources(place.stack)
    return place


@contextmanager
def with_path_of(construct: IConstruct) -> Iterator[None]:
    """
    Add the path of a construct to an error that is raised in the block without a path.

    Args:
        construct: The construct.

    """
    try:
        yield
    except (ArgumentTypeError, EcrConstructsError) as error:
        if error.path:
            raise
        raise type(error)(error.problems, path=construct.node.path) from None


def stack_problems(place: ConstructLocation, construct: str) -> Iterator[str]:
    """Yield the reason why a construct cannot be outside of stacks. `construct` begins with its article."""
    if place.stack is None:
        yield f"{construct} must be in a stack, and the scope is not in one; use a Stack, or a construct in one"


def id_format_problems(id: str) -> Iterator[str]:
    """Yield the reason why an ID is invalid in every scope."""
    if not id or is_token(id):
        yield f"id {id!r} is not valid for a construct; use a word such as 'Api'"


def id_problems(scope: Construct, id: str) -> Iterator[str]:
    """Yield the reasons why an ID is invalid in a scope."""
    if problems := tuple(id_format_problems(id)):
        yield from problems
    elif scope.node.try_find_child(id):
        yield TAKEN
