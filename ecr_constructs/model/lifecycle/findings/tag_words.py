"""The words in tags that name environments, releases, or images that are needed for a short time."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ecr_constructs.model.tags import TagPattern, TagPrefix

__all__ = ["are_temporary", "deployed_words", "environment_words", "names_release"]

# Tags that a deployment gives to the image that it deploys.
_DEPLOYED = frozenset({"active", "current", "deployed", "live", "running"})
_ENVIRONMENTS = _DEPLOYED | frozenset(
    {"acceptance", "prd", "preprod", "preproduction", "prod", "prods", "production", "qa", "stage", "staging", "stg"}
    | {"canary", "uat"}
)
_RELEASES = frozenset({"ga", "latest", "lts", "rel", "release", "released", "releases", "stable", "tag", "v", "ver"})
_RELEASES |= {"hotfix", "hotfixes", "version", "versions"}
_TEMPORARY = frozenset(
    {"alpha", "beta", "candidate", "dev", "develop", "development", "draft", "edge", "exp", "experimental"}
    | {"feat", "feature", "features", "mr", "nightly", "non", "nonprod", "pr", "preview", "previews", "pull", "rc"}
    | {"sandbox", "snapshot", "temp", "test", "testing", "tests", "tmp", "wip"}
)
# A single tag that each build of a branch gets. `main-*` are all builds of the branch.
_BRANCHES = frozenset({"main", "master", "trunk"})
# A version in which parts are open: `1.*`, `v1.2.*`, `*.*.*`, `2026.04.*`.
_OPEN_VERSION = re.compile(r"v?(?:\d{1,4}|\*)(?:\.(?:\d{1,4}|\*))+.*")
# Builds with a date: `2026*`, `2026-04-*`, `202604*`.
_DATED = re.compile(r"20[1-9]\d(?:[-._]?(?:0[1-9]|1[0-2]))?[-._]?\*")
_LETTERS = re.compile("[a-z]+")


def environment_words(selectors: Iterable[TagPattern | TagPrefix]) -> frozenset[str]:
    """
    Return the words that name environments, or images that are deployed.

    Args:
        selectors: The entries of a tag list.

    """
    return _words(selectors) & _ENVIRONMENTS


def deployed_words(words: Iterable[str]) -> frozenset[str]:
    """
    Return the words that mark images that are deployed, in any environment.

    Args:
        words: Words that name environments.

    """
    return _DEPLOYED.intersection(words)


def names_release(selectors: Iterable[TagPattern | TagPrefix]) -> bool:
    """
    Return whether tags name releases: by a word such as `release`, as a version, as a date, or as a branch.

    Args:
        selectors: The entries of a tag list.

    """
    entries = list(selectors)
    patterns = [each.pattern.lower() for each in entries]
    is_version = any(form.fullmatch(pattern) for pattern in patterns for form in (_OPEN_VERSION, _DATED))
    is_branch = any(pattern in _BRANCHES for pattern in patterns)
    return is_version or is_branch or bool(_words(entries) & _RELEASES)


def are_temporary(selectors: Iterable[TagPattern | TagPrefix]) -> bool:
    """
    Return whether tags name images that are needed for a short time, such as those of pull requests.

    Args:
        selectors: The entries of a tag list.

    """
    return bool(_words(selectors) & _TEMPORARY)


def _words(selectors: Iterable[TagPattern | TagPrefix]) -> frozenset[str]:
    return frozenset(word for each in selectors for word in _LETTERS.findall(each.value.lower()))
