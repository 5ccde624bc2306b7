"""The images that the templates of an app deploy: by a tag that can have a pin, or by a digest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ecr_constructs.assembly import AssemblyStack
from ecr_constructs.assembly.image_uses import IMAGE_TYPES, UNKNOWN, AppImages, ImageUse, is_content_addressed
from ecr_constructs.assembly.template_resources import app_resources
from ecr_constructs.model.pins import ImagePin
from ecr_constructs.model.references import ImageReference

__all__ = ["DeployedImages", "deployed_images"]


@dataclass(kw_only=True)
class DeployedImages:
    """
    The images of private ECR registries that templates deploy.

    Attributes:
        tags: The registry of each image, by the image such as `prod/api:v1`: the account and Region. Each is None if
            the template does not determine it.
        digests: The images with a digest: the repository, None if CloudFormation generates its name, and the digest.
        unnamed: The images by a tag whose repository has no literal name.

    """

    tags: dict[str, list[tuple[str | None, str | None]]] = field(default_factory=dict)
    digests: set[tuple[str | None, str]] = field(default_factory=set)
    unnamed: list[str] = field(default_factory=list)

    def in_registry(self, account: str, region: str) -> list[str]:
        """Return the images by a tag that are in a registry, or can be in it."""
        return [
            image
            for image, places in self.tags.items()
            if any(a in (None, account) and r in (None, region) for a, r in places)
        ]

    def has_digest_of(self, pin: ImagePin) -> bool:
        """Return whether a template deploys the digest of a pin."""
        return any((name, pin.digest) in self.digests for name in (pin.repository, None))


def deployed_images(stacks: Iterable[AssemblyStack]) -> DeployedImages:
    """
    Return the images that templates deploy from private ECR registries.

    Args:
        stacks: The stacks.

    """
    app = app_resources(stacks)
    images = AppImages(app)
    found = DeployedImages()
    for resource in app.all:
        for use in images.uses(resource) if resource.type in IMAGE_TYPES else ():
            if use.reference is not None and use.reference.ecr_registry is not None:
                _add(found, use, use.reference)
    return found


def _add(found: DeployedImages, use: ImageUse, reference: ImageReference) -> None:
    name = None if use.is_unnamed or UNKNOWN in reference.repository else reference.repository
    if reference.digest is not None:
        found.digests.add((name, reference.digest))
    elif is_content_addressed(reference) or UNKNOWN in (reference.tag or ""):
        return
    elif name is None:
        found.unnamed.append(use.shown)
    else:
        places = found.tags.setdefault(f"{name}:{reference.tag or 'latest'}", [])
        if use.place not in places:
            places.append(use.place)
