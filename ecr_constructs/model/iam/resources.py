"""Resources of a statement in a registry policy: repositories of the registry."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from ecr_constructs.model.iam.values import UNKNOWN, has_wildcard, text_of, value_label
from ecr_constructs.model.partitions import arn_problems

__all__ = ["resource_problems"]

_ARN = "arn:partition:ecr:region:account:repository/name"
_TYPE = "repository"


def resource_problems(resource: object, *, account: str | None, region: str | None) -> Iterator[str]:
    """
    Yield the reason why a registry policy cannot name a resource.

    Args:
        resource: The resource, which may contain `*` and `?`, or an intrinsic function.
        account: The account of the registry. None if it is known only at deployment.
        region: The Region of the registry. None if it is known only at deployment.

    Yields:
        One sentence with the resource and the fix. A resource that is known only at deployment has none.

    """
    text = text_of(resource)
    if text == "*" or text.startswith(UNKNOWN):
        return
    arn = text.split(":", _ARN.count(":"))
    if len(arn) <= _ARN.count(":") or arn[0] != "arn" or not _is_repository(arn[2], arn[5]):
        yield (
            f"resource {value_label(resource)} is not a repository; write '*', or an ARN such as "
            "'arn:aws:ecr:eu-west-1:111122223333:repository/prod/*'"
        )
        return
    if UNKNOWN not in arn[1]:
        yield from arn_problems("resource", text.replace(UNKNOWN, "..."), region)
    for noun, theirs, ours in (("Region", arn[3], region), ("account", arn[4], account)):
        if ours is not None and UNKNOWN not in theirs and not fnmatchcase(ours, theirs):
            registry = f"the registry is in {ours!r}; write {ours!r}"
            yield f"resource {value_label(resource)} is in {noun} {theirs!r}, and {registry}"


def _is_repository(service: str, resource: str) -> bool:
    """Return whether a part of an ARN, with its wildcards, can match that of a repository."""
    kind = resource.partition("/")[0]
    return all(
        UNKNOWN in pattern or pattern == name or (has_wildcard(pattern) and fnmatchcase(name, pattern))
        for name, pattern in (("ecr", service), (_TYPE, kind))
    ) and (kind != _TYPE or len(resource) > len(f"{_TYPE}/"))
