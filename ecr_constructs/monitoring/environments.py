"""The accounts and Regions of the resources that alerts, alarms and dashboards use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import aws_cdk as cdk
from constructs import IConstruct

from ecr_constructs._cdk.environment_registry import environment_of
from ecr_constructs._cdk.scope import ConstructLocation
from ecr_constructs.model.validation import is_token

__all__ = ["environment_differences", "stage_problems"]


class _Environment(Protocol):
    """The environment of a resource of the CDK, or a stack."""

    @property
    def account(self) -> str: ...
    @property
    def region(self) -> str: ...


def environment_differences(place: ConstructLocation, there: _Environment) -> Iterator[tuple[str, str, str]]:
    """
    Yield `account` and `Region` with the values of a resource and of a location if they differ.

    Values that are known only at deployment are not compared.

    Args:
        place: The location.
        there: The environment of the resource.

    """
    if place.stack is None:
        return
    here = environment_of(place)
    for noun, theirs, ours in (("account", there.account, here.account), ("Region", there.region, here.region)):
        if ours is not None and theirs != ours and not is_token(theirs):
            yield noun, theirs, ours


def stage_problems(
    place: ConstructLocation, argument: str, resource: IConstruct, reference: str, user: str
) -> Iterator[str]:
    """
    Yield the problem of a resource that is in another stage than the construct that refers to it.

    https://docs.aws.amazon.com/cdk/v2/guide/stages.html

    Args:
        place: The location of the construct.
        argument: The argument that has the resource.
        resource: The resource.
        reference: Its name or ARN, which is a token unless the resource is imported.
        user: The construct, with its article.

    """
    if place.stack is None or not is_token(reference):
        return
    here, there = cdk.Stage.of(place.stack), cdk.Stage.of(resource)
    if here is not None and there is not None and here.node.path != there.node.path:
        yield (
            f"{argument}: {resource.node.path} is in another stage than {user}, and a stack cannot refer to a resource "
            f"of another stage; create {user} in that stage, or import the resource"
        )
