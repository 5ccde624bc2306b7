"""What one can import, that it is loaded late, and that it says what it is."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

import ecr_constructs
from ecr_constructs import errors, model

ROOT = Path(__file__).parent.parent
# Those of the model have the same test beside them, which needs no CDK.
MODULES = [
    importlib.import_module(found.name)
    for found in pkgutil.walk_packages(ecr_constructs.__path__, "ecr_constructs.")
    if not found.ispkg and not found.name.startswith(("ecr_constructs.cli", "ecr_constructs.model"))
]
each_module = pytest.mark.parametrize("module", MODULES, ids=[module.__name__ for module in MODULES])
each_name = pytest.mark.parametrize("name", ecr_constructs.__all__)


def loaded_by(statement: str) -> set[str]:
    """Run a statement in a fresh interpreter, and tell the modules it left behind."""
    program = f"{statement}\nimport sys\nprint(*sys.modules)"
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    return set(finished.stdout.split())


def test_importing_the_package_loads_no_cdk_and_none_of_the_rooms() -> None:
    loaded = loaded_by("import ecr_constructs; dir(ecr_constructs)")

    assert {name for name in loaded if name.startswith("ecr_constructs")} == {"ecr_constructs"}
    assert not loaded & {"aws_cdk", "constructs", "jsii"}


@pytest.mark.parametrize("name", ["LifecyclePolicy", "InvalidRepository", "Namespace", "keep_latest"])
def test_a_name_of_the_model_loads_no_cdk(name: str) -> None:
    loaded = loaded_by(f"from ecr_constructs import {name}")

    assert "ecr_constructs.model" in loaded
    assert not loaded & {"aws_cdk", "constructs", "jsii"}


def test_the_constructs_load_no_part_of_the_cdk_that_is_slow_to_load() -> None:
    loaded = loaded_by("from ecr_constructs import *")

    assert "aws_cdk.aws_ecr" in loaded
    assert not loaded & {f"aws_cdk.aws_{name}" for name in ("codebuild", "ec2", "ecs", "lambda", "secretsmanager")}


@each_name
def test_every_public_name_loads_and_stays(name: str) -> None:
    value = getattr(ecr_constructs, name)

    assert getattr(ecr_constructs, name) is value
    assert vars(ecr_constructs)[name] is value


def test_public_names_are_listed_once_and_in_order() -> None:
    names = ecr_constructs.__all__
    kinds = [(not name.isupper(), name.islower(), name) for name in names]

    assert kinds == sorted(kinds)
    assert len(names) == len(set(names))


def test_dir_lists_the_public_names() -> None:
    assert dir(ecr_constructs) == sorted(ecr_constructs.__all__)


def test_every_name_of_the_model_is_public() -> None:
    assert set(model.__all__) <= set(ecr_constructs.__all__)
    assert [name for name in model.__all__ if getattr(model, name) is not getattr(ecr_constructs, name)] == []


def test_type_checkers_see_the_names_that_are_loaded_late() -> None:
    source = inspect.getsource(ecr_constructs)
    imported = source.partition("if TYPE_CHECKING:")[2].partition("__all__")[0]

    assert [name for name in ecr_constructs.__all__ if name not in imported.replace(",", " ").split()] == []


@pytest.mark.parametrize("name", ["HardenedRepositories", "model_", "_render_", "import_modul"])
def test_an_unknown_name_is_an_attribute_error_that_names_it(name: str) -> None:
    with pytest.raises(AttributeError, match=f"module 'ecr_constructs' has no attribute '{name}'"):
        getattr(ecr_constructs, name)


def test_the_modules_can_be_imported_by_their_name() -> None:
    assert (
        importlib.import_module("ecr_constructs.repository.hardened_repository").HardenedRepository
        is ecr_constructs.HardenedRepository
    )


# --- what it says of itself -----------------------------------------------------------------------------------------


@each_name
def test_every_public_name_is_documented(name: str) -> None:
    value = getattr(ecr_constructs, name)

    assert isinstance(value, str) or inspect.getdoc(value)


@each_module
def test_a_module_says_what_it_is_for_and_lists_what_is_public(module: ModuleType) -> None:
    assert module.__doc__
    assert [name for name in module.__all__ if not hasattr(module, name)] == []
    assert len(module.__all__) == len(set(module.__all__))


@each_module
def test_every_public_class_method_and_property_has_a_docstring_of_its_own(module: ModuleType) -> None:
    bare = []
    for name in module.__all__:
        value = getattr(module, name)
        members = {name: value} if inspect.isfunction(value) or inspect.isclass(value) else {}
        if inspect.isclass(value):
            members |= {
                f"{name}.{inner}": getattr(member, "__func__", member)
                for inner, member in vars(value).items()
                if not inner.startswith("_")
                and (callable(member) or isinstance(member, (classmethod, staticmethod, property)))
            }
        bare += [path for path, member in members.items() if not (member.__doc__ or "").strip()]

    assert bare == []


@each_module
def test_every_keyword_of_a_public_callable_is_explained(module: ModuleType) -> None:
    unexplained = []
    for path, function in callables(module):
        constructor = vars(function).get("__init__") if inspect.isclass(function) else None
        text = "\n".join(inspect.getdoc(each) or "" for each in (function, constructor))
        unexplained += [f"{path}({name})" for name in keywords(function) if f"{name}: " not in text]

    assert unexplained == []


def callables(module: ModuleType) -> Iterator[tuple[str, Callable[..., object]]]:
    """Give the public functions, classes with a constructor of their own, and methods of a module that users see."""
    for name in () if module.__name__.startswith("ecr_constructs._") else module.__all__:
        value = getattr(module, name)
        if inspect.isfunction(value) or (inspect.isclass(value) and "__init__" in vars(value)):
            yield name, value
        for inner, member in vars(value).items() if inspect.isclass(value) else ():
            function = getattr(member, "__func__", member)
            if not inner.startswith("_") and inspect.isfunction(function):
                yield f"{name}.{inner}", function


def keywords(function: Callable[..., object]) -> list[str]:
    """Give the keyword-only parameters: what is positional is the subject, and often explained by the summary."""
    parameters = inspect.signature(function).parameters.values()
    return [each.name for each in parameters if each.kind is each.KEYWORD_ONLY]


CONSTRUCTS = (
    ecr_constructs.HardenedRepository,
    ecr_constructs.CreationTemplate,
    ecr_constructs.PullThroughCache,
    ecr_constructs.ReplicaRegistry,
)
each_construct = pytest.mark.parametrize("construct", CONSTRUCTS, ids=[each.__name__ for each in CONSTRUCTS])


@each_construct
def test_a_constructor_documents_each_argument_and_its_default(construct: type) -> None:
    constructor = vars(construct)["__init__"]
    arguments = (inspect.getdoc(constructor) or "").partition("Args:")[2].partition("Raises:")[0]
    parameters = inspect.signature(constructor).parameters.values()

    assert [each.name for each in parameters if each.name != "self" and f"    {each.name}: " not in arguments] == []
    optional = [each for each in parameters if each.default is not each.empty]
    assert " ".join(arguments.split()).count("Default: ") == len(optional)


@each_construct
def test_the_signature_of_a_constructor_is_readable(construct: type) -> None:
    for each in inspect.signature(vars(construct)["__init__"]).parameters.values():
        assert len(str(each)) < 80, each


def test_the_signature_of_settings_has_readable_defaults() -> None:
    defaults = [each.default for each in inspect.signature(ecr_constructs.RepositorySettings).parameters.values()]

    assert [default for default in defaults if "factory" in repr(default) or " object at " in repr(default)] == []


@each_module
def test_the_examples_in_docstrings_are_true(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0


def test_there_are_examples_of_the_constructs() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = {example.name for module in MODULES for example in finder.find(module) if example.examples}

    assert {
        "ecr_constructs.repository.hardened_repository.HardenedRepository",
        "ecr_constructs.repository.settings.RepositorySettings",
    } <= found


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_is_public_is_a_value_error_and_says_when_it_is_raised(name: str) -> None:
    error = getattr(errors, name)

    assert getattr(ecr_constructs, name) is error
    assert issubclass(error, errors.EcrConstructsError)
    assert issubclass(error, ValueError)
    assert len(inspect.getdoc(error) or "") > 20
