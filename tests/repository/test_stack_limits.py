"""A stack that exceeds a limit of CloudFormation is rejected before the CDK writes its template."""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm

from ecr_constructs import (
    EPHEMERAL,
    CreationTemplate,
    Encryption,
    HardenedRepository,
    LifecyclePolicy,
    PrivateRegistry,
    Scanning,
    keep_latest,
)
from ecr_constructs._cdk.stack_resources import MAXIMUM_RESOURCES
from ecr_constructs.repository.stack_limits import MAXIMUM_TEMPLATE_BYTES
from tests.templates import WITHOUT_VALIDATION

# The policies of 40 can be longer than a template.
REPOSITORIES = 40


def keep_rules(count: int) -> LifecyclePolicy:
    return LifecyclePolicy.of(*(keep_latest(10, matching=f"{'x' * 250}-{n}-*") for n in range(count)))


LONG = keep_rules(36)
NEARLY_TOO_LONG = keep_rules(33)
TOO_LARGE = "for 40 repositories and their policies, and CloudFormation allows 1,048,576"


def stack_with(
    others: int, *, repositories: int = REPOSITORIES, context: dict[str, Any] | None = None, **options: Any
) -> tuple[cdk.App, cdk.Stack]:
    app = cdk.App(context=context, analytics_reporting=False, **WITHOUT_VALIDATION)
    stack = cdk.Stack(app, "Containers")
    for number in range(repositories):
        settings = EPHEMERAL.but(encryption=Encryption.aes256())
        HardenedRepository(stack, f"R{number}", repository_name=f"team/r{number}", settings=settings, **options)
    for number in range(others):
        cdk.CfnResource(stack, f"Other{number}", type="AWS::SNS::Topic")
    return app, stack


def test_a_stack_with_as_many_resources_as_the_limit_synthesizes() -> None:
    app, stack = stack_with(MAXIMUM_RESOURCES - REPOSITORIES)

    template = app.synth().get_stack_by_name(stack.stack_name).template
    assert len(template["Resources"]) == MAXIMUM_RESOURCES


def test_a_stack_with_one_resource_more_is_rejected_with_the_way_out() -> None:
    app, _ = stack_with(MAXIMUM_RESOURCES - REPOSITORIES + 1)

    with pytest.raises(RuntimeError) as refused:
        app.synth()
    [problem] = [each for each in str(refused.value).splitlines() if "[Containers]" in each]
    assert "the stack has 501 resources, 40 of them repositories, and its limit is 500; spread the" in problem
    assert "cloudformation-limits.html" in problem
    # The CDK's own error.
    assert "greater than allowed maximum" not in str(refused.value)


def test_a_stack_with_few_repositories_is_counted_too() -> None:
    app, _ = stack_with(500, repositories=1)

    with pytest.raises(RuntimeError) as refused:
        app.synth()
    assert "501 resources, 1 of them repositories, and its limit is 500; move resources that are" in str(refused.value)
    assert "greater than allowed maximum" not in str(refused.value)


def test_a_stack_without_repositories_and_each_stage_are_counted() -> None:
    app = cdk.App(analytics_reporting=False, **WITHOUT_VALIDATION)
    for name, region, others in (("One", "eu-west-1", 10), ("Two", "us-east-1", 500)):
        place = cdk.Environment(account="111122223333", region=region)
        stack = cdk.Stack(cdk.Stage(app, name), "Registry", env=place)
        PrivateRegistry(stack, "Registry", scanning=Scanning.basic())
        for number in range(others):
            cdk.CfnResource(stack, f"Other{number}", type="AWS::SNS::Topic")

    with pytest.raises(RuntimeError, match=r"\[Two/Registry\] the stack has 501 resources and its limit is 500"):
        app.synth()


def test_resources_that_were_added_after_a_synthesis_are_counted() -> None:
    app, stack = stack_with(MAXIMUM_RESOURCES - REPOSITORIES)
    app.synth()
    cdk.CfnResource(stack, "Later", type="AWS::SNS::Topic")

    with pytest.raises(RuntimeError, match="the stack has 501 resources, 40 of them"):
        app.synth(force=True)


