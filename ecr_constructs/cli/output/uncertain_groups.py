"""Why the fate of images is uncertain, and what would settle it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ecr_constructs.cli.preview.result import RepositoryPreview
from ecr_constructs.model.images import Image
from ecr_constructs.model.lifecycle.evaluation import Decision
from ecr_constructs.model.lifecycle.outcome import UndocumentedBehavior
from ecr_constructs.model.lifecycle.rule import LifecycleRule

__all__ = ["UncertainGroup", "doubts", "remedy"]

_NAMED = re.compile(r" sha256:[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True, slots=True)
class UncertainGroup:
    """
    Uncertain images with one reason.

    Attributes:
        action: What may happen.
        rule: By which rule, if one is known.
        why: The reason.
        images: The images, the oldest first.

    """

    action: str
    rule: LifecycleRule | None
    why: str
    images: tuple[Image, ...]


def doubts(uncertain: Iterable[Decision]) -> tuple[UncertainGroup, ...]:
    """
    Group uncertain images; reasons that differ only in the image that they name are one.

    Args:
        uncertain: The decisions.

    Returns:
        The reasons, the most frequent first.

    """
    groups: dict[tuple[str, LifecycleRule | None, str], list[Image]] = {}
    for decision in uncertain:
        reason = (decision.action, decision.rule, _NAMED.sub("", decision.why))
        groups.setdefault(reason, []).append(decision.image)
    found = [
        UncertainGroup(action=action, rule=rule, why=why, images=tuple(images))
        for (action, rule, why), images in groups.items()
    ]
    return tuple(sorted(found, key=lambda doubt: -len(doubt.images)))


def remedy(previews: Iterable[RepositoryPreview], *, is_live: bool) -> str:
    """
    Say what would settle whether images belong to an index, if that is uncertain of any.

    Args:
        previews: What was previewed.
        is_live: Whether an account was asked already.

    """
    if not any(_hang_on_an_index(preview.evaluation.uncertain) for preview in previews):
        return ""
    reads = "--read-indexes reads which images each index names"
    return (
        reads if is_live else f"--live asks AWS's own preview, which knows what belongs to an index; with it, {reads}"
    )


def _hang_on_an_index(uncertain: Iterable[Decision]) -> bool:
    return any(UndocumentedBehavior.CHILD.value in decision.why for decision in uncertain)
