"""Grants of the CDK's repository that say why they were refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, TypeVar, cast

from aws_cdk import aws_iam as iam
from constructs import Node

from ecr_constructs._principals import require_grantee
from ecr_constructs.errors import InvalidRepository
from ecr_constructs.model.grammar import is_token
from ecr_constructs.policy import RepositoryPolicy

__all__ = ["with_reason"]

# The actions that the CDK accepts in a statement.
_ACTION = re.compile(r"\*|[a-zA-Z0-9-]+:[a-zA-Z0-9*]+")
_NO_ACTION = "{!r} is not an action of ECR; a grant takes actions such as 'ecr:BatchGetImage'"

_Grant = TypeVar("_Grant", bound=Callable[..., iam.Grant])


class _Granting(Protocol):
    """A repository with a policy, which has grants."""

    policy: RepositoryPolicy

    @property
    def node(self) -> Node: ...


class _Explained:
    """
    A grant of `ecr.Repository` that says why it was refused.

    Grants are made in JavaScript, which calls our `add_to_resource_policy`; an error comes back from there without
    its type. This is not a function, so that the CDK does not take it for a method that JavaScript should call.
    """

    def __init__(self, grant: Callable[..., iam.Grant]) -> None:
        self._grant = grant

    def __get__(self, repository: _Granting | None, owner: type) -> Callable[..., iam.Grant]:
        return self._grant if repository is None else partial(_explained, repository.policy, self._grant, repository)


def _explained(
    policy: RepositoryPolicy,
    grant: _Grant,
    repository: _Granting,
    *args: Any,  # noqa: ANN401
    **options: Any,  # noqa: ANN401
) -> iam.Grant:
    for grantee in (*args[:1], *options.values()):
        require_grantee(grantee)
    for action in args[1:]:
        if not isinstance(action, str):
            raise TypeError(f"actions must be strings such as 'ecr:BatchGetImage', got {action!r}")
        if not _ACTION.fullmatch(action) and not is_token(action):
            raise InvalidRepository([_NO_ACTION.format(action)], path=repository.node.path)
    policy.refusal, policy.is_granting = None, True
    try:
        return grant(repository, *args, **options)
    except RuntimeError:
        if policy.refusal is not None:
            raise policy.refusal from None
        raise
    finally:
        policy.is_granting = False


def with_reason(grant: _Grant) -> _Grant:
    """
    Wrap a grant of `ecr.Repository` for a subclass.

    Args:
        grant: The method, as in `grant_pull = with_reason(ecr.Repository.grant_pull)`.

    """
    return cast("_Grant", _Explained(grant))
