"""
The scanning configuration of a registry.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from ecr_constructs.errors import InvalidName, Problems, expect
from ecr_constructs.model.filters import ScanFilter
from ecr_constructs.model.names import Namespace, to_filters

__all__ = [
    "MAXIMUM_FILTERS",
    "MAXIMUM_RULES",
    "RequestedScanning",
    "ScanFrequency",
    "ScanRepositories",
    "ScanType",
    "Scanning",
]

ScanType = Literal["ENHANCED", "BASIC"]
# The API also has MANUAL, which CloudFormation does not accept. A repository that no rule matches has the same setting.
ScanFrequency = Literal["CONTINUOUS_SCAN", "SCAN_ON_PUSH"]
ScanRepositories = str | Namespace | ScanFilter | Sequence[str | Namespace | ScanFilter]

# ScanningRepositoryFilterList and RegistryScanningRuleList in the service model.
MAXIMUM_FILTERS = 100
MAXIMUM_RULES = 2

_EVERY_REPOSITORY = "*"
_UNKNOWN_FREQUENCY = (
    "scan frequency {!r} is unknown; use 'CONTINUOUS_SCAN' or 'SCAN_ON_PUSH', or exclude the repository from every "
    "filter: CloudFormation does not support MANUAL"
)
_CONTINUOUS_WINS = (
    "{!r} is scanned continuously, by the filter {!r} of the registry, which overrides scanning on push; narrow that "
    "filter, or remove scanning="
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scanning:
    """
    The scanning configuration of a registry.

    Create one with `enhanced` or `basic`. There is one rule for each frequency, so there are at most two.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning.html

    Args:
        scan_type: `ENHANCED` (Amazon Inspector: operating system and language packages) or `BASIC` (operating system).
        continuous: Filters of the repositories that are scanned again for each new vulnerability.
        on_push: Filters of the repositories that are scanned when an image is pushed.

    Raises:
        InvalidName: With all problems.
        TypeError: If the filters are of the wrong kind.

    >>> Scanning.enhanced().frequency("prod/api")
    'CONTINUOUS_SCAN'

    """

    scan_type: ScanType
    continuous: Sequence[ScanFilter] = ()
    on_push: Sequence[ScanFilter] = ()

    def __post_init__(self) -> None:
        """
        Raise an error with all problems.

        CloudFormation's schema accepts continuous basic scanning, which ECR rejects.
        """
        problems = Problems()
        _check(problems, self)
        problems.raise_if_any(InvalidName)
        object.__setattr__(self, "continuous", tuple(self.continuous))
        object.__setattr__(self, "on_push", tuple(self.on_push))

    @classmethod
    def enhanced(
        cls, *, continuous: ScanRepositories | None = None, on_push: ScanRepositories | None = None
    ) -> Scanning:
        """
        Return enhanced scanning by Amazon Inspector. Repositories that no filter matches are not scanned.

        Args:
            continuous: One or several namespaces or filters that are scanned continuously. Default: every repository,
                unless `on_push` is given.
            on_push: One or several namespaces or filters that are scanned on push. Default: none.

        >>> Scanning.enhanced(continuous=Namespace("prod"), on_push="*").frequency("dev/api")
        'SCAN_ON_PUSH'

        """
        if continuous is None and on_push is None:
            continuous = _EVERY_REPOSITORY
        return cls(
            scan_type="ENHANCED", continuous=_filters("continuous", continuous), on_push=_filters("on_push", on_push)
        )

    @classmethod
    def basic(cls, *, on_push: ScanRepositories = _EVERY_REPOSITORY) -> Scanning:
        """
        Return basic scanning by ECR. Repositories that no filter matches are scanned only by `StartImageScan`.

        Args:
            on_push: One or several namespaces or filters that are scanned on push. Default: every repository.

        >>> Scanning.basic().frequency("prod/api")
        'SCAN_ON_PUSH'

        """
        return cls(scan_type="BASIC", on_push=_filters("on_push", on_push))

    def frequency(self, repository_name: str) -> ScanFrequency | None:
        """
        Return the scan frequency of a repository. If both match, it is continuous.

        Args:
            repository_name: The name of the repository.

        Raises:
            TypeError: If it is not a string.

        """
        expect("repository_name", repository_name, str, "'prod/api'")
        if any(text.matches(repository_name) for text in self.continuous):
            return "CONTINUOUS_SCAN"
        return "SCAN_ON_PUSH" if any(text.matches(repository_name) for text in self.on_push) else None

    def including(self, repository_name: str, frequency: ScanFrequency) -> Scanning:
        """
        Return a configuration that also scans a repository.

        ECR has no filter for exactly one name, so the added filter matches every name that begins with it.

        Args:
            repository_name: The name of the repository.
            frequency: `CONTINUOUS_SCAN` or `SCAN_ON_PUSH`.

        Returns:
            This configuration if it already scans the repository, otherwise one with an additional filter.

        Raises:
            InvalidName: If the repository cannot have this frequency, or if no filter can match its name.

        >>> Scanning.basic(on_push="prod/*").including("tools/ci", "SCAN_ON_PUSH").on_push[-1].value
        'tools/ci*'

        """
        if frequency not in get_args(ScanFrequency):
            raise InvalidName([_UNKNOWN_FREQUENCY.format(frequency)])
        found = self.frequency(repository_name)
        if found == frequency:
            return self
        if found == "CONTINUOUS_SCAN":
            winner = next(text.value for text in self.continuous if text.matches(repository_name))
            raise InvalidName([_CONTINUOUS_WINS.format(repository_name, winner)])
        text = ScanFilter(f"{repository_name}*")
        if frequency == "CONTINUOUS_SCAN":
            return replace(self, continuous=(*self.continuous, text))
        return replace(self, on_push=(*self.on_push, text))


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestedScanning:
    """
    A scanning configuration, and the repositories for which a scan frequency is requested.

    The result does not depend on the order of the requests.

    Args:
        given: The configuration without requests.
        current: The configuration with filters for the requests.
        requests: The frequency and the name of each repository.

    >>> scanning = RequestedScanning.of(Scanning.basic(on_push="prod/*"))
    >>> scanning.requesting("tools/ci", "SCAN_ON_PUSH").current.on_push[-1].value
    'tools/ci*'

    """

    given: Scanning
    current: Scanning
    requests: frozenset[tuple[ScanFrequency, str]] = frozenset()

    @classmethod
    def of(cls, given: Scanning) -> RequestedScanning:
        """
        Return a configuration without requests.

        Args:
            given: The configuration.

        """
        return cls(given=given, current=given)

    def requesting(self, repository_name: str, frequency: ScanFrequency) -> RequestedScanning:
        """
        Return the configuration with one more request.

        Args:
            repository_name: The name of the repository.
            frequency: `CONTINUOUS_SCAN` or `SCAN_ON_PUSH`.

        Raises:
            InvalidName: If the repository, or another one, would be scanned with another frequency than requested, or
                no filter can match its name.

        """
        request = (frequency, repository_name)
        if self.current.frequency(repository_name) == frequency:
            current = self.current
        elif all(request > each for each in self.requests):
            current = self.current.including(repository_name, frequency)
        else:
            current = self.given
            # Continuous requests are first, because they override requests on push. Short names are before longer ones.
            for each_frequency, name in sorted({*self.requests, request}):
                current = current.including(name, each_frequency)
        return replace(self, current=current, requests=self.requests | {request})


def _check(problems: Problems, scanning: Scanning) -> None:
    if scanning.scan_type not in get_args(ScanType):
        problems.add(f"scan type {scanning.scan_type!r} is unknown; use Scanning.enhanced() or Scanning.basic()")
    for name, filters in (("continuous", scanning.continuous), ("on_push", scanning.on_push)):
        problems.expect(name, filters, Sequence, "[ScanFilter('prod/*')]", each=ScanFilter)
    if problems.has_wrong_kinds:
        return
    if scanning.scan_type == "BASIC" and scanning.continuous:
        problems.add(
            "continuous: only enhanced scanning is continuous; use Scanning.enhanced(continuous=...), or on_push="
        )
    if scanning.scan_type == "ENHANCED" and not scanning.continuous and not scanning.on_push:
        problems.add("enhanced scanning has no filters; remove continuous= and on_push= to scan all repositories")
    for name, filters in (("continuous", scanning.continuous), ("on_push", scanning.on_push)):
        if len(filters) > MAXIMUM_FILTERS:
            problems.add(f"{name}: {len(filters)} filters; ECR allows {MAXIMUM_FILTERS}, merge some with '*'")


def _filters(name: str, repositories: ScanRepositories | None) -> tuple[ScanFilter, ...]:
    if repositories is None:
        return ()
    return to_filters(name, repositories, ScanFilter, lambda namespace: namespace.scan_filter)
