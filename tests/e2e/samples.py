"""For each resource type: valid properties, a change without a replacement, and properties that AWS rejects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

Properties = Mapping[str, Any]

OTHER_ACCOUNT = "444455556666"


def type_of(name: str) -> str:
    """Return the type of a name in this module. A name without a service is one of Amazon ECR."""
    return f"AWS::{name}" if "::" in name else f"AWS::ECR::{name}"


def registry_policy(sid: str, **statement: object) -> Properties:
    replicate = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{OTHER_ACCOUNT}:root"},
        "Action": ["ecr:ReplicateImage", "ecr:BatchImportUpstreamImage"],
        "Resource": "arn:aws:ecr:eu-central-1:123456789012:repository/*",
    }
    return {"PolicyText": {"Version": "2012-10-17", "Statement": [{**replicate, **statement}]}}


def replication(region: str = "eu-west-1", *, rules: int = 2, **filters: object) -> Properties:
    rule = {
        "Destinations": [{"Region": region, "RegistryId": "123456789012"}],
        "RepositoryFilters": [{"Filter": "prod/", "FilterType": "PREFIX_MATCH", **filters}],
    }
    return {"ReplicationConfiguration": {"Rules": [rule] * rules}}


def scanning(scan_type: str, frequency: str, *filters: str, rules: int = 1) -> Properties:
    wildcards = [{"Filter": each, "FilterType": "WILDCARD"} for each in filters]
    return {"ScanType": scan_type, "Rules": [{"ScanFrequency": frequency, "RepositoryFilters": wildcards}] * rules}


def signing(profile: str, **filters: object) -> Properties:
    filters = {"Filter": "prod/*", "FilterType": "WILDCARD_MATCH", **filters}
    arn = f"arn:aws:signer:eu-central-1:123456789012:/signing-profiles/{profile}"
    return {"Rules": [{"SigningProfileArn": arn, "RepositoryFilters": [filters]}]}


def cache_rule(**properties: object) -> Properties:
    return {"EcrRepositoryPrefix": "quay", "UpstreamRegistryUrl": "quay.io", **properties}


def creation_template(**properties: object) -> Properties:
    return {
        "Prefix": "quay",
        "AppliedFor": ["PULL_THROUGH_CACHE"],
        "ResourceTags": [{"Key": "team", "Value": "platform"}],
        "ImageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "ImageTagMutabilityExclusionFilters": tag_filters("latest"),
        "LifecyclePolicy": lifecycle("The newest stay"),
        **properties,
    }


def tag_filters(*values: str) -> list[Properties]:
    name = "ImageTagMutabilityExclusionFilter"
    return [{f"{name}Type": "WILDCARD", f"{name}Value": value} for value in values]


def lifecycle(description: str, **selection: object) -> str:
    """Return a policy with a rule that archives, which moto does not support."""
    untagged = {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 5, **selection}
    archived = {"tagStatus": "any", "countType": "sinceImagePulled", "countUnit": "days", "countNumber": 90}
    rules = [
        {"rulePriority": 1, "description": description, "selection": untagged, "action": {"type": "expire"}},
        {
            "rulePriority": 2,
            "selection": {**archived, "storageClass": "standard"},
            "action": {"type": "transition", "targetStorageClass": "archive"},
        },
    ]
    return json.dumps({"rules": rules})


def repository(**properties: object) -> Properties:
    return {
        "RepositoryName": "prod/shop",
        "LifecyclePolicy": {"LifecyclePolicyText": lifecycle("The newest stay")},
        "ImageTagMutability": "IMMUTABLE",
        "Tags": [{"Key": "team", "Value": "shop"}],
        **properties,
    }


def exclusion(principal: str) -> Properties:
    return {"PrincipalArn": f"arn:aws:iam::123456789012:{principal}"}


def topic(**properties: object) -> Properties:
    return {"TopicName": "alerts", **properties}


def topic_policy(sid: str, **statement: object) -> Properties:
    publish = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": {"Ref": "Topic"},
    }
    document = {"Version": "2012-10-17", "Statement": [{**publish, **statement}]}
    return {"PolicyDocument": document, "Topics": [{"Ref": "Topic"}]}


def subscription(**properties: object) -> Properties:
    return {"TopicArn": {"Ref": "Topic"}, "Protocol": "email", "Endpoint": "security@larkspur.example", **properties}


def connection(value: str = "a-token", **properties: object) -> Properties:
    parameters = {"ApiKeyAuthParameters": {"ApiKeyName": "Authorization", "ApiKeyValue": value}}
    return {"Name": "pager", "AuthorizationType": "API_KEY", "AuthParameters": parameters, **properties}


def api_destination(**properties: object) -> Properties:
    return {
        "Name": "pager",
        "ConnectionArn": {"Fn::GetAtt": ["Connection", "Arn"]},
        "HttpMethod": "POST",
        "InvocationEndpoint": "https://pager.larkspur.example/alerts",
        **properties,
    }


def rule(**properties: object) -> Properties:
    target = {"Id": "Target0", "Arn": {"Ref": "Topic"}, "InputTransformer": {"InputTemplate": '"A push"'}}
    return {"Name": "pushed", "EventPattern": {"source": ["aws.ecr"]}, "Targets": [target], **properties}


def alarm(*metrics: Properties, **properties: object) -> Properties:
    return {
        "AlarmName": "images",
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 1,
        "Threshold": 80,
        "Metrics": [*metrics] or [expression("used / 20000 * 100"), metric("used")],
        **properties,
    }


def expression(text: str) -> Properties:
    return {"Id": "expression", "Expression": text, "ReturnData": True}


def metric(name: str) -> Properties:
    dimensions = [{"Name": "RepositoryName", "Value": "prod/shop"}]
    pulls = {"Namespace": "AWS/ECR", "MetricName": "RepositoryPullCount", "Dimensions": dimensions}
    return {"Id": name, "MetricStat": {"Metric": pulls, "Period": 300, "Stat": "Sum"}, "ReturnData": False}


def dashboard(*widgets: Properties) -> Properties:
    return {"DashboardName": "Registry", "DashboardBody": json.dumps({"widgets": widgets})}


def text(markdown: str) -> Properties:
    return {"type": "text", "width": 24, "height": 1, "properties": {"markdown": markdown}}


def inspector_filter(**properties: object) -> Properties:
    equal = {"Comparison": "EQUALS", "Value": "CVE-2023-45853"}
    criteria = {"VulnerabilityId": [equal], "VulnerablePackages": [{"Name": {**equal, "Value": "zlib"}}]}
    return {"Name": "CVE-2023-45853", "FilterAction": "SUPPRESS", "FilterCriteria": criteria, **properties}


def endpoint(**properties: object) -> Properties:
    return {
        "VpcId": "vpc-0f00ba11",
        "ServiceName": "com.amazonaws.eu-central-1.ecr.api",
        "VpcEndpointType": "Interface",
        "SubnetIds": ["subnet-0f00ba11"],
        **properties,
    }


def document(sid: str, **statement: object) -> Properties:
    pull = {"Sid": sid, "Effect": "Allow", "Action": "ecr:BatchGetImage", "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [{**pull, **statement}]}


def organization_policy(content: Properties, **properties: object) -> Properties:
    return {"Name": "perimeter", "Type": "SERVICE_CONTROL_POLICY", "Content": content, **properties}


def oidc_provider(*clients: str) -> Properties:
    return {"Url": "https://token.actions.githubusercontent.com", "ClientIdList": [*clients]}


def secret(**properties: object) -> Properties:
    return {"Name": "ecr-pullthroughcache/quay", **properties}


PULL = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": OTHER_ACCOUNT}, "Action": "ecr:BatchGetImage"}],
}

ABSENT_TOPIC = "arn:aws:sns:eu-central-1:123456789012:absent"
ABSENT_CONNECTION = "arn:aws:events:eu-central-1:123456789012:connection/absent/6f2a9c1e-0b7d-4c58-9e63-1d4b8a7f2c05"

# Resources that a registry has once.
SINGLETONS: Mapping[str, Properties] = {
    "RegistryPolicy": registry_policy("First"),
    "RegistryScanningConfiguration": scanning("ENHANCED", "CONTINUOUS_SCAN", "*"),
    "ReplicationConfiguration": replication(),
    "SigningConfiguration": signing("first"),
}

# Other resources of the stack, to which resources of a type refer.
TOPIC = {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "Alerts"}}}
COMPANIONS: Mapping[str, Mapping[str, Properties]] = {
    "Events::ApiDestination": {
        "Connection": {"Type": "AWS::Events::Connection", "Properties": connection(Name="of-pager")}
    },
    "Events::Rule": TOPIC,
    "SNS::Subscription": TOPIC,
    "SNS::TopicPolicy": TOPIC,
}

# Types with an ID that the service generates. Another stack can have a resource with the same properties.
GENERATED_IDS = {"InspectorV2::Filter", "Organizations::Policy", "SNS::Subscription", "SNS::TopicPolicy"}

LEGAL: Mapping[str, Properties] = {
    **SINGLETONS,
    "IAM::OIDCProvider": oidc_provider("sts.amazonaws.com"),
    "SecretsManager::Secret": secret(Description="Of the cache"),
    "CloudWatch::Alarm": alarm(AlarmDescription="Many images"),
    "CloudWatch::Dashboard": dashboard(text("## prod/")),
    "EC2::VPCEndpoint": endpoint(PolicyDocument=document("First", Principal="*")),
    "Events::ApiDestination": api_destination(),
    "Events::Connection": connection(Description="Of the pager"),
    "Events::Rule": rule(State="ENABLED"),
    "InspectorV2::Filter": inspector_filter(Description="not used"),
    "Organizations::Policy": organization_policy(document("First")),
    "PullThroughCacheRule": cache_rule(UpstreamRegistry="quay"),
    "PullTimeUpdateExclusion": exclusion("role/scanner"),
    "Repository": repository(),
    "RepositoryCreationTemplate": creation_template(),
    "SNS::Subscription": subscription(FilterPolicy={"severity": ["HIGH"]}),
    "SNS::Topic": topic(KmsMasterKeyId="alias/aws/sns"),
    "SNS::TopicPolicy": topic_policy("First"),
}

CHANGED: Mapping[str, Properties] = {
    "IAM::OIDCProvider": oidc_provider("sts.amazonaws.com", "larkspur"),
    "SecretsManager::Secret": secret(Description="Changed"),
    "CloudWatch::Alarm": {
        "AlarmName": "images",
        "ComparisonOperator": "LessThanThreshold",
        "EvaluationPeriods": 2,
        "Threshold": 1,
        "Namespace": "AWS/ECR",
        "MetricName": "RepositoryPullCount",
        "Period": 3600,
        "Statistic": "Sum",
    },
    "CloudWatch::Dashboard": dashboard(text("## prod/"), text("## base/")),
    "EC2::VPCEndpoint": endpoint(
        PolicyDocument=document("Second", Principal="*"),
        SubnetIds=["subnet-0ba5eba11"],
    ),
    "Events::ApiDestination": api_destination(HttpMethod="PUT", InvocationRateLimitPerSecond=1),
    "Events::Connection": connection("another-token"),
    "Events::Rule": rule(State="DISABLED", EventPattern={"source": ["aws.inspector2"]}, Targets=[]),
    "InspectorV2::Filter": inspector_filter(Name="zlib"),
    "Organizations::Policy": organization_policy(document("Second"), Name="data-perimeter"),
    "RegistryPolicy": registry_policy("Second"),
    "RegistryScanningConfiguration": scanning("BASIC", "SCAN_ON_PUSH", "prod/*"),
    "ReplicationConfiguration": replication("us-east-1", rules=1),
    "Repository": {
        "RepositoryName": "prod/shop",
        "RepositoryPolicyText": PULL,
        "ImageScanningConfiguration": {"ScanOnPush": True},
        "ImageTagMutability": "MUTABLE_WITH_EXCLUSION",
        "ImageTagMutabilityExclusionFilters": tag_filters("v*"),
        "Tags": [{"Key": "owner", "Value": "shop"}],
    },
    "RepositoryCreationTemplate": {"Prefix": "quay", "AppliedFor": ["REPLICATION"], "Description": "Changed"},
    "SNS::Subscription": subscription(),
    "SNS::Topic": topic(DisplayName="Changed"),
    "SNS::TopicPolicy": topic_policy("Second", Principal={"Service": "cloudwatch.amazonaws.com"}),
    "SigningConfiguration": signing("second", Filter="*"),
}

# The type, its properties, and the text of the error with the wrong property.
ILLEGAL: tuple[tuple[str, Properties, str], ...] = (
    # wrong names
    ("RegistryPolicy", {"PolicyTxt": {}}, "PolicyTxt"),
    ("ReplicationConfiguration", replication(filter="prod"), "RepositoryFilters/0: Additional properties"),
    ("RegistryScanningConfiguration", {"ScanTypes": "BASIC", "Rules": []}, "ScanTypes"),
    ("PullThroughCacheRule", cache_rule(UpstreamUrl="quay.io"), "UpstreamUrl"),
    ("RepositoryCreationTemplate", creation_template(Tags=[]), "Tags"),
    ("Repository", repository(Encryption="KMS"), "Encryption"),
    ("SigningConfiguration", {"Rule": []}, "Rule"),
    ("PullTimeUpdateExclusion", {"Principal": "*"}, "Principal"),
    ("IAM::OIDCProvider", {**oidc_provider(), "Clients": []}, "'Clients'"),
    ("SecretsManager::Secret", secret(Value="a-token"), "'Value'"),
    ("SNS::Topic", topic(KmsKeyId="alias/aws/sns"), "KmsKeyId"),
    ("SNS::TopicPolicy", {**topic_policy("Own"), "Topic": "alerts"}, "'Topic'"),
    ("SNS::Subscription", subscription(Filter={}), "'Filter'"),
    ("Events::Connection", connection(AuthType="API_KEY"), "AuthType"),
    ("Events::ApiDestination", api_destination(Endpoint="https://pager.larkspur.example"), "'Endpoint'"),
    ("Events::Rule", rule(Target=[]), "'Target'"),
    ("CloudWatch::Alarm", alarm(AlarmAction=[]), "AlarmAction"),
    ("CloudWatch::Dashboard", {"Body": "{}"}, "'Body'"),
    ("InspectorV2::Filter", inspector_filter(Action="SUPPRESS"), "'Action'"),
    ("EC2::VPCEndpoint", endpoint(Policy={}), "'Policy'"),
    ("Organizations::Policy", organization_policy({}, Targets=[]), "'Targets'"),
    # missing and read-only ones
    ("RegistryPolicy", {}, "PolicyText"),
    ("RegistryPolicy", {**registry_policy("Own"), "RegistryId": "123456789012"}, "RegistryId is read-only"),
    ("RepositoryCreationTemplate", {"Prefix": "quay"}, "AppliedFor"),
    ("PullThroughCacheRule", {"EcrRepositoryPrefix": "quay"}, "upstreamRegistryUrl"),
    ("SNS::TopicPolicy", {**topic_policy("Own"), "Id": "own"}, "Id is read-only"),
    ("Events::Connection", {"Name": "pager", "AuthorizationType": "API_KEY"}, "AuthParameters"),
    ("Events::Rule", rule(Targets=[{"Id": "Target0"}]), "Targets/0: 'Arn' is a required property"),
    ("InspectorV2::Filter", {"Name": "zlib", "FilterAction": "SUPPRESS"}, "FilterCriteria"),
    ("EC2::VPCEndpoint", {"ServiceName": "com.amazonaws.eu-central-1.ecr.api"}, "VpcId"),
    ("Organizations::Policy", {"Name": "perimeter", "Type": "SERVICE_CONTROL_POLICY"}, "Content"),
    # outside of the enumeration
    ("ReplicationConfiguration", replication(FilterType="WILDCARD"), "FilterType: 'WILDCARD'"),
    ("RegistryScanningConfiguration", scanning("FULL", "SCAN_ON_PUSH"), "ScanType: 'FULL'"),
    ("PullThroughCacheRule", cache_rule(UpstreamRegistry="dockerhub"), "UpstreamRegistry: 'dockerhub'"),
    ("RepositoryCreationTemplate", creation_template(AppliedFor=["PULL"]), "AppliedFor/0: 'PULL'"),
    ("Repository", repository(ImageTagMutability="FIXED"), "ImageTagMutability: 'FIXED'"),
    ("Events::Connection", connection(AuthorizationType="TOKEN"), "AuthorizationType: 'TOKEN'"),
    ("Events::ApiDestination", api_destination(HttpMethod="SEND"), "HttpMethod: 'SEND'"),
    ("Events::Rule", rule(State="ON"), "State: 'ON'"),
    ("CloudWatch::Alarm", alarm(ComparisonOperator=">"), "ComparisonOperator: '>'"),
    ("InspectorV2::Filter", inspector_filter(FilterAction="HIDE"), "FilterAction: 'HIDE'"),
    ("EC2::VPCEndpoint", endpoint(VpcEndpointType="Internal"), "VpcEndpointType: 'Internal'"),
    ("Organizations::Policy", organization_policy({}, Type="SCP"), "Type: 'SCP'"),
    # too long, too many, or with a character that is not allowed
    ("RegistryPolicy", registry_policy("a" * 10_240), "policyText"),
    ("ReplicationConfiguration", replication(rules=26), "ReplicationConfiguration/Rules"),
    ("ReplicationConfiguration", replication(Filter="Prod"), "Filter: 'Prod'"),
    ("RegistryScanningConfiguration", scanning("BASIC", "SCAN_ON_PUSH", rules=3), "Rules"),
    ("RegistryScanningConfiguration", scanning("BASIC", "SCAN_ON_PUSH", "a" * 256), "RepositoryFilters/0/Filter"),
    ("PullThroughCacheRule", cache_rule(EcrRepositoryPrefix="a" * 31), "EcrRepositoryPrefix"),
    (
        "PullThroughCacheRule",
        cache_rule(CredentialArn="arn:aws:secretsmanager:x:1:secret:" + "a" * 30),
        "CredentialArn",
    ),
    ("RepositoryCreationTemplate", creation_template(Description="a" * 257), "Description"),
    (
        "RepositoryCreationTemplate",
        creation_template(ImageTagMutabilityExclusionFilters=tag_filters(*"abcdef")),
        "ImageTagMutabilityExclusionFilters",
    ),
    ("Repository", repository(RepositoryName="Prod"), "RepositoryName: 'Prod'"),
    ("Repository", repository(LifecyclePolicy={"LifecyclePolicyText": '{"rules": []}'}), "LifecyclePolicyText"),
    ("SigningConfiguration", signing("a"), "SigningProfileArn"),
    ("PullTimeUpdateExclusion", exclusion("group/scanner"), "PrincipalArn"),
    ("SNS::Topic", topic(TopicName="the alerts"), "Topic names must be"),
    ("Events::Connection", connection(Name="a" * 65), "Name"),
    ("Events::ApiDestination", api_destination(InvocationEndpoint="https://pager example"), "InvocationEndpoint"),
    ("Events::Rule", rule(Description="a" * 513), "Description"),
    ("CloudWatch::Alarm", alarm(AlarmActions=["arn:aws:sns:eu-central-1:1:alerts"] * 6), "AlarmActions"),
    ("InspectorV2::Filter", inspector_filter(Name="a" * 129), "Name"),
    (
        "EC2::VPCEndpoint",
        endpoint(PolicyDocument=document("a" * 20_480, Principal="*")),
        "CreateVpcEndpoint: the policy document is invalid",
    ),
    ("Organizations::Policy", organization_policy(document("a" * 10_240)), "CreatePolicy: the content has"),
    (
        "Organizations::Policy",
        organization_policy(document("a" * 5_120), Type="RESOURCE_CONTROL_POLICY"),
        "CreatePolicy: the content has",
    ),
    # rules that no schema states
    ("EC2::VPCEndpoint", endpoint(PolicyDocument=document("Own")), "CreateVpcEndpoint: the policy document is invalid"),
    (
        "EC2::VPCEndpoint",
        endpoint(PolicyDocument=document("Own", Principal="*", Effect="No")),
        "Syntax errors in policy",
    ),
    ("Organizations::Policy", organization_policy(document("Own", Effect="No")), "Syntax errors in policy"),
    ("SNS::TopicPolicy", topic_policy("Own", Effect="Maybe"), "Syntax errors in policy"),
    ("SNS::TopicPolicy", topic_policy("Own", Action="sqs:SendMessage"), "sqs:SendMessage, which is not of SNS"),
    ("SNS::TopicPolicy", {**topic_policy("Own"), "Topics": [ABSENT_TOPIC]}, "Topic does not exist"),
    ("SNS::Subscription", subscription(TopicArn=ABSENT_TOPIC), "Topic does not exist"),
    ("SNS::Subscription", subscription(Protocol="pager"), "pager is not one of"),
    ("SNS::Subscription", subscription(Endpoint="security"), "security is not an email address"),
    ("Events::Connection", connection("{{resolve:secretsmanager:pager}}"), "can't find the specified secret pager"),
    ("Events::ApiDestination", api_destination(ConnectionArn=ABSENT_CONNECTION), "there is no connection"),
    ("Events::Rule", rule(EventPattern={"source": "aws.ecr"}), "Event pattern is not valid"),
    ("Events::Rule", {"Name": "pushed"}, "EventPattern or ScheduleExpression must be specified"),
    ("CloudWatch::Alarm", alarm(metric("used")), "exactly one element of Metrics returns data, and 0 do"),
    ("CloudWatch::Alarm", alarm(MetricName="RepositoryPullCount"), "cannot be combined with MetricName"),
    ("CloudWatch::Alarm", alarm(Metrics=[]), "requires MetricName or Metrics"),
    ("CloudWatch::Dashboard", {"DashboardBody": "{'widgets': []}"}, "the body is no dashboard"),
    ("CloudWatch::Dashboard", dashboard({"properties": {}}), "widget 0 has no type"),
    ("RegistryPolicy", registry_policy("Own", Effect="Maybe"), "Syntax errors in policy"),
    ("ReplicationConfiguration", replication("eu-central-1"), "is the source"),
    ("RegistryScanningConfiguration", scanning("BASIC", "CONTINUOUS_SCAN"), "BASIC scanning has no"),
    (
        "PullThroughCacheRule",
        cache_rule(CredentialArn="arn:aws:secretsmanager:eu-central-1:123456789012:secret:ecr-pullthroughcache/quay"),
        "there is no secret",
    ),
    (
        "RepositoryCreationTemplate",
        creation_template(LifecyclePolicy=lifecycle("?", countType="sinceImageBuilt")),
        "Lifecycle policy validation failure",
    ),
    (
        "Repository",
        repository(LifecyclePolicy={"LifecyclePolicyText": lifecycle("?", tagPatternList=["*"])}),
        "tagPatternList",
    ),
    (
        "Repository",
        repository(ImageTagMutabilityExclusionFilters=tag_filters("latest")),
        "imageTagMutabilityExclusionFilters",
    ),
    (
        "Repository",
        repository(EncryptionConfiguration={"EncryptionType": "KMS", "KmsKey": "of-another-region"}),
        "there is no key of-another-region",
    ),
    ("Repository", repository(RepositoryPolicyText={"Statement": []}), "repository policy"),
)
