"""Findings of image scans in the answers of ECR and Amazon Inspector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ecr_constructs.model.vulnerabilities.image_finding import (
    ImageFinding,
    findings_of_inspector,
    findings_of_scan,
    severity_rank,
)
from tests.arbiters.sources import service_model

DIGEST = f"sha256:{'a' * 64}"
DETAILS = {"vulnerabilityId": "CVE-2024-1", "vulnerablePackages": [{"name": "openssl"}, {"name": "openssl"}]}
IMAGE = {"repositoryName": "prod/api", "imageHash": DIGEST}


def inspector_finding(**changes: object) -> dict[str, Any]:
    return {
        "severity": "HIGH",
        "status": "ACTIVE",
        "fixAvailable": "YES",
        "packageVulnerabilityDetails": DETAILS,
        "resources": [{"type": "AWS_ECR_CONTAINER_IMAGE", "details": {"awsEcrContainerImage": IMAGE}}],
        **changes,
    }


def scan(**findings: object) -> Mapping[str, Any]:
    return {"repositoryName": "prod/api", "imageId": {"imageDigest": DIGEST}, "imageScanFindings": findings}


def test_a_finding_of_basic_scanning_has_no_information_on_a_fix() -> None:
    # https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-basic.html: keys of attributes
    attributes = [{"key": "package_version", "value": "1.1.1"}, {"key": "package_name", "value": "openssl"}]
    basic = {"name": "CVE-2024-1", "severity": "CRITICAL", "attributes": attributes}

    (found,) = findings_of_scan(scan(findings=[basic]))

    assert found == ImageFinding(
        repository="prod/api", digest=DIGEST, vulnerability="CVE-2024-1", severity="CRITICAL", packages=("openssl",)
    )


@pytest.mark.parametrize(
    ("changes", "is_fixable"),
    [({}, True), ({"fixAvailable": "PARTIAL"}, True), ({"fixAvailable": "NO"}, False), ({"fixAvailable": None}, None)],
)
def test_both_answers_about_enhanced_scanning_are_read_alike(
    changes: Mapping[str, object],
    is_fixable: bool | None,  # noqa: FBT001
) -> None:
    finding = inspector_finding(**changes)

    (from_ecr,) = findings_of_scan(scan(enhancedFindings=[finding]))
    (from_inspector,) = findings_of_inspector({"findings": [finding]})

    assert from_ecr == from_inspector
    assert (from_ecr.vulnerability, from_ecr.packages) == ("CVE-2024-1", ("openssl",))
    assert from_ecr.is_fixable is is_fixable


@pytest.mark.parametrize("changes", [{"status": "SUPPRESSED"}, {"status": "CLOSED"}])
def test_a_finding_that_is_not_active_is_left_out(changes: Mapping[str, object]) -> None:
    finding = inspector_finding(**changes)

    assert not list(findings_of_scan(scan(enhancedFindings=[finding])))
    assert not list(findings_of_inspector({"findings": [finding]}))


def test_a_finding_of_another_resource_is_left_out() -> None:
    instance = {"type": "AWS_EC2_INSTANCE", "details": {"awsEc2Instance": {}}}

    assert not list(findings_of_inspector({"findings": [inspector_finding(resources=[instance])]}))


@pytest.mark.parametrize(
    "document", [{}, {"findings": [3]}, {"imageScanFindings": []}, {"findings": [{"resources": 3}]}]
)
def test_a_malformed_answer_has_no_findings(document: Mapping[str, Any]) -> None:
    assert not [*findings_of_scan(document), *findings_of_inspector(document)]


def test_every_severity_of_the_api_has_a_rank() -> None:
    severities = service_model()["shapes"]["FindingSeverity"]["enum"]

    ranked = sorted(severities, key=severity_rank)
    assert ranked == ["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED"]
    assert severity_rank("UNTRIAGED") == severity_rank("UNDEFINED")


def test_findings_with_a_fix_are_first_and_then_those_of_the_highest_severity() -> None:
    def of(severity: str, *, is_fixable: bool | None) -> ImageFinding:
        return ImageFinding(
            repository="a/b", digest=DIGEST, vulnerability="CVE-2024-1", severity=severity, is_fixable=is_fixable
        )

    in_order = [
        of("HIGH", is_fixable=True),
        of("LOW", is_fixable=True),
        of("CRITICAL", is_fixable=None),
        of("HIGH", is_fixable=False),
    ]
    in_any_order = [in_order[index] for index in (2, 0, 3, 1)]
    assert sorted(in_any_order, key=lambda each: each.order) == in_order
