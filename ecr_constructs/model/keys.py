"""
The properties of a key of AWS KMS that decide whether ECR can encrypt with it.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
"""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["usability_problems"]


def usability_problems(*, enabled: object, key_spec: object, key_usage: object) -> Iterator[str]:
    """
    Yield the reasons for which ECR cannot use a key.

    Args:
        enabled: Whether the key is enabled. None if it is not given.
        key_spec: The key spec. None if it is not given.
        key_usage: The key usage. None if it is not given.

    """
    if enabled is False:
        yield "the key has enabled=False, and ECR cannot encrypt with a disabled key; enable it"
    if key_spec not in (None, "SYMMETRIC_DEFAULT"):
        yield f"the key has key_spec {key_spec!r}; ECR requires SYMMETRIC_DEFAULT; remove key_spec"
    if key_usage not in (None, "ENCRYPT_DECRYPT"):
        yield f"the key has key_usage {key_usage!r}; ECR requires ENCRYPT_DECRYPT; remove key_usage"
