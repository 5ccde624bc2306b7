"""The subcommand `doctor`: the credentials, the Region and the permissions that `--live` needs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from ecr_constructs.cli.errors import ExitCode
from ecr_constructs.cli.formatting import count, printable

if TYPE_CHECKING:
    from ecr_constructs.cli.aws.readiness import Check, Readiness

__all__ = ["doctor"]

_VERSION = 1
_GAP = 2


class DoctorFormat(str, Enum):
    """The format of the output."""

    TABLE = "table"
    JSON = "json"


def doctor(
    *,
    profile: Annotated[str | None, typer.Option(metavar="NAME", help="A profile of the AWS configuration.")] = None,
    region: Annotated[str | None, typer.Option(metavar="NAME", help="The Region.")] = None,
    role: Annotated[str | None, typer.Option(metavar="ARN", help="A role to assume.")] = None,
    repository: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The repository for calls that need one. [default: the first one of the Region]"
        ),
    ] = None,
    form: Annotated[DoctorFormat, typer.Option("--format", help="A table, or JSON.")] = DoctorFormat.TABLE,
) -> None:
    """
    Check the credentials, the Region, the permissions and Amazon Inspector for 'preview --live'.

    Nothing is changed. Calls that would have an effect are made with parameters that AWS rejects.
    """
    from ecr_constructs.cli.aws.readiness import check_readiness

    readiness = check_readiness(profile=profile, region=region, role=role, repository=repository)
    if form is DoctorFormat.JSON:
        print(json.dumps(_document(readiness), indent=2))
    else:
        for line in _lines(readiness):
            print(printable(line))
    raise typer.Exit(ExitCode.DONE if readiness.is_ready else ExitCode.FOUND)


def _document(readiness: Readiness) -> dict[str, object]:
    return {"version": _VERSION, "is_ready": readiness.is_ready, **asdict(readiness)}


def _lines(readiness: Readiness) -> Iterator[str]:
    """Yield a line for each precondition, and the result."""
    rows = [("status", "precondition", "needed"), *((each.status, each.name, each.needed) for each in readiness.checks)]
    widths = [max(map(len, column)) + _GAP for column in zip(*rows, strict=True)]
    details = ["detail", *map(_detail, readiness.checks)]
    for row, detail in zip(rows, details, strict=True):
        yield "".join([*(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)), detail]).rstrip()
    yield ""
    yield f"Amazon Inspector: {readiness.inspector}"
    yield _result(readiness)


def _detail(check: Check) -> str:
    return f"{check.detail}; {check.remedy}" if check.remedy else check.detail


def _result(readiness: Readiness) -> str:
    if readiness.is_ready:
        missing = [each.name for each in readiness.checks if each.status == "missing"]
        return "ready for 'preview --live'" + (f", without {', '.join(missing)}" if missing else "")
    lacking = [each for each in readiness.checks if each.is_required and each.status != "ok"]
    return f"not ready for 'preview --live': {count(len(lacking), 'precondition')} missing or unknown"
