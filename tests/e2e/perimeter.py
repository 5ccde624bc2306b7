"""The resource types of a perimeter, with the backends of moto."""

from __future__ import annotations

import json

from moto.core.common_models import CloudFormationModel
from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.vpcs import VPCEndPoint
from moto.ec2.utils import random_vpc_ep_id
from moto.iam.policy_validation import IAMPolicyDocumentValidator
from moto.organizations.models import OrganizationsBackend, organizations_backends

from tests.e2e.cloudformation import Resource, refuse

# https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
MOST_OF_POLICY = {"SERVICE_CONTROL_POLICY": 10_240, "RESOURCE_CONTROL_POLICY": 5_120}
MOST_OF_ENDPOINT_POLICY = 20_480


class VpcEndpoint(Resource, CloudFormationModel):
    """
    A VPC endpoint in the EC2 of moto.

    The example imports its VPC, so no VPC exists, which the CloudFormation of moto requires.
    """

    resource_type = "AWS::EC2::VPCEndpoint"

    @property
    def ec2(self) -> EC2Backend:
        return ec2_backends[self.account][self.region]

    def exists(self) -> bool:
        return self.physical_resource_id in self.ec2.vpc_end_points

    def put(self) -> None:
        policy = json.dumps(self.properties.get("PolicyDocument", VPCEndPoint.DEFAULT_POLICY))
        check_endpoint_policy(policy)
        if self.exists():
            self._change(self.ec2.vpc_end_points[self.physical_resource_id], policy)
            return
        self._check_conflict()
        self.physical_resource_id = random_vpc_ep_id()
        self.ec2.vpc_end_points[self.physical_resource_id] = VPCEndPoint(  # type: ignore[abstract]  # as moto does
            self.ec2,
            self.physical_resource_id,
            self.properties["VpcId"],
            self.properties["ServiceName"],
            self.properties.get("VpcEndpointType", "Gateway"),
            policy,
            self.properties.get("RouteTableIds", []),
            self.properties.get("SubnetIds", []),
            security_group_ids=self.properties.get("SecurityGroupIds", []),
            private_dns_enabled=self.properties.get("PrivateDnsEnabled", False),
        )

    def remove(self) -> None:
        del self.ec2.vpc_end_points[self.physical_resource_id]

    def _change(self, endpoint: VPCEndPoint, policy: str) -> None:
        endpoint.policy_document = policy
        endpoint.route_table_ids = self.properties.get("RouteTableIds", [])
        endpoint.subnet_ids = self.properties.get("SubnetIds", [])
        endpoint.security_group_ids = self.properties.get("SecurityGroupIds", [])

    def _check_conflict(self) -> None:
        mine = (self.properties["VpcId"], self.properties["ServiceName"])
        if any((each.vpc_id, each.service_name) == mine for each in self.ec2.vpc_end_points.values()):
            refuse(f"AlreadyExists: {mine[0]} has an endpoint for {mine[1]}")


class OrganizationPolicy(Resource, CloudFormationModel):
    """A policy in the Organizations of moto. Its targets are kept and not attached, because none of them exists."""

    resource_type = "AWS::Organizations::Policy"

    @property
    def organizations(self) -> OrganizationsBackend:
        found = organizations_backends[self.account]["aws"]
        if found.org is None:
            found.create_organization(region=self.region)
        return found

    def exists(self) -> bool:
        return any(each.id == self.physical_resource_id for each in self.organizations.policies)

    def put(self) -> None:
        content = json.dumps(self.properties["Content"], separators=(",", ":"))
        if len(content) > MOST_OF_POLICY[self.properties["Type"]]:
            refuse(f"CreatePolicy: the content has {len(content)} characters")
        IAMPolicyDocumentValidator(content).validate()
        if self.exists():
            (policy,) = (each for each in self.organizations.policies if each.id == self.physical_resource_id)
            policy.content, policy.name = content, self.properties["Name"]
            return
        members = {"Name": self.properties["Name"], "Type": self.properties["Type"], "Content": content}
        self.physical_resource_id = self.organizations.create_policy(**members)["Policy"]["PolicySummary"]["Id"]

    def remove(self) -> None:
        self.organizations.delete_policy(PolicyId=self.physical_resource_id)


def check_endpoint_policy(policy: str) -> None:
    """Reject the policy of a VPC endpoint that IAM rejects, or that has no principal, or that is too long."""
    IAMPolicyDocumentValidator(policy).validate()
    # https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
    if len(policy) > MOST_OF_ENDPOINT_POLICY or any(
        "Principal" not in each for each in json.loads(policy)["Statement"]
    ):
        refuse("CreateVpcEndpoint: the policy document is invalid")
