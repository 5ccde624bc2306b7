"""The assertion that a change replaces nothing, and the subjects of all assertions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk.assertions import Template

from ecr_constructs.cli.main import run
from ecr_constructs.errors import EcrConstructsError
from ecr_constructs.testing import assert_not_scanned, assert_replaces_nothing
from tests.testing.apps import message_of, repository, template

KMS = {"EncryptionConfiguration": {"EncryptionType": "KMS"}}
OLD = template(Api=repository(), Web=repository("prod/web"))


@pytest.mark.parametrize(
    ("new", "places"),
    [
        (template(Api=repository(), Web=repository("prod/web"), New=repository("x")), []),
        (template(Api=repository(ImageTagMutability="IMMUTABLE"), Web=repository("prod/web")), []),
        (template(Api=repository(**KMS), Web=repository("prod/shop")), ["template/Api", "template/Web"]),
        (template(Two=repository(), Web=repository("prod/web")), ["template/Api"]),
        (template(Api=repository()), ["template/Web"]),
    ],
)
def test_every_resource_that_is_replaced_or_deleted_is_listed(new: dict[str, Any], places: list[str]) -> None:
    if not places:
        assert_replaces_nothing(OLD, new)
        return
    first, *lines = message_of(lambda: assert_replaces_nothing(OLD, new))
    assert first == f"resources that the update replaces, deletes, renames or orphans ({len(places)}):"
    assert [each.split(":")[0].strip() for each in lines] == places
    assert all("; " in each for each in lines)
    assert_replaces_nothing(OLD, new, intended=places)


def test_an_old_state_without_resources_of_ecr_is_rejected() -> None:
    [line] = message_of(lambda: assert_replaces_nothing(template(), OLD))

    assert line == "the old state has no ECR resource, so the assertion would always hold"


def app_of(folder: Path) -> tuple[cdk.App, cdk.Stack]:
    app = cdk.App(outdir=str(folder))
    stack = cdk.Stack(app, "Containers")
    ecr.Repository(stack, "Api", repository_name="prod/api")
    ecr.Repository(cdk.NestedStack(stack, "Inner"), "Web", repository_name="prod/web")
    ecr.Repository(cdk.Stack(cdk.Stage(app, "Prod"), "Jobs"), "Jobs", repository_name="prod/jobs")
    return app, stack


def names_in(subject: Any) -> str:
    [line] = message_of(lambda: assert_not_scanned(subject, "nowhere"))
    return line.removeprefix("no repository is named nowhere; there are ")


def test_every_kind_of_subject_is_read(tmp_path: Path) -> None:
    app, stack = app_of(tmp_path / "out")
    stage = next(each for each in app.node.children if isinstance(each, cdk.Stage))
    nested = next(each for each in stack.node.children if isinstance(each, cdk.NestedStack))

    assert names_in(app) == "prod/api, prod/web, prod/jobs"
    assert names_in(str(tmp_path / "out")) == names_in(tmp_path / "out") == "prod/api, prod/web, prod/jobs"
    assert names_in(stack) == "prod/api, prod/web"
    assert names_in(nested) == "prod/web"
    assert names_in(stage) == "prod/jobs"
    assert names_in(Template.from_stack(stack)) == "prod/api"
    assert names_in(tmp_path / "out" / "Containers.template.json") == "prod/api"
    assert names_in(template(Api=repository())) == "prod/api"


def test_a_baseline_of_the_command_is_an_old_state(tmp_path: Path) -> None:
    _, stack = app_of(tmp_path / "out")
    stack.node.root.synth()  # type: ignore[attr-defined]  # the root is an app
    file = tmp_path / "ecr-baseline.json"
    run(["baseline", str(tmp_path / "out"), "--output", str(file)])

    assert_replaces_nothing(file, stack.node.root)
    recorded = json.loads(file.read_text(encoding="utf-8"))
    [logical_id] = recorded["stacks"]["Containers"]
    recorded["stacks"]["Containers"][logical_id]["Properties"]["RepositoryName"] = "prod/shop"
    file.write_text(json.dumps(recorded), encoding="utf-8")
    [_, line] = message_of(lambda: assert_replaces_nothing(file, stack.node.root))
    assert line.startswith(f"  Containers/{logical_id}: RepositoryName changes")


@pytest.mark.parametrize("subject", [None, 3, [], {"Resources": []}])
def test_another_kind_of_subject_is_a_type_error(subject: Any) -> None:
    with pytest.raises(TypeError):
        assert_not_scanned(subject)


def test_a_construct_that_is_no_stack_is_a_type_error(tmp_path: Path) -> None:
    _, stack = app_of(tmp_path / "out")

    with pytest.raises(TypeError, match="pass the stack that contains it"):
        assert_not_scanned(stack.node.find_child("Api"))


def test_a_file_that_cannot_be_read_is_rejected_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")

    with pytest.raises(EcrConstructsError, match=r"broken\.json"):
        assert_not_scanned(tmp_path / "broken.json")
    with pytest.raises(FileNotFoundError):
        assert_not_scanned(tmp_path / "missing.json")


def test_templates_without_a_repository_are_rejected() -> None:
    [line] = message_of(lambda: assert_not_scanned(template()))

    assert line.startswith("the templates have no AWS::ECR::Repository")
