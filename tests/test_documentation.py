"""The pages of the documentation that messages and docstrings name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from ecr_constructs._documentation import Page

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "ecr_constructs"
PACKAGE_FILES = [path for path in sorted(PACKAGE.glob("**/*")) if path.is_file() and "__pycache__" not in path.parts]

pytestmark = pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="the pages are in the checkout only")


def titles() -> set[str]:
    """Return the titles of all pages, without the marks of code."""
    first_lines = (path.read_text(encoding="utf-8").partition("\n")[0] for path in ROOT.glob("docs/*.md"))
    return {line.removeprefix("# ").replace("`", "") for line in first_lines}


def test_every_page_that_a_message_can_name_exists() -> None:
    assert set(get_args(Page)) - titles() == set()


def test_every_page_and_decision_that_the_package_names_exists() -> None:
    decisions = (ROOT / "docs/decisions/README.md").read_text(encoding="utf-8").replace("`", "")
    for file in PACKAGE_FILES:
        words = " ".join(file.read_text(encoding="utf-8").split())
        assert set(re.findall(r"(?:the|The) page '([^'{]+)'", words)) <= titles(), file
        assert [each for each in re.findall(r"(?:the|The) decision '([^']+)'", words) if each not in decisions] == []


def test_the_package_names_no_file_of_the_documentation() -> None:
    named = {
        f"{file.relative_to(PACKAGE)}: {found}"
        for file in PACKAGE_FILES
        for found in re.findall(r"(?<![\w./-])(?:docs/[\w./-]+|README\.md)", file.read_text(encoding="utf-8"))
    }

    assert named == set()
