"""What the tests here start from. moto takes seconds to import, so only a test that asks for it pays for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.emulator import Emulator


@pytest.fixture(scope="session")
def nobody() -> Iterator[None]:
    """Hide the profiles, keys and settings of whoever runs the tests; moto looks at them when it is imported."""
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
    """Lend an emulator in which nobody has anything."""
    yield started_emulator
    started_emulator.reset()
