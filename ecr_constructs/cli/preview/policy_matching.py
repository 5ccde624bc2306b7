"""Which policy goes with which repository."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.sources.policies import is_asked_for
from ecr_constructs.cli.sources.records import Policy
from ecr_constructs.model import wildcards

__all__ = ["Matches", "is_loose", "match", "narrow"]

_ROOT = "ROOT"


@dataclass(frozen=True, kw_only=True, slots=True)
class Matches:
    """
    Policies and repositories, brought together.

    Attributes:
        policies: The policy of each repository that has one, by the name of the repository.
        without_images: Policies that no repository goes with.
        without_policy: Repositories that no policy goes with.

    """

    policies: Mapping[str, Policy]
    without_images: tuple[Policy, ...]
    without_policy: tuple[str, ...]


def narrow(names: Iterable[str], patterns: Sequence[str], policies: Sequence[Policy], without: str) -> tuple[str, ...]:
    """
    Choose repositories by name.

    Args:
        names: What there is.
        patterns: Names in which `*` stands for anything. None choose everything.
        policies: The policies of a source.
        without: What it means that a repository which a policy names is not there, and what to do.

    Raises:
        CommandError: if a pattern chooses nothing; it may be mistyped, and what is not looked at is not safe.

    """
    known = tuple(names)
    idle = [each for each in patterns if not any(wildcards.matches(each, name) for name in known)]
    if idle:
        message = "no repository that is known has such a name; correct it, or leave the option out to see them all"
        if named := next((each for each in policies if is_asked_for(each, idle)), None):
            message = f"{named.where} has a policy for {named.repository}, but {without}"
        raise CommandError([message], path=f"--repository {' '.join(idle)}")
    return tuple(
        name for name in known if not patterns or any(wildcards.matches(pattern, name) for pattern in patterns)
    )


def match(policies: Sequence[Policy], names: Iterable[str]) -> Matches:
    """
    Bring policies and repositories together.

    A repository goes with the policy that names it, or else with the creation template of the longest prefix that its
    name is under, `ROOT` last. A single policy that names nothing goes with every repository.

    Args:
        policies: The policies of a source.
        names: The repositories whose images are known.

    Raises:
        CommandError: if different policies are for one of the repositories.

    """
    known = sorted(names)
    if len(policies) == 1 and is_loose(policies[0]):
        found = dict.fromkeys(known, policies[0])
    else:
        own, templates = _by_key(policies, "repository"), _by_key(policies, "prefix")
        several = {name: each for name in known if (each := own.get(name) or _template(name, templates))}
        found = {name: _single(each) for name, each in several.items()}
    used = {(policy.repository, policy.prefix) for policy in found.values()}
    return Matches(
        policies=found,
        without_images=tuple(each for each in policies if (each.repository, each.prefix) not in used),
        without_policy=tuple(name for name in known if name not in found),
    )


def is_loose(policy: Policy) -> bool:
    """Tell whether a policy says nothing of its repository."""
    return policy.repository is None and policy.prefix is None


def _by_key(policies: Sequence[Policy], attribute: str) -> dict[str, list[Policy]]:
    """Give the policies that have this attribute, by it."""
    found: dict[str, list[Policy]] = {}
    for policy in policies:
        if (key := getattr(policy, attribute)) is not None:
            found.setdefault(key, []).append(policy)
    return found


def _single(policies: Sequence[Policy]) -> Policy:
    """Give the one policy that stands in several places, if it is one."""
    first, *others = policies
    for other in others:
        if other.policy != first.policy:
            files = f", as in {first.file} and {other.file}" if first.file and other.file else ""
            message = (
                f"{first.where} and {other.where} have different policies for it; "
                f"preview one at a time, each from the template of its stack{files}"
            )
            raise CommandError([message], path=first.repository or str(first.prefix))
    return replace(first, where=", ".join(each.where for each in policies))


def _template(name: str, templates: Mapping[str, list[Policy]]) -> list[Policy] | None:
    # ECR reads a '/' at the end of a prefix that has none.
    fitting = [prefix for prefix in templates if prefix == _ROOT or name.startswith(f"{prefix.rstrip('/')}/")]
    return templates[max(fitting, key=lambda prefix: 0 if prefix == _ROOT else len(prefix))] if fitting else None
