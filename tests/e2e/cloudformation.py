"""
The CloudFormation of moto with stricter checks, and the base class of resource types.

moto ignores unknown types, accepts any property, deletes retained resources that are removed from a template, never
deletes a managed policy or a task definition, and does not resolve weak references between stacks and references to
values of secrets. Here, an unknown type or an invalid property fails the deployment with the name of the resource,
retained resources are retained, the others are deleted, and the references are resolved.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

import pytest
from moto.cloudformation import parsing
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import Stack, cloudformation_backends
from moto.core.exceptions import ServiceException
from moto.ecr.models import ECRBackend, ecr_backends
from moto.ecs.models import TaskDefinition, ecs_backends
from moto.iam.models import ManagedPolicy
from moto.kms.models import Key
from moto.secretsmanager.models import SecretsManagerBackend, secretsmanager_backends

from tests.e2e.validation import properties_named, property_faults, request_faults

# `{{resolve:secretsmanager:secret-id:SecretString:json-key:version-stage:version-id}}`. The ID can be an ARN.
DYNAMIC_REFERENCE = re.compile(
    r"\{\{resolve:secretsmanager:(?P<secret>arn(?::[^:}]*){6}|[^:}]+)"
    r"(?::SecretString(?::(?P<key>[^:}]*)(?::(?P<stage>[^:}]*)(?::[^:}]*)?)?)?)?\}\}"
)


class ResourceFailure(ValidationError):
    """An error of a resource, which fails the deployment."""


def refuse(reason: str) -> None:
    raise ServiceException("InvalidRequest", reason)


def refuse_for(faults: list[str]) -> None:
    if faults:
        refuse("; ".join(faults))


def request(operation: str, *, service: str = "ecr", **members: Any) -> dict[str, Any]:
    """Return the members of a request. A request that the shapes of botocore do not allow is rejected."""
    refuse_for([f"{operation}: {fault}" for fault in request_faults(operation, members, service)])
    return members


class Resource:
    """
    The base class of resource types: how CloudFormation creates, updates, replaces and deletes them.

    A model derives from this class and from `CloudFormationModel` of moto. moto finds its direct subclasses.
    """

    resource_type: ClassVar[str]

    def __init__(self, generated_name: str, properties: Mapping[str, Any], account: str, region: str) -> None:
        self.generated_name = generated_name
        self.properties = properties
        self.account = account
        self.region = region
        self.physical_resource_id = self.identity

    # --- methods of resource types -------------------------------------------------------------------------------

    @property
    def identity(self) -> str:
        """Return the physical id. The ID of a registry setting is the account."""
        return self.account

    def exists(self) -> bool:
        """Return whether the resource exists in the account, in this stack or elsewhere."""
        raise NotImplementedError

    def put(self) -> None:
        """Create or update the resource with its properties."""
        raise NotImplementedError

    def remove(self) -> None:
        """Delete the resource."""
        raise NotImplementedError

    @classmethod
    def models(cls) -> Iterator[type[Resource]]:
        """Yield the models of resource types, those that derive from a base class of their own included."""
        for model in cls.__subclasses__():
            yield from [model] if hasattr(model, "resource_type") else model.models()

    # --- the interface of moto -----------------------------------------------------------------------------------

    @property
    def ecr(self) -> ECRBackend:
        """The registry of the account in the Region."""
        return ecr_backends[self.account][self.region]

    @classmethod
    def cloudformation_type(cls) -> str:
        return cls.resource_type

    @staticmethod
    def cloudformation_name_type() -> str:
        return ""  # models generate their names: moto treats a new generated name as a replacement

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
        """Update in place, or replace: the new resource is created before the old one is deleted or retained."""
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


# --- patches of moto -------------------------------------------------------------------------------------------------


def make_strict(patch: pytest.MonkeyPatch) -> None:
    """Patch how moto handles stacks, until the patch is undone."""
    # moto caches the list of models, which may be older than those of this folder.
    for remembered in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
        remembered.cache_clear()
    patch.setattr(parsing, "clean_json", _reading_secrets(_reading_other_stacks(parsing.clean_json)))
    patch.setattr(parsing, "parse_resource", _knowing_every_type(parsing.parse_resource))
    for name in ("parse_and_create_resource", "parse_and_update_resource"):
        patch.setattr(parsing, name, _naming_what_fails(getattr(parsing, name)))
    patch.setattr(parsing.ResourceMap, "_delete_resource", _retaining(parsing.ResourceMap._delete_resource))
    patch.setattr(Stack, "create_resources", _rolled_back_creation(Stack.create_resources))
    patch.setattr(Stack, "update", _rolled_back_update(Stack.update))
    patch.setattr(Stack, "delete", _kept_after_failure(Stack.delete))
    patch.setattr(parsing.ResourceMap, "update", _deleting_last(parsing.ResourceMap.update))
    create_key = _in_words_of_kms(Key.create_from_cloudformation_json)
    patch.setattr(Key, "create_from_cloudformation_json", staticmethod(create_key))
    patch.setattr(TaskDefinition, "delete", _deregister, raising=False)
    patch.setattr(ManagedPolicy, "delete", lambda self, *_: self.backend.delete_policy(self.arn), raising=False)


def _reading_other_stacks(clean: Callable[..., Any]) -> Callable[..., Any]:
    """Resolve `Fn::GetStackOutput`, with which the CDK renders a weak reference to another stack."""

    def clean_json(value: Any, resources_map: parsing.ResourceMap) -> Any:
        if not isinstance(value, Mapping) or "Fn::GetStackOutput" not in value:
            return clean(value, resources_map)
        wanted = clean(value["Fn::GetStackOutput"], resources_map)
        region = wanted.get("Region", resources_map._region_name)
        stack = cloudformation_backends[resources_map._account_id][region].get_stack(wanted["StackName"])
        return {output.key: output.value for output in stack.output_map.values() if output}[wanted["OutputName"]]

    return clean_json


def _reading_secrets(clean: Callable[..., Any]) -> Callable[..., Any]:
    """
    Resolve dynamic references to values of secrets.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references-secretsmanager.html
    """

    def clean_json(value: Any, resources_map: parsing.ResourceMap) -> Any:
        cleaned = clean(value, resources_map)
        if not isinstance(cleaned, str):
            return cleaned
        secrets = secretsmanager_backends[resources_map._account_id][resources_map._region_name]
        return DYNAMIC_REFERENCE.sub(lambda match: _value_of_secret(secrets, **match.groupdict()), cleaned)

    return clean_json


def _value_of_secret(secrets: SecretsManagerBackend, secret: str, key: str | None, stage: str | None) -> str:
    if secret not in secrets.secrets:
        refuse(f"Secrets Manager can't find the specified secret {secret}")
    value = str(secrets.get_secret_value(secret, "", stage or "AWSCURRENT")["SecretString"])
    return str(json.loads(value)[key]) if key else value


def _knowing_every_type(parse: Callable[..., Any]) -> Callable[..., Any]:
    """Reject properties that moto ignores, and those that the schema of the type does not allow."""

    def parse_resource(resource_json: dict[str, Any], resources_map: parsing.ResourceMap) -> Any:
        resource_type = resource_json["Type"]
        if resource_type not in parsing.get_model_map():
            refuse(f"there is no model of {resource_type}; tests/e2e/models.py is the place for one")
        parsed = parse(resource_json, resources_map)
        refuse_for([*property_faults(resource_type, parsed[1]["Properties"])])
        return parsed

    return parse_resource


def _naming_what_fails(handle: Callable[..., Any]) -> Callable[..., Any]:
    """Add the logical ID of the failed resource to an error."""

    def handle_resource(logical_id: str, resource_json: Mapping[str, Any], *rest: Any, **others: Any) -> Any:
        try:
            return handle(logical_id, resource_json, *rest, **others)
        except ResourceFailure:
            raise  # an error of a resource that this one refers to
        except Exception as fault:
            raise ResourceFailure(message=f"{logical_id} ({resource_json['Type']}) {fault}") from fault

    return handle_resource


def _deregister(self: TaskDefinition, account_id: str, region_name: str) -> None:
    ecs_backends[account_id][region_name].deregister_task_definition(self.arn)


def _retaining(delete: Callable[..., None]) -> Callable[..., None]:
    """Delete only resources that are not retained."""

    def delete_resource(self: parsing.ResourceMap, parsed_resource: Any, resource_json: Mapping[str, Any]) -> None:
        if not resource_json.get("DeletionPolicy", "Delete").startswith("Retain"):
            delete(self, parsed_resource, resource_json)

    return delete_resource


def _rolled_back_creation(create: Callable[..., None]) -> Callable[..., None]:
    """Delete the resources of a stack that fails. `RetainExceptOnCreate` retains none of them, and `Retain` does."""

    def create_resources(self: Stack) -> None:
        try:
            create(self)
        except Exception:
            _roll_back(self.resource_map, self.template_dict["Resources"])
            self.status = "ROLLBACK_COMPLETE"
            raise

    return create_resources


def _rolled_back_update(update: Callable[..., None]) -> Callable[..., None]:
    """Keep the template of a stack whose update fails."""

    def update_stack(self: Stack, *arguments: Any, **others: Any) -> None:
        before = self.template
        try:
            update(self, *arguments, **others)
        except Exception:
            self.template = before
            self._parse_template()
            self.status = "UPDATE_ROLLBACK_COMPLETE"
            raise

    return update_stack


def _kept_after_failure(delete: Callable[..., None]) -> Callable[..., None]:
    """Keep a stack with a resource that cannot be deleted. moto forgets it."""

    def delete_stack(self: Stack) -> None:
        try:
            delete(self)
        except Exception:
            self.status = "DELETE_FAILED"
            cloudformation_backends[self.account_id][self.region_name].stacks[self.stack_id] = self
            raise

    return delete_stack


def _deleting_last(update: Callable[..., None]) -> Callable[..., None]:
    """
    Update as CloudFormation does: additions and changes first, deletions when all of them succeeded.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html
    """

    def update_resources(self: parsing.ResourceMap, template: dict[str, Any], *rest: Any) -> None:
        before = self._template
        removed = {name: each for name, each in before["Resources"].items() if name not in template["Resources"]}
        added = {name: each for name, each in template["Resources"].items() if name not in before["Resources"]}
        try:
            update(self, {**template, "Resources": {**removed, **template["Resources"]}}, *rest)
        except Exception:
            _roll_back(self, added)
            update(self, before)
            raise
        update(self, template)

    return update_resources


def _roll_back(resources: parsing.ResourceMap, created: Mapping[str, Any]) -> None:
    for name in reversed(list(resources._parsed_resources)):
        if name in created:
            resource = resources._parsed_resources.pop(name)
            if created[name].get("DeletionPolicy") != "Retain" and hasattr(resource, "delete"):
                resource.delete(resources._account_id, resources._region_name)
    resources._resource_json_map = {
        name: each for name, each in resources._resource_json_map.items() if name not in created
    }


def _in_words_of_kms(create: Callable[..., Any]) -> Callable[..., Any]:
    """Pass the policy of a key as text, and tags with their names in KMS, as the API requires."""

    def create_key(resource_name: str, cloudformation_json: Mapping[str, Any], *rest: Any, **others: Any) -> Any:
        properties = cloudformation_json["Properties"]
        worded = {
            **properties,
            "KeyPolicy": json.dumps(properties["KeyPolicy"]),
            "Tags": [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in properties.get("Tags", ())],
        }
        return create(resource_name, {**cloudformation_json, "Properties": worded}, *rest, **others)

    return create_key
