"""The options that several subcommands have."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["ConfigOption", "ParameterOption", "ProfileOption", "RegionOption", "RoleOption"]

ConfigOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="The file with suppressions. [default: the nearest ecr-constructs.toml or pyproject.toml]",
        show_default=False,
    ),
]
ParameterOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=VALUE",
        help="The value of a parameter of templates, such as Keep=7 or AWS::Region=eu-west-1. Repeatable.",
    ),
]
ProfileOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="With --live: a profile of the AWS configuration.")
]
RegionOption = Annotated[str | None, typer.Option(metavar="NAME", help="With --live: the Region.")]
RoleOption = Annotated[str | None, typer.Option(metavar="ARN", help="With --live: a role to assume.")]
