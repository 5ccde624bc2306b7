"""
The scanning configuration of a registry, with the repositories for which a scan frequency is requested.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning.html
"""

from __future__ import annotations

from aws_cdk import aws_ecr as ecr

from ecr_constructs._cdk import l1_properties
from ecr_constructs.errors import InvalidRegistry, Problems
from ecr_constructs.model.registry.scanning import RequestedScanning, ScanFrequency, Scanning
from ecr_constructs.registry.registry_resources import Change, RegistryResources

__all__ = ["RegistryScanning"]

_NOT_CONFIGURED = (
    "the registry {} does not configure scanning; add scanning=Scanning.enhanced() or Scanning.basic() to it"
)
_CONTAINS = (
    "scan filter {text!r} has no '*', so it matches every name that contains it, such as 'non{text}'; "
    "write Namespace({text!r}) for those under '{text}/', or '*{text}*' if this is intended"
)
_LOST = (
    "Amazon Inspector is disabled for the container images of the whole account when the stack or the registry is "
    "deleted"
)


class RegistryScanning:
    """
    The scanning of a registry.

    Args:
        resources: The resources of the registry.

    """

    def __init__(self, resources: RegistryResources) -> None:
        self._resources = resources
        self._requested: RequestedScanning | None = None

    @property
    def current(self) -> Scanning | None:
        """The configuration with the filters for all requests. None if the registry has none."""
        return self._requested.current if self._requested else None

    def configure(self, scanning: Scanning) -> None:
        """Create the resource, and add warnings about filters that match more names than they appear to match."""
        self._requested = RequestedScanning.of(scanning)
        resource = ecr.CfnRegistryScanningConfiguration(
            self._resources.construct,
            "Scanning",
            scan_type=scanning.scan_type,
            rules=self._resources.lazily(self._rules),
        )
        self._resources.retain(resource, _LOST)
        for text in (text.value for text in (*scanning.continuous, *scanning.on_push) if "*" not in text.value):
            self._resources.warn("ecr-constructs:scanFilterContains", _CONTAINS.format(text=text))

    def requesting(self, repository_name: str, frequency: ScanFrequency) -> Change:
        """
        Return the change that scans a repository, if it is not already scanned in that way.

        Args:
            repository_name: The name of the repository.
            frequency: The scan frequency.

        Raises:
            InvalidRegistry: With all problems.
            TypeError: If arguments are of the wrong kind.

        """
        problems = Problems()
        problems.expect("repository_name", repository_name, str, "'prod/api'")
        problems.expect("frequency", frequency, str, "'CONTINUOUS_SCAN'")
        before = self._requested
        if before is None:
            problems.add(_NOT_CONFIGURED.format(self._resources.path))
        after = None
        if before is not None and not problems:
            with problems.collect():
                after = before.requesting(repository_name, frequency)
        if before is not None and after is not None and after.current != before.current:
            self._resources.check_not_synthesized(problems)
        problems.raise_if_any(InvalidRegistry, self._resources.path)

        def change() -> None:
            if self._requested is before:
                self._requested = after
            else:
                # Another change was made since the check.
                self.requesting(repository_name, frequency)()

        return change

    def _rules(self) -> object:
        return self.current and l1_properties.registry_scanning(self.current)
