"""For each resource type: valid properties, a change without a replacement, and properties that ECR rejects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

Properties = Mapping[str, Any]

OTHER_ACCOUNT = "444455556666"


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


PULL = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": OTHER_ACCOUNT}, "Action": "ecr:BatchGetImage"}],
}

# Resources that a registry has once.
SINGLETONS: Mapping[str, Properties] = {
    "RegistryPolicy": registry_policy("First"),
    "RegistryScanningConfiguration": scanning("ENHANCED", "CONTINUOUS_SCAN", "*"),
    "ReplicationConfiguration": replication(),
    "SigningConfiguration": signing("first"),
}

LEGAL: Mapping[str, Properties] = {
    **SINGLETONS,
    "PullThroughCacheRule": cache_rule(UpstreamRegistry="quay"),
    "PullTimeUpdateExclusion": exclusion("role/scanner"),
    "Repository": repository(),
    "RepositoryCreationTemplate": creation_template(),
}

CHANGED: Mapping[str, Properties] = {
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
    # missing and read-only ones
    ("RegistryPolicy", {}, "PolicyText"),
    ("RegistryPolicy", {**registry_policy("Own"), "RegistryId": "123456789012"}, "RegistryId is read-only"),
    ("RepositoryCreationTemplate", {"Prefix": "quay"}, "AppliedFor"),
    ("PullThroughCacheRule", {"EcrRepositoryPrefix": "quay"}, "upstreamRegistryUrl"),
    # outside of the enumeration
    ("ReplicationConfiguration", replication(FilterType="WILDCARD"), "FilterType: 'WILDCARD'"),
    ("RegistryScanningConfiguration", scanning("FULL", "SCAN_ON_PUSH"), "ScanType: 'FULL'"),
    ("PullThroughCacheRule", cache_rule(UpstreamRegistry="dockerhub"), "UpstreamRegistry: 'dockerhub'"),
    ("RepositoryCreationTemplate", creation_template(AppliedFor=["PULL"]), "AppliedFor/0: 'PULL'"),
    ("Repository", repository(ImageTagMutability="FIXED"), "ImageTagMutability: 'FIXED'"),
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
    # rules that no schema states
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
