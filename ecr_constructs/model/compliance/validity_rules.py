"""
The rules about properties that ECR rejects, for resources that are not constructs of this library.

The constructors of `HardenedRepository`, `CreationTemplate`, `PullThroughCache` and `PrivateRegistry` make the same
checks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ecr_constructs._documentation import page
from ecr_constructs.errors import InvalidName, InvalidRegistry
from ecr_constructs.model.compliance.control_rules import declared_key
from ecr_constructs.model.compliance.resources import (
    POLICY_PROPERTIES,
    AppResources,
    NotDecidable,
    TemplateResource,
    is_intrinsic,
    policy_document_of,
    statements_of_resource,
)
from ecr_constructs.model.compliance.rule import Breach, compliance_rule
from ecr_constructs.model.filters import ReplicationFilter, ScanFilter
from ecr_constructs.model.iam.policies import (
    MAXIMUM_CHARACTERS,
    length_of,
    registry_statement_problems,
    repository_statement_problems,
)
from ecr_constructs.model.iam.statements import public_problems, sid_problems
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.keys import usability_problems
from ecr_constructs.model.names import ROOT
from ecr_constructs.model.registry.cache_rules import credential_problems, prefix_problems, secret_arn_problems
from ecr_constructs.model.registry.creation_templates import (
    description_problems,
    key_arn_problems,
    purpose_problems,
    role_arn_problems,
)
from ecr_constructs.model.registry.replication import Replication, ReplicationConfiguration
from ecr_constructs.model.registry.scanning import Scanning
from ecr_constructs.model.registry.upstreams import Upstream
from ecr_constructs.model.resource_tags import resource_tag_problems
from ecr_constructs.model.template_syntax import NO_VALUE, boolean, mapping, mappings
from ecr_constructs.model.validation import REPOSITORY_NAME, TEMPLATE_PREFIX

__all__ = [
    "cache_rule_valid",
    "creation_template_valid",
    "empty_on_delete_effective",
    "encryption_key_usable",
    "policy_valid",
    "replication_valid",
    "repository_name_valid",
    "resource_tags_valid",
    "scanning_valid",
    "tag_mutability_valid",
]

_TEMPLATE = "AWS::ECR::RepositoryCreationTemplate"
_REPOSITORIES = ("AWS::ECR::Repository", _TEMPLATE)
_SECRET = {
    each.registry: each for each in (Upstream.docker_hub(), Upstream.github(), Upstream.gitlab(), Upstream.chainguard())
}
_OPEN = {each.registry: each for each in (Upstream.ecr_public(), Upstream.kubernetes(), Upstream.quay())}


@compliance_rule(
    "repository-name-valid",
    level="error",
    requirement="ECR accepts the repository name.",
    remedy="Use another name. Another name replaces an existing repository.",
)
def repository_name_valid(resource: TemplateResource, app: AppResources) -> Iterator[Breach]:  # noqa: ARG001
    """Yield each problem of a repository name."""
    if resource.name is not None:
        yield from _breaches(REPOSITORY_NAME.problems(resource.name), "RepositoryName")


@compliance_rule(
    "tag-mutability-valid",
    level="error",
    types=_REPOSITORIES,
    requirement="ECR accepts the tag mutability and its exclusion filters.",
    remedy="Use a value of `Immutability`.",
)
def tag_mutability_valid(resource: TemplateResource, app: AppResources) -> Iterator[Breach]:  # noqa: ARG001
    """Yield each problem of the mode and of the filters."""
    written = resource.value("ImageTagMutabilityExclusionFilters")
    filters = [_literal(each, "ImageTagMutabilityExclusionFilterValue") for each in mappings(written)]
    try:
        Immutability(mode=resource.value("ImageTagMutability") or "MUTABLE", filters=filters)
    except InvalidName as error:
        yield from _breaches(error.problems, "ImageTagMutability")


@compliance_rule(
    "resource-tags-valid",
    level="error",
    types=_REPOSITORIES,
    requirement="AWS accepts the tags of the resource.",
    remedy="Correct the keys and the values.",
)
def resource_tags_valid(resource: TemplateResource, app: AppResources) -> Iterator[Breach]:  # noqa: ARG001
    """Yield each problem of the tags."""
    name = "ResourceTags" if resource.type == _TEMPLATE else "Tags"
    tags = [(each.get("Key"), each.get("Value")) for each in mappings(resource.value(name))]
    known = {key: value for key, value in tags if isinstance(key, str) and isinstance(value, str)}
    yield from _breaches(resource_tag_problems(known), name)


@compliance_rule(
    "encryption-key-usable",
    level="error",
    types=_REPOSITORIES,
    requirement="ECR can encrypt with the key.",
    remedy="Use a symmetric key for encryption that is enabled.",
)
def encryption_key_usable(resource: TemplateResource, app: AppResources) -> Iterator[Breach]:
    """Yield each reason why ECR cannot use a key of the same template."""
    key = declared_key(mapping(resource.value("EncryptionConfiguration")).get("KmsKey"), resource, app)
    if key is not None:
        values = {name: _known(key, name) for name in ("Enabled", "KeySpec", "KeyUsage")}
        problems = usability_problems(
            enabled=values["Enabled"], key_spec=values["KeySpec"], key_usage=values["KeyUsage"]
        )
        yield from _breaches(problems, "EncryptionConfiguration")


@compliance_rule(
    "empty-on-delete-effective",
    requirement="A repository with `EmptyOnDelete` has the deletion policy `Delete`.",
    remedy="Remove `EmptyOnDelete`, or use `settings=EPHEMERAL` if the images may be deleted.",
)
def empty_on_delete_effective(resource: TemplateResource, app: AppResources) -> Iterator[Breach]:  # noqa: ARG001
    """Yield a breach for a repository that is retained, whose images are therefore never deleted with it."""
    if boolean(resource.value("EmptyOnDelete")) and resource.deletion_policy != "Delete":
        sentence = f"EmptyOnDelete is true, and the DeletionPolicy is {resource.deletion_policy}"
        yield Breach(sentence, "Properties/EmptyOnDelete")


@compliance_rule(
    "policy-valid",
    level="error",
    types=tuple(POLICY_PROPERTIES),
    requirement="ECR accepts the statements of the policy.",
    remedy=f"Correct the statement; {page('Policies')} lists the elements that ECR accepts.",
)
def policy_valid(resource: TemplateResource, app: AppResources) -> Iterator[Breach]:  # noqa: ARG001
    """Yield each problem of a statement, of the Sids and of the length that `add_to_resource_policy` rejects."""
    is_registry = resource.type == "AWS::ECR::RegistryPolicy"
    check = registry_statement_problems if is_registry else repository_statement_problems
    found = [(place, statement) for place, statement in statements_of_resource(resource) if not is_intrinsic(statement)]
    name = POLICY_PROPERTIES[resource.type]
    for place, statement in found:
        # The rule no-public-access reports these.
        public = set(public_problems(statement))
        problems = [each for each in check(statement, resource.account, resource.region) if each not in public]
        yield from _breaches((f"{place}: {each}" for each in problems), name)
    # Two branches of a statement with Fn::If can have one Sid.
    yield from _breaches(sid_problems([*dict(found).values()]), name)
    if (length := length_of(policy_document_of(resource))) > MAXIMUM_CHARACTERS:
        yield from _breaches([f"the policy has {length} characters; ECR allows {MAXIMUM_CHARACTERS}"], name)


@compliance_rule(
    "creation-template-valid",
    level="error",
    types=[_TEMPLATE],
    requirement="ECR accepts the creation template.",
    remedy="Use `CreationTemplate`.",
)
def creation_template_valid(resource: TemplateResource, app: AppResources) -> Iterator[Breach]:  # noqa: ARG001
    """Yield each problem of the prefix, the purposes, the description, the key and the role."""
    if isinstance(prefix := _known(resource, "Prefix"), str):
        yield from _breaches(TEMPLATE_PREFIX.problems(prefix), "Prefix")
    purposes = _known(resource, "AppliedFor")
    if isinstance(purposes, list) and not any(map(is_intrinsic, purposes)):
        yield from _breaches(purpose_problems(purposes), "AppliedFor")
    if isinstance(description := _known(resource, "Description"), str):
        yield from _breaches(description_problems(description), "Description")
    encryption = mapping(_known(resource, "EncryptionConfiguration"))
    if isinstance(key := encryption.get("KmsKey"), str):
        yield from _breaches(key_arn_problems(key), "EncryptionConfiguration")
    yield from _breaches(_missing_role(resource, encryption), "CustomRoleArn")
    if isinstance(role := _known(resource, "CustomRoleArn"), str):
        yield from _breaches(role_arn_problems(role), "CustomRoleArn")


# https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates-create-iam.html
def _missing_role(resource: TemplateResource, encryption: Mapping[str, Any]) -> Iterator[str]:
    kind, tags = encryption.get("EncryptionType"), resource.properties.get("ResourceTags")
    if resource.properties.get("CustomRoleArn") in (None, "") and (kind in {"KMS", "KMS_DSSE"} or tags):
        reason = f"EncryptionType is {kind}" if kind in {"KMS", "KMS_DSSE"} else "the template has ResourceTags"
        yield f"there is no CustomRoleArn, and {reason}, for which ECR assumes a role"


@compliance_rule(
    "cache-rule-valid",
    level="error",
    types=["AWS::ECR::PullThroughCacheRule"],
    requirement="ECR accepts the pull-through cache rule.",
    remedy="Use `PullThroughCache`.",
)
def cache_rule_valid(resource: TemplateResource, app: AppResources) -> Iterator[Breach]:  # noqa: ARG001
    """Yield each problem of the prefixes and of the credentials."""
    here = _known(resource, "EcrRepositoryPrefix")
    there = _known(resource, "UpstreamRepositoryPrefix") or ROOT
    if isinstance(here, str) and isinstance(there, str):
        yield from _breaches(prefix_problems(here.removesuffix("/"), there.removesuffix("/")), "EcrRepositoryPrefix")
    credential = resource.properties.get("CredentialArn")
    upstream = _upstream(_known(resource, "UpstreamRegistry"), _known(resource, "UpstreamRegistryUrl"))
    if upstream is not None:
        has_credentials = credential not in (None, "", NO_VALUE)
        yield from _breaches(credential_problems(upstream, has_credentials=has_credentials), "CredentialArn")
    if isinstance(credential, str) and credential:
        yield from _breaches(secret_arn_problems(credential), "CredentialArn")
    if isinstance(role := _known(resource, "CustomRoleArn"), str):
        yield from _breaches(role_arn_problems(role), "CustomRoleArn")


def _upstream(registry: object, url: object) -> Upstream | None:
    """Return the upstream registry, or `None` if the template does not show it."""
    if isinstance(registry, str) and registry in _SECRET | _OPEN:
        return (_SECRET | _OPEN)[registry]
    return next((each for each in (_SECRET | _OPEN).values() if each.url == url), None)


@compliance_rule(
    "replication-valid",
    level="error",
    types=["AWS::ECR::ReplicationConfiguration"],
    requirement="ECR accepts the replication configuration.",
    remedy="Use `PrivateRegistry(replication=[Replication.to(...)])`.",
)
def replication_valid(resource: TemplateResource, app: AppResources) -> Iterator[Breach]:  # noqa: ARG001
    """Yield each problem of the destinations and of the filters."""
    configuration = ReplicationConfiguration(account=resource.account, region=resource.region)
    try:
        configuration.adding(*_replications(resource))
    except (InvalidName, InvalidRegistry) as error:
        yield from _breaches(error.problems, "ReplicationConfiguration")


def _replications(resource: TemplateResource) -> Iterator[Replication]:
    for rule in mappings(resource.value("ReplicationConfiguration", "Rules")):
        filters = [ReplicationFilter(_literal(each, "Filter")) for each in mappings(_list(rule, "RepositoryFilters"))]
        for place in mappings(_list(rule, "Destinations")):
            account = place.get("RegistryId")
            # The account of the registry itself is a reference in the templates of the CDK.
            known = account if isinstance(account, str) else None
            if known is None and account != {"Ref": "AWS::AccountId"}:
                raise NotDecidable("a destination is known only at deployment")
            yield Replication(region=_literal(place, "Region"), account=known, filters=filters)


@compliance_rule(
    "scanning-valid",
    level="error",
    types=["AWS::ECR::RegistryScanningConfiguration"],
    requirement="ECR accepts the scanning configuration.",
    remedy="Use `PrivateRegistry(scanning=Scanning.enhanced())`.",
)
def scanning_valid(resource: TemplateResource, app: AppResources) -> Iterator[Breach]:  # noqa: ARG001
    """Yield each problem of the frequencies and of the filters."""
    kind, rules = resource.value("ScanType"), resource.value("Rules")
    found: dict[str, list[ScanFilter]] = {"CONTINUOUS_SCAN": [], "SCAN_ON_PUSH": []}
    try:
        for rule in mappings(rules):
            filters = [ScanFilter(_literal(each, "Filter")) for each in mappings(_list(rule, "RepositoryFilters"))]
            found.setdefault(_literal(rule, "ScanFrequency"), []).extend(filters)
        if rules:
            Scanning(scan_type=kind, continuous=found["CONTINUOUS_SCAN"], on_push=found["SCAN_ON_PUSH"])
    except InvalidName as error:
        yield from _breaches(error.problems, "Rules")


def _breaches(problems: Iterator[str] | Sequence[str], name: str) -> Iterator[Breach]:
    return (Breach(each, f"Properties/{name}") for each in problems)


def _known(resource: TemplateResource, name: str) -> Any:  # noqa: ANN401  (a property of any kind)
    """Return the value of a property, or `None` if it is known only at deployment."""
    try:
        return resource.value(name)
    except NotDecidable:
        return None


def _list(value: Mapping[str, Any], name: str) -> object:
    if is_intrinsic(value.get(name)):
        raise NotDecidable(f"{name} is known only at deployment")
    return value.get(name)


def _literal(value: Mapping[str, Any], name: str) -> str:
    if not isinstance(text := value.get(name), str):
        raise NotDecidable(f"{name} is known only at deployment")
    return text
