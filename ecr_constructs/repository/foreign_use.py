"""
The use of a repository without a name in another account or Region.

The CDK resolves the references of all templates, and then validates the app. It requests the name of a repository
while it resolves, and there each error has the prefix `Resolution error:` once for each level of the value. Therefore
the request returns a placeholder, the constructs that use it are collected, and the validation has the error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from weakref import WeakSet

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecr as ecr
from constructs import IConstruct, IValidation

from ecr_constructs.errors import InvalidRepository

__all__ = ["UNNAMED", "ForeignUse", "role_problem", "use_problems"]

# The repositories without `repository_name=`, so that a grant on another repository takes no calls to JavaScript.
UNNAMED: WeakSet[object] = WeakSet()
_PLACEHOLDER = "repository-name-is-required"
_UNKNOWN = "unknown-"
_ACCOUNT = re.compile(r"(?<=:iam::)[0-9]{12}")
# More users are counted.
_SHOWN_USERS = 3
_TEXT = (
    "the repository is used in another account or Region, and has no repository_name=, so its ARN is known only in "
    "its own stack; it is in {here}, and {users}; give it a repository_name=, which replaces a repository that is "
    "deployed without one, or use HardenedRepository.from_repository_arn in the other stack{more}"
)
_SAME_ACCOUNT = ", or set cross_region_references=True for the other stack"
_NO_ENVIRONMENT = "; the stack of the repository also needs env="


@jsii.implements(cdk.IStringProducer, IValidation)
class ForeignUse:
    """
    The name that the CDK requests for a repository without one.

    Args:
        repository: The repository.

    """

    def __init__(self, repository: ecr.Repository) -> None:
        """Start without constructs that use the repository."""
        self._repository = repository
        self._users: dict[str, IConstruct] = {}

    def produce(self, context: cdk.IResolveContext) -> str:
        """
        Return a placeholder while the CDK collects the references of the app. The CDK calls it.

        Args:
            context: The construct that uses the name.

        Raises:
            InvalidRepository: When a template is written, or a value is resolved before the synthesis.

        """
        users = {context.scope.node.path: context.scope}
        if not context.preparing:
            raise InvalidRepository([_problem(self._repository, users)], path=self._repository.node.path)
        self._users |= users
        return _PLACEHOLDER

    def validate(self) -> list[str]:
        """Return the problem, with the constructs that use the repository. The CDK calls it."""
        return [_problem(self._repository, self._users)]


def _problem(repository: ecr.IRepository, users: Mapping[str, IConstruct]) -> str:
    """
    Return the problem with the use of a repository without a name.

    Args:
        repository: The repository.
        users: The constructs that use it, by path. Those of its own environment are left out.

    """
    here = _environment(cdk.Stack.of(repository))
    places = {path.removesuffix("/Resource"): _environment(cdk.Stack.of(each)) for path, each in users.items()}
    return _describe(here, {path: place for path, place in places.items() if place != here})


def _describe(here: str, places: Mapping[str, str]) -> str:
    """
    Return the problem with the use of a repository without a name.

    Args:
        here: The account and the Region of the repository, such as `111122223333/eu-west-1`.
        places: The account and the Region of each user.

    """
    shown = [f"{path} is in {place}" for path, place in list(places.items())[:_SHOWN_USERS]]
    shown += [f"{len(places) - _SHOWN_USERS:,} more use it"] if len(places) > _SHOWN_USERS else []
    accounts = {each.partition("/")[0] for each in (here, *places.values())}
    more = _NO_ENVIRONMENT if _UNKNOWN in here else _SAME_ACCOUNT if len(accounts) == 1 else ""
    return _TEXT.format(here=here, users=" and ".join(shown), more=more)


def role_problem(repository: ecr.Repository, statement: Mapping[str, Any]) -> str:
    """
    Return the problem with the statement that a grant of the CDK writes for a role in a stack of another account.

    Args:
        repository: The repository.
        statement: The statement, as the CDK writes it.

    """
    stack = cdk.Stack.of(repository)
    account = _ACCOUNT.search(str(stack.resolve(statement["Principal"])))
    return _describe(_environment(stack), {"a role": account[0] if account else "another account"})


def use_problems(repository: ecr.IRepository, user: IConstruct) -> Iterator[str]:
    """
    Yield the reason why a construct cannot use a repository without a name.

    The CDK decides it, because Python cannot read `cross_region_references` of a stack.

    Args:
        repository: The repository.
        user: The construct that uses it, such as a role.

    """
    here, there = cdk.Stack.of(repository), cdk.Stack.of(user)
    if here is there or _environment(here) == _environment(there):
        return
    try:
        there.resolve(repository.repository_arn)
    except RuntimeError:
        yield _problem(repository, {user.node.path: user})


def _environment(stack: cdk.Stack) -> str:
    return str(stack.environment).removeprefix("aws://")
