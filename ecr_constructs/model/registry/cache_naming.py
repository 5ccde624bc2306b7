"""
Names of the repositories of a pull-through cache, and of their upstream repositories.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private-wildcards.html
"""

from __future__ import annotations

from collections.abc import Sequence

from ecr_constructs.errors import Problems
from ecr_constructs.model import wildcards
from ecr_constructs.model.names import ROOT
from ecr_constructs.model.references import ImageReference
from ecr_constructs.model.registry.upstreams import Upstream
from ecr_constructs.model.validation import REPOSITORY_NAME, REPOSITORY_PATTERN, abbreviate

__all__ = ["CachedNames"]

# The hosts of Docker Hub in references.
_DOCKER_HUB = ("index.docker.io", "docker.io")


class CachedNames:
    """
    Names of the repositories of a pull-through cache.

    Args:
        upstream: The upstream registry.
        here: The prefix of the cache.
        there: The upstream prefix, or `ROOT`.
        allowed: The repositories that can be pulled, as patterns of upstream names.

    Attributes:
        here: The prefix of the cache.
        there: The upstream prefix, or `ROOT`.

    """

    def __init__(self, *, upstream: Upstream, here: str, there: str, allowed: Sequence[str]) -> None:
        self._upstream = upstream
        self.here = here
        self.there = there
        self._allowed = tuple(map(self._official, allowed))

    @property
    def upstream_patterns(self) -> list[str]:
        """The repositories in the upstream registry, as patterns for policies."""
        under = "*" if self.there == ROOT else f"{self.there}/*"
        return sorted({under if pattern == "*" else pattern for pattern in self._allowed})

    @property
    def patterns(self) -> list[str]:
        """The repositories in this registry, as patterns for policies."""
        return sorted({self.cached_name(pattern) for pattern in self.upstream_patterns})

    def cached_name(self, repository: str) -> str:
        """Return the name in this registry of an upstream repository."""
        name = self._official(repository)
        name = name if self.there == ROOT else name.removeprefix(f"{self.there}/")
        return name if self.here == ROOT else f"{self.here}/{name}"

    def check(self, problems: Problems) -> None:
        """Add the problems of the patterns."""
        if not self._allowed:
            problems.add("repositories: the list is empty; remove it to cache all repositories")
        for pattern in self._allowed:
            problems.extend(f"repositories: {problem}" for problem in REPOSITORY_PATTERN.problems(pattern))
            if pattern != "*" and not self._is_cached(pattern):
                problems.add(
                    f"repositories: {pattern!r} is not under the upstream prefix {self.there!r}; write names there"
                )
            problems.extend(f"repositories: {problem}" for problem in self._length(pattern))

    def check_image(self, problems: Problems, image: ImageReference) -> None:
        """Add the reasons why an image cannot be pulled through the cache."""
        if image.tag is None and image.digest is None:
            problems.add(f"{image} has neither tag nor digest; add one, such as '{image}:latest'")
        self.check_repository(problems, image)

    def check_repository(self, problems: Problems, image: ImageReference) -> None:
        """Add the reasons why the images of a repository cannot be pulled through the cache."""
        hosts = [self._upstream.url, *(_DOCKER_HUB if self._upstream.registry == "docker-hub" else ())]
        registry = image.canonical.registry
        if registry is not None and registry not in hosts:
            problems.add(
                f"{image} is of {image.registry}, and this cache is of {hosts[-1]}; use a cache of that registry"
            )
        name = self._official(image.repository)
        if not self._is_cached(name):
            problems.add(f"{name!r} is not under the upstream prefix {self.there!r} of this cache; use another cache")
        elif not any(wildcards.matches(pattern, name) for pattern in self._allowed):
            problems.add(
                f"{name!r} is not among the repositories of this cache: {', '.join(self._allowed)}; add it there"
            )
        problems.extend(self._length(name))

    def _length(self, name: str) -> tuple[str, ...]:
        """Return the problem of a name that is too long in this registry."""
        cached = self.cached_name(name)
        if not len(name) <= REPOSITORY_NAME.maximum < len(cached):
            return ()
        remedy = "use a shorter prefix for the cache"
        return (
            f"{abbreviate(cached)} has {len(cached)} characters here; ECR allows {REPOSITORY_NAME.maximum}, {remedy}",
        )

    def _is_cached(self, name: str) -> bool:
        return self.there == ROOT or name.startswith(f"{self.there}/")

    def _official(self, name: str) -> str:
        is_official = self._upstream.registry == "docker-hub" and "/" not in name and name != "*"
        return f"library/{name}" if is_official else name
