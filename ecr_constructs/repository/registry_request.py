"""The request of a repository to its registry: replication and scanning."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, cast

import aws_cdk as cdk

from ecr_constructs._cdk.environment_registry import NO_REGISTRY, Environment, environment_of
from ecr_constructs._cdk.scope import ConstructLocation
from ecr_constructs.errors import Problems
from ecr_constructs.model.registry.scanning import ScanFrequency
from ecr_constructs.model.validation import REPOSITORY_NAME, is_token
from ecr_constructs.repository.settings import RepositorySettings

__all__ = ["RegistryRequest", "ReplicationRequests", "ScanningRequests"]

_FREQUENCIES: Mapping[str, ScanFrequency] = {"continuous": "CONTINUOUS_SCAN", "on_push": "SCAN_ON_PUSH"}
_UNKNOWN = (
    "scanning {!r} is unknown; use 'continuous' or 'on_push', or exclude the repository from the filters of the "
    "registry: "
    "CloudFormation does not support MANUAL"
)
_DELETED = (
    "replicate_to: the repository is deleted with its stack, and its replicas are not; remove replicate_to=, or "
    "retain the repository"
)
_NO_NAME = "replicate_to= and scanning= require a repository_name= that is known at synthesis; use a literal name"


class ReplicationRequests(Protocol):
    """The methods of the replication of a registry that a repository uses. The registry is in a higher layer."""

    def requesting(self, repository_name: str, regions: Sequence[str]) -> Callable[[], None]:
        """Return the change that replicates a repository, or raise an error with all problems."""


class ScanningRequests(Protocol):
    """The methods of the scanning of a registry that a repository uses."""

    def requesting(self, repository_name: str, frequency: ScanFrequency) -> Callable[[], None]:
        """Return the change that scans a repository, or raise an error with all problems."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RegistryRequest:
    """
    The replication and scanning of one repository.

    Args:
        repository_name: The name of the repository. None if CloudFormation generates it.
        replicate_to: The Regions that it is replicated to.
        scanning: The scan frequency. None for that of the filters of the registry.

    """

    repository_name: str | None
    replicate_to: Sequence[str]
    scanning: Literal["continuous", "on_push"] | None

    def check(
        self, problems: Problems, place: ConstructLocation, settings: RepositorySettings
    ) -> Sequence[Callable[[], None]]:
        """
        Check that the registry can be configured for the repository.

        Args:
            problems: The collector of problems.
            place: The location of the repository.
            settings: The settings of the repository.

        Returns:
            The changes of the registry. They are made when the repository is in the tree.

        """
        if not self.replicate_to and self.scanning is None:
            return ()
        if self.scanning is not None and self.scanning not in _FREQUENCIES:
            problems.add(_UNKNOWN.format(self.scanning))
            return ()
        if self.replicate_to and settings.removal_policy == cdk.RemovalPolicy.DESTROY:
            problems.add(_DELETED)
        if self.repository_name is None or is_token(self.repository_name):
            problems.add(_NO_NAME)
        # The constructor of the repository checks the name.
        elif REPOSITORY_NAME.accepts(self.repository_name) and place.stack is not None:
            return self._changes(problems, environment_of(place), self.repository_name)
        return ()

    def _changes(
        self, problems: Problems, environment: Environment, repository_name: str
    ) -> Sequence[Callable[[], None]]:
        parts = environment.registry_parts()
        if not parts:
            problems.add(NO_REGISTRY)
            return ()
        replication = cast("ReplicationRequests", parts["replication"])
        scanning = cast("ScanningRequests", parts["scanning"])
        changes = []
        if self.replicate_to:
            with problems.collect("replicate_to: "):
                changes.append(replication.requesting(repository_name, self.replicate_to))
        if self.scanning is not None:
            with problems.collect():
                changes.append(scanning.requesting(repository_name, _FREQUENCIES[self.scanning]))
        return changes
