"""The checks of CloudFormation and ECR: properties against schemas, requests against the shapes of botocore."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Any

import botocore.session  # type: ignore[import-untyped]  # it ships no types
from botocore.model import OperationModel, Shape  # type: ignore[import-untyped]  # it ships no types
from botocore.validate import ParamValidator  # type: ignore[import-untyped]  # it ships no types
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from jsonschema import Draft7Validator  # type: ignore[import-untyped]  # it ships no types

# Members of the API whose name is not that of the property with a lower-case first letter.
MEMBERS = {
    "ImageTagMutabilityExclusionFilterType": "filterType",
    "ImageTagMutabilityExclusionFilterValue": "filter",
    "Key": "Key",
    "RepositoryPolicyText": "policyText",
    "Value": "Value",
}
# Those of a filter of Amazon Inspector.
FILTER_MEMBERS = {"FilterAction": "action", "FilterCriteria": "criteria"}
# Properties that can be a JSON object in a template, and are text in the API.
DOCUMENTS = {"EventPattern", "FilterPolicy", "KeyPolicy", "PolicyDocument", "PolicyText", "RepositoryPolicyText"}
# Properties of a connection that EventBridge does not return.
SECRET_VALUES = {"ApiKeyValue", "ClientSecret", "Password"}


@cache
def schema(resource_type: str) -> Mapping[str, Any]:
    """Give the schema of a resource type, from those that cfn-lint ships."""
    found: Mapping[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource_type).schema
    return found


def properties_named(resource_type: str, key: str) -> frozenset[str]:
    """Give the properties that a schema lists under a key such as `createOnlyProperties`, nested ones left out."""
    paths = (path.removeprefix("/properties/") for path in schema(resource_type).get(key, ()))
    return frozenset(path for path in paths if "/" not in path)


def property_faults(resource_type: str, properties: Mapping[str, Any]) -> Iterator[str]:
    """Return the problems for which CloudFormation would reject a template, each with the path of the property."""
    for fault in Draft7Validator(schema(resource_type)).iter_errors(properties):
        yield f"{'/'.join(map(str, ['#', *fault.absolute_path]))}: {fault.message}"
    for name in sorted(properties_named(resource_type, "readOnlyProperties") & set(properties)):
        yield f"#: {name} is read-only"


def api_names(properties: Mapping[str, Any], names: Mapping[str, str] = MEMBERS) -> dict[str, Any]:
    """Rename properties to members of the API, at every depth."""
    return {
        names.get(name, name[:1].lower() + name[1:]): as_text(value) if name in DOCUMENTS else _renamed(value, names)
        for name, value in properties.items()
    }


def as_text(document: Any) -> str:
    """Return a document of a template as the text that the API takes."""
    return document if isinstance(document, str) else json.dumps(document)


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return api_names(value, names)
    return [_renamed(each, names) for each in value] if isinstance(value, list) else value


def without(names: Collection[str], value: Any) -> Any:
    """Return a value without the members of some names, at every depth."""
    if isinstance(value, Mapping):
        return {name: without(names, each) for name, each in value.items() if name not in names}
    return [without(names, each) for each in value] if isinstance(value, list) else value


def request_faults(operation: str, members: Mapping[str, Any], service: str = "ecr") -> Iterator[str]:
    """Return the problems for which a service would reject a request, according to botocore's shapes."""
    shape = _operation(service, operation).input_shape
    # botocore checks types, names, required members and minimums itself,
    yield from filter(None, ParamValidator().validate(members, shape).generate_report().split("\n"))
    # and does not check the other limits of the shapes.
    yield from _deeper_faults(shape, members, "")


@cache
def _operation(service: str, name: str) -> OperationModel:
    return botocore.session.get_session().get_service_model(service).operation_model(name)


def _deeper_faults(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if shape.type_name == "structure" and isinstance(value, Mapping):
        for name in shape.members.keys() & value.keys():
            yield from _deeper_faults(shape.members[name], value[name], f"{path}.{name}")
    elif shape.type_name == "list" and isinstance(value, list):
        yield from _maximum_fault(shape, value, path)
        for index, each in enumerate(value):
            yield from _deeper_faults(shape.member, each, f"{path}[{index}]")
    elif shape.type_name == "string" and isinstance(value, str):
        yield from _maximum_fault(shape, value, path)
        if shape.enum and value not in shape.enum:
            yield f"{path[1:]}: {value!r} is not one of {', '.join(shape.enum)}"
        pattern = shape.metadata.get("pattern")
        if pattern and not re.fullmatch(pattern, value):
            yield f"{path[1:]}: {value!r} does not match {pattern}"


def _maximum_fault(shape: Shape, value: str | list[Any], path: str) -> Iterator[str]:
    maximum = shape.metadata.get("max", len(value))
    if len(value) > maximum:
        yield f"{path[1:]}: {value!r} has length {len(value)}; at most {maximum} is allowed"
