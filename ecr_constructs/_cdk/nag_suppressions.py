"""Findings of checkers that the constructs answer themselves, with the reason."""

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
    Answer a finding of cdk-nag, if it is there to find anything: asking in vain costs time.

    Args:
        construct: What the finding is about.
        rule: Such as `AwsSolutions-ECR1`.
        reason: Why it is as it should be.

    """
    if "cdk_nag" in sys.modules:
        cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=f"AwsSolutions::{rule}", reason=reason))


def acknowledge_wildcards(construct: IConstruct, resources: Sequence[str], reason: str) -> None:
    """
    Answer for `*` in the resources of a policy, each by itself: others in the same policy are others' to answer.

    Args:
        construct: The role that has the policy.
        resources: The resources, as they are given to the policy.
        reason: Why they are as they should be.

    """
    if "cdk_nag" in sys.modules:
        for resource in resources:
            text = _flat(cdk.Stack.of(construct).resolve(resource))
            if "*" in text:
                with _as_far_as_the_cdk_can():
                    acknowledge(construct, f"AwsSolutions-IAM5[Resource::{text}]", reason)


@contextmanager
def _as_far_as_the_cdk_can() -> Iterator[None]:
    """Leave a finding to be answered by hand where the CDK is too old for its id, which has `::` in it twice."""
    try:
        yield
    except RuntimeError as error:
        if "InvalidValidationId" not in str(error):
            raise


def _flat(value: object) -> str:
    """Write a resolved text in the way of cdk-nag: references in angle brackets."""
    if isinstance(value, Mapping):
        ((function, argument),) = value.items()
        if function == "Fn::Join":
            return "".join(map(_flat, argument[1]))
        return f"<{argument if isinstance(argument, str) else '.'.join(map(str, argument))}>"
    return str(value)
