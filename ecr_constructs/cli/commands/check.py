"""The subcommand `check`: the changes that a deployment would make."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from enum import Enum
from io import StringIO
from pathlib import Path
from typing import Annotated

import typer

from ecr_constructs.cli.commands.options import ProfileOption, RegionOption, RoleOption
from ecr_constructs.cli.errors import CommandError, ExitCode
from ecr_constructs.cli.output.changes_report import (
    changes_as_json,
    changes_as_markdown,
    changes_as_sarif,
    changes_as_table,
)
from ecr_constructs.cli.output.destination import write_output
from ecr_constructs.cli.sources.images import read_repositories
from ecr_constructs.cli.sources.json_files import STANDARD_INPUT
from ecr_constructs.cli.sources.source_locations import SourceLocations
from ecr_constructs.cli.sources.stack_templates import read_both, read_templates
from ecr_constructs.model.changes.change import MOST_SEVERE_FIRST, Change
from ecr_constructs.model.changes.comparison import find_changes
from ecr_constructs.model.changes.settings import Listing
from ecr_constructs.model.changes.state import read_state

__all__ = ["check"]


class CheckFormat(str, Enum):
    """The formats of the changes."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"
    SARIF = "sarif"


class CheckThreshold(str, Enum):
    """The severities, for `--fail-on`."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    NEVER = "never"


def check(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="[OLD] NEW",
            help="The deployed state and the new state: each is a cdk.out, a template, a folder of templates, or '-'.",
            show_default=False,
        ),
    ],
    *,
    live: Annotated[
        bool, typer.Option("--live", help="Compare NEW with the deployed stacks and the registry of the AWS account.")
    ] = False,
    profile: ProfileOption = None,
    region: RegionOption = None,
    role: RoleOption = None,
    images: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH",
            help="Show the images to which a changed lifecycle policy applies differently: the output of 'aws "
            "ecr describe-images', a folder of such files, or '-'. Repeatable.",
        ),
    ] = None,
    form: Annotated[CheckFormat, typer.Option("--format", help="The format of the output.")] = CheckFormat.TABLE,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write to this file. [default: standard output]")
    ] = None,
    fail_on: Annotated[
        CheckThreshold, typer.Option(help="The lowest severity that ends with exit code 3.")
    ] = CheckThreshold.WARNING,
) -> None:
    """
    Report the changes that a deployment would make: replaced, deleted and renamed resources, and weakened settings.

    Each change is reported with its consequence and the safe way to make it. Nothing is changed or deployed.
    """
    _require_usable(sources, images or (), live=live, account={"profile": profile, "region": region, "role": role})
    listing = _listing(images or ())
    if live:
        from ecr_constructs.cli.aws import check_account

        changes = check_account(read_templates(sources[0]), listing, profile=profile, region=region, role=role)
    else:
        old, new = read_both(*sources)
        changes = find_changes(read_state(old), read_state(new), listing)
    write_output(_render(changes, form, sources[-1], is_shown=output is None), output)
    if _is_found(changes, fail_on):
        raise typer.Exit(ExitCode.FOUND)


def _require_usable(
    sources: Sequence[str], images: Sequence[str], *, live: bool, account: dict[str, str | None]
) -> None:
    problems = []
    if live and len(sources) != 1:
        problems.append("--live reads the deployed state from the account; give NEW only")
    if not live and len(sources) != 2:  # noqa: PLR2004  (the deployed state and the new one)
        problems.append("give two states, OLD and NEW, or add --live to compare one with the account")
    if not live:
        given = [name for name, value in account.items() if value]
        problems += [f"--{name} needs an account; add --live, or remove it" for name in given]
    if [*sources, *images].count(STANDARD_INPUT) > 1:
        problems.append("standard input can be read once; give files for the rest")
    if problems:
        raise CommandError(problems)


def _listing(images: Sequence[str]) -> Listing | None:
    if not images:
        return None
    found = {each.name: each.images for each in read_repositories(images)}
    return Listing(images=found, at=datetime.now(timezone.utc))


def _render(changes: Sequence[Change], form: CheckFormat, new: str, *, is_shown: bool) -> str:
    if form is CheckFormat.JSON:
        return changes_as_json(changes)
    if form is CheckFormat.MARKDOWN:
        return changes_as_markdown(changes)
    if form is CheckFormat.SARIF:
        return changes_as_sarif(changes, SourceLocations(source=new))
    from rich.console import Console

    from ecr_constructs.cli.output.table_report import terminal

    return changes_as_table(changes, terminal() if is_shown else Console(file=StringIO()))


def _is_found(changes: Sequence[Change], fail_on: CheckThreshold) -> bool:
    if fail_on is CheckThreshold.NEVER:
        return False
    limit = MOST_SEVERE_FIRST.index(fail_on.value)
    return any(MOST_SEVERE_FIRST.index(each.severity) <= limit for each in changes)
