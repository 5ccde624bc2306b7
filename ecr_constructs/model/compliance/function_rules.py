"""The rule about repositories with images of AWS Lambda functions of the app."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ecr_constructs.model.compliance.resources import AppResources, TemplateResource, statements_of_resource
from ecr_constructs.model.compliance.rule import Breach, compliance_rule
from ecr_constructs.model.iam.principals import principals_of
from ecr_constructs.model.iam.values import UNKNOWN, possible, text_of
from ecr_constructs.model.template_syntax import mapping, references_of

__all__ = ["function_image_policy"]

_REPOSITORY = "AWS::ECR::Repository"
_LAMBDA = "lambda.amazonaws.com"
_IMAGE = re.compile(r"(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.[^/]+/(?P<name>[^:@]+)([:@].*)?")


# AWS Lambda adds a statement to the policy of the repository: https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
# An import without the policy removes it: https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/2493
@compliance_rule(
    "function-image-policy",
    types=["AWS::Lambda::Function"],
    requirement="The policy of a repository with the image of a function has a statement for AWS Lambda.",
    remedy="Use `access=[Access.lambda_pull(account)]`, or grant pull to the service principal `lambda.amazonaws.com`.",
)
def function_image_policy(resource: TemplateResource, app: AppResources) -> Iterator[Breach]:
    """Yield a breach for a function whose repository is in the app and has no statement for AWS Lambda."""
    # The URI of an image is a function of CloudFormation, so it is not read with value().
    uri = mapping(resource.properties.get("Code")).get("ImageUri")
    repository = _repository_of(resource, uri, app) if uri is not None else None
    if repository is not None and not any(_allows_lambda(each) for _, each in statements_of_resource(repository)):
        sentence = (
            f"the policy of {repository.label} has no statement for AWS Lambda; if AWS Lambda writes one, an import or "
            "a later update of the repository can remove it"
        )
        yield Breach(sentence, "Properties/Code/ImageUri")


def _repository_of(function: TemplateResource, uri: object, app: AppResources) -> TemplateResource | None:
    """Return the repository of an image, if the template of the function, or its registry, declares it."""
    names = set(references_of(uri))
    image = _IMAGE.fullmatch(uri) if isinstance(uri, str) else None
    for each in app.beside(function, _REPOSITORY):
        if each.stack == function.stack and each.logical_id in names:
            return each
        is_here = image is not None and function.environment == f"{image['account']}/{image['region']}"
        if is_here and image is not None and each.name == image["name"]:
            return each
    return None


def _allows_lambda(statement: Mapping[str, Any]) -> bool:
    """Return whether a statement allows AWS Lambda, or can allow it, to pull."""
    is_allowed = any(each == "Allow" for each in possible(statement.get("Effect", "Allow")))
    principals = [(kind, text_of(value)) for kind, value in principals_of(statement)]
    return is_allowed and any(kind == "Service" and (text == _LAMBDA or UNKNOWN in text) for kind, text in principals)
