"""
Documents that limit what the intents allow: policies of an organization, of a VPC endpoint and of the registry.

The table is written from AWS's documentation:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html and
https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from ecr_constructs import HardenedRepository, Perimeter, PrivateRegistry
from tests.permissions.callers import ORGANIZATION
from tests.permissions.documents import Scope, repository_arn
from tests.permissions.matrix import Row, permission, rows, table
from tests.permissions.simulator import Document, document
from tests.templates import ACCOUNT

_ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
_PUSHES = ["ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"]
_PULLS = ["ecr:BatchGetImage", "ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer"]
ENDPOINT = "vpce-0a1b2c3d4e5f60718"


def _unchanged(_: cdk.Stack, __: iam.IRole) -> None:
    """Add nothing to the stack of the intent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Guardrail:
    """
    A limit of what an intent allows.

    Attributes:
        add: A function that adds it to the stack of the intent, for the role of the grant.
        service_control: Service control policies of the account of the caller.
        resource_control: Resource control policies of the account of the repository.
        endpoint: The policy of the VPC endpoint of the requests.
        context: Values of condition keys in the requests.
        scope: The scope of the registry policy in the account.

    """

    add: Callable[[cdk.Stack, iam.IRole], None] = _unchanged
    service_control: Sequence[Document] = ()
    resource_control: Sequence[Document] = ()
    endpoint: Sequence[Document] = ()
    context: Mapping[str, str] = field(default_factory=dict)
    scope: Scope = "V2"


def _deny_creation(stack: cdk.Stack, _: iam.IRole) -> None:
    deployer = "arn:aws:iam::111122223333:role/cdk-hnb659fds-cfn-exec-role-111122223333-eu-west-1"
    PrivateRegistry(stack, "Registry").deny_repository_creation(except_for=[deployer])


def _deny_creation_except_for_role(stack: cdk.Stack, role: iam.IRole) -> None:
    PrivateRegistry(stack, "Registry").deny_repository_creation(except_for=[role])


def _only_through_endpoint(stack: cdk.Stack, _: iam.IRole) -> None:
    repository = stack.node.find_child("Api")
    assert isinstance(repository, HardenedRepository)
    repository.add_to_resource_policy(
        iam.PolicyStatement(
            effect=iam.Effect.DENY,
            principals=[iam.AnyPrincipal()],
            actions=["ecr:*"],
            conditions={"StringNotEquals": {"aws:SourceVpce": ENDPOINT}},
        )
    )


def _perimeter_of_scope_v1(stack: cdk.Stack, _: iam.IRole) -> None:
    found = [each for each in stack.node.find_all() if isinstance(each, PrivateRegistry)]
    registry = found[0] if found else PrivateRegistry(stack, "Registry")
    for statement in Perimeter(organization=ORGANIZATION).registry_statements(ACCOUNT, scope="V1"):
        registry.add_to_resource_policy(iam.PolicyStatement.from_json(statement))


