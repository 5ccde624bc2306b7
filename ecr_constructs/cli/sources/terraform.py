"""
The lifecycle policies in the output of `terraform show -json`, for a plan or a state, and in a state file.

The format: https://developer.hashicorp.com/terraform/internals/json-format
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ecr_constructs.cli.sources.policy_texts import PolicyPlace, read_text
from ecr_constructs.cli.sources.records import Policy, UnreadablePolicy, immutability_of
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.template_syntax import mapping

__all__ = [
    "AFTER_APPLY",
    "TerraformReferences",
    "TerraformResource",
    "is_terraform",
    "policies_of_terraform",
    "terraform_resources",
]

_REPOSITORY = "aws_ecr_repository"
_POLICY = "aws_ecr_lifecycle_policy"
_CREATION_TEMPLATE = "aws_ecr_repository_creation_template"
_ARN_PARTS = 6
_UNKNOWN = "Terraform computes the text when it applies the plan; give the state afterwards to have it read"


@dataclass(frozen=True, kw_only=True, slots=True)
class TerraformResource:
    """
    A managed resource.

    Attributes:
        module: The address of its module, with the keys of `for_each` and `count`. Empty for the root module.
        kind: Its type.
        name: Its name in the configuration.
        index: Its key of `for_each` or `count`, or None.
        values: Its attributes.
        dependencies: The addresses of resources that it depends on, without keys. Default: not known.

    """

    module: str
    kind: str
    name: str
    index: object
    values: Mapping[str, Any]
    dependencies: Sequence[str] = ()

    @property
    def address(self) -> str:
        """The address, such as `module.shop.aws_ecr_repository.this["api"]`."""
        return f"{self.module}{'.' if self.module else ''}{self.kind}.{self.name}{_key(self.index)}"


def is_terraform(document: Mapping[str, Any]) -> bool:
    """
    Return whether a document is the output of `terraform show -json`, or a state file.

    Args:
        document: The parsed document.

    """
    return "terraform_version" in document or (
        "format_version" in document and not {"Resources", "rules"} & set(document)
    )


def policies_of_terraform(document: Mapping[str, Any], before: str) -> Iterator[Policy | UnreadablePolicy]:
    """
    Yield the policies of the repositories and the creation templates of a plan or a state.

    A repository without a policy has one without rules. The policy of a repository that the plan does not have, such as
    one of another configuration, is yielded with its name.

    Args:
        document: The parsed document.
        before: The place of the document, before the address of a resource.

    """
    resources = list(terraform_resources(document))
    repositories = [each for each in resources if each.kind == _REPOSITORY]
    references = TerraformReferences(document, repositories)
    with_policy: set[str] = set()
    for each in resources:
        if each.kind == _POLICY:
            repository = references.repository(each)
            with_policy |= {repository.address} if repository else set()
            yield _policy_of_resource(each, repository, before)
        elif each.kind == _CREATION_TEMPLATE:
            place = PolicyPlace(
                where=f"{before}{each.address}",
                prefix=_text_or_none(each.values.get("prefix")),
                immutability=_immutability(each.values),
            )
            yield _read_attribute(each.values, "lifecycle_policy", place)
    for repository in repositories:
        if repository.address not in with_policy:
            yield read_text(None, _place(repository, f"{before}{repository.address}"))


def _policy_of_resource(
    policy: TerraformResource, repository: TerraformResource | None, before: str
) -> Policy | UnreadablePolicy:
    where = f"{before}{policy.address}"
    if repository is None:
        place = PolicyPlace(where=where, repository=_text_or_none(policy.values.get("repository")))
    else:
        place = _place(repository, where)
    if policy.values.get("policy") is None:
        return place.unread(_UNKNOWN)
    return _read_attribute(policy.values, "policy", place)


def _place(repository: TerraformResource, where: str) -> PolicyPlace:
    values = repository.values
    return PolicyPlace(where=where, repository=_text_or_none(values.get("name")), immutability=_immutability(values))


def _read_attribute(values: Mapping[str, Any], attribute: str, place: PolicyPlace) -> Policy | UnreadablePolicy:
    if (values.get(AFTER_APPLY) or {}).get(attribute) is True:
        return place.unread(_UNKNOWN)
    return read_text(values.get(attribute), place)


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _immutability(values: Mapping[str, Any]) -> Immutability | None:
    written = values.get("image_tag_mutability_exclusion_filter")
    filters = [str(mapping(each).get("filter", each)) for each in written] if isinstance(written, list) else []
    return immutability_of(str(values.get("image_tag_mutability") or "MUTABLE"), filters)


# --- resources --------------------------------------------------------------------------------------------------------

# A key that no attribute has: the attributes of a plan that are known after it is applied.
AFTER_APPLY = "(known after apply)"


def terraform_resources(document: Mapping[str, Any]) -> Iterator[TerraformResource]:
    """
    Yield the managed resources of a document. Malformed entries are skipped.

    Args:
        document: The parsed document: a plan, a state, or a state file.

    """
    state = document.get("planned_values") or document.get("values")
    if isinstance(state, Mapping):
        after_apply = dict(_after_apply(document))
        for each in _of_module(mapping(state.get("root_module"))):
            unknown = after_apply.get(each.address, {})
            values = {**each.values, AFTER_APPLY: unknown}
            yield replace(each, values=values)
    else:
        yield from _of_state_file(_list(document.get("resources")))


def _of_module(module: Mapping[str, Any]) -> Iterator[TerraformResource]:
    address = str(module.get("address", ""))
    for resource in map(mapping, _list(module.get("resources"))):
        if resource.get("mode", "managed") == "managed":
            yield TerraformResource(
                module=address,
                kind=str(resource.get("type")),
                name=str(resource.get("name")),
                index=resource.get("index"),
                values=mapping(resource.get("values")),
                dependencies=tuple(map(str, _list(resource.get("depends_on")))),
            )
    for child in map(mapping, _list(module.get("child_modules"))):
        yield from _of_module(child)


def _of_state_file(resources: Sequence[object]) -> Iterator[TerraformResource]:
    for resource in map(mapping, resources):
        for instance in map(mapping, _list(resource.get("instances"))):
            if resource.get("mode", "managed") == "managed" and "deposed" not in instance:
                yield TerraformResource(
                    module=str(resource.get("module", "")),
                    kind=str(resource.get("type")),
                    name=str(resource.get("name")),
                    index=instance.get("index_key"),
                    values=mapping(instance.get("attributes")),
                    dependencies=tuple(map(str, _list(instance.get("dependencies")))),
                )


def _after_apply(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the address of each resource, with the attributes that are known after the plan is applied."""
    for change in map(mapping, _list(document.get("resource_changes"))):
        yield str(change.get("address")), mapping(mapping(change.get("change")).get("after_unknown"))


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _key(index: object) -> str:
    if index is None:
        return ""
    return f'["{index}"]' if isinstance(index, str) else f"[{index}]"


