"""`RegistryEndpoints`: the VPC endpoints for the registries of a Region."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from constructs import Construct, IValidation

from ecr_constructs._cdk.environment_registry import Environment, environment_of
from ecr_constructs._cdk.policy_statements import canonical_json
from ecr_constructs._cdk.scope import ConstructLocation, id_problems, locate, location_of, stack_problems
from ecr_constructs._cdk.tokens import is_unresolved
from ecr_constructs.errors import DuckType, InvalidRegistry, Problems
from ecr_constructs.model.iam.perimeter import Perimeter

if TYPE_CHECKING:
    from aws_cdk import aws_ec2 as ec2

__all__ = ["RegistryEndpoints"]

_VPC = DuckType("an ec2.Vpc", "vpc_id", "select_subnets")
_SECURITY_GROUP = DuckType("an ec2.SecurityGroup", "security_group_id")
_PERIMETER = "Perimeter(organization='o-abc1234567')"
_HTTPS = 443
# `aws_ec2` is imported inside functions, because its import takes time and most apps do not use this construct.


class RegistryEndpoints(Construct):
    """
    Define the VPC endpoints for Amazon ECR in a VPC, to pull images without a path to the internet.

    The interface endpoints `ecr.api` and `ecr.dkr` have private DNS names, so clients use the same addresses as without
    endpoints. The gateway endpoint of Amazon S3 is for the layers, which ECR stores in Amazon S3. A VPC can have the
    endpoints once. The deployment of other endpoints with the same private DNS names, or in the same route tables,
    fails.

    The first pull through a pull-through cache needs a path to the internet, and the endpoints are for the Region of
    the VPC only: https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html

    Creates: two or three `AWS::EC2::VPCEndpoint`, and one `AWS::EC2::SecurityGroup` unless `security_groups` is given.

    Attributes:
        api: The interface endpoint `ecr.api`, for API calls.
        docker: The interface endpoint `ecr.dkr`, for the commands of container clients.
        layers: The gateway endpoint of Amazon S3, for image layers. None if it was not created.

    >>> from aws_cdk import App, Environment, Stack
    >>> from aws_cdk import aws_ec2 as ec2
    >>> from ecr_constructs import Perimeter
    >>> stack = Stack(App(), "Network", env=Environment(account="111122223333", region="eu-west-1"))
    >>> endpoints = RegistryEndpoints(
    ...     stack, "Registry", vpc=ec2.Vpc(stack, "Vpc"), perimeter=Perimeter(organization="o-abc1234567")
    ... )
    >>> [child.node.id for child in endpoints.node.children]
    ['SecurityGroup', 'Api', 'Docker', 'Layers']

    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        vpc: ec2.IVpc,
        perimeter: Perimeter | None = None,
        subnets: ec2.SubnetSelection | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] | None = None,
        s3_gateway: bool = True,
        s3_subnets: Sequence[ec2.SubnetSelection] | None = None,
    ) -> None:
        """
        Define the VPC endpoints of a VPC.

        Args:
            scope: The scope of the construct, in a stack of the account and Region of the VPC.
            id: The ID of the construct, unique in its scope.
            vpc: The VPC. Its attributes `enableDnsSupport` and `enableDnsHostnames` must be true.
            perimeter: The perimeter whose policies the endpoints have. With it, the gateway endpoint allows only the
                bucket of the layers. Default: the endpoints allow all requests.
            subnets: The subnets with the interface endpoints. Default: the private subnets, or those that the VPC has.
            security_groups: The security groups of the interface endpoints. Default: one that allows HTTPS from the
                primary address range of the VPC.
            s3_gateway: Whether to create the gateway endpoint. Use False if the route tables have one. Default: True.
            s3_subnets: The subnets whose route tables have the gateway endpoint. Default: all subnets of the VPC.

        Raises:
            InvalidRegistry: With all problems, before anything is added to the tree.
            TypeError: If arguments are of the wrong kind. It lists all of them.

        """
        problems = Problems()
        _expect_kinds(problems, vpc, perimeter, subnets, security_groups, s3_gateway, s3_subnets)
        place = locate(scope, id, problems)
        problems.extend(id_problems(scope, id))
        problems.extend(stack_problems(place, "VPC endpoints"))
        problems.extend(_vpc_problems(vpc, place))
        problems.extend(_subnet_problems(vpc, subnets))
        if security_groups is None:
            problems.extend(_range_problems(vpc))
        elif not security_groups:
            problems.add(
                "security_groups: the list is empty; add a security group, or remove it for one that allows HTTPS"
            )
        problems.extend(_gateway_problems(vpc, s3_subnets, s3_gateway=s3_gateway))
        conflicts = _Conflicts(vpc, s3_subnets, s3_gateway=s3_gateway)
        problems.extend(_owner_problems(vpc))
        problems.extend(() if problems else conflicts.validate())
        policy: Mapping[str, Any] = {}
        with problems.collect("perimeter: "):
            policy = perimeter.endpoint_policy() if perimeter else {}
        problems.raise_if_any(InvalidRegistry, place.path_of(id))
        super().__init__(scope, id)
        _home(vpc).register_owner(self, "endpoints", vpc.vpc_id)
        self.node.add_validation(conflicts)
        self._build(vpc, subnets, security_groups, _statements(policy))
        self.layers = self._gateway(vpc, s3_subnets, perimeter) if s3_gateway else None

    def _build(
        self,
        vpc: ec2.IVpc,
        subnets: ec2.SubnetSelection | None,
        security_groups: Sequence[ec2.ISecurityGroup] | None,
        statements: Sequence[Mapping[str, Any]],
    ) -> None:
        from aws_cdk import aws_ec2 as ec2

        services = ec2.InterfaceVpcEndpointAwsService
        groups = [self._security_group(vpc)] if security_groups is None else list(security_groups)
        self.api, self.docker = (
            ec2.InterfaceVpcEndpoint(
                self,
                name,
                vpc=vpc,
                service=service,
                subnets=subnets,
                security_groups=groups,
                private_dns_enabled=True,
                # The security groups allow HTTPS already.
                open=False,
            )
            for name, service in (("Api", services.ECR), ("Docker", services.ECR_DOCKER))
        )
        _allow([self.api, self.docker], statements)

    def _security_group(self, vpc: ec2.IVpc) -> ec2.SecurityGroup:
        from aws_cdk import aws_ec2 as ec2

        group = ec2.SecurityGroup(
            self, "SecurityGroup", vpc=vpc, description="VPC endpoints of Amazon ECR", allow_all_outbound=False
        )
        group.add_ingress_rule(ec2.Peer.ipv4(vpc.vpc_cidr_block), ec2.Port.tcp(_HTTPS), "HTTPS from the VPC")
        return group

    def _gateway(
        self, vpc: ec2.IVpc, subnets: Sequence[ec2.SubnetSelection] | None, perimeter: Perimeter | None
    ) -> ec2.GatewayVpcEndpoint:
        from aws_cdk import aws_ec2 as ec2

        service = ec2.GatewayVpcEndpointAwsService.S3
        gateway = ec2.GatewayVpcEndpoint(self, "Layers", vpc=vpc, service=service, subnets=subnets)
        if perimeter is not None:
            stack = cdk.Stack.of(self)
            _allow([gateway], _statements(perimeter.layer_policy(stack.region, partition=stack.partition)))
        return gateway


