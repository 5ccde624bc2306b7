"""Docstrings: every public name has one, every keyword is described, and the examples run."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from types import GenericAlias, ModuleType

import pytest

import ecr_constructs
from ecr_constructs import errors, model

MODULES = [
    importlib.import_module(found.name)
    for found in pkgutil.walk_packages(ecr_constructs.__path__, "ecr_constructs.")
    if not found.name.endswith("__main__")
]
WITH_EXAMPLES = [module for module in MODULES if ">>>" in inspect.getsource(module)]
# The command is used through its options, so its functions are not part of the public API.
PUBLIC = [module for module in MODULES if not module.__name__.startswith(("ecr_constructs._", "ecr_constructs.cli"))]


def is_class(value: object) -> bool:
    """Return whether a value is a class. Python 3.10 also counts aliases such as `Callable[[], None]`."""
    return inspect.isclass(value) and not isinstance(value, GenericAlias)


def exported(module: ModuleType) -> list[str]:
    """Return the names in `__all__`. A package that exports nothing has none."""
    return [] if hasattr(module, "__path__") and not hasattr(module, "__all__") else module.__all__


def functions_of(module: ModuleType) -> Iterator[tuple[str, Callable[..., object]]]:
    """Yield the public functions, the classes with their own constructor, and the public methods of a module."""
    for name in exported(module):
        value = getattr(module, name)
        if inspect.isfunction(value) or (is_class(value) and "__init__" in vars(value)):
            yield f"{module.__name__}.{name}", value
        for inner, member in vars(value).items() if is_class(value) else ():
            function = getattr(member, "__func__", member)
            if not inner.startswith("_") and inspect.isfunction(function):
                yield f"{module.__name__}.{name}.{inner}", function


def documented_names(module: ModuleType) -> Iterator[tuple[str, str | None]]:
    """Yield the public functions, classes, methods and properties of a module with their own docstrings."""
    for name in exported(module):
        value = getattr(module, name)
        if not (inspect.isfunction(value) or is_class(value)):
            continue
        yield f"{module.__name__}.{name}", value.__doc__
        for inner, member in vars(value).items() if is_class(value) else ():
            is_method = callable(member) or isinstance(member, (classmethod, staticmethod, property))
            if is_method and not inner.startswith("_"):
                yield f"{module.__name__}.{name}.{inner}", getattr(member, "__func__", member).__doc__


@pytest.mark.parametrize("module", WITH_EXAMPLES, ids=[module.__name__ for module in WITH_EXAMPLES])
def test_the_examples_of_a_module_run(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0


def test_the_model_and_the_constructs_have_examples() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = {example.name for module in PUBLIC for example in finder.find(module) if example.examples}

    assert {
        "ecr_constructs.repository.hardened_repository.HardenedRepository",
        "ecr_constructs.repository.settings.RepositorySettings",
    } <= found
    assert len([name for name in found if name.startswith("ecr_constructs.model.")]) >= 30


def test_every_module_has_a_docstring_and_lists_its_public_names_once() -> None:
    assert [module.__name__ for module in MODULES if not module.__doc__] == []
    for module in MODULES:
        assert [name for name in exported(module) if not hasattr(module, name)] == [], module.__name__
        assert len(exported(module)) == len(set(exported(module))), module.__name__


def test_every_public_class_function_method_and_property_has_its_own_docstring() -> None:
    assert [name for module in MODULES for name, text in documented_names(module) if not (text or "").strip()] == []


def test_every_keyword_of_a_public_callable_is_described() -> None:
    undescribed = []
    for module in PUBLIC:
        for path, function in functions_of(module):
            constructor = vars(function).get("__init__") if is_class(function) else None
            text = "\n".join(inspect.getdoc(each) or "" for each in (function, constructor))
            parameters = inspect.signature(function).parameters.values()
            names = [each.name for each in parameters if each.kind is each.KEYWORD_ONLY]
            undescribed += [f"{path}({name})" for name in names if f"{name}: " not in text]

    assert undescribed == []


def test_every_public_name_of_the_package_has_a_docstring() -> None:
    values = {name: getattr(ecr_constructs, name) for name in ecr_constructs.__all__}

    assert [name for name, value in values.items() if not isinstance(value, str) and not inspect.getdoc(value)] == []


def test_every_public_name_of_the_model_is_defined_in_one_module() -> None:
    modules = [errors, *(module for module in MODULES if module.__name__.startswith(f"{model.__name__}."))]
    for name in model.__all__:
        value = getattr(model, name)
        homes = [module for module in modules if name in exported(module)]

        assert [getattr(home, name) is value for home in homes] == [True], name
        if is_class(value) or inspect.isfunction(value):
            assert value.__module__ == homes[0].__name__