# --- references -------------------------------------------------------------------------------------------------------


class TerraformReferences:
    """
    The repositories that policies refer to, by name or by an expression in the configuration.

    An expression can refer to a repository, to an output or a variable of a module, or to the values of `for_each`.
    """

    def __init__(self, document: Mapping[str, Any], repositories: Sequence[TerraformResource]) -> None:
        self._root = mapping(mapping(document.get("configuration")).get("root_module"))
        self._repositories = repositories

    def repository(self, policy: TerraformResource) -> TerraformResource | None:
        """Return the repository of a policy, or None if the document has none, or several that can be it."""
        found = self.candidates(policy)
        return found[0] if len(found) == 1 else None

    def candidates(self, policy: TerraformResource) -> list[TerraformResource]:
        """Return the repositories that a policy can be attached to. Registries can have repositories of one name."""
        name = policy.values.get("repository")
        if name is None:
            found = self._referenced(policy)
        else:
            found = [each for each in self._repositories if each.values.get("name") == name]
        for narrows in (_is_in_registry_of, _is_in_module_of, _is_dependency_of):
            found = [each for each in found if narrows(each, policy)] or found
        by_key = [each for each in found if each.index == policy.index]
        if len(by_key) == 1:
            return by_key
        keys = _keys(policy.address)
        with_keys = [each for each in found if keys and keys <= _keys(each.address)]
        return with_keys if len(with_keys) == 1 else found

    def _referenced(self, policy: TerraformResource) -> list[TerraformResource]:
        """Return the repositories that the expression of the repository of a policy refers to."""
        steps = tuple(_module_names(policy.module))
        for resource in map(mapping, _list(self._module(steps).get("resources"))):
            if (resource.get("type"), resource.get("name")) == (policy.kind, policy.name):
                found = {each.address: each for each in self._resolved(steps, _references(resource, "repository"))}
                return list(found.values())
        return []

    def _module(self, steps: Sequence[str]) -> Mapping[str, Any]:
        """Return the configuration of a module, by the names of the modules on the way to it."""
        return mapping(self._call(steps).get("module")) if steps else self._root

    def _call(self, steps: Sequence[str]) -> Mapping[str, Any]:
        return mapping(mapping(self._module(steps[:-1]).get("module_calls")).get(steps[-1]))

    def _resolved(
        self, steps: tuple[str, ...], references: Sequence[str], depth: int = 0
    ) -> Iterator[TerraformResource]:
        """Yield the repositories that references in a module lead to."""
        if depth > _MOST_STEPS:
            return  # a document that refers to itself; Terraform writes none
        for text in references:
            kind, *rest = (part.partition("[")[0] for part in _PARTS.findall(text))
            if kind == _REPOSITORY and rest:
                yield from self._named(steps, rest[0])
            elif kind == "module" and len(rest) > 1:
                child = (*steps, rest[0])
                output = mapping(mapping(self._module(child).get("outputs")).get(rest[1]))
                yield from self._resolved(child, _references({"expressions": output}, "expression"), depth + 1)
            elif kind == "var" and rest and steps:
                yield from self._resolved(steps[:-1], _references(self._call(steps), rest[0]), depth + 1)

    def _named(self, steps: tuple[str, ...], name: str) -> Iterator[TerraformResource]:
        for each in self._repositories:
            if each.name == name and tuple(_module_names(each.module)) == steps:
                yield each


