"""
The resources of stacks, and the limit of their number.

The CDK checks the number when it writes the template, and its error is a list of all resource types. Here it is checked
when the app is validated, which is before. Each construct that is read takes a call to JavaScript, so the
constructs of an app are read once for each synthesis.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from weakref import WeakKeyDictionary, WeakSet

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecr as ecr
from constructs import IConstruct, IValidation

from ecr_constructs._documentation import page

__all__ = ["MAXIMUM_RESOURCES", "SPREAD", "ConstructTree", "limit_resources", "read_tree", "reference"]

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
MAXIMUM_RESOURCES = 500
# The context key with which an app changes the limit of the CDK; 0 is no limit.
_LIMIT_OF_THE_CDK = "@aws-cdk/core:stackResourceLimit"
# The repositories of a stack with fewer are not the cause of too many resources.
_FEW = 20
_PAGES = (
    f"({page('HardenedRepository')}, https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/"
    "cloudformation-limits.html)"
)
SPREAD = (
    "spread the repositories over several stacks, such as one for each namespace, and leave deployed repositories in "
    f"their current stack {_PAGES}"
)
_MOVE = f"move resources that are not deployed yet to another stack, and leave the others in their stack {_PAGES}"


class ConstructTree(NamedTuple):
    """
    The constructs below a construct.

    Attributes:
        repositories: The `AWS::ECR::Repository` resources.
        resources: The number of resources of each stack by its path, with those of stacks below it.

    """

    repositories: tuple[ecr.CfnRepository, ...]
    resources: Mapping[str, int]


def read_tree(root: IConstruct, reader: str) -> ConstructTree:
    """
    Return the constructs below a construct, which are read once for each synthesis.

    Args:
        root: The app, or the stage that is synthesized.
        reader: The reader. If it has read the tree before, this is another synthesis.

    """
    found = _readings.get(root)
    if found is None or reader in found.readers:
        found = _readings[root] = _Reading(_read(root), set())
    found.readers.add(reader)
    return found.tree


class _Reading(NamedTuple):
    tree: ConstructTree
    readers: set[str]


_readings: WeakKeyDictionary[IConstruct, _Reading] = WeakKeyDictionary()


def _read(root: IConstruct) -> ConstructTree:
    repositories, own, stack = [], {"": 0}, ""
    for each in root.node.find_all():
        if isinstance(each, cdk.CfnResource):
            own[stack] += 1
            if isinstance(each, ecr.CfnRepository):
                repositories.append(each)
        elif isinstance(each, cdk.Stack):
            stack = each.node.path
            own[stack] = 0
    # The constructs after a stack within another stack are counted to the inner one.
    resources = dict(own)
    for path, number in own.items():
        parts = path.split("/")
        for end in range(1, len(parts)):
            above = "/".join(parts[:end])
            if above in resources:
                resources[above] += number
    return ConstructTree(tuple(repositories), resources)


def reference(construct: IConstruct) -> str:
    """Return the ID of a construct in JavaScript. Python can have several objects for one that JavaScript created."""
    return str(construct.__jsii_ref__.ref)  # type: ignore[attr-defined]  # every jsii object has one


def limit_resources(stack: cdk.Stack) -> None:
    """
    Check the number of resources of a stack when the app is validated.

    Args:
        stack: The stack of a construct of the library.

    """
    if stack not in _limited:
        _limited.add(stack)
        stack.node.add_validation(_ResourceLimit(stack))


_limited: WeakSet[cdk.Stack] = WeakSet()


@jsii.implements(IValidation)
class _ResourceLimit:
    """The check of a stack."""

    def __init__(self, stack: cdk.Stack) -> None:
        self._stack = stack

    def validate(self) -> list[str]:
        """Return the problem of a stack with too many resources."""
        limit = _limit(self._stack.node.try_get_context(_LIMIT_OF_THE_CDK))
        own = reference(self._stack)
        tree = read_tree(cdk.Stage.of(self._stack) or self._stack.node.root, f"limit of {own}")
        # A stack that a validation creates is not in the tree.
        if not limit or tree.resources.get(self._stack.node.path, limit + 1) <= limit:
            return []
        resources = [each for each in self._stack.node.find_all() if isinstance(each, cdk.CfnResource)]
        count = sum(reference(each.stack) == own for each in resources)
        repositories = sum(reference(each.stack) == own for each in tree.repositories)
        return [] if count <= limit else [_sentence(count, repositories, limit)]


def _sentence(count: int, repositories: int, limit: int) -> str:
    of_them = f", {repositories:,} of them repositories," if repositories else ""
    remedy = SPREAD if repositories > _FEW else _MOVE
    return f"the stack has {count:,} resources{of_them} and its limit is {limit:,}; {remedy}"


def _limit(given: object) -> int:
    """Return the limit of the CDK. Its command line gives a text."""
    return int(str(given)) if str(given).isdecimal() else MAXIMUM_RESOURCES
