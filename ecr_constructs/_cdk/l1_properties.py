"""The one place where values of the model become structs and lists of the CDK, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr

from ecr_constructs._cdk.tokens import is_unresolved
from ecr_constructs.errors import InvalidLifecyclePolicy
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from ecr_constructs.model.lifecycle.rule import LifecycleRule, TagStatus
from ecr_constructs.model.registry.replication import ReplicationRule
from ecr_constructs.model.registry.scanning import Scanning

__all__ = [
    "encryption",
    "exclusion_filters",
    "lifecycle_policy",
    "read_lifecycle_rule",
    "registry_scanning",
    "replication",
    "resource_tags",
    "scanning",
    "tag_mutability",
    "template_encryption",
    "template_exclusion_filters",
]


@lru_cache(maxsize=256)
def _lifecycle_text(text: str) -> ecr.CfnRepository.LifecyclePolicyProperty:
    return ecr.CfnRepository.LifecyclePolicyProperty(lifecycle_policy_text=text)


def lifecycle_policy(policy: LifecyclePolicy) -> ecr.CfnRepository.LifecyclePolicyProperty | None:
    """Write a policy as a property; a policy without rules is not written."""
    return _lifecycle_text(policy.to_json()) if policy.rules else None


@lru_cache(maxsize=2)
def scanning(*, on_push: bool) -> ecr.CfnRepository.ImageScanningConfigurationProperty:
    """Write whether images are scanned when they are pushed."""
    return ecr.CfnRepository.ImageScanningConfigurationProperty(scan_on_push=on_push)


@lru_cache(maxsize=256)
def encryption(kind: str, key_arn: str | None) -> ecr.CfnRepository.EncryptionConfigurationProperty:
    """Write how images are encrypted."""
    return ecr.CfnRepository.EncryptionConfigurationProperty(encryption_type=kind, kms_key=key_arn)


def tag_mutability(immutability: Immutability) -> ecr.TagMutability | None:
    """Write which tags can move in the word of `ecr.Repository`; a mode with exceptions is said on the resource."""
    return None if immutability.filters else ecr.TagMutability[immutability.mode]


def exclusion_filters(
    immutability: Immutability,
) -> list[cdk.IResolvable | ecr.CfnRepository.ImageTagMutabilityExclusionFilterProperty] | None:
    """Write the tags that a mutability setting does not bind; nothing where it binds all or none."""
    filters: list[cdk.IResolvable | ecr.CfnRepository.ImageTagMutabilityExclusionFilterProperty] = [
        ecr.CfnRepository.ImageTagMutabilityExclusionFilterProperty(
            image_tag_mutability_exclusion_filter_type="WILDCARD", image_tag_mutability_exclusion_filter_value=text
        )
        for text in immutability.filters
    ]
    return filters or None


def template_encryption(
    kind: str, key_arn: str | None
) -> ecr.CfnRepositoryCreationTemplate.EncryptionConfigurationProperty:
    """Write how the images of repositories are encrypted that ECR makes by itself."""
    return ecr.CfnRepositoryCreationTemplate.EncryptionConfigurationProperty(encryption_type=kind, kms_key=key_arn)


def template_exclusion_filters(
    immutability: Immutability,
) -> list[cdk.IResolvable | ecr.CfnRepositoryCreationTemplate.ImageTagMutabilityExclusionFilterProperty] | None:
    """Write the tags that the mutability setting of a template does not bind."""
    filters: list[cdk.IResolvable | ecr.CfnRepositoryCreationTemplate.ImageTagMutabilityExclusionFilterProperty] = [
        ecr.CfnRepositoryCreationTemplate.ImageTagMutabilityExclusionFilterProperty(
            image_tag_mutability_exclusion_filter_type="WILDCARD", image_tag_mutability_exclusion_filter_value=text
        )
        for text in immutability.filters
    ]
    return filters or None


def resource_tags(tags: Mapping[str, str]) -> list[cdk.CfnTag] | None:
    """Write tags of a resource, in an order of their own; nothing if there are none."""
    return [cdk.CfnTag(key=key, value=value) for key, value in sorted(tags.items())] or None


def registry_scanning(scanning: Scanning) -> list[ecr.CfnRegistryScanningConfiguration.ScanningRuleProperty]:
    """Write the rules of a registry's scanning, one for each frequency that has filters."""
    rule, repository_filter = (
        ecr.CfnRegistryScanningConfiguration.ScanningRuleProperty,
        ecr.CfnRegistryScanningConfiguration.RepositoryFilterProperty,
    )
    return [
        rule(
            scan_frequency=frequency,
            repository_filters=[
                repository_filter(filter=text, filter_type="WILDCARD")
                for text in sorted({each.value for each in texts})
            ],
        )
        for frequency, texts in (("CONTINUOUS_SCAN", scanning.continuous), ("SCAN_ON_PUSH", scanning.on_push))
        if texts
    ]


