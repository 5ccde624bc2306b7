"""
What images of an upstream registry are called in a pull-through cache.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private-wildcards.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ecr_constructs.model import wildcards
from ecr_constructs.model.names import ROOT
from ecr_constructs.model.references import ImageReference
from ecr_constructs.model.registry.upstreams import Upstream
from ecr_constructs.model.validation import REPOSITORY_NAME, REPOSITORY_PATTERN, abbreviate

__all__ = ["CachedNames"]

# What people call Docker Hub in references.
_DOCKER_HUB = ("index.docker.io", "docker.io")


class CachedNames:
    """
    What images of an upstream are called here.

    Args:
        upstream: The other registry.
        here: The prefix of the cache.
        there: The part of the upstream that is cached, or `ROOT`.
        allowed: What may be pulled, by patterns of names at the upstream.

    """

    def __init__(self, *, upstream: Upstream, here: str, there: str, allowed: Sequence[str]) -> None:
        self._upstream = upstream
        self._here = here
        self._there = there
        self._allowed = tuple(map(self._official, allowed))

    @property
    def upstream_patterns(self) -> list[str]:
        """The repositories at the upstream, as patterns for policies."""
        under = "*" if self._there == ROOT else f"{self._there}/*"
        return sorted({under if pattern == "*" else pattern for pattern in self._allowed})

    @property
    def patterns(self) -> list[str]:
        """The repositories here, as patterns for policies."""
        return sorted({self.cached_name(pattern) for pattern in self.upstream_patterns})

    def cached_name(self, repository: str) -> str:
        """Give the name here of a repository at the upstream."""
        name = self._official(repository)
        name = name if self._there == ROOT else name.removeprefix(f"{self._there}/")
        return name if self._here == ROOT else f"{self._here}/{name}"

    def problems(self) -> Iterator[str]:
        """Say what is wrong with the patterns that were given."""
        if not self._allowed:
            yield "repositories: an empty list lets nothing be pulled; leave it out to cache everything"
        for pattern in self._allowed:
            yield from (f"repositories: {problem}" for problem in REPOSITORY_PATTERN.problems(pattern))
            if pattern != "*" and not self._is_cached(pattern):
                yield f"repositories: {pattern!r} is not under the upstream prefix {self._there!r}; write names there"
            yield from (f"repositories: {problem}" for problem in self._length_problems(pattern))

    def image_problems(self, image: ImageReference) -> Iterator[str]:
        """Say why an image cannot be had from the cache."""
        hosts = [self._upstream.url, *(_DOCKER_HUB if self._upstream.registry == "docker-hub" else ())]
        if image.registry is not None and image.registry not in hosts:
            yield f"{image} is of {image.registry}, and this cache is of {hosts[-1]}; use a cache of that registry"
        if image.tag is None and image.digest is None:
            yield f"{image} has neither tag nor digest, which means the tag latest; write '{image}:latest' if you do"
        name = self._official(image.repository)
        if not self._is_cached(name):
            yield f"{name!r} is not under the upstream prefix {self._there!r} of this cache; use another cache"
        elif not any(wildcards.matches(pattern, name) for pattern in self._allowed):
            yield f"{name!r} is not among the repositories of this cache: {', '.join(self._allowed)}; add it there"
        yield from self._length_problems(name)

    def _length_problems(self, name: str) -> Iterator[str]:
        cached = self.cached_name(name)
        if len(name) <= REPOSITORY_NAME.maximum < len(cached):
            yield (
                f"{abbreviate(cached)} has {len(cached)} characters here; ECR allows {REPOSITORY_NAME.maximum}, "
                "give the cache a shorter prefix"
            )

    def _is_cached(self, name: str) -> bool:
        return self._there == ROOT or name.startswith(f"{self._there}/")

    def _official(self, name: str) -> str:
        is_official = self._upstream.registry == "docker-hub" and "/" not in name and name != "*"
        return f"library/{name}" if is_official else name
