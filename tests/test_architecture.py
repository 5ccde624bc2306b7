"""Modules of the package: their names, what they import when they are imported, and the signatures of functions."""

from __future__ import annotations

import ast
import statistics
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "ecr_constructs"
FILES = sorted(PACKAGE.glob("**/*.py")) if PACKAGE.is_dir() else []

pytestmark = pytest.mark.skipif(not FILES, reason="the package under test is an installed wheel, not the checkout")

VAGUE = {"util", "utils", "helper", "helpers", "common", "misc", "types", "shared", "base", "tools"}
SLOW_TO_IMPORT = {f"aws_cdk.aws_{name}" for name in ("codebuild", "ec2", "ecs", "lambda", "secretsmanager")}

MOST_LINES = 40
MEDIAN_LINES = 8

REJECTING = "replaced: NoReturn"


@cache
def trees() -> dict[str, ast.Module]:
    """Return the parsed modules of the package by their path."""
    return {str(path.relative_to(PACKAGE)): ast.parse(path.read_text(encoding="utf-8")) for path in FILES}


def imports_of(tree: ast.Module) -> set[str]:
    """Return the names that a module imports when it is imported."""
    found = {alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def functions_of(tree: ast.Module) -> list[ast.FunctionDef]:
    """Return all functions and methods of a module."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def body_lines(function: ast.FunctionDef) -> int:
    """Return the number of lines of a function without its signature and its docstring."""
    statements = function.body[1:] if ast.get_docstring(function) is not None else function.body
    last = function.end_lineno
    return last - statements[0].lineno + 1 if statements and last is not None else 0


def private_classes_of(tree: ast.Module) -> list[ast.ClassDef]:
    """Return the classes of a module whose names begin with an underscore."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name.startswith("_")]


def test_no_module_has_a_vague_name() -> None:
    assert [path.name for path in FILES if set(path.stem.strip("_").split("_")) & VAGUE] == []


def test_no_module_imports_a_part_of_the_cdk_that_is_slow_to_import() -> None:
    assert {name: found for name, tree in trees().items() if (found := imports_of(tree) & SLOW_TO_IMPORT)} == {}


def test_no_public_function_accepts_any_keyword() -> None:
    private = {id(each) for tree in trees().values() for node in private_classes_of(tree) for each in ast.walk(node)}
    public = {
        f"{name}:{each.name}": each
        for name, tree in trees().items()
        for each in functions_of(tree)
        if id(each) not in private and (each.name == "__init__" or not each.name.startswith("_"))
    }

    # No keyword fits `NoReturn`: such a function rejects all others itself.
    accepting = {
        place for place, each in public.items() if (kwarg := each.args.kwarg) and ast.unparse(kwarg) != REJECTING
    }
    assert accepting == set()


def test_functions_are_short() -> None:
    sizes = {f"{name}:{each.name}": body_lines(each) for name, tree in trees().items() for each in functions_of(tree)}

    assert {place: size for place, size in sizes.items() if size > MOST_LINES} == {}
    assert statistics.median(sizes.values()) <= MEDIAN_LINES


def test_only_one_module_asks_the_cdk_whether_a_value_is_a_token() -> None:
    asking = {path.name for path in FILES if "Token.is_unresolved" in path.read_text(encoding="utf-8")}

    assert asking == {"tokens.py"}


# --- the tests --------------------------------------------------------------------------------------------------------

TESTS = Path(__file__).parent
# Folders of tests about several packages or about files that are not in the package.
OTHER_FOLDERS = {"arbiters", "contract", "e2e", "permissions", "pipelines", "typing"}


def module_tests() -> list[Path]:
    """Return the paths of the test files that belong to one folder of the package."""
    paths = (path.relative_to(TESTS) for path in TESTS.glob("*/**/test_*.py"))
    return sorted(path for path in paths if path.parts[0] not in OTHER_FOLDERS)


def module_of(test: Path) -> Path | None:
    """Return the module that a test file is named after: the longest name with which the name of the file begins."""
    folder = PACKAGE / test.parent
    modules = [path.stem for path in folder.glob("*.py") if path.stem != "__init__"]
    names = [*modules, *(path.parent.name for path in folder.glob("*/__init__.py")), folder.name]
    name = test.stem.removeprefix("test_")
    found = [each for each in names if f"{name}_".startswith(f"{each}_")]
    return folder / max(found, key=len) if folder.is_dir() and found else None


def test_every_test_is_in_the_folder_of_its_module_and_has_its_name() -> None:
    assert len(module_tests()) > 100
    assert [str(path) for path in module_tests() if module_of(path) is None] == []
