"""
A data perimeter for Amazon ECR, as policies: trusted identities, trusted registries and expected networks.

The conditions and their exceptions are those of AWS's examples, limited to Amazon ECR:

- https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_data-perimeters.html
- https://github.com/aws-samples/data-perimeter-policy-examples
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Literal

from ecr_constructs.errors import InvalidPerimeter, Problems, abbreviate, expect
from ecr_constructs.model.iam.conditions import narrows
from ecr_constructs.model.iam.permissions import CACHE_PULL, IMPORT, LOGIN, PULL, PUSH, REPLICATE
from ecr_constructs.model.iam.statements import Statement
from ecr_constructs.model.partitions import partition_of
from ecr_constructs.model.validation import ACCOUNT_ID, ORGANIZATION_ID, REGION, StringConstraint, is_token

__all__ = ["Perimeter", "RegistryPolicyScope"]

RegistryPolicyScope = Literal["V1", "V2"]

_VERSION = "2012-10-17"
# "Service control policies: 10,240 characters", "Resource control policies: 5120 characters":
# https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html#min-max-values
_MAXIMUM_SERVICE_CONTROL_POLICY = 10_240
_MAXIMUM_RESOURCE_CONTROL_POLICY = 5_120
# "The size of an endpoint policy cannot exceed 20,480 characters, including white space."
# https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
_MAXIMUM_ENDPOINT_POLICY = 20_480

_EVERY_ACTION = ("ecr:*",)
# A denial for a network has only these actions. CloudFormation and administrators can change a policy from any network.
_IMAGE_ACTIONS = tuple(sorted({*PULL, *PUSH}))
# The role of a pull-through cache has more actions in the registry of its upstream than a pull.
_PULL_ACTIONS = tuple(sorted({*PULL, *CACHE_PULL}))
# A registry policy of scope V1 accepts no others: https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html
_V1_ACTIONS = tuple(sorted({*IMPORT, *REPLICATE}))
_REPOSITORIES = "arn:*:ecr:*:{}:repository/*"
# "It is also set to false if the service uses a service role or service-linked role": the service-linked roles with
# which ECR writes replicas and cached images, and with which Amazon Inspector reads images, are excluded by their ARN.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalisawsservice
_SERVICE_LINKED_ROLES = "arn:*:iam::*:role/aws-service-role/*"

_PARTITION = re.compile(r"aws(?:-[a-z]+)*|\*")
_VPC = re.compile(r"vpc-(?:[0-9a-f]{8}|[0-9a-f]{17})")
_VPC_ARN = re.compile(rf"arn:aws[a-z-]*:ec2:[a-z0-9-]+:(?:[0-9]{{12}}|\*):vpc/{_VPC.pattern}")
_ENDPOINT = re.compile(r"vpce-(?:[0-9a-f]{8}|[0-9a-f]{17})")
# A token with the length of a prefix, such as the address of a NAT gateway, and the account of a stack without one.
_UNKNOWN_RANGE = re.compile(r"\]\}/[0-9]{1,3}\Z")
_UNKNOWN_ACCOUNT = re.compile(r"\$\{Token\[AWS\.AccountId\.[0-9]+\]\}")
# A name that consists of wildcards would exclude every principal.
_PRINCIPAL = re.compile(r"arn:(?:aws[a-z-]*|\*):iam::(?:[0-9]{12}|\*):(?:role|user)/(?![*?/]+\Z)[\w+=,.@*?/-]+")
# About the condition key aws:SourceIp: it "can only be used for public IP address ranges".
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourceip
_PRIVATE_IPV4 = ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")
_PRIVATE_IPV6 = ("::1/128", "fc00::/7", "fe80::/10")
_PRIVATE = tuple(map(ip_network, (*_PRIVATE_IPV4, *_PRIVATE_IPV6)))
_NETWORKS_EXAMPLE = "['203.0.113.0/24', 'arn:aws:ec2:eu-west-1:111122223333:vpc/vpc-0123456789abcdef0']"
_ENDPOINTS_EXAMPLE = "['o-abc1234567']"
_ACCOUNTS_EXAMPLE = "['444455556666']"
_EXCEPT_EXAMPLE = "['arn:aws:iam::*:role/codebuild-*']"


@dataclass(frozen=True, kw_only=True, slots=True)
class Perimeter:
    """
    A data perimeter for Amazon ECR: the identities, registries and networks that an organization trusts.

    The methods return the statements and documents of the policies that enforce it. All of them deny, except the
    policies of VPC endpoints, which allow. A denial does not grant a permission, so other policies must allow a
    request.

    These requests are not denied:

    - Requests of AWS services on behalf of a resource of the organization, and of services that do not pass the account
      of the resource.
    - For networks: requests that an AWS service makes with the credentials of a principal (forward access sessions),
      and requests of service-linked roles, which ECR uses for replication and caches and Amazon Inspector for scans.
    - Requests of the account itself in repository and registry policies, if it is about identities.
    - Requests that do not read or write images, if it is about networks.

    Creates: no resource. https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_data-perimeters.html

    Args:
        organization: The ID of the organization, such as `o-abc1234567`. Its principals and registries are trusted.
        networks: The expected networks: public address ranges, ARNs of VPCs, and IDs of VPCs, which are unique in a
            Region only. A token is the ID of a VPC, its ARN if it begins with `arn:`, or a range if it ends with the
            length of a prefix, such as `/32`. Default: none.
        endpoints: The expected VPC endpoints: their IDs, or the account or organization that owns them. A token is the
            ID of an endpoint, unless it is the value of `organization`, one of `accounts` or the account of the stack.
            A list that is known only at deployment has IDs. Default: none. Without networks and endpoints, no network
            is denied.
        accounts: Accounts outside the organization whose principals are trusted, too. Default: none.
        registries: Accounts outside the organization whose registries the principals of the organization can pull from,
            also through a pull-through cache, such as those of Amazon EKS add-ons. Default: none.
        except_for: ARNs of roles and users that can use any network, in which `*` matches any characters, such as those
            that AWS CodeBuild and AWS App Runner assume. Default: none.

    Raises:
        InvalidPerimeter: With all problems: a value that is not well formed, a private or a broad address range,
            exceptions without a network.
        TypeError: If arguments are of the wrong kind.

    >>> perimeter = Perimeter(organization="o-abc1234567", endpoints=["o-abc1234567"])
    >>> [statement["Sid"] for statement in perimeter.repository_statements("111122223333")]
    ['PerimeterIdentities', 'PerimeterServices', 'PerimeterNetworks']

    """

    organization: str
    networks: Sequence[str] = ()
    endpoints: Sequence[str] = ()
    accounts: Sequence[str] = ()
    registries: Sequence[str] = ()
    except_for: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Raise an error with all problems. A wrong value would deny expected requests, or deny none."""
        problems = Problems()
        problems.expect("organization", self.organization, str, "'o-abc1234567'")
        for name, example in _LISTS.items():
            problems.expect(name, getattr(self, name), Sequence, example, each=str)
        problems.raise_if_any(InvalidPerimeter)
        for name in _LISTS:
            object.__setattr__(self, name, tuple(dict.fromkeys(getattr(self, name))))
        problems.extend(_unknown_list_problems({name: getattr(self, name) for name in _LISTS}))
        problems.extend(_forwarded(ORGANIZATION_ID, self.organization))
        problems.extend(_network_problems(self.networks))
        problems.extend(_endpoint_problems(self.endpoints))
        for name in ("accounts", "registries"):
            problems.extend(f"{name}: {each}" for one in getattr(self, name) for each in _forwarded(ACCOUNT_ID, one))
        problems.extend(_exception_problems(self.except_for, has_networks=self.has_networks))
        problems.raise_if_any(InvalidPerimeter)

    @property
    def has_networks(self) -> bool:
        """Whether requests from other networks are denied."""
        return bool(self.networks or self.endpoints)

    # --- policies of a repository and of a registry -------------------------------------------------------------------

    def repository_statements(self, account: str) -> Sequence[Statement]:
        """
        Return the statements for a repository policy.

        Args:
            account: The account of the repository. Its principals are not denied for their identity. Otherwise an
                account with a wrong organization, or one that leaves it, would have no access to its own repository.

        Raises:
            InvalidPerimeter: If the account is not well formed.
            TypeError: If the account is not a string.

        >>> perimeter = Perimeter(organization="o-abc1234567")
        >>> [statement["Sid"] for statement in perimeter.repository_statements("111122223333")]
        ['PerimeterIdentities', 'PerimeterServices']

        """
        _require(ACCOUNT_ID, account)
        return [
            self._identities(_EVERY_ACTION, account),
            self._services(_EVERY_ACTION, account),
            *self._network_denials(_ANYBODY),
        ]

    def registry_statements(self, account: str, *, scope: RegistryPolicyScope = "V2") -> Sequence[Statement]:
        """
        Return the statements for a registry policy. With scope V2 they apply to all repositories of the registry.

        https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html

        Args:
            account: The account of the registry, as for `repository_statements`.
            scope: The scope of registry policies in the account, its setting `REGISTRY_POLICY_SCOPE`. With V1 the
                statements apply only to replication and to the import and creation of repositories. Default: V2.

        Raises:
            InvalidPerimeter: If the account is not well formed, or the scope does not exist.
            TypeError: If the account is not a string.

        >>> perimeter = Perimeter(organization="o-abc1234567")
        >>> perimeter.registry_statements("111122223333", scope="V1")[0]["Action"]
        ['ecr:BatchImportUpstreamImage', 'ecr:CreateRepository', 'ecr:ReplicateImage']

        """
        _require(ACCOUNT_ID, account)
        if scope not in ("V1", "V2"):
            raise InvalidPerimeter([f"scope is {abbreviate(scope)}; use 'V1' or 'V2'"])
        actions = _EVERY_ACTION if scope == "V2" else _V1_ACTIONS
        networks = self._network_denials(_ANYBODY) if scope == "V2" else ()
        statements = (self._identities(actions, account), self._services(actions, account), *networks)
        return [{**each, "Resource": "*"} for each in statements]

    # --- policies of VPC endpoints ------------------------------------------------------------------------------------

    def endpoint_policy(self) -> Mapping[str, Any]:
        """
        Return the policy of the interface VPC endpoints `ecr.api` and `ecr.dkr`.

        It allows the principals of the organization to use its registries, and to pull from `registries`. Other
        principals, and other registries, cannot be reached through the endpoint.

        https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html

        Raises:
            InvalidPerimeter: If the policy has more than 20,480 characters.

        >>> Perimeter(organization="o-abc1234567").endpoint_policy()["Statement"][0]["Condition"]
        {'StringEquals': {'aws:PrincipalOrgID': 'o-abc1234567', 'aws:ResourceOrgID': 'o-abc1234567'}}

        """
        document = {"Version": _VERSION, "Statement": list(self._endpoint_statements())}
        _check_length("the policy of the VPC endpoints", document, _MAXIMUM_ENDPOINT_POLICY)
        return document

    @staticmethod
    def layer_policy(region: str, *, partition: str | None = None) -> Mapping[str, Any]:
        """
        Return the policy of the S3 gateway endpoint: read access to the bucket in which ECR stores the layers.

        The URLs of layers are signed by an account of ECR, so the policy has no condition on the principal. Requests to
        other buckets through the endpoint need additional statements.

        https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html#ecr-minimum-s3-perms

        Args:
            region: The Region of the registry and of the VPC.
            partition: The partition of the Region. Default: the partition of a Region that is known, and any partition
                for a token.

        Raises:
            InvalidPerimeter: If the Region or the partition is not well formed.
            TypeError: If the Region or the partition is not a string.

        >>> Perimeter.layer_policy("eu-west-1")["Statement"][0]["Resource"]
        'arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*'

        """
        _require(REGION, region)
        expect("partition", partition, str, "'aws-cn'", optional=True)
        if partition is None:
            partition = "*" if is_token(region) else partition_of(region).name
        elif not is_token(partition) and not _PARTITION.fullmatch(partition):
            raise InvalidPerimeter([f"partition {abbreviate(partition)} does not exist; write one such as 'aws-cn'"])
        statement = {
            "Sid": "PerimeterLayers",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": f"arn:{partition}:s3:::prod-{region}-starport-layer-bucket/*",
        }
        return {"Version": _VERSION, "Statement": [statement]}

    # --- policies of the organization ---------------------------------------------------------------------------------

    def service_control_policy(self) -> str:
        """
        Return the text of a service control policy (SCP): the principals of the organization, in its member accounts.

        It denies them repositories outside the organization, and images from other networks. SCPs do not apply to the
        management account and to service-linked roles.

        https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html

        Raises:
            InvalidPerimeter: If the text has more than 10,240 characters.

        >>> policy = json.loads(Perimeter(organization="o-abc1234567").service_control_policy())
        >>> [statement["Sid"] for statement in policy["Statement"]]
        ['PerimeterRegistries']

        """
        denials = (*self._registry_denials(), *self._network_denials({}, Resource="*"))
        return _organization_policy("the service control policy", denials, _MAXIMUM_SERVICE_CONTROL_POLICY)

    def resource_control_policy(self) -> str:
        """
        Return the text of a resource control policy (RCP): the registries of the organization, in its member accounts.

        It denies principals outside the organization, AWS services on behalf of others, and images for other networks.
        RCPs do not apply to the management account and to service-linked roles.

        https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html

        Raises:
            InvalidPerimeter: If the text has more than 5,120 characters.

        >>> policy = json.loads(Perimeter(organization="o-abc1234567").resource_control_policy())
        >>> [statement["Sid"] for statement in policy["Statement"]]
        ['PerimeterIdentities', 'PerimeterServices']

        """
        denials = (self._identities(_EVERY_ACTION), self._services(_EVERY_ACTION), *self._network_denials(_ANYBODY))
        statements = [{**each, "Resource": "*"} for each in denials]
        return _organization_policy("the resource control policy", statements, _MAXIMUM_RESOURCE_CONTROL_POLICY)

    # --- statements ---------------------------------------------------------------------------------------------------

    def _identities(self, actions: Sequence[str], *accounts: str) -> dict[str, Any]:
        trusted = _present(
            {"aws:PrincipalOrgID": self.organization, "aws:PrincipalAccount": [*accounts, *self.accounts]}
        )
        conditions = {"StringNotEqualsIfExists": trusted, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}
        return _deny("PerimeterIdentities", actions, conditions, **_ANYBODY)

    def _services(self, actions: Sequence[str], *accounts: str) -> dict[str, Any]:
        """
        Return the denial of AWS services that act on behalf of a resource outside the organization.

        "We use aws:SourceAccount instead of aws:SourceOrgID in the Null condition operator so that the control still
        applies if the request originates from an account that doesn't belong to an organization."
        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourceorgid
        """
        trusted = _present({"aws:SourceOrgID": self.organization, "aws:SourceAccount": [*accounts, *self.accounts]})
        conditions = {
            "StringNotEqualsIfExists": trusted,
            "Null": {"aws:SourceAccount": "false"},
            "Bool": {"aws:PrincipalIsAWSService": "true"},
        }
        return _deny("PerimeterServices", actions, conditions, **_ANYBODY)

    def _network_denials(self, principal: Mapping[str, str], **elements: str) -> Iterator[dict[str, Any]]:
        """
        Yield the denial of images for other networks, if there are expected ones.

        A request has `aws:SourceIp` or the keys of a VPC endpoint, and each operator is met by a request without its
        key, so a request is denied unless one of the values is that of the request.
        """
        if not self.has_networks:
            return
        networks, endpoints = _by_kind(self.networks, _network_kind), _by_kind(self.endpoints, self._endpoint_kind)
        conditions = {
            "NotIpAddressIfExists": _present({"aws:SourceIp": networks["range"]}),
            "StringNotEqualsIfExists": _present(
                {
                    "aws:SourceVpc": networks["id"],
                    "aws:SourceVpce": endpoints["id"],
                    "aws:VpceAccount": endpoints["account"],
                    "aws:VpceOrgID": endpoints["organization"],
                }
            ),
            "ArnNotLikeIfExists": _present(
                {"aws:SourceVpcArn": networks["arn"], "aws:PrincipalArn": [*self.except_for, _SERVICE_LINKED_ROLES]}
            ),
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false", "aws:ViaAWSService": "false"},
        }
        yield _deny("PerimeterNetworks", _IMAGE_ACTIONS, _present(conditions), **principal, **elements)

    def _endpoint_kind(self, text: str) -> str | None:
        """Return the kind of an endpoint. A token that is the organization or an account has this kind here, too."""
        if text == self.organization:
            return "organization"
        return "account" if text in self.accounts else _endpoint_kind(text)

    def _registry_denials(self) -> Iterator[dict[str, Any]]:
        # Repositories only: logging in and the settings of a registry concern the account of the principal.
        trusted = _present({"aws:ResourceOrgID": self.organization, "aws:ResourceAccount": self.registries})
        yield _deny(
            "PerimeterRegistries",
            _EVERY_ACTION,
            {"StringNotEqualsIfExists": trusted},
            Resource=_REPOSITORIES.format("*"),
        )
        if self.registries:
            resources = [_REPOSITORIES.format(each) for each in self.registries]
            yield {
                "Sid": "PerimeterPullOnly",
                "Effect": "Deny",
                "NotAction": list(_PULL_ACTIONS),
                "Resource": resources,
            }

    def _endpoint_statements(self) -> Iterator[dict[str, Any]]:
        ours = {"aws:PrincipalOrgID": self.organization}
        repositories = {"Resource": _REPOSITORIES.format("*")}
        registry = {"aws:ResourceOrgID": self.organization}
        yield _allow("PerimeterRepositories", _EVERY_ACTION, {**ours, **registry}, **repositories)
        # The login and the settings of a registry have no resource, and concern the account of the principal.
        yield _allow("PerimeterRegistry", _EVERY_ACTION, ours, NotResource=_REPOSITORIES.format("*"))
        if self.accounts:
            theirs = {"aws:PrincipalAccount": list(self.accounts)}
            yield _allow("PerimeterAccounts", _EVERY_ACTION, {**theirs, **registry}, **repositories)
            yield _allow("PerimeterAccountsLogin", LOGIN, theirs, Resource="*")
        if self.registries:
            others = {"aws:ResourceAccount": list(self.registries)}
            yield _allow("PerimeterOtherRegistries", PULL, {**ours, **others}, **repositories)
        # AWS's example of the policy of `ecr.api` allows service principals.
        yield {
            **_allow("PerimeterServices", _EVERY_ACTION, {}, Resource="*"),
            "Condition": {"Bool": {"aws:PrincipalIsAWSService": "true"}},
        }


_LISTS: Mapping[str, str] = {
    "networks": _NETWORKS_EXAMPLE,
    "endpoints": _ENDPOINTS_EXAMPLE,
    "accounts": _ACCOUNTS_EXAMPLE,
    "registries": _ACCOUNTS_EXAMPLE,
    "except_for": _EXCEPT_EXAMPLE,
}
# The marker of a list of the CDK that is known only at deployment, and the lists that can be one.
_UNKNOWN_LIST = "#{Token["
_ALONE = ("networks", "endpoints")
_ANYBODY: Mapping[str, str] = {"Principal": "*"}


def _deny(
    sid: str, actions: Sequence[str], conditions: Mapping[str, Mapping[str, Any]], **elements: object
) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Deny", **elements, "Action": list(actions), "Condition": dict(conditions)}


def _allow(sid: str, actions: Sequence[str], keys: Mapping[str, Any], **elements: object) -> dict[str, Any]:
    statement = {"Sid": sid, "Effect": "Allow", **_ANYBODY, "Action": list(actions), **elements}
    return {**statement, "Condition": {"StringEquals": dict(keys)}}


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping without empty values, because IAM rejects a condition without a value."""
    lists = {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}
    return {key: value for key, value in lists.items() if value}


def _organization_policy(noun: str, statements: Sequence[Statement], most: int) -> str:
    document = {"Version": _VERSION, "Statement": list(statements)}
    _check_length(noun, document, most)
    return _compact_json(document)


def _compact_json(document: object) -> str:
    return json.dumps(document, separators=(",", ":"))


def _check_length(noun: str, document: object, most: int) -> None:
    """Raise an error for a policy that is too long. A token counts with the length of its text."""
    if (length := len(_compact_json(document))) > most:
        problem = (
            f"{noun} has {length} characters; AWS allows {most}, so use fewer values: an organization in endpoints "
            "instead of endpoint IDs, larger address ranges, '*' in except_for, or fewer accounts and registries"
        )
        raise InvalidPerimeter([problem])


# --- values -----------------------------------------------------------------------------------------------------------


def _forwarded(grammar: StringConstraint, text: str) -> tuple[str, ...]:
    return () if is_token(text) else grammar.problems(text)


def _require(grammar: StringConstraint, text: str) -> None:
    problems = Problems()
    if problems.expect(grammar.noun, text, str, ""):
        problems.extend(_forwarded(grammar, text))
    problems.raise_if_any(InvalidPerimeter)


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _network_kind(text: str) -> str | None:
    """Return the kind of an expected network: `range`, `id` or `arn` of a VPC. None for another text."""
    if is_token(text):
        if text.startswith("arn:"):
            return "arn"
        return "range" if _UNKNOWN_RANGE.search(text) else "id"
    if _VPC.fullmatch(text):
        return "id"
    if _VPC_ARN.fullmatch(text):
        return "arn"
    return "range" if _network(text) is not None else None


def _endpoint_kind(text: str) -> str | None:
    """Return the kind of expected endpoints: the `id` of one, or their `account` or `organization`."""
    if _UNKNOWN_ACCOUNT.fullmatch(text) or (not is_token(text) and ACCOUNT_ID.accepts(text)):
        return "account"
    if is_token(text) or _ENDPOINT.fullmatch(text):
        return "id"
    return "organization" if ORGANIZATION_ID.accepts(text) else None


def _by_kind(values: Sequence[str], kind_of: Callable[[str], str | None]) -> Mapping[str, list[str]]:
    kinds = ("range", "id", "arn", "account", "organization")
    return {kind: [each for each in values if kind_of(each) == kind] for kind in kinds}


def _network_problems(networks: Sequence[str]) -> Iterator[str]:
    for text in networks:
        if _network_kind(text) is None:
            yield (
                f"networks: {abbreviate(text)} is not an address range, the ARN of a VPC or its ID; "
                f"write values such as {_NETWORKS_EXAMPLE}"
            )
        elif _is_private(text):
            yield (
                f"networks: {text!r} is a range of private addresses, and aws:SourceIp has public addresses only; "
                "name the VPC, or its endpoints in endpoints="
            )
    ranges = [each for each in networks if _network_kind(each) == "range" and not is_token(each)]
    if ranges and not narrows({"IpAddress": {"aws:SourceIp": ranges}}):
        yield (
            f"networks: the ranges {', '.join(ranges)} are too broad for a perimeter; use ranges of at least /8 (IPv4) "
            "and /32 (IPv6) that together have no more addresses than 16 of these"
        )


def _is_private(text: str) -> bool:
    network = _network(text)
    if network is None:
        return False
    return any(network.version == each.version and network.subnet_of(each) for each in _PRIVATE)  # type: ignore[arg-type]  # of one version


def _endpoint_problems(endpoints: Sequence[str]) -> Iterator[str]:
    for text in endpoints:
        if _endpoint_kind(text) is None:
            yield (
                f"endpoints: {abbreviate(text)} is not the ID of a VPC endpoint, an account or an organization; write "
                "a value such as 'vpce-0123456789abcdef0', '111122223333' or 'o-abc1234567'"
            )


def _unknown_list_problems(lists: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield the problem of each list that is known only at deployment if a policy has other values with it."""
    for name, values in lists.items():
        is_alone = name in _ALONE and len(values) == 1
        if not is_alone and any(_UNKNOWN_LIST in each for each in values):
            yield (
                f"{name}: a list that is known only at deployment cannot be combined with other values of the "
                "policies; write its values one by one, such as Fn.select(0, values)"
            )


def _exception_problems(except_for: Sequence[str], *, has_networks: bool) -> Iterator[str]:
    for text in except_for:
        if not is_token(text) and not _PRINCIPAL.fullmatch(text):
            yield (
                f"except_for: {abbreviate(text)} is not the ARN of a role or user, or its name matches all of them; "
                "write one such as 'arn:aws:iam::*:role/codebuild-*'"
            )
    if except_for and not has_networks:
        yield "except_for has no effect without networks= or endpoints=; add one of them, or remove except_for"
