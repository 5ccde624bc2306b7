"""The repositories of alerts, alarms and dashboards: their kind, name, account and Region."""

from __future__ import annotations

from collections.abc import Iterator

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr

from ecr_constructs._cdk.scope import ConstructLocation
from ecr_constructs._cdk.tokens import forwarded_problems
from ecr_constructs.errors import DuckType, Problems
from ecr_constructs.model.validation import REPOSITORY_NAME
from ecr_constructs.monitoring.environments import environment_differences, stage_problems
from ecr_constructs.registry.private_registry import PrivateRegistry

__all__ = ["is_repository", "repository_name", "repository_problems"]

# AWS CodeCommit has repositories, too, and the name of an L1 repository can be None.
_REPOSITORY = DuckType("a repository or its name", "repository_name", "repository_uri")
_EXAMPLE = "HardenedRepository(stack, 'Api')"


def is_repository(value: object) -> bool:
    """Return whether a value is a repository of Amazon ECR, of the app or imported."""
    return Problems().expect("repository", value, _REPOSITORY, _EXAMPLE)


def repository_name(problems: Problems, argument: str, repository: object) -> str:
    """
    Return the name of a repository, and add the problems of a name that is given as text.

    Args:
        problems: The collector of problems.
        argument: The name of the argument.
        repository: Its value.

    """
    if isinstance(repository, str):
        problems.extend(f"{argument}: {problem}" for problem in forwarded_problems(REPOSITORY_NAME, repository))
        return repository
    if isinstance(repository, type):
        problems.add_wrong_kinds(f"{argument} must be {_REPOSITORY.noun}, got a class; create it first")
    elif problems.expect(argument, repository, _REPOSITORY, _EXAMPLE):
        return str(repository.repository_name)  # type: ignore[attr-defined]  # `expect` checked that it has one
    return ""


def repository_problems(
    place: ConstructLocation, argument: str, repository: ecr.IRepository | PrivateRegistry, *, user: str, sent: str
) -> Iterator[str]:
    """
    Yield the problems of a repository in another account, Region or stage than the construct that uses it.

    Args:
        place: The location of the construct.
        argument: The argument that has the repository.
        repository: The repository, or the registry of several.
        user: The noun for the construct, such as `alert`.
        sent: The data of the repository that the construct uses, such as `events`.

    """
    there = cdk.Stack.of(repository) if isinstance(repository, PrivateRegistry) else repository.env
    different = list(environment_differences(place, there))
    for noun, theirs, ours in different:
        yield (
            f"{argument}: {repository.node.path} is in {noun} {theirs}, and the {user} in {ours}; {sent} are sent in "
            f"the {noun} of the repository, so create the {user} in a stack of {theirs}"
        )
    if not different and not isinstance(repository, PrivateRegistry):
        yield from stage_problems(place, argument, repository, repository.repository_name, f"the {user}")
