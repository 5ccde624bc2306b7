"""The VPC endpoints of a registry, with the policies of a perimeter, and the perimeter in the policies of ECR."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from ecr_constructs import (
    EcrConstructsError,
    HardenedRepository,
    InvalidRegistry,
    Perimeter,
    PrivateRegistry,
    RegistryEndpoints,
)

PERIMETER = Perimeter(organization="o-abc1234567", endpoints=["o-abc1234567"], registries=["602401143452"])
ENDPOINT = "AWS::EC2::VPCEndpoint"


@pytest.fixture
def stack(app: cdk.App) -> cdk.Stack:
    return cdk.Stack(app, "Network", env=cdk.Environment(account="111122223333", region="eu-west-1"))


def vpc_in(stack: cdk.Stack, **options: Any) -> ec2.Vpc:
    # Without NAT gateways the private subnets are isolated, as in a VPC that needs endpoints.
    return ec2.Vpc(stack, "Vpc", max_azs=2, nat_gateways=0, **options)


def imported(stack: cdk.Stack, **options: Any) -> ec2.IVpc:
    given = {
        "vpc_id": "vpc-0123456789abcdef0",
        "availability_zones": ["eu-west-1a"],
        "private_subnet_ids": ["subnet-0123456789abcdef0"],
        "private_subnet_route_table_ids": ["rtb-0123456789abcdef0"],
        "vpc_cidr_block": "10.0.0.0/16",
        **options,
    }
    return ec2.Vpc.from_vpc_attributes(stack, "Vpc", **{key: value for key, value in given.items() if value})


def endpoints(stack: cdk.Stack) -> dict[str, dict[str, Any]]:
    """Return the properties of the endpoints by the service, without the Region."""
    found = Template.from_stack(stack).find_resources(ENDPOINT).values()
    return {_text(each["Properties"]["ServiceName"]).split(".", 3)[3]: each["Properties"] for each in found}


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        ((_, (_, parts)),) = value.items()
        return "".join(each if isinstance(each, str) else "REGION" for each in parts)
    return str(value)


def normalized(document: Any) -> Any:
    """Return a policy with each list of one value as that value, as the CDK writes it."""
    if isinstance(document, Mapping):
        return {key: normalized(each) for key, each in document.items()}
    if isinstance(document, (list, tuple)):
        return normalized(document[0]) if len(document) == 1 else [normalized(each) for each in document]
    return document


class TestEndpoints:
    def test_a_vpc_has_two_interface_endpoints_with_private_dns_and_a_gateway_endpoint(self, stack: cdk.Stack) -> None:
        made = RegistryEndpoints(stack, "Registry", vpc=vpc_in(stack))

        found = endpoints(stack)
        assert set(found) == {"ecr.api", "ecr.dkr", "s3"}
        for name in ("ecr.api", "ecr.dkr"):
            assert (found[name]["VpcEndpointType"], found[name]["PrivateDnsEnabled"]) == ("Interface", True)
            assert len(found[name]["SubnetIds"]) == 2
        assert found["s3"]["VpcEndpointType"] == "Gateway"
        # Those of two private and of two public subnets.
        assert len(found["s3"]["RouteTableIds"]) == 4
        assert made.layers is not None
        assert [stack.resolve(each.vpc_endpoint_id) for each in (made.api, made.docker, made.layers)] == [
            {"Ref": logical_id} for logical_id in Template.from_stack(stack).find_resources(ENDPOINT)
        ]

    def test_the_security_group_allows_https_from_the_vpc_and_nothing_else(self, stack: cdk.Stack) -> None:
        RegistryEndpoints(stack, "Registry", vpc=vpc_in(stack))

        template = Template.from_stack(stack)
        template.resource_count_is("AWS::EC2::SecurityGroup", 1)
        (group,) = template.find_resources("AWS::EC2::SecurityGroup").values()
        (rule,) = group["Properties"]["SecurityGroupIngress"]
        assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", 443, 443)
        assert "CidrBlock" in rule["CidrIp"]["Fn::GetAtt"]
        (out,) = group["Properties"]["SecurityGroupEgress"]
        assert out["CidrIp"] == "255.255.255.255/32"

    def test_without_a_perimeter_the_endpoints_have_no_policy(self, stack: cdk.Stack) -> None:
        RegistryEndpoints(stack, "Registry", vpc=vpc_in(stack))

        assert not any("PolicyDocument" in each for each in endpoints(stack).values())

    def test_the_endpoints_have_the_policies_of_the_perimeter(self, stack: cdk.Stack) -> None:
        made = RegistryEndpoints(stack, "Registry", vpc=vpc_in(stack), perimeter=PERIMETER)
        assert made.layers is not None
        made.layers.add_to_policy(
            iam.PolicyStatement(
                principals=[iam.AnyPrincipal()], actions=["s3:GetObject"], resources=["arn:aws:s3:::al2023-eu-west-1/*"]
            )
        )

        found = endpoints(stack)
        expected = normalized(PERIMETER.endpoint_policy())
        assert normalized(found["ecr.api"]["PolicyDocument"]) == expected
        assert normalized(found["ecr.dkr"]["PolicyDocument"]) == expected
        layers, more = found["s3"]["PolicyDocument"]["Statement"]
        assert layers["Action"] == "s3:GetObject"
        assert layers["Resource"] == "arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*"
        assert more["Resource"] == "arn:aws:s3:::al2023-eu-west-1/*"

    def test_a_stack_without_a_region_has_the_bucket_of_the_region_of_its_deployment(self, app: cdk.App) -> None:
        stack = cdk.Stack(app, "Agnostic")
        RegistryEndpoints(stack, "Registry", vpc=vpc_in(stack), perimeter=PERIMETER)

        (statement,) = endpoints(stack)["s3"]["PolicyDocument"]["Statement"]
        parts = ["arn:", {"Ref": "AWS::Partition"}, ":s3:::prod-", {"Ref": "AWS::Region"}, "-starport-layer-bucket/*"]
        assert statement["Resource"] == {"Fn::Join": ["", parts]}

    def test_given_subnets_and_security_groups_are_used(self, stack: cdk.Stack) -> None:
        vpc = vpc_in(stack)
        group = ec2.SecurityGroup(stack, "Group", vpc=vpc)
        public = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC)
        one = ec2.SubnetSelection(
            subnet_type=ec2.SubnetType.PUBLIC, one_per_az=True, availability_zones=vpc.availability_zones[:1]
        )
        RegistryEndpoints(stack, "Registry", vpc=vpc, subnets=one, security_groups=[group], s3_subnets=[public])

        found = endpoints(stack)
        assert len(found["ecr.api"]["SubnetIds"]) == 1
        assert found["ecr.dkr"]["SecurityGroupIds"] == [stack.resolve(group.security_group_id)]
        assert len(found["s3"]["RouteTableIds"]) == 2
        Template.from_stack(stack).resource_count_is("AWS::EC2::SecurityGroup", 1)

    def test_a_vpc_that_has_a_gateway_endpoint_needs_no_other(self, stack: cdk.Stack) -> None:
        made = RegistryEndpoints(stack, "Registry", vpc=vpc_in(stack), perimeter=PERIMETER, s3_gateway=False)

        assert set(endpoints(stack)) == {"ecr.api", "ecr.dkr"}
        assert made.layers is None

    def test_an_imported_vpc_has_the_endpoints(self, stack: cdk.Stack) -> None:
        RegistryEndpoints(stack, "Registry", vpc=imported(stack), perimeter=PERIMETER)

        found = endpoints(stack)
        assert found["ecr.api"]["SubnetIds"] == ["subnet-0123456789abcdef0"]
        assert found["s3"]["RouteTableIds"] == ["rtb-0123456789abcdef0"]

    def test_a_perimeter_can_contain_the_endpoints_of_the_same_app(self, stack: cdk.Stack) -> None:
        vpc = vpc_in(stack)
        made = RegistryEndpoints(stack, "Registry", vpc=vpc, perimeter=PERIMETER)
        inner = Perimeter(
            organization="o-abc1234567",
            networks=[vpc.vpc_id, vpc.vpc_arn],
            endpoints=[made.api.vpc_endpoint_id, made.docker.vpc_endpoint_id],
        )
        HardenedRepository(
            stack,
            "Api",
            policy_statements=[
                iam.PolicyStatement.from_json(each) for each in inner.repository_statements(stack.account)
            ],
        )

        conditions = policy(stack, "AWS::ECR::Repository", "RepositoryPolicyText")["PerimeterNetworks"]["Condition"]
        assert conditions["StringNotEqualsIfExists"]["aws:SourceVpc"] == [stack.resolve(vpc.vpc_id)]
        assert conditions["StringNotEqualsIfExists"]["aws:SourceVpce"] == [
            stack.resolve(each.vpc_endpoint_id) for each in (made.api, made.docker)
        ]
        assert conditions["ArnNotLikeIfExists"]["aws:SourceVpcArn"] == [stack.resolve(vpc.vpc_arn)]


class TestProblems:
    @pytest.mark.parametrize(
        ("options", "problem"),
        [
            (
                {"vpc_cidr_block": None},
                "security_groups: the imported VPC has no address range for the default security group",
            ),
            (
                {"private_subnet_ids": None, "private_subnet_route_table_ids": None},
                "vpc: it has no subnets; import it with the IDs of its subnets",
            ),
            (
                {"private_subnet_route_table_ids": None},
                "s3_subnets: the route tables of the imported VPC are not known; import it with their IDs",
            ),
            ({"region": "us-east-1"}, "vpc: it is in Region us-east-1, and the stack in eu-west-1"),
        ],
    )
    def test_an_imported_vpc_without_the_requirements_of_the_endpoints_is_rejected(
        self, stack: cdk.Stack, options: dict[str, Any], problem: str
    ) -> None:
        with pytest.raises(InvalidRegistry) as raised:
            RegistryEndpoints(stack, "Registry", vpc=imported(stack, **options))

        assert raised.value.path == "Network/Registry"
        assert any(problem in each for each in raised.value.problems), raised.value.problems
        assert stack.node.try_find_child("Registry") is None

    @pytest.mark.parametrize(
        ("options", "problem"),
        [
            ({"security_groups": []}, "security_groups: the list is empty"),
            ({"s3_gateway": False, "s3_subnets": []}, "s3_subnets has no effect with s3_gateway=False"),
            ({"s3_subnets": []}, "s3_subnets: no subnet of the VPC matches"),
            (
                {"subnets": ec2.SubnetSelection(subnet_group_name="Data")},
                "subnets: There are no subnet groups with name",
            ),
            (
                {"s3_subnets": [ec2.SubnetSelection(subnet_group_name="Data")]},
                "s3_subnets: There are no subnet groups with name",
            ),
            (
                {"perimeter": Perimeter(organization="o-abc1234567", accounts=[f"{each:012}" for each in range(700)])},
                "perimeter: the policy of the VPC endpoints has",
            ),
        ],
    )
    def test_an_argument_without_effect_or_match_is_rejected(
        self, stack: cdk.Stack, options: dict[str, Any], problem: str
    ) -> None:
        vpc = vpc_in(stack)
        with pytest.raises(InvalidRegistry) as raised:
            RegistryEndpoints(stack, "Registry", vpc=vpc, **options)

        assert [each for each in raised.value.problems if not each.startswith(problem)] == []
        assert stack.node.try_find_child("Registry") is None

    def test_a_vpc_has_the_endpoints_once(self, stack: cdk.Stack) -> None:
        vpc = vpc_in(stack)
        RegistryEndpoints(stack, "Registry", vpc=vpc)

        with pytest.raises(InvalidRegistry, match="vpc: it has the endpoints of Network/Registry, and a VPC can have"):
            RegistryEndpoints(stack, "B", vpc=vpc)
        stack.node.try_remove_child("Registry")
        RegistryEndpoints(stack, "B", vpc=vpc)

    ADDED: Mapping[str, tuple[Callable[[ec2.Vpc], object], str]] = {
        "ecr.dkr": (
            lambda vpc: vpc.add_interface_endpoint("Docker", service=ec2.InterfaceVpcEndpointAwsService.ECR_DOCKER),
            "vpc: it has the endpoint Network/Vpc/Docker with the private DNS name of the same service",
        ),
        "s3": (
            lambda vpc: vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3),
            "s3_gateway: the route tables have the gateway endpoint Network/Vpc/S3; use s3_gateway=False",
        ),
    }

    @pytest.mark.parametrize(("add", "problem"), ADDED.values(), ids=ADDED)
    def test_an_endpoint_that_the_vpc_has_or_gets_later_is_rejected(
        self, stack: cdk.Stack, add: Callable[[ec2.Vpc], object], problem: str
    ) -> None:
        vpc = vpc_in(stack)
        RegistryEndpoints(stack, "Registry", vpc=vpc)
        add(vpc)

        with pytest.raises(RuntimeError, match=problem):
            Template.from_stack(stack)
        stack.node.try_remove_child("Registry")
        with pytest.raises(InvalidRegistry, match=problem):
            RegistryEndpoints(stack, "B", vpc=vpc)

    def test_endpoints_that_do_not_conflict_are_accepted(self, stack: cdk.Stack) -> None:
        vpc = vpc_in(stack)
        private, public = (
            [ec2.SubnetSelection(subnet_type=each)] for each in (ec2.SubnetType.PRIVATE_ISOLATED, ec2.SubnetType.PUBLIC)
        )
        vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3, subnets=public)
        vpc.add_gateway_endpoint("Tables", service=ec2.GatewayVpcEndpointAwsService.DYNAMODB)
        vpc.add_interface_endpoint("Logs", service=ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS)
        vpc.add_interface_endpoint("S3Interface", service=ec2.InterfaceVpcEndpointAwsService.S3)
        RegistryEndpoints(stack, "Registry", vpc=vpc, s3_subnets=private)

        Template.from_stack(stack).resource_count_is(ENDPOINT, 7)

    def test_a_vpc_without_dns_names_is_rejected(self, stack: cdk.Stack) -> None:
        vpc = vpc_in(stack, enable_dns_hostnames=False, enable_dns_support=False)
        with pytest.raises(InvalidRegistry) as raised:
            RegistryEndpoints(stack, "Registry", vpc=vpc)

        assert [each.split(",")[0] for each in raised.value.problems] == [
            "vpc: it has enable_dns_support=False",
            "vpc: it has enable_dns_hostnames=False",
        ]

    def test_all_arguments_of_the_wrong_kind_are_reported_at_once(self, stack: cdk.Stack) -> None:
        names = ("vpc", "perimeter", "subnets", "security_groups", "s3_gateway", "s3_subnets")
        with pytest.raises(TypeError) as raised:
            RegistryEndpoints(stack, "Registry", **dict.fromkeys(names, 1))  # type: ignore[arg-type]

        assert all(f"{name} must be" in str(raised.value) for name in names)
        with pytest.raises(TypeError, match=r"security_groups\[0\] must be an ec2.SecurityGroup"):
            RegistryEndpoints(stack, "Registry", vpc=vpc_in(stack), security_groups=["sg-1"])  # type: ignore[list-item]

    @pytest.mark.parametrize("make", [lambda stack: stack.node.root, lambda stack: stack])
    def test_a_wrong_location_is_rejected(self, stack: cdk.Stack, make: Callable[[cdk.Stack], Any]) -> None:
        vpc = vpc_in(stack)
        with pytest.raises(EcrConstructsError):
            RegistryEndpoints(make(stack), "Vpc", vpc=vpc)


def policy(stack: cdk.Stack, resource_type: str, name: str) -> dict[str, dict[str, Any]]:
    """Return the statements of the policy of the only resource of a type, by their Sid."""
    (found,) = Template.from_stack(stack).find_resources(resource_type).values()
    document = found["Properties"][name]
    return {each["Sid"]: each for each in document["Statement"]}


class TestPoliciesOfEcr:
    def test_a_repository_and_a_registry_accept_the_statements(self, stack: cdk.Stack) -> None:
        registry = PrivateRegistry(stack, "Registry")
        for each in PERIMETER.registry_statements(stack.account):
            registry.add_to_resource_policy(iam.PolicyStatement.from_json(each))
        repository = HardenedRepository(stack, "Api", repository_name="prod/api")
        for each in PERIMETER.repository_statements(stack.account):
            repository.add_to_resource_policy(iam.PolicyStatement.from_json(each))

        for resource, name, statements in (
            ("AWS::ECR::Repository", "RepositoryPolicyText", PERIMETER.repository_statements("111122223333")),
            ("AWS::ECR::RegistryPolicy", "PolicyText", PERIMETER.registry_statements("111122223333")),
        ):
            found = policy(stack, resource, name)
            assert normalized(found) == normalized({each["Sid"]: each for each in statements})
            assert len(json.dumps(found)) < 10_240
