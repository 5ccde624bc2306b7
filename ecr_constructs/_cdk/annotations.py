"""Annotations of the CDK: warnings and notes that are reported when the app synthesizes."""

from __future__ import annotations

from collections.abc import Iterable

import aws_cdk as cdk
from constructs import Construct

__all__ = ["annotations_of", "note_services"]


def annotations_of(construct: Construct) -> cdk.Annotations:
    """
    Return the annotations of the resource of a construct, for those that are added when the app synthesizes.

    Args:
        construct: A construct with a default child.

    """
    # Older CDKs overlook what was acknowledged before on the very construct of an annotation.
    return cdk.Annotations.of(construct.node.default_child or construct)


def note_services(construct: Construct, services: Iterable[str]) -> None:
    """
    Add a note to a construct about each AWS service that its policy allows on behalf of any account.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html

    Args:
        construct: The construct with the policy.
        services: The services, such as `lambda.amazonaws.com`.

    """
    for service in services:
        cdk.Annotations.of(construct).add_info_v2(
            "ecr-constructs:serviceOfAnyAccount",
            f"a statement of the policy allows {service} on behalf of any account; add a condition on aws:SourceArn or "
            "aws:SourceAccount, which Access.lambda_pull(account) has for Lambda",
        )
