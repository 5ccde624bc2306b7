"""
The replication of a registry: what all who contribute want copied, in the fewest rules.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ecr_constructs._cdk.environment_registry import Environment
from ecr_constructs.model.partitions import region_problems
from ecr_constructs.model.registry.replication import (
    EXPECTED_RULES,
    MAXIMUM_RULES,
    Replication,
    ReplicationRule,
    merge,
    merged_problems,
)

__all__ = ["RegistryReplication"]

# The one region for which the page of quotas says 25 rules; it says 10 for all others.
_MANY_RULES = "ca-central-1"

_PREFIX = (
    "replication filter {text!r} copies every repository whose name begins so, such as '{text}-internal'; "
    "write Namespace({text!r}) if you mean those under '{text}/'"
)
_MANY = (
    "more than {count} replication rules; AWS's page of quotas allows no more here, its other pages {most}: ask for "
    "the quota before you deploy, or let more namespaces go to the same places"
)
_TO_ITSELF = "replication to {!r} would copy the registry to itself; name another region or account="


class RegistryReplication:
    """
    The replications of a registry.

    Args:
        environment: The account and region of the registry.

    Attributes:
        given: What was added, each once; a destination in the own account has no account.

    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self.given: tuple[Replication, ...] = ()

    def problems_with(self, *replications: Replication) -> Iterator[str]:
        """
        Say why ECR would refuse the replication of the registry with these.

        Args:
            replications: What somebody wants to add.

        Yields:
            One sentence for each fault.

        """
        for each in map(self._own, replications):
            if each.account is None and each.region == self._environment.region:
                yield _TO_ITSELF.format(each.region)
            yield from region_problems("replication", each.region, self._environment.region)
        yield from merged_problems(self._rules(replications))

    def add(self, *replications: Replication) -> None:
        """Add replications that have no problems."""
        self.given = tuple(dict.fromkeys((*self.given, *map(self._own, replications))))

    def rules(self) -> tuple[ReplicationRule, ...]:
        """Write all of them as rules."""
        return self._rules(())

    def warnings_about(self, *replications: Replication) -> Iterator[tuple[str, str]]:
        """
        Say what a person should look at in these.

        Args:
            replications: What was written by hand; filters that are names of repositories are as they must be.

        Yields:
            An id and a sentence each.

        """
        for text in (text.value for each in replications for text in each.filters):
            if text[-1].isalnum():
                yield "ecr-constructs:replicationFilterIsAPrefix", _PREFIX.format(text=text)

    def warnings(self) -> Iterator[tuple[str, str]]:
        """
        Say what a person should look at in all that was added.

        Yields:
            An id and a sentence each, which does not change with what is added next.

        """
        if len(self.rules()) > EXPECTED_RULES and self._environment.region != _MANY_RULES:
            yield "ecr-constructs:manyReplicationRules", _MANY.format(count=EXPECTED_RULES, most=MAXIMUM_RULES)

    def to_destination(self, there: Environment) -> tuple[Replication, ...]:
        """Give the replications to an account and region."""
        return tuple(
            each
            for each in self.given
            if each.region == there.region and (each.account or self._environment.account) == there.account
        )

    def regions_of(self, repository_name: str | None) -> tuple[str, ...]:
        """Return the regions that a repository is replicated to; without a name, if every repository is."""
        return tuple(
            each.region
            for each in self.given
            if not each.filters or (repository_name is not None and each.copies(repository_name))
        )

    def _rules(self, more: Sequence[Replication]) -> tuple[ReplicationRule, ...]:
        return merge((*self.given, *map(self._own, more)))

    def _own(self, replication: Replication) -> Replication:
        """Leave out an account that is the own one."""
        is_own = replication.account is not None and replication.account == self._environment.account
        return replace(replication, account=None) if is_own else replication
