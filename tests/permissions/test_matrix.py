"""Each intent allows the callers and the operations of the matrix, and refuses all others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import ndiff

import pytest

from ecr_constructs.model.iam.action_names import REGISTRY_ACTIONS, REPOSITORY_ACTIONS
from tests.permissions.callers import CALLERS, Caller, role
from tests.permissions.documents import Deployed, repository_arn, resource_policy
from tests.permissions.intents import INTENTS, PROFILE, Intent, build
from tests.permissions.matrix import MATRIX, rows
from tests.permissions.operations import ACTIONS, LOGIN, OPERATIONS, SIGN
from tests.permissions.simulator import Document, Request, simulate
from tests.templates import ACCOUNT

pytestmark = [pytest.mark.slow, pytest.mark.arbiter]

GRANTEE = "the role"
# The simulator does not have these actions. For ListImageReferrers, AWS checks ecr:BatchGetImage.
UNKNOWN = {
    "DescribeReplicationBackfillResults",
    "ListImageReferrers",
    "ListReplicationBackfills",
    "StartReplicationBackfill",
    "StopReplicationBackfill",
}
EVERY_ACTION = sorted({f"ecr:{name}" for name in (REPOSITORY_ACTIONS | REGISTRY_ACTIONS) - UNKNOWN} | {*ACTIONS})
WITHOUT_RESOURCE = {f"ecr:{name}" for name in REGISTRY_ACTIONS} - {"ecr:CreateRepository"} | {LOGIN}


class Documents:
    """
    The documents of the app of an intent.

    Args:
        intent: The intent.

    """

    def __init__(self, intent: Intent) -> None:
        stack, grantee = build(intent)
        deployed = Deployed(stack)
        granted = role(ACCOUNT, deployed.role_name(grantee), *deployed.identity(grantee))
        self.callers: Mapping[str, Caller] = {GRANTEE: granted, **CALLERS}
        self._policies = {
            name: resource_policy(deployed.repository(name), deployed.registry(), repository_arn(name, ACCOUNT))
            for name in (intent.repository, intent.other)
        }

    def request(self, caller: str, action: str, repository: str) -> Request:
        """Return the request of a caller for an action."""
        found = self.callers[caller]
        resource, policy = self._resource(action, repository)
        return Request(
            principal=found.principal,
            action=action,
            resource=resource,
            owner=ACCOUNT,
            context=found.context,
            identity=found.identity,
            resource_policy=policy,
        )

    def _resource(self, action: str, repository: str) -> tuple[str, Sequence[Document]]:
        if action in WITHOUT_RESOURCE:
            return "*", ()
        if action == SIGN:
            return PROFILE, ()
        return repository_arn(repository, ACCOUNT), self._policies[repository]


def requests(intent: str) -> Iterator[tuple[tuple[str, str, str], Request]]:
    """Yield the requests of an intent, with the caller, the repository and the action of each."""
    documents, about = Documents(INTENTS[intent]), INTENTS[intent]
    for caller in documents.callers:
        # For an action without a resource, the policies of the caller decide alone.
        actions = EVERY_ACTION if caller == GRANTEE else [*filter(lambda each: each not in WITHOUT_RESOURCE, ACTIONS)]
        for repository in (about.repository, about.other):
            for action in actions:
                yield (caller, repository, action), documents.request(caller, action, repository)


def allowed(actions: set[str]) -> str:
    """Return the operations whose actions are allowed, and the actions that belong to none of them."""
    operations = [name for name, needed in OPERATIONS.items() if actions.issuperset(needed)]
    others = actions - {action for name in operations for action in OPERATIONS[name]}
    return ", ".join([*operations, *(f"the action {each}" for each in sorted(others))])


def lines(intent: str, found: Mapping[tuple[str, str, str], bool]) -> Iterator[str]:
    """Yield a line for each caller and repository with an allowed action."""
    about = INTENTS[intent]
    for caller in dict.fromkeys(caller for caller, _, _ in found):
        for repository in (about.repository, about.other):
            actions = {
                action
                for (who, where, action), is_allowed in found.items()
                if is_allowed and (who, where) == (caller, repository)
            }
            if repository == about.other:
                actions -= WITHOUT_RESOURCE | {SIGN}
            if actions:
                place = "" if repository == about.repository else " on another repository"
                yield f"{intent}: {caller}: {allowed(actions)}{place}"


def judged() -> list[str]:
    """Return the lines of all intents, as the simulator decides them."""
    asked = [(intent, key, request) for intent in INTENTS for key, request in requests(intent)]
    found: dict[str, dict[tuple[str, str, str], bool]] = {intent: {} for intent in INTENTS}
    for (intent, key, _), result in zip(asked, simulate([each[2] for each in asked]), strict=True):
        found[intent][key] = result == "Allowed"
    return [line for intent in INTENTS for line in lines(intent, found[intent])]


def test_each_intent_allows_the_callers_and_operations_of_the_matrix_and_no_others() -> None:
    expected = [f"{row.intent}: {caller}: {', '.join(row.allows)}" for row in rows(MATRIX) for caller in row.callers]

    assert [*ndiff(expected, judged())] == [f"  {line}" for line in expected]
