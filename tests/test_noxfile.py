"""The comparison of checkov's verdicts with those of `ecr-constructs summary`. The session runs the two programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ecr_constructs.cli.errors import ExitCode
from ecr_constructs.cli.main import run
from noxfile import COMPARED_RULES, differences, every_option, verdicts_of_checkov, verdicts_of_summary

FILE = "/Options.template.json"


def test_a_verdict_that_differs_or_is_missing_is_a_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "Options.template.json"
    path.write_text(json.dumps(every_option()), encoding="utf-8")
    assert run(["summary", str(path), "--format", "json"]) == ExitCode.DONE
    ours = verdicts_of_summary(FILE, json.loads(capsys.readouterr().out))
    check = {"file_path": FILE, "resource": "AWS::ECR::Repository.Repository0", "check_id": "CKV_AWS_51"}
    unknown = {**check, "resource": "AWS::ECR::Repository.Other"}

    # Each rule is met by some repositories and not by others, and Repository0 has no property.
    assert {(rule, status) for (_, _, rule), status in ours.items()} == {
        (rule, status) for rule in COMPARED_RULES for status in ("met", "not met")
    }
    assert differences(verdicts_of_checkov({"passed": [], "skipped": [], "failed": [check]}), ours) == []
    assert differences(verdicts_of_checkov({"passed": [check, unknown], "skipped": [], "failed": []}), ours) == [
        f"CKV_AWS_51 of Repository0 in {FILE}: met in checkov, and not met here",
        f"CKV_AWS_51 of Other in {FILE}: met in checkov, and nothing here",
    ]
