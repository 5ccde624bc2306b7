"""
The `ecr-constructs` command: its subcommands, and how each of them ends.

Its help is shown often and its work is done seldom, so nothing but typer and the model is imported before a subcommand
runs; rich, jinja2, yaml and boto3 are imported where they are used.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ecr_constructs.cli.errors import CommandError, ExitCode, refusal, silence, tell
from ecr_constructs.errors import EcrConstructsError

if TYPE_CHECKING:
    import typer

__all__ = ["application", "main", "run"]

_EXTRA = frozenset({"boto3", "jinja2", "rich", "typer", "yaml"})
_HELP = """
Lifecycle policies of Amazon ECR, explained, checked and replayed before they delete anything.

A policy is a file with the JSON of ECR's lifecycle language, what 'aws ecr get-lifecycle-policy' prints, a
CloudFormation template, a folder that 'cdk synth' wrote, or '-' for standard input.
"""
# What the list of subcommands says of each, and what stands below its own help.
_SUBCOMMANDS = {
    "preview": (
        "What policies would do to which images.",
        (
            "preview cdk.out --images images.json",
            "preview policy.json --live --region eu-west-1 --repository 'prod/*' --current",
            "preview cdk.out --live --fail-if in-use --fail-if 'expires:release-*'",
        ),
    ),
    "lint": ("What is wrong with policies.", ("lint cdk.out", "lint policy.json --format json --fail-on warning")),
    "explain": (
        "What each rule does, in one sentence.",
        ("explain policy.json", "explain - < policy.json", "explain cdk.out --repository prod/api"),
    ),
    "convert": (
        "The Python that builds the same policy.",
        ("convert policy.json > lifecycle.py", "convert cdk.out --repository prod/api"),
    ),
    "summary": ("What an app has of ECR, and what protects it.", ("summary cdk.out",)),
}


def main() -> None:
    """Run the command as its caller wrote it, and end with its exit code."""
    # Python has None for a stream that is closed, and print() takes None for standard output.
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")
    if sys.stdout is None:
        tell(CommandError(["standard output is closed; open it, or send it to a file"]))
        sys.exit(ExitCode.REFUSED)
    # A description may hold what the terminal, or no terminal, can show.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # always so for the real ones
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """
    Run the command, and say in one line what keeps it from doing what was asked.

    Args:
        arguments: What stands behind `ecr-constructs`; its help if there is nothing.

    Returns:
        The exit code.

    """
    try:
        code = _invoke(list(arguments) or ["--help"])
        sys.stdout.flush()
    except EcrConstructsError as error:
        tell(error)
    except ModuleNotFoundError as error:
        name = str(error.name).partition(".")[0]
        if name not in _EXTRA:
            raise
        tell(CommandError([f"{name} is not installed; run pip install 'ecr-constructs[cli]'"]))
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        silence(sys.stdout)
        return 1
    except OSError as error:
        tell(refusal(error))
        if error.filename is None:
            silence(sys.stdout)
    except MemoryError:
        tell(CommandError(["not enough memory for what was given; give less at a time"]))
    else:
        return code
    return ExitCode.REFUSED


def application() -> typer.Typer:
    """Make the application: every subcommand, with examples below its help."""
    import typer

    from ecr_constructs.cli.commands.convert import convert
    from ecr_constructs.cli.commands.explain import explain
    from ecr_constructs.cli.commands.help_text import Subcommand
    from ecr_constructs.cli.commands.lint import lint
    from ecr_constructs.cli.commands.preview import preview
    from ecr_constructs.cli.commands.summary import summary
    from ecr_constructs.cli.commands.version import version

    # Plain help is copied, piped and read at any width; it also starts in half the time of the one that rich draws.
    app = typer.Typer(help=_HELP, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.callback()(version)
    for subcommand in (preview, lint, explain, convert, summary):
        what, examples = _SUBCOMMANDS[subcommand.__name__]
        app.command(subcommand.__name__, cls=Subcommand, short_help=what, epilog=_examples(examples))(subcommand)
    return app


def _examples(lines: Sequence[str]) -> str:
    # `\b` keeps the lines from being filled like prose.
    return "\n".join(["\b", "Examples:", *(f"  ecr-constructs {line}" for line in lines)])


def _invoke(arguments: list[str]) -> int:
    from typer import TyperException
    from typer.main import get_command

    try:
        code = get_command(application()).main(arguments, prog_name="ecr-constructs", standalone_mode=False)
    except TyperException as error:
        message = error.format_message().rstrip(".")
        said = message.replace("Value error, ", "")  # pydantic's, and no news to a person
        raise CommandError([f"{said[:1].lower()}{said[1:]}; see {_help_of(error, arguments)}"]) from None
    return code if isinstance(code, int) else ExitCode.DONE


def _help_of(error: Exception, arguments: Sequence[str]) -> str:
    context = getattr(error, "ctx", None)
    # An option without its argument comes without a context.
    path = " ".join(["ecr-constructs", *(each for each in arguments[:1] if each in _SUBCOMMANDS)])
    return f"'{context.command_path if context else path} --help'"
