"""The tag selectors of ECR: tag prefixes, tag patterns with wildcards, and exclusion filters."""

from __future__ import annotations

from typing import ClassVar

from ecr_constructs.errors import expect
from ecr_constructs.model import wildcards
from ecr_constructs.model.validation import EXCLUSION_FILTER, TAG_PATTERN, TAG_PREFIX, StringConstraint, ValidatedString

__all__ = ["ExclusionFilter", "TagPattern", "TagPrefix"]


class _TagSelector(ValidatedString):
    """A selector of tags."""

    __slots__ = ()

    @property
    def pattern(self) -> str:
        """The wildcard pattern that matches the same tags."""
        return self.value

    def matches(self, tag: str) -> bool:
        """Return whether the selector matches a tag."""
        return wildcards.matches(self.pattern, tag)

    def overlaps(self, other: _TagSelector) -> bool:
        """Return whether both selectors can match the same tag. Raise `TypeError` for any other kind."""
        _require_selector(other)
        return wildcards.overlaps(self.pattern, other.pattern)

    def subsumes(self, other: _TagSelector) -> bool:
        """Return whether the selector matches every tag of another selector. Raise `TypeError` for any other kind."""
        _require_selector(other)
        return wildcards.subsumes(self.pattern, other.pattern)


def _require_selector(other: object) -> None:
    if not isinstance(other, _TagSelector):  # checked first, because the rules of a policy are compared in pairs
        expect("other", other, _TagSelector, "TagPattern('v*')")


class TagPattern(_TagSelector):
    """
    An entry of `tagPatternList` in a lifecycle rule, with at most four `*`. Without `*`, it matches the whole tag.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html

    Args:
        value: The pattern, such as `release-*`.

    Raises:
        InvalidName: If the text is not well formed.
        TypeError: If it is not a string.

    >>> TagPattern("release-*").matches("release-1.4")
    True
    >>> TagPattern("release").matches("release-1.4")
    False
    """

    __slots__ = ()
    grammar: ClassVar[StringConstraint] = TAG_PATTERN


class TagPrefix(_TagSelector):
    """
    An entry of `tagPrefixList` in a lifecycle rule. It matches tags that begin with it.

    A `*` is an ordinary character here. No tag contains it, so a prefix with a `*` matches no tag.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html

    Args:
        value: The prefix, such as `release-`.

    Raises:
        InvalidName: If the text is not well formed.
        TypeError: If it is not a string.

    >>> TagPrefix("prod").matches("production")
    True
    >>> TagPrefix("*").matches("production")
    False
    """

    __slots__ = ()
    grammar: ClassVar[StringConstraint] = TAG_PREFIX

    @property
    def pattern(self) -> str:
        """The wildcard pattern that matches the same tags. The empty pattern matches no tag."""
        return "" if "*" in self.value else f"{self.value}*"


class ExclusionFilter(_TagSelector):
    """
    An exclusion filter of tag mutability, with at most two `*`. Without `*`, it matches the whole tag.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html

    Args:
        value: The filter, such as `dev-*`.

    Raises:
        InvalidName: If the text is not well formed.
        TypeError: If it is not a string.

    >>> ExclusionFilter("latest").matches("latest-2")
    False
    """

    __slots__ = ()
    grammar: ClassVar[StringConstraint] = EXCLUSION_FILTER
