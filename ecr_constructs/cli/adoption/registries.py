"""The settings of a registry as values of this library, or the reasons why a resource cannot be one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ecr_constructs.cli.adoption.planned import SCOPE
from ecr_constructs.cli.adoption.repositories import (
    FindKey,
    encryption_option,
    encryption_problems,
    immutability_option,
    lifecycle_option,
    lifecycle_problems,
    region_of,
    tag_problems,
    tags_of,
)
from ecr_constructs.cli.adoption.statements import policy_code, policy_problems, statement_call
from ecr_constructs.cli.adoption.values import is_code_of_tokens, text
from ecr_constructs.cli.python_code.calls import Call, Name
from ecr_constructs.errors import EcrConstructsError, InvalidName
from ecr_constructs.model.changes.state import Resource, object_of
from ecr_constructs.model.filters import ReplicationFilter, ScanFilter
from ecr_constructs.model.iam.actions import matches_action
from ecr_constructs.model.iam.values import as_list, possible
from ecr_constructs.model.names import ROOT
from ecr_constructs.model.partitions import arn_problems
from ecr_constructs.model.registry.creation_templates import role_arn_problems
from ecr_constructs.model.registry.replication import Replication, ReplicationConfiguration
from ecr_constructs.model.registry.scanning import Scanning
from ecr_constructs.model.registry.upstreams import Upstream
from ecr_constructs.model.template_syntax import has_functions, mapping, mappings
from ecr_constructs.model.validation import CACHE_PREFIX, NAMESPACE, TEMPLATE_PREFIX

__all__ = [
    "Unsupported",
    "account_of_resource",
    "cache_options",
    "cache_problems",
    "own_template_problems",
    "policy_statements",
    "replications",
    "scanning_call",
    "template_options",
    "template_problems",
    "template_settings",
]

_ACCOUNT = {"Ref": "AWS::AccountId"}
_PURPOSES = ("PULL_THROUGH_CACHE", "REPLICATION", "CREATE_ON_PUSH")
_LONGEST_DESCRIPTION = 256
_SECRET = re.compile(
    r"arn:aws(-\w+)*:secretsmanager:(?P<region>[a-zA-Z0-9-:]+):(?P<account>[0-9]{12}):"
    r"secret:ecr-pullthroughcache/[a-zA-Z0-9/_+=.@-]+-[a-zA-Z0-9]{6}"
)
_UPSTREAMS: Mapping[str, str] = {
    "ecr-public": "ecr_public",
    "k8s": "kubernetes",
    "quay": "quay",
    "docker-hub": "docker_hub",
    "github-container-registry": "github",
    "gitlab-container-registry": "gitlab",
    "chainguard": "chainguard",
}


class Unsupported(Exception):
    """A resource that cannot be a value of this library. The arguments are the reasons."""


@contextmanager
def _supported() -> Iterator[None]:
    """Raise `Unsupported` for values that this library rejects in the block."""
    try:
        yield
    except EcrConstructsError as error:
        raise Unsupported(*error.problems) from None


# --- scanning, replication, registry policy ---------------------------------------------------------------------------


def scanning_call(resource: Resource) -> Call:
    """
    Return a scanning configuration as the argument `scanning=`.

    Args:
        resource: The configuration.

    Raises:
        Unsupported: If it cannot be one.

    """
    _require_no_functions(resource)
    kind = resource.properties.get("ScanType")
    filters: dict[str, list[str]] = {"CONTINUOUS_SCAN": [], "SCAN_ON_PUSH": []}
    for rule in mappings(resource.properties.get("Rules")):
        texts = [str(each.get("Filter")) for each in mappings(rule.get("RepositoryFilters"))]
        is_wildcard = all(each.get("FilterType") == "WILDCARD" for each in mappings(rule.get("RepositoryFilters")))
        if rule.get("ScanFrequency") not in filters or not texts or not is_wildcard:
            raise Unsupported("a rule has no filters, or CloudFormation has no such scan frequency or filter type")
        filters[rule["ScanFrequency"]] += texts
    continuous, on_push = (list(dict.fromkeys(each)) for each in filters.values())
    with _supported():
        Scanning(
            scan_type=str(kind),  # type: ignore[arg-type]  # Scanning checks it
            continuous=list(map(ScanFilter, continuous)),
            on_push=list(map(ScanFilter, on_push)),
        )
    if kind == "BASIC":
        return Call(name="Scanning.basic", options={} if on_push == ["*"] else {"on_push": _scan_value(on_push)})
    options = {"continuous": continuous, "on_push": on_push}
    is_default = continuous == ["*"] and not on_push
    given = {} if is_default else {name: _scan_value(texts) for name, texts in options.items() if texts}
    return Call(name="Scanning.enhanced", options=given)


def _scan_value(texts: list[str]) -> object:
    values = [_namespace_or_text(each, "/*", without=("__", "--")) for each in texts]
    return values[0] if len(values) == 1 else values


def _namespace_or_text(found: str, end: str, *, without: tuple[str, ...] = ()) -> object:
    path = found.removesuffix(end)
    is_namespace = found.endswith(end) and not NAMESPACE.problems(path) and not any(each in path for each in without)
    return Call(name="Namespace", arguments=[path]) if is_namespace else found


def replications(resource: Resource) -> list[object]:
    """
    Return a replication configuration as the argument `replication=`.

    Args:
        resource: The configuration.

    Raises:
        Unsupported: If it cannot be one.

    """
    if is_code_of_tokens(dict(resource.properties)):
        raise Unsupported("a value looks like a token of the CDK")
    rules = mappings(mapping(resource.properties.get("ReplicationConfiguration")).get("Rules"))
    found = [each for rule in rules for each in _of_rule(rule, account_of_resource(resource))]
    with _supported():
        configuration = ReplicationConfiguration(account=account_of_resource(resource), region=region_of(resource))
        configuration.adding(*(value for value, _ in found))
    if not found:
        raise Unsupported("it has no rules")
    return [call for _, call in found]


def _of_rule(rule: Mapping[str, Any], account: str | None) -> Iterator[tuple[Replication, Call]]:
    filters = mappings(rule.get("RepositoryFilters"))
    texts = [str(each.get("Filter")) for each in filters]
    if has_functions([each.get("Filter") for each in filters]) or any(
        each.get("FilterType") != "PREFIX_MATCH" for each in filters
    ):
        raise Unsupported("CloudFormation computes a filter at deployment, or has no such filter type")
    for destination in mappings(rule.get("Destinations")):
        region, owner = destination.get("Region"), destination.get("RegistryId")
        is_own = owner in (_ACCOUNT, account)
        if not isinstance(region, str) or not (is_own or isinstance(owner, str)):
            raise Unsupported("CloudFormation computes a destination at deployment")
        with _supported():
            value = Replication(
                region=region, account=None if is_own else owner, filters=list(map(ReplicationFilter, texts))
            )
        repositories = [_namespace_or_text(each, "/") for each in texts]
        options = {
            "account": None if is_own else owner,
            "repositories": (repositories[0] if len(repositories) == 1 else repositories) or None,
        }
        given = {name: each for name, each in options.items() if each is not None}
        yield value, Call(name="Replication.to", arguments=[region], options=given)


def policy_statements(resource: Resource) -> list[object]:
    """
    Return a registry policy as the argument `policy_statements=`.

    Args:
        resource: The policy.

    Raises:
        Unsupported: If it cannot be one.

    """
    policy = resource.properties.get("PolicyText")
    problems = list(policy_problems(policy, "registry", region_of(resource)))
    statements = [mapping(each) for each in as_list(object_of(policy).get("Statement", []))]
    problems += ["a statement has no resources" for each in statements if not {"Resource", "NotResource"} & set(each)]
    problems += ["a statement denies the actions of Amazon Inspector" for each in statements if _denies_scanning(each)]
    if is_code_of_tokens(dict(resource.properties)):
        problems.append("a value looks like a token of the CDK")
    if problems:
        raise Unsupported(*dict.fromkeys(problems))
    return [statement_call(each) for each in statements]


def _denies_scanning(statement: Mapping[str, Any]) -> bool:
    if statement.get("Effect") != "Deny" or statement.get("Condition"):
        return False
    name = "ecr:putregistryscanningconfiguration"
    return "NotAction" in statement or any(matches_action(each, name) for each in possible(statement.get("Action", [])))


# --- creation templates -----------------------------------------------------------------------------------------------


def template_problems(resource: Resource, find_key: FindKey) -> Iterator[str]:
    """
    Yield the reasons why a creation template cannot be a `CreationTemplate` that changes nothing.

    Args:
        resource: The template.
        find_key: Returns the key for a value of `KmsKey`.

    """
    properties = resource.properties
    prefix, purposes = properties.get("Prefix"), properties.get("AppliedFor")
    if is_code_of_tokens(dict(properties)):
        yield "a value looks like a token of the CDK"
    if not isinstance(prefix, str) or (prefix != ROOT and TEMPLATE_PREFIX.problems(prefix)) or prefix.endswith("/"):
        yield "its prefix ends with '/', is not valid, or is computed at deployment"
    is_known = isinstance(purposes, list) and bool(purposes) and all(each in _PURPOSES for each in purposes)
    if not is_known or len(set(map(str, purposes or ()))) != len(purposes or ()):
        yield "it has no purposes, or others than PULL_THROUGH_CACHE, REPLICATION and CREATE_ON_PUSH"
    if properties.get("CustomRoleArn") is not None:
        yield from _role_problems(resource)
    elif properties.get("ResourceTags") or _is_encrypted(properties):
        yield "its encryption or its resource tags need a role, which CreationTemplate would create"
    yield from encryption_problems(properties.get("EncryptionConfiguration"), find_key, region_of(resource))
    yield from tag_problems(properties.get("ResourceTags"))
    if has_functions([properties.get(each) for each in ("ImageTagMutability", "LifecyclePolicy", "RepositoryPolicy")]):
        yield "CloudFormation computes a setting at deployment"
        return
    yield from lifecycle_problems(resource)
    yield from _description_problems(properties.get("Description"))
    yield from _template_policy_problems(properties.get("RepositoryPolicy"), region_of(resource))


def template_options(resource: Resource, role_id: str) -> dict[str, object]:
    """
    Return the arguments of a `CreationTemplate` without its settings.

    Args:
        resource: The template without problems.
        role_id: The construct ID of its role.

    """
    prefix = resource.properties["Prefix"]
    options = {
        "prefix": Name("ROOT") if prefix == ROOT else prefix,
        "applied_for": list(resource.properties["AppliedFor"]),
        "description": resource.properties.get("Description"),
        "role": role_call(resource, role_id),
    }
    return {name: value for name, value in options.items() if value is not None}


def role_call(resource: Resource, id: str) -> Call | None:
    """
    Return the role of a cache rule or a creation template, or None if it has none.

    The role is not changed: it has the permissions that ECR needs already.

    Args:
        resource: The rule or the template without problems.
        id: The construct ID of the role.

    """
    arn = resource.properties.get("CustomRoleArn")
    if arn is None:
        return None
    return Call(name="iam.Role.from_role_arn", arguments=[SCOPE, id, text(arn)], options={"mutable": False})


def _role_problems(resource: Resource) -> Iterator[str]:
    arn, account = resource.properties["CustomRoleArn"], account_of_resource(resource)
    if not isinstance(arn, str):
        return
    yield from role_arn_problems(arn, is_complete=True)
    yield from arn_problems("role", arn, region_of(resource))
    if account is not None and account not in arn:
        yield f"its role is not in account {account}"


def template_settings(resource: Resource, find_key: FindKey) -> dict[str, object]:
    """
    Return the settings of a creation template that differ from `ADOPTED`.

    Args:
        resource: The template without problems.
        find_key: Returns the key for a value of `KmsKey`.

    """
    policy = resource.properties.get("RepositoryPolicy")
    settings = {
        "immutability": immutability_option(resource),
        "lifecycle": lifecycle_option(resource),
        "encryption": encryption_option(resource.properties.get("EncryptionConfiguration"), find_key),
        "access": policy_code(policy).access if policy else None,
        "resource_tags": {key: text(value) for key, value in tags_of(resource.properties.get("ResourceTags"))} or None,
    }
    return {name: value for name, value in settings.items() if value is not None}


def _is_encrypted(properties: Mapping[str, Any]) -> bool:
    encryption = properties.get("EncryptionConfiguration")
    return encryption is not None and mapping(encryption).get("EncryptionType") != "AES256"


def _description_problems(description: object) -> Iterator[str]:
    if description is None:
        return
    if not isinstance(description, str) or len(description) > _LONGEST_DESCRIPTION or not description.isprintable():
        yield "its description is not a text of at most 256 printable characters"


def _template_policy_problems(policy: object, region: str | None) -> Iterator[str]:
    if not policy:
        return
    found = list(policy_problems(policy, "repository", region))
    yield from found
    code = policy_code(policy) if not found else None
    # Other values render the partition as a reference. The text of the policy would be computed at deployment.
    literal = ("Access.organization", "Access.role_", "Access.app_runner_pull")
    names = [each.name for each in code.access if isinstance(each, Call)] if code else []
    if code and (code.statements or not all(each.startswith(literal) for each in names)):
        yield "its repository policy has statements that no Access writes as the same text"


# --- caches -----------------------------------------------------------------------------------------------------------


def own_template_problems(template: Resource, find_key: FindKey) -> Iterator[str]:
    """
    Yield the reasons why a creation template with the prefix of a cache cannot be the one that the cache creates.

    Args:
        template: The creation template.
        find_key: Returns the key for a value of `KmsKey`.

    """
    if template.properties.get("AppliedFor") != ["PULL_THROUGH_CACHE"]:
        yield "its creation template also has other purposes"
    yield from template_problems(template, find_key)


def cache_problems(rule: Resource) -> Iterator[str]:
    """
    Yield the reasons why a cache rule cannot be a `PullThroughCache` that changes nothing.

    Args:
        rule: The rule.

    """
    properties = rule.properties
    prefixes = [properties.get("EcrRepositoryPrefix"), properties.get("UpstreamRepositoryPrefix", ROOT)]
    if is_code_of_tokens(dict(properties)):
        yield "a value looks like a token of the CDK"
    if any(
        not isinstance(each, str) or each.endswith("/") or (each != ROOT and CACHE_PREFIX.problems(each))
        for each in prefixes
    ) or (prefixes[0] == ROOT != prefixes[1]):
        yield "a prefix ends with '/', is not valid, or is computed at deployment"
    if properties.get("CustomRoleArn") is not None:
        yield from _role_problems(rule)
    upstream = _upstream(rule)
    if upstream is None:
        yield "its upstream is not written with both UpstreamRegistry and UpstreamRegistryUrl, or is not known"
        return
    yield from _credential_problems(rule, upstream)


def cache_options(rule: Resource, template: Resource | None, role_id: str, template_role_id: str) -> dict[str, object]:
    """
    Return the arguments of a `PullThroughCache` without its settings.

    Args:
        rule: The rule without problems.
        template: The creation template of the cache itself, or None if it has none.
        role_id: The construct ID of its role.
        template_role_id: The construct ID of the role of its template.

    """
    properties = rule.properties
    upstream = _upstream(rule)
    assert upstream is not None  # noqa: S101  (a rule without problems has one)
    prefix, there = properties["EcrRepositoryPrefix"], properties.get("UpstreamRepositoryPrefix")
    secret = properties.get("CredentialArn")
    options = {
        "upstream": _upstream_call(upstream),
        "prefix": None if prefix == upstream.default_prefix else Name("ROOT") if prefix == ROOT else prefix,
        "upstream_prefix": None if there is None else Name("ROOT") if there == ROOT else there,
        "credentials": None if secret is None else Call(name="Credentials.secret_arn", arguments=[text(secret)]),
        "role": role_call(rule, role_id),
        "template": False if template is None else None,
        "description": None if template is None else template.properties.get("Description"),
        "template_role": None if template is None else role_call(template, template_role_id),
    }
    return {name: value for name, value in options.items() if value is not None}


def _upstream(rule: Resource) -> Upstream | None:
    registry, url = (rule.properties.get(name) for name in ("UpstreamRegistry", "UpstreamRegistryUrl"))
    if not isinstance(registry, str) or not isinstance(url, str):
        return None
    try:
        if registry in _UPSTREAMS:
            found: Upstream = getattr(Upstream, _UPSTREAMS[registry])()
        elif registry == "azure-container-registry":
            found = Upstream.azure(url)
        elif registry == "ecr":
            found = Upstream.ecr(url)
        else:
            return None
    except InvalidName:
        return None
    return found if found.url == url else None


def _upstream_call(upstream: Upstream) -> Call:
    if upstream.registry in _UPSTREAMS:
        return Call(name=f"Upstream.{_UPSTREAMS[upstream.registry]}")
    if upstream.registry == "ecr":
        account, region = upstream.url.split(".")[0], upstream.url.split(".")[3]
        return Call(name="Upstream.ecr", options={"account": account, "region": region})
    return Call(name="Upstream.azure", arguments=[upstream.url])


def _credential_problems(rule: Resource, upstream: Upstream) -> Iterator[str]:
    secret = rule.properties.get("CredentialArn")
    has_role = rule.properties.get("CustomRoleArn") is not None
    is_own = upstream.url.split(".")[0] == account_of_resource(rule)
    if upstream.credentials == "role" and not is_own and not has_role:
        yield "PullThroughCache creates a role for private ECR of another account"
    elif has_role and upstream.credentials != "role":
        yield "it has a role, and ECR assumes one for private ECR only"
    elif (secret is not None) != (upstream.credentials == "secret"):
        yield "its upstream requires a secret, or accepts none"
    elif isinstance(secret, str):
        found = _SECRET.fullmatch(secret)
        here = (region_of(rule), account_of_resource(rule))
        is_here = found is not None and all(
            ours is None or ours == theirs for ours, theirs in zip(here, found.group("region", "account"), strict=True)
        )
        if not is_here or list(arn_problems("credentials", secret, here[0])):
            yield "its secret is not one of the registry with the prefix ecr-pullthroughcache/"
    if upstream.credentials == "role" and upstream.url.split(".")[3] == region_of(rule):
        yield "its upstream is the registry itself"


def account_of_resource(resource: Resource) -> str | None:
    """
    Return the account of a resource, or None if it is known only at deployment.

    Args:
        resource: The resource.

    """
    return resource.environment.partition("/")[0] if resource.environment else None


def _require_no_functions(resource: Resource) -> None:
    if has_functions(dict(resource.properties)):
        raise Unsupported("CloudFormation computes a value at deployment")
    if is_code_of_tokens(dict(resource.properties)):
        raise Unsupported("a value looks like a token of the CDK")
