"""
Resources that are declared as retained, but are not retained when the app synthesizes.

An aspect such as `RemovalPolicies.of(app).destroy()` changes the deletion policy of every resource in its scope.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from weakref import WeakKeyDictionary

import aws_cdk as cdk
import jsii
from constructs import Construct, IConstruct, IValidation

from ecr_constructs._cdk.annotations import record_annotation
from ecr_constructs._cdk.scope import ConstructLocation

__all__ = ["is_deleted", "warn_unless_retained"]

# The policies that retain a resource that is removed from its stack. RetainExceptOnCreate deletes it only if the
# deployment that creates it is rolled back.
_KEPT = ("Retain", "RetainExceptOnCreate")
# The number of repositories of a stack that are always read. A read is a call to JavaScript, and a stack can have
# hundreds. More are read only if the stack, or a scope above it, has an aspect that can change them.
_ALWAYS_READ = 25

_LOST = (
    "{} is declared as retained, and its {}, so {}; exclude {} from the aspect or the override that changes it, as in "
    "RemovalPolicies.of(scope).destroy(exclude_resource_types=['{}'])"
)


def warn_unless_retained(
    construct: Construct,
    place: ConstructLocation,
    resource: IConstruct | None,
    lost: str,
    *,
    is_one_of_many: bool = False,
) -> None:
    """
    Add a warning when the app synthesizes if a resource is no longer retained.

    Args:
        construct: The construct that declares the resource as retained.
        place: The location of the construct.
        resource: The resource.
        lost: The consequence of its deletion, as the end of a sentence.
        is_one_of_many: Whether a stack can have hundreds of such resources.

    """
    assert place.stack is not None  # noqa: S101  (a construct outside a stack was rejected)
    if not isinstance(resource, cdk.CfnResource):
        return
    if place.stack not in _watches:
        _watches[place.stack] = _Watch(place.stack)
        place.stack.node.add_validation(_watches[place.stack])
    watch = _watches[place.stack]
    (watch.many if is_one_of_many else watch.few).append(_Kept(construct, resource, lost))


def is_deleted(resource: cdk.CfnResource) -> bool:
    """Return whether a resource is deleted with its stack. An aspect can have changed its policies."""
    return resource.stack.resolve(resource.cfn_options).get("deletionPolicy") not in _KEPT


class _Kept(NamedTuple):
    """A resource that is declared as retained."""

    construct: Construct
    resource: cdk.CfnResource
    lost: str


@jsii.implements(IValidation)
class _Watch:
    """
    A validation that warns about the resources of a stack.

    There is one for each stack, because calls to JavaScript take time.
    """

    def __init__(self, stack: cdk.Stack) -> None:
        self._stack = stack
        self.few: list[_Kept] = []
        self.many: list[_Kept] = []

    def validate(self) -> list[str]:
        is_read = len(self.many) <= _ALWAYS_READ or self._has_aspects()
        kept = [*self.few, *(self.many if is_read else ())]
        policies = self._stack.resolve([each.resource.cfn_options for each in kept])
        for each, options in zip(kept, policies, strict=True):
            if changed := tuple(_changed(options)):
                _warn(each, " and its ".join(changed))
        return []

    def _has_aspects(self) -> bool:
        aspects = (each for scope in self._stack.node.scopes for each in cdk.Aspects.of(scope).all)
        return any(not isinstance(each, (cdk.Tag, cdk.RemoveTag)) for each in aspects)


def _changed(options: dict[str, object]) -> Iterator[str]:
    for name in ("DeletionPolicy", "UpdateReplacePolicy"):
        policy = options.get(name[0].lower() + name[1:])
        if policy not in _KEPT:
            yield f"{name} is {policy or 'missing'}"


def _warn(kept: _Kept, changed: str) -> None:
    kind = kept.resource.cfn_resource_type
    text = _LOST.format(kept.construct.node.path, changed, kept.lost, kind, kind)
    cdk.Annotations.of(kept.resource).add_warning_v2("ecr-constructs:isNotRetained", text)
    record_annotation(kept.construct, "ecr-constructs:isNotRetained")


_watches: WeakKeyDictionary[cdk.Stack, _Watch] = WeakKeyDictionary()
