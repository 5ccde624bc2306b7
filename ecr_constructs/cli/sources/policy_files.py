"""The documents with policies in files, folders and standard input, before they are read as policies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ecr_constructs.assembly.files import MAXIMUM_BYTES, read_file
from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.sources.json_files import (
    STANDARD_INPUT,
    decode,
    parse,
    parse_documents,
    path_of,
    read_input,
    repository_of_file,
)

__all__ = ["PolicyFile", "policy_files"]

_EXTENSIONS = (".json", ".yaml", ".yml", ".template", ".tfstate")
# A file of a folder without any of these texts has no policy, and is not parsed.
_MARKERS = ("AWS::ECR::", "AWS::CloudFormation::Stack", "AWS::Serverless::", "lifecyclePolicyText", "aws_ecr_", "rules")


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyFile:
    """
    A document of a source.

    Attributes:
        document: The parsed document. None for an empty file of a folder.
        text: Its JSON text, or None for YAML.
        where: The file, and the number of the document if it has several.
        path: The file, or None for standard input.
        folder: The folder that the command line names, or None.
        is_empty: Whether the file has no text.

    """

    document: object
    text: str | None
    where: str
    path: Path | None
    folder: Path | None = None
    is_empty: bool = False

    @property
    def repository(self) -> str | None:
        """The repository that a file of a folder is named after."""
        return repository_of_file(self.path.relative_to(self.folder)) if self.path and self.folder else None


def policy_files(source: str) -> Iterator[PolicyFile]:
    """
    Yield the documents of a source.

    Args:
        source: A file, a pipe, a folder, or `-` for standard input. In a folder, files that have no policy are skipped.

    Raises:
        CommandError: If there is nothing to read, or if it is neither JSON nor YAML.

    """
    path = path_of(source)
    if source != STANDARD_INPUT and path.is_dir():
        yield from _of_folder(path)
        return
    where = "standard input" if source == STANDARD_INPUT else source
    try:
        content = read_input(source, maximum=MAXIMUM_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        message = "no such file or folder; give a policy file, a template or a cdk.out"
        raise CommandError([message], path=source) from None
    text = decode(content, where)
    is_file = source != STANDARD_INPUT and path.is_file()
    yield from _documents(text, where, path if is_file else None)


def _of_folder(folder: Path) -> Iterator[PolicyFile]:
    is_empty = True
    for path in sorted(_files(folder)):
        text = decode(read_file(path, inside=folder, maximum=MAXIMUM_BYTES), str(path))
        if not text.strip() and path.suffix == ".json":
            yield PolicyFile(document=None, text=text, where=str(path), path=path, folder=folder, is_empty=True)
        elif any(marker in text for marker in _MARKERS):
            is_empty = False
            yield from _documents(text, str(path), path, folder)
    if is_empty:
        message = "no policy, template or cdk.out in this folder; give a folder with policies, or a cdk.out"
        raise CommandError([message], path=str(folder))


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder and its subfolders. Those of hidden subfolders, such as `.git`, are skipped."""
    for current, folders, names in os.walk(folder, onerror=_raise):
        folders[:] = [name for name in folders if not name.startswith(".") and name != "node_modules"]
        yield from (Path(current, name) for name in names if name.endswith(_EXTENSIONS))


def _raise(error: OSError) -> None:
    raise error


def _documents(text: str, where: str, path: Path | None, folder: Path | None = None) -> Iterator[PolicyFile]:
    if not text.lstrip().startswith(("{", "[")) and not _are_json_texts(text):
        yield PolicyFile(document=parse(text, where=where), text=None, where=where, path=path, folder=folder)
        return
    documents = parse_documents(text, where)
    for number, (document, written) in enumerate(documents, start=1):
        place = where if len(documents) == 1 else f"{where}, document {number}"
        yield PolicyFile(document=document, text=written, where=place, path=path, folder=folder)


def _are_json_texts(text: str) -> bool:
    """Return whether a text has JSON strings, as `--query` prints. YAML can begin with a quotation mark too."""
    if not text.lstrip().startswith('"'):
        return False
    try:
        parse_documents(text, "")
    except CommandError:
        return False
    return True
