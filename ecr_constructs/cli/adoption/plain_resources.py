"""Resources as L1 constructs of the CDK, for values that no construct of this library accepts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple

from ecr_constructs.cli.adoption.planned import FollowUp
from ecr_constructs.cli.adoption.values import is_function, raw
from ecr_constructs.cli.python_code.calls import Call
from ecr_constructs.model.changes.state import Resource, object_of
from ecr_constructs.model.template_syntax import has_functions

__all__ = ["PlainCall", "plain_call"]

_Kind = Literal["text", "boolean", "list", "object", "document"]

# The properties that are arguments of the L1 construct of a type, and their kinds. Names with `!` are required.
_PROPERTIES: Mapping[str, Mapping[str, _Kind]] = {
    "AWS::ECR::Repository": {
        "RepositoryName": "text",
        "EmptyOnDelete": "boolean",
        "EncryptionConfiguration": "object",
        "ImageScanningConfiguration": "object",
        "ImageTagMutability": "text",
        "ImageTagMutabilityExclusionFilters": "list",
        "LifecyclePolicy": "object",
        "RepositoryPolicyText": "document",
        "Tags": "list",
    },
    "AWS::ECR::RepositoryCreationTemplate": {
        "Prefix!": "text",
        "AppliedFor!": "list",
        "CustomRoleArn": "text",
        "Description": "text",
        "EncryptionConfiguration": "object",
        "ImageTagMutability": "text",
        "ImageTagMutabilityExclusionFilters": "list",
        "LifecyclePolicy": "text",
        "RepositoryPolicy": "text",
        "ResourceTags": "list",
    },
    "AWS::ECR::PullThroughCacheRule": {
        "CredentialArn": "text",
        "CustomRoleArn": "text",
        "EcrRepositoryPrefix": "text",
        "UpstreamRegistry": "text",
        "UpstreamRegistryUrl": "text",
        "UpstreamRepositoryPrefix": "text",
    },
    "AWS::ECR::PullTimeUpdateExclusion": {"PrincipalArn!": "text"},
    "AWS::ECR::RegistryPolicy": {"PolicyText!": "document"},
    "AWS::ECR::RegistryScanningConfiguration": {"Rules!": "list", "ScanType!": "text"},
    "AWS::ECR::ReplicationConfiguration": {"ReplicationConfiguration!": "object"},
    "AWS::ECR::SigningConfiguration": {"Rules!": "list"},
}
_KINDS: Mapping[_Kind, tuple[type, ...]] = {
    "text": (str,),
    "boolean": (bool,),
    "list": (list,),
    "object": (Mapping,),
    "document": (Mapping,),
}
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class PlainCall(NamedTuple):
    """
    An L1 construct.

    Attributes:
        function: The class.
        options: Its arguments.
        follow_ups: The statements after it, for properties that its arguments do not have.

    """

    function: str
    options: dict[str, object]
    follow_ups: list[FollowUp]


def plain_call(resource: Resource) -> PlainCall:
    """
    Return a resource as an L1 construct with the same properties.

    Args:
        resource: The resource, with the functions of its template.

    """
    kinds = {name.rstrip("!"): kind for name, kind in _PROPERTIES.get(resource.resource_type, {}).items()}
    required = [name.rstrip("!") for name in _PROPERTIES.get(resource.resource_type, {}) if name.endswith("!")]
    # The argument for a policy is an object, and a template can have its text.
    properties = {
        name: object_of(value) or value if kinds.get(name) == "document" else value
        for name, value in resource.properties.items()
    }
    taken = {
        name: value
        for name, value in properties.items()
        if name in kinds and isinstance(value, _KINDS[kinds[name]]) and not _is_computed(value, kinds[name])
    }
    if not kinds or not set(required) <= set(taken):
        options = {"type": resource.resource_type, "properties": raw(dict(resource.properties))}
        return PlainCall("cdk.CfnResource", options, [])
    others = {name: value for name, value in properties.items() if name not in taken}
    return PlainCall(
        f"ecr.Cfn{resource.resource_type.rpartition(':')[2]}",
        {_argument(name): raw(value) if kinds[name] == "document" else _camel(value) for name, value in taken.items()},
        [
            FollowUp("", Call(name="{}.add_property_override", arguments=[name, raw(value)]))
            for name, value in others.items()
        ],
    )


def _is_computed(value: object, kind: _Kind) -> bool:
    """Return whether CloudFormation computes a part of a value, which only the argument for a policy accepts."""
    return kind != "document" and has_functions(value)


def _argument(name: str) -> str:
    return _WORD.sub("_", name).lower()


def _camel_value(name: str, value: object) -> object:
    return str(value).lower() if isinstance(value, bool) and name != "ScanOnPush" else _camel(value)


def _camel(value: object) -> object:
    """Return a value with the names of the CDK for properties: `scanOnPush` for `ScanOnPush`."""
    if is_function(value):
        return raw(value)
    if isinstance(value, Mapping):
        return {f"{name[:1].lower()}{name[1:]}": _camel_value(name, each) for name, each in value.items()}
    if isinstance(value, list):
        return [_camel(each) for each in value]
    # No property of ECR is a number. YAML reads an account ID or the value of a tag as one.
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value
