"""
Which tags of a repository can be moved to another image.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from ecr_constructs.errors import InvalidName
from ecr_constructs.model.tags import ExclusionFilter

__all__ = ["MAXIMUM_FILTERS", "Immutability", "TagMutability"]

TagMutability = Literal["IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION", "MUTABLE"]

# ImageTagMutabilityExclusionFilters in the service model.
MAXIMUM_FILTERS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Immutability:
    """
    The tags that are bound to the image they were first pushed with.

    Make one with `all_tags`, `all_tags_except`, `only_tags` or `off`.

    Args:
        mode: The setting by ECR's name.
        filters: The tags that are excluded from it: 1 to 5 with a mode `..._WITH_EXCLUSION`, none without.

    Raises:
        InvalidName: with every fault.

    >>> Immutability.all_tags_except("latest", "dev-*").is_immutable("v1.0")
    True

    """

    mode: TagMutability
    filters: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Refuse what ECR would."""
        if problems := tuple(_problems(self.mode, self.filters)):
            raise InvalidName(problems)
        object.__setattr__(self, "filters", tuple(self.filters))

    @classmethod
    def all_tags(cls) -> Immutability:
        """
        Bind every tag: a push over one is refused by ECR.

        >>> Immutability.all_tags().is_immutable("latest")
        True

        """
        return cls(mode="IMMUTABLE")

    @classmethod
    def all_tags_except(cls, *filters: str) -> Immutability:
        """
        Bind every tag except those that match a filter. They can move, and what runs by them can change.

        Args:
            filters: 1 to 5, each with at most two `*`; without one it is the whole tag.

        >>> Immutability.all_tags_except("latest").is_immutable("latest")
        False

        """
        return cls(mode="IMMUTABLE_WITH_EXCLUSION", filters=filters)

    @classmethod
    def only_tags(cls, *filters: str) -> Immutability:
        """
        Bind only the tags that match a filter; all others can move.

        Args:
            filters: 1 to 5, each with at most two `*`; without one it is the whole tag.

        >>> Immutability.only_tags("v*").is_immutable("latest")
        False

        """
        return cls(mode="MUTABLE_WITH_EXCLUSION", filters=filters)

    @classmethod
    def off(cls) -> Immutability:
        """
        Bind no tag: whoever can push can change what every tag means.

        >>> Immutability.off().has_mutable_tags
        True

        """
        return cls(mode="MUTABLE")

    @property
    def has_mutable_tags(self) -> bool:
        """Whether there is any tag that can be moved, so that an image can lose its last one."""
        return self.mode != "IMMUTABLE"

    def is_immutable(self, tag: str) -> bool:
        """
        Tell whether a push over this tag is refused.

        Args:
            tag: The tag.

        """
        excluded = any(ExclusionFilter(text).matches(tag) for text in self.filters)
        return self.mode.startswith("IMMUTABLE") != excluded


def _problems(mode: object, filters: object) -> Iterator[str]:
    if mode not in get_args(TagMutability):
        yield f"mode {mode!r} is unknown; use all_tags(), all_tags_except(...), only_tags(...) or off()"
        return
    if isinstance(filters, str) or not isinstance(filters, Sequence):
        yield f"filters {filters!r} is not a list; write [{filters!r}]"
        return
    takes_filters = str(mode).endswith("_WITH_EXCLUSION")
    if takes_filters and not 1 <= len(filters) <= MAXIMUM_FILTERS:
        remedy = "merge some with '*', or use all_tags() or off()"
        yield f"{len(filters)} exclusion filters; ECR allows 1 to {MAXIMUM_FILTERS}, {remedy}"
    if not takes_filters and filters:
        yield f"{mode} takes no exclusion filters, got {list(filters)!r}; use all_tags_except(...) or only_tags(...)"
    for index, text in enumerate(filters):
        if not isinstance(text, str):
            yield f"exclusion filter {text!r} is not a string; give them as in all_tags_except('latest', 'dev-*')"
        elif text and not text.strip("*"):
            yield f"exclusion filter {text!r} matches every tag; say so with off() or all_tags()"
        elif text in filters[:index]:
            yield f"exclusion filter {text!r} is listed twice; leave one out"
        else:
            yield from ExclusionFilter.grammar.problems(text)
