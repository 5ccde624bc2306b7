"""Names and prefixes of repositories, and `Namespace`, which is one prefix in all filter languages of ECR."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, TypeVar

from ecr_constructs.errors import InvalidName, Problems, expect
from ecr_constructs.model.filters import ReplicationFilter, ScanFilter, SigningFilter
from ecr_constructs.model.validation import (
    CACHE_PREFIX,
    NAMESPACE,
    REPOSITORY_NAME,
    TEMPLATE_PREFIX,
    StringConstraint,
    ValidatedString,
)

__all__ = ["ROOT", "CachePrefix", "Namespace", "RepositoryName", "TemplatePrefix", "to_filters"]

_Filter = TypeVar("_Filter", bound=ValidatedString)

# The prefix of all repositories that no longer prefix matches.
ROOT = "ROOT"


class RepositoryName(ValidatedString):
    """
    The name of a repository, as ECR allows it.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html

    Args:
        value: The name, 2 to 256 characters.

    Raises:
        InvalidName: If the text is not well formed.
        TypeError: If it is not a string.

    >>> str(RepositoryName("prod/payments--api"))
    'prod/payments--api'
    """

    __slots__ = ()
    grammar: ClassVar[StringConstraint] = REPOSITORY_NAME


class _Prefix(ValidatedString):
    """A prefix with the `/` that ECR adds at its end, or `ROOT`."""

    __slots__ = ()

    def matches(self, repository_name: str) -> bool:
        """Return whether a repository has the prefix. `ROOT` matches all repositories."""
        return self.value == ROOT or repository_name.startswith(f"{self.value.rstrip('/')}/")


class TemplatePrefix(_Prefix):
    """
    The prefix of a creation template.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html

    Args:
        value: The prefix, or `ROOT`.

    Raises:
        InvalidName: If the text is not well formed.
        TypeError: If it is not a string.

    >>> TemplatePrefix("prod").matches("production")
    False
    """

    __slots__ = ()
    grammar: ClassVar[StringConstraint] = TEMPLATE_PREFIX


class CachePrefix(_Prefix):
    """
    The prefix of a pull-through cache rule: 2 to 30 characters.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-rule.html

    Args:
        value: The prefix, 2 to 30 characters, or `ROOT`.

    Raises:
        InvalidName: If the text is not well formed.
        TypeError: If it is not a string.

    >>> CachePrefix("docker-hub").matches("docker-hub/library/nginx")
    True
    """

    __slots__ = ()
    grammar: ClassVar[StringConstraint] = CACHE_PREFIX


class Namespace(ValidatedString):
    """
    The repositories under a path. `Namespace("prod")` contains `prod/api` and `prod/web/app`, but not `production`.

    ECR has a separate filter language for each setting. Each property returns the namespace in one of them.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/Repositories.html

    Args:
        value: The path, with or without its last `/`.

    Raises:
        InvalidName: If it is not a prefix of a valid repository name.

    >>> Namespace("prod").replication_filter.value, Namespace("prod").scan_filter.value
    ('prod/', 'prod/*')
    >>> Namespace("prod").contains("production")
    False

    """

    __slots__ = ()
    grammar: ClassVar[StringConstraint] = NAMESPACE

    def __post_init__(self) -> None:
        """Raise an error for an invalid path, and remove the `/` at its end."""
        if isinstance(self.value, str):
            object.__setattr__(self, "value", self.value.removesuffix("/"))
        self.grammar.require(self.value)

    def contains(self, repository_name: str) -> bool:
        """Return whether a repository is in the namespace. Raise `TypeError` if the name is not a string."""
        expect("repository_name", repository_name, str, "'prod/api'")
        return repository_name.startswith(f"{self.value}/")

    @property
    def replication_filter(self) -> ReplicationFilter:
        """Return a replication filter, which is a plain prefix."""
        return ReplicationFilter(f"{self.value}/")

    @property
    def scan_filter(self) -> ScanFilter:
        """Return a scan filter. A path with `__` or `--`, or a path that is too long, raises `InvalidName`."""
        return ScanFilter(f"{self.value}/*")

    @property
    def signing_filter(self) -> SigningFilter:
        """Return a signing filter. A path with `__` or `--` raises `InvalidName`."""
        return SigningFilter(f"{self.value}/*")

    @property
    def template_prefix(self) -> TemplatePrefix:
        """Return the prefix of a creation template."""
        return TemplatePrefix(self.value)

    @property
    def cache_prefix(self) -> CachePrefix:
        """Return the prefix of a pull-through cache rule. A prefix without 2 to 30 characters raises `InvalidName`."""
        return CachePrefix(self.value)

    @property
    def resource_pattern(self) -> str:
        """Return the resource part of an ARN: `repository/prod/*`."""
        return f"repository/{self.value}/*"

    def arn_pattern(self, *, region: str, account: str, partition: str = "aws") -> str:
        """
        Return the namespace as an ARN pattern for policies.

        Args:
            region: The Region of the repositories.
            account: The account of the repositories.
            partition: The partition. Default: `aws`.

        """
        return f"arn:{partition}:ecr:{region}:{account}:{self.resource_pattern}"


def to_filters(
    argument: str,
    repositories: str | Namespace | _Filter | Sequence[str | Namespace | _Filter],
    language: type[_Filter],
    of_namespace: Callable[[Namespace], _Filter],
) -> tuple[_Filter, ...]:
    """
    Return filters of repositories in one of the filter languages of ECR.

    Args:
        argument: The name of the argument, for messages.
        repositories: A namespace, a filter or its text, or a list of them.
        language: The kind of filter.
        of_namespace: The function that returns the filter of a namespace.

    Returns:
        The filters in the given order, without duplicates.

    Raises:
        InvalidName: With all problems of all filters.
        TypeError: For anything that is not a string, a namespace, or a filter of that language.

    """
    entry: tuple[type, ...] = (str, Namespace, language)
    expect(argument, repositories, (*entry, Sequence), "Namespace('prod')", each=entry)
    several = (
        repositories if isinstance(repositories, Sequence) and not isinstance(repositories, str) else [repositories]
    )
    filters: dict[_Filter, None] = {}
    problems = Problems()
    for given in several:
        with problems.collect(f"{argument}: "):
            filters[_to_filter(given, language, of_namespace)] = None
    problems.raise_if_any(InvalidName)
    return tuple(filters)


def _to_filter(
    given: str | Namespace | _Filter, language: type[_Filter], of_namespace: Callable[[Namespace], _Filter]
) -> _Filter:
    if isinstance(given, language):
        return given
    return of_namespace(given) if isinstance(given, Namespace) else language(str(given))
