"""
The policy of a shared key allows administrators, users and ECR what AWS documents, and other principals nothing.

A pull and a push need no permission for the key, because ECR uses grants that it created with the repository:
https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from difflib import ndiff

import pytest
from aws_cdk import aws_iam as iam

from ecr_constructs import CREATED, CreationTemplate, Encryption, HardenedRepository
from tests.permissions.callers import Caller, role
from tests.permissions.decisions import request_of
from tests.permissions.documents import REGION, Deployed
from tests.permissions.keys import MATRIX, OPERATIONS
from tests.permissions.simulator import Document, Request, document, simulate
from tests.templates import ACCOUNT, OTHER_ACCOUNT, new_app, new_stack

pytestmark = [pytest.mark.slow, pytest.mark.arbiter]

ALL_OF_KMS = document({"Effect": "Allow", "Action": "kms:*", "Resource": "*"})


def callers() -> tuple[Mapping[str, Caller], tuple[str, Document]]:
    """Return the callers, and the ARN and the policy of the key."""
    stack = new_stack(new_app(), "Containers", region=REGION)
    encryption = Encryption.shared_key(
        name="payments",
        administrators=[f"arn:aws:iam::{ACCOUNT}:role/keys/admin"],
        users=[f"arn:aws:iam::{ACCOUNT}:role/deployer"],
    )
    grantee = iam.Role(stack, "Grantee", assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"))
    HardenedRepository(stack, "Api", repository_name="payments/api", encryption=encryption).grant_pull_push(grantee)
    template = CreationTemplate(
        stack,
        "Template",
        prefix="payments",
        applied_for=["CREATE_ON_PUSH"],
        settings=CREATED.but(encryption=encryption),
    )
    deployed = Deployed(stack)
    assert template.role is not None
    creator, puller = template.role, grantee
    return {
        "administrator": role(ACCOUNT, "keys/admin"),
        "user": role(ACCOUNT, "deployer"),
        "role with kms:*": role(ACCOUNT, "platform", ALL_OF_KMS),
        "role of the creation template": role(ACCOUNT, deployed.role_name(creator), *deployed.identity(creator)),
        "role that pulls and pushes": role(ACCOUNT, deployed.role_name(puller), *deployed.identity(puller)),
        "role of another account with kms:*": role(OTHER_ACCOUNT, "platform", ALL_OF_KMS),
    }, deployed.key("payments")


def request(caller: Caller, action: str, context: Mapping[str, str], key: tuple[str, Document]) -> Request:
    arn, policy = key
    found = request_of(caller, action, arn, ACCOUNT)
    return replace(found, context={**found.context, **context}, resource_policy=[policy])


def test_the_key_allows_the_operations_of_the_table() -> None:
    principals, key = callers()
    asked = {
        (name, operation): [request(caller, action, context, key) for action in actions]
        for name, caller in principals.items()
        for operation, (actions, context) in OPERATIONS.items()
    }
    results = iter(simulate([each for group in asked.values() for each in group]))
    allowed = {pair: {next(results) for _ in group} == {"Allowed"} for pair, group in asked.items()}
    found = [
        f"{name}: {', '.join(each for each in OPERATIONS if allowed[name, each]) or 'nothing'}" for name in principals
    ]

    assert [*ndiff(MATRIX.splitlines(), found)] == [f"  {line}" for line in MATRIX.splitlines()]
