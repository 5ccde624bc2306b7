"""
The properties of a key of AWS KMS that decide whether a service can encrypt with it.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
"""

from __future__ import annotations

from collections.abc import Iterator

from ecr_constructs.model.template_syntax import boolean

__all__ = ["usability_problems"]


def usability_problems(*, enabled: object, key_spec: object, key_usage: object, service: str = "ECR") -> Iterator[str]:
    """
    Yield the reasons why a service cannot use a key.

    Args:
        enabled: Whether the key is enabled. None if it is not given.
        key_spec: The key spec. None if it is not given.
        key_usage: The key usage. None if it is not given.
        service: The service. Default: `ECR`.

    """
    if boolean(enabled) is False:
        yield f"the key has enabled=False, and {service} cannot encrypt with a disabled key; enable it"
    if key_spec not in (None, "SYMMETRIC_DEFAULT"):
        yield f"the key has key_spec {key_spec!r}; {service} requires SYMMETRIC_DEFAULT; remove key_spec"
    if key_usage not in (None, "ENCRYPT_DECRYPT"):
        yield f"the key has key_usage {key_usage!r}; {service} requires ENCRYPT_DECRYPT; remove key_usage"
