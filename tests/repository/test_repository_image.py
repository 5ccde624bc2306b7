"""The reference of an image as the value that ECS, Lambda and manifests take, by its tag, its digest or its pin."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_lambda as functions

from ecr_constructs import (
    CreationTemplate,
    HardenedRepository,
    PullThroughCache,
    ReplicaRegistry,
    RepositoryImage,
    Upstream,
)
from ecr_constructs.errors import EcrConstructsError, InvalidName, InvalidRepository
from ecr_constructs.model.iam.permissions import IMPORT, PULL
from tests.templates import ACCOUNT, new_stack, resources, role_statements, statements

DIGEST = f"sha256:{'0123456789abcdef' * 4}"
OTHER = f"sha256:{'1' * 64}"


@pytest.fixture
def home(app: cdk.App) -> cdk.Stack:
    return new_stack(app, "Shop", region="eu-west-1")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


Maker = Callable[[cdk.Stack], Callable[..., RepositoryImage]]
# Each construct with images, the image, and the name of its repository in the registry.
SOURCES: dict[str, tuple[Maker, str, str]] = {
    "repository": (lambda stack: HardenedRepository(stack, "It", repository_name="prod/api").image, "v1", "prod/api"),
    "cache": (
        lambda stack: PullThroughCache(stack, "It", upstream=Upstream.ecr_public()).image,
        "docker/library/nginx:v1",
        "ecr-public/docker/library/nginx",
    ),
    "template": (
        lambda stack: CreationTemplate(stack, "It", prefix="teams", applied_for=["CREATE_ON_PUSH"]).image,
        "teams/api:v1",
        "teams/api",
    ),
    "replica": (lambda stack: ReplicaRegistry(stack, "It", source_region="us-east-1").image, "prod/api:v1", "prod/api"),
}
each_source = pytest.mark.parametrize("source", SOURCES)


@each_source
def test_ecs_uses_the_image_and_its_execution_role_can_pull_it(home: cdk.Stack, source: str) -> None:
    make, name, _ = SOURCES[source]
    image = make(home)(name)
    task = ecs.FargateTaskDefinition(home, "Task")
    task.add_container("App", image=image.for_ecs())

    (definition,) = resources(home, "AWS::ECS::TaskDefinition").values()
    assert definition["Properties"]["ContainerDefinitions"][0]["Image"] == home.resolve(str(image))
    allowed = {action for each in role_statements(home) for action in _listed(each["Action"])}
    assert allowed >= {*PULL, *(IMPORT if source == "cache" else ()), "ecr:GetAuthorizationToken"}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_lambda_uses_the_image_of_a_repository_and_the_policy_allows_it(home: cdk.Stack) -> None:
    repository = HardenedRepository(home, "Api")
    functions.DockerImageFunction(home, "Function", code=repository.image(DIGEST).for_lambda())

    (function,) = resources(home, "AWS::Lambda::Function").values()
    assert function["Properties"]["Code"]["ImageUri"] == home.resolve(repository.repository_uri_for_digest(DIGEST))
    assert [each["Principal"] for each in statements(repository)] == [{"Service": "lambda.amazonaws.com"}]


@pytest.mark.parametrize("source", ["cache", "template", "replica"])
def test_an_image_that_lambda_cannot_pull_is_an_error(home: cdk.Stack, source: str) -> None:
    make, name, _ = SOURCES[source]

    with pytest.raises(InvalidName, match="AWS Lambda"):
        make(home)(name).for_lambda()


def test_the_image_is_a_string_for_manifests_and_properties(home: cdk.Stack) -> None:
    image = HardenedRepository(home, "Api", repository_name="prod/api").image("v1")

    assert isinstance(image, str)
    assert home.resolve(home.to_json_string({"image": image}))
    cdk.CfnOutput(home, "Image", value=image)
    assert type(pickle.loads(pickle.dumps(image))) is str


# --- dual-stack hosts -------------------------------------------------------------------------------------------------


@each_source
def test_the_dual_stack_host_is_that_of_the_region(app: cdk.App, source: str) -> None:
    make, name, repository = SOURCES[source]
    for region, suffix in (("eu-west-1", "on.aws"), ("cn-north-1", "on.amazonwebservices.com.cn")):
        stack = new_stack(app, f"Stack-{region}", region=region)
        if region.startswith("cn-") and source == "replica":
            continue
        image = make(stack)(name, dual_stack=True)

        text = stack.resolve(image)
        shown = text if isinstance(text, str) else "".join(map(str, text["Fn::Join"][1]))
        assert shown.startswith(f"{ACCOUNT}.dkr-ecr.{region}.{suffix}/")
        assert shown.endswith(f"{repository}:v1") or source == "repository"
        with pytest.raises(InvalidName, match="AWS Lambda"):
            image.for_lambda()


def test_a_dual_stack_host_needs_a_region_that_has_one(stack: cdk.Stack, app: cdk.App) -> None:
    with pytest.raises(InvalidName, match="depends on the Region, which is known only at deployment"):
        HardenedRepository(stack, "Api").image("v1", dual_stack=True)
    secret = HardenedRepository(new_stack(app, "Iso", region="us-iso-east-1"), "Api")
    with pytest.raises(InvalidName, match="no dual-stack host") as refused:
        secret.image("v1", dual_stack=True)
    assert refused.value.path == "Iso/Api"


# --- pins -------------------------------------------------------------------------------------------------------------


def write(folder: Path, images: Any, name: str = "ecr-pins.json") -> None:
    (folder / name).write_text(json.dumps({"version": 1, "images": images}), encoding="utf-8")


@each_source
def test_a_pinned_tag_is_the_digest_of_the_file(home: cdk.Stack, folder: Path, source: str) -> None:
    make, name, repository = SOURCES[source]
    write(
        folder,
        {f"{ACCOUNT}/eu-west-1": {f"{repository}:v1": DIGEST}, "999999999999/eu-west-1": {f"{repository}:v1": OTHER}},
    )
    image = make(home)
    construct = home.node.find_child("It")

    pinned = construct.pinned(name)  # type: ignore[attr-defined]  # each construct of the table has it

    plain = image(name.replace("v1", DIGEST) if source == "repository" else name.replace(":v1", f"@{DIGEST}"))
    assert home.resolve(pinned) == home.resolve(plain)
    assert isinstance(pinned, RepositoryImage)
    dual = construct.pinned(name, dual_stack=True)  # type: ignore[attr-defined]  # as above
    assert "dkr-ecr" in dual
    with pytest.raises(EcrConstructsError) as refused:
        construct.pinned(name.replace("v1", "v9"))  # type: ignore[attr-defined]  # as above
    assert refused.value.path == construct.node.path
    (problem,) = refused.value.problems
    assert problem == (
        f"ecr-pins.json has no pin for {repository}:v9 of {ACCOUNT} in eu-west-1; run 'ecr-constructs pin --image "
        f"{repository}:v9 --live --region eu-west-1' with credentials of {ACCOUNT}"
    )


def test_the_context_names_another_file_and_a_changed_file_is_read_again(home: cdk.Stack, folder: Path) -> None:
    home.node.set_context("ecr-constructs/pins", "deploy/pins.json")
    repository = HardenedRepository(home, "Api", repository_name="api")
    with pytest.raises(EcrConstructsError, match=r"there is no file deploy/pins.json .*--pins deploy/pins.json"):
        repository.pinned("v1")
    (folder / "deploy").mkdir()
    for digest in (DIGEST, OTHER):
        write(
            folder / "deploy",
            {f"{ACCOUNT}/eu-west-1": {"api:v1": digest, f"pad{digest[-3:]}/x:v1": digest}},
            "pins.json",
        )
        (folder / "deploy" / "pins.json").touch()

        assert repository.pinned("v1").endswith(f"@{digest}")


def test_a_stack_without_an_environment_uses_the_only_digest(stack: cdk.Stack, folder: Path) -> None:
    repository = HardenedRepository(stack, "Api", repository_name="api")
    write(folder, {"111122223333/eu-west-1": {"api:v1": DIGEST}, "444455556666/eu-west-1": {"api:v1": DIGEST}})
    assert repository.pinned("v1").endswith(DIGEST)

    write(folder, {"111122223333/eu-west-1": {"api:v1": DIGEST}, "444455556666/eu-west-1": {"api:v1": OTHER}})
    with pytest.raises(EcrConstructsError, match="different pins for api:v1 in 111122223333/eu-west-1, 444455556666"):
        repository.pinned("v1")


def test_an_image_that_cannot_be_pinned_is_an_error(home: cdk.Stack, folder: Path) -> None:
    write(folder, {})
    named = HardenedRepository(home, "Named", repository_name="api")
    with pytest.raises(InvalidRepository, match="give repository_name="):
        HardenedRepository(home, "Unnamed").pinned("v1")
    with pytest.raises(InvalidName, match="image tag 'v 1'"):
        named.pinned("v 1")
    with pytest.raises(TypeError, match="tag must be"):
        named.pinned(1)  # type: ignore[arg-type]  # this is the test
    cache = PullThroughCache(home, "Cache", upstream=Upstream.quay())
    with pytest.raises(InvalidName, match="has a digest; use image"):
        cache.pinned(f"org/api@{DIGEST}")
