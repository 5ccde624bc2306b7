"""The table of docs/compliance.md: the results of controls for the ready-made settings."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import aws_cdk as cdk
import pytest

import ecr_constructs
from ecr_constructs import CreationTemplate, HardenedRepository, RepositorySettings
from ecr_constructs.assembly import read_assembly
from ecr_constructs.assembly.template_resources import app_resources
from ecr_constructs.model.compliance.evidence import evidence
from tests.templates import WITHOUT_VALIDATION

PAGE = (Path(__file__).parents[1] / "docs" / "compliance.md").read_text(encoding="utf-8")
SETTINGS = ("HARDENED", "ADOPTED", "CREATED", "CACHED", "EPHEMERAL")
WORDS = {"met": "passes", "not met": "fails", "not applicable": "not checked"}
# The settings of repositories that ECR creates. The page has the results for these repositories in Security Hub.
CREATED_BY_ECR = ("CREATED", "CACHED")


def table() -> dict[tuple[str, str], str]:
    """Return the result in the page, by control and settings."""
    rows = re.findall(r"^\| [^|]*\[((?:CT\.)?ECR[^\]]+)\]\[\w+\] \| [^|]+ \|(.+)\|$", PAGE, re.MULTILINE)
    return {
        (control, name): result.strip()
        for control, cells in rows
        for name, result in zip(SETTINGS, cells.split("|"), strict=True)
    }


def result(control: str, outdir: Path, settings: RepositorySettings, *, is_template: bool) -> str:
    app = cdk.App(outdir=str(outdir), **WITHOUT_VALIDATION)
    stack = cdk.Stack(app, "Containers")
    if is_template:
        CreationTemplate(stack, "It", prefix="a", applied_for=["REPLICATION"], settings=settings)
    else:
        HardenedRepository(stack, "It", settings=settings)
    app.synth()
    (found,) = evidence(app_resources(read_assembly(outdir)), [], date(2026, 1, 1))["resources"]
    return WORDS[found["controls"][control]["status"]]


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("control", ["ECR.2", "ECR.3", "ECR.5", "CT.ECR.PR.1", "CT.ECR.PR.2", "CT.ECR.PR.3"])
def test_the_page_has_the_result_of_the_rules(control: str, name: str, tmp_path: Path) -> None:
    # A control of Control Tower checks a template of the app, and one of Security Hub the repositories of the account.
    is_template = control.startswith("CT.") and name in CREATED_BY_ECR

    assert table()[control, name] == result(control, tmp_path, getattr(ecr_constructs, name), is_template=is_template)


def test_ecr_1_is_decided_by_the_registry() -> None:
    assert {table()["ECR.1", name] for name in SETTINGS} == {"by the registry"}
