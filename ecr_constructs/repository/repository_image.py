"""`RepositoryImage`: the reference of an image as text, and as a value for Amazon ECS and AWS Lambda."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs._cdk.tokens import is_unresolved
from ecr_constructs.errors import DuckType, InvalidName, Problems
from ecr_constructs.model.registry_hosts import dual_stack_host
from ecr_constructs.repository.ecs_image import pulled_image

if TYPE_CHECKING:
    from aws_cdk import aws_ecs as ecs
    from aws_cdk import aws_lambda as functions

__all__ = ["DUAL_STACK_FUNCTION", "RepositoryImage", "dual_stack_registry", "function_code"]

# The reason why `for_lambda` is rejected.
DUAL_STACK_FUNCTION = "AWS does not document dual-stack hosts for functions of AWS Lambda; remove dual_stack=True"
_FUNCTION = DuckType("a function", "__call__")


class RepositoryImage(str):
    """
    The reference of an image: a string for manifests and properties, and values for Amazon ECS and AWS Lambda.

    `image()` and `pinned()` of a repository, a cache, a creation template and a replica return it.

    >>> from aws_cdk import App, Stack
    >>> from aws_cdk import aws_ecs as ecs
    >>> from ecr_constructs import HardenedRepository
    >>> stack = Stack(App(), "Shop")
    >>> image = HardenedRepository(stack, "Api").image("v1.4.2")
    >>> task = ecs.FargateTaskDefinition(stack, "Task")
    >>> _ = task.add_container("App", image=image.for_ecs())
    >>> image.endswith(":v1.4.2")
    True

    """

    __slots__ = ("_function_code", "_grant_pull", "_path")

    _grant_pull: Callable[[iam.IGrantable], object]
    _function_code: Callable[[], functions.DockerImageCode] | str
    _path: str

    def __new__(  # noqa: PYI034  (there is no subclass)
        cls,
        text: str,
        *,
        path: str,
        grant_pull: Callable[[iam.IGrantable], object],
        function_code: Callable[[], functions.DockerImageCode] | str,
    ) -> RepositoryImage:
        """
        Return the reference with the text and the permissions.

        Args:
            text: The reference.
            path: The construct path, for errors.
            grant_pull: Grants the permissions to pull the image.
            function_code: Returns the code of a function, or is the reason why a function cannot use the image.

        Raises:
            TypeError: If arguments are of the wrong kind.

        """
        problems = Problems()
        problems.expect("text", text, str, "'111122223333.dkr.ecr.eu-west-1.amazonaws.com/api:v1'")
        problems.expect("path", path, str, "'Shop/Api'")
        problems.expect("grant_pull", grant_pull, _FUNCTION, "repository.grant_pull")
        if not isinstance(function_code, str):
            problems.expect("function_code", function_code, _FUNCTION, "'a reason'")
        problems.raise_if_any(InvalidName)
        image = super().__new__(cls, text)
        image._path = path
        image._grant_pull = grant_pull
        image._function_code = function_code
        return image

    def for_ecs(self) -> ecs.ContainerImage:
        """Return the image for `add_container(image=)`. The execution role of the task definition can pull it."""
        return pulled_image(str(self), self._grant_pull)

    def for_lambda(self) -> functions.DockerImageCode:
        """
        Return the code for `lambda.DockerImageFunction(code=)`. The repository policy allows AWS Lambda to pull it.

        Raises:
            InvalidName: If AWS Lambda cannot use the image, because it is in a cache or in a repository that ECR
                creates, or has a dual-stack host.

        """
        if isinstance(self._function_code, str):
            raise InvalidName([self._function_code], path=self._path)
        return self._function_code()

    def __copy__(self) -> RepositoryImage:
        """Return the reference itself, because it contains the permissions of a construct."""
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> RepositoryImage:
        """Return the reference itself, as `copy.copy` does."""
        return self

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        """Return the text, because a copy in another process has no constructs."""
        return str, (str(self),)


def dual_stack_registry(construct: Construct) -> str:
    """
    Return the dual-stack host of the registry of a construct.

    Args:
        construct: The construct.

    Raises:
        InvalidName: If the Region is known only at deployment, or has no documented dual-stack host.

    """
    stack = cdk.Stack.of(construct)
    if is_unresolved(stack.region):
        problem = "dual_stack=True depends on the Region, which is known only at deployment; give the stack env="
        raise InvalidName([problem], path=construct.node.path)
    try:
        return dual_stack_host(stack.account, stack.region)
    except InvalidName as error:
        raise InvalidName(error.problems, path=construct.node.path) from None


def function_code(repository: ecr.IRepository, tag_or_digest: str) -> functions.DockerImageCode:
    """
    Return the code of a function of AWS Lambda.

    Args:
        repository: The repository.
        tag_or_digest: The tag or the digest.

    """
    # `aws_lambda` takes time to import, and most apps do not use this function.
    from aws_cdk import aws_lambda as functions

    return functions.DockerImageCode.from_ecr(repository, tag_or_digest=tag_or_digest)
