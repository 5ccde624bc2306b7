"""
Where images are copied when they are pushed.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ecr_constructs.errors import InvalidName
from ecr_constructs.model.filters import ReplicationFilter
from ecr_constructs.model.grammar import ACCOUNT_ID, REGION
from ecr_constructs.model.names import Namespace, spell

__all__ = ["MAXIMUM_FILTERS", "Replication", "ReplicationRepositories"]

ReplicationRepositories = str | Namespace | ReplicationFilter | Sequence[str | Namespace | ReplicationFilter]

# Filters for each rule: https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
MAXIMUM_FILTERS = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Replication:
    """
    Copies of what is pushed, in one other place.

    Make one with `to`. Only what is pushed or restored afterwards is copied, under the same repository name, and not
    from there any further.

    Args:
        region: The region of the copies.
        account: The account of the copies. Default: the own one.
        filters: How the names of the repositories begin. Default: every repository.

    Raises:
        InvalidName: with every fault.

    >>> Replication.to("eu-west-1", repositories=Namespace("prod")).copies("prod/api")
    True

    """

    region: str
    account: str | None = None
    filters: Sequence[ReplicationFilter] = ()

    def __post_init__(self) -> None:
        """Refuse what ECR would."""
        problems = [*REGION.problems(self.region)]
        problems += ACCOUNT_ID.problems(self.account) if self.account is not None else ()
        if len(self.filters) > MAXIMUM_FILTERS:
            problems.append(
                f"repositories: {len(self.filters)} filters; ECR allows {MAXIMUM_FILTERS}, use a shorter prefix"
            )
        if strangers := [text for text in self.filters if not isinstance(text, ReplicationFilter)]:
            problems.append(f"filters: {strangers[0]!r} is not a ReplicationFilter; use Replication.to(...)")
        if problems:
            raise InvalidName(problems)
        object.__setattr__(self, "filters", tuple(self.filters))

    @classmethod
    def to(
        cls, region: str, *, account: str | None = None, repositories: ReplicationRepositories | None = None
    ) -> Replication:
        """
        Copy repositories to a region.

        Args:
            region: The region of the copies.
            account: The account of the copies, 12 digits. Default: the own one.
            repositories: A namespace, several, or filters in ECR's own language: `"prod"` is every name that begins so,
                `production` included. Default: every repository.

        >>> Replication.to("eu-west-1", repositories="prod").copies("production")
        True

        """
        return cls(region=region, account=account, filters=_filters(repositories))

    def copies(self, repository_name: str) -> bool:
        """
        Tell whether a repository is copied.

        Args:
            repository_name: The name of the repository.

        """
        return not self.filters or any(text.matches(repository_name) for text in self.filters)


def _filters(repositories: ReplicationRepositories | None) -> tuple[ReplicationFilter, ...]:
    if repositories is None:
        return ()
    filters = spell("repositories", repositories, ReplicationFilter, lambda namespace: namespace.replication_filter)
    if not filters:
        raise InvalidName(["repositories: an empty list would copy every repository; leave it out to say so"])
    return filters
