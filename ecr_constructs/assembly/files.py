"""
Safe reading of files: regular files of a limited size, inside a given folder.

A cloud assembly contains paths. Without these checks, a manifest could name an endless device, a pipe without a writer,
or a file outside the assembly.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Mapping
from itertools import chain, compress
from pathlib import Path
from typing import Any, BinaryIO

from ecr_constructs.errors import EcrConstructsError, json_problem

__all__ = ["MAXIMUM_BYTES", "read_file", "read_object", "read_stream", "require_shallow"]

# Limit for a template or a manifest. CloudFormation accepts templates of up to 1 MB. A manifest also has stack traces.
MAXIMUM_BYTES = 32 * 2**20
# Documents of AWS and the CDK have fewer than 20 levels. The recursion limit of Python depends on its version.
_MAXIMUM_DEPTH = 100
_CONTAINERS = frozenset({dict, list})

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
        inside: The folder that must contain the file, after links are resolved. Default: any folder.
        maximum: The largest number of bytes.

    Raises:
        OSError: If the file cannot be opened or read.
        EcrConstructsError: If the file is not a regular file, is outside the folder, or is too large.

    """
    try:
        real = _real(path, inside)
        _require_regular(path, Path(real).stat().st_mode)
        # The file can have been replaced since the check. Opening a pipe must not block, and a link is not followed.
        descriptor = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            _require_regular(path, status.st_mode)
            _require_size(status.st_size, str(path), maximum)
            return read_stream(file, str(path), maximum, expected=status.st_size)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None


def read_stream(stream: BinaryIO, where: str, maximum: int, *, expected: int = 0) -> bytes:
    """
    Return the content of a stream.

    Args:
        stream: The stream.
        where: The name of the stream in error messages.
        maximum: The largest number of bytes.
        expected: The expected number of bytes, which are read at once and so are not copied. Default: not known.

    Raises:
        EcrConstructsError: If the content is larger.

    """
    chunks, length = [], 0
    while chunk := stream.read(max(expected + 1 - length, _CHUNK)):
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
        OSError: If the file cannot be opened or read.
        EcrConstructsError: If the file is not a JSON object, and in the cases of `read_file`.

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
    Raise `ValueError` if a document of lists and dictionaries is nested too deeply.

    Args:
        document: The result of a JSON parser.

    """
    level: list[Any] = [document] if isinstance(document, (dict, list)) else []
    depth = 0
    while level:
        depth += 1
        if depth > _MAXIMUM_DEPTH:
            raise ValueError(f"it is nested more than {_MAXIMUM_DEPTH} levels deep")
        # A listing of images has millions of values. A parser returns no subclasses of these types.
        values = list(chain.from_iterable([each.values() if type(each) is dict else each for each in level]))
        level = list(compress(values, map(_CONTAINERS.__contains__, map(type, values))))


def _real(path: Path, inside: Path | None) -> str:
    """Return the path with resolved links, or raise an error if it is outside the folder."""
    try:
        real = os.path.realpath(path)
        if inside is None or Path(real).is_relative_to(os.path.realpath(inside)):
            return real
    except ValueError as error:  # a NUL or a lone surrogate
        message = f"the path is not valid ({error}); correct it"
        raise EcrConstructsError([message], path=str(path)) from None
    message = f"outside the folder {inside}; only files in this folder are read, so move the file there"
    raise EcrConstructsError([message], path=str(path))


def _require_size(length: int, where: str, maximum: int) -> None:
    if length > maximum:
        message = f"larger than {maximum // 2**20} MiB, which is the limit; split the file, or name another one"
        raise EcrConstructsError([message], path=where)


def _require_regular(path: Path, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "not a regular file")
        message = f"{kind}; only regular files are read, so write the content to a file"
        raise EcrConstructsError([message], path=str(path))
