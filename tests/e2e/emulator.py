"""An emulator of AWS in this process, and the AWS CDK CLI with its endpoint."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3  # type: ignore[import-untyped]  # it ships no types
import pytest
from botocore.config import Config  # type: ignore[import-untyped]  # it ships no types
from moto.cloudformation import parsing
from moto.cloudformation.models import cloudformation_backends
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from tests.e2e import (
    cloudformation,
    models,  # noqa: F401  (moto finds the models by itself once they are there)
    monitoring,  # noqa: F401
    perimeter,  # noqa: F401
    registry,
)

# The account and the Region of stacks without an environment.
ACCOUNT = DEFAULT_ACCOUNT_ID
REGION = "eu-central-1"

BINARIES = Path(sys.executable).parent
PATIENCE = 120  # the timeout in seconds of a command that takes one or two


class Emulator:
    """
    The server of moto with the resource types of this folder.

    Attributes:
        url: The address of the server.
        folder: The folder of all files, which is deleted with the emulator.

    """

    def __init__(self, url: str, folder: Path, caretaker: subprocess.Popen[str]) -> None:
        self.url = url
        self.folder = folder
        self._caretaker = caretaker
        self._session = boto3.Session("not-checked", "not-checked", region_name=REGION)
        self._clients: dict[tuple[str, str, str], Any] = {}

    def client(self, service: str, account: str = ACCOUNT, region: str = REGION) -> Any:
        """Return the client of a service in any account. moto allows every caller to assume a role."""
        key = (service, account, region)
        if key not in self._clients:
            self._clients[key] = self._session.client(
                service,
                region_name=region,
                endpoint_url=self.url,
                config=Config(proxies={}),  # ignores the proxies of the environment
                **self._credentials(account),
            )
        return self._clients[key]

    def bootstrap(self, account: str, region: str) -> None:
        """Create the bootstrap resources of the default synthesizer."""
        # A request for a bucket in this Region needs no location constraint, and moto ignores the Region of buckets.
        bucket = f"cdk-hnb659fds-assets-{account}-{region}"
        self.client("s3", account, "us-east-1").create_bucket(Bucket=bucket)
        self.client("ssm", account, region).put_parameter(
            Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String"
        )

    def cdk(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the AWS CDK CLI in a process group of its own, which is ended when this returns or fails."""
        command = [str(BINARIES / "cdk"), *arguments, "--no-notices"]
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._tell(f"+{process.pid}")
        try:
            output, errors = process.communicate(timeout=PATIENCE)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            self._tell(f"-{process.pid}")
        return subprocess.CompletedProcess(command, process.returncode, output, errors)

    def environment(self) -> dict[str, str]:
        """Return the environment of the CLI: no proxy, no profile, and the folder as home."""
        return {
            "PATH": f"{BINARIES}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "CDK_HOME": str(self.folder / "cdk-home"),
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "CDK_DISABLE_VERSION_CHECK": "1",
            "AWS_ENDPOINT_URL": self.url,
            # moto finds the bucket in the URL of a template only if the URL has this form.
            "AWS_ENDPOINT_URL_S3_FOR_CLOUDFORMATION": "https://s3.amazonaws.com",
            "AWS_ACCESS_KEY_ID": "not-checked",
            "AWS_SECRET_ACCESS_KEY": "not-checked",
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def resolved_properties(self, stack: str, account: str, region: str) -> dict[str, Any]:
        """Return the properties of a deployed template as moto resolves them, by logical ID."""
        found = cloudformation_backends[account][region].get_stack(stack)
        resources = found.template_dict["Resources"].items()
        return {
            name: parsing.clean_json(resource.get("Properties", {}), found.resource_map) for name, resource in resources
        }

    def reset(self) -> None:
        """Reset all accounts, and the clients, whose credentials are reset too."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        moto_api_backend.reset()

    def _credentials(self, account: str) -> dict[str, str]:
        if account == ACCOUNT:
            return {}
        role = f"arn:aws:iam::{account}:role/reader"
        made = self.client("sts").assume_role(RoleArn=role, RoleSessionName="e2e")["Credentials"]
        return {
            "aws_access_key_id": made["AccessKeyId"],
            "aws_secret_access_key": made["SecretAccessKey"],
            "aws_session_token": made["SessionToken"],
        }

    def _tell(self, line: str) -> None:
        assert self._caretaker.stdin is not None
        print(line, file=self._caretaker.stdin, flush=True)


@contextlib.contextmanager
def running_emulator() -> Iterator[Emulator]:
    """Yield an emulator. Its port, folder and processes are removed afterwards, also if the run is killed."""
    folder = Path(tempfile.gettempdir(), f"ecr-constructs-e2e-{uuid4()}")
    with pytest.MonkeyPatch.context() as patch, _caretaker(folder) as caretaker:
        cloudformation.make_strict(patch)
        registry.complete(patch)
        # Without it, every request is a line of output.
        patch.setattr(logging.getLogger("werkzeug"), "level", logging.ERROR)
        with _server() as url:
            emulator = Emulator(url, folder, caretaker)
            try:
                yield emulator
            finally:
                emulator.reset()


@contextlib.contextmanager
def _caretaker(folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-I", str(Path(__file__).with_name("caretaker.py")), str(folder)]
    pipe = subprocess.PIPE
    # In a session of its own, so the signals of a terminal do not reach it.
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, start_new_session=True) as caretaker:
        assert caretaker.stdout is not None
        assert caretaker.stdout.readline() == "ready\n"
        yield caretaker


@contextlib.contextmanager
def _server() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()
        assert server._server is not None
        server._server.server_close()  # moto closes it at the end of the process only
