"""The policies of a perimeter leave the operations of the table to requests inside and outside of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from difflib import ndiff
from functools import cache

import pytest
from aws_cdk import aws_iam as iam

from ecr_constructs import HardenedRepository, PrivateRegistry
from tests.permissions.decisions import allowed_actions, request_of
from tests.permissions.documents import REGION, Deployed, repository_arn, resource_policy
from tests.permissions.perimeters import ASKED, MATRIX, PERIMETER, POLICIES, REQUESTS, PerimeterRequest, cells
from tests.permissions.simulator import Document, Request, document
from tests.templates import ACCOUNT, new_app, new_stack

pytestmark = [pytest.mark.slow, pytest.mark.arbiter]

# A policy without the perimeter that allows all, so only the perimeter denies.
ALLOWED = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
FULL_ACCESS = document({"Effect": "Allow", "Action": "*", "Resource": "*"})


@cache
def statements_of_repository() -> Sequence[Document]:
    stack = new_stack(new_app(), "Containers", region=REGION)
    statements = [iam.PolicyStatement.from_json(each) for each in PERIMETER.repository_statements(ACCOUNT)]
    HardenedRepository(stack, "Api", repository_name="prod/api", policy_statements=statements)
    deployed = Deployed(stack).repository("prod/api")
    return resource_policy(deployed, [ALLOWED], repository_arn("prod/api", ACCOUNT))


@cache
def statements_of_registry() -> Sequence[Document]:
    stack = new_stack(new_app(), "Containers", region=REGION)
    statements = [iam.PolicyStatement.from_json(each) for each in PERIMETER.registry_statements(ACCOUNT)]
    PrivateRegistry(stack, "Registry", policy_statements=statements)
    return resource_policy((), [*Deployed(stack).registry(), ALLOWED], repository_arn("prod/api", ACCOUNT))


def with_policy(request: Request, policy: str) -> Request:
    """Return a request that one policy of the perimeter applies to."""
    if policy == "RCP":
        return replace(request, resource_control=[PERIMETER.resource_control_policy()])
    if policy == "SCP":
        return replace(request, service_control=[FULL_ACCESS, PERIMETER.service_control_policy()])
    if policy == "endpoint":
        return replace(request, endpoint=[json.dumps(PERIMETER.endpoint_policy())])
    given = {"repository": statements_of_repository, "registry": statements_of_registry}
    return replace(request, resource_policy=given[policy]()) if policy in given else request


def requests(asked: PerimeterRequest, policy: str) -> Sequence[Request]:
    """Return the requests for all actions, with a policy of the perimeter."""
    found = []
    for operation in POLICIES.get(policy, ASKED):
        for action in ASKED[operation]:
            is_login = operation == "log in"
            resource = "*" if is_login else repository_arn("prod/api", asked.owner)
            owner = asked.caller.account or asked.owner if is_login else asked.owner
            request = request_of(asked.caller, action, resource, owner)
            allowed = replace(request, context=asked.context, resource_policy=() if is_login else [document(ALLOWED)])
            found.append(with_policy(allowed, policy))
    return found


def cell(policy: str, actions: Sequence[str]) -> str:
    """Return the operations of a policy that are left."""
    operations = POLICIES.get(policy, ASKED)
    left = [each for each in operations if {*ASKED[each]} <= {*actions}]
    return "all" if left == [*operations] else ", ".join(left) or "nothing"


def test_each_policy_leaves_the_operations_of_the_table() -> None:
    expected = [cells(line) for line in MATRIX.splitlines()]
    evaluated = {
        f"{name}: {policy}": (policy, requests(REQUESTS[name], policy))
        for name, found in expected
        for policy, operations in zip(POLICIES, found, strict=True)
        if operations != "-"
    }
    allowed = allowed_actions({name: found for name, (_, found) in evaluated.items()})
    lines = [f"{name}: {cell(evaluated[name][0], actions)}" for name, actions in allowed.items()]
    written = [
        f"{name}: {policy}: {operations}"
        for name, found in expected
        for policy, operations in zip(POLICIES, found, strict=True)
        if operations != "-"
    ]

    assert [*ndiff(written, lines)] == [f"  {line}" for line in written]


def test_without_a_perimeter_all_operations_are_allowed() -> None:
    """Without the perimeter, all requests are allowed. Only callers of an account can log in."""
    asked = {name: requests(each, "none") for name, each in REQUESTS.items()}
    refused = {
        name: {request.action for request in asked[name]} - {*actions}
        for name, actions in allowed_actions(asked).items()
    }

    assert {name: actions for name, actions in refused.items() if actions - {*ASKED["log in"]}} == {}
    assert [name for name, actions in refused.items() if actions and REQUESTS[name].caller.account] == []


def test_the_table_has_every_request() -> None:
    assert [cells(line)[0] for line in MATRIX.splitlines()] == list(REQUESTS)