@pytest.mark.parametrize(("limit", "is_accepted"), [(300, False), ("300", False), (600, True), (0, True)])
def test_the_limit_of_the_app_is_used(limit: object, *, is_accepted: bool) -> None:
    app, _ = stack_with(MAXIMUM_RESOURCES - REPOSITORIES + 1, context={"@aws-cdk/core:stackResourceLimit": limit})

    if is_accepted:
        app.synth()
        return
    with pytest.raises(RuntimeError, match="and its limit is 300"):
        app.synth()


def test_the_resources_of_a_nested_stack_are_in_a_template_of_their_own() -> None:
    app, stack = stack_with(MAXIMUM_RESOURCES - REPOSITORIES - 2)
    cdk.CfnResource(cdk.NestedStack(stack, "Nested"), "Other", type="AWS::SNS::Topic")
    cdk.CfnResource(stack, "AfterNested", type="AWS::SNS::Topic")

    app.synth()
    cdk.CfnResource(stack, "OneMore", type="AWS::SNS::Topic")
    with pytest.raises(RuntimeError, match="the stack has 501 resources, 40 of them"):
        app.synth(force=True)


def test_a_template_that_is_too_large_is_rejected_before_it_is_written() -> None:
    app, _ = stack_with(0, lifecycle=LONG)

    with pytest.raises(RuntimeError, match=TOO_LARGE):
        app.synth()


def test_rules_and_statements_that_were_added_count_too() -> None:
    app, stack = stack_with(0, lifecycle=NEARLY_TOO_LONG)
    repositories = [each for each in stack.node.children if isinstance(each, HardenedRepository)]
    for repository in repositories[:20]:
        for number in range(6):
            repository.add_lifecycle_rule(max_image_count=1, tag_pattern_list=[f"{number}-{'y' * 200}"])
    for repository in repositories[20:]:
        for number in range(40):
            repository.grant_pull(iam.AccountPrincipal(f"{number + 1:012}"))

    with pytest.raises(RuntimeError, match=TOO_LARGE):
        app.synth()


def test_the_estimated_size_is_never_more_than_the_size_of_the_template() -> None:
    app, stack = stack_with(0, lifecycle=NEARLY_TOO_LONG)

    path = Path(app.synth().get_stack_by_name(stack.stack_name).template_full_path)
    # The estimate is 96 % of the limit, and the synthesis succeeds.
    estimate = REPOSITORIES * (300 + len(json.dumps(NEARLY_TOO_LONG.to_json())))
    assert 0.9 * MAXIMUM_TEMPLATE_BYTES < estimate < MAXIMUM_TEMPLATE_BYTES
    assert path.stat().st_size > estimate


def test_a_template_that_is_larger_than_the_estimate_is_an_error_after_it_is_written(tmp_path: Path) -> None:
    app = cdk.App(outdir=str(tmp_path), **WITHOUT_VALIDATION)
    stack = cdk.Stack(app, "Containers")
    CreationTemplate(stack, "Template", prefix="team", applied_for=["CREATE_ON_PUSH"])
    ssm.CfnParameter(stack, "Large", type="String", value="x" * MAXIMUM_TEMPLATE_BYTES)

    # The oldest supported CDK writes the report, and `app.synth()` raises no error.
    with contextlib.suppress(RuntimeError):
        app.synth()
    text = (tmp_path / "validation-report.json").read_text(encoding="utf-8")
    (report,) = [each for each in json.loads(text)["pluginReports"] if each["conclusion"] == "failure"]
    (violation,) = report["violations"]
    assert (violation["ruleName"], violation["severity"]) == ("template-too-large", "error")
    assert re.match(
        r"the template of Containers has 1,04\d,\d{3} bytes, and CloudFormation allows 1,048,576 \(1 MB\)",
        violation["description"],
    )
