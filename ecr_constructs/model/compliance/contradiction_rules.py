"""The rules on parts of an app that contradict each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ecr_constructs.model.compliance.control_rules import SCANNING_CONFIGURATION
from ecr_constructs.model.compliance.resources import (
    AppResources,
    NotDecidable,
    TemplateResource,
    is_intrinsic,
    statements_of,
)
from ecr_constructs.model.compliance.rule import Breach, compliance_rule
from ecr_constructs.model.iam.values import UNKNOWN, possible, text_of
from ecr_constructs.model.template_syntax import mapping

__all__ = [
    "cached_tags_mutable",
    "exclusion_filter_wildcard",
    "replication_accepted",
    "scan_event_source",
    "single_registry_configuration",
]

_SINGLETONS = (
    SCANNING_CONFIGURATION,
    "AWS::ECR::RegistryPolicy",
    "AWS::ECR::ReplicationConfiguration",
    "AWS::ECR::SigningConfiguration",
)
_SEPARATORS = ("-", "_", ".")


# A registry has one of each: https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html
@compliance_rule(
    "single-registry-configuration",
    level="error",
    types=_SINGLETONS,
    requirement="An app declares each configuration of a registry once.",
    remedy="Use one `PrivateRegistry` for each account and Region, and `PrivateRegistry.of(scope)` to add to it.",
)
def single_registry_configuration(resource: TemplateResource, app: AppResources) -> Iterator[Breach]:
    """Yield a breach for each resource that follows another of its type in the same registry."""
    # Two resources with conditions may exclude each other.
    declared = [each for each in app.beside(resource, resource.type) if not each.is_conditional]
    if resource in declared[1:]:
        yield Breach(f"{declared[0].label} is the {resource.type} of the same registry; the deployment of one fails")


@compliance_rule(
    "exclusion-filter-wildcard",
    types=["AWS::ECR::Repository", "AWS::ECR::RepositoryCreationTemplate"],
    requirement="An exclusion filter that ends with a separator has a wildcard.",
    remedy="Add `*`, as in `Immutability.all_tags_except('dev-*')`.",
)
def exclusion_filter_wildcard(resource: TemplateResource, app: AppResources) -> Iterator[Breach]:  # noqa: ARG001
    """Yield a breach for each filter such as `dev-`, which excludes the tag `dev-` only."""
    filters = resource.value("ImageTagMutabilityExclusionFilters")
    for each in filters if isinstance(filters, list) else ():
        text = mapping(each).get("ImageTagMutabilityExclusionFilterValue")
        if isinstance(text, str) and "*" not in text and text.endswith(_SEPARATORS):
            sentence = f"the exclusion filter {text!r} matches the tag {text!r} only, and no tag that begins with it"
            yield Breach(sentence, "Properties/ImageTagMutabilityExclusionFilters")


# With enhanced scanning, Amazon Inspector sends the events:
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-events.html
@compliance_rule(
    "scan-event-source",
    types=["AWS::Events::Rule"],
    requirement="A rule for events of basic scanning is in an app with basic scanning.",
    remedy="Match the detail types `Inspector2 Scan` and `Inspector2 Finding` of the source `aws.inspector2`.",
)
def scan_event_source(resource: TemplateResource, app: AppResources) -> Iterator[Breach]:
    """Yield a breach for a rule on `ECR Image Scan` in a registry with enhanced scanning."""
    kinds = resource.value("EventPattern", "detail-type")
    scanning = app.beside(resource, SCANNING_CONFIGURATION)
    if kinds == ["ECR Image Scan"] and any(each.properties.get("ScanType") == "ENHANCED" for each in scanning):
        yield Breach(
            "the rule matches 'ECR Image Scan', which is an event of basic scanning, and the registry has enhanced "
            "scanning",
            "Properties/EventPattern",
        )


# Immutable tags prevent that ECR updates an image under the same tag.
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html
@compliance_rule(
    "cached-tags-mutable",
    requirement="The tags of a repository of a pull-through cache are mutable.",
    remedy="Use `immutability=Immutability.off()`, or a name outside the prefix of the cache.",
)
def cached_tags_mutable(resource: TemplateResource, app: AppResources) -> Iterator[Breach]:
    """Yield a breach for a repository with immutable tags that has a name under the prefix of a cache."""
    mode = resource.value("ImageTagMutability")
    for cache in app.beside(resource, "AWS::ECR::PullThroughCacheRule"):
        prefix = cache.properties.get("EcrRepositoryPrefix")
        is_cached = isinstance(prefix, str) and (resource.name or "").startswith(f"{prefix.rstrip('/')}/")
        if is_cached and str(mode).startswith("IMMUTABLE"):
            sentence = f"the name is under the prefix {prefix!r} of {cache.label}, and ECR does not update {mode} tags"
            yield Breach(sentence, "Properties/ImageTagMutability")


# "the destination account must configure a registry permissions policy":
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-settings-configure.html
@compliance_rule(
    "replication-accepted",
    types=["AWS::ECR::ReplicationConfiguration"],
    requirement="A destination of replication in another account accepts the source.",
    remedy="Use `ReplicaRegistry`, or `PrivateRegistry.accept_replication_from`, in the destination.",
)
def replication_accepted(resource: TemplateResource, app: AppResources) -> Iterator[Breach]:
    """Yield a breach for each destination in the app without a registry policy that allows the source account."""
    source = _account(resource.environment)
    for region, account in dict.fromkeys(_destinations(resource)):
        destination = app.in_environment(f"{account}/{region}")
        if not destination or account == source:
            continue
        policies = [each for each in destination if each.type == "AWS::ECR::RegistryPolicy"]
        if not any(_accepts(statement, source) for each in policies for _, statement in statements_of(each)):
            sentence = f"the registry of {account} in {region} has no statement that allows {source} to replicate"
            yield Breach(sentence, "Properties/ReplicationConfiguration")


def _destinations(resource: TemplateResource) -> Iterator[tuple[str, str]]:
    rules = resource.value("ReplicationConfiguration", "Rules")
    for rule in rules if isinstance(rules, list) else ():
        destinations = mapping(rule).get("Destinations")
        if is_intrinsic(rule) or is_intrinsic(destinations):
            raise NotDecidable("a destination is known only at deployment")
        for each in destinations if isinstance(destinations, list) else ():
            yield str(mapping(each).get("Region")), str(mapping(each).get("RegistryId"))


def _accepts(statement: Mapping[str, Any], account: str) -> bool:
    """Return whether a statement allows an account, or may allow it, to replicate images."""
    actions = [text_of(each).lower() for each in possible(statement.get("Action", []))]
    principals = [text_of(each) for each in possible(mapping(statement.get("Principal")).get("AWS", "*"))]
    is_named = any(account in each or "*" in each or UNKNOWN in each for each in principals)
    replicates = any(each in {"*", "ecr:*", "ecr:replicateimage"} or UNKNOWN in each for each in actions)
    return statement.get("Effect") == "Allow" and is_named and replicates


def _account(environment: str) -> str:
    return environment.partition("/")[0]
