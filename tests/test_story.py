"""
The story of the project as a test: a push over a tag that is deployed.

A pipeline builds an image, pushes it as `my-app:production` and deploys it. Later, another image is pushed with the
same tag. The next instance that starts pulls the tag, and runs an image that was not released.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import boto3  # type: ignore[import-untyped]  # it ships no types
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # it ships no types

from ecr_constructs import (
    ADOPTED,
    DigestPinning,
    Guardrails,
    HardenedRepository,
    ImagePin,
    ImageReference,
    Immutability,
)
from ecr_constructs.model.compliance import RULES
from ecr_constructs.model.pins import write_image_pins
from tests.templates import WITHOUT_VALIDATION, properties, resources

RELEASED = "sha256:" + "1" * 64
PUSHED_OVER_IT = "sha256:" + "2" * 64


class Registry:
    """A model of pushes to ECR for the tag mutability in a template."""

    def __init__(self, repository: Mapping[str, Any]) -> None:
        self.immutability = Immutability(
            mode=repository.get("ImageTagMutability", "MUTABLE"),
            filters=[
                each["ImageTagMutabilityExclusionFilterValue"]
                for each in repository.get("ImageTagMutabilityExclusionFilters", ())
            ],
        )
        self.tags: dict[str, str] = {}

    def push(self, digest: str, tag: str) -> None:
        if self.immutability.is_immutable(tag) and self.tags.get(tag, digest) != digest:
            raise ImageTagAlreadyExistsError(tag)
        self.tags[tag] = digest

    def pull(self, image: str) -> str:
        reference = ImageReference.parse(image)
        return reference.digest or self.tags[reference.tag or "latest"]


class ImageTagAlreadyExistsError(Exception):
    """The error of the API for a push to an immutable tag."""


def test_with_a_plain_repository_the_template_lets_somebody_push_over_production(stack: cdk.Stack) -> None:
    registry = Registry(properties(ecr.Repository(stack, "MyApp", repository_name="my-app")))
    registry.push(RELEASED, "production")

    registry.push(PUSHED_OVER_IT, "production")

    assert registry.pull("my-app:production") == PUSHED_OVER_IT


def test_with_a_hardened_repository_the_push_is_rejected_and_production_runs_the_same_image(stack: cdk.Stack) -> None:
    registry = Registry(properties(HardenedRepository(stack, "MyApp", repository_name="my-app")))
    registry.push(RELEASED, "production")

    with pytest.raises(ImageTagAlreadyExistsError):
        registry.push(PUSHED_OVER_IT, "production")

    assert registry.pull("my-app:production") == RELEASED


def test_a_mutable_tag_is_named_and_all_others_are_immutable(stack: cdk.Stack) -> None:
    repository = HardenedRepository(stack, "MyApp", immutability=Immutability.all_tags_except("latest"))
    registry = Registry(properties(repository))
    registry.push(RELEASED, "production")
    registry.push(RELEASED, "latest")

    registry.push(PUSHED_OVER_IT, "latest")
    with pytest.raises(ImageTagAlreadyExistsError):
        registry.push(PUSHED_OVER_IT, "production")

    assert registry.pull("my-app:production") == RELEASED


def test_a_digest_always_names_the_same_image(stack: cdk.Stack) -> None:
    repository = HardenedRepository(stack, "MyApp", settings=ADOPTED, immutability=Immutability.off())
    task = ecs.FargateTaskDefinition(stack, "Task")
    task.add_container("App", image=ecs.ContainerImage.from_registry(repository.image(RELEASED)))

    (definition,) = resources(stack, "AWS::ECS::TaskDefinition").values()
    deployed = definition["Properties"]["ContainerDefinitions"][0]["Image"]["Fn::Join"][1]
    assert deployed[-1] == f"@{RELEASED}"

    registry = Registry(properties(repository))
    registry.push(RELEASED, "production")
    registry.push(PUSHED_OVER_IT, "production")
    assert registry.pull(f"my-app{deployed[-1]}") == RELEASED
    assert ImageReference.parse(f"my-app{deployed[-1]}").is_fixed


# --- which image the next deployment runs -----------------------------------------------------------------------------


class Account:
    """Amazon ECR as moto answers it, with the repository of a template."""

    def __init__(self, repository: Mapping[str, Any]) -> None:
        # moto sets credentials of its own.
        self.ecr = boto3.client("ecr", region_name="eu-west-1")
        mutability = repository.get("ImageTagMutability", "MUTABLE")
        self.ecr.create_repository(repositoryName="my-app", imageTagMutability=mutability)

    def push(self, content: str, tag: str) -> str:
        layer = {"digest": f"sha256:{hashlib.sha256(content.encode()).hexdigest()}", "size": len(content)}
        manifest = {"schemaVersion": 2, "mediaType": MEDIA_TYPE, "config": layer, "layers": [layer]}
        pushed = self.ecr.put_image(repositoryName="my-app", imageManifest=json.dumps(manifest), imageTag=tag)
        return str(pushed["image"]["imageId"]["imageDigest"])

    def pull(self, image: str) -> str:
        reference = ImageReference.parse(image)
        wanted = {"imageDigest": reference.digest} if reference.digest else {"imageTag": reference.tag}
        [pulled] = self.ecr.batch_get_image(repositoryName=reference.repository, imageIds=[wanted])["images"]
        return str(pulled["imageId"]["imageDigest"])


MEDIA_TYPE = "application/vnd.oci.image.manifest.v1+json"
HOST = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"


def deployed(outdir: Path, image: str | None, immutability: Immutability) -> tuple[str, Mapping[str, Any], list[str]]:
    """Return the image of a task definition, the repository in the template, and the findings of `DigestPinning`."""
    app = cdk.App(outdir=str(outdir), **WITHOUT_VALIDATION)
    levels = dict.fromkeys(RULES, "off")
    cdk.Validations.of(app).add_plugins(Guardrails(rules=DigestPinning(), levels=levels))  # type: ignore[arg-type]  # literals
    stack = cdk.Stack(app, "Shop", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    repository = HardenedRepository(stack, "MyApp", repository_name="my-app", immutability=immutability)
    task = ecs.FargateTaskDefinition(stack, "Task")
    used = repository.pinned("production") if image is None else image
    task.add_container("App", image=ecs.ContainerImage.from_registry(used))
    found = stack.resolve(used)
    template = app.synth().get_stack_by_name("Shop").template["Resources"].values()
    [made] = [each["Properties"] for each in template if each["Type"] == "AWS::ECR::Repository"]
    report = outdir / "validation-report.json"
    reports = json.loads(report.read_text(encoding="utf-8"))["pluginReports"] if report.exists() else []
    text = found if isinstance(found, str) else "my-app" + found["Fn::Join"][1][-1]
    return text, made, [each["ruleName"] for each in reports for each in each["violations"]]


@pytest.fixture
def aws() -> Iterator[None]:
    import moto

    with moto.mock_aws():
        yield


@pytest.mark.usefixtures("aws")
def test_the_next_deployment_pulls_the_image_that_was_pushed_over_production(tmp_path: Path) -> None:
    image, repository, findings = deployed(tmp_path, f"{HOST}/my-app:production", Immutability.off())
    account = Account(repository)
    released = account.push("released", "production")
    pushed_over_it = account.push("another", "production")

    assert account.pull(image) == pushed_over_it != released
    assert findings == ["image-tag-mutable"]


@pytest.mark.usefixtures("aws")
def test_the_push_over_an_immutable_tag_is_rejected_and_the_deployment_has_no_finding(tmp_path: Path) -> None:
    image, repository, findings = deployed(tmp_path, f"{HOST}/my-app:production", Immutability.all_tags())
    account = Account(repository)
    released = account.push("released", "production")
    with pytest.raises(ClientError, match="already exists"):
        account.push("another", "production")

    assert account.pull(image) == released
    assert findings == []


@pytest.mark.usefixtures("aws")
def test_the_next_deployment_pulls_the_image_of_the_pin_after_a_push_over_production(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    account = Account({})
    # moto deletes an image that loses its last tag, and ECR keeps it.
    account.push("released", "v1")
    released = account.push("released", "production")
    pin = ImagePin(account="111122223333", region="eu-west-1", repository="my-app", tag="production", digest=released)
    write_image_pins("ecr-pins.json", [pin])
    pushed_over_it = account.push("another", "production")

    image, _, findings = deployed(tmp_path / "cdk.out", None, Immutability.off())

    assert account.pull(image) == released != pushed_over_it
    assert findings == []
