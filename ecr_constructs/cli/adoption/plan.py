"""The plan of the program: a class for each stack, its constructs, and the settings that they share."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ecr_constructs.cli.adoption import registries
from ecr_constructs.cli.adoption.identifiers import (
    UniqueNames,
    construct_id,
    id_of_logical_id,
    identifier,
    logical_id,
    stack_name,
)
from ecr_constructs.cli.adoption.keys import StackKeys
from ecr_constructs.cli.adoption.plain_resources import plain_call
from ecr_constructs.cli.adoption.planned import ADOPTED, FollowUp, Key, PlannedConstruct
from ecr_constructs.cli.adoption.registries import Unsupported
from ecr_constructs.cli.adoption.repositories import (
    attribute_follow_ups,
    repository_follow_ups,
    repository_options,
    repository_problems,
    repository_settings,
)
from ecr_constructs.cli.adoption.setting_groups import SharedSettings, share
from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.python_code.calls import Call, Name
from ecr_constructs.cli.sources.inventory import Inventory
from ecr_constructs.model.changes.create_only import ECR_TYPES
from ecr_constructs.model.changes.state import (
    CREATION_TEMPLATE,
    PUBLIC_REPOSITORY,
    REPOSITORY,
    SINGLETONS,
    Resource,
    StackTemplate,
)
from ecr_constructs.model.template_syntax import mapping

__all__ = ["AdoptionPlan", "StackPlan", "plan_program"]

_CACHE_RULE = "AWS::ECR::PullThroughCacheRule"
_POLICY, _SCANNING, _REPLICATION, _ = SINGLETONS
# The child of `PrivateRegistry` with each resource.
_CHILDREN: Mapping[str, str] = {_SCANNING: "Scanning", _REPLICATION: "Replication", _POLICY: "Policy"}
# Resources, conditions, parameters and rules that the CDK adds to a template itself.
_OF_CDK = ("BootstrapVersion", "CDKMetadata", "CDKMetadataAvailable", "CheckBootstrapVersion")
_NESTED = "AWS::CloudFormation::Stack"
# The boundaries of words in a construct ID.
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_PLACEHOLDER = {"Type": "AWS::CloudFormation::WaitConditionHandle"}
_RETAINED = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
_DELETED = {"DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete"}
_RETAINED_AFTER_CREATION = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}


@dataclass(frozen=True, kw_only=True, slots=True)
class StackPlan:
    """
    The class of a stack, or of a nested stack within the class of its parent.

    Attributes:
        source: The stack that exists, or the new one.
        name: The name of the stack. For a nested stack, its logical ID.
        keys: The KMS keys that its repositories use.
        constructs: The constructs, in the order of the template.
        included: The template with all other resources. None if there are none.
        nested: The nested stacks with ECR resources.

    """

    source: StackTemplate
    name: str
    keys: Sequence[Key]
    constructs: Sequence[PlannedConstruct]
    included: Mapping[str, Any] | None
    nested: Sequence[StackPlan] = ()

    @property
    def all(self) -> Iterator[StackPlan]:
        """This stack, and all stacks nested in it."""
        yield self
        for each in self.nested:
            yield from each.all

    @property
    def removed(self) -> tuple[str, ...]:
        """The resources of the included template that the constructs declare."""
        return tuple(logical for each in self.constructs for logical in each.resources)


@dataclass(frozen=True, kw_only=True, slots=True)
class AdoptionPlan:
    """
    The whole program.

    Attributes:
        inventory: The resources that exist.
        stacks: The stacks.
        shared: The settings that several repositories share.

    """

    inventory: Inventory
    stacks: Sequence[StackPlan]
    shared: Sequence[SharedSettings] = ()

    @property
    def constructs(self) -> Iterator[tuple[StackPlan, PlannedConstruct]]:
        """All constructs, each with its stack."""
        for root in self.stacks:
            for stack in root.all:
                yield from ((stack, each) for each in stack.constructs)


def plan_program(inventory: Inventory) -> AdoptionPlan:
    """
    Return the plan of the program for an inventory.

    Args:
        inventory: The resources that exist.

    Raises:
        CommandError: If there is no ECR resource, or if a template has syntax that the CDK cannot include.

    """
    sources = {each.stack: each for each in inventory.stacks if _has_ecr_resources(each, inventory.stacks)}
    if not sources:
        raise CommandError(["no resource of Amazon ECR; give a template, an assembly, a state or an account with some"])
    owners = _Owners()
    roots = [each for name, each in sources.items() if name.rpartition("/")[0] not in sources]
    names = UniqueNames(separator="-")
    stacks = []
    for root in roots:
        # Every stack of the CDK has the attribute.
        attributes = UniqueNames(("nested_stack_resource",), separator="_")
        planner = _Planner(inventory, sources, attributes, owners)
        stacks.append(planner.plan(root, names.add(stack_name(root.stack))))
    plan = AdoptionPlan(inventory=inventory, stacks=tuple(stacks))
    shared = share([each for _, each in plan.constructs])
    return AdoptionPlan(
        inventory=inventory,
        stacks=tuple(_with_shared(each, shared.of) for each in plan.stacks),
        shared=shared.settings,
    )


def _with_shared(stack: StackPlan, shared: Mapping[int, PlannedConstruct]) -> StackPlan:
    return replace(
        stack,
        constructs=tuple(shared.get(id(each), each) for each in stack.constructs),
        nested=tuple(_with_shared(each, shared) for each in stack.nested),
    )


def _has_ecr_resources(stack: StackTemplate, everything: Sequence[StackTemplate]) -> bool:
    resources = mapping(stack.template.get("Resources"))
    if any(str(name).startswith("Fn::") for name in resources):
        message = (
            "the template has Fn::ForEach, which the CDK cannot include; give the processed template: aws "
            "cloudformation get-template --template-stage Processed"
        )
        raise CommandError([message], path=stack.path or stack.stack)
    if any(str(mapping(each).get("Type")) in ECR_TYPES for each in resources.values()):
        return True
    return any(
        other.stack.startswith(f"{stack.stack}/") and _has_ecr_resources(other, everything) for other in everything
    )


@dataclass(slots=True)
class _Owners:
    """The names that have an owner, in each account and Region, or in each stack whose environment is not known."""

    taken: set[tuple[str, str, str]] = field(default_factory=set)

    def claim(self, stack: StackTemplate, kind: str, name: object) -> bool:
        """Return whether a name had no owner. A name that is known only at deployment never has one."""
        if not isinstance(name, str):
            return True
        entry = (stack.environment or stack.stack.partition("/")[0], kind, name)
        is_new = entry not in self.taken
        self.taken.add(entry)
        return is_new


class _Planner:
    """
    The planner of the stacks of one class.

    Args:
        inventory: The resources that exist.
        sources: All stacks with ECR resources, by name.
        attributes: The attributes of the class.
        owners: The names that have an owner.

    """

    def __init__(
        self, inventory: Inventory, sources: Mapping[str, StackTemplate], attributes: UniqueNames, owners: _Owners
    ) -> None:
        self._inventory = inventory
        self._sources = sources
        self._attributes = attributes
        self._owners = owners

    def plan(self, stack: StackTemplate, name: str) -> StackPlan:
        """Return the plan of a stack and of its nested stacks."""
        planner = _StackPlanner(stack, self._inventory, self._attributes, self._owners)
        constructs = planner.constructs()
        nested = [
            self.plan(each, each.stack.rpartition("/")[2])
            for each in self._sources.values()
            if each.stack.rpartition("/")[0] == stack.stack
        ]
        included = _with_placeholders(stack.template, [logical for each in constructs for logical in each.resources])
        has_rest = "/" in stack.stack or _has_more_than_placeholders(included)
        is_included = self._inventory.is_deployed and has_rest
        return StackPlan(
            source=stack,
            name=name,
            keys=planner.keys.found,
            constructs=constructs,
            included=included if is_included else None,
            nested=tuple(nested),
        )


def _with_placeholders(template: Mapping[str, Any], declared: Sequence[str]) -> dict[str, Any]:
    """
    Return the template with placeholders for the resources that constructs declare.

    References to a placeholder keep their logical ID.
    """
    kept = {
        section: {name: value for name, value in content.items() if name not in _OF_CDK}
        if isinstance(content, Mapping)
        else content
        for section, content in template.items()
    }
    resources = mapping(kept.get("Resources"))
    kept["Resources"] = {name: _PLACEHOLDER if name in declared else value for name, value in resources.items()}
    return {section: content for section, content in kept.items() if content}


def _has_more_than_placeholders(template: Mapping[str, Any]) -> bool:
    others = set(template) - {"Resources", "AWSTemplateFormatVersion"}
    return bool(others) or any(each != _PLACEHOLDER for each in template.get("Resources", {}).values())


def _acknowledgment(*resources: Resource) -> Iterator[FollowUp]:
    """Yield the acknowledgment of the warning that a construct adds no permissions to its role."""
    if any(each.properties.get("CustomRoleArn") is not None for each in resources):
        warning = ["ecr-constructs:roleIsNotUpdated", "the role exists with its permissions"]
        yield FollowUp("", Call(name="cdk.Annotations.of({}).acknowledge_warning", arguments=warning))


class _StackPlanner:
    """
    The planner of the constructs of one stack.

    Args:
        stack: The stack.
        inventory: The resources that exist.
        attributes: The attributes of the class.
        owners: The names that have an owner.

    """

    def __init__(self, stack: StackTemplate, inventory: Inventory, attributes: UniqueNames, owners: _Owners) -> None:
        self._stack = stack
        self._is_deployed = inventory.is_deployed
        self._attributes = attributes
        self._owners = owners
        self._ids = UniqueNames.of_constructs()
        self._written: Mapping[str, Mapping[str, Any]] = {
            str(name): value
            for name, value in mapping(stack.template.get("Resources")).items()
            if isinstance(value, dict) and value.get("Type") in ECR_TYPES
        }
        self._resources = {name: self._resource(name, value) for name, value in self._written.items()}
        self.keys = StackKeys(stack.template)

    def constructs(self) -> list[PlannedConstruct]:
        """Return the constructs, in the order of the template."""
        found: list[PlannedConstruct] = []
        done: set[str] = set()
        registry = self._registry()
        for name, resource in self._resources.items():
            if name in done or resource.resource_type == PUBLIC_REPOSITORY:
                continue
            is_of_registry = registry is not None and resource in registry.resources.values()
            construct = registry if is_of_registry else self._construct(resource)
            if construct is None:
                continue
            found.append(construct)
            done |= {each.logical_id for each in construct.resources.values()}
        return found

    def _construct(self, resource: Resource) -> PlannedConstruct | None:
        if resource.resource_type == REPOSITORY:
            return self._repository(resource)
        if resource.resource_type == CREATION_TEMPLATE:
            rule = self._of_prefix(_CACHE_RULE, "EcrRepositoryPrefix", resource.properties.get("Prefix"))
            if rule is not None and self._is_of_cache(resource, rule):
                return self._cache(rule)
            return self._template(resource)
        return self._cache(resource) if resource.resource_type == _CACHE_RULE else self._plain(resource, [])

    def _resource(self, name: str, written: Mapping[str, Any]) -> Resource:
        """Return a resource with the functions of its template."""
        return Resource(
            stack=self._stack.stack,
            logical_id=name,
            resource_type=str(written["Type"]),
            properties=mapping(written.get("Properties")),
            deletion_policy=str(written.get("DeletionPolicy", "")),
            update_replace_policy=str(written.get("UpdateReplacePolicy", "")),
            environment=self._stack.environment,
            path=self._stack.path,
        )

    # --- repositories -------------------------------------------------------------------------------------------------

    def _repository(self, resource: Resource) -> PlannedConstruct:
        name = resource.properties.get("RepositoryName")
        problems = list(dict.fromkeys(repository_problems(resource, self.keys.find)))
        if not problems and not self._owners.claim(self._stack, REPOSITORY, name):
            problems.append("another repository of the program has its name")
        if problems:
            return self._plain(resource, problems)
        id, logical = self._id(resource, "Repository", below=("Resource",))
        settings = repository_settings(resource, self.keys.find, is_deployed=self._is_deployed)
        policies = {"DESTROY": _DELETED, "RETAIN_ON_UPDATE_OR_DELETE": _RETAINED_AFTER_CREATION}
        removal = settings.get("removal_policy")
        rendered = policies[removal.text.rpartition(".")[2]] if isinstance(removal, Name) else _RETAINED
        return PlannedConstruct(
            resources={logical: resource},
            name=self._name(resource),
            function="HardenedRepository",
            id=id,
            attribute=self._attribute(resource, id, "repository"),
            options=repository_options(resource),
            settings=settings,
            shared=ADOPTED,
            follow_ups=[
                *self._kept_id(resource, id, ("Resource",)),
                *repository_follow_ups(resource, is_deployed=self._is_deployed),
                *self._attributes_of(resource, rendered),
            ],
        )

    # --- the registry -------------------------------------------------------------------------------------------------

    def _registry(self) -> PlannedConstruct | None:
        """Return the `PrivateRegistry` for the resources that it can declare."""
        options: dict[str, object] = {}
        resources: list[Resource] = []
        for resource in self._resources.values():
            written = self._written[resource.logical_id]
            if resource.resource_type in _CHILDREN and not {"Condition", "DependsOn"} & set(written):
                option = self._registry_option(resource)
                is_first = option is not None and self._owners.claim(self._stack, resource.resource_type, "")
                if option is not None and is_first:
                    options |= option
                    resources.append(resource)
        if not resources or not self._owners.claim(self._stack, "registry", ""):
            return None
        below = (_CHILDREN[resources[0].resource_type],)
        id, _ = self._id(resources[0], "Registry", below=below, name="Registry")
        follow_ups = [each for resource in resources for each in self._of_registry(resource, id)]
        return PlannedConstruct(
            resources={self._logical(each, id, (_CHILDREN[each.resource_type],)): each for each in resources},
            name="the registry",
            function="PrivateRegistry",
            id=id,
            attribute=self._attributes.add("registry"),
            options=options,
            follow_ups=follow_ups,
        )

    def _registry_option(self, resource: Resource) -> dict[str, object] | None:
        try:
            if resource.resource_type == _SCANNING:
                return {"scanning": registries.scanning_call(resource)}
            if resource.resource_type == _REPLICATION:
                return {"replication": registries.replications(resource)}
            return {"policy_statements": registries.policy_statements(resource)}
        except Unsupported:
            return None

    def _of_registry(self, resource: Resource, id: str) -> Iterator[FollowUp]:
        child = _CHILDREN[resource.resource_type]
        natural = logical_id([id, child])
        target = f'{{}}.node.find_child("{child}")'
        if self._is_deployed and natural != resource.logical_id:
            yield FollowUp("", Call(name="keep_logical_id", arguments=[Name(target), resource.logical_id]))

    # --- templates and caches -----------------------------------------------------------------------------------------

    def _template(self, resource: Resource) -> PlannedConstruct:
        problems = list(dict.fromkeys(registries.template_problems(resource, self.keys.find)))
        if not problems and not self._owners.claim(self._stack, "template", resource.properties.get("Prefix")):
            problems.append("another creation template of the program has its prefix")
        if problems:
            return self._plain(resource, problems)
        id, logical = self._id(resource, "Template", below=("Resource",))
        return PlannedConstruct(
            resources={logical: resource},
            name=self._name(resource),
            function="CreationTemplate",
            id=id,
            attribute=self._attribute(resource, id, "template"),
            options=registries.template_options(resource, self._role_id(id, resource)),
            settings=registries.template_settings(resource, self.keys.find),
            shared=ADOPTED,
            follow_ups=[
                *self._kept_id(resource, id, ("Resource",)),
                *self._attributes_of(resource, {}),
                *_acknowledgment(resource),
            ],
        )

    def _is_of_cache(self, template: Resource, rule: Resource) -> bool:
        """Return whether the `PullThroughCache` of a rule creates a template with the prefix of the rule."""
        return not any(
            True
            for _ in (*registries.cache_problems(rule), *registries.own_template_problems(template, self.keys.find))
        )

    def _role_id(self, id: str, resource: Resource) -> str:
        return self._ids.add(f"{id}Role") if resource.properties.get("CustomRoleArn") is not None else ""

    def _cache(self, rule: Resource) -> PlannedConstruct:
        prefix = rule.properties.get("EcrRepositoryPrefix")
        template = self._of_prefix(CREATION_TEMPLATE, "Prefix", prefix)
        problems = list(dict.fromkeys(registries.cache_problems(rule)))
        if not problems and not self._owners.claim(self._stack, "cache", prefix):
            problems.append("another cache of the program has its prefix")
        if problems:
            return self._plain(rule, problems)
        if template is not None and self._is_of_cache(template, rule):
            if not self._owners.claim(self._stack, "template", prefix):
                return self._plain(rule, ["another creation template of the program has its prefix"])
            return self._cache_with(rule, template)
        id, logical = self._id(rule, "Cache", below=("Resource",))
        return PlannedConstruct(
            resources={logical: rule},
            name=self._name(rule),
            function="PullThroughCache",
            id=id,
            attribute=self._attribute(rule, id, "cache"),
            options=registries.cache_options(rule, None, self._role_id(id, rule), ""),
            follow_ups=[
                *self._kept_id(rule, id, ("Resource",)),
                *self._attributes_of(rule, {}),
                *_acknowledgment(rule),
            ],
        )

    def _cache_with(self, rule: Resource, template: Resource) -> PlannedConstruct:
        """Return a cache with a creation template of its own."""
        below = ("Template", "Resource")
        id, logical = self._id(rule, "Cache", below=("Resource",))
        roles = self._role_id(id, rule), self._role_id(f"{id}Template", template)
        return PlannedConstruct(
            resources={logical: rule, self._logical(template, id, below): template},
            name=self._name(rule),
            function="PullThroughCache",
            id=id,
            attribute=self._attribute(rule, id, "cache"),
            options=registries.cache_options(rule, template, *roles),
            settings=registries.template_settings(template, self.keys.find),
            shared=ADOPTED,
            follow_ups=[
                *self._kept_id(rule, id, ("Resource",)),
                *self._attributes_of(rule, {}),
                *self._kept_id(template, id, below, target=".template.resource"),
                *self._attributes_of(template, {}, target=".template.resource"),
                *_acknowledgment(rule, template),
            ],
        )

    def _of_prefix(self, resource_type: str, name: str, prefix: object) -> Resource | None:
        found = [
            each
            for each in self._resources.values()
            if each.resource_type == resource_type and each.properties.get(name) == prefix
        ]
        return found[0] if len(found) == 1 and isinstance(prefix, str) else None

    # --- other resources ----------------------------------------------------------------------------------------------

    def _plain(self, resource: Resource, problems: Sequence[str]) -> PlannedConstruct:
        kind = resource.resource_type.rpartition(":")[2]
        call = plain_call(resource)
        id, logical = self._id(resource, kind, below=())
        reasons = problems or self._reasons(resource)
        return PlannedConstruct(
            resources={logical: resource},
            name=self._name(resource),
            function=call.function,
            id=id,
            attribute=self._attribute(resource, id, "resource"),
            options=call.options,
            follow_ups=[
                *call.follow_ups,
                *self._kept_id(resource, id, (), target=""),
                *self._attributes_of(resource, {}, target=""),
            ],
            reasons=tuple(reasons),
        )

    def _reasons(self, resource: Resource) -> list[str]:
        if resource.resource_type not in _CHILDREN:
            return ["this library has no construct for the type"]
        try:
            self._require_registry_option(resource)
        except Unsupported as reason:
            return [str(each) for each in reason.args]
        return ["the environment has another PrivateRegistry, or the resource has a condition or a dependency"]

    def _require_registry_option(self, resource: Resource) -> None:
        functions = {
            _SCANNING: registries.scanning_call,
            _REPLICATION: registries.replications,
            _POLICY: registries.policy_statements,
        }
        functions[resource.resource_type](resource)

    # --- ids and names ------------------------------------------------------------------------------------------------

    def _id(
        self, resource: Resource, default: str, *, below: Sequence[str], name: str | None = None
    ) -> tuple[str, str]:
        """Return the construct ID of a resource, and the logical ID that the resource has in the program."""
        if self._is_deployed:
            path = mapping(self._written[resource.logical_id].get("Metadata")).get("aws:cdk:path")
            wanted = id_of_logical_id(
                resource.logical_id, path if isinstance(path, str) else None, below=below or ("",)
            )
            wanted = wanted if below else resource.logical_id
        else:
            wanted = construct_id(name or self._name(resource), default)
        id = self._ids.add(wanted)
        return id, self._logical(resource, id, below)

    def _logical(self, resource: Resource, id: str, below: Sequence[str]) -> str:
        return resource.logical_id if self._is_deployed else logical_id([id, *below])

    def _kept_id(
        self, resource: Resource, id: str, below: Sequence[str], *, target: str = ".resource"
    ) -> Iterator[FollowUp]:
        if self._is_deployed and logical_id([id, *below]) != resource.logical_id:
            yield FollowUp("", Call(name=f"{{}}{target}.override_logical_id", arguments=[resource.logical_id]))

    def _attributes_of(
        self, resource: Resource, rendered: Mapping[str, str], *, target: str = ".resource"
    ) -> Iterator[FollowUp]:
        if self._is_deployed:
            written = self._written[resource.logical_id]
            yield from attribute_follow_ups(written, rendered=rendered, below=target)
        elif "DeletionPolicy" not in rendered:
            # The resource existed without the stack, and is retained when the stack is deleted.
            retain = Name("cdk.RemovalPolicy.RETAIN")
            yield FollowUp("", Call(name=f"{{}}{target}.apply_removal_policy", arguments=[retain]))

    def _attribute(self, resource: Resource, id: str, suffix: str) -> str:
        names = (resource.properties.get(each) for each in ("RepositoryName", "EcrRepositoryPrefix", "Prefix"))
        name = next((each for each in names if isinstance(each, str)), _WORDS.sub(" ", id))
        return self._attributes.add(identifier(name, suffix=suffix))

    def _name(self, resource: Resource) -> str:
        if resource.name is not None:
            return resource.name
        return resource.resource_type.rpartition(":")[2] if resource.is_singleton else resource.logical_id
