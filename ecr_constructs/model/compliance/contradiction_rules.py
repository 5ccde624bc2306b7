"""The rules about parts of an app that contradict each other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ecr_constructs.model import wildcards
from ecr_constructs.model.compliance.control_rules import SCANNING_CONFIGURATION
from ecr_constructs.model.compliance.resources import (
    AppResources,
    NotDecidable,
    TemplateResource,
    immutability_of,
    is_intrinsic,
    statements_of_resource,
)
from ecr_constructs.model.compliance.rule import Breach, compliance_rule
from ecr_constructs.model.iam.actions import matches_action
from ecr_constructs.model.iam.values import UNKNOWN, possible, text_of
from ecr_constructs.model.immutability import is_at_least
from ecr_constructs.model.template_syntax import has_functions, mapping, mappings

__all__ = [
    "cached_tags_mutable",
    "exclusion_filter_wildcard",
    "name_unique",
    "replica_tags_differ",
    "replication_accepted",
    "scan_event_source",
    "single_registry_configuration",
    "template_differs",
]

_REPLICATION = "AWS::ECR::ReplicationConfiguration"
_SINGLETONS = (
    SCANNING_CONFIGURATION,
    "AWS::ECR::RegistryPolicy",
    _REPLICATION,
    "AWS::ECR::SigningConfiguration",
)
_SEPARATORS = ("-", "_", ".")
_INSPECTOR_EVENTS = {"Inspector2 Scan", "Inspector2 Finding"}
_TEMPLATE = "AWS::ECR::RepositoryCreationTemplate"
# The property that is unique for each type in a registry.
_UNIQUE = {
    "AWS::ECR::Repository": "RepositoryName",
    "AWS::ECR::PullThroughCacheRule": "EcrRepositoryPrefix",
    _TEMPLATE: "Prefix",
}


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
    # Two resources with conditions can exclude each other.
    declared = [each for each in app.beside(resource, resource.type) if not each.is_conditional]
    if resource in declared[1:]:
        yield Breach(f"{declared[0].label} is the {resource.type} of the same registry; the deployment of one fails")


@compliance_rule(
    "name-unique",
    level="error",
    types=tuple(_UNIQUE),
    requirement="A name or a prefix belongs to one resource of a registry.",
    remedy="Use another name, or import the repository with `HardenedRepository.from_repository_name`.",
)
def name_unique(resource: TemplateResource, app: AppResources) -> Iterator[Breach]:
    """Yield a breach for each resource that follows another with the same name or prefix in the same registry."""
    property_name = _UNIQUE[resource.type]
    name = resource.properties.get(property_name)
    if not isinstance(name, str) or resource.is_conditional:
        return
    alike = [each for each in app.beside(resource, resource.type) if _is_named(each, property_name, name)]
    if resource in alike[1:]:
        sentence = f"{property_name} {name!r} is that of {alike[0].label} in the same registry"
        yield Breach(f"{sentence}; the deployment of one fails", f"Properties/{property_name}")


def _is_named(resource: TemplateResource, property_name: str, name: str) -> bool:
    theirs = resource.properties.get(property_name)
    return isinstance(theirs, str) and theirs.rstrip("/") == name.rstrip("/") and not resource.is_conditional


@compliance_rule(
    "exclusion-filter-wildcard",
    types=["AWS::ECR::Repository", _TEMPLATE],
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
    kinds = _detail_types(resource.value("EventPattern"))
    is_of_basic = _names(kinds, "ECR Image Scan") and not any(_names(kinds, each) for each in _INSPECTOR_EVENTS)
    scanning = app.beside(resource, SCANNING_CONFIGURATION)
    if is_of_basic and any(each.properties.get("ScanType") == "ENHANCED" for each in scanning):
        yield Breach(
            "the rule matches 'ECR Image Scan', which is an event of basic scanning, and the registry has enhanced "
            "scanning",
            "Properties/EventPattern",
        )


def _detail_types(pattern: object) -> Sequence[object]:
    """Return the detail types of an event pattern, which can be JSON text in the template."""
    if isinstance(pattern, str):
        try:
            pattern = json.loads(pattern)
        except (ValueError, RecursionError):
            return ()
    kinds = mapping(pattern).get("detail-type")
    if is_intrinsic(kinds):
        raise NotDecidable("EventPattern.detail-type is known only at deployment")
    return kinds if isinstance(kinds, list) else ()


# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
def _names(kinds: Sequence[object], kind: str) -> bool:
    """Return whether a detail type is in a list of values and comparisons."""
    return kind in kinds or any(
        kind.startswith(str(each.get("prefix", kind + "x")))
        or wildcards.matches(str(each.get("wildcard", "")), kind)
        or str(each.get("equals-ignore-case")).lower() == kind.lower()
        for each in kinds
        if isinstance(each, Mapping)
    )


# Immutable tags prevent that ECR updates an image under the same tag.
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html
@compliance_rule(
    "cached-tags-mutable",
    types=["AWS::ECR::Repository", _TEMPLATE],
    requirement="The tags of a repository of a pull-through cache are mutable.",
    remedy="Use `immutability=Immutability.off()`, or a name outside the prefix of the cache.",
)
def cached_tags_mutable(resource: TemplateResource, app: AppResources) -> Iterator[Breach]:
    """Yield a breach for a repository, or a template of repositories, of a cache with immutable tags."""
    mode = resource.value("ImageTagMutability")
    if resource.type == _TEMPLATE:
        if mode == "IMMUTABLE" and "PULL_THROUGH_CACHE" in (resource.value("AppliedFor") or ()):
            sentence = f"the template is for repositories of caches, and ECR does not update {mode} tags"
            yield Breach(sentence, "Properties/ImageTagMutability")
        return
    for cache in app.beside(resource, "AWS::ECR::PullThroughCacheRule"):
        prefix = cache.properties.get("EcrRepositoryPrefix")
        if _is_under(resource, prefix) and str(mode).startswith("IMMUTABLE"):
            sentence = f"the name is under the prefix {prefix!r} of {cache.label}, and ECR does not update {mode} tags"
            yield Breach(sentence, "Properties/ImageTagMutability")


def _is_under(repository: TemplateResource, prefix: object) -> bool:
    return isinstance(prefix, str) and (repository.name or "").startswith(f"{prefix.rstrip('/')}/")


# A template is read when ECR creates a repository:
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
@compliance_rule(
    "template-differs",
    level="info",
    requirement="A repository under the prefix of a creation template has the tag mutability of the template.",
    remedy="Set `ImageTagMutability` of the repository. A creation template changes no repository that exists.",
)
def template_differs(resource: TemplateResource, app: AppResources) -> Iterator[Breach]:
    """Yield a breach for a repository whose tag mutability differs from the template with the longest prefix."""
    found = [each for each in app.beside(resource, _TEMPLATE) if _is_under(resource, each.properties.get("Prefix"))]
    template = max(found, key=lambda each: len(str(each.properties["Prefix"])), default=None)
    if template is None:
        return
    ours, theirs = (each.value("ImageTagMutability") or "MUTABLE" for each in (resource, template))
    if ours != theirs:
        sentence = f"ImageTagMutability is {ours}, and {theirs} in the creation template {template.label}"
        yield Breach(sentence, "Properties/ImageTagMutability")


# An image is replicated without its tag if the tag is immutable in the destination and refers to another image there:
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
@compliance_rule(
    "replica-tags-differ",
    requirement="A tag that is mutable in a repository is mutable in its replica.",
    remedy="Use the same `immutability=` in both.",
)
def replica_tags_differ(resource: TemplateResource, app: AppResources) -> Iterator[Breach]:
    """Yield a breach for a destination repository with an immutable tag that its source in the app can reassign."""
    ours = immutability_of(resource)
    if resource.name is None or ours is None:
        return
    for source in app.all:
        if (source.type, source.name) != (resource.type, resource.name) or source.environment == resource.environment:
            continue
        theirs = immutability_of(source)
        if theirs and not is_at_least(theirs, ours) and _is_replicated(source, resource, app):
            sentence = f"ImageTagMutability is {ours}, and {theirs} in the source {source.label}"
            yield Breach(f"{sentence}, so a tag is reassigned there only", "Properties/ImageTagMutability")


def _is_replicated(source: TemplateResource, replica: TemplateResource, app: AppResources) -> bool:
    if not source.environment or not replica.environment:
        return False
    return any(
        (each.account or source.account, each.region) == (replica.account, replica.region)
        and (not each.filters or any(str(source.name).startswith(text) for text in each.filters))
        for configuration in app.beside(source, _REPLICATION)
        for each in _replications(configuration)
    )


# "the destination account must configure a registry permissions policy":
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-settings-configure.html
@compliance_rule(
    "replication-accepted",
    types=[_REPLICATION],
    requirement="A destination of replication in another account allows the source.",
    remedy="Use `ReplicaRegistry`, or `PrivateRegistry.accept_replication_from`, in the destination.",
)
def replication_accepted(resource: TemplateResource, app: AppResources) -> Iterator[Breach]:
    """Yield a breach for each destination in the app whose registry policy does not allow the source account."""
    source = resource.account
    for each in _replications(resource):
        destination = app.in_environment(f"{each.account}/{each.region}")
        if not destination or each.account in (None, source):
            continue
        policies = [other for other in destination if other.type == "AWS::ECR::RegistryPolicy"]
        statements = [statement for policy in policies for _, statement in statements_of_resource(policy)]
        accepting = [statement for statement in statements if _accepts(statement, str(source))]
        denying = [each for each in statements if _is_known(each) and _accepts(each, str(source), "Deny")]
        where = f"the registry of {each.account} in {each.region}"
        if not accepting:
            sentence = f"{where} has no statement that allows {source} to replicate"
            yield Breach(sentence, "Properties/ReplicationConfiguration")
        for text in () if not accepting else each.filters or ("",):
            if any(_covers(each, text) for each in denying) or not any(_covers(each, text) for each in accepting):
                repositories = f"repositories that begin with {text!r}" if text else "all repositories"
                sentence = f"{where} does not allow {source} to replicate {repositories}"
                yield Breach(sentence, "Properties/ReplicationConfiguration")


class _Replication(NamedTuple):
    """A rule of a replication configuration, for one destination. An account of None is that of the source."""

    region: str
    account: str | None
    filters: tuple[str, ...]


def _replications(resource: TemplateResource) -> Iterator[_Replication]:
    rules = resource.value("ReplicationConfiguration", "Rules")
    for rule in rules if isinstance(rules, list) else ():
        destinations = mapping(rule).get("Destinations")
        if is_intrinsic(rule) or is_intrinsic(destinations) or is_intrinsic(mapping(rule).get("RepositoryFilters")):
            raise NotDecidable("a destination is known only at deployment")
        filters = tuple(str(each.get("Filter")) for each in mappings(mapping(rule).get("RepositoryFilters")))
        for each in mappings(destinations):
            account = each.get("RegistryId")
            yield _Replication(str(each.get("Region")), account if isinstance(account, str) else None, filters)


def _accepts(statement: Mapping[str, Any], account: str, effect: str = "Allow") -> bool:
    """Return whether a statement allows an account, or may allow it, to replicate images; or denies it."""
    actions = [text_of(each).lower() for each in possible(statement.get("Action", []))]
    principals = [text_of(each) for each in possible(mapping(statement.get("Principal")).get("AWS", "*"))]
    is_named = any(account in each or "*" in each or UNKNOWN in each for each in principals)
    replicates = any(matches_action(each, "ecr:ReplicateImage") or UNKNOWN in each for each in actions)
    return statement.get("Effect") == effect and is_named and replicates


def _is_known(statement: Mapping[str, Any]) -> bool:
    """Return whether a statement has no condition, and no value that only CloudFormation computes."""
    return not statement.get("Condition") and not has_functions(statement)


def _covers(statement: Mapping[str, Any], text: str) -> bool:
    """Return whether the resources of a statement include all repositories whose names begin with a text."""
    for resource in possible(statement.get("Resource", "*")):
        pattern = text_of(resource).rpartition(":repository/")[2]
        # The text with a letter represents any name that begins with the text.
        if UNKNOWN in pattern or (pattern.endswith("*") and wildcards.matches(pattern, f"{text}a")):
            return True
    return False
