"""The subcommand `summary`: the ECR resources of an app, with their settings and the results of controls."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timezone
from enum import Enum
from functools import partial
from typing import Annotated, Any

import typer

from ecr_constructs.assembly import (
    AssemblyStack,
    RegistryResource,
    RepositoryResource,
    registry_resources,
    repositories,
)
from ecr_constructs.assembly.template_resources import app_resources
from ecr_constructs.cli.commands.options import ConfigOption
from ecr_constructs.cli.formatting import count, printable
from ecr_constructs.cli.sources.policies import read_stacks
from ecr_constructs.cli.sources.suppressions import (
    Suppression,
    read_companion,
    read_configuration,
    suppression_of,
)
from ecr_constructs.model.changes.intrinsics import LOOP, Resolver, expanded
from ecr_constructs.model.compliance.control_rules import images_scanned
from ecr_constructs.model.compliance.evidence import evidence
from ecr_constructs.model.compliance.exceptions import read_rule_exceptions
from ecr_constructs.model.compliance.rule_results import Status, judge
from ecr_constructs.model.template_syntax import mapping

__all__ = ["lines", "summary"]

_WIDEST = 256
# The name of a rule contains the ID of its finding.
_LIFECYCLE_PREFIX = "lifecycle-"


class SummaryFormat(str, Enum):
    """The format of the output."""

    TEXT = "text"
    JSON = "json"


def summary(
    source: Annotated[
        str,
        typer.Argument(
            metavar="PATH", help="A cdk.out, a template, a folder of templates, or '-'.", show_default=False
        ),
    ],
    *,
    form: Annotated[
        SummaryFormat, typer.Option("--format", help="Text, or JSON with the results of compliance controls.")
    ] = SummaryFormat.TEXT,
    exceptions: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="With --format json: a JSON file with exceptions from rules.", show_default=False
        ),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """List the repositories of an app with their main settings, and its registry resources."""
    stacks = [_with_loops(each) for each in read_stacks(source)]
    if form is SummaryFormat.JSON:
        excepted = read_rule_exceptions(exceptions) if exceptions else ()
        today = datetime.now(tz=timezone.utc).date()
        document = evidence(app_resources(stacks), excepted, today)
        suppressions = (*read_companion(source), *read_configuration(config))
        print(json.dumps(_without_suppressed(document, suppressions, today), indent=2))
        return
    for line in lines(stacks):
        print(printable(line))


def _without_suppressed(
    document: Mapping[str, Any], suppressions: Sequence[Suppression], today: date
) -> Mapping[str, Any]:
    """Return the results without suppressed findings of lifecycle policies. A suppression for one rule is not used."""
    findings = [
        each
        for each in document["findings"]
        if not suppression_of(
            suppressions, str(each["rule"]).removeprefix(_LIFECYCLE_PREFIX), each["name"], None, today=today
        )
    ]
    return {**document, "findings": findings}


def _with_loops(stack: AssemblyStack) -> AssemblyStack:
    """Return a stack with the resources that `Fn::ForEach` creates at deployment."""
    resources = mapping(stack.template.get("Resources"))
    if not any(str(name).startswith(LOOP) for name in resources):
        return stack
    resolver = Resolver(stack.template)
    found = {
        name: each if name in resources else resolver.resolve(each)
        for name, each in expanded(resources, resolver).items()
    }
    return replace(stack, template={**stack.template, "Resources": found})


def lines(stacks: Sequence[AssemblyStack]) -> Iterator[str]:
    """
    Yield the lines of the summary.

    Args:
        stacks: The stacks of an assembly, or other templates.

    """
    scanned = {
        (each.resource.template_path, each.resource.stack, each.resource.logical_id): each.status
        for each in judge(app_resources(stacks), [images_scanned])
    }
    for stack in stacks:
        found = repositories(stack.template)
        yield f"{stack.name}: {count(len(found), 'repository')}, template in {stack.template_path}"
        key = str(stack.template_path), stack.name
        yield from _table([_repository(each, scanned.get((*key, each.logical_id))) for each in found])
        account = (stack.environment or "").partition("/")[0]
        yield from _table([_registry(resource, account) for resource in registry_resources(stack.template)])


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    # A long name is not padded, because all other lines would become as long.
    widths = [min(_WIDEST, max(map(len, column))) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _repository(repository: RepositoryResource, scanned: Status | None) -> tuple[str, ...]:
    return (
        repository.name or repository.logical_id,
        _tags(repository),
        _scan(repository, scanned),
        _encryption(repository),
        _lifecycle(repository),
        "retained" if repository.is_retained else "deleted with the stack",
    )


def _encryption(repository: RepositoryResource) -> str:
    if not repository.encryption.startswith("KMS"):
        return repository.encryption
    return f"{repository.encryption}, {'customer' if repository.has_own_key else 'AWS'} managed key"


def _scan(repository: RepositoryResource, scanned: Status | None) -> str:
    """Return whether images are scanned, by the registry of the app if it has a scanning configuration."""
    if repository.scans_on_push:
        return "not scanned, as no filter of the registry matches" if scanned == "not met" else "scanned on push"
    return "scanned by the registry" if scanned == "met" else "not scanned on push"


def _lifecycle(repository: RepositoryResource) -> str:
    if isinstance(repository.lifecycle_text, Mapping):
        return "lifecycle policy computed at deployment"
    return count(len(repository.lifecycle_rules), "lifecycle rule")


def _tags(repository: RepositoryResource) -> str:
    filters = ", ".join(repository.exclusion_filters)
    return {
        "IMMUTABLE": "immutable tags",
        "IMMUTABLE_WITH_EXCLUSION": f"immutable tags except {filters}",
        "MUTABLE_WITH_EXCLUSION": f"mutable tags except {filters}",
        "MUTABLE": "mutable tags",
    }.get(repository.mutability, repository.mutability)


def _registry(resource: RegistryResource, account: str) -> tuple[str, ...]:
    kind = resource.resource_type.removeprefix("AWS::ECR::")
    describers: Mapping[str, Callable[[Mapping[str, Any]], tuple[str, str]]] = {
        "RegistryScanningConfiguration": _scanning,
        "ReplicationConfiguration": partial(_replication, account=account),
        "RegistryPolicy": _policy_summary,
        "PullThroughCacheRule": _cache,
        "RepositoryCreationTemplate": _template,
    }
    describe = describers.get(kind)
    try:
        cells = describe(resource.properties) if describe else (kind, resource.logical_id)
    except (KeyError, TypeError, AttributeError):  # a function of CloudFormation instead of a value
        cells = kind, "computed at deployment"
    is_retained = resource.deletion_policy.startswith("Retain")
    return (*cells, "retained" if is_retained else "deleted with the stack")


def _scanning(properties: Mapping[str, Any]) -> tuple[str, str]:
    rules = [f"{rule['ScanFrequency']} {_filters(rule)}" for rule in properties["Rules"]]
    return "scanning", f"{properties['ScanType']}: {', '.join(rules)}"


def _replication(properties: Mapping[str, Any], *, account: str) -> tuple[str, str]:
    rules = properties["ReplicationConfiguration"]["Rules"]
    replicas = [
        f"{_filters(rule)} to {', '.join(_destination(each, account) for each in rule['Destinations'])}"
        for rule in rules
    ]
    return "replication", "; ".join(replicas)


def _destination(destination: Mapping[str, Any], account: str) -> str:
    """Return the Region, with the account if it is another one than that of the stack, which may not be known."""
    theirs = destination.get("RegistryId")
    is_other = isinstance(theirs, str) and theirs != account
    return f"{destination['Region']} of {theirs}" if is_other else str(destination["Region"])


def _filters(rule: Mapping[str, Any]) -> str:
    return ", ".join(each["Filter"] for each in rule.get("RepositoryFilters", ())) or "everything"


def _policy_summary(properties: Mapping[str, Any]) -> tuple[str, str]:
    statements = properties["PolicyText"]["Statement"]
    return "registry policy", count(len(statements) if isinstance(statements, list) else 1, "statement")


def _cache(properties: Mapping[str, Any]) -> tuple[str, str]:
    return f"cache {properties['EcrRepositoryPrefix']}", f"of {properties['UpstreamRegistryUrl']}"


def _template(properties: Mapping[str, Any]) -> tuple[str, str]:
    purposes = ", ".join(purpose.lower().replace("_", " ") for purpose in properties["AppliedFor"])
    return f"template {properties['Prefix']}", f"for {purposes}"
