"""The lifecycle policies of CloudFormation templates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ecr_constructs.assembly import CREATION_TEMPLATE, REPOSITORY, exclusion_filters
from ecr_constructs.assembly.manifests import resources_of
from ecr_constructs.assembly.template_values import TemplateOutcome, TemplateValues, functions_in
from ecr_constructs.cli.sources.parameters import Parameters
from ecr_constructs.cli.sources.policy_texts import PolicyPlace, read_text
from ecr_constructs.cli.sources.records import Policy, UnreadablePolicy, immutability_of
from ecr_constructs.cli.sources.templates import SourceTemplate
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.template_syntax import mapping

__all__ = ["policies_of_template"]

# The properties that are read together with a policy.
_NAMES = {REPOSITORY: "RepositoryName", CREATION_TEMPLATE: "Prefix"}
_PROPERTIES = ("LifecyclePolicy", "ImageTagMutability", "ImageTagMutabilityExclusionFilters")


def policies_of_template(source: SourceTemplate, parameters: Parameters) -> Iterator[Policy | UnreadablePolicy]:
    """
    Yield the policies of the repositories and creation templates of a template, under each combination of conditions.

    Args:
        source: The template.
        parameters: The values of parameters.

    Raises:
        CommandError: If the template does not allow the value of a parameter.

    """
    values, before, template = TemplateValues(source.template), source.before, source.template
    parameters.apply(values, source.stack)
    values.given.update(source.given)
    resources = list(resources_of(template))
    for resource_type in (REPOSITORY, CREATION_TEMPLATE):
        for logical_id, resource in resources:
            if resource["Type"] == resource_type:
                for policy in _policies(resource, f"{before}{logical_id}", values, source.assumed):
                    yield replace(policy, file=source.file) if isinstance(policy, Policy) else policy
    for name, loop in mapping(template.get("Resources")).items():
        if str(name).startswith("Fn::ForEach") and "AWS::ECR::Repository" in str(loop):
            message = "CloudFormation creates these at deployment; give the processed template to read them"
            yield PolicyPlace(where=f"{before}{name}").unread(message)


def _policies(
    resource: Mapping[str, Any], where: str, values: TemplateValues, assumed: str
) -> Iterator[Policy | UnreadablePolicy]:
    properties = mapping(resource.get("Properties"))
    name = _NAMES[resource["Type"]]
    relevant = {key: properties[key] for key in (name, *_PROPERTIES) if key in properties}
    if name == "RepositoryName" and "LifecyclePolicy" in relevant:
        relevant["LifecyclePolicy"] = _without_registry(relevant["LifecyclePolicy"])
    for outcome in values.outcomes(relevant, resource.get("Condition")):
        yield _policy_of_outcome(outcome, where, name, assumed)


def _policy_of_outcome(outcome: TemplateOutcome, where: str, name: str, assumed: str) -> Policy | UnreadablePolicy:
    owner = outcome.properties.get(name)
    known = owner if isinstance(owner, str) else None
    label = "; ".join(filter(None, (assumed, outcome.label)))
    place = PolicyPlace(
        where=f"{where} ({label})" if label else where,
        repository=known if name == "RepositoryName" else None,
        prefix=known if name == "Prefix" else None,
        immutability=_immutability(outcome.properties),
        is_default=outcome.is_default,
        is_assumed=bool(label),
    )
    text = outcome.properties.get("LifecyclePolicy")
    if reason := outcome.unknown.get("LifecyclePolicy"):
        return place.unread(f"CloudFormation computes the text at deployment{_functions(text)}: {reason}")
    return read_text(_policy_text(text) if name == "RepositoryName" else text, place)


def _without_registry(policy: object) -> object:
    """Return the property `LifecyclePolicy` with its text only. `RegistryId` is often known only at deployment."""
    if isinstance(policy, Mapping) and "LifecyclePolicyText" in policy:
        return {"LifecyclePolicyText": policy["LifecyclePolicyText"]}
    match policy:
        case {"Fn::If": [condition, yes, no]}:
            return {"Fn::If": [condition, _without_registry(yes), _without_registry(no)]}
    return policy


def _policy_text(policy: object) -> object:
    """Return the text of the property `LifecyclePolicy` of a repository."""
    return mapping(policy).get("LifecyclePolicyText", policy)


def _functions(policy: object) -> str:
    names = [*functions_in(policy), *functions_in(_policy_text(policy))]
    return f" ({', '.join(names)})" if names else ""


def _immutability(properties: Mapping[str, Any]) -> Immutability | None:
    return immutability_of(str(properties.get("ImageTagMutability", "MUTABLE")), exclusion_filters(properties))
