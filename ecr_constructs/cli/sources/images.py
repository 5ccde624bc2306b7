"""The images of repositories, in the output of `aws ecr describe-images`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ecr_constructs.cli.errors import MOST_LINES, CommandError
from ecr_constructs.cli.formatting import truncate
from ecr_constructs.cli.sources.json_files import JsonDocument, holds_policies, read_json_documents
from ecr_constructs.cli.sources.records import Repository
from ecr_constructs.errors import InvalidImage
from ecr_constructs.model.images import Image, read_images
from ecr_constructs.model.validation import REPOSITORY_NAME, abbreviate

__all__ = ["read_repositories"]

_TOKENS = ("nextToken", "NextToken")
# ECR returns these fields for every image. Without them an image index looks like an image, or has no size.
_EXPECTED_FIELDS = ("imageManifestMediaType", "imageSizeInBytes")


def read_repositories(sources: Sequence[str], *, unnamed: str | None = None) -> tuple[Repository, ...]:
    """
    Return the repositories with their images.

    The output of the AWS CLI has the name of the repository for each image. For an image without it, and for a
    repository without images, the file is named after the repository: `prod__api.json`, or `prod/api.json` in a folder,
    for `prod/api`.

    Args:
        sources: Files with the output of `aws ecr describe-images`, folders of them, or `-` for standard input.
        unnamed: The repository of listings without a name that are not in a folder. Default: that of the file name.

    Returns:
        The repositories, by name. The pages of a repository can be in several documents and files.

    Raises:
        CommandError: If a document is not output of `aws ecr describe-images`, if its repository is not known, or if
            its last page is missing.
        InvalidImage: For images that cannot exist, with the file as the path.

    """
    listings = _Listings(unnamed)
    for source in sources:
        for document in read_json_documents(source):
            if not (document.is_in_folder and holds_policies(document.document)):
                listings.add(document)
    if found := listings.repositories():
        return found
    message = "no images are listed; give the output of 'aws ecr describe-images'"
    raise CommandError([message], path=f"--images {' '.join(sources)}")


class _Listings:
    """The images of all documents, by repository."""

    def __init__(self, unnamed: str | None) -> None:
        self._unnamed = unnamed
        self._images: dict[str, dict[str, Image]] = {}
        self._missing: dict[str, Counter[str]] = {}
        # The document of a page that another one must follow, and the repositories whose last page was read.
        self._unfinished: dict[str | None, str] = {}
        self._ended: set[str | None] = set()

    def add(self, document: JsonDocument) -> None:
        """Add the images of a document to their repositories."""
        images = _read_listing(document)
        default = document.repository if document.is_in_folder else self._unnamed or document.repository
        if not images and default is not None and document.is_alone:
            self._images.setdefault(_valid_name(default, document), {})
        for image, detail in zip(images, _details(document.document), strict=True):
            name = detail.get("repositoryName", default)
            # A listing can have a million images. The name of a repository with images has been checked.
            of_repository = self._images.get(name) if type(name) is str else None
            if of_repository is None:
                of_repository = self._images.setdefault(name := _repository_of(detail, default, document), {})
            if of_repository.setdefault(image.digest, image) is not image:
                _require_equal(image, of_repository[image.digest], name, document)
            elif image.manifest_media_type is None or not image.size:
                missing = [field for field in _EXPECTED_FIELDS if detail.get(field) is None]
                self._missing.setdefault(name, Counter()).update(missing)
        for page in _pages(document.document):
            names = {detail.get("repositoryName") or default for detail in _details(page)} or {default}
            if any(page.get(token) for token in _TOKENS):
                self._unfinished |= dict.fromkeys(names, document.where)
            else:
                self._ended |= names

    def repositories(self) -> tuple[Repository, ...]:
        """Return the repositories by name, or raise if a page is missing."""
        for name, where in self._unfinished.items():
            if name not in self._ended:
                of = f" of {name}" if name else ""
                message = f"the last page of the listing{of} is missing; list without --max-items, or give every page"
                raise CommandError([message], path=where)
        return tuple(
            Repository(name=name, images=tuple(images.values()), missing=self._missing.get(name, {}))
            for name, images in sorted(self._images.items())
        )


def _require_equal(image: Image, known: Image, name: str, document: JsonDocument) -> None:
    """Raise if an image of two listings differs."""
    if image != known:
        message = f"image {abbreviate(image.digest)} of {name} is listed twice and differs; remove the older listing"
        raise CommandError([message], path=document.where)


def _read_listing(document: JsonDocument) -> tuple[Image, ...]:
    if holds_policies(document.document):
        message = "a policy or a template, not a listing of images; give it before --images"
        raise CommandError([message], path=document.where)
    try:
        return read_images(_without_tokens(document.document))
    except InvalidImage as error:
        problems = truncate(error.problems, MOST_LINES)
        if any(": missing; " in problem for problem in error.problems):
            problems.append("--query may have left out missing fields; list the images without it")
        raise InvalidImage(problems, path=document.where) from None


def _without_tokens(document: object) -> object:
    """Return a listing without the tokens of following pages, which can be in other documents."""
    if isinstance(document, Mapping):
        return {key: value for key, value in document.items() if key not in _TOKENS}
    pages = list(_pages(document))
    return list(map(_without_tokens, pages)) if isinstance(document, list) and len(pages) == len(document) else document


def _pages(document: object) -> Iterator[Mapping[str, Any]]:
    for page in document if isinstance(document, list) else [document]:
        if isinstance(page, Mapping) and "imageDetails" in page:
            yield page


def _details(document: Any) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401  (read_images has checked its structure)
    """Yield the details of a listing, in the order in which `read_images` returns the images."""
    for entry in document["imageDetails"] if isinstance(document, Mapping) else document:
        if "imageDetails" in entry:
            yield from _details(entry)
        else:
            yield entry


def _repository_of(detail: Mapping[str, Any], default: str | None, document: JsonDocument) -> str:
    name = default if (own := detail.get("repositoryName")) is None else own
    if name is None:
        message = (
            "the images have no repositoryName; add --repository, "
            "or write them to a file that is named after the repository"
        )
        raise CommandError([message], path=document.where)
    return _valid_name(name, document)


def _valid_name(name: object, document: JsonDocument) -> str:
    if isinstance(name, str) and REPOSITORY_NAME.accepts(name):
        return name
    message = (
        f"{abbreviate(name)} is not a repository name; keep repositoryName in the output of the AWS CLI, "
        "or name the file after the repository, 'prod__api.json' for prod/api"
    )
    raise CommandError([message], path=document.where)