# A reference passes at most one output or variable for each level of modules.
_MOST_STEPS = 50
# The parts of `module.shop["a.b"].name`: `module`, `shop["a.b"]` and `name`.
_PARTS = re.compile(r'(?:[^.\["]|\["[^"]*"\]|\[[^"\]]*\])+')
_KEY = re.compile(r'\["([^"]*)"\]')


def _references(resource: Mapping[str, Any], argument: str) -> list[str]:
    """Return the references of an argument. One to a value of `for_each` is replaced by those of `for_each`."""
    expression = mapping(mapping(resource.get("expressions")).get(argument))
    texts = [each for each in _list(expression.get("references")) if isinstance(each, str)]
    if any(text.startswith("each.") for text in texts):
        of_each = _list(mapping(resource.get("for_each_expression")).get("references"))
        texts += [each for each in of_each if isinstance(each, str)]
    return texts


def _keys(address: str) -> set[str]:
    """Return the keys of `for_each` in an address, of the resource and of its modules."""
    return set(_KEY.findall(address))


def _is_in_registry_of(repository: TerraformResource, policy: TerraformResource) -> bool:
    """Return whether the ARN of a repository has the account and the Region of a policy, as far as it names them."""
    arn = str(repository.values.get("arn", "")).split(":")
    places = {"region": arn[3], "registry_id": arn[4]} if len(arn) == _ARN_PARTS else {}
    return all(policy.values.get(name) in (None, place) for name, place in places.items())


def _is_in_module_of(repository: TerraformResource, policy: TerraformResource) -> bool:
    return repository.module == policy.module


def _is_dependency_of(repository: TerraformResource, policy: TerraformResource) -> bool:
    without_key = replace(repository, index=None).address
    return {without_key, without_key.removeprefix(f"{repository.module}.")} & set(policy.dependencies) != set()


def _module_names(address: str) -> Iterator[str]:
    """Yield the names of the modules in an address, without their keys: `a` and `b` for `module.a["x.y"].module.b`."""
    parts = _PARTS.findall(address)
    yield from (part.partition("[")[0] for part in parts[1::2])
