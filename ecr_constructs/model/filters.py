"""
The repository filters of scanning, replication and signing.

The filters have similar texts and different meanings. A scan filter without `*` matches every name that contains it. A
replication filter matches every name that begins with it. A signing filter without `*` matches one name. `Namespace`
renders the repositories under `prod/` as a filter of each kind.
"""

from __future__ import annotations

from typing import ClassVar

from ecr_constructs.errors import expect
from ecr_constructs.model import wildcards
from ecr_constructs.model.validation import (
    REPLICATION_FILTER,
    SCAN_FILTER,
    SIGNING_FILTER,
    StringConstraint,
    ValidatedString,
)

__all__ = ["ReplicationFilter", "ScanFilter", "SigningFilter"]


class ScanFilter(ValidatedString):
    """
    The repositories of a scanning rule.

    A filter without `*` matches every name that *contains* it. A filter with `*` matches whole names.
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-filters.html

    Args:
        value: The filter, such as `prod/*`.

    Raises:
        InvalidName: If the text is not well formed.
        TypeError: If it is not a string.

    >>> ScanFilter("prod").matches("my-production-app")
    True
    >>> ScanFilter("prod/*").matches("my-prod/app")
    False
    """

    __slots__ = ()
    grammar: ClassVar[StringConstraint] = SCAN_FILTER

    def matches(self, repository_name: str) -> bool:
        """Return whether the filter matches a repository. Raise `TypeError` if the name is not a string."""
        expect("repository_name", repository_name, str, "'prod/api'")
        pattern = self.value if "*" in self.value else f"*{self.value}*"
        return wildcards.matches(pattern, repository_name)


class ReplicationFilter(ValidatedString):
    """
    The repositories of a replication rule: those whose name *begins* with the filter.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html

    Args:
        value: The prefix, such as `prod/`.

    Raises:
        InvalidName: If the text is not well formed.
        TypeError: If it is not a string.

    >>> ReplicationFilter("prod").matches("production/api")
    True
    >>> ReplicationFilter("prod/").matches("production/api")
    False
    """

    __slots__ = ()
    grammar: ClassVar[StringConstraint] = REPLICATION_FILTER

    def matches(self, repository_name: str) -> bool:
        """Return whether the filter matches a repository. Raise `TypeError` if the name is not a string."""
        expect("repository_name", repository_name, str, "'prod/api'")
        return repository_name.startswith(self.value)


class SigningFilter(ValidatedString):
    """
    The repositories of a signing rule. A filter without `*` matches the whole name.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/managed-signing.html

    Args:
        value: The filter, such as `prod/*`.

    Raises:
        InvalidName: If the text is not well formed.
        TypeError: If it is not a string.

    >>> SigningFilter("prod").matches("prod/api")
    False
    """

    __slots__ = ()
    grammar: ClassVar[StringConstraint] = SIGNING_FILTER

    def matches(self, repository_name: str) -> bool:
        """Return whether the filter matches a repository. Raise `TypeError` if the name is not a string."""
        expect("repository_name", repository_name, str, "'prod/api'")
        return wildcards.matches(self.value, repository_name)
