"""The exit codes of the command, and its error messages on standard error."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from enum import IntEnum
from typing import TextIO

from ecr_constructs.cli.formatting import printable
from ecr_constructs.errors import EcrConstructsError

__all__ = ["MOST_LINES", "CommandError", "ExitCode", "discard_output", "os_error", "print_error", "print_to_stderr"]

# A listing of images can have a hundred thousand problems.
MOST_LINES = 20


class ExitCode(IntEnum):
    """
    The exit codes, which the page 'The command ecr-constructs' of the documentation lists.

    1 is not used, because Python ends with it after a defect of the command. `PIPE_CLOSED` is the code of a program
    that the signal SIGPIPE ended, because the reader of its output ended.
    """

    DONE = 0
    REFUSED = 2
    FOUND = 3
    GATE = 4
    INTERRUPTED = 130
    PIPE_CLOSED = 141


class CommandError(EcrConstructsError):
    """An input or an option that the command cannot use. The path is the file, the repository or the option."""


def os_error(error: OSError) -> CommandError:
    """
    Return the error of the command for an error of the operating system.

    Args:
        error: The error of the operating system.

    """
    reason = (error.strerror or str(error)).lower()
    if isinstance(error, PermissionError):
        reason += "; change its permissions, or run the command as another user"
    return CommandError([reason], path=str(error.filename or "the output cannot be written"))


def print_error(error: EcrConstructsError) -> None:
    """
    Print an error to standard error, one line for each problem.

    Args:
        error: The error.

    """
    where = f"{error.path}: " if error.path else ""
    for problem in error.problems:
        print_to_stderr(f"ecr-constructs: {where}{problem}")


def print_to_stderr(line: str) -> None:
    """
    Print a line to standard error. If that fails, the exit code alone reports the error.

    Args:
        line: The line. Characters that are not printable are escaped.

    """
    try:
        print(printable(line), file=sys.stderr)
    except OSError:
        discard_output(sys.stderr)


def discard_output(stream: TextIO) -> None:
    """
    Redirect a stream to the null device. Python then does not write its buffer again at exit.

    Args:
        stream: Standard output or standard error.

    """
    with contextlib.suppress(io.UnsupportedOperation):  # a stream in memory has no descriptor
        number = stream.fileno()
        os.dup2(os.open(os.devnull, os.O_WRONLY), number)
