"""The subcommand `summary`: the stacks of an assembly, their repositories and what protects them, and the registry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import typer

from ecr_constructs.assembly import (
    AssemblyStack,
    RegistryResource,
    RepositoryResource,
    registry_resources,
    repositories,
)
from ecr_constructs.cli.formatting import count, printable
from ecr_constructs.cli.sources.policies import stacks_of

__all__ = ["lines", "summary"]

_WIDEST = 256


def summary(
    directory: Annotated[str, typer.Argument(metavar="FOLDER", help="What 'cdk synth' wrote.", show_default=False)],
) -> None:
    """Say which repositories an app has, what protects them, and what its registry does."""
    for line in lines(stacks_of(directory)):
        print(printable(line))


def lines(stacks: Sequence[AssemblyStack]) -> Iterator[str]:
    """
    Write the lines of the summary.

    Args:
        stacks: The stacks of an assembly.

    """
    for stack in stacks:
        found = repositories(stack.template)
        yield f"{stack.name}: {count(len(found), 'repository')}, template in {stack.template_path}"
        yield from _table([_repository(repository) for repository in found])
        yield from _table([_registry(resource) for resource in registry_resources(stack.template)])


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    # One long name must not make every other line as long.
    widths = [min(_WIDEST, max(map(len, column))) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _repository(repository: RepositoryResource) -> tuple[str, ...]:
    return (
        repository.name or repository.logical_id,
        _tags(repository),
        "scanned on push" if repository.scans_on_push else "not scanned on push",
        f"{repository.encryption}, {'own key' if repository.has_own_key else 'key of AWS'}",
        _lifecycle(repository),
        "retained" if repository.is_retained else "deleted with the stack",
    )


def _lifecycle(repository: RepositoryResource) -> str:
    if isinstance(repository.lifecycle_text, Mapping):
        return "lifecycle worked out at deployment"
    return count(len(repository.lifecycle_rules), "lifecycle rule")


def _tags(repository: RepositoryResource) -> str:
    filters = ", ".join(repository.exclusion_filters)
    return {
        "IMMUTABLE": "no tag can move",
        "IMMUTABLE_WITH_EXCLUSION": f"only {filters} can move",
        "MUTABLE_WITH_EXCLUSION": f"all but {filters} can move",
        "MUTABLE": "every tag can move",
    }.get(repository.mutability, repository.mutability)


def _registry(resource: RegistryResource) -> tuple[str, ...]:
    kind = resource.resource_type.removeprefix("AWS::ECR::")
    what = {
        "RegistryScanningConfiguration": _scanning,
        "ReplicationConfiguration": _replication,
        "RegistryPolicy": _policy,
        "PullThroughCacheRule": _cache,
        "RepositoryCreationTemplate": _template,
    }.get(kind, lambda _: (kind, resource.logical_id))
    try:
        told = what(resource.properties)
    except (KeyError, TypeError, AttributeError):  # a function of CloudFormation stands where a value is read
        told = kind, "worked out at deployment"
    is_retained = resource.deletion_policy.startswith("Retain")
    return (*told, "retained" if is_retained else "deleted with the stack")


def _scanning(properties: Mapping[str, Any]) -> tuple[str, str]:
    rules = [f"{rule['ScanFrequency']} {_filters(rule)}" for rule in properties["Rules"]]
    return "scanning", f"{properties['ScanType']}: {', '.join(rules)}"


def _replication(properties: Mapping[str, Any]) -> tuple[str, str]:
    rules = properties["ReplicationConfiguration"]["Rules"]
    copies = [f"{_filters(rule)} to {', '.join(each['Region'] for each in rule['Destinations'])}" for rule in rules]
    return "replication", "; ".join(copies)


def _filters(rule: Mapping[str, Any]) -> str:
    return ", ".join(each["Filter"] for each in rule.get("RepositoryFilters", ())) or "everything"


def _policy(properties: Mapping[str, Any]) -> tuple[str, str]:
    statements = properties["PolicyText"]["Statement"]
    return "registry policy", count(len(statements) if isinstance(statements, list) else 1, "statement")


def _cache(properties: Mapping[str, Any]) -> tuple[str, str]:
    return f"cache {properties['EcrRepositoryPrefix']}", f"of {properties['UpstreamRegistryUrl']}"


def _template(properties: Mapping[str, Any]) -> tuple[str, str]:
    purposes = ", ".join(purpose.lower().replace("_", " ") for purpose in properties["AppliedFor"])
    return f"template {properties['Prefix']}", f"for {purposes}"
