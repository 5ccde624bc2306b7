"""The requests of the callers of an intent, and the operations that the results allow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from ecr_constructs.model.iam.action_names import REGISTRY_ACTIONS
from tests.permissions.callers import CALLERS, Caller, role
from tests.permissions.documents import Deployed, Scope, repository_arn, resource_policy
from tests.permissions.intents import PROFILE
from tests.permissions.operations import INSPECTOR, LOGIN, OPERATIONS, SIGN
from tests.permissions.simulator import Document, Request, simulate
from tests.templates import ACCOUNT

GRANTEE = "the role"
WITHOUT_RESOURCE = {f"ecr:{name}" for name in REGISTRY_ACTIONS} - {"ecr:CreateRepository"} | {LOGIN, *INSPECTOR}


class Documents:
    """
    The documents of an app, in the account `ACCOUNT`.

    Args:
        stack: The stack.
        grantee: The role that has a grant.
        repositories: The repositories of the requests.
        scope: The scope of the registry policy in the account.
        existing: Whether the repositories are older than the app, and have no policy of their own.

    Attributes:
        callers: The callers by their name: those of all intents, and the role.

    """

    def __init__(
        self, stack: cdk.Stack, grantee: iam.IRole, *repositories: str, scope: Scope = "V2", existing: bool = False
    ) -> None:
        deployed = Deployed(stack)
        granted = role(ACCOUNT, deployed.role_name(grantee), *deployed.identity(grantee))
        self.callers: Mapping[str, Caller] = {GRANTEE: granted, **CALLERS}
        self._policies = {
            name: resource_policy(
                () if existing else deployed.repository(name),
                deployed.registry(),
                repository_arn(name, ACCOUNT),
                scope=scope,
            )
            for name in repositories
        }

    def request(self, caller: str, action: str, repository: str) -> Request:
        """Return the request of a caller for an action on a repository."""
        resource, policy = self._resource(action, repository)
        request = request_of(self.callers[caller], action, resource, ACCOUNT)
        return replace(request, resource_policy=policy)

    def _resource(self, action: str, repository: str) -> tuple[str, Sequence[Document]]:
        if action in WITHOUT_RESOURCE:
            return "*", ()
        if action == SIGN:
            return PROFILE, ()
        return repository_arn(repository, ACCOUNT), self._policies[repository]


def request_of(caller: Caller, action: str, resource: str, owner: str) -> Request:
    """Return the request of a caller for an action on a resource of an account, without a resource policy."""
    return Request(
        principal=caller.principal,
        action=action,
        resource=resource,
        owner=owner,
        context=caller.context,
        identity=caller.identity,
    )


def allowed_operations(actions: Iterable[str]) -> str:
    """Return the operations whose actions are allowed, and the allowed actions that belong to none of them."""
    found = {*actions}
    operations = [name for name, needed in OPERATIONS.items() if found.issuperset(needed)]
    others = found - {action for name in operations for action in OPERATIONS[name]}
    return ", ".join([*operations, *(f"the action {each}" for each in sorted(others))])


def allowed_actions(requests: Mapping[str, Sequence[Request]]) -> Mapping[str, Sequence[str]]:
    """Return the allowed actions of each group of requests. One run of the simulator decides all."""
    results = iter(simulate([each for group in requests.values() for each in group]))
    return {name: [each.action for each in group if next(results) == "Allowed"] for name, group in requests.items()}
