"""Fixtures of a live account. moto takes a second to import, so it is imported only by tests that use it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from functools import cache

import pytest

from ecr_constructs.cli.aws import Account, FetchOptions, connect, lifecycle_policy_preview
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from tests.cli.aws.cloud import Cloud
from tests.cli.aws.record import Gather, Gathered, Record


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    """Remove the AWS profiles, credentials and settings of the machine."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, f"{tmp_path}/none")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture(scope="session")
def models() -> Iterator[None]:
    """Cache the service models of botocore across accounts."""
    from botocore.loaders import create_loader  # type: ignore[import-untyped]  # it ships no types

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.create_loader", cache(create_loader))
        yield


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the waits for previews of ECR and before retries."""
    from botocore.retries.bucket import TokenBucket  # type: ignore[import-untyped]  # it ships no types
    from botocore.retries.standard import ExponentialBackoff  # type: ignore[import-untyped]  # it ships no types

    monkeypatch.setattr(lifecycle_policy_preview, "INTERVAL", 0.001)
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda _self, _context: 0)
    monkeypatch.setattr(TokenBucket, "acquire", lambda _self, _amount=1, block=True: block)


@pytest.fixture(scope="session")
def started_cloud() -> Iterator[Cloud]:
    from tests.cli.aws.server import running_server

    with running_server() as cloud:
        yield cloud


@pytest.fixture
def cloud(
    started_cloud: Cloud,
    environment: None,  # noqa: ARG001
    models: None,  # noqa: ARG001
    patience: None,  # noqa: ARG001
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Cloud]:
    """Yield an empty account with its credentials, and check that no thread still calls it after the test."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", started_cloud.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "not-checked")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-checked")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    from tests.cli.aws.server import answer, clear

    answer(started_cloud, monkeypatch)
    yield started_cloud
    clear(started_cloud)
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("ecr-constructs")]


@pytest.fixture
def account(cloud: Cloud) -> Account:  # noqa: ARG001  (it is where the account is)
    return connect(profile=None, region=None, role=None)


@pytest.fixture
def record() -> Record:
    return Record()


@pytest.fixture
def gather(account: Account, record: Record) -> Gather:
    """Return a function that reads repositories, their images and optional data."""

    def gather(
        wanted: Mapping[str, LifecyclePolicy | None] | str,
        *,
        ask_aws: bool = False,
        current: bool = False,
        in_use: bool = False,
        read_indexes: bool = False,
    ) -> Gathered:
        questions = FetchOptions(aws_preview=ask_aws, current=current, in_use=in_use, read_indexes=read_indexes)
        names = {wanted: None} if isinstance(wanted, str) else wanted
        return Gathered(account.place, account.repositories(names, questions, progress=record))

    return gather
