"""The pages of the documentation that messages and docstrings name."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from ecr_constructs._documentation import Page

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="the pages are in the checkout only")


def titles() -> set[str]:
    """Return the titles of all pages, without the marks of code."""
    first_lines = (path.read_text(encoding="utf-8").partition("\n")[0] for path in ROOT.glob("docs/*.md"))
    return {line.removeprefix("# ").replace("`", "") for line in first_lines}


def test_every_page_that_a_message_can_name_exists() -> None:
    assert set(get_args(Page)) - titles() == set()
