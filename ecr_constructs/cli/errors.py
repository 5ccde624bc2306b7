"""How the command ends: its exit codes, and the one line in which it says why it cannot do what was asked."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Sequence
from enum import IntEnum
from typing import TextIO

from ecr_constructs.cli.formatting import printable
from ecr_constructs.errors import EcrConstructsError

__all__ = ["LINES", "CommandError", "ExitCode", "refusal", "report", "silence", "tell", "truncate"]

# How many lines of one kind are told; a listing may have a hundred thousand faults.
LINES = 20


class ExitCode(IntEnum):
    """
    What a pipeline can tell apart; docs/command.md has the table.

    1 is none of ours: Python ends so after a fault of the command itself, and typer when the reader of a pipe is gone.
    """

    DONE = 0
    REFUSED = 2
    FOUND = 3
    GATE = 4
    INTERRUPTED = 130


class CommandError(EcrConstructsError):
    """What was asked of the command cannot be read or done; the path is the file, the repository or the option."""


def truncate(problems: Sequence[str], lines: int = LINES) -> list[str]:
    """
    Shorten what would be too long to read, and say how many more there are.

    Args:
        problems: One sentence for each.
        lines: How many are kept.

    """
    more = len(problems) - lines
    return [*problems[:lines], *([f"and {more:,} more"] if more > 0 else [])]


def refusal(error: OSError) -> CommandError:
    """
    Say in one line what the operating system refuses.

    Args:
        error: What it raised.

    """
    what = (error.strerror or str(error)).lower()
    if isinstance(error, PermissionError):
        what += "; change its rights, or run the command as somebody who has them"
    return CommandError([what], path=str(error.filename or "the output cannot be written"))


def tell(error: EcrConstructsError) -> None:
    """
    Say on standard error what is wrong, in one line for each problem.

    Args:
        error: What was raised.

    """
    where = f"{error.path}: " if error.path else ""
    for problem in error.problems:
        report(f"ecr-constructs: {where}{problem}")


def report(line: str) -> None:
    """
    Write a line to standard error; if it cannot be written, the exit code alone remains.

    Args:
        line: The line, whatever characters it has.

    """
    try:
        print(printable(line), file=sys.stderr)
    except OSError:
        silence(sys.stderr)


def silence(stream: TextIO) -> None:
    """
    Send what is still to be written to a stream nowhere, so that Python does not try again when it ends.

    Args:
        stream: Standard output or standard error.

    """
    with contextlib.suppress(io.UnsupportedOperation):  # of a stream in memory
        number = stream.fileno()
        os.dup2(os.open(os.devnull, os.O_WRONLY), number)
