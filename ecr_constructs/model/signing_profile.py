"""
The ARN of a signing profile of AWS Signer, with which ECR signs images.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/managed-signing.html
"""

from __future__ import annotations

from collections.abc import Iterator

from ecr_constructs.model.partitions import arn_problems
from ecr_constructs.model.validation import StringConstraint, is_token

__all__ = ["signing_profile_problems"]

_PROFILE_ARN = StringConstraint(
    noun="signing profile",
    pattern=r"arn:aws(?:-[a-z]+)*:signer:[a-z0-9-]+:[0-9]{12}:/signing-profiles/[a-zA-Z0-9_]{2,}",
    allowed="a-zA-Z0-9_:/-",
    shape="write its ARN, such as 'arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release'",
    maximum=200,
)


def signing_profile_problems(arn: str, here: str | None, *, registry: str | None = None) -> Iterator[str]:
    """
    Yield the reasons why ECR cannot sign images with a profile.

    Args:
        arn: The ARN of the profile. A token has no problems.
        here: The Region of the stack. A token, or None, is not compared.
        registry: The Region of the registry, in which the profile must be. A token is not compared. Default: it is not
            known.

    >>> list(signing_profile_problems("arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release", "eu-west-1"))
    []

    """
    if is_token(arn):
        return
    if problems := _PROFILE_ARN.problems(arn):
        yield from (f"signing_profile_arn: {each}" for each in problems)
        return
    yield from arn_problems("signing_profile_arn", arn, here)
    region = arn.split(":")[3]
    if registry is not None and not is_token(registry) and region != registry:
        yield (
            f"signing_profile_arn: {arn!r} is of {region}, and the repositories are in {registry}; "
            f"use a profile of {registry}"
        )
