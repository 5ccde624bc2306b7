"""Assertions about the replication of repositories."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from ecr_constructs.model.compliance.resources import AppResources, NotDecidable, TemplateResource, is_intrinsic
from ecr_constructs.model.template_syntax import mapping
from ecr_constructs.testing.messages import decided, require_none, shown_repository
from ecr_constructs.testing.subject import Subject, read_app, selected

__all__ = ["assert_replicated"]

_REPLICATION = "AWS::ECR::ReplicationConfiguration"


def assert_replicated(subject: Subject, *repositories: str, to: Sequence[str]) -> None:
    """
    Assert that images of repositories are replicated to destinations, and to no other destination.

    Args:
        subject: An app, a stack, a template, or the path of a cdk.out or of a template in JSON. Pass the app if the
            registry is in another stack.
        repositories: Repository names, logical IDs, or patterns such as `prod/*`. Default: all repositories.
        to: The destinations: a Region such as `eu-central-1` for the account of the registry, or an account and a
            Region such as `444455556666/eu-central-1`. An empty list asserts that nothing is replicated.

    Raises:
        AssertionError: If a repository is replicated otherwise, if only CloudFormation can decide it, or if a name
            selects no repository.
        TypeError: If `to` is a single text.

    >>> rule = {
    ...     "Destinations": [{"Region": "eu-central-1", "RegistryId": {"Ref": "AWS::AccountId"}}],
    ...     "RepositoryFilters": [{"Filter": "prod/", "FilterType": "PREFIX_MATCH"}],
    ... }
    >>> replication = {"ReplicationConfiguration": {"Rules": [rule]}}
    >>> template = {
    ...     "Resources": {
    ...         "Api": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "prod/api"}},
    ...         "Test": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "test/api"}},
    ...         "Replication": {"Type": "AWS::ECR::ReplicationConfiguration", "Properties": replication},
    ...     }
    ... }
    >>> assert_replicated(template, "prod/api", to=["eu-central-1"])
    >>> assert_replicated(template, "test/api", to=[])

    """
    __tracebackhide__ = True
    if isinstance(to, str):
        raise TypeError(f"to is a text; write to=[{to!r}]")
    app = read_app(subject)
    found = selected(app, repositories)
    differences = [decided(partial(_difference, app, each, to)) for each in found]
    count = sum(each is not None for each in differences)
    require_none(f"{count} of {len(found)} repositories are not replicated as expected", differences)


def _difference(app: AppResources, repository: TemplateResource, to: Sequence[str]) -> str | None:
    account = repository.environment.partition("/")[0]
    wanted = {each.removeprefix(f"{account}/") if account else each for each in to}
    found = {each for one in app.beside(repository, _REPLICATION) for each in _destinations(repository, one, account)}
    problems = []
    if missing := sorted(wanted - found):
        problems.append(f"is not replicated to {', '.join(missing)}; add Replication.to(...) to PrivateRegistry")
    if unexpected := sorted(found - wanted):
        problems.append(
            f"is replicated to {', '.join(unexpected)}; narrow the repositories= of its Replication.to(...)"
        )
    return f"{shown_repository(repository)} {', and '.join(problems)}" if problems else None


def _destinations(repository: TemplateResource, configuration: TemplateResource, account: str) -> Iterator[str]:
    """Yield the destinations of the rules that match a repository."""
    for rule in configuration.value("ReplicationConfiguration", "Rules") or ():
        written = mapping(rule)
        destinations = written.get("Destinations")
        if not isinstance(destinations, list) or any(is_intrinsic(each) for each in (rule, *destinations)):
            raise NotDecidable("Rules of the replication configuration is known only at deployment")
        if _matches(repository, written.get("RepositoryFilters")):
            yield from (
                _destination(mapping(each).get("Region"), mapping(each).get("RegistryId"), account)
                for each in destinations
            )


def _matches(repository: TemplateResource, filters: object) -> bool:
    if not filters:
        return True
    texts = [mapping(each).get("Filter") for each in filters] if isinstance(filters, list) else [filters]
    if any(not isinstance(each, str) for each in texts):
        raise NotDecidable("RepositoryFilters of the replication configuration is known only at deployment")
    if repository.name is None:
        raise NotDecidable(f"RepositoryName of {repository.label} is known only at deployment")
    return any(repository.name.startswith(str(each)) for each in texts)


def _destination(region: object, registry: object, account: str) -> str:
    if is_intrinsic(region) or (is_intrinsic(registry) and registry != {"Ref": "AWS::AccountId"}):
        raise NotDecidable("a destination of the replication configuration is known only at deployment")
    is_own = registry in ({"Ref": "AWS::AccountId"}, account)
    return str(region) if is_own else f"{registry}/{region}"
