"""The content of whatever is named on the command line: a file, a pipe, or standard input."""

from __future__ import annotations

import os
import select
import sys
from pathlib import Path

from ecr_constructs.assembly.files import read_file, read_stream
from ecr_constructs.cli.errors import CommandError

__all__ = ["STANDARD_INPUT", "path_of", "read_input"]

STANDARD_INPUT = "-"
_PATIENCE = 10.0


def path_of(source: str) -> Path:
    """
    Return the path of a file or folder; Python would use the current folder for an empty text.

    Args:
        source: The file or folder.

    Raises:
        CommandError: if the text is empty, such as that of a variable that is not set.

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
        OSError: if it cannot be opened or read.
        EcrConstructsError: if it is a device or a socket, if it is too large, or if nobody writes to the pipe.

    """
    if source == STANDARD_INPUT:
        return _standard_input(maximum)
    path = path_of(source)
    if path.is_fifo():
        return _pipe(path, maximum)
    return read_file(path, maximum=maximum)


def _standard_input(maximum: int) -> bytes:
    if sys.stdin is None:
        raise CommandError(["closed; give a file, or open it"], path="standard input")
    try:
        return read_stream(sys.stdin.buffer, "standard input", maximum)
    except OSError as error:
        raise CommandError([f"{error.strerror}; give a file"], path="standard input") from None


def _pipe(path: Path, maximum: int) -> bytes:
    """Return everything that is written to a named pipe, which somebody must open within 10 seconds."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as pipe:
        select.select([pipe], [], [], _PATIENCE)
        first = pipe.read(1)
        if first == b"":  # without a writer; a writer that is slow gives None
            message = f"a pipe to which nothing was written within {_PATIENCE:.0f} seconds; start the program that does"
            raise CommandError([message], path=str(path))
        os.set_blocking(pipe.fileno(), True)
        return (first or b"") + read_stream(pipe, str(path), maximum)
