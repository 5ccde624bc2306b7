"""The gate on findings: vulnerabilities of images in use that are kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.main import run
from ecr_constructs.cli.preview.gates import FindingsGate, read_gate
from tests.cli.aws.cloud import digest

KEPT, DELETED, INDEX, IDLE, CHILD = digest(1), digest(2), digest(3), digest(4), digest(6)
HOST = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"
POLICY = {
    "rules": [
        {
            "rulePriority": 1,
            "selection": {
                "tagStatus": "tagged",
                "tagPatternList": ["old*"],
                "countType": "imageCountMoreThan",
                "countNumber": 1,
            },
            "action": {"type": "expire"},
        }
    ]
}
Call = Callable[..., tuple[int, str, str]]


def finding(vulnerability: str, severity: str, *, fix: str | None = None) -> dict[str, Any]:
    details = {"vulnerabilityId": vulnerability, "vulnerablePackages": [{"name": "openssl"}]}
    return {"severity": severity, "status": "ACTIVE", "fixAvailable": fix, "packageVulnerabilityDetails": details}


def scan(image_digest: str, *findings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "repositoryName": "prod/api",
        "imageId": {"imageDigest": image_digest},
        "imageScanStatus": {"status": "ACTIVE"},
        "imageScanFindings": {"enhancedFindings": list(findings)},
    }


def listed(image_digest: str, tag: str, day: int, kind: str = "manifest") -> Any:
    return {
        "repositoryName": "prod/api",
        "imageDigest": image_digest,
        "imageTags": [tag] if tag else [],
        "imagePushedAt": f"2026-05-{day:02}T12:00:00+00:00",
        "imageSizeInBytes": 1,
        "imageManifestMediaType": f"application/vnd.oci.image.{kind}.v1+json",
    }


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Return a function that previews a listing. By default two images are in use, and one of them is deleted."""
    monkeypatch.chdir(tmp_path)
    images = [listed(KEPT, "v1", 1), listed(DELETED, "old-1", 2), listed(digest(5), "old-2", 3), listed(IDLE, "v0", 4)]
    images += [listed(INDEX, "v2", 5, "index"), listed(CHILD, "", 5)]
    index = {"mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [{"digest": CHILD}]}
    manifests = {"images": [{"imageId": {"imageDigest": INDEX}, "imageManifest": json.dumps(index)}]}
    documents = {"policy": POLICY, "images": {"imageDetails": images}, "manifests": manifests}
    for name, document in documents.items():
        Path(f"{name}.json").write_text(json.dumps(document), encoding="utf-8")

    def _call(
        *arguments: str, scans: Sequence[object] = (), running: Sequence[str] = (KEPT, DELETED)
    ) -> tuple[int, str, str]:
        containers = [{"name": str(n), "image": f"{HOST}/prod/api@{each}"} for n, each in enumerate(running)]
        pod = {"kind": "Pod", "metadata": {"name": "api", "namespace": "prod"}, "spec": {"containers": containers}}
        Path("pods.json").write_text(json.dumps({"items": [pod]}), encoding="utf-8")
        Path("scans.json").write_text("\n".join(json.dumps(each) for each in scans), encoding="utf-8")
        given = ["policy.json", "--images", "images.json", "--in-use-from", "pods.json", "--at", "2026-06-01"]
        code = run(["preview", *given, *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return _call


def test_only_findings_of_images_in_use_that_are_kept_fail_the_gate(call: Call) -> None:
    scans = [scan(each, finding("CVE-2024-1", "CRITICAL")) for each in (DELETED, IDLE, CHILD)]

    code, _, err = call("--scan-findings", "scans.json", "--fail-if", "findings:HIGH", scans=[*scans, scan(KEPT)])
    assert (code, err) == (0, "")

    code, _, err = call(
        "--scan-findings", "scans.json", "--fail-if", "findings:high", scans=[scan(KEPT, finding("CVE-2024-2", "HIGH"))]
    )
    assert code == 4
    assert "prod/api: v1" in err
    assert "has HIGH CVE-2024-2 in openssl; in use by pod prod/api" in err


def test_findings_with_a_fix_are_first_and_lower_severities_pass(call: Call) -> None:
    findings = [
        finding("CVE-2024-1", "CRITICAL", fix="NO"),
        finding("CVE-2024-2", "HIGH", fix="YES"),
        finding("CVE-2024-3", "MEDIUM", fix="YES"),
    ]

    code, out, _ = call(
        "--scan-findings", "scans.json", "--fail-if", "findings:HIGH", "--format", "json", scans=[scan(KEPT, *findings)]
    )

    (gate,) = json.loads(out)["gates"]
    assert code == 4
    assert [(each["vulnerability"], each["is_fixable"]) for each in gate["findings"]] == [
        ("CVE-2024-2", True),
        ("CVE-2024-1", False),
    ]
    assert gate["findings"][0] | {"sentence": ""} == {
        "repository": "prod/api",
        "account": None,
        "region": None,
        "is_certain": True,
        "digest": KEPT,
        "tags": ["v1"],
        "vulnerability": "CVE-2024-2",
        "severity": "HIGH",
        "packages": ["openssl"],
        "is_fixable": True,
        "in_use_by": ["pod prod/api"],
        "sentence": "",
    }


@pytest.mark.parametrize(("until", "code"), [("2099-12-31", 0), ("2020-01-01", 4)])
def test_an_accepted_finding_passes_until_its_last_day(until: str, code: int, call: Call) -> None:
    entry = {"vulnerability": "CVE-2024-1", "reason": "not used", "owner": "team-a", "expires": until}
    Path("accepted.json").write_text(json.dumps([{**entry, "repositories": ["prod/*"]}]), encoding="utf-8")

    options = ("--scan-findings", "scans.json", "--accepted-findings", "accepted.json", "--fail-if", "findings:LOW")
    assert call(*options, scans=[scan(KEPT, finding("CVE-2024-1", "HIGH"))])[0] == code


def test_an_image_in_use_without_findings_cannot_be_judged(call: Call) -> None:
    code, _, err = call("--scan-findings", "scans.json", "--fail-if", "findings:HIGH", scans=[scan(IDLE)])

    assert code == 2
    assert "v1" in err
    assert "is in use, and its findings are not given; scan it first" in err


@pytest.mark.parametrize(
    ("status", "fix"),
    [
        ("FAILED", "scan it first"),
        ("IN_PROGRESS", "run the command again later"),
        ("UNSUPPORTED_IMAGE", "choose the repositories to check with --repository"),
        ("SCAN_ELIGIBILITY_EXPIRED", "scan it first"),
    ],
)
@pytest.mark.parametrize("findings", [{}, {"imageScanFindings": {"findings": []}}])
def test_a_scan_without_a_result_is_not_a_scan_without_findings(
    findings: Mapping[str, Any], status: str, fix: str, call: Call
) -> None:
    unfinished = {**scan(KEPT), "imageScanStatus": {"status": status}}
    del unfinished["imageScanFindings"]

    code, _, err = call(
        "--scan-findings", "scans.json", "--fail-if", "findings:HIGH", scans=[{**unfinished, **findings}]
    )

    assert code == 2
    assert f"is in use, and its scan has the status {status}; {fix}" in err


def test_findings_of_which_a_page_is_missing_are_an_error(call: Call) -> None:
    options = ("--scan-findings", "scans.json", "--fail-if", "findings:HIGH")
    first = {**scan(KEPT), "nextToken": "more"}

    code, _, err = call(*options, scans=[first])
    assert code == 2
    assert f"the last page of the findings of prod/api@{KEPT} is missing; list without --max-items" in err

    assert call(*options, scans=[first, scan(KEPT, finding("CVE-2024-1", "HIGH"))])[0] == 4
    assert call(*options, scans=[[first, scan(KEPT)]])[0] == 0
    code, _, err = call(*options, scans=[{"findings": [], "NextToken": "more"}])
    assert code == 2
    assert "the last page of the findings is missing" in err


def test_an_image_whose_findings_are_all_suppressed_was_scanned(call: Call) -> None:
    image = {"repositoryName": "prod/api", "imageHash": KEPT}
    resources = [{"type": "AWS_ECR_CONTAINER_IMAGE", "details": {"awsEcrContainerImage": image}}]
    suppressed = {**finding("CVE-2024-1", "HIGH"), "status": "SUPPRESSED", "resources": resources}
    options = ("--scan-findings", "scans.json", "--fail-if", "findings:HIGH")

    assert call(*options, scans=[{"findings": [suppressed]}])[0] == 0
    assert call(*options, scans=[{"findings": [{**suppressed, "status": "ACTIVE"}]}])[0] == 4


@pytest.mark.parametrize(
    ("status", "reason"), [("ARCHIVED", "archived images are not scanned"), ("ACTIVATING", "it is being restored")]
)
def test_an_image_in_use_that_is_archived_cannot_be_judged(status: str, reason: str, call: Call) -> None:
    listing = json.loads(Path("images.json").read_text(encoding="utf-8"))
    listing["imageDetails"][0] |= {"imageStatus": status, "lastArchivedAt": "2026-05-20T12:00:00+00:00"}
    Path("images.json").write_text(json.dumps(listing), encoding="utf-8")

    code, _, err = call("--scan-findings", "scans.json", "--fail-if", "findings:HIGH", scans=[scan(KEPT)])

    assert code == 2
    assert f"is in use, and {reason}; " in err


def test_the_images_of_an_index_in_use_are_judged(call: Call) -> None:
    options = ("--scan-findings", "scans.json", "--manifests", "manifests.json", "--fail-if", "findings:HIGH")

    assert call(*options, scans=[scan(CHILD)], running=[INDEX])[0] == 0
    code, _, err = call(*options, scans=[scan(CHILD, finding("CVE-2024-2", "HIGH"))], running=[INDEX])
    assert code == 4
    assert "has HIGH CVE-2024-2 in openssl; in use by pod prod/api" in err


def test_an_index_in_use_whose_images_are_not_listed_cannot_be_judged(call: Call) -> None:
    listing = json.loads(Path("images.json").read_text(encoding="utf-8"))
    listing["imageDetails"] = [each for each in listing["imageDetails"] if each["imageTags"]]
    Path("images.json").write_text(json.dumps(listing), encoding="utf-8")
    options = ("--scan-findings", "scans.json", "--manifests", "manifests.json", "--fail-if", "findings:HIGH")

    code, _, err = call(*options, scans=[scan(CHILD, finding("CVE-2024-2", "HIGH"))], running=[INDEX])

    assert code == 2
    assert "is in use, and 1 image of this index is not listed; list the images without a tag, too" in err


def test_the_attestation_of_an_index_in_use_is_not_judged(call: Call) -> None:
    attested = digest(7)
    listing = json.loads(Path("images.json").read_text(encoding="utf-8"))
    listing["imageDetails"].append(listed(attested, "", 5))
    Path("images.json").write_text(json.dumps(listing), encoding="utf-8")
    manifests = json.loads(Path("manifests.json").read_text(encoding="utf-8"))
    # https://github.com/moby/buildkit/blob/master/docs/attestations/attestation-storage.md
    annotations = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": CHILD}
    platform = {"architecture": "unknown", "os": "unknown"}
    entries = [{"digest": CHILD}, {"digest": attested, "annotations": annotations, "platform": platform}]
    manifests["images"][0]["imageManifest"] = json.dumps({"manifests": entries})
    Path("manifests.json").write_text(json.dumps(manifests), encoding="utf-8")
    options = ("--scan-findings", "scans.json", "--manifests", "manifests.json", "--fail-if", "findings:HIGH")

    assert call(*options, scans=[scan(CHILD)], running=[INDEX])[0] == 0
    assert call(*options, scans=[], running=[INDEX])[0] == 2


def test_an_index_in_use_whose_images_are_not_known_cannot_be_judged(call: Call) -> None:
    code, _, err = call(
        "--scan-findings", "scans.json", "--fail-if", "findings:HIGH", scans=[scan(CHILD)], running=[INDEX]
    )

    assert code == 2
    assert "prod/api: v2 is in use, and the images of this index are not known; add --read-indexes with --live" in err


def test_a_repository_without_a_policy_is_not_judged_and_reported(call: Call) -> None:
    listing = json.loads(Path("images.json").read_text(encoding="utf-8"))
    listing["imageDetails"].append({**listed(digest(8), "v1", 5), "repositoryName": "prod/web"})
    Path("images.json").write_text(json.dumps(listing), encoding="utf-8")
    policy = json.dumps({"lifecyclePolicyText": json.dumps(POLICY), "repositoryName": "prod/api"})
    Path("policy.json").write_text(policy, encoding="utf-8")

    code, out, err = call("--scan-findings", "scans.json", "--fail-if", "findings:HIGH", scans=[scan(KEPT)])

    assert code == 0
    assert "the images of prod/web are not checked, because the input has no policy for them" in out + err


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--fail-if", "findings:HIGH"], "--fail-if findings needs the findings of image scans"),
        (["--scan-findings", "scans.json"], "--scan-findings and --accepted-findings need --fail-if findings:SEVERITY"),
        (["--fail-if", "findings:URGENT"], "'URGENT' is not a severity; write one of CRITICAL, HIGH, MEDIUM, LOW"),
    ],
)
def test_options_that_do_not_fit_are_rejected(options: list[str], problem: str, call: Call) -> None:
    code, _, err = call(*options)

    assert code == 2
    assert problem in err


def test_a_file_without_findings_is_an_error(call: Call) -> None:
    code, _, err = call("--scan-findings", "images.json", "--fail-if", "findings:HIGH")

    assert code == 2
    assert "images.json: no findings of image scans in it; give the output of" in err


def test_the_severity_of_a_gate_is_read_in_any_letters() -> None:
    gate = read_gate("findings:critical")

    assert isinstance(gate, FindingsGate)
    assert gate.severity == "CRITICAL"
    with pytest.raises(CommandError, match="is not a severity"):
        read_gate("findings:")
