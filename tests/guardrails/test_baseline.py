"""`enforce_baseline` in apps: a change of a recorded resource stops the synthesis."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr

from ecr_constructs import Encryption, HardenedRepository, Namespace, PrivateRegistry, Replication, enforce_baseline
from ecr_constructs.cli.errors import ExitCode
from ecr_constructs.cli.main import run
from ecr_constructs.errors import EcrConstructsError
from tests.templates import WITHOUT_VALIDATION

ENVIRONMENT = cdk.Environment(account="111122223333", region="eu-west-1")
Build = Callable[[cdk.Stack], object]


def build(stack: cdk.Stack) -> None:
    HardenedRepository(stack, "Api", repository_name="prod/api")
    PrivateRegistry(stack, "Registry", replication=[Replication.to("eu-central-1", repositories=Namespace("prod"))])


def new_app(outdir: Path, construct: Build | None = build, stack: str = "Containers") -> cdk.App:
    app = cdk.App(outdir=str(outdir), **WITHOUT_VALIDATION)
    if construct is not None:
        construct(cdk.Stack(app, stack, env=ENVIRONMENT))
    return app


@pytest.fixture
def baseline(tmp_path: Path) -> str:
    """Record the baseline of the app with the command, and return the file."""
    file = tmp_path / "ecr-baseline.json"
    assembly = new_app(tmp_path / "recorded").synth().directory
    assert run(["baseline", assembly, "--output", str(file)]) == ExitCode.DONE
    return str(file)


def violations(outdir: Path) -> list[dict[str, Any]]:
    path = outdir / "validation-report.json"
    reports = json.loads(path.read_text(encoding="utf-8"))["pluginReports"] if path.exists() else []
    return [each for report in reports for each in report["violations"]]


def synthesized(
    outdir: Path, baseline: str, construct: Build | None, intended: Mapping[str, str] | None = None, **more: Any
) -> tuple[bool, list[dict[str, Any]]]:
    """Return whether the synthesis of a changed app succeeds, and the violations in the report."""
    app = new_app(outdir, construct, **more)
    enforce_baseline(app, baseline, intended=intended)
    try:
        app.synth()
    except RuntimeError as error:
        assert "ValidationFailed" in str(error)  # noqa: PT017  (the success is a result, too)
        return False, violations(outdir)
    return True, violations(outdir)


def test_the_app_that_was_recorded_synthesizes(tmp_path: Path, baseline: str) -> None:
    assert synthesized(tmp_path / "out", baseline, build) == (True, [])


def test_settings_and_new_resources_are_no_violations(tmp_path: Path, baseline: str) -> None:
    def changed(stack: cdk.Stack) -> None:
        build(stack)
        ecr.Repository(stack, "Web", repository_name="prod/web")

    assert synthesized(tmp_path / "out", baseline, changed) == (True, [])


def renamed(stack: cdk.Stack) -> None:
    HardenedRepository(stack, "Api", repository_name="prod/payments")
    PrivateRegistry(stack, "Registry", replication=[Replication.to("eu-central-1", repositories=Namespace("prod"))])


def other_id(stack: cdk.Stack) -> None:
    HardenedRepository(stack, "Payments", repository_name="prod/api")
    PrivateRegistry(stack, "Registry", replication=[Replication.to("eu-central-1", repositories=Namespace("prod"))])


def other_encryption(stack: cdk.Stack) -> None:
    HardenedRepository(stack, "Api", repository_name="prod/api", encryption=Encryption.aws_managed_key())
    PrivateRegistry(stack, "Registry", replication=[Replication.to("eu-central-1", repositories=Namespace("prod"))])


def removed(stack: cdk.Stack) -> None:
    HardenedRepository(stack, "Api", repository_name="prod/api")


@pytest.mark.parametrize(
    ("construct", "rules", "place"),
    [
        (renamed, {"replacement"}, "Containers/ApiF70053CD"),
        (other_id, {"renamed-resource"}, "Containers/ApiF70053CD"),
        (other_encryption, {"replacement", "orphaned-resource"}, "Containers/ApiF70053CD"),
        (removed, {"orphaned-resource"}, "Containers/Registry"),
    ],
)
def test_another_name_encryption_or_logical_id_stops_the_synthesis(
    tmp_path: Path, baseline: str, construct: Build, rules: set[str], place: str
) -> None:
    succeeded, found = synthesized(tmp_path / "out", baseline, construct)

    assert not succeeded
    assert {each["ruleName"] for each in found} == rules
    [first] = [each for each in found if each["description"].startswith(place)]
    assert "differs from the baseline: " in first["description"]
    assert "if the change is intended, add it to intended= as 'Containers/" in first["suggestedFix"]


def test_an_override_of_the_final_template_stops_the_synthesis(tmp_path: Path, baseline: str) -> None:
    def overridden(stack: cdk.Stack) -> None:
        repository = HardenedRepository(stack, "Api", repository_name="prod/api")
        repository.resource.add_property_override("RepositoryName", "prod/web")
        PrivateRegistry(stack, "Registry", replication=[Replication.to("eu-central-1", repositories=Namespace("prod"))])

    succeeded, found = synthesized(tmp_path / "out", baseline, overridden)

    assert (succeeded, [each["ruleName"] for each in found]) == (False, ["replacement"])


def test_a_stack_with_another_name_stops_the_synthesis(tmp_path: Path, baseline: str) -> None:
    succeeded, found = synthesized(tmp_path / "out", baseline, build, stack="Registry")

    assert not succeeded
    # The key has no name, so it is not known to be the same one.
    assert {each["ruleName"] for each in found} == {"renamed-resource", "removed-stack"}


@pytest.mark.parametrize("name", ["Containers/ApiF70053CD", "Containers"])
def test_a_change_that_is_named_as_intended_does_not_stop_the_synthesis(
    tmp_path: Path, baseline: str, name: str
) -> None:
    assert synthesized(tmp_path / "out", baseline, renamed, {name: "renamed with its team"}) == (True, [])


def test_an_intended_change_that_is_not_made_is_a_warning(tmp_path: Path, baseline: str) -> None:
    succeeded, found = synthesized(tmp_path / "out", baseline, build, {"Containers/ApiF70053CD": "renamed"})

    assert succeeded
    assert [(each["ruleName"], each["severity"]) for each in found] == [("unused-intent", "warning")]
    assert "remove the entry" in found[0]["suggestedFix"]


def test_an_intended_change_of_another_resource_does_not_help(tmp_path: Path, baseline: str) -> None:
    succeeded, found = synthesized(tmp_path / "out", baseline, renamed, {"Containers/Web": "renamed"})

    assert not succeeded
    assert {each["ruleName"] for each in found} == {"replacement", "unused-intent"}


def test_an_app_without_the_stack_stops_the_synthesis(tmp_path: Path, baseline: str) -> None:
    succeeded, found = synthesized(tmp_path / "out", baseline, lambda _: None, stack="Empty")

    assert (succeeded, {each["ruleName"] for each in found}) == (False, {"removed-stack"})


def test_a_stack_in_a_second_region_is_no_violation(tmp_path: Path, baseline: str) -> None:
    app = new_app(tmp_path / "out")
    elsewhere = cdk.Environment(account="111122223333", region="us-east-1")
    build(cdk.Stack(app, "Elsewhere", stack_name="Containers", env=elsewhere))
    enforce_baseline(app, baseline)

    app.synth()

    assert violations(tmp_path / "out") == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "no such file or directory; write it with 'ecr-constructs baseline cdk.out'"),
        ("{", "not JSON"),
        ("[]", "not a baseline of version 1"),
        ('{"version": 2, "stacks": {}}', "not a baseline of version 1 (version 2)"),
        ('{"version": 1, "stacks": {"A": 3}}', "stack 'A' has no resources"),
        ('{"version": 1, "stacks": {"A": {"B": null}}}', "the resource A/B has no Type"),
        ('{"version": 1, "stacks": {"A": {"B": {"Type": 3}}}}', "the resource A/B has no Type"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_file_that_is_no_baseline_is_rejected_with_its_path(tmp_path: Path, text: str | None, problem: str) -> None:
    file = tmp_path / "baseline.json"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(EcrConstructsError) as refused:
        enforce_baseline(cdk.App(), str(file))

    assert refused.value.path == str(file)
    assert problem in str(refused.value)


def test_an_intended_change_needs_a_reason(baseline: str) -> None:
    with pytest.raises(EcrConstructsError, match=r"intended\['Containers'\] has no reason"):
        enforce_baseline(cdk.App(), baseline, intended={"Containers": " "})


@pytest.mark.parametrize(
    "arguments", [{"path": 3}, {"scope": "app"}, {"intended": ["Containers"]}, {"intended": {"Containers": 3}}]
)
def test_arguments_of_the_wrong_kind_are_type_errors(baseline: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        enforce_baseline(**{"scope": cdk.App(), "path": baseline, **arguments})
