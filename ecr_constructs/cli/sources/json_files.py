"""JSON and YAML from files, folders, pipes and standard input."""

from __future__ import annotations

import json
import os
import re
import select
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecr_constructs.assembly.files import read_file, read_stream, require_shallow
from ecr_constructs.cli.errors import CommandError
from ecr_constructs.errors import json_problem

__all__ = [
    "STANDARD_INPUT",
    "JsonDocument",
    "decode",
    "holds_policies",
    "lists_images",
    "parse",
    "parse_documents",
    "path_of",
    "read_input",
    "read_json_documents",
    "repository_of_file",
]

STANDARD_INPUT = "-"
_PIPE_TIMEOUT = 10.0
# A listing of 1,000,000 images, ten times ECR's quota for a repository, has some 450 MiB.
_MAXIMUM_BYTES = 512 * 2**20
# The size of a CloudFormation template is limited to 1 MB, and a parser of YAML is slow.
_MAXIMUM_CHARACTERS = 2**20
_SPACE = re.compile(r"\s*")


@dataclass(frozen=True, kw_only=True, slots=True)
class JsonDocument:
    """
    A JSON document in a file.

    Attributes:
        document: The parsed document.
        where: Its place: the file, and the number of the document if there are several.
        repository: The repository that the file is named after, `prod/api` for `prod__api.json` or, in a folder,
            `prod/api.json`. None for standard input.
        is_in_folder: Whether the command line names its folder, and not the file.
        is_alone: Whether its file has no other document.

    """

    document: object
    where: str
    repository: str | None
    is_in_folder: bool
    is_alone: bool


def path_of(source: str) -> Path:
    """
    Return the path of a file or folder. An empty text is an error, because Python would use the current folder.

    Args:
        source: The file or folder.

    Raises:
        CommandError: If the text is empty, such as that of a variable that is not set.

    """
    if not source:
        raise CommandError(["the name of a file or folder is empty; write it, or '.' for the current folder"])
    return Path(source)


def read_input(source: str, *, maximum: int) -> bytes:
    """
    Return the content of a source.

    Args:
        source: A file, a pipe such as that of `<(aws ecr describe-images ...)`, or `-` for standard input.
        maximum: The largest number of bytes.

    Raises:
        OSError: If it cannot be opened or read.
        EcrConstructsError: If it is a device or a socket, if it is too large, or if no program writes to the pipe.

    """
    if source == STANDARD_INPUT:
        return _standard_input(maximum)
    path = path_of(source)
    if path.is_fifo():
        return _pipe(path, maximum)
    return read_file(path, maximum=maximum)


def read_json_documents(source: str) -> Iterator[JsonDocument]:
    """
    Yield every JSON document of a source. A file can have several, one after the other.

    Args:
        source: A file, a folder that is searched for `*.json`, or `-` for standard input.

    Raises:
        CommandError: If there is nothing to read, or if it is not JSON.

    """
    if source == STANDARD_INPUT:
        content = read_input(source, maximum=_MAXIMUM_BYTES)
        yield from _documents(content, "standard input", None, is_in_folder=False)
        return
    path = path_of(source)
    if not path.is_dir():
        yield from _documents(_content(path), source, repository_of_file(Path(path.name)), is_in_folder=False)
        return
    files = sorted(_files(path))
    if not files:
        message = "no .json file in this folder; give a folder with the output of the AWS CLI"
        raise CommandError([message], path=source)
    for file in files:
        content = read_file(file, inside=path, maximum=_MAXIMUM_BYTES)
        yield from _documents(content, str(file), repository_of_file(file.relative_to(path)), is_in_folder=True)


def lists_images(document: object) -> bool:
    """
    Return whether a document looks like the output of `aws ecr describe-images`.

    Args:
        document: The parsed document.

    """
    first = _first(document)
    return isinstance(first, Mapping) and ("imageDetails" in first or "imageDigest" in first)


def holds_policies(document: object) -> bool:
    """
    Return whether a document looks like a policy, the output of `aws ecr get-lifecycle-policy`, or a template.

    Args:
        document: The parsed document.

    """
    first = _first(document)
    return isinstance(first, Mapping) and any(key in first for key in ("rules", "lifecyclePolicyText", "Resources"))


def parse(text: str, *, where: str) -> object:
    """
    Return the document in a text: JSON if it begins like JSON, otherwise YAML with CloudFormation's tags.

    Args:
        text: The text.
        where: Its place, for messages.

    Raises:
        CommandError: If it is neither.

    """
    if not text.strip():
        raise CommandError(["empty; give a lifecycle policy or a CloudFormation template"], path=where)
    if text.lstrip().startswith(("//", "/*")):
        raise CommandError(["not JSON: it begins with a comment; comments are not JSON, remove them"], path=where)
    if not text.lstrip().startswith(("{", "[")):
        return _parse_yaml(text, where)
    [(document, _)] = parse_documents(text, where, most=1)
    return document


def parse_documents(text: str, where: str, *, most: int | None = None) -> list[tuple[object, str]]:
    """
    Return the JSON documents of a text that follow each other, each with its own text.

    Args:
        text: The text.
        where: Its place, for messages.
        most: The largest number of documents. Default: any number.

    Raises:
        CommandError: If it is not JSON, or if it has more documents.

    """
    documents: list[tuple[object, str]] = []
    try:
        for document, start, end in _parsed(text):
            documents.append((document, text[start:end]))
            if len(documents) == most and (following := _skip_space(text, end)) < len(text):
                raise json.JSONDecodeError("Extra data", text, following)
    except (ValueError, RecursionError) as error:
        message = f"not JSON: {json_problem(error)}; comments and trailing commas are not JSON"
        raise CommandError([message], path=where) from None
    return documents


