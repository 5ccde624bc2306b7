"""
`ImageFinding`: a vulnerability that an image scan found, from an answer of ECR or Amazon Inspector.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImageScanFindings.html
https://docs.aws.amazon.com/inspector/v2/APIReference/API_ListFindings.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ecr_constructs.model.template_syntax import mapping, mappings

__all__ = [
    "ImageFinding",
    "ScanSeverity",
    "findings_of_inspector",
    "findings_of_scan",
    "images_of_inspector",
    "scan_problem",
    "severity_rank",
]

# Findings without a rating are `UNDEFINED` or `UNTRIAGED`.
ScanSeverity = Literal["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL"]
_SEVERITIES: tuple[str, ...] = get_args(ScanSeverity)
_IMAGE = "AWS_ECR_CONTAINER_IMAGE"
# The statuses of a scan whose findings are known, and the fix for those of other scans:
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanStatus.html
_KNOWN = ("COMPLETE", "ACTIVE")
_SCAN = "scan it first"
_FIXES = {
    "IN_PROGRESS": "run the command again later",
    "PENDING": "run the command again later",
    "UNSUPPORTED_IMAGE": "choose the repositories to check with --repository",
    "IMAGE_ARCHIVED": "restore it",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageFinding:
    """
    A vulnerability in an image.

    Attributes:
        repository: The name of the repository.
        digest: The digest of the image.
        vulnerability: Its ID, such as `CVE-2024-12345`.
        severity: Its severity, such as `HIGH`.
        packages: The vulnerable packages.
        is_fixable: Whether a newer version of the packages has a fix. None if the scan does not report it, as basic
            scanning.

    """

    repository: str
    digest: str
    vulnerability: str
    severity: str
    packages: tuple[str, ...] = ()
    is_fixable: bool | None = None

    @property
    def order(self) -> tuple[bool, int, str]:
        """The position in a list: findings with a fix first, then the highest severity."""
        return not self.is_fixable, severity_rank(self.severity), self.vulnerability


def severity_rank(severity: str) -> int:
    """
    Return the rank of a severity: 0 is the highest. Findings without a rating are last.

    Args:
        severity: The severity, as ECR or Amazon Inspector returns it.

    """
    return _SEVERITIES.index(severity) if severity in _SEVERITIES else len(_SEVERITIES)


def scan_problem(document: Mapping[str, Any]) -> str | None:
    """
    Return the reason why an answer of `DescribeImageScanFindings` has no findings, with the fix. None if it has them.

    Args:
        document: The answer.

    """
    status = mapping(document.get("imageScanStatus")).get("status", "COMPLETE")
    return None if status in _KNOWN else f"its scan has the status {status}; {_FIXES.get(str(status), _SCAN)}"


def findings_of_scan(document: Mapping[str, Any]) -> Iterator[ImageFinding]:
    """
    Yield the active findings in an answer of `DescribeImageScanFindings`, for basic and for enhanced scanning.

    Args:
        document: The answer.

    """
    repository = str(document.get("repositoryName", ""))
    digest = str(mapping(document.get("imageId")).get("imageDigest", ""))
    found = mapping(document.get("imageScanFindings"))
    for basic in mappings(found.get("findings")):
        attributes = {each.get("key"): each.get("value") for each in mappings(basic.get("attributes"))}
        package = attributes.get("package_name")
        yield ImageFinding(
            repository=repository,
            digest=digest,
            vulnerability=str(basic.get("name", "")),
            severity=str(basic.get("severity", "")),
            packages=(package,) if isinstance(package, str) else (),
        )
    for enhanced in mappings(found.get("enhancedFindings")):
        if enhanced.get("status", "ACTIVE") == "ACTIVE":
            yield _of_inspector(enhanced, repository, digest)


def findings_of_inspector(document: Mapping[str, Any]) -> Iterator[ImageFinding]:
    """
    Yield the active findings in images in an answer of `ListFindings` of Amazon Inspector.

    Args:
        document: The answer.

    """
    for finding in mappings(document.get("findings")):
        if finding.get("status", "ACTIVE") == "ACTIVE":
            yield from (_of_inspector(finding, *image) for image in _images_of_finding(finding))


def images_of_inspector(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """
    Yield the repository and the digest of each image in an answer of `ListFindings` of Amazon Inspector.

    An image without active findings is one of them if a finding of it is suppressed or closed.

    Args:
        document: The answer.

    """
    for finding in mappings(document.get("findings")):
        yield from _images_of_finding(finding)


def _images_of_finding(finding: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for resource in mappings(finding.get("resources")):
        image = mapping(mapping(resource.get("details")).get("awsEcrContainerImage"))
        if resource.get("type") == _IMAGE and image:
            yield str(image.get("repositoryName", "")), str(image.get("imageHash", ""))


def _of_inspector(finding: Mapping[str, Any], repository: str, digest: str) -> ImageFinding:
    details = mapping(finding.get("packageVulnerabilityDetails"))
    names = (each.get("name") for each in mappings(details.get("vulnerablePackages")))
    fix = finding.get("fixAvailable")
    return ImageFinding(
        repository=repository,
        digest=digest,
        vulnerability=str(details.get("vulnerabilityId") or finding.get("title", "")),
        severity=str(finding.get("severity", "")),
        packages=tuple(dict.fromkeys(name for name in names if isinstance(name, str))),
        # `PARTIAL`: some of the vulnerable packages have a fix.
        is_fixable=None if fix is None else fix in ("YES", "PARTIAL"),
    )
