"""Suppressions of cdk-nag findings that the constructs add, with the reason."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import aws_cdk as cdk
from constructs import IConstruct

__all__ = ["ONE_ORGANIZATION", "acknowledge", "acknowledge_wildcards"]

ONE_ORGANIZATION = "the principal is everyone, and a condition on aws:PrincipalOrgID makes it one organization"


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    """
    Suppress a finding of cdk-nag. It has no effect unless cdk-nag is imported, because the call takes time.

    Args:
        construct: The construct of the finding.
        rule: The rule, such as `AwsSolutions-ECR1`.
        reason: The reason of the suppression.

    """
    if "cdk_nag" in sys.modules:
        cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=f"AwsSolutions::{rule}", reason=reason))


def acknowledge_wildcards(construct: IConstruct, resources: Sequence[str], reason: str) -> None:
    """
    Suppress the findings for `*` in given resources of a policy. Findings for other resources are not suppressed.

    Args:
        construct: The role that has the policy.
        resources: The resources, as in the policy.
        reason: The reason of the suppression.

    """
    if "cdk_nag" in sys.modules:
        for resource in resources:
            text = _flat(cdk.Stack.of(construct).resolve(resource))
            if "*" in text:
                with _ignore_unsupported_id():
                    acknowledge(construct, f"AwsSolutions-IAM5[Resource::{text}]", reason)


@contextmanager
def _ignore_unsupported_id() -> Iterator[None]:
    """Ignore the error of older CDK versions for an ID with two `::`. Users suppress such a finding themselves."""
    try:
        yield
    except RuntimeError as error:
        if "InvalidValidationId" not in str(error):
            raise


def _flat(value: object) -> str:
    """Return a resolved text in the format of cdk-nag, with references in angle brackets."""
    if isinstance(value, Mapping):
        ((function, argument),) = value.items()
        if function == "Fn::Join":
            return "".join(map(_flat, argument[1]))
        return f"<{argument if isinstance(argument, str) else '.'.join(map(str, argument))}>"
    return str(value)