def _statements(policy: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return list(policy.get("Statement", ()))


def _allow(endpoints: Iterable[ec2.VpcEndpoint], statements: Sequence[Mapping[str, Any]]) -> None:
    for endpoint in endpoints:
        for statement in statements:
            endpoint.add_to_policy(iam.PolicyStatement.from_json(statement))


def _expect_kinds(  # noqa: PLR0917  (the arguments of the construct)
    problems: Problems,
    vpc: object,
    perimeter: object,
    subnets: object,
    security_groups: object,
    s3_gateway: object,
    s3_subnets: object,
) -> None:
    from aws_cdk import aws_ec2 as ec2

    selection = "ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)"
    problems.expect("vpc", vpc, _VPC, "ec2.Vpc.from_lookup(stack, 'Vpc', vpc_id='vpc-0123456789abcdef0')")
    problems.expect("perimeter", perimeter, Perimeter, _PERIMETER, optional=True)
    problems.expect("subnets", subnets, ec2.SubnetSelection, selection, optional=True)
    problems.expect(
        "security_groups", security_groups, Sequence, "[security_group]", optional=True, each=_SECURITY_GROUP
    )
    problems.expect("s3_gateway", s3_gateway, bool, "False")
    problems.expect("s3_subnets", s3_subnets, Sequence, f"[{selection}]", optional=True, each=ec2.SubnetSelection)


def _vpc_problems(vpc: ec2.IVpc, place: ConstructLocation) -> Iterator[str]:
    """Yield the reasons why a VPC cannot have interface endpoints with private DNS names in a stack."""
    if place.stack is None:
        return
    for noun, theirs, ours in (
        ("account", vpc.env.account, place.stack.account),
        ("Region", vpc.env.region, place.stack.region),
    ):
        if theirs != ours and not is_unresolved(theirs) and not is_unresolved(ours):
            yield f"vpc: it is in {noun} {theirs}, and the stack in {ours}; use a stack of {theirs}"
    # Private DNS names need both attributes of the VPC:
    # https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html
    for name, attribute in (
        ("enable_dns_support", "dns_support_enabled"),
        ("enable_dns_hostnames", "dns_hostnames_enabled"),
    ):
        if getattr(vpc, attribute, True) is False:
            yield f"vpc: it has {name}=False, and interface endpoints need private DNS names; use {name}=True"


def _subnet_problems(vpc: ec2.IVpc, subnets: ec2.SubnetSelection | None) -> Iterator[str]:
    if not _subnets(vpc):
        yield "vpc: it has no subnets; import it with the IDs of its subnets, such as private_subnet_ids="
        return
    try:
        found = _select(vpc, subnets)
    except RuntimeError as error:
        yield f"subnets: {_reason(error)}; select subnets of the VPC with subnets="
        return
    if not found:
        yield "subnets: the VPC has none that match; select subnets of the VPC with subnets="


def _subnets(vpc: ec2.IVpc) -> Sequence[ec2.ISubnet]:
    return [*vpc.private_subnets, *vpc.public_subnets, *vpc.isolated_subnets]


def _select(vpc: ec2.IVpc, selection: ec2.SubnetSelection | None) -> Sequence[ec2.ISubnet]:
    if selection is None:
        return vpc.select_subnets().subnets
    return vpc.select_subnets(
        availability_zones=selection.availability_zones,
        one_per_az=selection.one_per_az,
        subnet_filters=selection.subnet_filters,
        subnet_group_name=selection.subnet_group_name,
        subnets=selection.subnets,
        subnet_type=selection.subnet_type,
    ).subnets


def _range_problems(vpc: ec2.IVpc) -> Iterator[str]:
    try:
        _ = vpc.vpc_cidr_block
    except RuntimeError:
        yield (
            "security_groups: the imported VPC has no address range for the default security group; import it with "
            "vpc_cidr_block=, or give security_groups="
        )


def _gateway_problems(
    vpc: ec2.IVpc, selections: Sequence[ec2.SubnetSelection] | None, *, s3_gateway: bool
) -> Iterator[str]:
    if not s3_gateway:
        if selections is not None:
            yield "s3_subnets has no effect with s3_gateway=False; remove one of them"
        return
    try:
        subnets = _selected(vpc, selections)
    except RuntimeError as error:
        yield f"s3_subnets: {_reason(error)}; select subnets of the VPC, or use s3_gateway=False"
        return
    try:
        _route_tables(subnets)
    except RuntimeError:
        # The ID is undefined in JavaScript, which jsii cannot return.
        yield (
            "s3_subnets: the route tables of the imported VPC are not known; import it with their IDs, such as "
            "private_subnet_route_table_ids=, or use s3_gateway=False"
        )
        return
    if not subnets:
        yield "s3_subnets: no subnet of the VPC matches; select some, or use s3_gateway=False"


def _home(vpc: ec2.IVpc) -> Environment:
    """Return the account and Region of the stack that defines or imports a VPC."""
    return environment_of(location_of(cast("Construct", vpc)))


def _owner_problems(vpc: ec2.IVpc) -> Iterator[str]:
    owner = _home(vpc).owner_of("endpoints", vpc.vpc_id)
    if owner is not None:
        yield f"vpc: it has the endpoints of {owner.node.path}, and a VPC can have them once; use that construct"


@jsii.implements(IValidation)
class _Conflicts:
    """
    A validation that finds endpoints of `vpc.add_interface_endpoint` or `vpc.add_gateway_endpoint` in a VPC.

    They can be added later, so the CDK calls this again when the app synthesizes.
    """

    def __init__(self, vpc: ec2.IVpc, selections: Sequence[ec2.SubnetSelection] | None, *, s3_gateway: bool) -> None:
        self._vpc = vpc
        self._selections = selections
        self._s3_gateway = s3_gateway

    def validate(self) -> list[str]:
        """Return the problem of each endpoint that makes the deployment of another one fail."""
        from aws_cdk import aws_ec2 as ec2

        stack = cdk.Stack.of(self._vpc)
        found = {each.node.path: each.node.default_child for each in self._vpc.node.children}
        return [
            problem
            for path, endpoint in found.items()
            if isinstance(endpoint, ec2.CfnVPCEndpoint)
            for problem in self._problems(path, endpoint, stack)
        ]

    def _problems(self, path: str, endpoint: ec2.CfnVPCEndpoint, stack: cdk.Stack) -> Iterator[str]:
        service = canonical_json(stack.resolve(endpoint.service_name)).rstrip('"]}')
        if service.endswith((".ecr.api", ".ecr.dkr")) and endpoint.private_dns_enabled is True:
            yield f"vpc: it has the endpoint {path} with the private DNS name of the same service; remove one of them"
        if service.endswith(".s3") and endpoint.vpc_endpoint_type == "Gateway" and self._s3_gateway:
            theirs, ours = stack.resolve(
                [endpoint.route_table_ids, _route_tables(_selected(self._vpc, self._selections))]
            )
            if set(map(canonical_json, theirs)) & set(map(canonical_json, ours)):
                yield (
                    f"s3_gateway: the route tables have the gateway endpoint {path}; use s3_gateway=False, or other "
                    "subnets in s3_subnets="
                )


def _selected(vpc: ec2.IVpc, selections: Sequence[ec2.SubnetSelection] | None) -> Sequence[ec2.ISubnet]:
    """Return the subnets whose route tables have the gateway endpoint."""
    if selections is None:
        return _subnets(vpc)
    return [each for one in selections for each in _select(vpc, one)]


def _route_tables(subnets: Iterable[ec2.ISubnet]) -> Sequence[str]:
    return [subnet.route_table.route_table_id for subnet in subnets]


def _reason(error: RuntimeError) -> str:
    """Return the first line of an error of the CDK, without the name of its code."""
    return str(error).splitlines()[0].split(": ", 1)[-1].rstrip(". ")
