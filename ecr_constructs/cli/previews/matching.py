"""Which policy goes with which repository."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ecr_constructs.cli.exits import CommandError
from ecr_constructs.cli.sources.inventory import Policy
from ecr_constructs.model import wildcards

__all__ = ["Matches", "chooses", "is_loose", "match", "narrow"]

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


def narrow(names: Iterable[str], patterns: Sequence[str]) -> tuple[str, ...]:
    """
    Choose repositories by name.

    Args:
        names: What there is.
        patterns: Names in which `*` stands for anything. None choose everything.

    Raises:
        CommandError: if a pattern chooses nothing; it may be mistyped, and what is not looked at is not safe.

    """
    known = tuple(names)
    idle = [each for each in patterns if not any(chooses([each], name) for name in known)]
    if idle:
        message = "no repository that is known has such a name; correct it, or leave the option out to see them all"
        raise CommandError([message], path=f"--repository {' '.join(idle)}")
    return tuple(name for name in known if not patterns or chooses(patterns, name))


def chooses(patterns: Sequence[str], name: str) -> bool:
    """Tell whether one of the patterns describes the name of a repository."""
    return any(wildcards.matches(pattern, name) for pattern in patterns)


def match(policies: Sequence[Policy], names: Iterable[str]) -> Matches:
    """
    Bring policies and repositories together.

    A repository goes with the policy that names it, or else with the creation template of the longest prefix that its
    name is under, `ROOT` last. A single policy that names nothing goes with every repository.

    Args:
        policies: The policies of a source.
        names: The repositories whose images are known.

    Raises:
        CommandError: if different policies name the same repository.

    """
    known = sorted(names)
    if len(policies) == 1 and is_loose(policies[0]):
        found = dict.fromkeys(known, policies[0])
    else:
        own = _by_key(policies, "repository")
        templates = _by_key(policies, "prefix")
        found = {name: policy for name in known if (policy := own.get(name) or _template(name, templates))}
    used = {(policy.repository, policy.prefix) for policy in found.values()}
    return Matches(
        policies=found,
        without_images=tuple(each for each in policies if (each.repository, each.prefix) not in used),
        without_policy=tuple(name for name in known if name not in found),
    )


def is_loose(policy: Policy) -> bool:
    """Tell whether a policy says nothing of its repository."""
    return policy.repository is None and policy.prefix is None


def _by_key(policies: Sequence[Policy], attribute: str) -> dict[str, Policy]:
    """Give the policies that have this attribute, by it; equal ones are one, wherever they stand."""
    found: dict[str, Policy] = {}
    for policy in policies:
        key = getattr(policy, attribute)
        if key is None:
            continue
        known = found.setdefault(key, policy)
        if known.policy != policy.policy:
            message = (
                f"{known.where} and {policy.where} have different policies for it; "
                "preview one at a time, each from the template of its stack"
            )
            raise CommandError([message], path=key)
        if known is not policy:
            found[key] = replace(known, where=f"{known.where}, {policy.where}")
    return found


def _template(name: str, templates: Mapping[str, Policy]) -> Policy | None:
    # ECR reads a '/' at the end of a prefix that has none.
    fitting = [prefix for prefix in templates if prefix == _ROOT or name.startswith(f"{prefix.rstrip('/')}/")]
    return templates[max(fitting, key=lambda prefix: 0 if prefix == _ROOT else len(prefix))] if fitting else None
