"""`DigestPinning`: the rules about images that are deployed by a tag that can be reassigned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, NamedTuple, get_args, overload
from weakref import WeakKeyDictionary

from ecr_constructs.assembly import exclusion_filters
from ecr_constructs.assembly.image_uses import IMAGE_TYPES, UNKNOWN, AppImages, ImageUse, is_content_addressed
from ecr_constructs.errors import EcrConstructsError, InvalidName, Problems
from ecr_constructs.model import wildcards
from ecr_constructs.model.compliance.resources import AppResources, NotDecidable, TemplateResource
from ecr_constructs.model.compliance.rule import Breach, ComplianceRule
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.references import ImageReference

__all__ = ["DigestPinning"]

PinningLevel = Literal["error", "warning", "info"]

_MUTABLE, _LATEST, _PUBLIC = "image-tag-mutable", "image-tag-latest", "image-tag-public"
_UNKNOWN_REGISTRY, _NOT_KNOWN = "image-tag-unknown", "image-not-known"
_PIN = "Use the digest: `repository.pinned(tag)`, or `image@sha256:...`"
# The requirement and the fix of each rule.
_RULES = {
    _MUTABLE: (
        "An image of a repository of the app has a digest or an immutable tag.",
        f"{_PIN}. Or make the tag immutable, with `Immutability.all_tags()` or `Immutability.only_tags(...)`.",
    ),
    _LATEST: (
        "An image has a digest or a version, and not the tag `latest`.",
        f"{_PIN}. `latest` is also the tag of a reference without a tag.",
    ),
    _PUBLIC: (
        "An image of a public registry has a digest.",
        f"{_PIN}. With a `PullThroughCache`, `cache.pinned(...)` is the digest in your registry.",
    ),
    _UNKNOWN_REGISTRY: (
        "An image of a registry outside the app has a digest.",
        f"{_PIN}. If the repository has immutable tags, add it to `DigestPinning(immutable_repositories=[...])`.",
    ),
    _NOT_KNOWN: (
        "The image of a workload is known when the app synthesizes.",
        "Use a literal reference instead of a parameter or a value of another app.",
    ),
}
# Public registries, and registries whose images are public by default.
_PUBLIC_REGISTRIES = frozenset(
    {
        "docker.io",
        "index.docker.io",
        "registry-1.docker.io",
        "public.ecr.aws",
        "quay.io",
        "ghcr.io",
        "gcr.io",
        "registry.k8s.io",
        "k8s.gcr.io",
        "mcr.microsoft.com",
        "registry.gitlab.com",
        "cgr.dev",
        "nvcr.io",
        "registry.access.redhat.com",
    }
)


@dataclass(frozen=True, kw_only=True)
class DigestPinning(Sequence[ComplianceRule]):
    """
    The rules about images that are deployed by a tag that can be reassigned to another image.

    The next deployment, or the next instance that starts, pulls the image that then has the tag. The rules check task
    definitions of Amazon ECS, functions of AWS Lambda, job definitions of AWS Batch, services of AWS App Runner,
    projects of AWS CodeBuild, models of Amazon SageMaker, and manifests of Amazon EKS in all templates of an app:

    - `image-tag-mutable`: the tag is in a repository of the app that does not make it immutable.
    - `image-tag-latest`: the tag is `latest`, or there is none.
    - `image-tag-public`: the image is in a public registry.
    - `image-tag-unknown`: the image is in a registry or repository outside the app.
    - `image-not-known`: the image is known only at deployment. Its level is `info`.

    An image with a digest, and an immutable tag of a repository of the app, meet the rules. So do images that AWS
    CodeBuild manages, and image assets of the CDK: their tag is the hash of their content, and the repository of
    `cdk bootstrap` has immutable tags.

    Args:
        level: `error`, `warning` or `info`. Default: `warning`.
        immutable_repositories: Repositories outside the app with immutable tags, as patterns in which `*` matches any
            characters: with a host, or as the name in any private ECR registry. Default: none.

    Raises:
        EcrConstructsError: If the level does not exist, or a pattern is empty or matches everything.
        TypeError: If arguments are of the wrong kind.

    >>> import aws_cdk as cdk
    >>> from ecr_constructs import Guardrails
    >>> app = cdk.App()
    >>> cdk.Validations.of(app).add_plugins(Guardrails(rules=DigestPinning(level="error")))
    >>> [rule.id for rule in DigestPinning()][0]
    'image-tag-mutable'

    """

    level: PinningLevel = "warning"
    immutable_repositories: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Check the kinds and the values."""
        problems = Problems()
        if problems.expect("level", self.level, str, "'error'") and self.level not in get_args(PinningLevel):
            problems.add(f"level is {self.level!r}; use {', '.join(get_args(PinningLevel))}")
        name, example = "immutable_repositories", "['shared/*']"
        if problems.expect(name, self.immutable_repositories, Sequence, example, each=str):
            problems.extend(
                f"immutable_repositories: {each!r} matches every repository; write names, such as {example}"
                for each in self.immutable_repositories
                if not each.strip("*/")
            )
        problems.raise_if_any(EcrConstructsError)
        object.__setattr__(self, "immutable_repositories", tuple(self.immutable_repositories))

    def __len__(self) -> int:
        return len(_RULES)

    @overload
    def __getitem__(self, index: int) -> ComplianceRule: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[ComplianceRule]: ...
    def __getitem__(self, index: int | slice) -> ComplianceRule | Sequence[ComplianceRule]:
        return tuple(self._rule(id) for id in _RULES)[index]

    def _rule(self, id: str) -> ComplianceRule:
        requirement, remedy = _RULES[id]
        return ComplianceRule(
            id=id,
            level="info" if id == _NOT_KNOWN else self.level,
            types=IMAGE_TYPES,
            requirement=requirement,
            remedy=remedy,
            check=partial(_check, id, tuple(self.immutable_repositories)),
        )


