"""The rules about lifecycle policies: one for the grammar, and one for each finding of severity error or warning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ecr_constructs._documentation import page
from ecr_constructs.errors import InvalidLifecyclePolicy
from ecr_constructs.model.compliance.resources import AppResources, NotDecidable, TemplateResource, immutability_of
from ecr_constructs.model.compliance.rule import Breach, Check, ComplianceRule, compliance_rule
from ecr_constructs.model.lifecycle.findings import FINDING_TYPES
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy

__all__ = ["FINDING_RULES", "lifecycle_policy_valid"]

_TYPES = ("AWS::ECR::Repository", "AWS::ECR::RepositoryCreationTemplate")
_LOCATION = "Properties/LifecyclePolicy"


@compliance_rule(
    "lifecycle-policy-valid",
    level="error",
    types=_TYPES,
    requirement="ECR accepts the lifecycle policy.",
    remedy="Use `LifecyclePolicy.of(...)`, which renders a valid policy.",
)
def lifecycle_policy_valid(resource: TemplateResource, app: AppResources) -> Iterator[Breach]:  # noqa: ARG001
    """Yield each problem for which ECR rejects the policy."""
    try:
        _policy_of(resource)
    except InvalidLifecyclePolicy as error:
        for problem in error.problems:
            yield Breach(problem, _LOCATION)


def _policy_of(resource: TemplateResource) -> LifecyclePolicy | None:
    is_template = resource.type == "AWS::ECR::RepositoryCreationTemplate"
    text = resource.value("LifecyclePolicy", *(() if is_template else ("LifecyclePolicyText",)))
    return LifecyclePolicy.from_json(text) if isinstance(text, str) and text.strip() else None


def _finding_check(id: str) -> Check:
    def check(resource: TemplateResource, app: AppResources) -> Iterator[Breach]:  # noqa: ARG001
        try:
            policy = _policy_of(resource)
        except (InvalidLifecyclePolicy, NotDecidable):
            return
        for finding in policy.findings(immutability=immutability_of(resource)) if policy else ():
            if finding.id == id:
                yield Breach(f"{finding.sentence}; {finding.json_remedy or finding.remedy}", _LOCATION)

    return check


# An info is about a consequence, and not about a mistake. `ecr-constructs lint` reports it.
FINDING_RULES: Sequence[ComplianceRule] = tuple(
    compliance_rule(
        f"lifecycle-{each.id}",
        level="error" if each.severity == "error" else "warning",
        types=_TYPES,
        requirement=f"The lifecycle policy has no finding `{each.id}`.",
        remedy=f"See '{each.id}' on {page('Findings')}.",
    )(_finding_check(each.id))
    for each in FINDING_TYPES
    if each.severity != "info"
)
