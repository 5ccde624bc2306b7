"""
The nine registries that ECR can cache.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ecr_constructs.errors import InvalidName, Problems
from ecr_constructs.model.partitions import partition_of
from ecr_constructs.model.validation import ACCOUNT_ID, REGION, StringConstraint

__all__ = ["Credentials", "Upstream", "UpstreamRegistry"]

UpstreamRegistry = Literal[
    "ecr",
    "ecr-public",
    "quay",
    "k8s",
    "docker-hub",
    "github-container-registry",
    "azure-container-registry",
    "gitlab-container-registry",
    "chainguard",
]
# `role`: needed for a registry of another account, nothing for the own one.
Credentials = Literal["none", "secret", "role"]

# https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
_AZURE_REGISTRY = StringConstraint(
    noun="Azure registry",
    pattern=r"[0-9a-z]+(?:-[0-9a-z]+)*\.azurecr\.io",
    allowed="0-9a-z.-",
    shape="write its login server, such as 'mycompany.azurecr.io'",
    maximum=61,
)


_ECR_REGISTRY = StringConstraint(
    noun="ECR registry",
    pattern=r"[0-9]{12}\.dkr\.ecr\.[0-9a-z-]+(?:\.[0-9a-z-]+)+",
    allowed="0-9a-z.-",
    shape="write its host, such as '111122223333.dkr.ecr.eu-west-1.amazonaws.com'",
    maximum=80,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Upstream:
    """
    A registry whose images ECR copies when they are first pulled.

    Make one with the method of its name.

    Args:
        registry: What ECR calls it.
        url: Where it is.
        default_prefix: What the names of cached repositories begin with, unless told otherwise.
        credentials: What ECR needs to read from it: `none`, a `secret`, or for private ECR a `role`.

    >>> Upstream.docker_hub().credentials
    'secret'

    """

    registry: UpstreamRegistry
    url: str
    default_prefix: str
    credentials: Credentials

    @classmethod
    def ecr_public(cls) -> Upstream:
        """Amazon ECR Public, without credentials."""
        return cls(registry="ecr-public", url="public.ecr.aws", default_prefix="ecr-public", credentials="none")

    @classmethod
    def kubernetes(cls) -> Upstream:
        """The Kubernetes registry, without credentials."""
        return cls(registry="k8s", url="registry.k8s.io", default_prefix="kubernetes", credentials="none")

    @classmethod
    def quay(cls) -> Upstream:
        """Quay, without credentials."""
        return cls(registry="quay", url="quay.io", default_prefix="quay", credentials="none")

    @classmethod
    def docker_hub(cls) -> Upstream:
        """Docker Hub, with a secret. Official images live under `library/`."""
        return cls(registry="docker-hub", url="registry-1.docker.io", default_prefix="docker-hub", credentials="secret")

    @classmethod
    def github(cls) -> Upstream:
        """GitHub's container registry, with a secret."""
        return cls(registry="github-container-registry", url="ghcr.io", default_prefix="github", credentials="secret")

    @classmethod
    def gitlab(cls) -> Upstream:
        """GitLab's container registry, with a secret. Only gitlab.com, not servers of one's own."""
        return cls(
            registry="gitlab-container-registry",
            url="registry.gitlab.com",
            default_prefix="gitlab",
            credentials="secret",
        )

    @classmethod
    def chainguard(cls) -> Upstream:
        """Chainguard, with a secret that holds a pull token."""
        return cls(registry="chainguard", url="cgr.dev", default_prefix="chainguard", credentials="secret")

    @classmethod
    def azure(cls, host: str) -> Upstream:
        """
        Give a registry in Azure, with a secret.

        Args:
            host: Its login server.

        Raises:
            InvalidName: If that is not the login server of an Azure registry.

        >>> Upstream.azure("mycompany.azurecr.io").url
        'mycompany.azurecr.io'

        """
        _AZURE_REGISTRY.require(host)
        return cls(registry="azure-container-registry", url=host, default_prefix="azure", credentials="secret")

    @classmethod
    def ecr(cls, host: str | None = None, *, account: str | None = None, region: str | None = None) -> Upstream:
        """
        Give a private ECR registry, of another account (with a role) or of another region.

        Args:
            host: Where it is. Default: made of account and region.
            account: The account that owns it, 12 digits, if no host is given.
            region: The region it is in, if no host is given.

        Raises:
            InvalidName: With all problems.

        >>> Upstream.ecr("111122223333.dkr.ecr.eu-west-1.amazonaws.com") == Upstream.ecr(
        ...     account="111122223333", region="eu-west-1"
        ... )
        True

        """
        if host is not None:
            if account is not None or region is not None:
                raise InvalidName(["host: it has the account and the region in it; leave out account= and region="])
            _ECR_REGISTRY.require(host)
            account, region = host.split(".")[0], host.split(".")[3]
        if account is None or region is None:
            raise InvalidName(["give the host of the registry, or account= and region="])
        problems = Problems()
        for grammar, text in ((ACCOUNT_ID, account), (REGION, region)):
            with problems.collect():
                grammar.require(text)
        problems.raise_if_any(InvalidName)
        url = f"{account}.dkr.ecr.{region}.{partition_of(region).dns_suffix}"
        if host is not None and host != url:
            raise InvalidName([f"ECR registry {host!r} is not where registries of {region} are; that is {url!r}"])
        return cls(registry="ecr", url=url, default_prefix="ecr", credentials="role")