class _ImageFinding(NamedTuple):
    """A rule that an image does not meet, and the fact."""

    rule: str
    sentence: str


# The images of the checked apps, because each rule reads the images of each resource.
_images: WeakKeyDictionary[AppResources, AppImages] = WeakKeyDictionary()


def _check(rule: str, immutable: Sequence[str], resource: TemplateResource, app: AppResources) -> Iterator[Breach]:
    """Yield a breach of a rule for each image of a resource that does not meet it."""
    if app not in _images:
        _images[app] = AppImages(app)
    for use in _images[app].uses(resource):
        found = _finding(use, immutable)
        if found is not None and found.rule == rule:
            yield Breach(found.sentence, use.location)


def _finding(use: ImageUse, immutable: Sequence[str]) -> _ImageFinding | None:
    """Return the rule that an image does not meet, if there is one."""
    reference = use.reference
    if reference is None:
        return _ImageFinding(_NOT_KNOWN, f"the workload uses {use.text}")
    if use.repositories and not reference.is_fixed:
        return next(filter(None, (_of_repository(use, reference, each) for each in use.repositories)), None)
    if reference.is_fixed or is_content_addressed(reference) or _is_listed(reference, immutable):
        return None
    return _outside(use, reference)


def _outside(use: ImageUse, reference: ImageReference) -> _ImageFinding:
    """Return the finding for a tag of an image that is in no repository of the app."""
    if UNKNOWN in (reference.registry or "") or UNKNOWN in reference.repository:
        return _ImageFinding(_NOT_KNOWN, f"the repository of {use.shown} is known only at deployment")
    if reference.tag in (None, "latest"):
        return _ImageFinding(_LATEST, f"{use.shown} is the image that has the tag 'latest' when it is pulled")
    registry = reference.canonical.registry
    if registry is None or registry in _PUBLIC_REGISTRIES:
        return _ImageFinding(_PUBLIC, f"{use.shown} can be reassigned in the public registry {registry or 'docker.io'}")
    where = f"the registry {registry}" if reference.ecr_registry is None else _shown_registry(use)
    return _ImageFinding(
        _UNKNOWN_REGISTRY, f"{use.shown} is in a repository of {where} that is not in the app; its tag can be mutable"
    )


def _shown_registry(use: ImageUse) -> str:
    account, region = use.place
    return f"the ECR registry {account}/{region}" if account and region else "the ECR registry of the stack"


def _is_listed(reference: ImageReference, immutable: Sequence[str]) -> bool:
    name = f"{reference.canonical.registry}/{reference.repository}"
    is_ecr = reference.ecr_registry is not None
    return any(
        wildcards.matches(each, name) or (is_ecr and wildcards.matches(each, reference.repository))
        for each in immutable
    )


def _of_repository(use: ImageUse, reference: ImageReference, repository: TemplateResource) -> _ImageFinding | None:
    """Return the finding for an image in a repository of the app, or in one that ECR creates with a template."""
    label = repository.label.removesuffix("/Resource")
    is_created = repository.type != "AWS::ECR::Repository"
    owner = f"repositories that ECR creates with {label}" if is_created else label
    try:
        immutability = _immutability(repository)
    except (InvalidName, NotDecidable):
        return _ImageFinding(_NOT_KNOWN, f"ImageTagMutability of {owner} is known only at deployment, for {use.shown}")
    tag = reference.tag or "latest"
    if UNKNOWN in tag and immutability.filters:
        return _ImageFinding(
            _NOT_KNOWN, f"the tag of {use.shown} is known only at deployment, and {owner} has exclusions"
        )
    if immutability.is_immutable(tag):
        return None
    return _ImageFinding(
        _MUTABLE, f"{use.shown} can be reassigned to another image: {owner} has ImageTagMutability {immutability}"
    )


def _immutability(repository: TemplateResource) -> Immutability:
    mode: Any = repository.value("ImageTagMutability") or "MUTABLE"
    filters = repository.value("ImageTagMutabilityExclusionFilters")
    for each in filters or ():
        if not isinstance(each, dict) or not isinstance(each.get("ImageTagMutabilityExclusionFilterValue"), str):
            raise NotDecidable("an exclusion filter is known only at deployment")
    return Immutability(mode=mode, filters=exclusion_filters(repository.properties) if filters else ())
