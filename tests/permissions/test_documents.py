"""
The combination of the policies of a repository and its registry, and the simulator, decide as AWS documents it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html,
https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html and
https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import pytest

from ecr_constructs import CREATED, Access, CreationTemplate
from ecr_constructs.model.names import ROOT
from tests.permissions.callers import ADMINISTRATOR, Caller, role
from tests.permissions.decisions import request_of
from tests.permissions.documents import REGION, Deployed, repository_arn, resource_policy
from tests.permissions.simulator import Request, simulate
from tests.templates import ACCOUNT, OTHER_ACCOUNT, new_app, new_stack

pytestmark = [pytest.mark.slow, pytest.mark.arbiter]

API, WEB = (repository_arn(name, ACCOUNT) for name in ("prod/api", "prod/web"))
OURS, OURS_WITH_POLICY = role(ACCOUNT, "builder"), role(ACCOUNT, "builder", ADMINISTRATOR)
THEIRS, THEIRS_WITH_POLICY = role(OTHER_ACCOUNT, "builder"), role(OTHER_ACCOUNT, "builder", ADMINISTRATOR)
Statements = Sequence[Mapping[str, Any]]


def statement(effect: str, action: str, account: str, **members: Any) -> Mapping[str, Any]:
    return {"Effect": effect, "Action": action, "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, **members}


PULL, NO_PULL = (statement(effect, "ecr:BatchGetImage", OTHER_ACCOUNT) for effect in ("Allow", "Deny"))
PULL_BY_ROLE = {**PULL, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/builder"}}
EVERY_PULL = {**PULL, "Resource": "*"}
NO_PULL_OF_PROD = statement("Deny", "ecr:BatchGetImage", OTHER_ACCOUNT, Resource=repository_arn("prod/*", ACCOUNT))
REPLICATION = statement("Allow", "ecr:ReplicateImage", OTHER_ACCOUNT, Resource="*")
EVERYTHING = statement("Allow", "ecr:*", OTHER_ACCOUNT, Resource="*")


def asked(
    caller: Caller,
    repository: Statements = (),
    registry: Statements = (),
    *,
    action: str = "ecr:BatchGetImage",
    of: str = API,
    scope: Literal["V1", "V2"] = "V2",
) -> Request:
    request = request_of(caller, action, of, ACCOUNT)
    return replace(request, resource_policy=resource_policy(repository, registry, API, scope=scope))


# Each sentence of AWS, with a request and its result.
CASES: Mapping[str, tuple[Request, bool]] = {
    "without a policy, a principal of the account is refused": (asked(OURS), False),
    "an identity policy suffices in the account of the repository": (asked(OURS_WITH_POLICY), True),
    "a repository policy for a role suffices in its account": (asked(OURS, [PULL_BY_ROLE]), True),
    "an identity policy does not suffice for another account": (asked(THEIRS_WITH_POLICY), False),
    "a repository policy does not suffice for another account": (asked(THEIRS, [PULL]), False),
    "another account needs both": (asked(THEIRS_WITH_POLICY, [PULL]), True),
    "a registry policy allows as a repository policy does": (asked(THEIRS_WITH_POLICY, [], [EVERY_PULL]), True),
    "a denial of the repository policy decides": (asked(THEIRS_WITH_POLICY, [PULL, NO_PULL]), False),
    "a denial of the registry policy decides": (asked(THEIRS_WITH_POLICY, [PULL], [NO_PULL_OF_PROD]), False),
    "a denial of the repository policy decides over the registry policy": (
        asked(THEIRS_WITH_POLICY, [NO_PULL], [EVERY_PULL]),
        False,
    ),
    "a repository policy is for its repository": (asked(THEIRS_WITH_POLICY, [PULL], of=WEB), False),
    "a registry policy is for all its repositories": (asked(THEIRS_WITH_POLICY, [], [EVERY_PULL], of=WEB), True),
    "scope V1 ignores a pull": (asked(THEIRS_WITH_POLICY, [], [EVERY_PULL], scope="V1"), False),
    "scope V1 ignores a denial of a pull": (asked(THEIRS_WITH_POLICY, [PULL], [NO_PULL_OF_PROD], scope="V1"), True),
    "scope V1 has replication": (
        asked(THEIRS_WITH_POLICY, [], [REPLICATION], action="ecr:ReplicateImage", scope="V1"),
        True,
    ),
    "scope V1 has the imports of a wildcard": (
        asked(THEIRS_WITH_POLICY, [], [EVERYTHING], action="ecr:BatchImportUpstreamImage", scope="V1"),
        True,
    ),
    "scope V1 does not have the pulls of a wildcard": (asked(THEIRS_WITH_POLICY, [], [EVERYTHING], scope="V1"), False),
    "scope V2 has the pulls of a wildcard": (asked(THEIRS_WITH_POLICY, [], [EVERYTHING]), True),
}


def test_the_documents_decide_as_aws_documents_it() -> None:
    results = simulate([request for request, _ in CASES.values()])
    found = {name: result == "Allowed" for name, result in zip(CASES, results, strict=True)}

    assert found == {name: is_allowed for name, (_, is_allowed) in CASES.items()}


def test_a_request_that_cannot_be_simulated_is_an_error() -> None:
    with pytest.raises(AssertionError, match=r"cannot be simulated: \{\"message\":\"invalid.action\"\}"):
        simulate([asked(OURS, action="ecr:Pull")])


def test_an_invalid_document_is_an_error() -> None:
    with pytest.raises(AssertionError, match="cannot be simulated"):
        simulate([asked(OURS, [{**PULL, "Effect": "Permit"}])])


def test_a_created_repository_has_the_policy_of_the_template_with_the_longest_prefix() -> None:
    stack = new_stack(new_app(), "Containers", region=REGION)
    for index, prefix in enumerate((ROOT, "teams", "teams/one")):
        settings = CREATED.but(access=[Access.account_pull(f"{index}" * 12)])
        CreationTemplate(stack, f"T{index}", prefix=prefix, applied_for=["CREATE_ON_PUSH"], settings=settings)
    deployed = Deployed(stack)

    found = {
        name: deployed.repository(name)[0]["Principal"]["AWS"]
        for name in ("api", "teams/api", "teams/one/api", "teams/onetwo")
    }
    assert found == {
        "api": "arn:aws:iam::000000000000:root",
        "teams/api": "arn:aws:iam::111111111111:root",
        "teams/one/api": "arn:aws:iam::222222222222:root",
        "teams/onetwo": "arn:aws:iam::111111111111:root",
    }
