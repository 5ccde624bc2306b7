"""The findings of the image scans of an account."""

from __future__ import annotations

from collections.abc import Iterable

from ecr_constructs.cli.aws.errors import CallFailed
from ecr_constructs.cli.aws.session import Service
from ecr_constructs.model.vulnerabilities.image_finding import ImageFinding, findings_of_scan, scan_problem

__all__ = ["ScanFindings", "scan_findings"]

# The findings of each image, and the reason why those of another image are not known.
ScanFindings = tuple[dict[str, tuple[ImageFinding, ...]], dict[str, str]]

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImageScanFindings.html
_FINDINGS_A_PAGE = 1_000
_NOT_SCANNED = ("ScanNotFoundException",)


def scan_findings(ecr: Service, repository: str, digests: Iterable[str]) -> ScanFindings:
    """
    Return the findings of images, and the reasons why those of other images are not known.

    Args:
        ecr: ECR.
        repository: The name of the repository.
        digests: The digests of images, without image indexes, which are not scanned.

    Raises:
        CallFailed: If a call fails for another reason than a missing scan.

    """
    findings: dict[str, tuple[ImageFinding, ...]] = {}
    problems: dict[str, str] = {}
    for digest in digests:
        request = {
            "repositoryName": repository,
            "imageId": {"imageDigest": digest},
            "maxResults": _FINDINGS_A_PAGE,
        }
        try:
            pages = list(ecr.pages("DescribeImageScanFindings", request))
        except CallFailed as failure:
            if failure.code not in _NOT_SCANNED:
                raise
            problems[digest] = "it has not been scanned; scan it first"
            continue
        if problem := next(filter(None, map(scan_problem, pages)), None):
            problems[digest] = problem
            continue
        found = {"repositoryName": repository, "imageId": {"imageDigest": digest}}
        findings[digest] = tuple(each for page in pages for each in findings_of_scan({**page, **found}))
    return findings, problems
