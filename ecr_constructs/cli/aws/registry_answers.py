"""Answers of the ECR API as properties of CloudFormation types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ecr_constructs.cli.aws.errors import CallFailed
from ecr_constructs.cli.aws.session import Service

__all__ = ["NOT_SET", "policy_reader", "settings_of", "template_of", "with_property_names"]

# The error codes of a setting that the registry does not have.
NOT_SET = frozenset(
    {"RegistryPolicyNotFoundException", "RepositoryPolicyNotFoundException", "LifecyclePolicyNotFoundException"}
    | {"SigningConfigurationNotFoundException", "RepositoryNotFoundException"}
)


def policy_reader(ecr: Service, operation: str, member: str) -> Callable[[str], object]:
    """
    Return a function that reads a policy of a repository, and returns None if there is none.

    Args:
        ecr: ECR.
        operation: The operation, such as `GetRepositoryPolicy`.
        member: The member of the answer with the policy.

    """

    def read(name: str) -> object:
        try:
            return ecr.call(operation, {"repositoryName": name}).get(member)
        except CallFailed as failed:
            if failed.code in NOT_SET:
                return None
            raise

    return read


def settings_of(described: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return the settings of a repository, or of a creation template, as properties of its CloudFormation type.

    Args:
        described: The repository or the template in the response of the API.

    """
    filters = [
        {"ImageTagMutabilityExclusionFilterValue": each["filter"]}
        for each in described.get("imageTagMutabilityExclusionFilters", ())
    ]
    encryption = described.get("encryptionConfiguration", {})
    names = {"encryptionType": "EncryptionType", "kmsKey": "KmsKey"}
    return {
        "ImageTagMutability": described.get("imageTagMutability", "MUTABLE"),
        **({"ImageTagMutabilityExclusionFilters": filters} if filters else {}),
        "EncryptionConfiguration": {names[key]: value for key, value in encryption.items() if key in names},
    }


def template_of(described: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return the settings of a creation template as properties of its CloudFormation type.

    Args:
        described: The template, as the API describes it.

    """
    texts = {"LifecyclePolicy": described.get("lifecyclePolicy"), "RepositoryPolicy": described.get("repositoryPolicy")}
    written = {name: text for name, text in texts.items() if text}
    return {"Prefix": described["prefix"], **settings_of(described), **written}


def with_property_names(value: object) -> Any:  # noqa: ANN401  (a value of any kind)
    """
    Return an answer with the names of properties: `ScanType` for `scanType`.

    Args:
        value: The answer, or a part of it.

    """
    if isinstance(value, Mapping):
        return {f"{name[:1].upper()}{name[1:]}": with_property_names(each) for name, each in value.items()}
    return [with_property_names(each) for each in value] if isinstance(value, list) else value
