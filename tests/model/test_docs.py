"""What the docstrings of the model say is true, and every public name has one."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
from types import ModuleType

import pytest

import ecr_constructs.errors
from ecr_constructs import model

MODULES = [
    ecr_constructs.errors,
    model,
    *(importlib.import_module(found.name) for found in pkgutil.walk_packages(model.__path__, f"{model.__name__}.")),
]
each_module = pytest.mark.parametrize("module", MODULES, ids=[module.__name__ for module in MODULES])


@each_module
def test_the_examples_in_docstrings_are_true(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0


def test_there_are_examples_at_all() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    examples = [example for module in MODULES for example in finder.find(module) if example.examples]

    assert len(examples) >= 30


@each_module
def test_a_module_says_what_it_is_for_and_lists_what_is_public(module: ModuleType) -> None:
    assert module.__doc__
    assert list(module.__all__) == list(dict.fromkeys(module.__all__))
    assert [name for name in module.__all__ if not hasattr(module, name)] == []


@each_module
def test_every_public_class_function_method_and_property_has_a_docstring(module: ModuleType) -> None:
    bare = []
    for name in module.__all__:
        value = getattr(module, name)
        if inspect.isfunction(value) or inspect.isclass(value):
            bare += [name] if not inspect.getdoc(value) else []
        if inspect.isclass(value):
            bare += [
                f"{name}.{inner}"
                for inner, member in vars(value).items()
                if not inner.startswith("_")
                and (callable(member) or isinstance(member, (classmethod, property)))
                and not inspect.getdoc(member)
            ]

    assert bare == []


def test_every_public_name_of_the_model_is_exported_once_and_comes_from_one_module() -> None:
    assert len(model.__all__) == len(set(model.__all__))
    for name in model.__all__:
        value = getattr(model, name)
        homes = [module for module in MODULES if module is not model and name in module.__all__]

        assert len(homes) == 1, name
        assert getattr(homes[0], name) is value
        if inspect.isclass(value) or inspect.isfunction(value):
            assert value.__module__ == homes[0].__name__
            assert inspect.getdoc(value), name


def test_public_names_are_sorted_as_ruff_sorts_them() -> None:
    constants = [name for name in model.__all__ if name.isupper()]
    classes = [name for name in model.__all__ if name[0].isupper() and not name.isupper()]
    functions = [name for name in model.__all__ if name.islower()]

    assert list(model.__all__) == [*sorted(constants), *sorted(classes), *sorted(functions)]


def test_every_intent_is_public() -> None:
    from ecr_constructs.model.lifecycle import intents

    made_by_people = [name for name in intents.__all__ if name != "compile_intents"]

    assert set(made_by_people) <= set(model.__all__)
