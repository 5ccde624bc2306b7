"""The request of a repository to its registry: replication and scanning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, cast

import aws_cdk as cdk

from ecr_constructs._cdk.environment_registry import NO_REGISTRY, environment_of
from ecr_constructs._cdk.scope import ConstructLocation
from ecr_constructs.errors import Problems
from ecr_constructs.model.registry.replication import Replication
from ecr_constructs.model.registry.scanning import ScanFrequency
from ecr_constructs.model.validation import REPOSITORY_NAME, is_token
from ecr_constructs.repository.settings import RepositorySettings

__all__ = ["ContributableRegistry", "RegistryRequest"]

_FREQUENCIES: Mapping[str, ScanFrequency] = {"continuous": "CONTINUOUS_SCAN", "on_push": "SCAN_ON_PUSH"}
_UNKNOWN = (
    "scanning {!r} is unknown; use 'continuous' or 'on_push', or leave the repository out of the registry's filters: "
    "CloudFormation does not support MANUAL"
)
_DELETED = "replicate_to: the repository is deleted with its stack, and its replicas are not; leave one of the two out"
_NO_NAME = (
    "replicate_to= and scanning= need the name of the repository before the deployment; write repository_name= out"
)


class ContributableRegistry(Protocol):
    """The methods of `PrivateRegistry` that a repository calls. The registry is in a layer above the repository."""

    def replicate(self, repository_name: str, regions: Sequence[str]) -> None:
        """Replicate a repository to other Regions."""

    def replication_problems(self, *replication: Replication) -> Iterator[str]:
        """Yield the reasons why replication cannot be added."""

    def scan(self, repository_name: str, frequency: ScanFrequency) -> None:
        """Scan a repository."""

    def scanning_problems(self, repository_name: str, frequency: ScanFrequency) -> Iterator[str]:
        """Yield the reasons why a repository cannot be scanned."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RegistryRequest:
    """
    The replication and scanning of one repository.

    Args:
        repository_name: The name of the repository. None if CloudFormation generates it.
        replicate_to: The regions that it is replicated to.
        scanning: The scan frequency. None for that of the filters of the registry.

    """

    repository_name: str | None
    replicate_to: Sequence[str]
    scanning: Literal["continuous", "on_push"] | None

    def registry(self, place: ConstructLocation) -> ContributableRegistry | None:
        """Return the registry of the repository; None if there is none, or none is needed."""
        if place.stack is None or not (self.replicate_to or self.scanning):
            return None
        return cast("ContributableRegistry | None", environment_of(place).owner("registry"))

    def check(
        self,
        problems: Problems,
        place: ConstructLocation,
        settings: RepositorySettings,
        registry: ContributableRegistry | None,
    ) -> None:
        """
        Check that the registry can be configured for the repository.

        Args:
            problems: The collector of problems.
            place: The location of the repository.
            settings: The settings of the repository.
            registry: The registry of the repository.

        """
        if not self.replicate_to and self.scanning is None:
            return
        if self.scanning is not None and self.scanning not in _FREQUENCIES:
            problems.add(_UNKNOWN.format(self.scanning))
            return
        if self.replicate_to and settings.removal_policy == cdk.RemovalPolicy.DESTROY:
            problems.add(_DELETED)
        if self.repository_name is None or is_token(self.repository_name):
            problems.add(_NO_NAME)
        # The repository checks its name itself.
        elif REPOSITORY_NAME.accepts(self.repository_name):
            if registry is not None:
                self._check_with(problems, registry, self.repository_name)
            elif place.stack is not None:
                problems.add(NO_REGISTRY)

    def bind(self, registry: ContributableRegistry | None) -> None:
        """Add the replication and the scanning to the registry; `check` has found no problems."""
        if registry is None or self.repository_name is None:
            return
        if self.replicate_to:
            registry.replicate(self.repository_name, self.replicate_to)
        if self.scanning is not None:
            registry.scan(self.repository_name, _FREQUENCIES[self.scanning])

    def _check_with(self, problems: Problems, registry: ContributableRegistry, repository_name: str) -> None:
        with problems.collect("replicate_to: "):
            replications = [Replication.to(region, repositories=repository_name) for region in self.replicate_to]
            problems.extend(registry.replication_problems(*replications))
        if self.scanning is not None:
            problems.extend(registry.scanning_problems(repository_name, _FREQUENCIES[self.scanning]))
