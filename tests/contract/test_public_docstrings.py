"""Docstrings of the exported names: each has an example, and one that raises errors lists them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator

import ecr_constructs


def exported() -> Iterator[tuple[str, Callable[..., object]]]:
    """Yield the exported classes and functions."""
    for name in ecr_constructs.__all__:
        value = getattr(ecr_constructs, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            yield name, value


def docstrings(value: Callable[..., object]) -> str:
    """Return the docstrings of a function, or of a class with its constructor and its public members."""
    members = vars(value).items() if inspect.isclass(value) else ()
    texts = [
        inspect.getdoc(getattr(member, "__func__", member)) or ""
        for name, member in members
        if not name.startswith("_") or name == "__init__"
    ]
    return "\n".join([inspect.getdoc(value) or "", *texts])


def raises_errors(value: Callable[..., object]) -> bool:
    """Return whether the code of a function or a class raises errors of arguments."""
    pattern = r"\braise_if_any\(|\braise (?:Invalid\w+|TypeError|EcrConstructsError)\("
    return re.search(pattern, inspect.getsource(value)) is not None


def test_every_exported_class_and_function_has_an_example() -> None:
    assert [name for name, value in exported() if ">>> " not in docstrings(value)] == []


def test_every_exported_class_and_function_that_raises_errors_lists_them() -> None:
    found = [name for name, value in exported() if raises_errors(value)]

    assert len(found) > 20
    assert [name for name in found if "Raises:" not in docstrings(getattr(ecr_constructs, name))] == []
