"""
The limits of a stack: its resources, and the size of its template.

The CDK checks the number of resources when it writes the template, and its error is a list of all resource types. It
does not check the size. This module checks both earlier, when the app is validated.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import lru_cache
from weakref import WeakKeyDictionary

import aws_cdk as cdk
import jsii
from constructs import IConstruct, IValidation

from ecr_constructs._cdk.scope import ConstructLocation, reference
from ecr_constructs._documentation import page
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from ecr_constructs.repository.resource_policy import RepositoryPolicy

__all__ = ["MAXIMUM_RESOURCES", "MAXIMUM_TEMPLATE_BYTES", "check_stack_of"]

# Resources in a template, and the size of a template in Amazon S3 (1 MB):
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
MAXIMUM_RESOURCES = 500
MAXIMUM_TEMPLATE_BYTES = 1_048_576
# The context key with which an app changes the limit of the CDK; 0 is no limit.
_LIMIT_OF_THE_CDK = "@aws-cdk/core:stackResourceLimit"
# The policies of so few repositories are always below 1 MB, and more stacks for them would not reduce the resources
# enough.
_FEW = 20
# The characters of a repository in a template without its lifecycle policy and its repository policy, at least.
_LEAST_CHARACTERS = 300

_SPREAD = (
    "spread the repositories over several stacks, such as one for each namespace, and leave those that are deployed in "
    f"their stack ({page('HardenedRepository')}, https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/"
    "cloudformation-limits.html)"
)


def check_stack_of(
    place: ConstructLocation, *, lifecycle: Callable[[], LifecyclePolicy], policy: RepositoryPolicy
) -> None:
    """
    Check the limits of the stack of a repository when the app is validated.

    Args:
        place: The location of the repository.
        lifecycle: The function that returns its lifecycle policy. Rules can be added until synthesis.
        policy: Its repository policy.

    """
    assert place.stack is not None  # noqa: S101  (a repository outside a stack was rejected)
    check = _checks.get(place.stack)
    if check is None:
        check = _checks[place.stack] = _StackCheck(place.stack)
        place.stack.node.add_validation(check)
    check.repositories.append((lifecycle, policy))


@jsii.implements(IValidation)
class _StackCheck:
    """The check of a stack, with the policies of its repositories."""

    def __init__(self, stack: cdk.Stack) -> None:
        self._stack = stack
        self.repositories: list[tuple[Callable[[], LifecyclePolicy], RepositoryPolicy]] = []

    def validate(self) -> list[str]:
        """Return the limits that the stack exceeds."""
        return [] if len(self.repositories) <= _FEW else [*self._resource_problems(), *self._size_problems()]

    def _resource_problems(self) -> Iterator[str]:
        limit = _limit(self._stack.node.try_get_context(_LIMIT_OF_THE_CDK))
        if limit and (count := self._count(limit)) > limit:
            yield (
                f"the stack has {count:,} resources, {len(self.repositories):,} of them repositories, and its limit is "
                f"{limit:,}; {_SPREAD}"
            )

    def _count(self, limit: int) -> int:
        """Return the number of resources of the stack, without those of stacks below it."""
        below = self._stack.node.find_all()
        resources = [each for each in below if isinstance(each, cdk.CfnResource)]
        has_stacks = any(isinstance(each, cdk.Stack) for each in below[1:])
        if len(resources) <= limit or not has_stacks:
            return len(resources)
        own = reference(self._stack)
        return sum(reference(each.stack) == own for each in resources)

    def _size_problems(self) -> Iterator[str]:
        lengths = sum(_LEAST_CHARACTERS + _length(lifecycle()) for lifecycle, _ in self.repositories)
        # Statements are read only if the result depends on them.
        if lengths + sum(policy.longest for _, policy in self.repositories) <= MAXIMUM_TEMPLATE_BYTES:
            return
        if (size := lengths + sum(policy.length() for _, policy in self.repositories)) > MAXIMUM_TEMPLATE_BYTES:
            yield (
                f"the template has more than {size:,} bytes for {len(self.repositories):,} repositories and their "
                f"policies, and CloudFormation allows {MAXIMUM_TEMPLATE_BYTES:,} (1 MB); {_SPREAD}"
            )


def _limit(given: object) -> int:
    """Return the limit of the CDK. Its command line gives a text."""
    return int(str(given)) if str(given).isdecimal() else MAXIMUM_RESOURCES


@lru_cache(maxsize=1024)
def _length(lifecycle: LifecyclePolicy) -> int:
    return len(json.dumps(lifecycle.to_json())) if lifecycle.rules else 0


_checks: WeakKeyDictionary[IConstruct, _StackCheck] = WeakKeyDictionary()
