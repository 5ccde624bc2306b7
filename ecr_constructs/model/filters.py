"""
The three languages in which ECR's registry features select repositories by name.

They look alike and are not: a scan filter without `*` is "contains", a replication filter is how a name begins, a
signing filter without `*` is the whole name. `Namespace` spells "the repositories under `prod/`" in each of them.
"""

from __future__ import annotations

from typing import ClassVar

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
    Which repositories a scanning rule covers.

    Without `*` it matches every name that *contains* it; with `*` it describes whole names.
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-filters.html

    >>> ScanFilter("prod").matches("my-production-app")
    True
    >>> ScanFilter("prod/*").matches("my-prod/app")
    False
    """

    __slots__ = ()
    grammar: ClassVar[StringConstraint] = SCAN_FILTER

    def matches(self, repository_name: str) -> bool:
        """Tell whether the rule covers a repository."""
        pattern = self.value if "*" in self.value else f"*{self.value}*"
        return wildcards.matches(pattern, repository_name)


class ReplicationFilter(ValidatedString):
    """
    Which repositories a replication rule copies: those whose name *begins* with it.

    >>> ReplicationFilter("prod").matches("production/api")
    True
    >>> ReplicationFilter("prod/").matches("production/api")
    False
    """

    __slots__ = ()
    grammar: ClassVar[StringConstraint] = REPLICATION_FILTER

    def matches(self, repository_name: str) -> bool:
        """Tell whether the rule copies a repository."""
        return repository_name.startswith(self.value)


class SigningFilter(ValidatedString):
    """
    Which repositories a signing rule covers; without `*` it is the whole name.

    >>> SigningFilter("prod").matches("prod/api")
    False
    """

    __slots__ = ()
    grammar: ClassVar[StringConstraint] = SIGNING_FILTER

    def matches(self, repository_name: str) -> bool:
        """Tell whether the rule covers a repository."""
        return wildcards.matches(self.value, repository_name)
