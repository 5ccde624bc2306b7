"""An empty account in moto for tests of `ecr-constructs adopt --live`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.cli.aws.cloud import REGION


@pytest.fixture(scope="session")
def models() -> Iterator[None]:
    """Cache the service models of botocore across accounts."""
    from botocore.loaders import create_loader  # type: ignore[import-untyped]  # it ships no types

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.create_loader", cache(create_loader))
        yield


@pytest.fixture
def account(models: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:  # noqa: ARG001
    """Start an account with the operations of ECR that moto lacks."""
    import os

    from moto import mock_aws
    from moto.core.responses import ActionResult
    from moto.ecr.responses import ECRResponse

    from tests.e2e.registry import complete

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, f"{tmp_path}/none")
    complete(monkeypatch)

    def get_account_setting(self: ECRResponse) -> ActionResult:
        values = {"REGISTRY_POLICY_SCOPE": "V2", "BASIC_SCAN_TYPE_VERSION": "AWS_NATIVE", "BLOB_MOUNTING": "DISABLED"}
        name: Any = self._get_param("name")
        return ActionResult({"name": name, "value": values[name]})

    monkeypatch.setattr(ECRResponse, "get_account_setting", get_account_setting, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "not-checked")
    monkeypatch.setenv("AWS_REGION", REGION)
    with mock_aws():
        yield
