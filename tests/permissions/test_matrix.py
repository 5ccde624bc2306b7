"""Each intent allows the callers and the operations of the matrix, and denies all others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import ndiff
from typing import get_args, get_type_hints

import pytest

from ecr_constructs import (
    Access,
    CreationTemplate,
    HardenedRepository,
    PrivateRegistry,
    Promotion,
    Publisher,
    PullThroughCache,
    ReplicaRegistry,
)
from ecr_constructs.model.iam.action_names import REGISTRY_ACTIONS, REPOSITORY_ACTIONS
from tests.permissions.decisions import GRANTEE, WITHOUT_RESOURCE, Documents, allowed_actions, allowed_operations
from tests.permissions.intents import INTENTS, build
from tests.permissions.matrix import all_rows
from tests.permissions.operations import ACTIONS, SIGN
from tests.permissions.simulator import Request

pytestmark = pytest.mark.arbiter

# The simulator does not have these actions. For ListImageReferrers, AWS checks ecr:BatchGetImage.
UNKNOWN = {
    "DescribeReplicationBackfillResults",
    "ListImageReferrers",
    "ListReplicationBackfills",
    "StartReplicationBackfill",
    "StopReplicationBackfill",
}
EVERY_ACTION = sorted({f"ecr:{name}" for name in (REPOSITORY_ACTIONS | REGISTRY_ACTIONS) - UNKNOWN} | {*ACTIONS})
# For an action without a resource, and for the signing profile of the account, the repository does not matter.
ON_REPOSITORIES = sorted({*EVERY_ACTION} - WITHOUT_RESOURCE - {SIGN})


def requests() -> Iterator[tuple[str, Sequence[Request]]]:
    """Yield the requests of each caller of each intent, with the beginning of the line of the matrix."""
    for name, intent in INTENTS.items():
        documents = Documents(
            *build(intent), intent.repository, intent.other, scope=intent.scope, existing=intent.existing
        )
        for caller in documents.callers:
            # Other callers have policies of their own for actions without a resource.
            actions = EVERY_ACTION if caller == GRANTEE else [each for each in ACTIONS if each in ON_REPOSITORIES]
            yield (
                f"{name}: {caller}: ",
                [documents.request(caller, action, intent.repository) for action in actions],
            )
            yield (
                f"{name}, another repository: {caller}: ",
                [documents.request(caller, action, intent.other) for action in actions if action in ON_REPOSITORIES],
            )


@pytest.mark.slow
def test_each_intent_allows_the_callers_and_operations_of_the_matrix_and_no_others() -> None:
    allowed = allowed_actions(dict(requests()))
    found = [f"{line}{allowed_operations(actions)}" for line, actions in allowed.items() if actions]
    expected = [f"{row.intent}: {caller}: {', '.join(row.allows)}" for row in all_rows() for caller in row.callers]

    assert [*ndiff(expected, found)] == [f"  {line}" for line in expected]


def test_the_matrix_has_every_intent() -> None:
    assert list(dict.fromkeys(row.intent for row in all_rows())) == list(INTENTS)


def permissions() -> Iterator[str]:
    """Yield each permission of the library, as it is written in the matrix."""
    yield from (f"Access.{name}(" for name in get_args(get_type_hints(Access)["intent"]))
    for name, construct in {
        "repository": HardenedRepository,
        "template": CreationTemplate,
        "cache": PullThroughCache,
        "replica": ReplicaRegistry,
        "registry": PrivateRegistry,
    }.items():
        yield from (f"{name}.{each}(" for each in dir(construct) if each.startswith(("grant", "accept")))
    yield from (f"{each.__name__}" for each in (Publisher, Promotion))


def test_every_permission_of_the_library_is_in_the_matrix() -> None:
    """`intents.py` and `matrix.py` are the places for one that is missing."""
    assert [each for each in permissions() if not any(name.startswith(each) for name in INTENTS)] == []
