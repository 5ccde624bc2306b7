"""References to images: registry, repository, tag and digest, parsed and validated."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ecr_constructs.errors import InvalidName, Problems, expect
from ecr_constructs.model.registry_hosts import RegistryHost
from ecr_constructs.model.validation import IMAGE_DIGEST, IMAGE_TAG, REGISTRY_HOST, REPOSITORY_NAME

__all__ = ["ImageReference"]

# Amazon ECR Public: https://docs.aws.amazon.com/AmazonECR/latest/public/public-ecr-requests.html
_PUBLIC_ECR, _DUAL_STACK_PUBLIC_ECR = "public.ecr.aws", "ecr-public.aws.com"


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageReference:
    """
    A reference to an image.

    https://github.com/opencontainers/distribution-spec/blob/main/spec.md

    Args:
        repository: The name of the repository.
        registry: The host of the registry, with a port if it has one. Default: none.
        tag: The tag, which can be reassigned to another image unless it is immutable. Default: none.
        digest: The digest, which identifies one image. Default: none.

    Raises:
        InvalidName: With all problems.
        TypeError: If arguments are of the wrong kind.

    >>> ImageReference.parse("public.ecr.aws/docker/library/nginx:1.27").tag
    '1.27'
    >>> str(ImageReference(repository="my-app", tag="production"))
    'my-app:production'

    """

    repository: str
    registry: str | None = None
    tag: str | None = None
    digest: str | None = None

    def __post_init__(self) -> None:
        """Raise the problems of all parts."""
        problems = Problems()
        with problems.collect():
            REPOSITORY_NAME.require(self.repository)
        optional = ((REGISTRY_HOST, self.registry), (IMAGE_TAG, self.tag), (IMAGE_DIGEST, self.digest))
        for grammar, text in optional:
            with problems.collect():
                if text is not None:
                    grammar.require(text)
        if not problems:
            _check_reading(problems, self)
        problems.raise_if_any(InvalidName)

    @classmethod
    def parse(cls, text: str) -> ImageReference:
        """
        Return the reference in a text. It is parsed in the same way as by `docker pull`.

        The first part is a registry if it has a dot or a colon or is `localhost`.

        Args:
            text: The text, such as `nginx`, `library/nginx:1.27` or `host/repository@sha256:...`.

        Raises:
            InvalidName: With all problems.
            TypeError: If it is not a string.

        """
        expect("image reference", text, str, "")
        name, at, digest = text.partition("@")
        first, slash, rest = name.partition("/")
        has_registry = bool(slash) and _is_host(first)
        repository, colon, tag = (rest if has_registry else name).partition(":")
        return cls(
            registry=first if has_registry else None,
            repository=repository,
            tag=tag if colon else None,
            digest=digest if at else None,
        )

    @property
    def is_fixed(self) -> bool:
        """Whether it has a digest. No push can then change its image."""
        return self.digest is not None

    @property
    def ecr_registry(self) -> RegistryHost | None:
        """
        The private ECR registry, or None for another registry.

        All hosts of a registry have the same `environment`: those for IPv4, dual-stack and FIPS.
        """
        return None if self.registry is None else RegistryHost.parse(self.registry)

    @property
    def canonical(self) -> ImageReference:
        """
        The reference with the IPv4 host of its registry. References to an image with different hosts are then equal.

        >>> str(ImageReference.parse("111122223333.dkr-ecr.eu-west-1.on.aws/api:v1").canonical)
        '111122223333.dkr.ecr.eu-west-1.amazonaws.com/api:v1'

        """
        if self.registry == _DUAL_STACK_PUBLIC_ECR:
            return replace(self, registry=_PUBLIC_ECR)
        host = self.ecr_registry
        return self if host is None else replace(self, registry=host.canonical)

    def __str__(self) -> str:
        """Return the text that `docker pull` reads."""
        registry = f"{self.registry}/" if self.registry is not None else ""
        tag = f":{self.tag}" if self.tag is not None else ""
        digest = f"@{self.digest}" if self.digest is not None else ""
        return f"{registry}{self.repository}{tag}{digest}"


def _check_reading(problems: Problems, reference: ImageReference) -> None:
    """Check that the text of a reference has the same parts when it is parsed."""
    first, slash, _ = reference.repository.partition("/")
    if reference.registry is None and slash and _is_host(first):
        problems.add(f"repository {reference.repository!r} reads as if {first!r} were its registry; give registry= too")
    if reference.registry is not None and not _is_host(reference.registry):
        problems.add(
            f"registry {reference.registry!r} reads as part of a repository; write a host with a dot or a port"
        )


def _is_host(text: str) -> bool:
    return "." in text or ":" in text or text == "localhost"
