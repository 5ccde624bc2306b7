"""The emulator leaves no process, port or folder, however it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from botocore.config import Config  # type: ignore[import-untyped]  # it ships no types
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]  # it ships no types

pytestmark = [
    pytest.mark.slow,
    pytest.mark.e2e,
    pytest.mark.usefixtures("nobody"),
    pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are looked up in /proc"),
]

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 60  # the timeout in seconds of steps that take two or three
AFTERMATH = 5  # the timeout in seconds of the cleanup; a CLI without its emulator runs longer


@pytest.fixture
def program() -> Iterator[subprocess.Popen[str]]:
    """Start a `cdk deploy` that never ends."""
    command = [sys.executable, "-m", "tests.e2e.apps.endless"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda how: how.name)
def test_no_process_or_folder_is_left_after_an_interrupted_deployment(
    program: subprocess.Popen[str], how: signal.Signals
) -> None:
    assert program.stdout is not None
    port, folder = program.stdout.readline().split()
    wait_for(lambda: is_deploying(int(port)))
    assert is_listening(int(port))
    assert len(processes_with(folder)) >= 2, "the CLI and the caretaker"

    program.send_signal(how)
    program.wait(AFTERMATH)

    wait_for(lambda: not processes_with(folder), AFTERMATH)
    wait_for(lambda: not Path(folder).exists(), AFTERMATH)
    assert not is_listening(int(port))


def test_no_process_or_folder_is_left_after_a_run() -> None:
    from tests.e2e.emulator import running_emulator

    with running_emulator() as emulator:
        port = int(emulator.url.rpartition(":")[2])
        assert emulator.cdk("--version").returncode == 0
        assert is_listening(port)
        assert processes_with(str(emulator.folder))

    assert not is_listening(port)
    assert not emulator.folder.exists()
    assert not processes_with(str(emulator.folder))


def test_it_listens_to_this_machine_only() -> None:
    from tests.e2e.emulator import running_emulator

    with running_emulator() as emulator:
        assert emulator.url.startswith("http://127.0.0.1:")


def wait_for(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def is_deploying(port: int) -> bool:
    """Return whether CloudFormation has a stack whose resources are being created."""
    import boto3  # type: ignore[import-untyped]  # it ships no types

    session = boto3.Session("not-checked", "not-checked", region_name="eu-central-1")
    url = f"http://127.0.0.1:{port}"
    cloudformation = session.client("cloudformation", endpoint_url=url, config=Config(proxies={}))
    try:
        (stack,) = cloudformation.describe_stacks(StackName="Stack")["Stacks"]
    except (BotoCoreError, ClientError):
        return False
    finally:
        cloudformation.close()
    return bool(stack["StackStatus"] == "CREATE_IN_PROGRESS")


def processes_with(folder: str) -> list[int]:
    """Return the processes that have a folder as an argument or open, anywhere in the process tree."""
    return [int(process.name) for process in Path("/proc").glob("[0-9]*") if is_about(process, folder.encode())]


def is_about(process: Path, folder: bytes) -> bool:
    if process.name == str(os.getpid()):
        return False
    try:
        return folder in (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
    except OSError:  # the process has ended
        return False
