"""
Files that are read as they are found: regular files of a limited size, inside the folder that was named.

A cloud assembly names files, and a folder may hold anything. Without limits a manifest could name a device that never
ends, a pipe that nobody writes to, or a file somewhere else.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from ecr_constructs.errors import EcrConstructsError, json_problem

__all__ = ["MAXIMUM_BYTES", "read_file", "read_object", "read_stream", "require_shallow"]

# Of a template or a manifest. CloudFormation takes templates of up to 1 MB; a manifest also has traces of the CDK.
MAXIMUM_BYTES = 32 * 2**20
# Documents of AWS and of the CDK have no 20 levels. Python's own limit depends on its version and on the caller.
_MAXIMUM_DEPTH = 100

_CHUNK = 2**20
_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def read_file(path: Path, *, inside: Path | None = None, maximum: int = MAXIMUM_BYTES) -> bytes:
    """
    Return the content of a regular file.

    Args:
        path: The file.
        inside: The folder that holds it, after all links are followed. Default: it may be anywhere.
        maximum: The largest number of bytes.

    Raises:
        OSError: if it cannot be opened or read.
        EcrConstructsError: if it is no regular file, if it is outside of the folder, or if it is too large.

    """
    try:
        real = _real(path, inside)
        _require_regular(path, Path(real).stat().st_mode)
        # The file may be another one by now: a pipe would hold up the opening, and a link is not followed.
        descriptor = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            _require_regular(path, status.st_mode)
            _require_size(status.st_size, str(path), maximum)
            return read_stream(file, str(path), maximum)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None


def read_stream(stream: BinaryIO, where: str, maximum: int) -> bytes:
    """
    Return everything that a stream gives.

    Args:
        stream: The stream.
        where: Its name in messages.
        maximum: The largest number of bytes.

    Raises:
        EcrConstructsError: if there is more.

    """
    chunks, length = [], 0
    while chunk := stream.read(_CHUNK):
        length += len(chunk)
        _require_size(length, where, maximum)
        chunks.append(chunk)
    return b"".join(chunks)


def read_object(path: Path, *, inside: Path) -> Mapping[str, Any]:
    """
    Return the JSON object in a file of a cloud assembly.

    Args:
        path: The file.
        inside: The directory of the assembly.

    Raises:
        OSError: if it cannot be opened or read.
        EcrConstructsError: if it is no JSON object, and as `read_file`.

    """
    content = read_file(path, inside=inside)
    try:
        document = json.loads(content.decode("utf-8"))
        require_shallow(document)
    except (ValueError, RecursionError) as error:
        raise EcrConstructsError([f"not JSON: {json_problem(error)}; synthesize again"], path=str(path)) from None
    if not isinstance(document, Mapping):
        raise EcrConstructsError(["not an object, as the CDK writes it; synthesize again"], path=str(path))
    return document


def require_shallow(document: object) -> None:
    """
    Raise `ValueError` if a document of lists and dictionaries is nested too deeply to be read safely.

    Args:
        document: What a JSON parser made.

    """
    level, depth = list(_inner([document])), 0
    while level:
        depth += 1
        if depth > _MAXIMUM_DEPTH:
            raise ValueError(f"it is nested more than {_MAXIMUM_DEPTH} levels deep")
        level = list(_inner(child for each in level for child in (each.values() if isinstance(each, dict) else each)))


def _inner(values: Iterable[object]) -> Iterator[Any]:
    return (value for value in values if isinstance(value, (dict, list)))


def _real(path: Path, inside: Path | None) -> str:
    """Return the path without links, if it is where it must be."""
    try:
        real = os.path.realpath(path)
        if inside is None or Path(real).is_relative_to(os.path.realpath(inside)):
            return real
    except ValueError as error:  # a NUL, or half of a character
        message = f"no file can have this name ({error}); correct it"
        raise EcrConstructsError([message], path=str(path)) from None
    message = f"outside of the folder {inside}, and only files in this folder are read; put the file there"
    raise EcrConstructsError([message], path=str(path))


def _require_size(length: int, where: str, maximum: int) -> None:
    if length > maximum:
        message = f"larger than {maximum // 2**20} MiB, which is the limit; split it, or give the right file"
        raise EcrConstructsError([message], path=where)


def _require_regular(path: Path, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        message = f"{_KINDS.get(stat.S_IFMT(mode), 'no file')}, and only files are read here; write it into a file"
        raise EcrConstructsError([message], path=str(path))
