"""
The replication of a registry: the replications of all constructs, as one resource.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr

from ecr_constructs._cdk import l1_properties
from ecr_constructs._cdk.environment_registry import Environment
from ecr_constructs._cdk.retention import is_deleted
from ecr_constructs.errors import InvalidRegistry, Problems
from ecr_constructs.model.registry.replication import Replication, ReplicationConfiguration, filter_warnings
from ecr_constructs.registry.registry_resources import Change, RegistryResources
from ecr_constructs.repository.name_ownership import deleted_repositories

__all__ = ["RegistryReplication", "find_replication"]

# "Registry replication doesn't perform any delete actions."
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
_REPLICAS_STAY = (
    "the repository is deleted with its stack, and {} replicates it to {}, where ECR keeps its replicas; exclude it "
    "from "
    "the filters with Replication.to(repositories=...), or delete the replicas yourself"
)
_BOTH_WAYS = (
    "{} and {} replicate the same repositories to each other; ECR does not replicate replicas, but a tag that is "
    "pushed to both names two images; push to one of them only"
)
_LOST = "replication of the whole registry stops when the stack or the registry is deleted"


class RegistryReplication:
    """
    The replication of a registry.

    Args:
        resources: The resources of the registry.
        environment: The account and Region of the registry.

    Attributes:
        configuration: The replications, and the rules for them.

    """

    def __init__(self, resources: RegistryResources, environment: Environment) -> None:
        self._resources = resources
        self._environment = environment
        self.configuration = ReplicationConfiguration(account=environment.account, region=environment.region)

    @property
    def path(self) -> str:
        """The construct path of the registry."""
        return self._resources.path

    def adding(self, *replications: Replication) -> Change:
        """
        Return the change that adds replications.

        Args:
            replications: The replications.

        Raises:
            InvalidRegistry: With all problems.

        """
        problems = Problems()
        before = self.configuration
        after = before
        self._resources.check_not_synthesized(problems)
        with problems.collect():
            after = before.adding(*replications)
        problems.raise_if_any(InvalidRegistry, self.path)

        def change() -> None:
            if self.configuration is before:
                self._replace(after, replications)
            else:
                # Another change was made since the check.
                self.adding(*replications)()

        return change

    def requesting(self, repository_name: str, regions: Sequence[str]) -> Change:
        """
        Return the change that replicates a repository.

        Args:
            repository_name: The name of the repository.
            regions: The Regions of the replicas.

        Raises:
            InvalidRegistry: With all problems.
            TypeError: If arguments are of the wrong kind.

        """
        problems, found = Problems(), Problems()
        replications: list[Replication] = []
        has_name = problems.expect("repository_name", repository_name, str, "'prod/api'")
        if problems.expect("regions", regions, Sequence, "['eu-west-1']", each=str) and has_name:
            for region in regions:
                with found.collect():
                    replications.append(Replication.to(region, repositories=repository_name))
        # The problems of a name are the same for each Region.
        problems.extend(dict.fromkeys(found))
        problems.raise_if_any(InvalidRegistry, self.path)
        return self.adding(*replications)

    def warn_about_filters(self, replications: Sequence[Replication]) -> None:
        """Add warnings about given filters that match more names than they appear to match."""
        for identifier, text in filter_warnings(replications):
            self._resources.warn(identifier, text)

    def to_destination(self, there: Environment) -> tuple[Replication, ...]:
        """Return the replications to an account and Region."""
        return self.configuration.to_destination(there.account, there.region)

    def warn_about_deleted_repositories(self) -> None:
        """
        Add a warning to each repository that is replicated and deleted with its stack.

        ECR does not delete its replicas.
        """
        for resource, name in deleted_repositories(self._environment) if self.configuration.replications else ():
            regions = self.configuration.regions_of(name)
            if regions and isinstance(resource, cdk.CfnResource) and is_deleted(resource):
                text = _REPLICAS_STAY.format(self.path, ", ".join(sorted(set(regions))))
                cdk.Annotations.of(resource).add_warning_v2("ecr-constructs:replicasAreNotDeleted", text)

    def _replace(self, configuration: ReplicationConfiguration, added: Sequence[Replication]) -> None:
        if configuration.replications and not self.configuration.replications:
            resource = ecr.CfnReplicationConfiguration(
                self._resources.construct,
                "Replication",
                replication_configuration=self._resources.lazily(self._properties),
            )
            self._resources.retain(resource, _LOST)
        self.configuration = configuration
        for identifier, text in (*configuration.warnings(), *self._bidirectional_warnings(added)):
            self._resources.warn(identifier, text)

    def _bidirectional_warnings(self, added: Sequence[Replication]) -> Iterator[tuple[str, str]]:
        for each in added:
            there = self._environment.in_environment(account=each.account, region=each.region)
            other = there and find_replication(there)
            if other and any(back.overlaps(each) for back in other.to_destination(self._environment)):
                yield "ecr-constructs:replicationBothWays", _BOTH_WAYS.format(self.path, other.path)

    def _properties(self) -> object:
        return l1_properties.replication(self.configuration.rules, self._environment.account or cdk.Aws.ACCOUNT_ID)


def find_replication(environment: Environment) -> RegistryReplication | None:
    """
    Return the replication of the registry of an environment.

    Args:
        environment: The account and Region.

    Returns:
        The replication. None if the app has no registry there.

    """
    part = environment.registry_parts().get("replication")
    return part if isinstance(part, RegistryReplication) else None
