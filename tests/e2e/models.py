"""The resource types of ECR that moto does not support completely, and those that the examples use with them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moto.core.common_models import CloudFormationModel
from moto.core.utils import utcnow
from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.vpcs import VPCEndPoint
from moto.ec2.utils import random_vpc_ep_id
from moto.ecr.models import Repository as MotoRepository
from moto.ecr.models import RepositoryUpdateProperty
from moto.ecr.policy_validation import EcrLifecyclePolicyValidator
from moto.iam.models import IAMBackend, iam_backends
from moto.iam.policy_validation import IAMPolicyDocumentValidator
from moto.kms.models import kms_backends
from moto.organizations.models import OrganizationsBackend, organizations_backends
from moto.secretsmanager.models import FakeSecret, SecretsManagerBackend, secretsmanager_backends

from ecr_constructs.model import LifecyclePolicy
from ecr_constructs.model.iam.values import as_list
from tests.e2e.cloudformation import Resource, refuse, request
from tests.e2e.registry import registry
from tests.e2e.validation import api_names

MOST_OF_POLICY = 5_120
MOST_OF_ENDPOINT_POLICY = 20_480
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning.html
FREQUENCIES = {"BASIC": {"SCAN_ON_PUSH"}, "ENHANCED": {"SCAN_ON_PUSH", "CONTINUOUS_SCAN"}}


class RegistryPolicy(Resource, CloudFormationModel):
    resource_type = "AWS::ECR::RegistryPolicy"

    def exists(self) -> bool:
        return self.ecr.registry_policy is not None

    def put(self) -> None:
        policy = request("PutRegistryPolicy", **api_names(self.properties))["policyText"]
        # Not `put_registry_policy` of moto, which accepts two of the actions of a registry policy only.
        IAMPolicyDocumentValidator(policy).validate()
        self.ecr.registry_policy = policy

    def remove(self) -> None:
        self.ecr.registry_policy = None


class ReplicationConfiguration(Resource, CloudFormationModel):
    resource_type = "AWS::ECR::ReplicationConfiguration"

    def exists(self) -> bool:
        return self.ecr.replication_config != {"rules": []}

    def put(self) -> None:
        # Not `put_replication_configuration` of moto, which accepts one rule, as ECR did in 2020.
        configuration = request("PutReplicationConfiguration", **api_names(self.properties))["replicationConfiguration"]
        here = {"region": self.region, "registryId": self.account}
        if any(here in rule["destinations"] for rule in configuration["rules"]):
            refuse(f"PutReplicationConfiguration: the destination {here} is the source")
        self.ecr.replication_config = configuration

    def remove(self) -> None:
        self.ecr.replication_config = {"rules": []}


class RegistryScanningConfiguration(Resource, CloudFormationModel):
    resource_type = "AWS::ECR::RegistryScanningConfiguration"

    def exists(self) -> bool:
        return self.ecr.registry_scanning_configuration != {"scanType": "BASIC", "rules": []}

    def put(self) -> None:
        scanning = request("PutRegistryScanningConfiguration", **api_names(self.properties))
        frequencies = {rule["scanFrequency"] for rule in scanning["rules"]}
        if not frequencies <= FREQUENCIES[scanning["scanType"]]:
            refuse(f"PutRegistryScanningConfiguration: {scanning['scanType']} scanning has no {frequencies}")
        self.ecr.put_registry_scanning_configuration(scanning["scanType"], scanning["rules"])

    def remove(self) -> None:
        self.ecr.put_registry_scanning_configuration("BASIC", [])


class SigningConfiguration(Resource, CloudFormationModel):
    resource_type = "AWS::ECR::SigningConfiguration"

    def exists(self) -> bool:
        return registry(self.ecr).signing is not None

    def put(self) -> None:
        configuration = request("PutSigningConfiguration", signingConfiguration=api_names(self.properties))
        registry(self.ecr).signing = configuration["signingConfiguration"]

    def remove(self) -> None:
        registry(self.ecr).signing = None


class PullThroughCacheRule(Resource, CloudFormationModel):
    resource_type = "AWS::ECR::PullThroughCacheRule"

    @property
    def identity(self) -> str:
        return str(self.properties["EcrRepositoryPrefix"])

    def exists(self) -> bool:
        return self.physical_resource_id in registry(self.ecr).cache_rules

    def put(self) -> None:
        rule = request("CreatePullThroughCacheRule", **api_names(self.properties))
        secret = rule.get("credentialArn")
        if secret and secret not in secretsmanager_backends[self.account][self.region].secrets:
            refuse(f"CreatePullThroughCacheRule: there is no secret {secret} in {self.account} {self.region}")
        _keep(registry(self.ecr).cache_rules, self.physical_resource_id, rule)

    def remove(self) -> None:
        del registry(self.ecr).cache_rules[self.physical_resource_id]


class RepositoryCreationTemplate(Resource, CloudFormationModel):
    resource_type = "AWS::ECR::RepositoryCreationTemplate"

    @property
    def identity(self) -> str:
        return str(self.properties["Prefix"])

    def exists(self) -> bool:
        return self.physical_resource_id in registry(self.ecr).templates

    def put(self) -> None:
        template = request("CreateRepositoryCreationTemplate", **api_names(self.properties))
        if "lifecyclePolicy" in template:
            check_lifecycle_policy(template["lifecyclePolicy"])
        _keep(registry(self.ecr).templates, self.physical_resource_id, template)

    def remove(self) -> None:
        del registry(self.ecr).templates[self.physical_resource_id]


class PullTimeUpdateExclusion(Resource, CloudFormationModel):
    resource_type = "AWS::ECR::PullTimeUpdateExclusion"

    @property
    def identity(self) -> str:
        return str(self.properties["PrincipalArn"])

    def exists(self) -> bool:
        return self.physical_resource_id in registry(self.ecr).exclusions

    def put(self) -> None:
        request("RegisterPullTimeUpdateExclusion", **api_names(self.properties))
        registry(self.ecr).exclusions.append(self.physical_resource_id)

    def remove(self) -> None:
        registry(self.ecr).exclusions.remove(self.physical_resource_id)


class Repository(Resource, CloudFormationModel):
    """The repository of moto with policies, filters, keys and the removal of tags."""

    resource_type = "AWS::ECR::Repository"

    @property
    def identity(self) -> str:
        return str(self.properties.get("RepositoryName", self.generated_name.lower()))

    def exists(self) -> bool:
        return self.physical_resource_id in self.ecr.repositories

    @property
    def repository(self) -> MotoRepository:
        return self.ecr.repositories[self.physical_resource_id]

    def get_cfn_attribute(self, attribute_name: str) -> Any:
        return self.repository.get_cfn_attribute(attribute_name)

    def put(self) -> None:
        name = self.physical_resource_id
        in_environment = {"LifecyclePolicy", "RepositoryPolicyText", "EmptyOnDelete"}
        settings = {key: value for key, value in self.properties.items() if key not in in_environment}
        wanted = request("CreateRepository", **{"repositoryName": name, **api_names(settings)})
        if not self.exists():
            self._check_key(wanted.get("encryptionConfiguration", {}).get("kmsKey"))
            self.ecr.create_repository(
                repository_name=name,
                registry_id=None,
                encryption_config=wanted.get("encryptionConfiguration", {}),
                image_scan_config=wanted.get("imageScanningConfiguration"),
                image_tag_mutability=wanted.get("imageTagMutability", "MUTABLE"),
                image_tag_mutability_exclusion_filters=wanted.get("imageTagMutabilityExclusionFilters"),
                tags=[],
            )
        self._put_settings(wanted)
        self._put_policies(self.properties.get("LifecyclePolicy", {}), self.properties.get("RepositoryPolicyText"))

    def remove(self) -> None:
        self.ecr.delete_repository(self.physical_resource_id, force=self.properties.get("EmptyOnDelete", False))

    def _check_key(self, key: str | None) -> None:
        keys = kms_backends[self.account][self.region].keys.values()
        if key is not None and not any(key in (each.id, each.arn) for each in keys):
            refuse(f"CreateRepository: there is no key {key} in {self.account} {self.region}")

    def _put_settings(self, wanted: Mapping[str, Any]) -> None:
        # The resource handler does not reset mutability and scanning if the template no longer has them.
        if "imageTagMutability" in wanted:
            mutability = wanted["imageTagMutability"]
            filters = wanted.get("imageTagMutabilityExclusionFilters")
            self.ecr.validate_image_tag_mutability_params_compatibility(mutability, filters)
            self.repository.update(
                RepositoryUpdateProperty.IMAGE_TAG_MUTABILITY,
                image_tag_mutability=mutability,
                image_tag_mutability_exclusion_filters=filters,
            )
        self.repository.update(
            RepositoryUpdateProperty.IMAGE_SCANNING_CONFIGURATION,
            image_scanning_configuration=wanted.get("imageScanningConfiguration"),
        )
        self.ecr.tagger.delete_all_tags_for_resource(self.repository.arn)
        self.ecr.tagger.tag_resource(self.repository.arn, wanted.get("tags", []))

    def _put_policies(self, lifecycle: Mapping[str, Any], policy: Mapping[str, Any] | str | None) -> None:
        # Policies that the template no longer has are deleted.
        named = {"repositoryName": self.repository.name}
        self.repository.lifecycle_policy = None
        if "LifecyclePolicyText" in lifecycle:
            put = request("PutLifecyclePolicy", **named, **api_names(lifecycle))
            check_lifecycle_policy(put["lifecyclePolicyText"])
            self.repository.lifecycle_policy = put["lifecyclePolicyText"]
        self.repository.policy = None
        if policy is not None:
            put = request("SetRepositoryPolicy", **named, **api_names({"RepositoryPolicyText": policy}))
            check_principals(put["policyText"])
            self.ecr.set_repository_policy(self.account, self.repository.name, put["policyText"])


class Secret(Resource, CloudFormationModel):
    """The secret of moto. It has no value unless the template has one."""

    resource_type = "AWS::SecretsManager::Secret"

    @property
    def identity(self) -> str:
        return str(self.properties.get("Name", self.generated_name))

    @property
    def secrets(self) -> SecretsManagerBackend:
        return secretsmanager_backends[self.account][self.region]

    def exists(self) -> bool:
        found = self.secrets.secrets.get(self.physical_resource_id)
        if found is not None and found.is_deleted():
            refuse("InvalidRequestException: a secret with this name is already scheduled for deletion")
        return found is not None

    def put(self) -> None:
        description, tags, key = (self.properties.get(name) for name in ("Description", "Tags", "KmsKeyId"))
        if self.exists():
            secret = self.secrets.secrets[self.physical_resource_id]
            assert isinstance(secret, FakeSecret)
            secret.update(description, tags, key)
            return
        made = self.secrets.create_secret(
            self.physical_resource_id,
            secret_string=self.properties.get("SecretString"),
            secret_binary=None,
            description=description,
            tags=tags,
            kms_key_id=key,
            client_request_token=None,
            replica_regions=[],
            force_overwrite=False,
        )
        # Its physical id is its ARN from now on. Secrets Manager generates the end of the ARN.
        self.physical_resource_id = json.loads(made)["ARN"]

    def remove(self) -> None:
        self.secrets.delete_secret(
            self.physical_resource_id, recovery_window_in_days=None, force_delete_without_recovery=True
        )


class OidcProvider(Resource, CloudFormationModel):
    """An OpenID Connect provider in the IAM of moto, which the CloudFormation of moto does not support."""

    resource_type = "AWS::IAM::OIDCProvider"

    @property
    def identity(self) -> str:
        return f"arn:aws:iam::{self.account}:oidc-provider/{self.properties['Url'].removeprefix('https://')}"

    @property
    def iam(self) -> IAMBackend:
        return iam_backends[self.account]["aws"]

    def exists(self) -> bool:
        return self.physical_resource_id in self.iam.open_id_providers

    def put(self) -> None:
        if self.exists():
            self.remove()
        self.iam.create_open_id_connect_provider(
            self.properties["Url"], self.properties.get("ThumbprintList", []), self.properties["ClientIdList"], tags=[]
        )

    def remove(self) -> None:
        del self.iam.open_id_providers[self.physical_resource_id]

    def get_cfn_attribute(self, attribute_name: str) -> str:
        return {"Arn": self.physical_resource_id}[attribute_name]


class VpcEndpoint(Resource, CloudFormationModel):
    """
    A VPC endpoint in the EC2 of moto.

    The example imports its VPC, so that no VPC exists, which the CloudFormation of moto requires.
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
            self.ec2.vpc_end_points[self.physical_resource_id].policy_document = policy
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

    def _check_conflict(self) -> None:
        mine = (self.properties["VpcId"], self.properties["ServiceName"])
        if any((each.vpc_id, each.service_name) == mine for each in self.ec2.vpc_end_points.values()):
            refuse(f"CreateVpcEndpoint: {mine[0]} has an endpoint for {mine[1]}")


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
        # https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
        if len(content) > MOST_OF_POLICY:
            refuse(f"CreatePolicy: the content has {len(content)} characters")
        IAMPolicyDocumentValidator(content).validate()
        if self.exists():
            (policy,) = (each for each in self.organizations.policies if each.id == self.physical_resource_id)
            policy.content = content
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


def check_lifecycle_policy(policy: str) -> None:
    """Reject a policy that moto or the library rejects."""
    EcrLifecyclePolicyValidator(policy).validate()
    LifecyclePolicy.from_json(policy)


def check_principals(policy: str) -> None:
    """Refuse a role or a user that does not exist, as IAM does when it looks up its unique ID."""
    for statement in json.loads(policy)["Statement"]:
        principals = statement["Principal"]
        for arn in as_list(principals.get("AWS", []) if isinstance(principals, dict) else []):
            account, resource = arn.split(":")[4:6] if arn.count(":") == 5 else ("", "")
            roles = [each.arn for each in iam_backends[account]["aws"].roles.values()] if account else []
            if resource.startswith("role/") and arn not in roles:
                refuse(f"SetRepositoryPolicy: Principal not found: {arn}")


def _keep(kept: dict[str, dict[str, Any]], key: str, members: Mapping[str, Any]) -> None:
    """Store the content of a request with the times of its first and last call."""
    now = utcnow()
    kept[key] = {"createdAt": kept.get(key, {"createdAt": now})["createdAt"], "updatedAt": now, **members}
