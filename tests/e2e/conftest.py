"""Fixtures of the emulator. The import of moto takes seconds, so only tests that use it import it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.emulator import Emulator


@pytest.fixture(scope="session")
def nobody() -> Iterator[None]:
    """Remove the AWS profiles, credentials and settings of the machine, which moto reads at its import."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("AWS_", "MOTO_"))]:
            patch.delenv(name)
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            patch.setenv(name, os.devnull)
        yield


@pytest.fixture(scope="session")
def started_emulator(nobody: None) -> Iterator[Emulator]:  # noqa: ARG001  (before moto is imported)
    from tests.e2e.emulator import running_emulator

    with running_emulator() as emulator:
        yield emulator


@pytest.fixture
def emulator(started_emulator: Emulator) -> Iterator[Emulator]:
    """Yield an emulator whose accounts are empty."""
    yield started_emulator
    started_emulator.reset()
