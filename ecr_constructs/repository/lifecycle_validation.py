"""
What a person should look at in the lifecycle policies of an app: refused at once, or told when the app synthesizes.

Rules may be added to a policy until then, and what the policy of now leaves undone, the next rule may do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple
from weakref import WeakKeyDictionary

import aws_cdk as cdk
import jsii
from constructs import Construct, IValidation

from ecr_constructs._cdk.annotations import annotations_of
from ecr_constructs._cdk.environment_registry import environment_of
from ecr_constructs._cdk.scope import ConstructLocation, location_of
from ecr_constructs.errors import EcrConstructsError, InvalidLifecyclePolicy
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.lifecycle.findings import Finding
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from ecr_constructs.repository.settings import DEFAULT_LIFECYCLES, RepositorySettings

__all__ = ["annotate_findings_at_synth", "raise_if_invalid", "validate_policy"]

# Constructs that a note names, when many share a policy.
_MOST_SHOWN = 3


def raise_if_invalid(
    error: type[EcrConstructsError], problems: Sequence[str], settings: RepositorySettings, *, path: str
) -> None:
    """
    Refuse a construct for its problems, and for what is surely wrong with its lifecycle policy.

    Args:
        error: What is raised for its problems.
        problems: What is wrong with it otherwise.
        settings: What the repositories would be like.
        path: Where it would be.

    Raises:
        EcrConstructsError: of the given type, for problems of both kinds.
        InvalidLifecyclePolicy: if nothing but the lifecycle policy is wrong.

    """
    found = _problems(settings.effective_lifecycle, settings.immutability)
    if problems:
        raise error([*problems, *found], path=path)
    if found:
        raise InvalidLifecyclePolicy(found, path=path)


def validate_policy(policy: LifecyclePolicy, immutability: Immutability) -> LifecyclePolicy:
    """
    Give a policy back with which nothing is surely wrong.

    Args:
        policy: A policy that ECR would take.
        immutability: Which tags of the repositories are bound to their image.

    Raises:
        InvalidLifecyclePolicy: if it has findings that are errors.

    """
    if problems := _problems(policy, immutability):
        raise InvalidLifecyclePolicy(problems)
    return policy


def annotate_findings_at_synth(
    construct: Construct, place: ConstructLocation, immutability: Immutability, policy: Callable[[], LifecyclePolicy]
) -> None:
    """
    Tell of the findings in a policy when the app synthesizes.

    Args:
        construct: What has the policy; it is in a stack.
        place: Where it is.
        immutability: Which tags of the repositories are bound to their image.
        policy: Gives the policy of that time.

    """
    assert place.stack is not None  # noqa: S101  (what is outside a stack has been refused)
    if place.stack not in _tellers:
        _tellers[place.stack] = _FindingAnnotator(place)
        place.stack.node.add_validation(_tellers[place.stack])
    _tellers[place.stack].watched.append(_WatchedPolicy(construct, immutability, policy))


class _WatchedPolicy(NamedTuple):
    """A construct with a lifecycle policy."""

    construct: Construct
    immutability: Immutability
    policy: Callable[[], LifecyclePolicy]

    def findings(self) -> Iterator[Finding]:
        policy = self.policy()
        for finding in policy.findings(immutability=self.immutability):
            # That nothing expires tagged images is what the defaults are for.
            if finding.id != "tagged-images-never-expire" or policy not in DEFAULT_LIFECYCLES:
                yield finding


@jsii.implements(IValidation)
class _FindingAnnotator:
    """Annotates the constructs of a stack; one for all of them, because each call to JavaScript takes time."""

    def __init__(self, place: ConstructLocation) -> None:
        self.watched: list[_WatchedPolicy] = []
        self._place = place

    def validate(self) -> list[str]:
        notes: dict[Finding, list[Construct]] = {}
        for each in self.watched:
            for finding in each.findings():
                if finding.severity == "warning":
                    annotations_of(each.construct).add_warning_v2(_id(finding), _told(finding))
                else:
                    notes.setdefault(finding, []).append(each.construct)
        # One note for what the repositories of a stack have in common: a platform has a thousand of them.
        for finding, constructs in notes.items():
            if finding.id != "last-pull-counts-scanners" or not _has_exclusions(self._place):
                text = _told(finding) + _others(constructs[1:])
                annotations_of(constructs[0]).add_info_v2(_id(finding), text)
        return []


_tellers: WeakKeyDictionary[cdk.Stack, _FindingAnnotator] = WeakKeyDictionary()


def _has_exclusions(place: ConstructLocation) -> bool:
    """Tell whether the app says for this account and region whose pulls do not count."""
    here = environment_of(place)
    return any(
        isinstance(each, cdk.CfnResource)
        and each.cfn_resource_type == "AWS::ECR::PullTimeUpdateExclusion"
        and environment_of(location_of(each)) == here
        for each in place.ancestors[0].node.find_all()
    )


def _problems(policy: LifecyclePolicy, immutability: Immutability) -> tuple[str, ...]:
    found = policy.findings(immutability=immutability)
    return tuple(f"lifecycle: {_told(each)}" for each in found if each.severity == "error")


def _id(finding: Finding) -> str:
    first, *others = finding.id.split("-")
    return f"ecr-constructs:{first}{''.join(map(str.capitalize, others))}"


def _told(finding: Finding) -> str:
    return f"{finding.sentence}; {finding.remedy}"


def _others(constructs: Sequence[Construct]) -> str:
    if not constructs:
        return ""
    more = len(constructs) - _MOST_SHOWN
    named = ", ".join(each.node.path for each in constructs[:_MOST_SHOWN]) + (f" and {more} more" if more > 0 else "")
    return f" (so it is with {named})"
