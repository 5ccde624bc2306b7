"""
CloudFormation as moto plays it, made stricter, and what the models of resource types share.

moto skips types that it does not know, takes any property, deletes what is to be retained when it leaves a template,
never deletes a managed policy or a task definition, and knows no weak references between stacks. Here a deployment
fails with the name of the resource, what is to be retained is, what is to go goes, and the references hold.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import pytest
from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import cloudformation_backends
from moto.core.exceptions import ServiceException
from moto.ecr.models import ECRBackend, ecr_backends
from moto.ecs.models import TaskDefinition, ecs_backends
from moto.iam.models import ManagedPolicy
from moto.kms.models import Key

from tests.e2e.validation import properties_named, property_faults, request_faults


class ResourceFailure(ValidationError):
    """A resource that is refused, and with it the deployment."""


def refuse(reason: str) -> None:
    raise ServiceException("InvalidRequest", reason)


def refuse_for(faults: list[str]) -> None:
    if faults:
        refuse("; ".join(faults))


def request(operation: str, **members: Any) -> dict[str, Any]:
    """Make a request to ECR, which is refused unless botocore's shapes allow it."""
    refuse_for([f"{operation}: {fault}" for fault in request_faults(operation, members)])
    return members


class Resource:
    """
    What the models share: how CloudFormation creates, updates, replaces and deletes.

    A model derives from this and from moto's `CloudFormationModel`, whose direct descendants moto finds by itself.
    """

    resource_type: ClassVar[str]

    def __init__(self, generated_name: str, properties: Mapping[str, Any], account: str, region: str) -> None:
        self.generated_name = generated_name
        self.properties = properties
        self.account = account
        self.region = region
        self.physical_resource_id = self.identity

    # --- what a model says ---------------------------------------------------------------------------------------

    @property
    def identity(self) -> str:
        """What the resource is known by; a registry has one of most things, so it is the account."""
        return self.account

    def exists(self) -> bool:
        """Whether the account has it already, from this stack or from elsewhere."""
        raise NotImplementedError

    def put(self) -> None:
        """Make the account have it as the properties say."""
        raise NotImplementedError

    def remove(self) -> None:
        """Make the account have it no more."""
        raise NotImplementedError

    # --- what moto asks ------------------------------------------------------------------------------------------

    @property
    def ecr(self) -> ECRBackend:
        """The registry of the account in the region."""
        return ecr_backends[self.account][self.region]

    @classmethod
    def cloudformation_type(cls) -> str:
        return cls.resource_type

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""  # models find their names themselves: moto would take a new generated name for a replacement

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return attr in properties_named(cls.resource_type, "readOnlyProperties")

    def get_cfn_attribute(self, attribute_name: str) -> Any:
        return {"RegistryId": self.account, "Id": self.physical_resource_id}[attribute_name]

    def is_created(self) -> bool:
        return True

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Mapping[str, Any], account_id: str, region_name: str, **_: Any
    ) -> Resource:
        resource = cls(resource_name, cloudformation_json["Properties"], account_id, region_name)
        if resource.exists():
            refuse(f"AlreadyExists: {resource.physical_resource_id} exists in {account_id} {region_name}")
        resource.put()
        return resource

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Resource,
        new_resource_name: str,
        cloudformation_json: Mapping[str, Any],
        account_id: str,
        region_name: str,
    ) -> Resource:
        """Update in place, or replace: the new one is made before the old one goes, unless that is to stay."""
        properties = cloudformation_json["Properties"]
        create_only = properties_named(cls.resource_type, "createOnlyProperties")
        if any(properties.get(name) != original_resource.properties.get(name) for name in create_only):
            replacement = cls.create_from_cloudformation_json(
                new_resource_name, cloudformation_json, account_id, region_name
            )
            if cloudformation_json.get("UpdateReplacePolicy") != "Retain":
                original_resource.remove()
            return replacement
        original_resource.properties = properties
        original_resource.put()
        return original_resource

    def delete(self, account_id: str, region_name: str) -> None:  # noqa: ARG002  (moto gives them)
        self.remove()


# --- what moto does not do -------------------------------------------------------------------------------------------


