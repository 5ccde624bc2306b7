"""
The hosts of private ECR registries.

A registry has up to four hosts: for IPv4 only or for IPv4 and IPv6 (dual-stack), each also with FIPS. They serve the
same images. https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html and
https://docs.aws.amazon.com/general/latest/gr/ecr.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ecr_constructs.errors import InvalidName
from ecr_constructs.model.partitions import DNS_SUFFIXES, DUAL_STACK_SUFFIXES, partition_of

__all__ = ["RegistryHost", "dual_stack_host"]

_HOST = re.compile(
    r"(?P<account>[0-9]{12})\.dkr(?P<separator>[.-])ecr(?P<fips>-fips)?\.(?P<region>[a-z0-9-]+)\.(?P<suffix>[a-z0-9.-]+?)"
    r"(?::443)?"
)
# The partitions whose registries have dual-stack hosts by the AWS General Reference, and by the image patterns of the
# credential provider of Amazon EKS. The other suffixes are those of botocore. They are read, but not rendered.
_WITH_DUAL_STACK = ("aws", "aws-cn", "aws-us-gov")


@dataclass(frozen=True, kw_only=True, slots=True)
class RegistryHost:
    """
    The private registry of an account in a Region, from the host of a reference.

    Attributes:
        account: The account ID.
        region: The Region.
        is_dual_stack: Whether the host also has IPv6 addresses, such as `111122223333.dkr-ecr.eu-west-1.on.aws`.
        is_fips: Whether the host is a FIPS endpoint, such as `111122223333.dkr.ecr-fips.us-east-1.amazonaws.com`.

    """

    account: str
    region: str
    is_dual_stack: bool = False
    is_fips: bool = False

    @classmethod
    def parse(cls, host: str) -> RegistryHost | None:
        """
        Return the registry of a host, or None if it is not that of a private ECR registry.

        Upper-case letters and the port 443 do not change the host.

        Args:
            host: The host.

        >>> RegistryHost.parse("111122223333.dkr-ecr.eu-west-1.on.aws").environment
        '111122223333/eu-west-1'

        """
        found = _HOST.fullmatch(host.lower())
        if found is None:
            return None
        is_dual_stack = found["separator"] == "-"
        if found["suffix"] not in (DUAL_STACK_SUFFIXES if is_dual_stack else DNS_SUFFIXES):
            return None
        return cls(
            account=found["account"],
            region=found["region"],
            is_dual_stack=is_dual_stack,
            is_fips=found["fips"] is not None,
        )

    @property
    def environment(self) -> str:
        """The account and the Region, such as `111122223333/eu-west-1`. It is equal for all hosts of a registry."""
        return f"{self.account}/{self.region}"

    @property
    def canonical(self) -> str:
        """The host for IPv4, as `DescribeRepositories` returns it."""
        return f"{self.account}.dkr.ecr.{self.region}.{partition_of(self.region).dns_suffix}"


def dual_stack_host(account: str, region: str) -> str:
    """
    Return the dual-stack host of a registry.

    Args:
        account: The account ID, or a token.
        region: The Region.

    Raises:
        InvalidName: If AWS does not document dual-stack hosts for the partition of the Region.

    >>> dual_stack_host("111122223333", "eu-west-1")
    '111122223333.dkr-ecr.eu-west-1.on.aws'

    """
    partition = partition_of(region)
    if partition.name not in _WITH_DUAL_STACK:
        raise InvalidName(
            [f"AWS documents no dual-stack host for Region {region!r} in {partition.name!r}; remove dual_stack=True"]
        )
    return f"{account}.dkr-ecr.{region}.{partition.dual_stack_suffix}"
