"""Images that `aws ecr describe-images` listed, sorted into their repositories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ecr_constructs.cli.errors import CommandError, truncate
from ecr_constructs.cli.sources.json_files import JsonDocument, holds_policies, read_dumps
from ecr_constructs.cli.sources.records import Repository
from ecr_constructs.errors import InvalidImage
from ecr_constructs.model.images import Image, read_images
from ecr_constructs.model.validation import REPOSITORY_NAME, abbreviate

__all__ = ["read_repositories"]

_TOKENS = ("nextToken", "NextToken")
# AWS says these of every image. One without them is read, and may be something else than it looks like.
_TOLD = ("imageManifestMediaType", "imageSizeInBytes")


def read_repositories(sources: Sequence[str], *, unnamed: str | None = None) -> tuple[Repository, ...]:
    """
    Read the images of repositories.

    Each image says which repository it is in, as AWS prints it. Where it does not say, and where a repository has no
    images, the file is named after the repository: `prod__api.json`, or `prod/api.json` in a folder, for `prod/api`.

    Args:
        sources: Files with what `aws ecr describe-images` prints, folders of them, or `-` for standard input.
        unnamed: The repository of listings that name none and were not found in a folder. Default: as their file says.

    Returns:
        The repositories, by name. The pages of one repository may be spread over documents and files.

    Raises:
        CommandError: if something is not what `aws ecr describe-images` prints, if it is of no repository, or if its
            last page is missing.
        InvalidImage: for images that cannot be, with the file as the path.

    """
    listings = _Listings(unnamed)
    for source in sources:
        for dump in read_dumps(source):
            if not (dump.is_found and holds_policies(dump.document)):
                listings.add(dump)
    if found := listings.repositories():
        return found
    message = "no images are listed; give what 'aws ecr describe-images' printed"
    raise CommandError([message], path=f"--images {' '.join(sources)}")


class _Listings:
    """What has been read so far, by repository."""

    def __init__(self, unnamed: str | None) -> None:
        self._unnamed = unnamed
        self._images: dict[str, dict[str, Image]] = {}
        self._missing: dict[str, Counter[str]] = {}
        # Where a page says that there are more, and whose pages have come to an end.
        self._going_on: dict[str | None, str] = {}
        self._ended: set[str | None] = set()

    def add(self, dump: JsonDocument) -> None:
        """Sort the images of a document into their repositories."""
        images, default = _read(dump), dump.repository if dump.is_found else self._unnamed or dump.repository
        if not images and default is not None and dump.is_whole:
            self._images.setdefault(_checked(default, dump), {})
        for image, detail in zip(images, _details(dump.document), strict=True):
            self._add(_name(detail, default, dump), image, detail, dump)
        for page in _pages(dump.document):
            names = {detail.get("repositoryName") or default for detail in _details(page)} or {default}
            if any(page.get(token) for token in _TOKENS):
                self._going_on |= dict.fromkeys(names, dump.where)
            else:
                self._ended |= names

    def repositories(self) -> tuple[Repository, ...]:
        """Give them by name, if all their pages are there."""
        for name, where in self._going_on.items():
            if name not in self._ended:
                of = f" of {name}" if name else ""
                message = f"the listing{of} goes on; list all images, without --max-items, or give every page"
                raise CommandError([message], path=where)
        return tuple(
            Repository(name=name, images=tuple(images.values()), missing=self._missing.get(name, {}))
            for name, images in sorted(self._images.items())
        )

    def _add(self, name: str, image: Image, detail: Mapping[str, Any], dump: JsonDocument) -> None:
        images = self._images.setdefault(name, {})
        if (known := images.get(image.digest)) is None:
            images[image.digest] = image
            if any(detail.get(field) is None for field in _TOLD):
                missing = self._missing.setdefault(name, Counter())
                missing.update(field for field in _TOLD if detail.get(field) is None)
        elif known != image:
            message = (
                f"image {abbreviate(image.digest)} of {name} is listed twice and differs; leave out the older listing"
            )
            raise CommandError([message], path=dump.where)


def _read(dump: JsonDocument) -> tuple[Image, ...]:
    if holds_policies(dump.document):
        message = "this is a policy or a template, and no listing of images; give it before --images"
        raise CommandError([message], path=dump.where)
    try:
        return read_images(_without_tokens(dump.document))
    except InvalidImage as error:
        problems = truncate(error.problems)
        if any(": missing; " in problem for problem in error.problems):
            problems.append("what is missing may have been left out by --query; list the images whole, without it")
        raise InvalidImage(problems, path=dump.where) from None


def _without_tokens(document: object) -> object:
    """Leave out that there are more pages: they may be in other documents."""
    if isinstance(document, Mapping):
        return {key: value for key, value in document.items() if key not in _TOKENS}
    pages = list(_pages(document))
    return list(map(_without_tokens, pages)) if isinstance(document, list) and len(pages) == len(document) else document


def _pages(document: object) -> Iterator[Mapping[str, Any]]:
    for page in document if isinstance(document, list) else [document]:
        if isinstance(page, Mapping) and "imageDetails" in page:
            yield page


def _details(document: Any) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401  (read_images took it, so it has the shape)
    """Give the details of a listing, in the order in which their images are read."""
    for entry in document["imageDetails"] if isinstance(document, Mapping) else document:
        if "imageDetails" in entry:
            yield from _details(entry)
        else:
            yield entry


def _name(detail: Mapping[str, Any], default: str | None, dump: JsonDocument) -> str:
    name = default if (said := detail.get("repositoryName")) is None else said
    if name is None:
        message = (
            "the images do not say which repository they are in; say it with --repository, "
            "or write them into a file that is named after the repository"
        )
        raise CommandError([message], path=dump.where)
    return _checked(name, dump)


def _checked(name: object, dump: JsonDocument) -> str:
    if isinstance(name, str) and REPOSITORY_NAME.accepts(name):
        return name
    message = (
        f"{abbreviate(name)} is no name of a repository; keep repositoryName in the output of AWS, "
        "or name the file after the repository, 'prod__api.json' for prod/api"
    )
    raise CommandError([message], path=dump.where)
