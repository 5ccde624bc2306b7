"""
The callers of the matrix: sessions of roles in several accounts, AWS services, and an anonymous caller.

The keys of the context are those that AWS sets in the requests of such a principal:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.permissions.documents import REGION
from tests.permissions.simulator import Document, document
from tests.templates import ACCOUNT, OTHER_ACCOUNT

OUTSIDE_ACCOUNT = "999900001111"
LAMBDA, CODEBUILD = "lambda.amazonaws.com", "codebuild.amazonaws.com"
ORGANIZATION = "o-abc1234567"
UNIT = f"{ORGANIZATION}/r-ab12/ou-ab12-11111111"
ROLE = f"arn:aws:iam::{OTHER_ACCOUNT}:role/ci/deployer"
# The policy of an administrator of ECR in another account. It decides nothing there: the owner of a repository does.
ADMINISTRATOR = document({"Effect": "Allow", "Action": "ecr:*", "Resource": "*"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """
    The principal of requests.

    Attributes:
        principal: The ARN of the session of a role, or the name of a service. None for an anonymous caller.
        account: The account of a role. None for others.
        context: The values of condition keys in its requests.
        identity: The identity policies of the role.

    """

    principal: str | None
    account: str | None = None
    context: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    identity: Sequence[Document] = ()


def role(
    account: str,
    path_and_name: str,
    *identity: Document,
    path_in_organization: str = "",
    tags: Mapping[str, str] | None = None,
) -> Caller:
    """
    Return a session of a role.

    Args:
        account: The account of the role.
        path_and_name: The path and the name of the role. The ARN of a session has no path.
        identity: The policies of the role.
        path_in_organization: The path of the account in AWS Organizations. Default: it is in no organization.
        tags: The condition keys of the tags of the role. Default: none.

    """
    context: dict[str, str | Sequence[str]] = {
        "aws:PrincipalArn": f"arn:aws:iam::{account}:role/{path_and_name}",
        "aws:PrincipalAccount": account,
        "aws:PrincipalType": "AssumedRole",
        "aws:PrincipalIsAWSService": "false",
        **(tags or {}),
    }
    if path_in_organization:
        context["aws:PrincipalOrgID"] = path_in_organization.partition("/")[0]
        context["aws:PrincipalOrgPaths"] = [f"{path_in_organization}/"]
    name = path_and_name.rpartition("/")[2]
    session = f"arn:aws:sts::{account}:assumed-role/{name}/session"
    return Caller(principal=session, account=account, context=context, identity=identity)


def service(principal: str, account: str, resource: str, region: str = REGION) -> Caller:
    """
    Return an AWS service, which pulls an image for a resource.

    Args:
        principal: The name of the service.
        account: The account of the resource.
        resource: The resource, such as `function:web`.
        region: The Region of the resource. Default: that of the repository.

    """
    context = {
        "aws:SourceArn": f"arn:aws:{principal.partition('.')[0]}:{region}:{account}:{resource}",
        "aws:SourceAccount": account,
        "aws:PrincipalIsAWSService": "true",
    }
    return Caller(principal=principal, context=context)


# All callers besides the principal of a grant. The repositories are in the account `ACCOUNT`.
CALLERS: Mapping[str, Caller] = {
    "own role": role(ACCOUNT, "other"),
    "named role": role(OTHER_ACCOUNT, "ci/deployer", ADMINISTRATOR),
    "account role": role(OTHER_ACCOUNT, "other", ADMINISTRATOR),
    "role without policies": role(OTHER_ACCOUNT, "ci/deployer"),
    "unit role": role("555566667777", "other", ADMINISTRATOR, path_in_organization=f"{UNIT}/ou-ab12-22222222"),
    "organization role": role("666677778888", "other", ADMINISTRATOR, path_in_organization=f"{UNIT}2"),
    "outside role": role(
        OUTSIDE_ACCOUNT, "deployer", ADMINISTRATOR, path_in_organization="o-zzz7654321/r-zz98/ou-zz98-11111111"
    ),
    "Lambda": service(LAMBDA, OTHER_ACCOUNT, "function:web"),
    "Lambda of the account": service(LAMBDA, ACCOUNT, "function:web"),
    "Lambda elsewhere": service(LAMBDA, OUTSIDE_ACCOUNT, "function:web"),
    "Lambda in another Region": service(LAMBDA, OTHER_ACCOUNT, "function:web", "us-east-1"),
    "CodeBuild of the account": service(CODEBUILD, ACCOUNT, "project/web"),
    "CodeBuild": service(CODEBUILD, OTHER_ACCOUNT, "project/web"),
    "CodeBuild elsewhere": service(CODEBUILD, OUTSIDE_ACCOUNT, "project/web"),
    "anonymous": Caller(principal=None),
}
