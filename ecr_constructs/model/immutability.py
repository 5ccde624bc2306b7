"""
The tag mutability of repositories: the tags that can be reassigned to another image.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast, get_args

from ecr_constructs.errors import InvalidName, Problems
from ecr_constructs.model import wildcards
from ecr_constructs.model.tags import ExclusionFilter

__all__ = ["MAXIMUM_FILTERS", "Immutability", "TagMutability", "is_at_least"]

TagMutability = Literal["IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION", "MUTABLE"]

# ImageTagMutabilityExclusionFilters in the service model.
MAXIMUM_FILTERS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Immutability:
    """
    The immutable tags of a repository, which cannot be reassigned to another image.

    Use `all_tags`, `all_tags_except`, `only_tags` or `off`.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html

    Args:
        mode: The value of `ImageTagMutability`.
        filters: The tags that are excluded from it: 1 to 5 with a mode `..._WITH_EXCLUSION`, none without.

    Raises:
        InvalidName: With all problems.
        TypeError: If the filters are of the wrong kind.

    >>> Immutability.all_tags_except("latest", "dev-*").is_immutable("v1.0")
    True

    """

    mode: TagMutability
    filters: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Raise an error with all problems."""
        problems = Problems()
        _check(problems, self.mode, self.filters)
        problems.raise_if_any(InvalidName)
        object.__setattr__(self, "filters", tuple(self.filters))

    @classmethod
    def all_tags(cls) -> Immutability:
        """
        Return the setting with immutable tags. ECR rejects a push of an existing tag.

        >>> Immutability.all_tags().is_immutable("latest")
        True

        """
        return cls(mode="IMMUTABLE")

    @classmethod
    def all_tags_except(cls, *filters: str) -> Immutability:
        """
        Return the setting in which all tags are immutable except those that match a filter.

        Args:
            filters: 1 to 5 filters, each with at most two `*`. A filter without `*` is a whole tag. >>>
                Immutability.all_tags_except("latest").is_immutable("latest")
        False

        """
        return cls(mode="IMMUTABLE_WITH_EXCLUSION", filters=filters)

    @classmethod
    def only_tags(cls, *filters: str) -> Immutability:
        """
        Return the setting in which only the tags that match a filter are immutable.

        Args:
            filters: 1 to 5 filters, each with at most two `*`. A filter without `*` is a whole tag.

        >>> Immutability.only_tags("v*").is_immutable("latest")
        False

        """
        return cls(mode="MUTABLE_WITH_EXCLUSION", filters=filters)

    @classmethod
    def off(cls) -> Immutability:
        """
        Return the setting with mutable tags. Every push can reassign them.

        >>> Immutability.off().has_mutable_tags
        True

        """
        return cls(mode="MUTABLE")

    def __str__(self) -> str:
        """Return the mode and its filters, such as `IMMUTABLE_WITH_EXCLUSION (latest, dev-*)`."""
        return f"{self.mode} ({', '.join(self.filters)})" if self.filters else self.mode

    @property
    def has_mutable_tags(self) -> bool:
        """Whether any tag is mutable. An image can then lose its last tag."""
        return self.mode != "IMMUTABLE"

    def is_immutable(self, tag: str) -> bool:
        """
        Return whether ECR rejects a push of an existing tag.

        Args:
            tag: The tag.

        """
        excluded = any(ExclusionFilter(text).matches(tag) for text in self.filters)
        return self.mode.startswith("IMMUTABLE") != excluded


def is_at_least(one: Immutability, other: Immutability) -> bool:
    """
    Return whether all tags that are immutable with one setting are immutable with another setting.

    Args:
        one: The setting that must have all of them.
        other: The other setting.

    """
    if other.mode == "MUTABLE" or one.mode == "IMMUTABLE":
        return True
    if one.mode == other.mode:
        wide, narrow = (other, one) if one.mode == "IMMUTABLE_WITH_EXCLUSION" else (one, other)
        return all(any(wildcards.subsumes(each, text) for each in wide.filters) for text in narrow.filters)
    if (one.mode, other.mode) == ("IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION"):
        return not any(wildcards.overlaps(each, text) for each in one.filters for text in other.filters)
    return False


def _check(problems: Problems, mode: object, filters: object) -> None:
    if mode not in get_args(TagMutability):
        problems.add(f"mode {mode!r} is unknown; use all_tags(), all_tags_except(...), only_tags(...) or off()")
        return
    if not problems.expect("filters", filters, Sequence, "all_tags_except('latest', 'dev-*')", each=str):
        return
    _check_filters(problems, str(mode), cast("Sequence[str]", filters))


def _check_filters(problems: Problems, mode: str, filters: Sequence[str]) -> None:
    takes_filters = mode.endswith("_WITH_EXCLUSION")
    if takes_filters and not 1 <= len(filters) <= MAXIMUM_FILTERS:
        remedy = "merge some with '*', or use all_tags() or off()"
        problems.add(f"{len(filters)} exclusion filters; ECR allows 1 to {MAXIMUM_FILTERS}, {remedy}")
    if not takes_filters and filters:
        remedy = "use all_tags_except(...) or only_tags(...)"
        problems.add(f"{mode} accepts no exclusion filters, got {list(filters)!r}; {remedy}")
    for index, text in enumerate(filters):
        if text and not text.strip("*"):
            problems.add(f"exclusion filter {text!r} matches every tag; use off() or all_tags()")
        elif text in filters[:index]:
            problems.add(f"exclusion filter {text!r} is listed twice; remove one")
        else:
            problems.extend(ExclusionFilter.grammar.problems(text))
