"""Filters of event patterns that select repositories by name or ARN."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Matcher", "RepositoryFilter"]

# A value that a field must equal, or one of the comparison operators of event patterns.
Matcher = str | Mapping[str, object]

_EVERY_REPOSITORY = "*"


@dataclass(frozen=True, kw_only=True, slots=True)
class RepositoryFilter:
    """
    The repositories that an event pattern selects.

    Args:
        names: Names of repositories. `*` matches any characters. Default: all repositories.

    >>> RepositoryFilter(names=("prod/api", "dev/*")).matchers()
    ['prod/api', {'prefix': 'dev/'}]

    """

    names: Sequence[str] = (_EVERY_REPOSITORY,)

    @property
    def selects_all(self) -> bool:
        """Whether the filter selects every repository."""
        return any(set(name) == {_EVERY_REPOSITORY} for name in self.names)

    def matchers(self, beginning: str = "") -> list[Matcher]:
        """
        Return the matchers of a field that has the name of a repository, or a text that ends with the name.

        A name whose only `*` is at its end becomes a `prefix`, because "rules containing wildcards" have a quota of 30
        for each event bus that cannot be adjusted:
        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html

        Args:
            beginning: The text before the name, such as an ARN up to the name. Default: none.

        """
        return [_matcher(beginning, name) for name in dict.fromkeys(self.names)]


def _matcher(beginning: str, name: str) -> Matcher:
    # EventBridge rejects consecutive wildcards.
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
    single = re.sub(r"\*+", "*", name)
    if "*" not in single:
        return beginning + single
    if single.index("*") == len(single) - 1:
        return {"prefix": beginning + single[:-1]}
    return {"wildcard": beginning + single}
