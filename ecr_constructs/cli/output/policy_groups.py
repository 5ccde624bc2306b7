"""The repositories with the same policy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from ecr_constructs.cli.preview.damage import Damage
from ecr_constructs.cli.preview.result import RepositoryPreview

__all__ = ["Ranked", "policy_groups"]

# A preview with its damage, as `worst_first` returns it.
Ranked: TypeAlias = tuple[RepositoryPreview, Damage]


def policy_groups(ranked: Iterable[Ranked]) -> list[list[Ranked]]:
    """
    Return the previews of each policy, in the same order.

    Args:
        ranked: The previews with their damage.

    """
    by_policy: dict[tuple[str, str | None, bool], list[Ranked]] = {}
    for each in ranked:
        preview = each[0]
        key = (preview.policy.to_json(), preview.prefix, preview.by_aws)
        by_policy.setdefault(key, []).append(each)
    return list(by_policy.values())
