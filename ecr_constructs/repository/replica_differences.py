"""
Differences between the repositories of a source and those that ECR creates for their replicas.

Each function compares one property of two `RepositorySettings`, and yields the ID and the text of a warning.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ecr_constructs.model.immutability import Immutability, is_at_least
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.repository.access import Access
from ecr_constructs.repository.encryption import Encryption

__all__ = [
    "Difference",
    "access_differences",
    "encryption_differences",
    "lifecycle_differences",
    "statement_differences",
    "tag_differences",
]

# The ID and the text of a warning.
Difference = tuple[str, str]

_TAGS_ARE_LOST = (
    "is {} and the source is {}: when a tag is assigned to another image in the source, the replica of that image has "
    "no tag, and the lifecycle policy can delete it before a recovery; use the same settings= for both, or at "
    "least immutability="
)
_TAGS_DIFFER = "is {}, and the source is {}, so a tag can name different images; use the same immutability= for both"
_ACCESS = (
    "does not have {}, so some principals can pull from the source and not from the replica; use the same access= for "
    "both"
)
_STATEMENTS = (
    "does not have {} of the policy statements of the source, and has {} others, so a denial can apply to only one of "
    "them; use the same policy_statements= in the settings of both"
)
_ENCRYPTION = "has {!r}, and the source has {!r}; use the same encryption= for both"
_LIFECYCLE = (
    "has lifecycle rules that the source does not have, and can delete images that the source keeps; "
    "use the same settings= for both"
)


def tag_differences(source: Immutability, replica: Immutability) -> Iterator[Difference]:
    """Yield the difference between the tag mutability of a source and of its replica."""
    if (source.mode, set(source.filters)) != (replica.mode, set(replica.filters)):
        text = _TAGS_DIFFER if is_at_least(source, replica) else _TAGS_ARE_LOST
        yield "ecr-constructs:replicaTagsDiffer", text.format(replica, source)


def lifecycle_differences(source: LifecyclePolicy, replica: LifecyclePolicy) -> Iterator[Difference]:
    """Yield the difference between the lifecycle policy of a source and of its replica."""
    if _meanings(replica) - _meanings(source):
        yield "ecr-constructs:replicaLifecycleDiffers", _LIFECYCLE


def access_differences(source: Sequence[Access], replica: Sequence[Access]) -> Iterator[Difference]:
    """Yield the access that a source has and its replica does not."""
    if missing := [f"{one.intent} {one.subject}" for one in source if one not in replica]:
        yield "ecr-constructs:replicaAccessDiffers", _ACCESS.format(", ".join(missing))


def statement_differences(source: Sequence[object], replica: Sequence[object]) -> Iterator[Difference]:
    """Yield the difference between the policy statements of a source and of its replica, such as a missing denial."""
    missing, additional = (
        sum(each not in other for each in one) for one, other in ((source, replica), (replica, source))
    )
    if missing or additional:
        yield "ecr-constructs:replicaStatementsDiffer", _STATEMENTS.format(missing, additional)


def encryption_differences(source: Encryption, replica: Encryption) -> Iterator[Difference]:
    """Yield the difference between the encryption of a source and of its replica. Each key is in one Region."""
    if type(source) is not type(replica):
        yield "ecr-constructs:replicaEncryptionDiffers", _ENCRYPTION.format(replica, source)


def _meanings(policy: LifecyclePolicy) -> set[LifecycleRule]:
    """Return the rules without their priorities and descriptions, which have no effect on the selected images."""
    return {replace(rule, rule_priority=1, description=None) for rule in policy.rules}
