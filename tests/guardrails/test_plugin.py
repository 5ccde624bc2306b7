"""`Guardrails` in apps: the findings in the report of the CDK."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam

from ecr_constructs import (
    CREATED,
    Breach,
    Guardrails,
    HardenedRepository,
    LifecyclePolicy,
    PullThroughCache,
    RuleException,
    Upstream,
    compliance_rule,
    expire_older_than,
)
from ecr_constructs.errors import EcrConstructsError
from ecr_constructs.model.compliance.resources import AppResources, TemplateResource
from tests.templates import WITHOUT_VALIDATION


def new_app(outdir: Path, guardrails: Guardrails) -> cdk.App:
    app = cdk.App(outdir=str(outdir), **WITHOUT_VALIDATION)
    cdk.Validations.of(app).add_plugins(guardrails)
    return app


def report(outdir: Path) -> dict[str, Any]:
    path = outdir / "validation-report.json"
    reports = json.loads(path.read_text(encoding="utf-8"))["pluginReports"] if path.exists() else []
    # The comparison of settings is a second plugin with this name.
    ours = [each for each in reports if each["pluginName"] == "ecr-constructs"]
    return dict(ours[0]) if ours else {"violations": []}


def findings(outdir: Path) -> set[tuple[str, str, str]]:
    return {
        (each["ruleName"], each["severity"], place["constructPath"])
        for each in report(outdir)["violations"]
        for place in each["violatingConstructs"]
    }


def exception(resource: str, year: int = 9999) -> RuleException:
    return RuleException(
        resource=resource, rule="tags-immutable", reason="it is a test", owner="us", expires=date(year, 1, 1)
    )


def test_repositories_of_every_origin_are_checked_as_they_are_deployed(tmp_path: Path) -> None:
    app = new_app(tmp_path, Guardrails())
    stack = cdk.Stack(app, "Containers")
    ecr.Repository(stack, "Plain")
    ecr.CfnRepository(stack, "L1")
    HardenedRepository(stack, "Hardened")
    HardenedRepository(stack, "Weakened").resource.image_tag_mutability = "MUTABLE"
    HardenedRepository(stack, "Overridden").resource.add_property_override("ImageTagMutability", "MUTABLE")
    ecr.Repository(cdk.NestedStack(stack, "Nested"), "Inner")
    ecr.Repository(cdk.Stack(cdk.Stage(app, "Prod"), "Stack"), "Staged")

    app.synth()

    mutable = {path for rule, severity, path in findings(tmp_path) if (rule, severity) == ("tags-immutable", "warning")}
    assert mutable == {
        "Containers/Plain/Resource",
        "Containers/L1",
        "Containers/Weakened/Resource",
        "Containers/Overridden/Resource",
        "Containers/Nested/Inner/Resource",
        "Prod/Stack/Staged/Resource",
    }


def test_production_stops_the_synthesis_for_each_control_that_fails(tmp_path: Path) -> None:
    app = new_app(tmp_path, Guardrails.for_production())
    ecr.Repository(cdk.Stack(app, "Containers"), "Plain")

    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()

    assert {rule for rule, severity, _ in findings(tmp_path) if severity == "error"} == {
        "customer-managed-key",
        "images-scanned",
        "lifecycle-policy-present",
        "tags-immutable",
    }


def test_production_accepts_the_defaults_of_a_hardened_repository(tmp_path: Path) -> None:
    app = new_app(tmp_path, Guardrails.for_production())
    HardenedRepository(cdk.Stack(app, "Containers"), "Api")

    app.synth()

    assert findings(tmp_path) == set()


def test_an_acknowledged_error_does_not_stop_the_synthesis(tmp_path: Path) -> None:
    app = new_app(tmp_path, Guardrails(levels={"tags-immutable": "error"}))
    repository = ecr.Repository(cdk.Stack(app, "Containers"), "Plain")
    cdk.Validations.of(repository).acknowledge(
        cdk.Acknowledgment(id="ecr-constructs::tags-immutable", reason="the build uses latest")
    )

    app.synth()

    assert [each["ruleName"] for each in report(tmp_path)["suppressedViolations"]] == ["tags-immutable"]


@pytest.mark.parametrize(
    "name", [lambda _: "Containers/Plain", lambda _: "tools/plain", lambda stack: f"Containers/{stack}"]
)
def test_an_exception_names_a_path_a_name_or_a_logical_id(name: Callable[[str], str], tmp_path: Path) -> None:
    app = cdk.App(outdir=str(tmp_path), **WITHOUT_VALIDATION)
    stack = cdk.Stack(app, "Containers")
    repository = ecr.Repository(stack, "Plain", repository_name="tools/plain")
    resource = repository.node.default_child
    assert isinstance(resource, cdk.CfnElement)
    excepted = exception(name(str(stack.resolve(resource.logical_id))))
    cdk.Validations.of(app).add_plugins(Guardrails(levels={"tags-immutable": "error"}, exceptions=[excepted]))

    app.synth()

    assert {rule for rule, _, _ in findings(tmp_path)} & {"tags-immutable", "exception-unused"} == set()


def test_an_expired_exception_has_no_effect_and_is_reported(tmp_path: Path) -> None:
    app = new_app(tmp_path, Guardrails(exceptions=[exception("Containers/Plain", 2020)]))
    ecr.Repository(cdk.Stack(app, "Containers"), "Plain")

    app.synth()

    path = "Containers/Plain/Resource"
    assert {("tags-immutable", "warning", path), ("exception-expired", "warning", path)} <= findings(tmp_path)


@pytest.mark.parametrize("resource", ["Containers/Api", "Containers/Renamed"])
def test_an_exception_that_no_resource_needs_is_reported(resource: str, tmp_path: Path) -> None:
    app = new_app(tmp_path, Guardrails(exceptions=[exception(resource)]))
    HardenedRepository(cdk.Stack(app, "Containers"), "Api")

    app.synth()

    assert [each["ruleName"] for each in report(tmp_path)["violations"]] == ["exception-unused"]


def test_a_value_of_the_deployment_is_reported_for_controls_only(tmp_path: Path) -> None:
    app = new_app(tmp_path, Guardrails())
    stack = cdk.Stack(app, "Containers")
    mutability = cdk.CfnParameter(stack, "Mutability").value_as_string
    ecr.CfnRepository(stack, "L1", image_tag_mutability=mutability).add_property_override(
        "ImageTagMutabilityExclusionFilters", {"Fn::Split": [",", mutability]}
    )

    app.synth()

    assert ("tags-immutable", "info", "Containers/L1") in findings(tmp_path)
    assert "exclusion-filter-wildcard" not in {rule for rule, _, _ in findings(tmp_path)}


def test_a_custom_rule_is_checked_with_the_others(tmp_path: Path) -> None:
    @compliance_rule("team-prefix", level="error", requirement="A name begins with a team.", remedy="Use team/name.")
    def team_prefix(resource: TemplateResource, app: AppResources) -> Iterator[Breach]:  # noqa: ARG001
        if "/" not in (resource.value("RepositoryName") or ""):
            yield Breach("the name has no team", "Properties/RepositoryName")

    app = new_app(tmp_path, Guardrails(rules=[team_prefix]))
    HardenedRepository(cdk.Stack(app, "Containers"), "Api", repository_name="api")

    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()

    assert findings(tmp_path) == {("team-prefix", "error", "Containers/Api/Resource")}


def test_a_rule_that_is_off_is_not_checked() -> None:
    assert "tags-immutable" not in Guardrails(levels={"tags-immutable": "off"}).rule_ids


def test_unknown_rules_and_levels_are_rejected_together() -> None:
    levels: Any = {"tags-imutable": "error", "images-scanned": "fatal"}
    other = RuleException(resource="A", rule="nothing", reason="b", owner="c", expires=date(2027, 1, 1))

    with pytest.raises(EcrConstructsError) as error:
        Guardrails(levels=levels, exceptions=[other])

    assert len(error.value.problems) == 3


def test_a_stage_has_levels_of_its_own(tmp_path: Path) -> None:
    app = cdk.App(outdir=str(tmp_path), **WITHOUT_VALIDATION)
    for name, guardrails in (("Dev", Guardrails()), ("Prod", Guardrails.for_production())):
        stage = cdk.Stage(app, name)
        cdk.Validations.of(stage).add_plugins(guardrails)
        stack = cdk.Stack(stage, "Containers")
        ecr.Repository(stack, "Plain")
        ecr.Repository(cdk.NestedStack(stack, "Nested"), "Inner")

    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()

    found = json.loads((tmp_path / "validation-report.json").read_text(encoding="utf-8"))["pluginReports"]
    levels = {
        (place["constructPath"], violation["severity"])
        for each in found
        for violation in each["violations"]
        for place in violation["violatingConstructs"]
        if violation["ruleName"] == "tags-immutable"
    }
    assert levels == {
        ("Dev/Containers/Plain/Resource", "warning"),
        ("Dev/Containers/Nested/Inner/Resource", "warning"),
        ("Prod/Containers/Plain/Resource", "error"),
        ("Prod/Containers/Nested/Inner/Resource", "error"),
    }


# --- findings that a construct has as an annotation -------------------------------------------------------------------

EMPTIES = LifecyclePolicy.of(expire_older_than(after_days=30))


def add_findings(stack: cdk.Stack) -> None:
    """Add resources with findings that a construct annotates, and a plain repository with the same policy."""
    HardenedRepository(stack, "Ours", lifecycle=EMPTIES)
    ecr.CfnRepository(stack, "Plain", lifecycle_policy={"lifecyclePolicyText": EMPTIES.to_json()})
    service = HardenedRepository(stack, "Service")
    service.grant_read(iam.ServicePrincipal("codebuild.amazonaws.com"))
    PullThroughCache(stack, "Cache", upstream=Upstream.ecr_public(), settings=CREATED)


ANNOTATED = {
    "Containers/Ours": "lifecycle-age-deletes-newest",
    "Containers/Service": "service-principal-source",
    "Containers/Cache": "cached-tags-mutable",
}


def test_a_finding_that_a_construct_annotates_is_not_repeated(tmp_path: Path) -> None:
    app = new_app(tmp_path, Guardrails())
    stack = cdk.Stack(app, "Containers")
    add_findings(stack)

    annotations = assertions.Annotations.from_stack(stack)

    rules = {(rule, path) for rule, _, path in findings(tmp_path)}
    assert ("lifecycle-age-deletes-newest", "Containers/Plain") in rules
    assert {(path, rule) for rule, path in rules if rule in ANNOTATED.values()} == {
        ("Containers/Plain", "lifecycle-age-deletes-newest")
    }
    anything = assertions.Match.any_value()
    annotations.has_warning("/Containers/Ours/Resource", anything)
    annotations.has_warning("/Containers/Cache", anything)
    annotations.has_info("/Containers/Service", anything)


def test_a_finding_that_is_an_error_stops_the_synthesis_although_it_is_annotated(tmp_path: Path) -> None:
    levels: dict[str, Any] = dict.fromkeys(ANNOTATED.values(), "error")
    app = new_app(tmp_path, Guardrails(levels=levels))
    add_findings(cdk.Stack(app, "Containers"))

    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()

    errors = {(path, rule) for rule, severity, path in findings(tmp_path) if severity == "error"}
    assert all(any(path.startswith(owner) and rule == id for path, rule in errors) for owner, id in ANNOTATED.items())


@pytest.mark.parametrize("create", [Guardrails, Guardrails.for_production])
@pytest.mark.parametrize("levels", ["error", ["tags-immutable"]])
def test_levels_of_another_kind_are_a_typed_error(create: Callable[..., Guardrails], levels: Any) -> None:
    with pytest.raises(TypeError, match="levels must be"):
        create(levels=levels)
