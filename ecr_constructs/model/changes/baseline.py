"""The baseline of an app: the names, the encryption and the logical IDs of its ECR resources, as a JSON document."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ecr_constructs.errors import EcrConstructsError
from ecr_constructs.model.changes.change import Change
from ecr_constructs.model.changes.comparison import in_order, without_removed
from ecr_constructs.model.changes.create_only import ECR_TYPES, REFERENCED_TYPES
from ecr_constructs.model.changes.identity import IMMUTABLE_KEY_PROPERTIES, identity_changes
from ecr_constructs.model.changes.state import KEY, Resource, StackTemplate, State, object_of, read_state
from ecr_constructs.model.template_syntax import mapping
from ecr_constructs.model.validation import abbreviate

__all__ = ["BASELINE_CHANGES", "baseline_changes", "baseline_document", "is_intended", "read_baseline"]

_VERSION = 1
# The changes that replace a resource or leave it without a template.
BASELINE_CHANGES = (
    "replacement",
    "failing-update",
    "deletion",
    "renamed-resource",
    "orphaned-resource",
    "removed-stack",
)


def baseline_document(state: State) -> Mapping[str, Any]:
    """
    Return the baseline of a state, as a document for a JSON file.

    Args:
        state: The resources of an app.

    """
    stacks: dict[str, dict[str, Any]] = {}
    for each in state.resources.values():
        if each.is_judged and each.is_created:
            stacks.setdefault(each.stack, {})[each.logical_id] = _recorded(each)
    return {"version": _VERSION, "stacks": {name: dict(sorted(stacks[name].items())) for name in sorted(stacks)}}


def read_baseline(document: object) -> State:
    """
    Return the resources that a baseline records.

    Args:
        document: The document, as `baseline_document` returns it.

    Raises:
        EcrConstructsError: If it is not a baseline.

    """
    return read_state(_templates(document))


def baseline_changes(recorded: State, new: State) -> tuple[Change, ...]:
    """
    Return the changes of names, encryption and logical IDs since a baseline was recorded.

    Args:
        recorded: The resources of the baseline.
        new: The resources of the app. Stacks that the baseline does not have are not compared.

    """
    changes = identity_changes(recorded, without_removed(recorded, new))
    return in_order(tuple(each for each in changes if each.id in BASELINE_CHANGES))


def is_intended(change: Change, intended: Collection[str]) -> bool:
    """
    Return whether a change is in the list of intended changes.

    Args:
        change: The change.
        intended: Stacks, and resources as `Stack/LogicalId`.

    """
    return change.stack in intended or f"{change.stack}/{change.logical_id}" in intended


def _recorded(resource: Resource) -> Mapping[str, Any]:
    names = ECR_TYPES.get(resource.resource_type) or REFERENCED_TYPES.get(resource.resource_type, ())
    kept = (*names, *(IMMUTABLE_KEY_PROPERTIES if resource.resource_type == KEY else ()))
    return {
        "Type": resource.resource_type,
        "Properties": {name: resource.properties[name] for name in kept if name in resource.properties},
        "DeletionPolicy": resource.deletion_policy,
        "UpdateReplacePolicy": resource.update_replace_policy,
    }


def _templates(document: object) -> Iterator[StackTemplate]:
    content = object_of(document)
    version, stacks = content.get("version"), content.get("stacks")
    if version != _VERSION or not isinstance(stacks, Mapping):
        message = f"not a baseline of version {_VERSION} (version {abbreviate(version)}); run 'ecr-constructs baseline'"
        raise EcrConstructsError([message])
    for name, resources in stacks.items():
        if not isinstance(resources, Mapping):
            raise EcrConstructsError([f"stack {abbreviate(name)} has no resources; run 'ecr-constructs baseline'"])
        malformed = [
            str(logical_id) for logical_id, each in resources.items() if not isinstance(mapping(each).get("Type"), str)
        ]
        if malformed:
            places = ", ".join(f"{name}/{each}" for each in malformed)
            raise EcrConstructsError([f"the resource {places} has no Type; run 'ecr-constructs baseline'"])
        yield StackTemplate(stack=str(name), template={"Resources": resources})
