"""
The upstream registries of pull-through caches.

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
# `role`: required for a registry of another account only.
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
    An upstream registry of a pull-through cache.

    Create one with the method for the registry.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html

    Args:
        registry: The name of the registry in the ECR API.
        url: The host of the registry.
        default_prefix: The default prefix of cached repositories.
        credentials: The credentials that ECR needs: `none`, a `secret`, or a `role` for private ECR.

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
        """Docker Hub, with a secret. Official images are under `library/`."""
        return cls(registry="docker-hub", url="registry-1.docker.io", default_prefix="docker-hub", credentials="secret")

    @classmethod
    def github(cls) -> Upstream:
        """GitHub's container registry, with a secret."""
        return cls(registry="github-container-registry", url="ghcr.io", default_prefix="github", credentials="secret")

    @classmethod
    def gitlab(cls) -> Upstream:
        """GitLab's container registry on gitlab.com, with a secret. Self-managed servers are not supported."""
        return cls(
            registry="gitlab-container-registry",
            url="registry.gitlab.com",
            default_prefix="gitlab",
            credentials="secret",
        )

    @classmethod
    def chainguard(cls) -> Upstream:
        """Chainguard, with a secret that contains a pull token."""
        return cls(registry="chainguard", url="cgr.dev", default_prefix="chainguard", credentials="secret")

    @classmethod
    def azure(cls, host: str) -> Upstream:
        """
        Return a registry in Azure, with a secret.

        Args:
            host: The login server.

        Raises:
            InvalidName: If the host is not the login server of an Azure registry.

        >>> Upstream.azure("mycompany.azurecr.io").url
        'mycompany.azurecr.io'

        """
        _AZURE_REGISTRY.require(host)
        return cls(registry="azure-container-registry", url=host, default_prefix="azure", credentials="secret")

    @classmethod
    def ecr(cls, host: str | None = None, *, account: str | None = None, region: str | None = None) -> Upstream:
        """
        Return a private ECR registry of another Region, or of another account with a role.

        Args:
            host: The host of the registry. Default: the host for the account and the Region.
            account: The account of the registry, 12 digits. Required without `host`.
            region: The Region of the registry. Required without `host`.

        Raises:
            InvalidName: With all problems.

        >>> Upstream.ecr("111122223333.dkr.ecr.eu-west-1.amazonaws.com") == Upstream.ecr(
        ...     account="111122223333", region="eu-west-1"
        ... )
        True

        """
        if host is not None:
            if account is not None or region is not None:
                raise InvalidName(["host: it contains the account and the Region; remove account= and region="])
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
            raise InvalidName([f"ECR registry {host!r} does not exist in {region}; use {url!r}"])
        return cls(registry="ecr", url=url, default_prefix="ecr", credentials="role")