def replication(
    rules: Sequence[ReplicationRule], account: str
) -> ecr.CfnReplicationConfiguration.ReplicationConfigurationProperty:
    """Write the replication of a registry; a destination without an account is in the account of the registry."""
    configuration = ecr.CfnReplicationConfiguration
    return configuration.ReplicationConfigurationProperty(
        rules=[
            configuration.ReplicationRuleProperty(
                destinations=[
                    configuration.ReplicationDestinationProperty(
                        region=place.region, registry_id=place.account or account
                    )
                    for place in rule.destinations
                ],
                repository_filters=[
                    configuration.RepositoryFilterProperty(filter=text, filter_type="PREFIX_MATCH")
                    for text in rule.filters
                ]
                or None,
            )
            for rule in rules
        ]
    )


def read_lifecycle_rule(
    *,
    description: str | None,
    max_image_age: cdk.Duration | None,
    max_image_count: float | None,
    rule_priority: float | None,
    tag_pattern_list: Sequence[str] | None,
    tag_prefix_list: Sequence[str] | None,
    tag_status: ecr.TagStatus | None,
) -> LifecycleRule:
    """
    Read a rule in the words of `ecr.Repository.add_lifecycle_rule`.

    Raises:
        InvalidLifecyclePolicy: if it has not exactly one of age and count, and as `LifecycleRule`.

    """
    if max_image_age is not None and not isinstance(max_image_age, cdk.Duration):
        raise TypeError(f"max_image_age must be a Duration such as Duration.days(14), got {max_image_age!r}")
    if tag_status is not None and not isinstance(tag_status, ecr.TagStatus):
        raise TypeError(f"tag_status must be a TagStatus such as TagStatus.UNTAGGED, got {tag_status!r}")
    numbers = [number for number in (max_image_count, rule_priority) if isinstance(number, (int, float))]
    if any(map(is_unresolved, numbers)) or (max_image_age is not None and max_image_age.is_unresolved()):
        raise InvalidLifecyclePolicy(["a number of the rule is known only at deployment; write it out"])
    if (max_image_age is None) == (max_image_count is None):
        raise InvalidLifecyclePolicy(["give one of max_image_age= and max_image_count="])
    status = "tagged" if tag_pattern_list or tag_prefix_list else "any"
    count = max_image_count if max_image_age is None else max_image_age.to_days(integral=False)
    return LifecycleRule(
        rule_priority=_whole(1 if rule_priority is None else rule_priority),
        description=description,
        tag_status=cast("TagStatus", status if tag_status is None else tag_status.name.lower()),
        tag_pattern_list=() if tag_pattern_list is None else tag_pattern_list,
        tag_prefix_list=() if tag_prefix_list is None else tag_prefix_list,
        count_type="imageCountMoreThan" if max_image_age is None else "sinceImagePushed",
        count_number=_whole(count),
    )


def _whole(number: Any) -> int:  # noqa: ANN401  (JavaScript has one kind of number; the rule refuses what is not whole)
    return int(number) if isinstance(number, float) and number.is_integer() else number
