"""Checks of principals of the CDK. Imported principals are not instances of a class in Python."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs.errors import ArgumentTypeError, abbreviate
from ecr_constructs.model.iam.pipeline_identity import PipelineIdentity

__all__ = ["is_role", "pipeline_principal", "require_grantee"]


def pipeline_principal(
    scope: Construct, identity: PipelineIdentity, provider_arn: str | None = None
) -> iam.WebIdentityPrincipal:
    """
    Return the principal of a CI/CD pipeline, for the trust policy of a role.

    Args:
        scope: A construct in the account of the role.
        identity: The identity of the pipeline.
        provider_arn: The ARN of the IAM OIDC provider. Default: the provider that the account has for the URL.

    """
    stack = cdk.Stack.of(scope)
    default = f"arn:{stack.partition}:iam::{stack.account}:oidc-provider/{identity.issuer}"
    return iam.WebIdentityPrincipal(provider_arn or default, identity.trust_conditions())


def is_role(value: object) -> bool:
    """Return whether a value is a role, of the app or imported."""
    return not isinstance(value, type) and hasattr(value, "role_arn")


def require_grantee(construct: Construct, grantee: object) -> None:
    """
    Raise a `TypeError` for a grantee without a principal, instead of an error of jsii.

    Args:
        construct: The construct whose method has the grantee as its argument. The error has its path.
        grantee: The argument.

    """
    # The class is checked first: reading the object takes a call to JavaScript.
    has_principal = hasattr(type(grantee), "grant_principal") or hasattr(grantee, "grant_principal")
    if isinstance(grantee, type) or not has_principal:
        problem = f"grantee must be an IGrantable such as an iam.Role, got {abbreviate(grantee)}"
        raise ArgumentTypeError([problem], path=construct.node.path)
