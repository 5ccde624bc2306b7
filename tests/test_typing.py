"""The mistakes of users that type checkers reject. `make lint` checks the two files of tests/typing with mypy."""

from __future__ import annotations

import ast
import re
from pathlib import Path

MISUSE = Path(__file__).parent / "typing" / "misuse.py"


def test_every_statement_of_misuse_has_an_error_code() -> None:
    """Mypy reports a comment that ignores nothing, so each statement with a comment is a mistake that it rejects."""
    lines = MISUSE.read_text(encoding="utf-8").splitlines()
    functions = [node for node in ast.parse("\n".join(lines)).body if isinstance(node, ast.FunctionDef)]
    mistakes = [statement for function in functions for statement in function.body]

    assert len(mistakes) > 30
    assert [line for line in (lines[each.lineno - 1] for each in mistakes) if "type: ignore[" not in line] == []
    assert all(re.search(r"type: ignore\[[a-z, -]+\]", lines[each.lineno - 1]) for each in mistakes)
