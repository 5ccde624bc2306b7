"""Policies of organizations, VPC endpoints and the registry limit what the intents allow, as in the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import ndiff

import pytest

from tests.permissions.decisions import GRANTEE, Documents, allowed_actions, allowed_operations
from tests.permissions.guardrails import GUARDRAILS, MATRIX, Guardrail, intent_and_caller
from tests.permissions.intents import INTENTS, build
from tests.permissions.matrix import rows
from tests.permissions.operations import ACTIONS, LOGIN
from tests.permissions.simulator import Request

pytestmark = [pytest.mark.slow, pytest.mark.arbiter]


def requests(guardrail: Guardrail, intent: str, caller: str) -> Iterator[Request]:
    """Yield the requests of a caller with a guardrail."""
    stack, role = build(INTENTS[intent])
    guardrail.add(stack, role)
    documents = Documents(stack, role, INTENTS[intent].repository, scope=guardrail.scope)
    for action in ACTIONS:
        if caller != GRANTEE and action == LOGIN:
            continue
        request = documents.request(caller, action, INTENTS[intent].repository)
        yield replace(
            request,
            context={**request.context, **guardrail.context},
            service_control=guardrail.service_control,
            resource_control=guardrail.resource_control,
            endpoint=guardrail.endpoint,
        )


def test_each_guardrail_leaves_the_operations_of_the_table() -> None:
    asked: Mapping[str, Sequence[Request]] = {
        f"{row.intent}: {', '.join(row.callers)}": [*requests(GUARDRAILS[row.intent], *intent_and_caller(row))]
        for row in rows(MATRIX)
    }
    found = [f"{line}: {allowed_operations(actions) or 'nothing'}" for line, actions in allowed_actions(asked).items()]
    expected = [f"{row.intent}: {', '.join(row.callers)}: {', '.join(row.allows)}" for row in rows(MATRIX)]

    assert [*ndiff(expected, found)] == [f"  {line}" for line in expected]


def test_the_table_has_every_guardrail() -> None:
    assert list(dict.fromkeys(row.intent for row in rows(MATRIX))) == list(GUARDRAILS)
