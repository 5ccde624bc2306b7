"""Images for container definitions of Amazon ECS."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import jsii
from aws_cdk import aws_iam as iam
from constructs import Construct

if TYPE_CHECKING:
    from aws_cdk import aws_ecs as ecs

__all__ = ["pulled_image"]

_GrantPull = Callable[[iam.IGrantable], object]


def pulled_image(text: str, grant_pull: _GrantPull) -> ecs.ContainerImage:
    """
    Return an image that the execution role of a task definition can pull.

    Args:
        text: The reference.
        grant_pull: Grants the permissions to pull the image.

    """
    image: ecs.ContainerImage = _image_class()(text, grant_pull)
    return image


@cache
def _image_class() -> Any:  # noqa: ANN401  (a class of a module that is imported here)
    # `aws_ecs` takes time to import, and most apps do not use it with this library.
    from aws_cdk import aws_ecs as ecs

    class PulledImage(ecs.ContainerImage):
        """An image with the permission to pull it."""

        def __init__(self, text: str, grant_pull: _GrantPull) -> None:
            super().__init__()
            self._text = text
            self._grant_pull = grant_pull

        @jsii.member(jsii_name="bind")
        def bind(
            self,
            scope: Construct,  # noqa: ARG002  (the signature of the CDK)
            container_definition: ecs.ContainerDefinition,
        ) -> ecs.ContainerImageConfig:
            """Grant the permissions, and return the reference. The CDK calls it."""
            self._grant_pull(container_definition.task_definition.obtain_execution_role())
            return ecs.ContainerImageConfig(image_name=self._text)

    return PulledImage
