"""
The entry point of the `ecr-constructs` command: its arguments, its errors and its exit codes.

typer is imported when the command runs. rich, jinja2, yaml and boto3 are imported in the functions that use them, so
that `--help` is fast.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import Any

from ecr_constructs.cli.errors import CommandError, ExitCode, discard_output, os_error, print_error
from ecr_constructs.errors import EcrConstructsError

__all__ = ["main", "run"]

_EXTRA = frozenset({"boto3", "jinja2", "rich", "tomli", "typer", "yaml"})

# The number of new objects, and of the collections of younger objects, after which garbage is collected.
_COLLECTION = (200_000, 20, 100)


def main() -> None:
    """Run the command with the arguments of the process, and exit with its exit code."""
    # A listing of images becomes millions of objects without cycles, which the process needs until its end. Collecting
    # garbage as often as by default takes a third of the time. The session of an account enables it again: the images
    # of its repositories are read one after the other.
    gc.set_threshold(*_COLLECTION)
    gc.disable()
    # A stream that is closed is None, and print() writes to standard output if its file is None.
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")
    if sys.stdout is None:
        print_error(CommandError(["standard output is closed; open it, or redirect it to a file"]))
        sys.exit(ExitCode.REFUSED)
    # A description can have characters that the encoding of the terminal does not have.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # the streams of a process have it
    code = run(sys.argv[1:])
    if code != ExitCode.INTERRUPTED:  # after an interruption, threads can still be writing answers
        _exit(code)
    sys.exit(code)


def _exit(code: int) -> None:
    """Exit without freeing the objects one by one, which takes up to a second. Return if the output is not written."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        return
    os._exit(code)


def run(arguments: Sequence[str]) -> int:
    """
    Run the command, and print its errors to standard error.

    Args:
        arguments: The arguments behind `ecr-constructs`. Without any, the help is printed.

    Returns:
        The exit code.

    """
    try:
        code = _invoke(list(arguments) or ["--help"])
        sys.stdout.flush()
    except EcrConstructsError as error:
        print_error(error)
    except ModuleNotFoundError as error:
        name = str(error.name).partition(".")[0]
        if name not in _EXTRA:
            raise
        print_error(CommandError([f"{name} is not installed; run pip install 'ecr-constructs[cli]'"]))
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        discard_output(sys.stdout)
        return ExitCode.PIPE_CLOSED
    except OSError as error:
        print_error(os_error(error))
        if error.filename is None:
            discard_output(sys.stdout)
    except MemoryError:
        print_error(CommandError(["there is not enough memory for the input; split it, or select repositories"]))
    else:
        return code
    return ExitCode.REFUSED


def _invoke(arguments: list[str]) -> int:
    from typer import TyperException

    from ecr_constructs.cli.application import build_command

    try:
        code = build_command().main(arguments, prog_name="ecr-constructs", standalone_mode=False)
    except TyperException as error:
        raise CommandError([f"{_usage_problem(error)} {_help_of(error, arguments)}"]) from None
    except SystemExit as error:
        # typer turns the end of the reader of a pipe into the exit code 1.
        if isinstance(error.__context__, BrokenPipeError):
            raise error.__context__ from None
        raise
    return code if isinstance(code, int) else ExitCode.DONE


def _usage_problem(error: Any) -> str:  # noqa: ANN401  (typer does not publish format_message)
    """Return the message of typer as the first half of one line, up to the word `see`."""
    message = str(error.format_message()).rstrip(".")
    message = message.replace("Value error, ", "")  # the word of pydantic for every error of a converter
    message = message.replace(". Did you mean", "; did you mean").replace(" Did you mean", "; did you mean")
    return f"{message[:1].lower()}{message[1:]}" + (" See" if message.endswith("?") else "; see")


def _help_of(error: Exception, arguments: Sequence[str]) -> str:
    from ecr_constructs.cli.application import SUBCOMMANDS

    context = getattr(error, "ctx", None)
    # The error of an option without its argument has no context.
    path = " ".join(["ecr-constructs", *(each for each in arguments[:1] if each in SUBCOMMANDS)])
    return f"'{context.command_path if context else path} --help'"
