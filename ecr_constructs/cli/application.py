"""
The typer application of the command: the subcommands, their help, and the option `--version`.

The module of a subcommand is imported when the subcommand runs. `--help` imports only typer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from importlib import import_module
from typing import Annotated, Any, NamedTuple, cast

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

__all__ = ["SUBCOMMANDS", "Subcommand", "build_command"]

_HELP = """
Explain, check and preview lifecycle policies of Amazon ECR before they delete images.

A policy is a file with the JSON of a lifecycle policy, the output of 'aws ecr get-lifecycle-policy' or 'terraform show
-json', a CloudFormation template, a folder of these files, a folder that 'cdk synth' wrote, or '-' for standard input.
"""


class Subcommand(NamedTuple):
    """
    The help of a subcommand, which is a function in the module of the same name.

    Attributes:
        summary: The line in the list of subcommands.
        examples: The examples at the end of its own help.
        codes: Its other exit codes than 0, 2 and 130, with their meaning.

    """

    summary: str
    examples: Sequence[str]
    codes: Mapping[int, str] = {}


SUBCOMMANDS = {
    "preview": Subcommand(
        "Preview the effect of policies on images.",
        (
            "preview cdk.out --images images.json",
            "preview policy.json --live --region eu-west-1 --repository 'prod/*' --current",
            "preview cdk.out --live --fail-if in-use --fail-if 'expires:release-*'",
            "preview --live --resource-tag team=shop",
            "preview policy.json --images images.json --region us-east-1 --format markdown --output comment.md",
        ),
        {4: "a condition of --fail-if is met"},
    ),
    "lint": Subcommand(
        "Report problems of policies.",
        ("lint cdk.out", "lint policy.json --format json --fail-on warning"),
        {3: "a finding has the severity of --fail-on, or a higher one"},
    ),
    "explain": Subcommand(
        "Explain each rule in one sentence.",
        ("explain policy.json", "explain - < policy.json", "explain cdk.out --repository prod/api"),
    ),
    "convert": Subcommand(
        "Print the Python code of a policy.",
        ("convert policy.json > lifecycle.py", "convert cdk.out --repository prod/api"),
    ),
    "adopt": Subcommand(
        "Write a CDK app for existing resources.",
        (
            "adopt deployed.json --output adopted",
            "adopt terraform.tfstate --stack Containers",
            "adopt --live --region eu-west-1",
        ),
    ),
    "check": Subcommand(
        "Report the changes that a deployment would make.",
        (
            "check cdk.out.deployed cdk.out",
            "check Containers.yaml cdk.out/Containers.template.json --images images.json",
            "check cdk.out --live --format markdown",
        ),
        {3: "a change has the severity of --fail-on, or a higher one"},
    ),
    "baseline": Subcommand(
        "Record the names and the encryption of an app.", ("baseline cdk.out --output ecr-baseline.json",)
    ),
    "pin": Subcommand(
        "Record the digests of tags in a file.",
        (
            "pin --image prod/api:v1.4.2 --live --region eu-west-1",
            "pin cdk.out --live",
            "pin cdk.out --live --check",
        ),
        {3: "with --check: a pin is stale or unused"},
    ),
    "summary": Subcommand("List the ECR resources of an app.", ("summary cdk.out",)),
    "doctor": Subcommand(
        "Check the preconditions of 'preview --live'.",
        (
            "doctor",
            "doctor --profile audit --region eu-west-1 --role arn:aws:iam::111122223333:role/reader",
            "doctor --format json",
        ),
        {3: "credentials, a Region or a permission is missing"},
    ),
}


# The exit codes of every subcommand.
_CODES = {
    0: "done",
    2: "an input cannot be read, or an option is wrong",
    130: "interrupted",
}


def build_command() -> TyperGroup:
    """Return the command with its subcommands."""
    # Plain help can be copied and piped at any width, and starts in half the time of the help that rich renders.
    app = typer.Typer(cls=_Group, help=_HELP, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.callback()(_options)
    command = cast("TyperGroup", get_command(app))  # with a callback it is a group
    command.commands = _Commands()
    return command


def _print_version(wanted: bool) -> None:  # noqa: FBT001  (typer passes it by position)
    if wanted:
        from importlib import metadata

        print(f"ecr-constructs {metadata.version('ecr-constructs')}")
        raise typer.Exit


def _options(
    *,
    _: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version, and exit.")
    ] = False,
) -> None:
    """Accept the options before a subcommand."""


class _Group(TyperGroup):
    """The command. Its help lists the subcommands without importing them."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002  (typer does not publish their types)
        """Render the list of subcommands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, subcommand.summary) for name, subcommand in SUBCOMMANDS.items()])


class _Commands(MutableMapping[str, Any]):
    """The subcommands by name, each built when it is looked up."""

    def __init__(self) -> None:
        self._built: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401  (typer does not publish the type)
        if name in SUBCOMMANDS and name not in self._built:
            self._built[name] = _build(name)
        return self._built[name]

    def __setitem__(self, name: str, command: Any) -> None:  # noqa: ANN401  (typer does not publish the type)
        self._built[name] = command

    def __delitem__(self, name: str) -> None:
        del self._built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(SUBCOMMANDS)

    def __len__(self) -> int:
        return len(SUBCOMMANDS)


def _build(name: str) -> Any:  # noqa: ANN401  (typer does not publish the type)
    function = getattr(import_module(f"ecr_constructs.cli.commands.{name}"), name)
    summary, examples, codes = SUBCOMMANDS[name]
    # `\b` keeps the lines from being filled like prose.
    paragraphs = (
        ["\b", "Examples:", *(f"  ecr-constructs {line}" for line in examples)],
        ["\b", "Exit codes:", *(f"  {code:<3}  {text}" for code, text in sorted((_CODES | dict(codes)).items()))],
    )
    epilog = "\n\n".join("\n".join(lines) for lines in paragraphs)
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(name, cls=_Command, short_help=summary, epilog=epilog)(function)
    return get_command(app)


# typer prints `{PATH}` for `PATH`, and adds the type of an option that has a metavar.
_BRACES = re.compile(r"\{([A-Z]+|\[OLD\] NEW)\}(?:(?<=NEW\})\.\.\.)?")
_TYPE = re.compile(r"(?<=[A-Z]) <(?:str|list\[str\])>")
_ARGUMENT = re.compile(r"  (?:\[OLD\] NEW|[A-Z]+)(?=  )")


class _Command(TyperCommand):
    """A subcommand whose help has the name of an argument without its type."""

    def get_help(self, ctx: Any) -> str:  # noqa: ANN401  (typer does not publish the type)
        """Return the help."""
        return "\n".join(map(_without_types, super().get_help(ctx).splitlines()))


def _without_types(line: str) -> str:
    """Return a line of the help without types. The text after an argument stays in its column."""
    text = _TYPE.sub("", _BRACES.sub(r"\1", line))
    argument = _ARGUMENT.match(text)
    return f"{argument[0]:{argument.end() + len(line) - len(text)}}{text[argument.end() :]}" if argument else text
