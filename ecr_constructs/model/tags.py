"""The three ways in which ECR selects images by tag: plain prefixes, wildcard patterns, exclusion filters."""

from __future__ import annotations

from typing import ClassVar

from ecr_constructs.model import wildcards
from ecr_constructs.model.validation import EXCLUSION_FILTER, TAG_PATTERN, TAG_PREFIX, StringConstraint, ValidatedString

__all__ = ["ExclusionFilter", "TagPattern", "TagPrefix"]


class _TagSelector(ValidatedString):
    """A text that describes tags."""

    __slots__ = ()

    @property
    def pattern(self) -> str:
        """The same tags, as one wildcard pattern over whole tags."""
        return self.value

    def matches(self, tag: str) -> bool:
        """Tell whether a tag is one of those it describes."""
        return wildcards.matches(self.pattern, tag)

    def overlaps(self, other: _TagSelector) -> bool:
        """Tell whether some tag is described by both."""
        return wildcards.overlaps(self.pattern, other.pattern)

    def subsumes(self, other: _TagSelector) -> bool:
        """Tell whether every tag that the other describes is described by this one too."""
        return wildcards.subsumes(self.pattern, other.pattern)


class TagPattern(_TagSelector):
    """
    An entry of a lifecycle rule's `tagPatternList`: at most four `*`; without one it is the whole tag.

    >>> TagPattern("release-*").matches("release-1.4")
    True
    >>> TagPattern("release").matches("release-1.4")
    False
    """

    __slots__ = ()
    grammar: ClassVar[StringConstraint] = TAG_PATTERN


class TagPrefix(_TagSelector):
    """
    An entry of a lifecycle rule's `tagPrefixList`: how a tag begins.

    >>> TagPrefix("prod").matches("production")
    True
    """

    __slots__ = ()
    grammar: ClassVar[StringConstraint] = TAG_PREFIX

    @property
    def pattern(self) -> str:
        """The same tags, as one wildcard pattern over whole tags."""
        return f"{self.value}*"


class ExclusionFilter(_TagSelector):
    """
    Tags that a repository's mutability does not bind: at most two `*`; without one it is the whole tag.

    >>> ExclusionFilter("latest").matches("latest-2")
    False
    """

    __slots__ = ()
    grammar: ClassVar[StringConstraint] = EXCLUSION_FILTER
