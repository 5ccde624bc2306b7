"""The templates of the page are compiled once for all tests. The command renders one page, and compiles them for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket

from ecr_constructs.cli.output.html import page


class _Memory(BytecodeCache):
    """The compiled templates of all environments."""

    def __init__(self) -> None:
        self._compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._compiled:
            bucket.bytecode_from_string(self._compiled[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._compiled[bucket.key] = bucket.bytecode_to_string()


@pytest.fixture(autouse=True, scope="session")
def compiled_templates() -> Iterator[None]:
    """Share the compiled templates among the environments of jinja2. Each page has an environment with its filters."""
    original, memory = page._environment, _Memory()

    def environment() -> Environment:
        made = original()
        made.bytecode_cache = memory
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page, "_environment", environment)
        yield
