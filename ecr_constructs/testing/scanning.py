"""Assertions about the scanning of repositories."""

from __future__ import annotations

from functools import partial
from typing import Literal, NamedTuple

from ecr_constructs.errors import InvalidName
from ecr_constructs.model.compliance.control_rules import SCANNING_CONFIGURATION
from ecr_constructs.model.compliance.resources import AppResources, NotDecidable, TemplateResource, is_intrinsic
from ecr_constructs.model.filters import ScanFilter
from ecr_constructs.model.registry.scanning import ScanFrequency, ScanType
from ecr_constructs.model.template_syntax import boolean, mapping
from ecr_constructs.testing.messages import decided, require_none, shown_repository
from ecr_constructs.testing.subject import Subject, read_app, selected

__all__ = ["assert_not_scanned", "assert_scanned"]

_FREQUENCIES: tuple[ScanFrequency, ...] = ("SCAN_ON_PUSH", "CONTINUOUS_SCAN")
_WORDS = {"SCAN_ON_PUSH": "on push", "CONTINUOUS_SCAN": "continuously"}
_SCAN_ON_PUSH = ("ImageScanningConfiguration", "ScanOnPush")


class _Scan(NamedTuple):
    """The scanning of a repository."""

    kind: ScanType
    frequency: ScanFrequency

    def __str__(self) -> str:
        return f"{_WORDS[self.frequency]} with {self.kind.lower()} scanning"


def assert_scanned(
    subject: Subject,
    *repositories: str,
    frequency: Literal["SCAN_ON_PUSH", "CONTINUOUS_SCAN"] | None = None,
    scan_type: Literal["BASIC", "ENHANCED"] | None = None,
) -> None:
    """
    Assert that the images of repositories are scanned.

    A registry scans a repository if a filter of its scanning configuration matches the name. With basic scanning, a
    repository with `ScanOnPush` is scanned on push as well.
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-filters.html

    Args:
        subject: An app, a stack, a template, or the path of a cdk.out or of a template in JSON. Pass the app if the
            registry is in another stack.
        repositories: Repository names, logical IDs, or patterns such as `prod/*`. Default: all repositories.
        frequency: The frequency. Default: any.
        scan_type: The type of scanning. Default: any.

    Raises:
        AssertionError: If a repository is scanned otherwise or not at all, if only CloudFormation can decide it, or if
            a name selects no repository.

    >>> scanning = {"ScanType": "BASIC", "Rules": [{"ScanFrequency": "SCAN_ON_PUSH", "RepositoryFilters": []}]}
    >>> scanning["Rules"][0]["RepositoryFilters"] = [{"Filter": "prod/*", "FilterType": "WILDCARD"}]
    >>> template = {
    ...     "Resources": {
    ...         "Api": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "prod/api"}},
    ...         "Scanning": {"Type": "AWS::ECR::RegistryScanningConfiguration", "Properties": scanning},
    ...     }
    ... }
    >>> assert_scanned(template, "prod/api", frequency="SCAN_ON_PUSH")

    """
    __tracebackhide__ = True
    app = read_app(subject)
    found = selected(app, repositories)
    differences = [decided(partial(_difference, app, each, frequency, scan_type)) for each in found]
    count = sum(each is not None for each in differences)
    require_none(f"{count} of {len(found)} repositories are not scanned as expected", differences)


def assert_not_scanned(subject: Subject, *repositories: str) -> None:
    """
    Assert that the images of repositories are not scanned.

    Args:
        subject: An app, a stack, a template, or the path of a cdk.out or of a template in JSON.
        repositories: Repository names, logical IDs, or patterns such as `prod/*`. Default: all repositories.

    Raises:
        AssertionError: If a repository is scanned, or in the other cases of `assert_scanned`.

    """
    __tracebackhide__ = True
    app = read_app(subject)

    def difference(repository: TemplateResource) -> str | None:
        scan = _scan_of(app, repository)
        return (
            scan and f"{shown_repository(repository)} is scanned {scan}; remove it from PrivateRegistry(scanning=...)"
        )

    found = selected(app, repositories)
    differences = [decided(partial(difference, each)) for each in found]
    require_none("repositories are scanned", differences)


def _difference(
    app: AppResources, repository: TemplateResource, frequency: ScanFrequency | None, scan_type: ScanType | None
) -> str | None:
    scan = _scan_of(app, repository)
    name = shown_repository(repository)
    if scan is None:
        return f"{name} is not scanned; add it to PrivateRegistry(scanning=...), or set scan_on_push=True"
    if frequency not in (None, scan.frequency) or scan_type not in (None, scan.kind):
        return f"{name} is scanned {scan}; change PrivateRegistry(scanning=...)"
    return None


def _scan_of(app: AppResources, repository: TemplateResource) -> _Scan | None:
    configurations = app.beside(repository, SCANNING_CONFIGURATION)
    kinds: list[ScanType] = [each.value("ScanType") for each in configurations]
    scans = [
        _Scan(kind, each)
        for kind, one in zip(kinds, configurations, strict=True)
        for each in _matching(repository, one)
    ]
    on_push = boolean(repository.value(*_SCAN_ON_PUSH))
    if on_push and "ENHANCED" not in kinds:
        scans.append(_Scan("BASIC", "SCAN_ON_PUSH"))
    return max(scans, key=lambda each: _FREQUENCIES.index(each.frequency), default=None)


def _matching(repository: TemplateResource, configuration: TemplateResource) -> list[ScanFrequency]:
    """Return the frequencies of the rules of a scanning configuration that match a repository."""
    rules = configuration.value("Rules")
    if not rules and configuration.value("ScanType") == "ENHANCED":
        raise NotDecidable("AWS does not document the effect of enhanced scanning without Rules")
    frequencies = [(mapping(each).get("ScanFrequency"), each) for each in rules or ()]
    return [frequency for frequency, rule in frequencies if frequency in _FREQUENCIES and _matches(repository, rule)]


def _matches(repository: TemplateResource, rule: object) -> bool:
    filters = mapping(rule).get("RepositoryFilters")
    texts = [mapping(each).get("Filter") for each in filters] if isinstance(filters, list) else [filters]
    if is_intrinsic(rule) or any(not isinstance(each, str) for each in texts):
        raise NotDecidable("Rules of the scanning configuration is known only at deployment")
    if "*" in texts:
        return True
    if texts and repository.name is None:
        raise NotDecidable(f"RepositoryName of {repository.label} is known only at deployment")
    try:
        return any(ScanFilter(str(each)).matches(str(repository.name)) for each in texts)
    except InvalidName as error:
        raise NotDecidable(str(error)) from None