def make_strict(patch: pytest.MonkeyPatch) -> None:
    """Change how moto handles stacks, until the patch is undone."""
    # moto looks for models once and remembers; those of this folder may be younger than that.
    for remembered in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
        remembered.cache_clear()
    patch.setattr(parsing, "clean_json", _reading_other_stacks(parsing.clean_json))
    patch.setattr(parsing, "parse_resource", _knowing_every_type(parsing.parse_resource))
    for name in ("parse_and_create_resource", "parse_and_update_resource"):
        patch.setattr(parsing, name, _naming_what_fails(getattr(parsing, name)))
    patch.setattr(parsing.ResourceMap, "_delete_resource", _retaining(parsing.ResourceMap._delete_resource))
    create_key = _in_words_of_kms(Key.create_from_cloudformation_json)
    patch.setattr(Key, "create_from_cloudformation_json", staticmethod(create_key))
    patch.setattr(TaskDefinition, "delete", _deregister, raising=False)
    patch.setattr(ManagedPolicy, "delete", lambda self, *_: self.backend.delete_policy(self.arn), raising=False)


def _reading_other_stacks(clean: Callable[..., Any]) -> Callable[..., Any]:
    """Work out `Fn::GetStackOutput`, which is how the CDK writes a weak reference to another stack."""

    def clean_json(value: Any, resources_map: parsing.ResourceMap) -> Any:
        if not isinstance(value, Mapping) or "Fn::GetStackOutput" not in value:
            return clean(value, resources_map)
        wanted = clean(value["Fn::GetStackOutput"], resources_map)
        region = wanted.get("Region", resources_map._region_name)
        stack = cloudformation_backends[resources_map._account_id][region].get_stack(wanted["StackName"])
        return {output.key: output.value for output in stack.output_map.values() if output}[wanted["OutputName"]]

    return clean_json


def _knowing_every_type(parse: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse what moto would skip, and what the schema of the type does not allow."""

    def parse_resource(resource_json: dict[str, Any], resources_map: parsing.ResourceMap) -> Any:
        resource_type = resource_json["Type"]
        if resource_type not in parsing.get_model_map():
            refuse(f"there is no model of {resource_type}; tests/e2e/models.py is the place for one")
        parsed = parse(resource_json, resources_map)
        refuse_for([*property_faults(resource_type, parsed[1]["Properties"])])
        return parsed

    return parse_resource


def _naming_what_fails(handle: Callable[..., Any]) -> Callable[..., Any]:
    """Say which resource it is that fails."""

    def handle_resource(logical_id: str, resource_json: Mapping[str, Any], *rest: Any, **others: Any) -> Any:
        try:
            return handle(logical_id, resource_json, *rest, **others)
        except ResourceFailure:
            raise  # of something that this one refers to
        except Exception as fault:
            raise ResourceFailure(message=f"{logical_id} ({resource_json['Type']}) {fault}") from fault

    return handle_resource


def _deregister(self: TaskDefinition, account_id: str, region_name: str) -> None:
    ecs_backends[account_id][region_name].deregister_task_definition(self.arn)


def _retaining(delete: Callable[..., None]) -> Callable[..., None]:
    """Delete only what is not to be retained."""

    def delete_resource(self: parsing.ResourceMap, parsed_resource: Any, resource_json: Mapping[str, Any]) -> None:
        if not resource_json.get("DeletionPolicy", "Delete").startswith("Retain"):
            delete(self, parsed_resource, resource_json)

    return delete_resource


def _in_words_of_kms(create: Callable[..., Any]) -> Callable[..., Any]:
    """Hand over a key's policy as its text, and tags under their names in KMS, as the API has both."""

    def create_key(resource_name: str, cloudformation_json: Mapping[str, Any], *rest: Any, **others: Any) -> Any:
        properties = cloudformation_json["Properties"]
        worded = {
            **properties,
            "KeyPolicy": json.dumps(properties["KeyPolicy"]),
            "Tags": [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in properties.get("Tags", ())],
        }
        return create(resource_name, {**cloudformation_json, "Properties": worded}, *rest, **others)

    return create_key
