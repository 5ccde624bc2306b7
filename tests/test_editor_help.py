"""Editor help: the signatures, hover texts and completions that a language server returns for the constructs."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from constructs import Construct

import ecr_constructs

jedi = pytest.importorskip("jedi", reason="the language server is a development dependency")

# A language server parses the modules of the CDK from which the constructs are derived, which takes seconds.
pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
CONSTRUCTS = [
    name
    for name in ecr_constructs.__all__
    if inspect.isclass(value := getattr(ecr_constructs, name)) and issubclass(value, Construct)
]
each_construct = pytest.mark.parametrize("name", CONSTRUCTS)


@pytest.fixture(scope="module", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the parsed modules in a folder of this run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jedi.settings, "cache_directory", str(tmp_path_factory.mktemp("jedi")))
        yield


@pytest.fixture(scope="module")
def script() -> Any:
    """Return an editor buffer that imports each construct and has an open call of it, one on each line."""
    calls = [f"{name}(" for name in CONSTRUCTS]
    text = "\n".join([f"from ecr_constructs import {', '.join(CONSTRUCTS)}", *calls])
    return jedi.Script(text, project=jedi.Project(ROOT))


def signature_of(script: Any, name: str) -> Any:
    """Return the signature that the editor shows inside the call of a construct."""
    [signature] = script.get_signatures(*position(name))
    return signature


def position(name: str) -> tuple[int, int]:
    """Return the line and the column after the opening parenthesis of the call."""
    return CONSTRUCTS.index(name) + 2, len(name) + 1


def own_parameters(name: str) -> dict[str, inspect.Parameter]:
    """Return the documented parameters of a constructor, without the catch-all for replaced arguments."""
    parameters = inspect.signature(getattr(ecr_constructs, name).__init__).parameters
    return {key: each for key, each in parameters.items() if key != "self" and each.kind is not each.VAR_KEYWORD}


def inherited_keywords(name: str) -> set[str]:
    """Return the keywords of the parent classes that the constructor does not have."""
    parents = getattr(ecr_constructs, name).__mro__[1:]
    keywords = {key for parent in parents for key in inspect.signature(parent.__init__).parameters}
    return keywords - set(own_parameters(name))


def test_there_are_constructs_and_a_parent_with_other_keywords() -> None:
    assert {"HardenedRepository", "CreationTemplate", "PullThroughCache", "ReplicaRegistry"} <= set(CONSTRUCTS)
    assert {"lifecycle_rules", "image_scan_on_push", "image_tag_mutability"} <= inherited_keywords("HardenedRepository")


@each_construct
def test_a_call_shows_the_parameters_of_the_construct_and_their_defaults(script: Any, name: str) -> None:
    shown = {
        each.name: each for each in signature_of(script, name).params if not each.description.startswith("param **")
    }
    own = own_parameters(name)

    assert list(shown) == list(own)
    for key, parameter in own.items():
        annotation, has_default, default = shown[key].description.rpartition("=")
        if parameter.default is parameter.empty:
            assert not has_default, key
        else:
            assert annotation.startswith(f"param {key}: "), key
            assert eval(default, dict(vars(ecr_constructs))) == parameter.default, key  # noqa: S307  (our own source)


@each_construct
def test_hover_shows_the_docstring_of_the_construct(script: Any, name: str) -> None:
    line, column = position(name)
    [hovered] = script.help(line, column - 2)
    construct = getattr(ecr_constructs, name)

    for shown in (hovered.docstring(), signature_of(script, name).docstring()):
        assert inspect.cleandoc(construct.__doc__) in shown
        assert "EXAMPLE" not in shown
        assert ":param" not in shown


@each_construct
def test_the_docstring_of_a_constructor_is_available_to_the_editor(script: Any, name: str) -> None:
    [construct] = script.infer(position(name)[0], 1)
    [constructor] = [each for each in construct.defined_names() if each.name == "__init__"]

    for key in own_parameters(name):
        assert f"\n    {key}: " in constructor.docstring()


@each_construct
def test_completion_offers_the_keywords_of_the_construct_and_none_of_its_parents(script: Any, name: str) -> None:
    offered = {each.name.removesuffix("=") for each in script.complete(*position(name)) if each.name.endswith("=")}

    assert offered == set(own_parameters(name))
    assert not offered & inherited_keywords(name)
