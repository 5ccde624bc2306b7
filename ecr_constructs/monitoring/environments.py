"""The accounts and Regions of the resources that alerts, alarms and dashboards use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from ecr_constructs._cdk.environment_registry import environment_of
from ecr_constructs._cdk.scope import ConstructLocation
from ecr_constructs.model.validation import is_token

__all__ = ["environment_differences"]


class _Environment(Protocol):
    """The environment of a resource of the CDK, or a stack."""

    @property
    def account(self) -> str: ...
    @property
    def region(self) -> str: ...


def environment_differences(place: ConstructLocation, there: _Environment) -> Iterator[tuple[str, str, str]]:
    """
    Yield `account` and `region` with the value of a resource and that of a location, where they are not the same.

    Values that are known only at deployment are not compared.

    Args:
        place: The location.
        there: The environment of the resource.

    """
    if place.stack is None:
        return
    here = environment_of(place)
    for noun, theirs, ours in (("account", there.account, here.account), ("region", there.region, here.region)):
        if ours is not None and theirs != ours and not is_token(theirs):
            yield noun, theirs, ours
