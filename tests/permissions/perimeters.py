"""
Requests inside and outside of a perimeter, and the operations that each policy of the perimeter leaves.

The table is written from docs/perimeter.md and from AWS's documentation:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html,
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html and
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ecr_constructs import Perimeter
from tests.permissions.callers import LAMBDA, ORGANIZATION, OUTSIDE_ACCOUNT, UNIT, Caller, role, service
from tests.permissions.matrix import table
from tests.permissions.operations import LOGIN, OPERATIONS
from tests.permissions.simulator import Document, document
from tests.templates import ACCOUNT

OTHER_ORGANIZATION = "o-zzz7654321"
MEMBER, PARTNER, ADDONS = "555566667777", "121212121212", "602401143452"
PERIMETER = Perimeter(
    organization=ORGANIZATION,
    endpoints=[ORGANIZATION],
    networks=["203.0.113.0/24"],
    accounts=[PARTNER],
    registries=[ADDONS],
    except_for=["arn:aws:iam::*:role/codebuild-*"],
)

# The operations of the table. The login has no resource, so a repository policy does not apply to it.
ASKED: Mapping[str, Sequence[str]] = {
    "log in": (LOGIN,),
    "pull": OPERATIONS["pull"],
    "push": OPERATIONS["push"],
    "settings": ("ecr:DescribeImages", "ecr:PutLifecyclePolicy", "ecr:SetRepositoryPolicy"),
}
ON_REPOSITORY = ("pull", "push", "settings")
# For each policy of the table, the operations that it decides.
POLICIES: Mapping[str, Sequence[str]] = {
    "repository": ON_REPOSITORY,
    "registry": ON_REPOSITORY,
    "RCP": ON_REPOSITORY,
    "SCP": tuple(ASKED),
    "endpoint": tuple(ASKED),
}

_ALL: Document = document({"Effect": "Allow", "Action": "*", "Resource": "*"})
_OUTSIDE = f"{OTHER_ORGANIZATION}/r-zz98/ou-zz98-11111111"
_OURS = {"aws:VpceOrgID": ORGANIZATION, "aws:VpceAccount": MEMBER, "aws:SourceVpce": "vpce-0a1b2c3d4e5f60718"}
_THEIRS = {"aws:VpceOrgID": OTHER_ORGANIZATION, "aws:VpceAccount": OUTSIDE_ACCOUNT, "aws:SourceVpce": "vpce-0a1b2c3d"}
_EXPECTED = {"aws:SourceIp": "203.0.113.10"}
_ELSEWHERE = {"aws:SourceIp": "198.51.100.7"}


@dataclass(frozen=True, kw_only=True, slots=True)
class PerimeterRequest:
    """
    A request to a registry.

    Attributes:
        caller: The principal. Its own policies allow all.
        network: The condition keys of the network.
        owner: The account of the registry.
        organization: The organization of the registry.
        keys: Other condition keys.

    """

    caller: Caller
    network: Mapping[str, str]
    owner: str = ACCOUNT
    organization: str = ORGANIZATION
    keys: Mapping[str, str] = field(default_factory=dict)

    @property
    def context(self) -> Mapping[str, str | Sequence[str]]:
        """The condition keys of the request."""
        registry = {"aws:ResourceAccount": self.owner, "aws:ResourceOrgID": self.organization}
        return {**self.caller.context, "aws:ViaAWSService": "false", **registry, **self.network, **self.keys}


def _member(name: str = "other") -> Caller:
    return role(MEMBER, name, _ALL, path_in_organization=UNIT)


def _stranger(account: str = OUTSIDE_ACCOUNT, name: str = "other") -> Caller:
    return role(account, name, _ALL, path_in_organization=_OUTSIDE)


def _function(**keys: str) -> Caller:
    """Return AWS Lambda, with other condition keys on the function."""
    given = service(LAMBDA, MEMBER, "function:web")
    return replace(given, context={"aws:PrincipalIsAWSService": "true", **keys})


_LINKED = "aws-service-role/replication.ecr.amazonaws.com/AWSServiceRoleForECRReplication"
# The lines of the table, in its order.
REQUESTS: Mapping[str, PerimeterRequest] = {
    "role of the organization, expected endpoint": PerimeterRequest(caller=_member(), network=_OURS),
    "role of the organization, expected address": PerimeterRequest(caller=_member(), network=_EXPECTED),
    "role of the organization, other address": PerimeterRequest(caller=_member(), network=_ELSEWHERE),
    "role of the organization, endpoint of another organization": PerimeterRequest(caller=_member(), network=_THEIRS),
    "role of the account of the registry, which is in another organization": PerimeterRequest(
        caller=_stranger(ACCOUNT), network=_OURS, organization=OTHER_ORGANIZATION
    ),
    "role of another organization, expected endpoint": PerimeterRequest(caller=_stranger(), network=_OURS),
    "role of another organization, expected address": PerimeterRequest(caller=_stranger(), network=_EXPECTED),
    "caller without credentials, expected address": PerimeterRequest(
        caller=Caller(principal=None, context={"aws:PrincipalIsAWSService": "false"}), network=_EXPECTED
    ),
    "role of an account in `accounts`, expected endpoint": PerimeterRequest(caller=_stranger(PARTNER), network=_OURS),
    "role of an account in `accounts`, other address": PerimeterRequest(caller=_stranger(PARTNER), network=_ELSEWHERE),
    "role in `except_for`, other address": PerimeterRequest(caller=_member("codebuild-web"), network=_ELSEWHERE),
    "role of another organization with a name of `except_for`": PerimeterRequest(
        caller=_stranger(name="codebuild-web"), network=_ELSEWHERE
    ),
    "AWS Lambda, function of the organization": PerimeterRequest(
        caller=_function(**{"aws:SourceAccount": MEMBER, "aws:SourceOrgID": ORGANIZATION}), network=_ELSEWHERE
    ),
    "AWS Lambda, function of an account in `accounts`": PerimeterRequest(
        caller=_function(**{"aws:SourceAccount": PARTNER, "aws:SourceOrgID": OTHER_ORGANIZATION}), network=_ELSEWHERE
    ),
    "AWS Lambda, function of another organization": PerimeterRequest(
        caller=_function(**{"aws:SourceAccount": OUTSIDE_ACCOUNT, "aws:SourceOrgID": OTHER_ORGANIZATION}),
        network=_ELSEWHERE,
    ),
    "AWS Lambda, function of an account without an organization": PerimeterRequest(
        caller=_function(**{"aws:SourceAccount": OUTSIDE_ACCOUNT}), network=_ELSEWHERE
    ),
    "AWS Lambda, without the account of the function": PerimeterRequest(caller=_function(), network=_ELSEWHERE),
    "AWS service with the credentials of a role of the organization": PerimeterRequest(
        caller=_member(), network=_ELSEWHERE, keys={"aws:ViaAWSService": "true"}
    ),
    "service-linked role of the organization": PerimeterRequest(caller=_member(_LINKED), network=_ELSEWHERE),
    "service-linked role of another organization": PerimeterRequest(caller=_stranger(name=_LINKED), network=_ELSEWHERE),
    "role of the organization, registry of another organization": PerimeterRequest(
        caller=_member(), network=_OURS, owner=OUTSIDE_ACCOUNT, organization=OTHER_ORGANIZATION
    ),
    "role of the organization, registry in `registries`": PerimeterRequest(
        caller=_member(), network=_OURS, owner=ADDONS, organization=OTHER_ORGANIZATION
    ),
    "role of an account in `accounts`, registry of another organization": PerimeterRequest(
        caller=_stranger(PARTNER), network=_OURS, owner=OUTSIDE_ACCOUNT, organization=OTHER_ORGANIZATION
    ),
}

# The operations that are left, for the policies of the repository and of the registry, the RCP, the SCP and the policy
# of the endpoint. `-` for a policy that AWS does not evaluate: an SCP for principals outside of the organization, an
# RCP for registries outside of it, both for service-linked roles, and the policy of an endpoint that is not used.
MATRIX = """\
role of the organization, expected endpoint: all; all; all; all; all
role of the organization, expected address: all; all; all; all; -
role of the organization, other address: settings; settings; settings; log in, settings; -
role of the organization, endpoint of another organization: settings; settings; settings; log in, settings; -
role of the account of the registry, which is in another organization: all; all; -; -; nothing
role of another organization, expected endpoint: nothing; nothing; nothing; -; nothing
role of another organization, expected address: nothing; nothing; nothing; -; -
caller without credentials, expected address: nothing; nothing; nothing; -; -
role of an account in `accounts`, expected endpoint: all; all; all; -; all
role of an account in `accounts`, other address: settings; settings; settings; -; -
role in `except_for`, other address: all; all; all; all; -
role of another organization with a name of `except_for`: nothing; nothing; nothing; -; -
AWS Lambda, function of the organization: all; all; all; -; -
AWS Lambda, function of an account in `accounts`: all; all; all; -; -
AWS Lambda, function of another organization: nothing; nothing; nothing; -; -
AWS Lambda, function of an account without an organization: nothing; nothing; nothing; -; -
AWS Lambda, without the account of the function: all; all; all; -; -
AWS service with the credentials of a role of the organization: all; all; all; all; -
service-linked role of the organization: all; all; -; -; -
service-linked role of another organization: nothing; nothing; -; -; -
role of the organization, registry of another organization: -; -; -; log in; log in
role of the organization, registry in `registries`: -; -; -; log in, pull; log in, pull
role of an account in `accounts`, registry of another organization: -; -; -; -; log in
"""


def cells(line: str) -> tuple[str, Sequence[str]]:
    """Return the request of a line of the matrix, and the cell of each policy."""
    name, _, found = line.partition(": ")
    return name, found.split("; ")


def perimeter_table() -> str:
    """Return the matrix as a table for the documentation."""
    lines = [(name, *found) for name, found in map(cells, MATRIX.splitlines())]
    titles = [each if each.isupper() else f"{each} policy" for each in POLICIES]
    return table(("request", *titles), lines)
