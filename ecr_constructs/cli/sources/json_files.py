"""What the AWS command line printed: JSON in files, in folders of them, or on standard input."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecr_constructs.assembly.files import read_file, require_shallow
from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.sources.inputs import STANDARD_INPUT, path_of, read_input
from ecr_constructs.errors import json_problem

__all__ = ["JsonDocument", "holds_policies", "lists_images", "read_dumps"]

# Of a listing. One of 1,000,000 images, ten times ECR's quota for a repository, has some 450 MiB.
_MAXIMUM_BYTES = 512 * 2**20
_SPACE = re.compile(r"\s*")


@dataclass(frozen=True, kw_only=True, slots=True)
class JsonDocument:
    """
    One JSON document that somebody kept.

    Attributes:
        document: What it says.
        where: Where it stands, for a person.
        repository: The repository that its file is named after, `prod/api` for `prod__api.json` or, in a folder,
            `prod/api.json`; nothing for standard input.
        is_found: Whether it was found in a folder and not named by itself.
        is_whole: Whether its file holds nothing else.

    """

    document: object
    where: str
    repository: str | None
    is_found: bool
    is_whole: bool


def read_dumps(source: str) -> Iterator[JsonDocument]:
    """
    Read every JSON document of a source; a file may hold several, one after the other.

    Args:
        source: A file, a folder that is searched for `*.json`, or `-` for standard input.

    Raises:
        CommandError: if there is nothing to read, or if it is not JSON.

    """
    if source == STANDARD_INPUT:
        content = read_input(source, maximum=_MAXIMUM_BYTES)
        yield from _dumps(content, "standard input", None, is_found=False)
        return
    path = path_of(source)
    if not path.is_dir():
        yield from _dumps(_content(path), source, _repository(Path(path.name)), is_found=False)
        return
    files = sorted(_files(path))
    if not files:
        raise CommandError(["there is no .json file in this folder; give one that holds what AWS printed"], path=source)
    for file in files:
        content = read_file(file, inside=path, maximum=_MAXIMUM_BYTES)
        yield from _dumps(content, str(file), _repository(file.relative_to(path)), is_found=True)


def lists_images(document: object) -> bool:
    """
    Tell whether a document is what `aws ecr describe-images` prints.

    Args:
        document: The document, whatever it is.

    """
    first = _first(document)
    return isinstance(first, Mapping) and ("imageDetails" in first or "imageDigest" in first)


def holds_policies(document: object) -> bool:
    """
    Tell whether a document is a policy, what `aws ecr get-lifecycle-policy` prints, or a template.

    Args:
        document: The document, whatever it is.

    """
    first = _first(document)
    return isinstance(first, Mapping) and any(key in first for key in ("rules", "lifecyclePolicyText", "Resources"))


def _first(document: object) -> object:
    return document[0] if isinstance(document, Sequence) and document else document


def _content(path: Path) -> bytes:
    try:
        return read_input(str(path), maximum=_MAXIMUM_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        message = "no such file or folder; give what AWS printed, or '-' for standard input"
        raise CommandError([message], path=str(path)) from None


def _files(path: Path) -> Iterator[Path]:
    """Give the files of a folder; what cannot be looked into is refused, for nobody knows what is missing then."""
    for folder, _, names in os.walk(path, onerror=_refuse):
        yield from (Path(folder, name) for name in names if name.endswith(".json"))


def _refuse(error: OSError) -> None:
    raise error


def _repository(path: Path) -> str:
    return path.with_suffix("").as_posix().replace("__", "/")


def _dumps(content: bytes, where: str, repository: str | None, *, is_found: bool) -> Iterator[JsonDocument]:
    documents = _documents(content, where)
    for number, document in enumerate(documents, start=1):
        place = where if len(documents) == 1 else f"{where}, document {number}"
        yield JsonDocument(
            document=document,
            where=place,
            repository=repository,
            is_found=is_found,
            is_whole=len(documents) == 1,
        )


def _documents(content: bytes, where: str) -> list[object]:
    """Parse one JSON document after the other, as a loop over repositories prints them."""
    try:
        # PowerShell redirects in UTF-16; JSON can tell.
        text = content.decode(json.detect_encoding(content)).strip()
        decoder, documents, end = json.JSONDecoder(), [], 0
        while end < len(text):
            document, end = decoder.raw_decode(text, end)
            require_shallow(document)
            documents.append(document)
            end = _SPACE.match(text, end).end()  # type: ignore[union-attr]  # it matches nothing at all as well
    except UnicodeDecodeError as error:
        raise CommandError([f"it is not text: {error.reason}; give the JSON that AWS printed"], path=where) from None
    except (ValueError, RecursionError) as error:
        raise CommandError(
            [f"it is not JSON: {json_problem(error)}; give what AWS printed with --output json"], path=where
        ) from None
    if not documents:
        raise CommandError(["it is empty; give the JSON that AWS printed"], path=where)
    return documents