# A service control policy without an Allow denies all. Therefore AWS attaches FullAWSAccess.
# https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html
_NO_PUSH = document(_ALL, {"Effect": "Deny", "Action": _PUSHES, "Resource": "*"})
_ORGANIZATION_ONLY = document(
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "ecr:*",
        "Resource": "*",
        "Condition": {
            "StringNotEqualsIfExists": {"aws:PrincipalOrgID": ORGANIZATION},
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
        },
    }
)
_PULLS_ONLY = document({"Effect": "Allow", "Principal": "*", "Action": _PULLS, "Resource": "*"})
_ONE_REPOSITORY = document(
    {"Effect": "Allow", "Principal": "*", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
    {"Effect": "Allow", "Principal": "*", "Action": "ecr:*", "Resource": repository_arn("prod/web", ACCOUNT)},
)
_NO_DELETION = document(
    {**_ALL, "Principal": "*"},
    {"Effect": "Deny", "Principal": "*", "Action": "ecr:BatchDeleteImage", "Resource": "*"},
)

GUARDRAILS: Mapping[str, Guardrail] = {
    "a service control policy that allows all": Guardrail(service_control=[document(_ALL)]),
    "a service control policy that denies pushes": Guardrail(service_control=[_NO_PUSH]),
    "a service control policy that allows pulls only": Guardrail(
        service_control=[document({"Effect": "Allow", "Action": _PULLS, "Resource": "*"})]
    ),
    "a resource control policy that denies other organizations": Guardrail(resource_control=[_ORGANIZATION_ONLY]),
    "an endpoint policy that allows pulls only": Guardrail(endpoint=[_PULLS_ONLY]),
    "an endpoint policy for another repository": Guardrail(endpoint=[_ONE_REPOSITORY]),
    "an endpoint policy that denies deletion": Guardrail(endpoint=[_NO_DELETION]),
    "a repository policy for one endpoint": Guardrail(add=_only_through_endpoint),
    "a repository policy for one endpoint, through it": Guardrail(
        add=_only_through_endpoint, context={"aws:SourceVpce": ENDPOINT}
    ),
    "registry.deny_repository_creation(except_for=[deployer])": Guardrail(add=_deny_creation),
    "registry.deny_repository_creation(except_for=[role])": Guardrail(add=_deny_creation_except_for_role),
    'perimeter.registry_statements(account, scope="V1")': Guardrail(add=_perimeter_of_scope_v1, scope="V1"),
    'perimeter.registry_statements(account, scope="V1"), the other account is in the organization': Guardrail(
        add=_perimeter_of_scope_v1, scope="V1", context={"aws:PrincipalOrgID": ORGANIZATION}
    ),
}

# For each guardrail some intents, and the operations that are left. `nothing` if no operation is left.
MATRIX = """
a service control policy that allows all
    repository.grant_pull(role), the role: log in, pull, check a layer, list referrers
a service control policy that denies pushes
    repository.grant_pull_push(role), the role: log in, pull, check a layer, list referrers
    Access.account_push(account), account role: check a layer, list referrers
    Access.account_pull(account), account role: pull, check a layer, list referrers
a service control policy that allows pulls only
    repository.grant_pull_push(role), the role: log in, pull, list referrers
    repository.grant_read(role), the role: nothing
a resource control policy that denies other organizations
    Access.organization_pull(organization), unit role: pull, check a layer, list referrers
    Access.account_pull(account), account role: nothing
    Access.lambda_pull(account), Lambda: pull, list referrers
    registry.accept_replication_from(account), account role: nothing
an endpoint policy that allows pulls only
    repository.grant_pull_push(role), the role: log in, pull, list referrers
    Access.account_push(account), account role: list referrers
an endpoint policy for another repository
    repository.grant_pull_push(role), the role: log in
    Access.organization_pull(organization), unit role: nothing
an endpoint policy that denies deletion
    repository.grant(role, "ecr:BatchDeleteImage"), the role: nothing
    repository.grant_pull(role), the role: log in, pull, check a layer, list referrers
a repository policy for one endpoint
    repository.grant_pull_push(role), the role: log in
    Access.organization_pull(organization), unit role: nothing
a repository policy for one endpoint, through it
    repository.grant_pull_push(role), the role: log in, pull, check a layer, list referrers, push,
        push an image index, re-tag
    Access.organization_pull(organization), unit role: pull, check a layer, list referrers
    Access.organization_pull(organization), outside role: nothing
registry.deny_repository_creation(except_for=[deployer])
    template.grant_push(role, create=True), the role: log in, check a layer, list referrers, push,
        push an image index, re-tag
    repository.grant_pull(role), the role: log in, pull, check a layer, list referrers
registry.deny_repository_creation(except_for=[role])
    template.grant_push(role, create=True), the role: log in, check a layer, list referrers, push, push an image index,
        re-tag, push to a new repository
perimeter.registry_statements(account, scope="V1")
    registry.accept_replication_from(account), account role: nothing
    PullThroughCache(consumers=) with Access.account_pull, account role: pull, check a layer, list referrers
    Access.account_pull(account), account role: pull, check a layer, list referrers
    Access.cache_pull(account), account role: pull, list referrers, the action ecr:GetImageCopyStatus
    cache.grant_pull(role), the role: log in, pull, check a layer, list referrers, first pull
perimeter.registry_statements(account, scope="V1"), the other account is in the organization
    registry.accept_replication_from(account), account role: replicate
    PullThroughCache(consumers=) with Access.account_pull, account role: pull, check a layer, list referrers, first pull
    Access.cache_pull(account), account role: pull, list referrers, import
"""


def intent_and_caller(row: Row) -> tuple[str, str]:
    """Return the intent and the caller of a row."""
    intent, _, caller = ", ".join(row.callers).rpartition(", ")
    return intent, caller


def guardrails_table() -> str:
    """Return the guardrails as a table for the documentation."""
    lines = [
        (permission(each.intent), permission(intent_and_caller(each)[0]), intent_and_caller(each)[1], each.allows)
        for each in rows(MATRIX)
    ]
    return table(("document", "permission", "caller", "allows"), lines)
