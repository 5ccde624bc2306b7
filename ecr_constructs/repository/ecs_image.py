"""Images for container definitions of Amazon ECS. The module imports `aws_ecs`, so it is imported when it is used."""

from __future__ import annotations

from collections.abc import Callable

import jsii
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from constructs import Construct

__all__ = ["PulledImage"]


class PulledImage(ecs.ContainerImage):
    """
    An image that the execution role of a task definition can pull.

    Args:
        text: The reference.
        grant_pull: Grants the permissions to pull the image.

    """

    def __init__(self, text: str, grant_pull: Callable[[iam.IGrantable], object]) -> None:
        super().__init__()
        self._text = text
        self._grant_pull = grant_pull

    @jsii.member(jsii_name="bind")
    def bind(self, scope: Construct, container_definition: ecs.ContainerDefinition) -> ecs.ContainerImageConfig:  # noqa: ARG002  (the signature of the CDK)
        """Grant the permissions, and return the reference. The CDK calls it."""
        self._grant_pull(container_definition.task_definition.obtain_execution_role())
        return ecs.ContainerImageConfig(image_name=self._text)
