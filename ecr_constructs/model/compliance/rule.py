"""The parts of a compliance rule: its ID, level, controls, texts and check."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from ecr_constructs.errors import EcrConstructsError, Problems, abbreviate
from ecr_constructs.model.compliance.resources import AppResources, TemplateResource

__all__ = ["CONTROLS", "LEVELS", "Breach", "Check", "ComplianceRule", "Level", "compliance_rule"]

Level = Literal["error", "warning", "info", "off"]
LEVELS: tuple[Level, ...] = ("error", "warning", "info", "off")

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_HUB = "https://docs.aws.amazon.com/securityhub/latest/userguide/ecr-controls.html"
_TOWER = "https://docs.aws.amazon.com/controltower/latest/controlreference/ecr-rules.html"
_CHECKOV = "https://www.checkov.io/5.Policy%20Index/cloudformation.html"

# The controls of the rules, with their documentation.
CONTROLS: Mapping[str, str] = {
    "ECR.1": _HUB,
    "ECR.2": _HUB,
    "ECR.3": _HUB,
    "ECR.5": _HUB,
    "CT.ECR.PR.1": _TOWER,
    "CT.ECR.PR.2": _TOWER,
    "CT.ECR.PR.3": _TOWER,
    "AwsSolutions-ECR1": "https://github.com/cdklabs/cdk-nag/blob/main/RULES.md",
    "CKV_AWS_51": _CHECKOV,
    "CKV_AWS_136": _CHECKOV,
    "CKV_AWS_163": _CHECKOV,
}


class Breach(NamedTuple):
    """
    A breach of a rule by a resource.

    Attributes:
        sentence: The fact, with the value.
        location: The property, such as `Properties/ImageTagMutability`. Default: the resource as a whole.

    >>> Breach("the name has no team", "Properties/RepositoryName").location
    'Properties/RepositoryName'

    """

    sentence: str
    location: str = ""


Check = Callable[[TemplateResource, AppResources], Iterator[Breach]]


@dataclass(frozen=True, kw_only=True, slots=True)
class ComplianceRule:
    """
    A requirement on the resources of a template.

    Attributes:
        id: The ID, such as `tags-immutable`. It is public contract.
        level: An `error` stops the synthesis. A `warning` or an `info` is reported. A rule that is `off` is not checked
            by `Guardrails`.
        types: The types of the resources that are checked.
        requirement: The requirement, as one sentence.
        remedy: The fix.
        controls: The controls that require the same, such as `ECR.2`.
        check: A function that yields the breaches of a resource.

    >>> from ecr_constructs.model import compliance_rule
    >>> @compliance_rule("named", requirement="A repository has a name.", remedy="Set the name.", level="info")
    ... def named(resource, app):
    ...     if resource.value("RepositoryName") is None:
    ...         yield Breach("there is no RepositoryName")
    >>> named.id, named.level, named.types
    ('named', 'info', ('AWS::ECR::Repository',))

    """

    id: str
    level: Level
    types: tuple[str, ...]
    requirement: str
    remedy: str
    controls: tuple[str, ...] = ()
    check: Check


def compliance_rule(
    id: str,
    *,
    requirement: str,
    remedy: str,
    level: Level = "warning",
    types: Sequence[str] = ("AWS::ECR::Repository",),
    controls: Sequence[str] = (),
) -> Callable[[Check], ComplianceRule]:
    """
    Return a decorator that makes a rule from its check.

    The check is a generator. Its arguments are a resource and the resources of the app. It yields a `Breach` for each
    way in which the resource does not meet the requirement. It reads properties with `resource.value(...)`, which
    reports a value that is known only at deployment as not decidable.

    >>> @compliance_rule("team-prefix", requirement="A repository name begins with a team.", remedy="Use `team/name`.")
    ... def team_prefix(resource, app):
    ...     if "/" not in (resource.value("RepositoryName") or ""):
    ...         yield Breach("the name has no team", "Properties/RepositoryName")
    >>> team_prefix.level
    'warning'

    Args:
        id: The id: lower-case words and hyphens.
        requirement: The requirement, as one sentence.
        remedy: The fix.
        level: `error`, `warning`, `info` or `off`. Default: `warning`.
        types: The types of the resources that are checked. Default: `AWS::ECR::Repository`.
        controls: The controls that require the same. Default: none.

    Raises:
        EcrConstructsError: If a text is empty, or if the ID or the level is malformed.
        TypeError: If arguments are of the wrong kind.

    """
    problems = Problems()
    for name, value, example in (
        ("id", id, "'team-prefix'"),
        ("requirement", requirement, "'A repository name begins with a team.'"),
        ("remedy", remedy, "'Use `team/name`.'"),
    ):
        if problems.expect(name, value, str, example) and not value.strip():
            problems.add(f"{name} is empty; write it, as in {name}={example}")
    if isinstance(id, str) and id.strip() and not _ID.fullmatch(id):
        problems.add(f"id {abbreviate(id)} is malformed; use lower-case words and hyphens, such as 'team-prefix'")
    if level not in LEVELS:
        problems.add(f"level is {abbreviate(level)}; use {', '.join(LEVELS)}")
    if problems.expect("types", types, Sequence, "['AWS::ECR::Repository']", each=str) and not types:
        problems.add("types is empty; name the resource types, such as ['AWS::ECR::Repository']")
    problems.expect("controls", controls, Sequence, "['ECR.1']", each=str)
    problems.raise_if_any(EcrConstructsError)

    def with_check(check: Check) -> ComplianceRule:
        return ComplianceRule(
            id=id,
            level=level,
            types=tuple(types),
            requirement=requirement,
            remedy=remedy,
            controls=tuple(controls),
            check=check,
        )

    return with_check
