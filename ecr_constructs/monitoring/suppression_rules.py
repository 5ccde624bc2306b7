"""`SuppressionRules`: suppression rules of Amazon Inspector for accepted findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from hashlib import sha256

import aws_cdk as cdk
from aws_cdk import aws_inspectorv2 as inspector
from constructs import Construct

from ecr_constructs._cdk.scope import id_problems, locate, stack_problems
from ecr_constructs.errors import InvalidAlert, Problems
from ecr_constructs.model.vulnerabilities.accepted_finding import AcceptedFinding

__all__ = ["SuppressionRules"]

_EXAMPLE = "read_accepted_findings('accepted-findings.json')"
# https://docs.aws.amazon.com/inspector/v2/APIReference/API_CreateFilter.html
_LONGEST_NAME = 128
_LONGEST_DESCRIPTION = 512
_MOST_VALUES = 10


class SuppressionRules(Construct):
    """
    Suppress the findings of Amazon Inspector that are accepted.

    A suppressed finding is hidden, and `ImageFindings` sends no alert about it. An accepted finding whose last day has
    passed has no suppression rule, and a warning reports it. In an organization, only the delegated administrator of
    Amazon Inspector can create suppression rules, so deploy the stack to its account.

    https://docs.aws.amazon.com/inspector/latest/user/findings-managing-supression-rules.html

    Creates: an `AWS::InspectorV2::Filter` for each accepted finding.

    Attributes:
        filters: The suppression rules, in the order of the accepted findings.

    >>> from aws_cdk import App, Stack
    >>> accepted = AcceptedFinding(
    ...     vulnerability="CVE-2024-12345",
    ...     reason="the vulnerable function is not used",
    ...     owner="team-a",
    ...     expires=date(2099, 12, 31),
    ...     repositories=["prod/*"],
    ... )
    >>> rules = SuppressionRules(Stack(App(), "Security"), "Accepted", accepted=[accepted])
    >>> rules.filters[0].name
    'CVE-2024-12345 in prod/*'

    """

    filters: tuple[inspector.CfnFilter, ...]

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        accepted: Sequence[AcceptedFinding],
        today: date | None = None,
    ) -> None:
        """
        Define suppression rules.

        Args:
            scope: The scope of the construct, in a stack.
            id: The ID of the construct, unique in its scope.
            accepted: The accepted findings. `read_accepted_findings` and `read_openvex` read them from a file. Amazon
                Inspector compares the name of a repository as a whole or by its beginning, so a `*` is allowed at
                the end of a pattern only. A finding has at most 10 patterns.
            today: The day for the expiry of accepted findings. Default: the day of the synthesis.

        Raises:
            InvalidAlert: With all problems, before anything is added to the tree.
            TypeError: If arguments are of the wrong kind. It lists all of them.

        """
        problems = Problems()
        problems.expect("today", today, date, "date(2026, 12, 1)", optional=True)
        if isinstance(today, datetime):
            problems.add_wrong_kinds("today must be a date without a time, such as date(2026, 12, 1)")
        if problems.expect("accepted", accepted, Sequence, _EXAMPLE, each=AcceptedFinding):
            problems.extend(_accepted_problems(accepted))
        place = locate(scope, id, problems)
        problems.extend(id_problems(scope, id))
        problems.extend(stack_problems(place, "suppression rules"))
        problems.raise_if_any(InvalidAlert, place.path_of(id))
        super().__init__(scope, id)
        day = today or date.today()  # noqa: DTZ011  (the last day is a day where the app is synthesized)
        in_force = [each for each in accepted if not each.is_expired(day)]
        names = _rule_names(accepted)
        self.filters = tuple(_create_filter(self, each, names[_finding_name(each)]) for each in in_force)
        expired = [f"{names[_finding_name(each)]} (until {each.expires})" for each in accepted if each.is_expired(day)]
        if expired:
            cdk.Annotations.of(self).add_warning_v2(
                "ecr-constructs:acceptedFindingsExpired", _EXPIRED.format(", ".join(expired))
            )


_EXPIRED = (
    "the last day of accepted findings has passed, and they are not suppressed now: {}; update the images, or set a "
    "later day and give the reason"
)


def _accepted_problems(accepted: Sequence[AcceptedFinding]) -> Iterator[str]:
    names = list(map(_finding_name, accepted))
    for index, each in enumerate(accepted):
        place, name = f"accepted[{index}]", names[index]
        if names.index(name) != index:
            yield f"{place}: {_shortened(name)} is accepted[{names.index(name)}], too; remove one"
        if len(each.repositories) > _MOST_VALUES:
            yield (
                f"{place}: {len(each.repositories)} repositories; Amazon Inspector allows {_MOST_VALUES} for a rule, "
                "use patterns such as 'prod/*', or several accepted findings"
            )
        for pattern in each.repositories:
            if "*" in pattern.rstrip("*"):
                yield (
                    f"{place}: repositories: {pattern!r} has '*' before its end; Amazon Inspector compares the "
                    "beginning or the whole name, use a pattern such as 'prod/*'"
                )


def _finding_name(accepted: AcceptedFinding) -> str:
    """Return the vulnerability, the package and the repositories of an accepted finding."""
    package = f" of {accepted.package}" if accepted.package else ""
    return f"{accepted.vulnerability}{package} in {', '.join(accepted.repositories)}"


def _rule_names(accepted: Sequence[AcceptedFinding]) -> Mapping[str, str]:
    """Return the name of each suppression rule, which is unique in an account. It is also the construct ID."""
    names = list(map(_finding_name, accepted))
    short = Counter(map(_construct_id, map(_shortened, names)))
    return {name: _shortened(name, unique=short[_construct_id(_shortened(name))] > 1) for name in names}


def _shortened(name: str, *, unique: bool = False) -> str:
    """Return a name that Amazon Inspector accepts. A unique one ends with a hash."""
    ending = f" ({sha256(name.encode()).hexdigest()[:8]})" if unique else ""
    if len(name) + len(ending) <= _LONGEST_NAME:
        return f"{name}{ending}"
    return f"{name[: _LONGEST_NAME - 3 - len(ending)]}...{ending}"


def _construct_id(name: str) -> str:
    return name.replace("/", "--")


def _create_filter(scope: Construct, accepted: AcceptedFinding, name: str) -> inspector.CfnFilter:
    description = f"{accepted.reason} (owner: {accepted.owner}, until {accepted.expires})"
    if len(description) > _LONGEST_DESCRIPTION:
        description = f"{description[: _LONGEST_DESCRIPTION - 3]}..."
    return inspector.CfnFilter(
        scope,
        _construct_id(name),
        name=name,
        description=description,
        filter_action="SUPPRESS",
        filter_criteria=_criteria(accepted),
    )


def _criteria(accepted: AcceptedFinding) -> inspector.CfnFilter.FilterCriteriaProperty:
    """Return the criteria of a rule. A finding must meet all criteria, and have one of the values of each."""
    named = [_repository(pattern) for pattern in accepted.repositories if pattern.strip("*")]
    package = accepted.package and inspector.CfnFilter.PackageFilterProperty(name=_equals(accepted.package))
    return inspector.CfnFilter.FilterCriteriaProperty(
        vulnerability_id=[_equals(accepted.vulnerability)],
        resource_type=[_equals("AWS_ECR_CONTAINER_IMAGE")],
        ecr_image_repository_name=named if len(named) == len(accepted.repositories) else None,
        vulnerable_packages=[package] if package else None,
    )


def _equals(value: str) -> inspector.CfnFilter.StringFilterProperty:
    return inspector.CfnFilter.StringFilterProperty(comparison="EQUALS", value=value)


def _repository(pattern: str) -> inspector.CfnFilter.StringFilterProperty:
    comparison = "PREFIX" if pattern.endswith("*") else "EQUALS"
    return inspector.CfnFilter.StringFilterProperty(comparison=comparison, value=pattern.rstrip("*"))
