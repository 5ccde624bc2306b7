"""Images that `aws ecr describe-images` listed, sorted into their repositories."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ecr_constructs.cli.exits import CommandError
from ecr_constructs.cli.sources.dumps import Dump, read_dumps
from ecr_constructs.cli.sources.inventory import Repository
from ecr_constructs.errors import InvalidImage
from ecr_constructs.model.grammar import REPOSITORY_NAME, shown
from ecr_constructs.model.images import Image, read_images

__all__ = ["read_repositories"]


def read_repositories(sources: Sequence[str]) -> tuple[Repository, ...]:
    """
    Read the images of repositories.

    Each image says which repository it is in, as AWS prints it. Where it does not say, and where a repository has no
    images, the file is named after the repository: `prod__api.json`, or `prod/api.json` in a folder, for `prod/api`.

    Args:
        sources: Files with what `aws ecr describe-images` prints, folders of them, or `-` for standard input.

    Returns:
        The repositories, by name. The pages of one repository may be spread over documents and files.

    Raises:
        CommandError: if something is not what `aws ecr describe-images` prints, or if it is of no repository.
        InvalidImage: for images that cannot be, with the file as the path.

    """
    found: dict[str, dict[str, Image]] = {}
    for source in sources:
        for dump in read_dumps(source):
            if not (dump.is_found and _is_about_a_policy(dump.document)):
                _add(dump, found)
    if not found:
        message = "no images are listed; give what 'aws ecr describe-images' printed"
        raise CommandError([message], path=f"--images {' '.join(sources)}")
    return tuple(Repository(name=name, images=tuple(images.values())) for name, images in sorted(found.items()))


def _add(dump: Dump, found: dict[str, dict[str, Image]]) -> None:
    try:
        images = read_images(dump.document)
    except InvalidImage as error:
        raise InvalidImage(error.problems, path=dump.where) from None
    if not images and dump.repository is not None and dump.is_whole:
        found.setdefault(_checked(dump.repository, dump), {})
    for image, detail in zip(images, _details(dump.document), strict=True):
        name = _name(detail, dump)
        known = found.setdefault(name, {}).setdefault(image.digest, image)
        if known != image:
            message = f"image {shown(image.digest)} of {name} is listed twice and differs; leave out the older listing"
            raise CommandError([message], path=dump.where)


def _details(document: Any) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401  (read_images took it, so it has the shape)
    """Give the details of a listing, in the order in which their images are read."""
    for entry in document["imageDetails"] if isinstance(document, Mapping) else document:
        if "imageDetails" in entry:
            yield from _details(entry)
        else:
            yield entry


def _name(detail: Mapping[str, Any], dump: Dump) -> str:
    name = dump.repository if (said := detail.get("repositoryName")) is None else said
    if name is None:
        message = (
            "the images do not say which repository they are in; keep repositoryName in the output, "
            "or write them into a file that is named after the repository"
        )
        raise CommandError([message], path=dump.where)
    return _checked(name, dump)


def _checked(name: object, dump: Dump) -> str:
    if isinstance(name, str) and REPOSITORY_NAME.accepts(name):
        return name
    message = (
        f"{shown(name)} is no name of a repository; keep repositoryName in the output of AWS, "
        "or name the file after the repository, 'prod__api.json' for prod/api"
    )
    raise CommandError([message], path=dump.where)


def _is_about_a_policy(document: object) -> bool:
    """Tell whether this is a policy that lies beside the images."""
    first = document[0] if isinstance(document, Sequence) and document else document
    return isinstance(first, Mapping) and "lifecyclePolicyText" in first
