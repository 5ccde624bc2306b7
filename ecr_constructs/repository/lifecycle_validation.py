"""
Findings in the lifecycle policies of an app.

Errors are raised when a construct is created. Warnings and infos are annotations that are added when the app
synthesizes, because rules can be added until then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

import aws_cdk as cdk
import jsii
from constructs import Construct, IValidation

from ecr_constructs._cdk.annotations import annotations_of, record_annotation
from ecr_constructs._cdk.environment_registry import environment_of
from ecr_constructs._cdk.scope import ConstructLocation, location_of
from ecr_constructs.errors import EcrConstructsError, InvalidLifecyclePolicy, Problems
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from ecr_constructs.model.word_lists import shortened
from ecr_constructs.repository.settings import DEFAULT_LIFECYCLES, RepositorySettings

if TYPE_CHECKING:
    from ecr_constructs.model.lifecycle.findings import Finding

__all__ = ["annotate_findings_at_synth", "annotation_id", "raise_if_invalid", "validate_policy"]

# The number of other constructs that an info lists. `ecr-constructs lint` lists the info for each of them.
_MOST_LISTED = 3


def raise_if_invalid(
    error: type[EcrConstructsError], problems: Problems, settings: RepositorySettings, *, path: str
) -> None:
    """
    Raise the problems of a construct, together with the errors in its lifecycle policy.

    Args:
        error: The type of error for the problems.
        problems: The problems of the construct, except for its lifecycle policy.
        settings: The settings of the repositories.
        path: The construct path.

    Raises:
        EcrConstructsError: Of the given type, if there are problems.
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
    Return the policy, or raise if it has findings of severity `error`.

    Args:
        policy: The policy.
        immutability: The tag immutability of the repositories.

    Raises:
        InvalidLifecyclePolicy: If it has findings of severity `error`.

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
        construct: The construct with the policy.
        place: The location of the construct, in a stack.
        immutability: The tag immutability of the repositories.
        policy: Returns the policy at that time.

    """
    assert place.stack is not None  # noqa: S101  (a construct outside a stack is rejected before)
    if place.stack not in _annotators:
        _annotators[place.stack] = _FindingAnnotator(place)
        place.stack.node.add_validation(_annotators[place.stack])
    _annotators[place.stack].watched.append(_WatchedPolicy(construct, immutability, policy))


def annotation_id(finding_id: str) -> str:
    """
    Return the ID of the annotation for a finding, such as `ecr-constructs:neverMatches`.

    Args:
        finding_id: The ID of the finding, such as `never-matches`.

    """
    first, *others = finding_id.split("-")
    return f"ecr-constructs:{first}{''.join(map(str.capitalize, others))}"


class _WatchedPolicy(NamedTuple):
    """A construct with a lifecycle policy."""

    construct: Construct
    immutability: Immutability
    policy: Callable[[], LifecyclePolicy]

    def findings(self) -> Iterator[Finding]:
        policy = self.policy()
        for finding in policy.findings(immutability=self.immutability):
            # The default policies are designed to keep all tagged images.
            if finding.id != "tagged-images-never-expire" or policy not in DEFAULT_LIFECYCLES:
                yield finding


@jsii.implements(IValidation)
class _FindingAnnotator:
    """
    A validation that annotates all constructs of a stack.

    There is one for each stack, because calls to JavaScript take time.
    """

    def __init__(self, place: ConstructLocation) -> None:
        self.watched: list[_WatchedPolicy] = []
        self._place = place

    def validate(self) -> list[str]:
        infos: dict[Finding, list[Construct]] = {}
        for each in self.watched:
            for finding in each.findings():
                if finding.severity == "warning":
                    annotations_of(each.construct).add_warning_v2(annotation_id(finding.id), _finding_text(finding))
                    record_annotation(each.construct, annotation_id(finding.id))
                else:
                    infos.setdefault(finding, []).append(each.construct)
        # One info for all repositories of a stack that share a finding, because a stack can have hundreds.
        for finding, constructs in infos.items():
            if finding.id != "last-pull-counts-scanners" or not _has_exclusions(self._place):
                text = _finding_text(finding) + _others(constructs[1:])
                annotations_of(constructs[0]).add_info_v2(annotation_id(finding.id), text)
        return []


_annotators: WeakKeyDictionary[cdk.Stack, _FindingAnnotator] = WeakKeyDictionary()


def _has_exclusions(place: ConstructLocation) -> bool:
    """Return whether the app excludes the pulls of a principal in this account and Region."""
    here = environment_of(place)
    return any(
        isinstance(each, cdk.CfnResource)
        and each.cfn_resource_type == "AWS::ECR::PullTimeUpdateExclusion"
        and environment_of(location_of(each)) == here
        for each in place.ancestors[0].node.find_all()
    )


def _errors(policy: LifecyclePolicy, immutability: Immutability) -> tuple[str, ...]:
    found = policy.findings(immutability=immutability)
    return tuple(f"lifecycle: {_finding_text(each)}" for each in found if each.severity == "error")


def _finding_text(finding: Finding) -> str:
    return f"{finding.sentence}; {finding.remedy}"


def _others(constructs: Sequence[Construct]) -> str:
    if not constructs:
        return ""
    listed = shortened([each.node.path for each in constructs], _MOST_LISTED)
    hint = "; 'ecr-constructs lint' lists all" if len(constructs) > _MOST_LISTED else ""
    return f" (the same finding: {listed}{hint})"
