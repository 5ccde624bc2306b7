"""What a repository asks of the registry that it is in: to be copied, to be scanned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, cast

import aws_cdk as cdk

from ecr_constructs._cdk.environment_registry import NO_REGISTRY, environment_of
from ecr_constructs._cdk.scope import ConstructLocation
from ecr_constructs.errors import InvalidName
from ecr_constructs.model.registry.replication import Replication
from ecr_constructs.model.registry.scanning import ScanFrequency
from ecr_constructs.model.validation import REPOSITORY_NAME, is_token
from ecr_constructs.repository.settings import RepositorySettings

__all__ = ["ContributableRegistry", "RegistryRequest"]

_FREQUENCIES: Mapping[str, ScanFrequency] = {"continuous": "CONTINUOUS_SCAN", "on_push": "SCAN_ON_PUSH"}
_UNKNOWN = (
    "scanning {!r} is unknown; use 'continuous' or 'on_push', or leave the repository out of the registry's filters: "
    "MANUAL is a word of the API that CloudFormation does not know"
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
    What one repository wants of its registry.

    Args:
        repository_name: Its name, if it was given one.
        replicate_to: The regions that it is copied to.
        scanning: When it is scanned, if the registry shall see to that.

    """

    repository_name: str | None
    replicate_to: Sequence[str]
    scanning: Literal["continuous", "on_push"] | None

    def __post_init__(self) -> None:
        """Refuse what is of the wrong kind."""
        if isinstance(self.replicate_to, str) or not isinstance(self.replicate_to, Sequence):
            raise TypeError(f"replicate_to must be a list such as ['eu-west-1'], got {self.replicate_to!r}")
        if self.scanning is not None and not isinstance(self.scanning, str):
            raise TypeError(f"scanning must be 'continuous' or 'on_push', got {self.scanning!r}")

    def registry(self, place: ConstructLocation) -> ContributableRegistry | None:
        """Return the registry of the repository; `None` if there is none, or nothing is asked of it."""
        if place.stack is None or not (self.replicate_to or self.scanning):
            return None
        return cast("ContributableRegistry | None", environment_of(place).owner("registry"))

    def problems(
        self, place: ConstructLocation, settings: RepositorySettings, registry: ContributableRegistry | None
    ) -> Iterator[str]:
        """
        Check that the registry can do it.

        Args:
            place: The surroundings of the repository.
            settings: The settings of the repository.
            registry: The registry of the repository.

        Yields:
            One sentence for each problem.

        """
        if not self.replicate_to and self.scanning is None:
            return
        if self.scanning is not None and self.scanning not in _FREQUENCIES:
            yield _UNKNOWN.format(self.scanning)
            return
        if self.replicate_to and settings.removal_policy == cdk.RemovalPolicy.DESTROY:
            yield "replicate_to: the repository goes with its stack, and its copies stay; leave one of the two out"
        if self.repository_name is None or is_token(self.repository_name):
            yield (
                "replicate_to= and scanning= name the repository to the registry, before anything is deployed; "
                "write repository_name= out"
            )
            return
        if not REPOSITORY_NAME.accepts(self.repository_name):
            return  # the repository tells that itself
        if registry is None:
            yield from () if place.stack is None else (NO_REGISTRY,)
        else:
            yield from self._problems_with(registry, self.repository_name)

    def bind(self, registry: ContributableRegistry | None) -> None:
        """Add the replication and the scanning to the registry; there are no problems."""
        if registry is None or self.repository_name is None:
            return
        if self.replicate_to:
            registry.replicate(self.repository_name, self.replicate_to)
        if self.scanning is not None:
            registry.scan(self.repository_name, _FREQUENCIES[self.scanning])

    def _problems_with(self, registry: ContributableRegistry, repository_name: str) -> Iterator[str]:
        try:
            wanted = [Replication.to(region, repositories=repository_name) for region in self.replicate_to]
        except InvalidName as error:
            yield from (f"replicate_to: {problem}" for problem in error.problems)
        else:
            yield from registry.replication_problems(*wanted)
        if self.scanning is not None:
            yield from registry.scanning_problems(repository_name, _FREQUENCIES[self.scanning])
