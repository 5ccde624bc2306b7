"""
The owners of literal repository names, one for each name in an account and Region.

The name of a `HardenedRepository` is compared when it is created. Names of `ecr.Repository`, and tokens that resolve to
a literal, are compared when the app synthesizes.
"""

from __future__ import annotations

from collections.abc import Iterator
from weakref import WeakKeyDictionary

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecr as ecr
from constructs import IConstruct, IValidation

from ecr_constructs._cdk.annotations import record_annotation
from ecr_constructs._cdk.environment_registry import Environment, environment_of
from ecr_constructs._cdk.scope import ConstructLocation, location_of
from ecr_constructs._cdk.stack_resources import read_tree, reference
from ecr_constructs.errors import Problems
from ecr_constructs.model.validation import REPOSITORY_NAME, is_token

__all__ = ["check_name", "claim_deletion", "claim_name", "deleted_repositories"]

_TWICE = (
    "repository name {!r} is that of {} in this account and Region, and ECR has one repository for each name; choose "
    "another name, or import the repository with ecr.Repository.from_repository_name"
)
_LATE = (
    "{} and {} have the repository name {!r} in one account and Region, so the second deployment fails with "
    "AlreadyExists; choose another name, or import the repository with ecr.Repository.from_repository_name"
)


def check_name(problems: Problems, place: ConstructLocation, repository_name: str) -> None:
    """
    Check that no other repository of the account and Region has a name.

    Args:
        problems: The collector of problems.
        place: The location of the repository.
        repository_name: The name. A token is compared when the app synthesizes.

    """
    if place.stack is None or is_token(repository_name):
        return
    if (owner := environment_of(place).owner_of("repository", repository_name)) is not None:
        problems.add(_TWICE.format(repository_name, _construct_path(owner)))


def claim_name(resource: ecr.CfnRepository, place: ConstructLocation, repository_name: str | None) -> None:
    """
    Record the owner of a name, and compare the other names of the app when it synthesizes.

    Args:
        resource: The repository.
        place: The location of its construct.
        repository_name: Its name.

    """
    root, stack = place.ancestors[0], place.top_stack
    assert stack is not None  # noqa: S101  (a repository outside a stack was rejected)
    sweep = _sweeps.setdefault(root, _Sweep(root))
    if stack not in sweep.stacks:
        sweep.stacks[stack] = False
        stack.node.add_validation(_Request(sweep, stack))
    if repository_name is None:
        sweep.compared.add(reference(resource))
    elif not is_token(repository_name):
        sweep.compared.add(reference(resource))
        environment_of(place).register_owner(resource, "repository", repository_name)


def claim_deletion(resource: ecr.CfnRepository, place: ConstructLocation, repository_name: str | None) -> None:
    """
    Record a repository that is deleted with its stack.

    A repository without a literal name is recorded by its reference.
    """
    is_known = repository_name is not None and not is_token(repository_name)
    environment_of(place).register_owner(resource, "deleted", str(repository_name) if is_known else reference(resource))


def deleted_repositories(environment: Environment) -> Iterator[tuple[IConstruct, str | None]]:
    """Yield the repositories of an environment that are deleted with their stacks, with known names."""
    for name in environment.registered_names("deleted"):
        if (resource := environment.owner_of("deleted", name)) is not None:
            yield resource, name if REPOSITORY_NAME.accepts(name) else None


class _Sweep:
    """A validation that compares the names of all repositories of an app once in each synthesis."""

    def __init__(self, root: IConstruct) -> None:
        self._root = root
        # Whether the names were compared in this synthesis of a stack.
        self.stacks: dict[cdk.Stack, bool] = {}
        # References of the repositories whose names are known in Python, because each call to JavaScript takes time.
        self.compared: set[str] = set()

    def run(self, stack: cdk.Stack) -> None:
        """Compare the names, unless this synthesis has already compared them for another stack."""
        is_first = self.stacks[stack] or not any(self.stacks.values())
        if is_first:
            self.stacks = dict.fromkeys(self.stacks, False)
            for resource in read_tree(self._root, f"names of {reference(stack)}").repositories:
                if reference(resource) not in self.compared:
                    _compare(resource, stack)
        self.stacks[stack] = True


def _compare(resource: ecr.CfnRepository, synthesized: cdk.Stack) -> None:
    name = resource.stack.resolve(resource.repository_name)
    if not isinstance(name, str):
        return
    here = environment_of(location_of(resource))
    owner = here.owner_of("repository", name)
    if owner is None:
        here.register_owner(resource, "repository", name)
    elif reference(owner) != reference(resource):
        text = _LATE.format(_construct_path(owner), _construct_path(resource), name)
        # A stage that is already synthesized would not display the warning.
        stage = _stage(synthesized)
        place = next((each for each in (resource, owner) if _stage(each) == stage), synthesized)
        cdk.Annotations.of(place).add_warning_v2("ecr-constructs:repositoryNameTwice", text)
        for each in (resource, owner):
            record_annotation(place, "ecr-constructs:repositoryNameTwice", each.node.path)


def _stage(construct: IConstruct) -> str:
    stage = cdk.Stage.of(construct)
    return stage.node.path if stage is not None else ""


def _construct_path(resource: IConstruct) -> str:
    return resource.node.path.removesuffix("/Resource")


@jsii.implements(IValidation)
class _Request:
    def __init__(self, sweep: _Sweep, stack: cdk.Stack) -> None:
        self._sweep = sweep
        self._stack = stack

    def validate(self) -> list[str]:
        self._sweep.run(self._stack)
        return []


_sweeps: WeakKeyDictionary[IConstruct, _Sweep] = WeakKeyDictionary()
