"""References to images, taken apart and checked: registry, repository, tag, digest."""

from __future__ import annotations

from dataclasses import dataclass

from ecr_constructs.errors import InvalidName
from ecr_constructs.model.validation import IMAGE_DIGEST, IMAGE_TAG, REGISTRY_HOST, REPOSITORY_NAME

__all__ = ["ImageReference"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageReference:
    """
    Which image is meant.

    Args:
        repository: The repository, by ECR's grammar.
        registry: The host, and its port if it has one. Default: left to whoever reads the reference.
        tag: A name that may move to another image, unless the repository forbids it. Default: none.
        digest: The image itself; it cannot move. Default: none.

    Raises:
        InvalidName: with every fault.

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
        """Refuse what is malformed, all parts at once."""
        optional = ((REGISTRY_HOST, self.registry), (IMAGE_TAG, self.tag), (IMAGE_DIGEST, self.digest))
        problems = [*REPOSITORY_NAME.problems(self.repository)]
        for grammar, text in optional:
            problems += () if text is None else grammar.problems(text)
        problems += _reading_problems(self) if not problems else ()
        if problems:
            raise InvalidName(problems)

    @classmethod
    def parse(cls, text: str) -> ImageReference:
        """
        Take a reference apart as `docker pull` does.

        The first part is a registry if it has a dot or a colon or is `localhost`.

        Args:
            text: Such as `nginx`, `library/nginx:1.27` or `host/repository@sha256:...`.

        Raises:
            InvalidName: with every fault.
            TypeError: if it is not a string.

        """
        if not isinstance(text, str):
            msg = f"image reference must be a string, got {text!r}"
            raise TypeError(msg)
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
        """Whether it names the image itself, so that no push can change what it means."""
        return self.digest is not None

    def __str__(self) -> str:
        """Write it as `docker pull` reads it."""
        registry = f"{self.registry}/" if self.registry is not None else ""
        tag = f":{self.tag}" if self.tag is not None else ""
        digest = f"@{self.digest}" if self.digest is not None else ""
        return f"{registry}{self.repository}{tag}{digest}"


def _reading_problems(reference: ImageReference) -> tuple[str, ...]:
    """Refuse what is legal in its parts, and would be taken apart otherwise when it is read again."""
    first, slash, _ = reference.repository.partition("/")
    if reference.registry is None and slash and _is_host(first):
        return (f"repository {reference.repository!r} reads as if {first!r} were its registry; give registry= too",)
    if reference.registry is not None and not _is_host(reference.registry):
        return (f"registry {reference.registry!r} reads as part of a repository; write a host with a dot or a port",)
    return ()


def _is_host(text: str) -> bool:
    return "." in text or ":" in text or text == "localhost"
