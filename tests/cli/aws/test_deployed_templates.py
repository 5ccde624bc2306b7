"""Images that deployed templates name are in use: those of an account, and those in files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.main import run
from ecr_constructs.cli.sources.kubernetes import read_running_images
from ecr_constructs.cli.sources.template_images import is_asset_repository, names_of_images
from ecr_constructs.model import LifecyclePolicy, limit_images
from tests.cli.aws.cloud import ACCOUNT, REGION, REGISTRY, Cloud, image
from tests.cli.aws.record import Gather
from tests.cli.aws.stacks import add_stack, delete_stack

ASSETS = f"cdk-hnb659fds-container-assets-{ACCOUNT}-{REGION}"
FIRST, SECOND, THIRD = (f"{number:064x}" for number in (7, 8, 9))
# A reference to an image asset, as the CDK writes it.
REFERENCE = f"${{AWS::AccountId}}.dkr.ecr.${{AWS::Region}}.${{AWS::URLSuffix}}/{ASSETS}:{FIRST}"


@pytest.mark.parametrize(
    ("name", "is_of_assets"),
    [
        (ASSETS, True),
        ("cdk-team1-container-assets-111122223333-us-gov-west-1", True),
        ("cdk-hnb659fds-assets-111122223333-eu-west-1", False),
        ("prod/cdk-hnb659fds-container-assets-111122223333-eu-west-1", False),
    ],
)
def test_the_repository_of_assets_is_known_by_its_name(name: str, *, is_of_assets: bool) -> None:
    assert is_asset_repository(name) == is_of_assets


def test_references_and_hashes_are_found_in_any_property() -> None:
    template = {
        "Resources": {
            "Task": {"Properties": {"Image": {"Fn::Sub": REFERENCE}}},
            "Function": {"Properties": {"Code": {"ImageUri": f"{REGISTRY}/prod/api:v1"}}},
            "Other": {"Properties": {"Text": f"{REGISTRY}/prod/web@sha256:{SECOND}", "Short": "abc", "Long": "a" * 65}},
        }
    }

    assert list(names_of_images(template)) == [
        f"{REGISTRY}/prod/api:v1",
        f"{REGISTRY}/prod/web@sha256:{SECOND}",
        FIRST,
        SECOND,
    ]
    assert list(names_of_images(json.dumps(template))) == list(names_of_images(template))


def test_an_asset_that_a_stack_names_is_in_use(cloud: Cloud, gather: Gather) -> None:
    cloud.add(ASSETS, image(1, FIRST), image(2, SECOND), image(3, THIRD))
    add_stack("Service", REFERENCE)
    add_stack("Gone", SECOND)
    delete_stack("Gone")

    fetched = gather(ASSETS, in_use=True)

    assert fetched.problems == fetched.notes == ()
    assert fetched.repositories[0].in_use == {image(1)["imageDigest"]: ("stack Service",)}


def test_templates_are_read_for_repositories_of_assets_only(cloud: Cloud, gather: Gather) -> None:
    cloud.add("prod/api", image(1, FIRST))
    add_stack("Service", FIRST)

    assert gather("prod/api", in_use=True).repositories[0].in_use == {}


def test_stacks_that_cannot_be_listed_are_a_problem(
    cloud: Cloud, gather: Gather, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ecr_constructs.cli.aws import account as module
    from ecr_constructs.cli.aws.errors import CallFailed

    def refuse(*_: object) -> None:
        raise CallFailed("cloudformation:ListStacks is not allowed", "allow it", code="AccessDenied")

    cloud.add(ASSETS, image(1, FIRST))
    monkeypatch.setattr(module, "template_usage", refuse)

    (problem,) = gather(ASSETS, in_use=True).problems
    assert "AWS CloudFormation" in problem
    assert "cloudformation:ListStacks is not allowed" in problem


def listing(folder: Path, *tags: str) -> str:
    details = [
        {**image(n, tag), "imagePushedAt": f"2026-01-0{n}T00:00:00Z", "repositoryName": ASSETS}
        for n, tag in enumerate(tags, start=1)
    ]
    (folder / "images.json").write_text(json.dumps({"imageDetails": details}))
    return str(folder / "images.json")


@pytest.mark.parametrize("as_text", [False, True])
def test_a_gate_keeps_the_assets_in_a_folder_of_templates(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, as_text: bool
) -> None:
    (tmp_path / "policy.json").write_text(LifecyclePolicy.of(limit_images(1)).to_json())
    images = listing(tmp_path, FIRST, SECOND, THIRD)
    templates = tmp_path / "templates"
    templates.mkdir()
    template = {"Resources": {"Task": {"Type": "AWS::ECS::TaskDefinition", "Properties": {"Image": REFERENCE}}}}
    body = {"TemplateBody": json.dumps(template)} if as_text else template
    (templates / "Service.json").write_text(json.dumps(body))
    command = ["preview", str(tmp_path / "policy.json"), "--images", images, "--fail-if", "in-use"]

    assert run([*command, "--in-use-from", str(templates)]) == 4
    out = capsys.readouterr().out

    assert f"{FIRST} would be deleted and is in use by template {templates / 'Service.json'}" in out.replace("\n", "")
    assert f"{SECOND} would be deleted and is in use" not in out


def test_a_file_without_workloads_or_resources_names_both(tmp_path: Path) -> None:
    (tmp_path / "k.json").write_text('{"Outputs": {}}')

    with pytest.raises(CommandError, match=r"kubectl get pods.*aws cloudformation get-template"):
        read_running_images([str(tmp_path / "k.json")])
