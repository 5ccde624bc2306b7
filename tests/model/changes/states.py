"""States of an app in few words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ecr_constructs.model.changes.change import Change
from ecr_constructs.model.changes.comparison import find_changes
from ecr_constructs.model.changes.settings import Listing
from ecr_constructs.model.changes.state import StackTemplate, State, read_state

ENVIRONMENT = "111122223333/eu-west-1"
RETAINED: Mapping[str, Any] = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}


def resource(resource_type: str, properties: Mapping[str, Any] | None = None, **attributes: Any) -> dict[str, Any]:
    return {"Type": resource_type, "Properties": dict(properties or {}), **RETAINED, **attributes}


def repository(name: str | None = "prod/api", attributes: Mapping[str, Any] | None = None, **properties: Any) -> Any:
    named = {"RepositoryName": name} if name is not None else {}
    return resource("AWS::ECR::Repository", {**named, **properties}, **(attributes or {}))


def state(stacks: Mapping[str, Mapping[str, Any]], *, environment: str | None = ENVIRONMENT, **sections: Any) -> State:
    return read_state(
        StackTemplate(stack=name, template={"Resources": resources, **sections}, environment=environment)
        for name, resources in stacks.items()
    )


def changes(
    old: Mapping[str, Any], new: Mapping[str, Any], listing: Listing | None = None, **sections: Any
) -> tuple[Change, ...]:
    """Return the changes of the resources of one stack."""
    return find_changes(state({"Containers": old}, **sections), state({"Containers": new}, **sections), listing)


def ids(found: tuple[Change, ...]) -> list[str]:
    return [each.id for each in found]
