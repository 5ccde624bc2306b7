"""The policy of each repository, found by name or by the prefix of a creation template."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.sources.policies import is_selected
from ecr_constructs.cli.sources.records import Policy
from ecr_constructs.model import wildcards

__all__ = ["PolicyMatches", "is_for_any_repository", "match_policies", "require_matches", "select_repositories"]

_ROOT = "ROOT"


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyMatches:
    """
    The policies of repositories.

    Attributes:
        policies: The policy of each repository that has one, by the name of the repository.
        without_images: The policies of no repository.
        without_policy: The repositories without a policy.

    """

    policies: Mapping[str, Policy]
    without_images: tuple[Policy, ...]
    without_policy: tuple[str, ...]


def select_repositories(names: Iterable[str], patterns: Sequence[str]) -> tuple[str, ...]:
    """
    Return the repositories that match a pattern.

    Args:
        names: The names of all repositories.
        patterns: Names in which `*` matches any characters. Without patterns, all repositories are returned.

    """
    return tuple(
        name for name in names if not patterns or any(wildcards.matches(pattern, name) for pattern in patterns)
    )


def require_matches(names: Iterable[str], patterns: Sequence[str], policies: Sequence[Policy], unknown: str) -> None:
    """
    Raise an error if a pattern matches no repository.

    It can be misspelled, and the intended repositories would be missing.

    Args:
        names: The names of all repositories.
        patterns: Names in which `*` matches any characters.
        policies: The policies of the source.
        unknown: The problem and the fix, for the repository of a policy that is not among the names.

    Raises:
        CommandError: For all patterns that match nothing.

    """
    known = set(names)
    unmatched = [each for each in patterns if not any(wildcards.matches(each, name) for name in known)]
    if unmatched:
        message = "no repository matches; correct the name, or remove the option to preview all repositories"
        if named := next((each for each in policies if is_selected(each, unmatched)), None):
            message = f"{named.where} has a policy for {named.repository}, but {unknown}"
        raise CommandError([message], path=f"--repository {' '.join(unmatched)}")


def match_policies(policies: Sequence[Policy], names: Iterable[str]) -> PolicyMatches:
    """
    Return the policy of each repository.

    It is the policy with the name of the repository, or else that of the creation template with the longest prefix of
    its name, `ROOT` last. A single policy without a name is that of every repository.

    Args:
        policies: The policies of the source.
        names: The repositories whose images are known.

    Raises:
        CommandError: If a repository has different policies.

    """
    known = sorted(names)
    if len(policies) == 1 and is_for_any_repository(policies[0]):
        found = dict.fromkeys(known, policies[0])
    else:
        named, templates = _by_key(policies, "repository"), _by_key(policies, "prefix")
        candidates = {name: each for name in known if (each := named.get(name) or _template(name, templates))}
        found = {name: _single(each) for name, each in candidates.items()}
    used = {(policy.repository, policy.prefix) for policy in found.values()}
    return PolicyMatches(
        policies=found,
        without_images=tuple(each for each in policies if (each.repository, each.prefix) not in used),
        without_policy=tuple(name for name in known if name not in found),
    )


def is_for_any_repository(policy: Policy) -> bool:
    """Return whether a policy has neither the name of a repository nor a prefix."""
    return policy.repository is None and policy.prefix is None


def _by_key(policies: Sequence[Policy], attribute: str) -> dict[str, list[Policy]]:
    """Return the policies that have an attribute, by its value."""
    found: dict[str, list[Policy]] = {}
    for policy in policies:
        if (key := getattr(policy, attribute)) is not None:
            found.setdefault(key, []).append(policy)
    return found


def _single(policies: Sequence[Policy]) -> Policy:
    """Return the policy that is in several places, or raise an error if the policies differ."""
    first, *others = policies
    for other in others:
        if other.policy != first.policy:
            choice = ", or choose with --parameter" if first.is_assumed or other.is_assumed else ""
            files = f", as in {first.file} and {other.file}" if first.file and other.file else ""
            message = (
                f"{first.where} and {other.where} have different policies for it; "
                f"preview one at a time, each from the template of its stack{files}{choice}"
            )
            raise CommandError([message], path=first.repository or str(first.prefix))
    return replace(first, where=", ".join(each.where for each in policies))


def _template(name: str, templates: Mapping[str, list[Policy]]) -> list[Policy] | None:
    # ECR adds '/' to the end of a prefix:
    # https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates.html
    matching = [prefix for prefix in templates if prefix == _ROOT or name.startswith(f"{prefix.rstrip('/')}/")]
    return templates[max(matching, key=lambda prefix: 0 if prefix == _ROOT else len(prefix))] if matching else None
