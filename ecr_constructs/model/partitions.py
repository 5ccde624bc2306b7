"""
Partitions of AWS, and the partition of each Region.

Accounts, keys, roles and registries of different partitions cannot be used together.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ecr_constructs.model.validation import is_token

__all__ = ["DNS_SUFFIXES", "DUAL_STACK_SUFFIXES", "Partition", "arn_problems", "partition_of", "region_problems"]


class Partition(NamedTuple):
    """
    A partition of AWS.

    Attributes:
        name: The second field of its ARNs.
        dns_suffix: The end of the host names of its services.
        dual_stack_suffix: The end of the dual-stack host names of its registries.

    """

    name: str
    dns_suffix: str
    dual_stack_suffix: str


# The partitions by the beginning of the names of their Regions. All other Regions are in the partition `aws`.
_PARTITIONS = (
    ("cn-", Partition("aws-cn", "amazonaws.com.cn", "on.amazonwebservices.com.cn")),
    ("us-gov-", Partition("aws-us-gov", "amazonaws.com", "on.aws")),
    ("eusc-", Partition("aws-eusc", "amazonaws.eu", "on.amazonwebservices.eu")),
    ("us-iso-", Partition("aws-iso", "c2s.ic.gov", "on.aws.ic.gov")),
    ("us-isob-", Partition("aws-iso-b", "sc2s.sgov.gov", "on.aws.scloud")),
    ("us-isof-", Partition("aws-iso-f", "csp.hci.ic.gov", "on.aws.hci.ic.gov")),
    ("eu-isoe-", Partition("aws-iso-e", "cloud.adc-e.uk", "on.cloud-aws.adc-e.uk")),
)
_COMMERCIAL = Partition("aws", "amazonaws.com", "on.aws")

_ALL = (_COMMERCIAL, *(partition for _, partition in _PARTITIONS))
DNS_SUFFIXES = frozenset(each.dns_suffix for each in _ALL)
DUAL_STACK_SUFFIXES = frozenset(each.dual_stack_suffix for each in _ALL)


def partition_of(region: str) -> Partition:
    """
    Return the partition of a Region.

    Args:
        region: The Region.

    >>> partition_of("cn-north-1").name
    'aws-cn'

    """
    return next((partition for start, partition in _PARTITIONS if region.startswith(start)), _COMMERCIAL)


def region_problems(what: str, there: str, here: str | None) -> Iterator[str]:
    """
    Check that two Regions are in one partition.

    Args:
        what: The argument, for the message.
        there: The Region that is given. A token is not compared.
        here: The Region of the stack; `None` if it is known only at deployment.

    Yields:
        One sentence for each problem.

    >>> list(region_problems("replication", "eu-west-1", "us-east-1"))
    []

    """
    if here is None or is_token(here) or is_token(there):
        return
    theirs, ours = partition_of(there).name, partition_of(here).name
    if theirs != ours:
        yield (
            f"{what}: Region {there!r} is in partition {theirs!r} and {here!r} in {ours!r}; name a Region of {ours!r}"
        )


def arn_problems(what: str, arn: str, here: str | None) -> Iterator[str]:
    """
    Check that an ARN is of the partition of a Region.

    Args:
        what: The argument, for the message.
        arn: The ARN. A partition that is a token or has a wildcard is not compared.
        here: The Region of the stack; `None` if it is known only at deployment.

    Yields:
        One sentence for each problem.

    >>> list(arn_problems("role", "arn:aws:iam::111122223333:role/ecr", "eu-west-1"))
    []

    """
    if here is None or is_token(here) or not arn.startswith("arn:"):
        return
    theirs, ours = arn.split(":")[1], partition_of(here).name
    if theirs != ours and "*" not in theirs and not is_token(theirs):
        yield f"{what}: {arn!r} is of partition {theirs!r} and {here!r} in {ours!r}; write 'arn:{ours}:...'"
