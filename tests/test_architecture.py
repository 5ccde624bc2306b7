"""Modules of the package: their names, what they import when they are imported, and the signatures of functions."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "ecr_constructs"
FILES = sorted(PACKAGE.glob("**/*.py")) if PACKAGE.is_dir() else []

pytestmark = pytest.mark.skipif(not FILES, reason="the package under test is an installed wheel, not the checkout")
each_file = pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(PACKAGE)) for path in FILES])


def imports_of(path: Path, *, of_module: bool = False) -> set[str]:
    """Return the modules that a file imports, anywhere in the file, or only when it is imported itself."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if of_module else list(ast.walk(tree))
    found = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names} if node.module else set()
    return found


@each_file
def test_a_module_is_named_after_its_noun(path: Path) -> None:
    words = set(path.stem.strip("_").split("_"))

    assert not words & {"util", "utils", "helper", "helpers", "common", "misc", "types", "shared", "base", "tools"}


@each_file
def test_a_module_imports_nothing_that_is_slow_to_import(path: Path) -> None:
    slow = {"aws_codebuild", "aws_ec2", "aws_ecs", "aws_lambda", "aws_secretsmanager"}

    assert {
        name.split(".")[1] for name in imports_of(path, of_module=True) if name.startswith("aws_cdk.")
    } & slow == set()


@each_file
def test_no_public_function_accepts_any_keyword(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    public = [each for each in functions if each.name == "__init__" or not each.name.startswith("_")]

    # No keyword fits `NoReturn`: such a function rejects all others itself.
    open_ended = [each for each in public if each.args.kwarg and ast.unparse(each.args.kwarg) != "replaced: NoReturn"]
    assert [each.name for each in open_ended] == []


def test_one_module_only_asks_the_cdk_whether_a_value_is_a_token() -> None:
    asking = {path.name for path in FILES if "Token.is_unresolved" in path.read_text(encoding="utf-8")}

    assert asking == {"tokens.py"}
