"""Grants of the CDK's repository that say why they were refused."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, TypeVar, cast

from aws_cdk import aws_iam as iam

from ecr_constructs.policy import RepositoryPolicy

__all__ = ["with_reason"]

_Grant = TypeVar("_Grant", bound=Callable[..., iam.Grant])


class _Granting(Protocol):
    """What has grants: a repository with a policy."""

    policy: RepositoryPolicy


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


def _explained(policy: RepositoryPolicy, grant: _Grant, *args: Any, **options: Any) -> iam.Grant:  # noqa: ANN401
    policy.refusal, policy.is_granting = None, True
    try:
        return grant(*args, **options)
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
