"""
Replication of images to other registries.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from ecr_constructs.errors import InvalidName, InvalidRegistry, Problems, expect
from ecr_constructs.model.filters import ReplicationFilter
from ecr_constructs.model.names import Namespace, to_filters
from ecr_constructs.model.partitions import region_problems
from ecr_constructs.model.validation import ACCOUNT_ID, REGION

__all__ = [
    "EXPECTED_RULES",
    "MAXIMUM_DESTINATIONS",
    "MAXIMUM_FILTERS",
    "MAXIMUM_RULES",
    "Destination",
    "Replication",
    "ReplicationConfiguration",
    "ReplicationRepositories",
    "ReplicationRule",
    "filter_warnings",
    "merge_replications",
    "merged_problems",
]

ReplicationRepositories = str | Namespace | ReplicationFilter | Sequence[str | Namespace | ReplicationFilter]

# Filters for each rule: https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
MAXIMUM_FILTERS = 100
# ReplicationRuleList in the service model. The page of quotas has 10 for most Regions, the page on replication has 25.
MAXIMUM_RULES = 25
EXPECTED_RULES = 10
# Over all rules: https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
MAXIMUM_DESTINATIONS = 25

# The only Region with 25 rules on the page of quotas. The page has 10 for all other Regions.
_REGION_WITH_MANY_RULES = "ca-central-1"

_EVERY_REPOSITORY = ""
_PREFIX = (
    "replication filter {text!r} matches every repository whose name begins with it, such as '{text}-internal'; "
    "use Namespace({text!r}) for those under '{text}/'"
)
_MANY = (
    "more than {count} replication rules; AWS's page of quotas allows no more here, its other pages {most}: request "
    "the quota before you deploy, or replicate more namespaces to the same registries"
)
_TO_ITSELF = "the destination {!r} is the registry itself; use another Region, or account="


class Destination(NamedTuple):
    """
    The destination of a replication.

    Attributes:
        region: The Region.
        account: The account. None for the account of the registry.

    """

    region: str
    account: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Replication:
    """
    Replication of repositories to one destination.

    Create one with `to`. Only images that are pushed or restored afterwards are replicated, under the same repository
    name. Replicas are not replicated again.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html

    Args:
        region: The Region of the replicas.
        account: The account of the replicas. Default: the account of the registry.
        filters: The prefixes of repository names. Default: every repository.

    Raises:
        InvalidName: With all problems.
        TypeError: If arguments are of the wrong kind.

    >>> Replication.to("eu-west-1", repositories=Namespace("prod")).copies("prod/api")
    True

    """

    region: str
    account: str | None = None
    filters: Sequence[ReplicationFilter] = ()

    def __post_init__(self) -> None:
        """Raise an error with all problems."""
        problems = Problems()
        with problems.collect():
            REGION.require(self.region)
        with problems.collect():
            if self.account is not None:
                ACCOUNT_ID.require(self.account)
        example = "[ReplicationFilter('prod/')]"
        if problems.expect("filters", self.filters, Sequence, example, each=ReplicationFilter) and (
            len(self.filters) > MAXIMUM_FILTERS
        ):
            problems.add(
                f"repositories: {len(self.filters)} filters; ECR allows {MAXIMUM_FILTERS}, use a shorter prefix"
            )
        problems.raise_if_any(InvalidName)
        object.__setattr__(self, "filters", tuple(self.filters))

    @classmethod
    def to(
        cls, region: str, *, account: str | None = None, repositories: ReplicationRepositories | None = None
    ) -> Replication:
        """
        Return the replication of repositories to a Region.

        Args:
            region: The Region of the replicas.
            account: The account of the replicas, 12 digits. Default: the account of the registry.
            repositories: One or several namespaces or prefixes. The prefix `"prod"` matches every name that begins with
                it, such as `production`. Default: every repository.

        >>> Replication.to("eu-west-1", repositories="prod").copies("production")
        True

        """
        return cls(region=region, account=account, filters=_filters(repositories))

    @property
    def destination(self) -> Destination:
        """The destination registry."""
        return Destination(self.region, self.account)

    def overlaps(self, other: Replication) -> bool:
        """
        Return whether a repository name can match both replications.

        Args:
            other: Another replication, to any destination.

        Raises:
            TypeError: If it is not a replication.

        >>> Replication.to("eu-west-1", repositories="prod/").overlaps(Replication.to("us-east-1", repositories="p/"))
        False

        """
        expect("other", other, Replication, "Replication.to('eu-west-1')")
        ours, theirs = (each.filters or (_EVERY_REPOSITORY,) for each in (self, other))
        return any(
            str(one).startswith(str(another)) or str(another).startswith(str(one)) for one in ours for another in theirs
        )

    def copies(self, repository_name: str) -> bool:
        """
        Return whether a repository is replicated.

        Args:
            repository_name: The name of the repository.

        """
        return not self.filters or any(text.matches(repository_name) for text in self.filters)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplicationRule:
    """
    One rule of a replication configuration.

    Attributes:
        filters: The prefixes of repository names. An empty tuple for every repository.
        destinations: The destinations.

    """

    filters: tuple[str, ...]
    destinations: tuple[Destination, ...]


@dataclass(frozen=True, kw_only=True)
class ReplicationConfiguration:
    """
    The replication configuration of one registry: the replications of all constructs, and the rules for them.

    Args:
        account: The account of the registry. None if it is known only at deployment.
        region: The Region of the registry. None if it is known only at deployment.
        replications: The replications without duplicates. A destination in the account of the registry has no account.

    >>> configuration = ReplicationConfiguration(account="111122223333", region="us-east-1")
    >>> configuration = configuration.adding(Replication.to("eu-west-1", repositories=Namespace("prod")))
    >>> configuration.regions_of("prod/api")
    ('eu-west-1',)

    """

    account: str | None
    region: str | None
    replications: tuple[Replication, ...] = ()

    @cached_property
    def rules(self) -> tuple[ReplicationRule, ...]:
        """The replications as rules, merged."""
        return merge_replications(self.replications)

    def adding(self, *replications: Replication) -> ReplicationConfiguration:
        """
        Return the configuration with more replications.

        Args:
            replications: The replications to add.

        Raises:
            InvalidRegistry: With all problems: a replication to the registry itself, a Region of another partition, too
                many rules or destinations.

        """
        problems = Problems()
        added = [self._normalized(each) for each in replications]
        for each in added:
            if each.account is None and each.region == self.region:
                problems.add(_TO_ITSELF.format(each.region))
            problems.extend(region_problems("replication", each.region, self.region))
        configuration = replace(self, replications=tuple(dict.fromkeys((*self.replications, *added))))
        problems.extend(merged_problems(configuration.rules))
        problems.raise_if_any(InvalidRegistry)
        return configuration

    def to_destination(self, account: str | None, region: str | None) -> tuple[Replication, ...]:
        """
        Return the replications to a registry.

        Args:
            account: The account of the registry.
            region: The Region of the registry.

        """
        return tuple(
            each for each in self.replications if each.region == region and (each.account or self.account) == account
        )

    def regions_of(self, repository_name: str | None) -> tuple[str, ...]:
        """
        Return the Regions that a repository is replicated to.

        Args:
            repository_name: The name of the repository. None for the Regions that every repository is replicated to.

        """
        return tuple(
            each.region
            for each in self.replications
            if not each.filters or (repository_name is not None and each.copies(repository_name))
        )

    def warnings(self) -> Iterator[tuple[str, str]]:
        """Yield the ID and the text of each warning about the configuration. More replications do not change them."""
        if len(self.rules) > EXPECTED_RULES and self.region != _REGION_WITH_MANY_RULES:
            yield "ecr-constructs:manyReplicationRules", _MANY.format(count=EXPECTED_RULES, most=MAXIMUM_RULES)

    def _normalized(self, replication: Replication) -> Replication:
        """Return a replication without its account if that is the account of the registry."""
        is_own = replication.account is not None and replication.account == self.account
        return replace(replication, account=None) if is_own else replication


def filter_warnings(replications: Iterable[Replication]) -> Iterator[tuple[str, str]]:
    """
    Yield the ID and the text of a warning for each filter that matches more names than it appears to.

    Args:
        replications: Replications with given filters. Filters that are names of repositories are not reported, because
            ECR has no filter for exactly one name.

    """
    for text in (text.value for each in replications for text in each.filters):
        if text[-1].isalnum():
            yield "ecr-constructs:replicationFilterIsAPrefix", _PREFIX.format(text=text)


def merge_replications(replications: Iterable[Replication]) -> tuple[ReplicationRule, ...]:
    """
    Return the smallest number of rules with the same effect as replications.

    Replications to the same destinations are one rule, up to the maximum number of filters of a rule. A filter is
    omitted if a shorter one replicates to the same destinations.

    Args:
        replications: The replications, in any order.

    Returns:
        The rules, in an order that depends only on their content.

    >>> prod, all_of_them = Replication.to("eu-west-1", repositories=["prod/", "prod/api"]), Replication.to("sa-east-1")
    >>> rules = merge_replications([prod, all_of_them])
    >>> [(rule.filters, [place.region for place in rule.destinations]) for rule in rules]
    [((), ['sa-east-1']), (('prod/',), ['eu-west-1'])]

    """
    places: defaultdict[str, set[Destination]] = defaultdict(set)
    for each in replications:
        for text in each.filters or (_EVERY_REPOSITORY,):
            places[str(text)].add(each.destination)
    rules: defaultdict[tuple[Destination, ...], list[str]] = defaultdict(list)
    for text in sorted(places):
        shorter = (places.get(text[:length], set()) for length in range(len(text)))
        if needed := places[text].difference(*shorter):
            rules[tuple(sorted(needed, key=_order))].append(text)
    return tuple(
        ReplicationRule(filters=tuple(filter(None, filters[first : first + MAXIMUM_FILTERS])), destinations=places_of)
        for places_of, filters in sorted(rules.items(), key=lambda rule: (rule[1], list(map(_order, rule[0]))))
        for first in range(0, len(filters), MAXIMUM_FILTERS)
    )


def merged_problems(rules: Sequence[ReplicationRule]) -> Iterator[str]:
    """
    Yield the reasons why ECR rejects the rules of a registry.

    Args:
        rules: All rules, merged.

    """
    if len(rules) > MAXIMUM_RULES:
        yield (
            f"{len(rules)} replication rules; ECR allows {MAXIMUM_RULES}; replicate more namespaces to the same "
            "destinations"
        )
    destinations = {place for rule in rules for place in rule.destinations}
    if len(destinations) > MAXIMUM_DESTINATIONS:
        yield f"{len(destinations)} destinations of replication; ECR allows {MAXIMUM_DESTINATIONS}; remove some"


def _order(destination: Destination) -> tuple[str, str]:
    return (destination.region, destination.account or "")


def _filters(repositories: ReplicationRepositories | None) -> tuple[ReplicationFilter, ...]:
    if repositories is None:
        return ()
    filters = to_filters(
        "repositories", repositories, ReplicationFilter, lambda namespace: namespace.replication_filter
    )
    if not filters:
        raise InvalidName(["repositories: the list is empty; remove it to replicate all repositories"])
    return filters
