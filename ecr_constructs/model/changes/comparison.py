"""The comparison of two states: every change, the most severe first."""

from __future__ import annotations

from ecr_constructs.model.changes.change import MOST_SEVERE_FIRST, Change
from ecr_constructs.model.changes.identity import identity_changes
from ecr_constructs.model.changes.settings import Listing, setting_changes
from ecr_constructs.model.changes.state import State

__all__ = ["find_changes", "in_order"]


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
    return in_order((*identity_changes(old, new), *setting_changes(old, new, listing)))


def in_order(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """
    Return changes by severity, stack and logical ID, without duplicates.

    Args:
        changes: The changes.

    """
    return tuple(sorted(dict.fromkeys(changes), key=_order))


def _order(change: Change) -> tuple[int, str, str]:
    return MOST_SEVERE_FIRST.index(change.severity), change.stack, change.logical_id or ""
