"""
Findings in the lifecycle policies of an app: errors are raised at once, others are annotations at synthesis.

Rules can be added to a policy until the app synthesizes, and the next rule may remove the reason of a finding.
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
from ecr_constructs.errors import EcrConstructsError, InvalidLifecyclePolicy, Problems
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.lifecycle.findings import Finding
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from ecr_constructs.repository.settings import DEFAULT_LIFECYCLES, RepositorySettings

__all__ = ["annotate_findings_at_synth", "raise_if_invalid", "validate_policy"]

# The constructs that an annotation names, if many have the same policy.
_MOST_SHOWN = 3


def raise_if_invalid(
    error: type[EcrConstructsError], problems: Problems, settings: RepositorySettings, *, path: str
) -> None:
    """
    Raise the problems of a construct and the errors in its lifecycle policy.

    Args:
        error: The type of the error for the problems.
        problems: The problems of the construct.
        settings: The settings of its repositories.
        path: The construct path.

    Raises:
        EcrConstructsError: Of the given type, for problems of both kinds.
        InvalidLifecyclePolicy: If only the lifecycle policy has errors.

    """
    found = _errors(settings.effective_lifecycle, settings.immutability)
    if problems:
        problems.extend(found)
        problems.raise_if_any(error, path)
    if found:
        raise InvalidLifecyclePolicy(found, path=path)


def validate_policy(policy: LifecyclePolicy, immutability: Immutability) -> LifecyclePolicy:
    """
    Return a policy that has no findings of severity error.

    Args:
        policy: A policy that ECR accepts.
        immutability: The tag mutability of the repositories.

    Raises:
        InvalidLifecyclePolicy: If it has findings of severity error.

    """
    if problems := _errors(policy, immutability):
        raise InvalidLifecyclePolicy(problems)
    return policy


def annotate_findings_at_synth(
    construct: Construct, place: ConstructLocation, immutability: Immutability, policy: Callable[[], LifecyclePolicy]
) -> None:
    """
    Add annotations for the findings in a policy when the app synthesizes.

    Args:
        construct: The construct with the policy; it is in a stack.
        place: The location of its scope.
        immutability: The tag mutability of the repositories.
        policy: The function that returns the policy at that time.

    """
    assert place.stack is not None  # noqa: S101  (a scope outside a stack was rejected)
    if place.stack not in _annotators:
        _annotators[place.stack] = _FindingAnnotator(place)
        place.stack.node.add_validation(_annotators[place.stack])
    _annotators[place.stack].watched.append(_WatchedPolicy(construct, immutability, policy))


class _WatchedPolicy(NamedTuple):
    """A construct with a lifecycle policy."""

    construct: Construct
    immutability: Immutability
    policy: Callable[[], LifecyclePolicy]

    def findings(self) -> Iterator[Finding]:
        policy = self.policy()
        for finding in policy.findings(immutability=self.immutability):
            # The default policies keep tagged images on purpose.
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
                    annotations_of(each.construct).add_warning_v2(_id(finding), _text(finding))
                else:
                    notes.setdefault(finding, []).append(each.construct)
        # One annotation for all repositories of a stack with the same finding: a stack may have hundreds.
        for finding, constructs in notes.items():
            if finding.id != "last-pull-counts-scanners" or not _has_exclusions(self._place):
                text = _text(finding) + _others(constructs[1:])
                annotations_of(constructs[0]).add_info_v2(_id(finding), text)
        return []


_annotators: WeakKeyDictionary[cdk.Stack, _FindingAnnotator] = WeakKeyDictionary()


def _has_exclusions(place: ConstructLocation) -> bool:
    """Return whether the app has a pull time exclusion for this account and region."""
    here = environment_of(place)
    return any(
        isinstance(each, cdk.CfnResource)
        and each.cfn_resource_type == "AWS::ECR::PullTimeUpdateExclusion"
        and environment_of(location_of(each)) == here
        for each in place.ancestors[0].node.find_all()
    )


def _errors(policy: LifecyclePolicy, immutability: Immutability) -> tuple[str, ...]:
    found = policy.findings(immutability=immutability)
    return tuple(f"lifecycle: {_text(each)}" for each in found if each.severity == "error")


def _id(finding: Finding) -> str:
    first, *others = finding.id.split("-")
    return f"ecr-constructs:{first}{''.join(map(str.capitalize, others))}"


def _text(finding: Finding) -> str:
    return f"{finding.sentence}; {finding.remedy}"


def _others(constructs: Sequence[Construct]) -> str:
    if not constructs:
        return ""
    more = len(constructs) - _MOST_SHOWN
    named = ", ".join(each.node.path for each in constructs[:_MOST_SHOWN]) + (f" and {more} more" if more > 0 else "")
    return f" (the same finding: {named})"
