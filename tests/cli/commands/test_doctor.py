"""`ecr-constructs doctor`: its output and its exit codes."""

from __future__ import annotations

import json

import pytest

from ecr_constructs.cli.aws import readiness
from ecr_constructs.cli.aws.readiness import Check, Readiness
from ecr_constructs.cli.errors import ExitCode
from ecr_constructs.cli.main import run

REGION = Check(name="region", needed="always", status="ok", is_required=True, detail="eu-west-1")
DENIED = Check(
    name="ecr:DescribeImages",
    needed="always",
    status="missing",
    is_required=True,
    detail="ecr:DescribeImages is not allowed",
    remedy="allow it for \x1b[31m",
)
OPTIONAL = Check(name="ecr:BatchGetImage", needed="--read-indexes", status="missing", is_required=False)


@pytest.mark.parametrize(
    ("checks", "code", "result"),
    [
        ((REGION,), ExitCode.DONE, "ready for 'preview --live'"),
        ((REGION, OPTIONAL), ExitCode.DONE, "ready for 'preview --live', without ecr:BatchGetImage"),
        ((REGION, DENIED), ExitCode.FOUND, "not ready for 'preview --live': 1 precondition missing or unknown"),
    ],
)
def test_the_exit_code_is_that_of_the_result(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    checks: tuple[Check, ...],
    code: int,
    result: str,
) -> None:
    asked: dict[str, str | None] = {}

    def check(**options: str | None) -> Readiness:
        asked.update(options)
        return Readiness(region="eu-west-1", inspector="off", checks=checks)

    monkeypatch.setattr(readiness, "check_readiness", check)

    assert run(["doctor", "--profile", "p", "--region", "r", "--role", "o", "--repository", "n"]) == code
    table = capsys.readouterr().out.splitlines()
    assert table[-2:] == ["Amazon Inspector: off", result]
    assert [line.split()[:2] for line in table[1 : 1 + len(checks)]] == [[each.status, each.name] for each in checks]
    assert "\x1b" not in "".join(table)
    assert asked == {"profile": "p", "region": "r", "role": "o", "repository": "n"}

    assert run(["doctor", "--format", "json"]) == code
    document = json.loads(capsys.readouterr().out)
    assert (document["is_ready"], document["inspector"]) == (code == ExitCode.DONE, "off")
    assert [each["remedy"] for each in document["checks"]] == [each.remedy for each in checks]
