"""Repositories as `HardenedRepository` with their current settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ecr_constructs.cli.adoption.planned import FollowUp, Key
from ecr_constructs.cli.adoption.statements import policy_code, policy_problems
from ecr_constructs.cli.adoption.values import is_code_of_tokens, raw, text
from ecr_constructs.cli.python_code.calls import Call, Name
from ecr_constructs.cli.python_code.lifecycle_policies import lifecycle_value
from ecr_constructs.errors import EcrConstructsError
from ecr_constructs.model.changes.settings import immutability_of_resource, lifecycle_text
from ecr_constructs.model.changes.state import Resource, canonical
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from ecr_constructs.model.partitions import arn_problems
from ecr_constructs.model.resource_tags import resource_tag_problems
from ecr_constructs.model.template_syntax import boolean, has_functions, mapping
from ecr_constructs.model.validation import REPOSITORY_NAME

__all__ = [
    "FindKey",
    "attribute_follow_ups",
    "encryption_option",
    "encryption_problems",
    "immutability_option",
    "is_scanned",
    "lifecycle_option",
    "lifecycle_problems",
    "region_of",
    "repository_follow_ups",
    "repository_options",
    "repository_problems",
    "repository_settings",
    "tag_problems",
    "tags_of",
]

# A function that returns the key for a value of `KmsKey`, or None if no construct can refer to it.
FindKey = Callable[[object], Key | None]

_KNOWN = frozenset(
    {"RepositoryName", "EncryptionConfiguration", "ImageScanningConfiguration", "ImageTagMutability", "EmptyOnDelete"}
    | {"ImageTagMutabilityExclusionFilters", "LifecyclePolicy", "RepositoryPolicyText", "Tags"}
)
_NO_FUNCTIONS = (
    "ImageTagMutability",
    "ImageTagMutabilityExclusionFilters",
    "ImageScanningConfiguration",
    "LifecyclePolicy",
    "EmptyOnDelete",
)
_PATH = "aws:cdk:path"


def repository_problems(resource: Resource, find_key: FindKey) -> Iterator[str]:
    """
    Yield the reasons why a repository cannot be a `HardenedRepository` that changes nothing.

    Args:
        resource: The repository, with the functions of its template.
        find_key: Returns the key for a value of `KmsKey`.

    """
    properties = resource.properties
    if is_code_of_tokens(dict(properties)):
        yield "a value looks like a token of the CDK"
    name = properties.get("RepositoryName")
    if isinstance(name, str):
        yield from REPOSITORY_NAME.problems(name)
    yield from (f"it has the property {each}" for each in properties if each not in _KNOWN)
    for each in _NO_FUNCTIONS:
        if has_functions([properties.get(each)]):
            yield f"CloudFormation computes {each} at deployment"
    if not has_functions([properties.get(each) for each in _NO_FUNCTIONS]):
        yield from lifecycle_problems(resource)
    yield from encryption_problems(properties.get("EncryptionConfiguration"), find_key, region_of(resource))
    if (policy := properties.get("RepositoryPolicyText")) is not None:
        yield from policy_problems(policy, "repository", region_of(resource))
    yield from tag_problems(properties.get("Tags"))
    if boolean(properties.get("EmptyOnDelete")) and resource.deletion_policy != "Delete":
        yield "EmptyOnDelete is true and the repository is retained"


def repository_options(resource: Resource) -> dict[str, object]:
    """
    Return the arguments of `HardenedRepository` that its settings do not have.

    Args:
        resource: The repository without problems.

    """
    name, policy = resource.properties.get("RepositoryName"), resource.properties.get("RepositoryPolicyText")
    statements = policy_code(policy).statements if policy is not None else []
    options = {"repository_name": None if name is None else text(name), "policy_statements": statements or None}
    return {key: value for key, value in options.items() if value is not None}


def repository_settings(resource: Resource, find_key: FindKey, *, is_deployed: bool) -> dict[str, object]:
    """
    Return the settings of a repository that differ from `ADOPTED`.

    Args:
        resource: The repository without problems.
        find_key: Returns the key for a value of `KmsKey`.
        is_deployed: Whether its template is deployed already.

    """
    properties = resource.properties
    policy = properties.get("RepositoryPolicyText")
    tags = dict(tags_of(properties.get("Tags")))
    is_deleted = resource.deletion_policy == "Delete" and is_deployed
    retains_first = resource.deletion_policy == "RetainExceptOnCreate"
    settings = {
        "immutability": immutability_option(resource),
        "lifecycle": lifecycle_option(resource),
        "encryption": encryption_option(properties.get("EncryptionConfiguration"), find_key),
        "scan_on_push": None if is_scanned(resource) else False,
        "access": (policy_code(policy).access or None) if policy is not None else None,
        "resource_tags": {key: text(value) for key, value in tags.items()} or None,
        "removal_policy": Name("cdk.RemovalPolicy.DESTROY")
        if is_deleted
        else Name("cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE")
        if retains_first
        else None,
        "empty_on_delete": True if boolean(properties.get("EmptyOnDelete")) else None,
    }
    return {key: value for key, value in settings.items() if value is not None}


def repository_follow_ups(resource: Resource, *, is_deployed: bool) -> Iterator[FollowUp]:
    """
    Yield the statements that a repository needs after its construct.

    Args:
        resource: The repository.
        is_deployed: Whether its template is deployed already.

    """
    encryption = mapping(resource.properties.get("EncryptionConfiguration"))
    if is_deployed and encryption.get("EncryptionType") == "AES256":
        # CloudFormation replaces a repository if the property is deleted from its template.
        arguments = ["EncryptionConfiguration", {"EncryptionType": "AES256"}]
        yield FollowUp("", Call(name="{}.resource.add_property_override", arguments=arguments))


def attribute_follow_ups(
    attributes: Mapping[str, Any], *, rendered: Mapping[str, str], below: str = ".resource"
) -> Iterator[FollowUp]:
    """
    Yield the statements for attributes of a resource that its construct does not write, such as its condition.

    Args:
        resource: The resource.
        attributes: The resource as its template has it.
        rendered: The attributes that the construct writes, by name.
        below: The path from the construct to its resource.

    """
    given = {name: attributes.get(name) for name in ("Condition", "DependsOn", "DeletionPolicy", "UpdateReplacePolicy")}
    given |= {f"Metadata.{name}": value for name, value in mapping(attributes.get("Metadata")).items()}
    for name, value in given.items():
        is_of_cdk = name == f"Metadata.{_PATH}" or name.startswith("Metadata.cdk_nag")
        if value is not None and not is_of_cdk and rendered.get(name) != value:
            escaped = name if not name.startswith("Metadata.") else f"Metadata.{name[9:].replace('.', chr(92) + '.')}"
            yield FollowUp("", Call(name=f"{{}}{below}.add_override", arguments=[escaped, raw(value)]))


# --- the properties ---------------------------------------------------------------------------------------------------


def immutability_option(resource: Resource) -> object | None:
    """
    Return the immutability of a repository or a creation template, or None if its tags are mutable.

    Args:
        resource: The resource.

    """
    found = immutability_of_resource(resource) or Immutability.off()
    names = {
        "IMMUTABLE": "all_tags",
        "IMMUTABLE_WITH_EXCLUSION": "all_tags_except",
        "MUTABLE_WITH_EXCLUSION": "only_tags",
    }
    name = names.get(found.mode)
    return Call(name=f"Immutability.{name}", arguments=list(found.filters)) if name else None


def lifecycle_problems(resource: Resource) -> Iterator[str]:
    """
    Yield the reasons why tags and lifecycle policy of a repository or a creation template cannot be settings.

    Args:
        resource: The resource, without functions in these properties.

    """
    immutability = immutability_of_resource(resource)
    if immutability is None:
        yield "ECR has no such tag mutability"
    extra = set(mapping(resource.properties.get("LifecyclePolicy"))) - {"LifecyclePolicyText"}
    yield from (f"its lifecycle policy has the property {each}" for each in sorted(map(str, extra)))
    try:
        policy = _lifecycle(resource)
    except EcrConstructsError as error:
        yield from (f"lifecycle policy: {each}" for each in error.problems)
        return
    for finding in policy.findings(immutability=immutability) if policy else ():
        if finding.severity == "error":
            yield f"lifecycle policy: {finding.sentence} [{finding.id}]"


def lifecycle_option(resource: Resource) -> object | None:
    """
    Return the lifecycle policy of a repository or a creation template, or None if it has none.

    Args:
        resource: The resource without problems.

    """
    policy = _lifecycle(resource)
    return lifecycle_value(policy, immutability_of_resource(resource)) if policy else None


def _lifecycle(resource: Resource) -> LifecyclePolicy | None:
    written = lifecycle_text(resource)
    if written is None:
        return None
    return LifecyclePolicy.from_json(written if isinstance(written, str) else canonical(written))


def encryption_problems(configuration: object, find_key: FindKey, region: str | None) -> Iterator[str]:
    """
    Yield the reasons why an encryption cannot be a value of this library.

    Args:
        configuration: The value of `EncryptionConfiguration`.
        find_key: Returns the key for a value of `KmsKey`.
        region: The Region of the resource. None if it is known only at deployment.

    """
    if configuration is None:
        return
    kind, key = (mapping(configuration).get(name) for name in ("EncryptionType", "KmsKey"))
    if kind not in ("AES256", "KMS", "KMS_DSSE") or (kind == "AES256" and key is not None):
        yield "ECR has no such encryption, or CloudFormation computes it at deployment"
    elif key is not None and find_key(key) is None:
        yield "its KMS key is not written as an ARN or as a reference to a key"
    elif isinstance(key, str):
        yield from arn_problems("the key", key, region)
        if region is not None and key.split(":")[3] != region:
            yield f"its KMS key is in another Region than {region}"


def encryption_option(configuration: object, find_key: FindKey) -> object | None:
    """
    Return the encryption of a repository, or None for AES256.

    Args:
        configuration: The value of `EncryptionConfiguration`.
        find_key: Returns the key for a value of `KmsKey`.

    """
    kind, value = (mapping(configuration).get(name) for name in ("EncryptionType", "KmsKey"))
    key = find_key(value) if value is not None else None
    arguments = [Name(key.variable)] if key else []
    if kind == "KMS_DSSE":
        return Call(name="Encryption.dual_layer", arguments=arguments)
    if kind == "KMS":
        return Call(name="Encryption.customer_key" if key else "Encryption.aws_managed_key", arguments=arguments)
    return None


def tag_problems(tags: object) -> Iterator[str]:
    """
    Yield the reasons why resource tags cannot be settings.

    Args:
        tags: The value of `Tags` or `ResourceTags`.

    """
    if tags is None:
        return
    found = list(tags_of(tags))
    if not isinstance(tags, list) or len(found) != len(tags) or len(dict(found)) != len(found):
        yield "its resource tags are not a list of different keys with values"
        return
    yield from resource_tag_problems({key: value if isinstance(value, str) else "token" for key, value in found})


def tags_of(tags: object) -> Iterator[tuple[str, Any]]:
    """
    Yield the key and the value of each resource tag.

    Args:
        tags: The value of `Tags` or `ResourceTags`.

    """
    for each in tags if isinstance(tags, list) else ():
        key, value = mapping(each).get("Key"), mapping(each).get("Value")
        is_value = isinstance(value, (str, int)) or has_functions(value)
        if isinstance(key, str) and is_value and set(each) == {"Key", "Value"}:
            yield key, str(value) if isinstance(value, int) else value


def region_of(resource: Resource) -> str | None:
    """
    Return the Region of a resource, or None if it is known only at deployment.

    Args:
        resource: The resource.

    """
    return resource.environment.partition("/")[2] if resource.environment else None


def is_scanned(resource: Resource) -> bool:
    """
    Return whether a repository scans images when they are pushed.

    Args:
        resource: The repository.

    """
    return bool(boolean(mapping(resource.properties.get("ImageScanningConfiguration")).get("ScanOnPush")))
