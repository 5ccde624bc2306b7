"""
Change sets, the bootstrap and drift, with MiniStack: `nox --session ministack`.

MiniStack runs in a process of its own, because it needs another botocore. It has no registry settings of ECR.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import boto3  # type: ignore[import-untyped]  # it ships no types
import pytest
from botocore.config import Config  # type: ignore[import-untyped]  # it ships no types

from ecr_constructs import Encryption, HardenedRepository, LifecyclePolicy, expire_untagged, keep_latest

MINISTACK = os.environ.get("MINISTACK")
ACCOUNT, REGION = "000000000000", "eu-west-1"
BINARIES = Path(sys.executable).parent
PATIENCE = 300  # seconds for a command that takes ten

pytestmark = [
    pytest.mark.slow,
    pytest.mark.e2e,
    pytest.mark.skipif(MINISTACK is None, reason="MiniStack is in an environment of its own: nox --session ministack"),
]


class MiniStack:
    """A running MiniStack, and the folder of its files."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder

    def cdk(self, *arguments: str) -> str:
        """Run the CLI of the CDK, and return its output."""
        environment = {
            "PATH": f"{BINARIES}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "CDK_HOME": str(self.folder / "cdk-home"),
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "CDK_DISABLE_VERSION_CHECK": "1",
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "not-checked",
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        command = [str(BINARIES / "cdk"), *arguments, "--no-notices", "--ci"]
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def client(self, service: str) -> Any:
        session = boto3.Session(ACCOUNT, "not-checked", region_name=REGION)
        return session.client(service, endpoint_url=self.url, config=Config(proxies={}))


@pytest.fixture(scope="module")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MiniStack]:
    """Start MiniStack on a free port of this machine, with a bootstrapped environment."""
    folder = tmp_path_factory.mktemp("ministack")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port)}
    with (folder / "log.txt").open("w") as log:
        process = subprocess.Popen([str(MINISTACK)], cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            wait_for(port)
            found = MiniStack(f"http://127.0.0.1:{port}", folder)
            found.cdk("bootstrap", f"aws://{ACCOUNT}/{REGION}")
            yield found
        finally:
            process.terminate()
            process.wait(30)


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.2)
    pytest.fail("MiniStack does not listen")


def assembly(ministack: MiniStack, name: str, keep: int, encryption: Encryption) -> str:
    app = cdk.App(outdir=str(ministack.folder / name), analytics_reporting=False)
    stack = cdk.Stack(app, "Containers", env=cdk.Environment(account=ACCOUNT, region=REGION))
    lifecycle = LifecyclePolicy.of(keep_latest(keep, matching="v*"), expire_untagged(after_days=14))
    HardenedRepository(stack, "Api", repository_name="prod/api", lifecycle=lifecycle, encryption=encryption)
    return str(app.synth().directory)


def test_change_sets_deploy_update_and_show_replacements_and_a_deletion_is_drift(ministack: MiniStack) -> None:
    ecr = ministack.client("ecr")
    first = assembly(ministack, "first", 10, Encryption.shared_key())
    second = assembly(ministack, "second", 5, Encryption.shared_key())
    replacing = assembly(ministack, "replacing", 5, Encryption.aws_managed_key())

    # A deployment creates and executes a change set.
    ministack.cdk("deploy", "--app", first, "--require-approval=never")
    [before] = [each for each in ecr.describe_repositories()["repositories"] if each["repositoryName"] == "prod/api"]
    assert "No differences" in ministack.cdk("diff", "--app", first) or "differences: 0" in ministack.cdk(
        "diff", "--app", first
    )

    shown = ministack.cdk("diff", "--app", second)
    assert "[~] LifecyclePolicy" in shown
    assert "replace" not in shown.partition("Resources")[2]
    ministack.cdk("deploy", "--app", second, "--require-approval=never")
    [after] = [each for each in ecr.describe_repositories()["repositories"] if each["repositoryName"] == "prod/api"]
    assert after["createdAt"] == before["createdAt"]
    assert "Keep the newest 5 " in ecr.get_lifecycle_policy(repositoryName="prod/api")["lifecyclePolicyText"]

    # The change set reports what `ecr-constructs check` reports from the templates.
    assert "EncryptionConfiguration (requires replacement)" in ministack.cdk("diff", "--app", replacing)

    # MiniStack finds a repository that is deleted. It does not compare the properties of a repository.
    assert "No drift detected" in ministack.cdk("drift", "--app", second)
    ecr.delete_repository(repositoryName="prod/api", force=True)
    assert "Deleted" in ministack.cdk("drift", "--app", second).partition("Stack Containers")[2].title()
