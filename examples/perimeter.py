"""The data perimeter of an organization: policies of the registry, of VPC endpoints, and of AWS Organizations."""

import json

from aws_cdk import App, Environment, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_organizations as organizations

from ecr_constructs import HardenedRepository, Perimeter, PrivateRegistry, RegistryEndpoints

app = App()
perimeter = Perimeter(
    organization="o-abc1234567",
    # All VPC endpoints of the accounts of the organization, and the public addresses of the office.
    endpoints=["o-abc1234567"],
    networks=["203.0.113.0/24"],
    # The registry of the Amazon EKS add-ons in eu-west-1.
    registries=["602401143452"],
    # Builds of AWS CodeBuild run outside of the VPCs.
    except_for=["arn:aws:iam::*:role/codebuild-*"],
)

containers = Stack(app, "Containers", env=Environment(account="111122223333", region="eu-west-1"))
registry = PrivateRegistry(containers, "Registry")
for statement in perimeter.registry_statements(containers.account):
    registry.add_to_resource_policy(iam.PolicyStatement.from_json(statement))
HardenedRepository(containers, "Api", repository_name="prod/payments-api")

network = Stack(app, "Network", env=Environment(account="444455556666", region="eu-west-1"))
vpc = ec2.Vpc.from_vpc_attributes(
    network,
    "Vpc",
    vpc_id="vpc-0123456789abcdef0",
    vpc_cidr_block="10.0.0.0/16",
    availability_zones=["eu-west-1a"],
    isolated_subnet_ids=["subnet-0123456789abcdef0"],
    isolated_subnet_route_table_ids=["rtb-0123456789abcdef0"],
)
RegistryEndpoints(network, "Registry", vpc=vpc, perimeter=perimeter)

# Deployed by the management account, or by a delegated administrator of AWS Organizations. Begin with a test account.
organization = Stack(app, "Organization", env=Environment(account="777788889999", region="us-east-1"))
for kind, text in (
    ("SERVICE_CONTROL_POLICY", perimeter.service_control_policy()),
    ("RESOURCE_CONTROL_POLICY", perimeter.resource_control_policy()),
):
    organizations.CfnPolicy(
        organization,
        kind.title().replace("_", ""),
        name=f"ecr-perimeter-{kind.split('_')[0].lower()}",
        type=kind,
        content=json.loads(text),
        target_ids=["ou-ab12-11111111"],
    )
app.synth()
