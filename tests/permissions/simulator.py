"""
The policy simulator: `@cloud-copilot/iam-simulate` in one Node process, which decides all requests at once.

`make build/permissions/.ready` installs it from `package-lock.json`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

PROGRAM = Path(__file__).with_name("simulate.mjs")
INSTALLED = Path(__file__).parents[2] / "build/permissions"

Result = Literal["Allowed", "ExplicitlyDenied", "ImplicitlyDenied"]
# A policy document as JSON text, so requests can share it.
Document = str


def document(*statements: Mapping[str, Any]) -> Document:
    """Return a policy document with statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, sort_keys=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """
    A request to AWS, with all documents that decide it.

    Attributes:
        principal: The ARN of the session of a role, or the name of a service. None for an anonymous request.
        action: The action that AWS checks.
        resource: The ARN of the resource, or `*` for an action without one.
        owner: The account of the resource.
        context: The values of condition keys.
        identity: The identity policies of the principal.
        resource_policy: The policy of the resource: at most one document.
        service_control: The service control policies of the account of the principal.
        resource_control: The resource control policies of the account of the resource.
        endpoint: The policy of the VPC endpoint of the request.

    """

    principal: str | None
    action: str
    resource: str
    owner: str
    context: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    identity: Sequence[Document] = ()
    resource_policy: Sequence[Document] = ()
    service_control: Sequence[Document] = ()
    resource_control: Sequence[Document] = ()
    endpoint: Sequence[Document] = ()


# The documents of a request, by the kind of the policy.
_DOCUMENTS = {
    "identity": "identity",
    "resource": "resource_policy",
    "service_control": "service_control",
    "resource_control": "resource_control",
    "endpoint": "endpoint",
}


def simulate(requests: Sequence[Request]) -> Sequence[Result]:
    """Return the result of each request. One Node process decides all of them."""
    if not (INSTALLED / ".ready").exists():
        pytest.fail("the policy simulator is not installed; run `make build/permissions/.ready`")
    policies: dict[str, dict[Document, int]] = {kind: {} for kind in _DOCUMENTS}
    written = [json.dumps(_written(each, policies)) for each in requests]
    different = list(dict.fromkeys(written))
    documents = {kind: [json.loads(text) for text in found] for kind, found in policies.items()}
    # A module of `--eval` finds packages in the current folder.
    run = subprocess.run(
        [_node(), "--input-type=module", "--eval", PROGRAM.read_text(encoding="utf-8")],
        input=json.dumps({"policies": documents, "requests": [json.loads(each) for each in different]}),
        cwd=INSTALLED,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    results: Mapping[str, Result] = dict(zip(different, json.loads(run.stdout), strict=True))
    return [results[each] for each in written]


def _written(request: Request, policies: Mapping[str, dict[Document, int]]) -> Mapping[str, Any]:
    """Return a request with the positions of its documents, which are added to the policies."""
    positions = {
        name: [policies[kind].setdefault(text, len(policies[kind])) for text in getattr(request, name)]
        for kind, name in _DOCUMENTS.items()
    }
    names = ("principal", "action", "resource", "owner", "context")
    return {**{name: getattr(request, name) for name in names}, **positions}


def _node() -> str:
    """Return the Node of the environment of the tests."""
    return str(Path(sys.prefix) / "bin/node")
