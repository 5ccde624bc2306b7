"""The findings in apps that are written like public ones: these, and no others."""

from __future__ import annotations

import json
from pathlib import Path

import aws_cdk as cdk
import pytest

from ecr_constructs import Guardrails
from ecr_constructs.model.compliance import RULES
from tests.guardrails.public_apps import APPS
from tests.templates import WITHOUT_VALIDATION

# No rule of level error, so every app synthesizes.
LEVELS = {each.id: "warning" for each in RULES.values() if each.level == "error"}


@pytest.mark.parametrize("name", APPS)
def test_the_findings_of_an_app_are_the_expected_ones(name: str, tmp_path: Path) -> None:
    app = cdk.App(outdir=str(tmp_path), **WITHOUT_VALIDATION)
    cdk.Validations.of(app).add_plugins(Guardrails(levels=LEVELS))  # type: ignore[arg-type]  # each is "warning"
    expected = APPS[name](app)

    app.synth()

    report = json.loads((tmp_path / "validation-report.json").read_text(encoding="utf-8"))
    found: dict[str, set[str]] = {}
    for violation in (each for plugin in report["pluginReports"] for each in plugin["violations"]):
        for place in violation["violatingConstructs"]:
            found.setdefault(place["constructPath"], set()).add(violation["ruleName"])
    assert found == expected
