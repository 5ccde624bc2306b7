"""The comparison of two states: every change, the most severe first."""

from __future__ import annotations

from dataclasses import replace

from ecr_constructs.model.changes.change import MOST_SEVERE_FIRST, Change
from ecr_constructs.model.changes.identity import identity_changes
from ecr_constructs.model.changes.settings import Listing, setting_changes
from ecr_constructs.model.changes.state import State

__all__ = ["find_changes", "in_order", "without_removed"]


def find_changes(old: State, new: State, listing: Listing | None = None) -> tuple[Change, ...]:
    """
    Return the changes that an update from one state to another would make.

    Args:
        old: The deployed templates.
        new: The templates of the update.
        listing: The images, for the differences of lifecycle policies. Default: not known.

    Returns:
        The changes: errors first, and by stack and logical ID.

    """
    left = without_removed(old, new)
    return in_order((*identity_changes(old, left), *setting_changes(old, left, listing)))


def without_removed(old: State, new: State) -> State:
    """
    Return the new state without the resources that a condition removes, with the defaults of its parameters.

    Args:
        old: The deployed templates. A resource that its condition removed before, too, stays: it is compared, because
            the deployed stack may have other values of its parameters.
        new: The templates of the update.

    """
    removed = {
        key
        for key, each in new.resources.items()
        if not each.is_created and ((before := old.resources.get(key)) is None or before.is_created)
    }
    resources = {key: each for key, each in new.resources.items() if key not in removed}
    return replace(new, resources=resources) if removed else new


def in_order(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """
    Return changes by severity, stack and logical ID, without duplicates.

    Args:
        changes: The changes.

    """
    return tuple(sorted(dict.fromkeys(changes), key=_order))


def _order(change: Change) -> tuple[int, str, str]:
    return MOST_SEVERE_FIRST.index(change.severity), change.stack, change.logical_id or ""