def decode(content: bytes, where: str) -> str:
    """
    Return the text of a file in UTF-8, or in UTF-16 as PowerShell redirects.

    Args:
        content: The content of the file.
        where: Its place, for messages.

    Raises:
        CommandError: If it is not a text.

    """
    try:
        return content.decode(json.detect_encoding(content))
    except UnicodeDecodeError:
        message = "not a text in UTF-8; give a policy file or a template"
        if content.startswith(b"PK"):  # a plan of Terraform is a ZIP archive
            message = "a ZIP archive; for a plan of Terraform, give the output of 'terraform show -json'"
        raise CommandError([message], path=where) from None


def repository_of_file(path: Path) -> str:
    """
    Return the repository that a file is named after: `prod/api` for `prod__api.json`, or for `prod/api.json`.

    Args:
        path: The file, relative to its folder.

    """
    return path.with_suffix("").as_posix().replace("__", "/")


def _standard_input(maximum: int) -> bytes:
    if sys.stdin is None:
        raise CommandError(["closed; give a file, or open it"], path="standard input")
    try:
        return read_stream(sys.stdin.buffer, "standard input", maximum)
    except OSError as error:
        raise CommandError([f"{error.strerror}; give a file"], path="standard input") from None


def _pipe(path: Path, maximum: int) -> bytes:
    """Return the content of a named pipe. A program must open it within 10 seconds."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as pipe:
        select.select([pipe], [], [], _PIPE_TIMEOUT)
        first = pipe.read(1)
        if first == b"":  # no program has opened the pipe for writing; None would mean that one is slow
            message = (
                f"a pipe to which nothing was written within {_PIPE_TIMEOUT:.0f} seconds; start the program that does"
            )
            raise CommandError([message], path=str(path))
        os.set_blocking(pipe.fileno(), True)
        return (first or b"") + read_stream(pipe, str(path), maximum)


def _first(document: object) -> object:
    return document[0] if isinstance(document, Sequence) and document else document


def _content(path: Path) -> bytes:
    try:
        return read_input(str(path), maximum=_MAXIMUM_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        message = "no such file or folder; give the output of the AWS CLI, or '-' for standard input"
        raise CommandError([message], path=str(path)) from None


def _files(path: Path) -> Iterator[Path]:
    """
    Yield the JSON files of a folder.

    A subfolder that cannot be read is an error, because its files would be missing.
    """
    for folder, _, names in os.walk(path, onerror=_raise):
        yield from (Path(folder, name) for name in names if name.endswith(".json"))


def _raise(error: OSError) -> None:
    raise error


def _parsed(text: str) -> Iterator[tuple[object, int, int]]:
    """Yield JSON documents that follow each other, each with its start and its end in the text."""
    decoder = json.JSONDecoder()
    start = _skip_space(text, 0)
    while start < len(text):
        document, end = decoder.raw_decode(text, start)
        require_shallow(document)
        yield document, start, end
        start = _skip_space(text, end)


def _skip_space(text: str, start: int) -> int:
    return _SPACE.match(text, start).end()  # type: ignore[union-attr]  # the pattern also matches no space


def _documents(content: bytes, where: str, repository: str | None, *, is_in_folder: bool) -> Iterator[JsonDocument]:
    documents = _parse_json_documents(content, where)
    for number, document in enumerate(documents, start=1):
        place = where if len(documents) == 1 else f"{where}, document {number}"
        yield JsonDocument(
            document=document,
            where=place,
            repository=repository,
            is_in_folder=is_in_folder,
            is_alone=len(documents) == 1,
        )


def _parse_json_documents(content: bytes, where: str) -> list[object]:
    """Return JSON documents that follow each other, as a loop over repositories prints them."""
    try:
        # PowerShell redirects in UTF-16, which the first bytes of JSON show.
        text = content.decode(json.detect_encoding(content))
        documents = [document for document, _, _ in _parsed(text)]
    except UnicodeDecodeError as error:
        message = f"not text: {error.reason}; give the JSON that the AWS CLI printed"
        raise CommandError([message], path=where) from None
    except (ValueError, RecursionError) as error:
        message = f"not JSON: {json_problem(error)}; give the output of the AWS CLI with --output json"
        raise CommandError([message], path=where) from None
    if not documents:
        raise CommandError(["empty; give the JSON that the AWS CLI printed"], path=where)
    return documents


def _parse_yaml(text: str, where: str) -> object:
    if len(text) > _MAXIMUM_CHARACTERS:
        message = f"YAML of {len(text):,} characters; the limit is {_MAXIMUM_CHARACTERS:,}, write it as JSON"
        raise CommandError([message], path=where)
    import yaml  # type: ignore[import-untyped]  # it ships no types

    from ecr_constructs.cli.sources.yaml_loader import Loader

    try:
        # The conversion through JSON makes every key a text.
        document = json.loads(json.dumps(yaml.load(text, Loader=Loader)))  # noqa: S506  (it is a SafeLoader)
        require_shallow(document)
    except yaml.YAMLError as error:
        # In the text of most errors the first line is the place, and the problem follows.
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        mark = getattr(error, "problem_mark", None)
        line = f" (line {mark.line + 1})" if mark else ""
        hint = "; give the output of 'terraform show -json'" if where.endswith((".tf", ".hcl")) else ""
        raise CommandError([f"neither JSON nor YAML: {problem}{line}{hint}"], path=where) from None
    # The constructors of yaml raise any of these for a value that is not of the type of its tag.
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        message = f"neither JSON nor YAML: a value that its tag does not allow, or that JSON does not have ({error})"
        raise CommandError([message], path=where) from None
    except RecursionError:
        raise CommandError(["neither JSON nor YAML: nested too deeply"], path=where) from None
    return document
