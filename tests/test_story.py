"""
The story of the project as a test: a push over a tag that is deployed.

A pipeline builds an image, pushes it as `my-app:production` and deploys it. Later, another image is pushed with the
same tag. The next instance that starts pulls the tag, and runs an image that was not released.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs

from ecr_constructs import ADOPTED, HardenedRepository, ImageReference, Immutability
from tests.templates import properties, resources

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


def test_with_a_hardened_repository_the_push_is_rejected_and_production_stays(stack: cdk.Stack) -> None:
    registry = Registry(properties(HardenedRepository(stack, "MyApp", repository_name="my-app")))
    registry.push(RELEASED, "production")

    with pytest.raises(ImageTagAlreadyExistsError):
        registry.push(PUSHED_OVER_IT, "production")

    assert registry.pull("my-app:production") == RELEASED


def test_a_tag_that_is_meant_to_move_is_named_and_the_others_still_do_not(stack: cdk.Stack) -> None:
    repository = HardenedRepository(stack, "MyApp", immutability=Immutability.all_tags_except("latest"))
    registry = Registry(properties(repository))
    registry.push(RELEASED, "production")
    registry.push(RELEASED, "latest")

    registry.push(PUSHED_OVER_IT, "latest")
    with pytest.raises(ImageTagAlreadyExistsError):
        registry.push(PUSHED_OVER_IT, "production")

    assert registry.pull("my-app:production") == RELEASED


def test_a_digest_names_the_image_itself_and_cannot_move_at_all(stack: cdk.Stack) -> None:
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
