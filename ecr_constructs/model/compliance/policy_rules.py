"""The rules about resource policies: public access and service principals."""

from __future__ import annotations

from collections.abc import Iterator

from ecr_constructs.model.compliance.resources import (
    POLICY_PROPERTIES,
    AppResources,
    TemplateResource,
    statements_of_resource,
)
from ecr_constructs.model.compliance.rule import Breach, compliance_rule
from ecr_constructs.model.iam.policies import DENIES_CHANGE, denies_change
from ecr_constructs.model.iam.statements import public_problems, unconfirmed_services

__all__ = ["no_public_access", "policy_changeable", "service_principal_source"]


@compliance_rule(
    "no-public-access",
    level="error",
    types=tuple(POLICY_PROPERTIES),
    requirement="No statement allows everyone.",
    remedy="Name the accounts, or add a condition, as `Access.organization_pull(...)` does.",
)
def no_public_access(resource: TemplateResource, app: AppResources) -> Iterator[Breach]:  # noqa: ARG001
    """Yield the problem of each statement that `add_to_resource_policy` would reject as public."""
    for place, statement in statements_of_resource(resource):
        for problem in public_problems(statement):
            yield Breach(f"{place}: {problem}", f"Properties/{POLICY_PROPERTIES[resource.type]}")


# https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
@compliance_rule(
    "service-principal-source",
    types=tuple(POLICY_PROPERTIES),
    requirement="A statement for an AWS service has a condition on its source.",
    remedy="Add a condition on `aws:SourceArn` or `aws:SourceAccount`, as `Access.lambda_pull(account)` does.",
)
def service_principal_source(resource: TemplateResource, app: AppResources) -> Iterator[Breach]:  # noqa: ARG001
    """Yield a breach for each service that a statement allows on behalf of any account."""
    for place, statement in statements_of_resource(resource):
        for service in unconfirmed_services(statement):
            sentence = f"{place} allows {service} on behalf of any account"
            yield Breach(sentence, f"Properties/{POLICY_PROPERTIES[resource.type]}")


@compliance_rule(
    "policy-changeable",
    types=("AWS::ECR::Repository", "AWS::ECR::RepositoryCreationTemplate"),
    requirement="No statement denies `ecr:SetRepositoryPolicy` to every principal of the account.",
    remedy="Add a condition `ArnNotLike` on `aws:PrincipalArn` with the role of the deployment, or deny other actions.",
)
def policy_changeable(resource: TemplateResource, app: AppResources) -> Iterator[Breach]:  # noqa: ARG001
    """Yield a breach for each statement that denies every principal of the account, CloudFormation included."""
    for place, statement in statements_of_resource(resource):
        if denies_change(statement, resource.account):
            yield Breach(f"{place} {DENIES_CHANGE}", f"Properties/{POLICY_PROPERTIES[resource.type]}")
