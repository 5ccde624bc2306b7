"""The public names of the package, and the modules that an import loads."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import ecr_constructs
from ecr_constructs import errors, model
from ecr_constructs.model.lifecycle import intents

ROOT = Path(__file__).parent.parent


def loaded_by(statement: str) -> set[str]:
    """Return the modules that are loaded after a statement was executed in a new interpreter."""
    program = f"{statement}\nimport sys\nprint(*sys.modules)"
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    return set(finished.stdout.split())


def test_importing_the_package_loads_neither_the_cdk_nor_another_module() -> None:
    loaded = loaded_by("import ecr_constructs; dir(ecr_constructs)")

    assert {name for name in loaded if name.startswith("ecr_constructs")} == {"ecr_constructs"}
    assert not loaded & {"aws_cdk", "constructs", "jsii"}


def test_a_name_of_the_model_loads_no_cdk() -> None:
    cases: list[str] = ["LifecyclePolicy", "InvalidRepository", "Namespace", "keep_latest"]
    for name in cases:
        loaded = loaded_by(f"from ecr_constructs import {name}")

        assert "ecr_constructs.model" in loaded
        assert not loaded & {"aws_cdk", "constructs", "jsii"}


@pytest.mark.slow
def test_the_constructs_load_no_part_of_the_cdk_that_is_slow_to_load() -> None:
    loaded = loaded_by("from ecr_constructs import *")

    assert "aws_cdk.aws_ecr" in loaded
    assert not loaded & {f"aws_cdk.aws_{name}" for name in ("codebuild", "ec2", "ecs", "lambda", "secretsmanager")}


def test_a_public_name_is_loaded_on_first_use_and_kept() -> None:
    values = {name: getattr(ecr_constructs, name) for name in ecr_constructs.__all__}

    assert [name for name, value in values.items() if getattr(ecr_constructs, name) is not value] == []
    assert [name for name, value in values.items() if vars(ecr_constructs)[name] is not value] == []


def test_public_names_are_listed_once_and_in_order() -> None:
    names = ecr_constructs.__all__
    kinds = [(not name.isupper(), name.islower(), name) for name in names]

    assert kinds == sorted(kinds)
    assert len(names) == len(set(names))


def test_dir_lists_the_public_names() -> None:
    assert dir(ecr_constructs) == sorted(ecr_constructs.__all__)


def test_every_name_of_the_model_is_public() -> None:
    kinds = [(not name.isupper(), name.islower(), name) for name in model.__all__]

    assert kinds == sorted(kinds)
    assert len(model.__all__) == len(set(model.__all__))
    assert set(intents.__all__) - {"compile_intents"} <= set(model.__all__) <= set(ecr_constructs.__all__)
    assert [name for name in model.__all__ if getattr(model, name) is not getattr(ecr_constructs, name)] == []


def test_type_checkers_read_every_public_name() -> None:
    source = inspect.getsource(ecr_constructs)
    imported = source.partition("if TYPE_CHECKING:")[2].partition("__all__")[0]

    assert [name for name in ecr_constructs.__all__ if name not in imported.replace(",", " ").split()] == []


def test_an_unknown_name_is_an_attribute_error_that_names_it() -> None:
    cases: list[str] = ["HardenedRepositories", "model_", "_render_", "import_modul"]
    for name in cases:
        with pytest.raises(AttributeError, match=f"module 'ecr_constructs' has no attribute '{name}'"):
            getattr(ecr_constructs, name)


def test_the_modules_can_be_imported_by_their_name() -> None:
    assert (
        importlib.import_module("ecr_constructs.repository.hardened_repository").HardenedRepository
        is ecr_constructs.HardenedRepository
    )


def test_every_error_is_public_and_a_value_error() -> None:
    for name in errors.__all__:
        error = getattr(errors, name)

        assert getattr(ecr_constructs, name) is error
        assert issubclass(error, errors.EcrConstructsError)
        assert issubclass(error, ValueError)
        assert len(inspect.getdoc(error) or "") > 20


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


def test_the_version_loads_no_module_of_the_package() -> None:
    loaded = loaded_by("import ecr_constructs; ecr_constructs.__version__")

    assert {name for name in loaded if name.startswith("ecr_constructs")} == {"ecr_constructs"}
    assert "importlib.metadata" in loaded
    assert "importlib.metadata" not in loaded_by("import ecr_constructs")
