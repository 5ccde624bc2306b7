"""
The limit of the size of a template.

The CDK does not check it. The policies of the repositories of a stack are checked when the app is validated, which
is before the template is written. The templates that are written are checked with the settings of repositories.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import lru_cache
from weakref import WeakKeyDictionary

import jsii
from constructs import IConstruct, IValidation

from ecr_constructs._cdk.scope import ConstructLocation
from ecr_constructs._cdk.stack_resources import SPREAD
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from ecr_constructs.repository.resource_policy import RepositoryPolicy

__all__ = ["MAXIMUM_TEMPLATE_BYTES", "check_stack_of"]

# The size of a template in Amazon S3 (1 MB):
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
MAXIMUM_TEMPLATE_BYTES = 1_048_576
# The policies of so few repositories are always below 1 MB.
_FEW = 20
# The characters of a repository in a template without its lifecycle policy and its repository policy, at least.
_LEAST_CHARACTERS = 300


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
        check = _checks[place.stack] = _StackCheck()
        place.stack.node.add_validation(check)
    check.repositories.append((lifecycle, policy))


@jsii.implements(IValidation)
class _StackCheck:
    """The check of a stack, with the policies of its repositories."""

    def __init__(self) -> None:
        self.repositories: list[tuple[Callable[[], LifecyclePolicy], RepositoryPolicy]] = []

    def validate(self) -> list[str]:
        """Return the limits that the stack exceeds."""
        return [] if len(self.repositories) <= _FEW else list(self._size_problems())

    def _size_problems(self) -> Iterator[str]:
        lengths = sum(_LEAST_CHARACTERS + _length(lifecycle()) for lifecycle, _ in self.repositories)
        # Statements are read only if the result depends on them.
        if lengths + sum(policy.longest for _, policy in self.repositories) <= MAXIMUM_TEMPLATE_BYTES:
            return
        if (size := lengths + sum(policy.length() for _, policy in self.repositories)) > MAXIMUM_TEMPLATE_BYTES:
            yield (
                f"the template has more than {size:,} bytes for {len(self.repositories):,} repositories and their "
                f"policies, and CloudFormation allows {MAXIMUM_TEMPLATE_BYTES:,} (1 MB); {SPREAD}"
            )


@lru_cache(maxsize=1024)
def _length(lifecycle: LifecyclePolicy) -> int:
    return len(json.dumps(lifecycle.to_json())) if lifecycle.rules else 0


_checks: WeakKeyDictionary[IConstruct, _StackCheck] = WeakKeyDictionary()
