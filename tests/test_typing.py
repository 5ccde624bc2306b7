"""Code that type checkers accept, and code that they reject."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
USAGE, MISUSE = (ROOT / "tests/typing" / name for name in ("usage.py", "misuse.py"))

# Strict by configuration, as in `make lint`, whose cache makes this a matter of seconds.
# A copy of the checkout without the package has none, and nothing of its own to be read.
pytestmark = pytest.mark.skipif(not (ROOT / "ecr_constructs").is_dir(), reason="the package here is an installed wheel")
COMMAND = [sys.executable, "-m", "mypy", "--no-error-summary"]


def mypy(*arguments: str) -> str:
    return subprocess.run([*COMMAND, *arguments], cwd=ROOT, capture_output=True, text=True, check=False).stdout


@pytest.fixture(scope="module")
def complaints() -> str:
    """Return the errors of mypy in both files."""
    return mypy(str(USAGE), str(MISUSE))


def test_code_of_users_type_checks(complaints: str) -> None:
    assert [line for line in complaints.splitlines() if "usage.py" in line] == []


def test_every_mistake_is_rejected_with_the_code_beside_it(complaints: str) -> None:
    assert [line for line in complaints.splitlines() if "misuse.py" in line] == []


def test_nothing_else_is_wrong(complaints: str) -> None:
    assert complaints == ""


def test_every_statement_of_misuse_has_an_error_code() -> None:
    lines = MISUSE.read_text(encoding="utf-8").splitlines()
    functions = [node for node in ast.parse("\n".join(lines)).body if isinstance(node, ast.FunctionDef)]
    mistakes = [statement for function in functions for statement in function.body]

    assert len(mistakes) > 30
    assert [line for line in (lines[each.lineno - 1] for each in mistakes) if "type: ignore[" not in line] == []
    assert all(re.search(r"type: ignore\[[a-z, -]+\]", lines[each.lineno - 1]) for each in mistakes)
