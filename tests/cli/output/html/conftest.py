"""The templates of the page are compiled once for all tests. The command renders one page, and compiles them for it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest

from ecr_constructs.cli.output.html import page


@pytest.fixture(autouse=True, scope="session")
def compiled_templates() -> Iterator[None]:
    """Keep the environment of jinja2, which has the compiled templates."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page, "_environment", cache(page._environment))
        yield
