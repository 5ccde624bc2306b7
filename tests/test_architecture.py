"""The house: which room may know which, what rooms are called, and how large they are."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "ecr_constructs"
FILES = sorted(PACKAGE.glob("**/*.py")) if PACKAGE.is_dir() else []

# Below: errors, model; then what asks the CDK, then choices, then constructs. A room sees those below it only.
# `lint-imports` holds the same and more, with its own configuration; this is the picture in DESIGN.md, said once more.
FLOORS = [
    {"errors"},
    {"_files"},
    {"model"},
    {"_manifests"},
    {"_tokens", "_held", "_principals", "_annotations", "_acknowledgments", "_injectors", "assembly", "testing"},
    {"_scopes"},
    {"_render", "_environments", "_retention"},
    {"statements", "key_policies"},
    {"access", "encryption"},
    {"policy", "registry_policy", "registry_replication", "settings", "credentials", "trust"},
    {"registry_permissions", "_findings", "_repository_names"},
    {"registry", "roles"},
    {"creation_template", "registry_wishes", "grants"},
    {"repository", "pull_through"},
    {"replica_registry"},
    {"cli"},
    {"__main__"},
]

pytestmark = pytest.mark.skipif(not FILES, reason="the package under test is an installed wheel, not the checkout")
each_file = pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(PACKAGE)) for path in FILES])


def imports_of(path: Path, *, of_module: bool = False) -> set[str]:
    """Give the modules that a file imports, wherever in the file, or only when it is imported itself."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if of_module else list(ast.walk(tree))
    found = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names} if node.module else set()
    return found


def rooms_of(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imports_of(path) if name.startswith("ecr_constructs.")}


def test_every_room_stands_on_a_floor() -> None:
    rooms = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in FILES}

    assert rooms - {"__init__"} == set.union(*FLOORS)


@each_file
def test_a_room_knows_only_rooms_below_it(path: Path) -> None:
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if room == "__init__":
        return
    height = next(index for index, floor in enumerate(FLOORS) if room in floor)

    below = set().union(*FLOORS[:height])
    assert rooms_of(path) - below - {room} == set()


@each_file
def test_the_lower_floors_are_plain_python(path: Path) -> None:
    if path.relative_to(PACKAGE).parts[0].removesuffix(".py") not in {
        "__init__",
        "_files",
        "_manifests",
        "errors",
        "model",
        "assembly",
        "testing",
    }:
        return
    foreign = {name.split(".")[0] for name in imports_of(path)} & {"aws_cdk", "constructs", "jsii", "boto3", "botocore"}

    assert foreign == set() or path.name == "__init__.py"
    assert foreign == set()


@each_file
def test_a_room_is_called_by_a_noun_that_says_what_lives_in_it(path: Path) -> None:
    words = set(path.stem.strip("_").split("_"))

    assert not words & {"util", "utils", "helper", "helpers", "common", "misc", "types", "shared", "base", "tools"}


@each_file
def test_a_module_imports_nothing_that_is_slow_to_import(path: Path) -> None:
    slow = {"aws_codebuild", "aws_ec2", "aws_ecs", "aws_lambda", "aws_secretsmanager"}

    assert {
        name.split(".")[1] for name in imports_of(path, of_module=True) if name.startswith("aws_cdk.")
    } & slow == set()


@each_file
def test_no_public_function_takes_whatever_comes(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    public = [each for each in functions if each.name == "__init__" or not each.name.startswith("_")]

    assert [each.name for each in public if each.args.kwarg] == []


def test_only_one_room_asks_the_cdk_whether_a_value_is_a_token() -> None:
    asking = {path.name for path in FILES if "Token.is_unresolved" in path.read_text(encoding="utf-8")}

    assert asking == {"_tokens.py"}
