"""The findings of image scans of an account, for the gate on findings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ecr_constructs.cli.main import run
from ecr_constructs.model import LifecyclePolicy, limit_images
from tests.cli.aws.cloud import REGISTRY, Cloud, digest, image


def test_findings_of_an_account_are_read_for_images_in_use_only(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    policy = LifecyclePolicy.of(limit_images(100))
    Path("policy.json").write_text(policy.to_json(), encoding="utf-8")
    stored = cloud.add("prod/api", image(1, "v1"), image(4, "v0"))
    stored.scans[digest(1)] = {
        "imageScanStatus": {"status": "COMPLETE"},
        "imageScanFindings": {"findings": [{"name": "CVE-2024-1", "severity": "HIGH", "attributes": []}]},
    }
    pods = {"kind": "Pod", "metadata": {"name": "api"}, "spec": {"containers": [{"image": f"{REGISTRY}/prod/api:v1"}]}}
    Path("pods.json").write_text(json.dumps(pods), encoding="utf-8")
    options = ["--live", "--repository", "prod/api", "--no-aws-preview", "--no-in-use", "--in-use-from", "pods.json"]

    assert run(["preview", "policy.json", *options, "--fail-if", "findings:HIGH"]) == 4
    assert "has HIGH CVE-2024-1; in use by pod default/api" in capsys.readouterr().err
    assert cloud.called("DescribeImageScanFindings") == 1
