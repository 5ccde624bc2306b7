"""Conversion of values of the model to structs and lists of the CDK, and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr

from ecr_constructs._cdk.tokens import is_unresolved
from ecr_constructs.errors import InvalidLifecyclePolicy, Problems
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from ecr_constructs.model.lifecycle.rule import LifecycleRule, TagStatus

if TYPE_CHECKING:
    from ecr_constructs.model.registry.replication import ReplicationRule
    from ecr_constructs.model.registry.scanning import Scanning

__all__ = [
    "encryption",
    "exclusion_filter_properties",
    "lifecycle_policy",
    "lifecycle_policy_text",
    "plain_lifecycle_rules",
    "read_lifecycle_rule",
    "registry_scanning",
    "replication",
    "resource_tags",
    "scanning_configuration",
    "tag_mutability",
    "template_encryption",
    "template_exclusion_filters",
    "unwritable_rules",
]


@lru_cache(maxsize=256)
def _lifecycle_text(text: str) -> ecr.CfnRepository.LifecyclePolicyProperty:
    return ecr.CfnRepository.LifecyclePolicyProperty(lifecycle_policy_text=text)


def lifecycle_policy(policy: LifecyclePolicy) -> ecr.CfnRepository.LifecyclePolicyProperty | None:
    """Return a policy as a property. None for a policy without rules."""
    return _lifecycle_text(policy.to_json()) if policy.rules else None


def lifecycle_policy_text(policy: LifecyclePolicy) -> str | None:
    """Return a policy as JSON text. None for a policy without rules."""
    return policy.to_json() if policy.rules else None


@lru_cache(maxsize=2)
def scanning_configuration(*, on_push: bool) -> ecr.CfnRepository.ImageScanningConfigurationProperty:
    """Return the property for scanning on push."""
    return ecr.CfnRepository.ImageScanningConfigurationProperty(scan_on_push=on_push)


@lru_cache(maxsize=256)
def encryption(kind: str, key_arn: str | None) -> ecr.CfnRepository.EncryptionConfigurationProperty:
    """Return the property for the encryption of images."""
    return ecr.CfnRepository.EncryptionConfigurationProperty(encryption_type=kind, kms_key=key_arn)


def tag_mutability(immutability: Immutability) -> Mapping[str, object]:
    """Return the arguments of `ecr.Repository`. A mode with filters has none, and is set on the resource."""
    return {} if immutability.filters else {"image_tag_mutability": ecr.TagMutability[immutability.mode]}


def exclusion_filter_properties(
    immutability: Immutability,
) -> list[cdk.IResolvable | ecr.CfnRepository.ImageTagMutabilityExclusionFilterProperty] | None:
    """Return the exclusion filters of a tag mutability. None without filters."""
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
    """Return the property of a creation template for the encryption of images."""
    return ecr.CfnRepositoryCreationTemplate.EncryptionConfigurationProperty(encryption_type=kind, kms_key=key_arn)


def template_exclusion_filters(
    immutability: Immutability,
) -> list[cdk.IResolvable | ecr.CfnRepositoryCreationTemplate.ImageTagMutabilityExclusionFilterProperty] | None:
    """Return the exclusion filters of the tag mutability of a creation template. None without filters."""
    filters: list[cdk.IResolvable | ecr.CfnRepositoryCreationTemplate.ImageTagMutabilityExclusionFilterProperty] = [
        ecr.CfnRepositoryCreationTemplate.ImageTagMutabilityExclusionFilterProperty(
            image_tag_mutability_exclusion_filter_type="WILDCARD", image_tag_mutability_exclusion_filter_value=text
        )
        for text in immutability.filters
    ]
    return filters or None


def resource_tags(tags: Mapping[str, str]) -> list[cdk.CfnTag] | None:
    """Return tags of a resource, sorted by key. None without tags."""
    return [cdk.CfnTag(key=key, value=value) for key, value in sorted(tags.items())] or None


def registry_scanning(
    scanning: Scanning,
) -> list[ecr.CfnRegistryScanningConfiguration.ScanningRuleProperty]:
    """Return the rules of a scanning configuration, one for each frequency that has filters."""
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
        for frequency, texts in (
            ("CONTINUOUS_SCAN", scanning.continuous),
            ("SCAN_ON_PUSH", scanning.on_push),
        )
        if texts
    ]


def replication(
    rules: Sequence[ReplicationRule], account: str
) -> ecr.CfnReplicationConfiguration.ReplicationConfigurationProperty:
    """Return a replication configuration. A destination without an account is in the account of the registry."""
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
    Return the rule for the arguments of `ecr.Repository.add_lifecycle_rule`.

    Raises:
        InvalidLifecyclePolicy: If it does not have exactly one of age and count, or if `LifecycleRule` rejects it.
        TypeError: If arguments are of the wrong kind.

    """
    problems = Problems()
    problems.expect("max_image_age", max_image_age, cdk.Duration, "Duration.days(14)", optional=True)
    problems.expect("tag_status", tag_status, ecr.TagStatus, "TagStatus.UNTAGGED", optional=True)
    problems.raise_if_any(InvalidLifecyclePolicy)
    numbers = [number for number in (max_image_count, rule_priority) if isinstance(number, (int, float))]
    if any(map(is_unresolved, numbers)) or (max_image_age is not None and max_image_age.is_unresolved()):
        raise InvalidLifecyclePolicy(
            ["a number of the rule is a token, which is known only at deployment; use a literal number"]
        )
    if (max_image_age is None) == (max_image_count is None):
        raise InvalidLifecyclePolicy(["use either max_image_age= or max_image_count="])
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


def unwritable_rules(policy: LifecyclePolicy) -> Iterator[str]:
    """Yield a problem for each rule of a policy that `ecr.LifecycleRule` does not support."""
    for rule in policy.rules:
        if rule.action != "expire" or rule.count_type not in {"imageCountMoreThan", "sinceImagePushed"}:
            yield (
                f"lifecycle: rule {rule.rule_priority} has the action {rule.action} and the count type "
                f"{rule.count_type}, which ecr.LifecycleRule does not support; use the mixin Hardened"
            )


def plain_lifecycle_rules(policy: LifecyclePolicy) -> list[ecr.LifecycleRule]:
    """Return the rules of a policy without `unwritable_rules` as arguments of `ecr.Repository`."""
    return [
        ecr.LifecycleRule(
            description=rule.description,
            rule_priority=rule.rule_priority,
            tag_status=ecr.TagStatus[rule.tag_status.upper()],
            tag_pattern_list=list(rule.tag_pattern_list) or None,
            tag_prefix_list=list(rule.tag_prefix_list) or None,
            max_image_count=rule.count_number if rule.count_type == "imageCountMoreThan" else None,
            max_image_age=cdk.Duration.days(rule.count_number) if rule.count_type == "sinceImagePushed" else None,
        )
        for rule in policy.rules
    ]


def _whole(number: Any) -> int:  # noqa: ANN401  (JavaScript has one kind of number; the rule rejects fractions)
    return int(number) if isinstance(number, float) and number.is_integer() else number
