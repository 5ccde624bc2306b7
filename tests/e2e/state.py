"""The resources of an account, read with boto3 and written as properties of a template."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # it ships no types

from tests.e2e.assemblies import Deployed
from tests.e2e.emulator import Emulator
from tests.e2e.validation import FILTER_MEMBERS, MEMBERS, SECRET_VALUES, api_names, without

Members = Mapping[str, Any]
# Properties that no API returns.
WRITE_ONLY = {"EmptyOnDelete", "GenerateSecretString", "PendingWindowInDays", "SecretString", *SECRET_VALUES}
# Error codes for resources that do not exist. Some services have codes of their own.
ABSENT = ("NotFound", "NoSuchEntity")


def read(emulator: Emulator, resource: Deployed) -> Members | None:
    """Return the resource in the account, or None if it does not exist."""
    reader, service = READERS[resource.resource_type]
    return _unless_absent(reader, emulator.client(service, resource.account, resource.region), resource)


def asked_for(resource: Deployed) -> Members:
    """Return the properties in the template that can be read from the account."""
    names = FILTER_MEMBERS if resource.resource_type == "AWS::InspectorV2::Filter" else MEMBERS
    members = api_names(without(WRITE_ONLY, resource.properties), names)
    if resource.resource_type == "AWS::ECR::Repository":
        members |= members.pop("lifecyclePolicy", {})
    opened: Members = readable(members)
    return opened


def answer(has: Members, wanted: Members) -> Members:
    """Return the properties in the account that the template has. ECR also returns the AWS managed key that it uses."""
    found = {name: has.get(name) for name in wanted}
    if "encryptionConfiguration" in wanted:
        encryption = has["encryptionConfiguration"]
        found["encryptionConfiguration"] = {name: encryption.get(name) for name in wanted["encryptionConfiguration"]}
    opened: Members = readable(found)
    return opened


def readable(members: Any) -> Any:
    """Return a document with JSON texts replaced by their values, and with unordered lists sorted."""
    if isinstance(members, Mapping):
        return {name: readable(value) for name, value in members.items()}
    if isinstance(members, list):
        return sorted((readable(each) for each in members), key=lambda each: json.dumps(each, sort_keys=True))
    return readable(json.loads(members)) if isinstance(members, str) and members.startswith("{") else members


# --- one reader for each resource type --------------------------------------------------------------------------------


def _repository(ecr: Any, resource: Deployed) -> Members:
    name = resource.physical_id
    (found,) = ecr.describe_repositories(repositoryNames=[name])["repositories"]
    lifecycle = _unless_absent(ecr.get_lifecycle_policy, repositoryName=name) or {}
    policy = _unless_absent(ecr.get_repository_policy, repositoryName=name) or {}
    return {
        **found,
        "tags": ecr.list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"],
        "lifecyclePolicyText": lifecycle.get("lifecyclePolicyText"),
        "policyText": policy.get("policyText"),
    }


def _registry_policy(ecr: Any, _: Deployed) -> Members:
    found: Members = ecr.get_registry_policy()
    return found


def _replication(ecr: Any, _: Deployed) -> Members | None:
    found: Members = ecr.describe_registry()
    return found if found["replicationConfiguration"]["rules"] else None


def _scanning(ecr: Any, _: Deployed) -> Members | None:
    found: Members = ecr.get_registry_scanning_configuration()["scanningConfiguration"]
    return found if found != {"scanType": "BASIC", "rules": []} else None


def _signing(ecr: Any, _: Deployed) -> Members | None:
    found: Members = ecr.get_signing_configuration()["signingConfiguration"]
    return found if found["rules"] else None


def _cache_rule(ecr: Any, resource: Deployed) -> Members | None:
    rules = ecr.describe_pull_through_cache_rules()["pullThroughCacheRules"]
    return next((rule for rule in rules if rule["ecrRepositoryPrefix"] == resource.physical_id), None)


def _creation_template(ecr: Any, resource: Deployed) -> Members | None:
    templates = ecr.describe_repository_creation_templates()["repositoryCreationTemplates"]
    return next((template for template in templates if template["prefix"] == resource.physical_id), None)


def _exclusion(ecr: Any, resource: Deployed) -> Members | None:
    principals = ecr.list_pull_time_update_exclusions()["pullTimeUpdateExclusions"]
    return {"principalArn": resource.physical_id} if resource.physical_id in principals else None


def _key(kms: Any, resource: Deployed) -> Members:
    key = {"KeyId": resource.physical_id}
    return {
        **api_names(kms.describe_key(**key)["KeyMetadata"]),
        "keyPolicy": kms.get_key_policy(**key, PolicyName="default")["Policy"],
        "enableKeyRotation": kms.get_key_rotation_status(**key)["KeyRotationEnabled"],
        "tags": [{"Key": tag["TagKey"], "Value": tag["TagValue"]} for tag in kms.list_resource_tags(**key)["Tags"]],
    }


def _role(iam: Any, resource: Deployed) -> Members:
    found: Members = iam.get_role(RoleName=resource.physical_id)["Role"]
    return found


def _inline_policy(iam: Any, resource: Deployed) -> Members:
    names = {"RoleName": resource.properties["Roles"][0], "PolicyName": resource.properties["PolicyName"]}
    found: Members = iam.get_role_policy(**names)
    return found


def _oidc_provider(iam: Any, resource: Deployed) -> Members | None:
    found = _unless_absent(iam.get_open_id_connect_provider, OpenIDConnectProviderArn=resource.physical_id)
    return found and {"url": f"https://{found['Url']}", "clientIdList": found["ClientIDList"]}


def _managed_policy(iam: Any, resource: Deployed) -> Members:
    found: Members = iam.get_policy(PolicyArn=resource.physical_id)["Policy"]
    return found


def _secret(secrets: Any, resource: Deployed) -> Members:
    return api_names(secrets.describe_secret(SecretId=resource.physical_id))


def _vpc_endpoint(ec2: Any, resource: Deployed) -> Members:
    (found,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[resource.physical_id])["VpcEndpoints"]
    groups = [group["GroupId"] for group in found.get("Groups", ())]
    document = json.loads(found["PolicyDocument"])
    return {**api_names({**found, "PolicyDocument": document}), "securityGroupIds": groups}


def _security_group(ec2: Any, resource: Deployed) -> Members:
    (found,) = ec2.describe_security_groups(GroupIds=[resource.physical_id])["SecurityGroups"]
    return dict(found)


def _organization_policy(organizations: Any, resource: Deployed) -> Members:
    found = organizations.describe_policy(PolicyId=resource.physical_id)["Policy"]
    # No target exists, so none is attached.
    targets = {"TargetIds": resource.properties.get("TargetIds")}
    return api_names({**found["PolicySummary"], "Content": json.loads(found["Content"]), **targets})


def _task_definition(ecs: Any, resource: Deployed) -> Members | None:
    found: Members = ecs.describe_task_definition(taskDefinition=resource.physical_id)["taskDefinition"]
    return found if found["status"] == "ACTIVE" else None


def _topic(sns: Any, resource: Deployed) -> Members:
    arn = resource.physical_id
    tags = sns.list_tags_for_resource(ResourceArn=arn)["Tags"]
    attributes = api_names(sns.get_topic_attributes(TopicArn=arn)["Attributes"])
    return {**attributes, "topicName": arn.rpartition(":")[2], "tags": tags}


def _topic_policy(sns: Any, resource: Deployed) -> Members | None:
    policies = {arn: _policy_of_topic(sns, arn) for arn in resource.properties["Topics"]}
    topics = [arn for arn, policy in policies.items() if policy is not None]
    return {"topics": topics, "policyDocument": policies[topics[0]]} if topics else None


def _policy_of_topic(sns: Any, arn: str) -> str | None:
    """Return the policy of a topic, or None if it does not exist or has the default policy."""
    found = _unless_absent(sns.get_topic_attributes, TopicArn=arn)
    policy = None if found is None else str(found["Attributes"]["Policy"])
    return None if policy is None or "__default_policy_ID" in policy else policy


def _subscription(sns: Any, resource: Deployed) -> Members:
    return api_names(sns.get_subscription_attributes(SubscriptionArn=resource.physical_id)["Attributes"])


def _connection(events: Any, resource: Deployed) -> Members:
    return _dated(events.describe_connection(Name=resource.physical_id))


def _api_destination(events: Any, resource: Deployed) -> Members:
    return _dated(events.describe_api_destination(Name=resource.physical_id))


def _dated(found: Members) -> Members:
    return {**api_names(found), "createdAt": found["CreationTime"]}


def _rule(events: Any, resource: Deployed) -> Members:
    found = api_names(events.describe_rule(Name=resource.physical_id))
    return {**found, **api_names(events.list_targets_by_rule(Rule=resource.physical_id))}


def _alarm(cloudwatch: Any, resource: Deployed) -> Members | None:
    found = cloudwatch.describe_alarms(AlarmNames=[resource.physical_id])["MetricAlarms"]
    return api_names(found[0]) if found else None


def _dashboard(cloudwatch: Any, resource: Deployed) -> Members:
    return api_names(cloudwatch.get_dashboard(DashboardName=resource.physical_id))


def _filter(inspector: Any, resource: Deployed) -> Members | None:
    found = inspector.list_filters(arns=[resource.physical_id])["filters"]
    return found[0] if found else None


READERS: Mapping[str, tuple[Callable[[Any, Deployed], Members | None], str]] = {
    "AWS::CloudWatch::Alarm": (_alarm, "cloudwatch"),
    "AWS::CloudWatch::Dashboard": (_dashboard, "cloudwatch"),
    "AWS::EC2::SecurityGroup": (_security_group, "ec2"),
    "AWS::EC2::VPCEndpoint": (_vpc_endpoint, "ec2"),
    "AWS::ECR::PullThroughCacheRule": (_cache_rule, "ecr"),
    "AWS::ECR::PullTimeUpdateExclusion": (_exclusion, "ecr"),
    "AWS::ECR::RegistryPolicy": (_registry_policy, "ecr"),
    "AWS::ECR::RegistryScanningConfiguration": (_scanning, "ecr"),
    "AWS::ECR::ReplicationConfiguration": (_replication, "ecr"),
    "AWS::ECR::Repository": (_repository, "ecr"),
    "AWS::ECR::RepositoryCreationTemplate": (_creation_template, "ecr"),
    "AWS::ECR::SigningConfiguration": (_signing, "ecr"),
    "AWS::ECS::TaskDefinition": (_task_definition, "ecs"),
    "AWS::Events::ApiDestination": (_api_destination, "events"),
    "AWS::Events::Connection": (_connection, "events"),
    "AWS::Events::Rule": (_rule, "events"),
    "AWS::IAM::ManagedPolicy": (_managed_policy, "iam"),
    "AWS::IAM::OIDCProvider": (_oidc_provider, "iam"),
    "AWS::IAM::Policy": (_inline_policy, "iam"),
    "AWS::IAM::Role": (_role, "iam"),
    "AWS::InspectorV2::Filter": (_filter, "inspector2"),
    "AWS::KMS::Key": (_key, "kms"),
    "AWS::Organizations::Policy": (_organization_policy, "organizations"),
    "AWS::SNS::Subscription": (_subscription, "sns"),
    "AWS::SNS::Topic": (_topic, "sns"),
    "AWS::SNS::TopicPolicy": (_topic_policy, "sns"),
    "AWS::SecretsManager::Secret": (_secret, "secretsmanager"),
}


def _unless_absent(call: Callable[..., Members | None], *arguments: Any, **members: Any) -> Members | None:
    try:
        return call(*arguments, **members)
    except ClientError as error:
        if any(word in error.response["Error"]["Code"] for word in ABSENT):
            return None
        raise
