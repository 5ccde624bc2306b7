"""The AWS CDK CLI in this checkout."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.examples]

ROOT = Path(__file__).parent.parent
HERE = Path(sys.executable).parent


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Copy what the CLI reads, so nothing is written into the checkout."""
    for name in ("examples", "cdk.json"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    return tmp_path


def cdk(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the CLI of this environment, without an AWS account and without a terminal."""
    path = f"{HERE}{os.pathsep}{os.environ['PATH']}"
    environment = {"PATH": path, "HOME": str(checkout), "PYTHONPATH": str(ROOT), "AWS_EC2_METADATA_DISABLED": "true"}
    command = [str(HERE / "cdk"), *arguments]
    return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)


def test_synth_prints_two_lines_that_make_synth_omits(checkout: Path) -> None:
    run = cdk(checkout, "synth", "--quiet")

    assert (run.returncode, run.stdout) == (0, "")
    assert run.stderr.splitlines() == [
        f"Successfully synthesized to {checkout}/cdk.out",
        "Supply a stack id (Containers, Recovery, Tools) to display its template.",
    ]
    (omitted,) = re.findall(r"^synth: stray := (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert [line for line in run.stderr.splitlines() if not re.search(omitted, line)] == []


def test_ls_lists_the_stacks(checkout: Path) -> None:
    run = cdk(checkout, "ls")

    assert (run.returncode, run.stdout, run.stderr) == (0, "Containers\nRecovery\nTools\n", "")


def test_cdk_diff_reports_that_another_encryption_replaces_a_repository(checkout: Path) -> None:
    cdk(checkout, "synth", "--quiet")
    deployed = checkout / "deployed.json"
    template = (checkout / "cdk.out" / "Containers.template.json").read_text(encoding="utf-8")
    deployed.write_text(template.replace('"EncryptionType": "KMS"', '"EncryptionType": "AES256"'), encoding="utf-8")

    same = cdk(checkout, "diff", "Containers", "--template", "cdk.out/Containers.template.json")
    other = cdk(checkout, "diff", "Containers", "--template", str(deployed))

    assert "There were no differences" in same.stdout + same.stderr
    assert "requires replacement" in other.stdout + other.stderr


def test_an_error_in_a_policy_of_an_app_has_our_message(checkout: Path) -> None:
    app = checkout / "examples" / "app.py"
    app.write_text(app.read_text(encoding="utf-8").replace("larkspur/shop", "Larkspur/Shop"), encoding="utf-8")

    run = cdk(checkout, "synth", "--quiet")

    assert run.returncode != 0
    assert "Containers/Shop: repository name 'Larkspur/Shop' has 'L' at position 0" in run.stderr
