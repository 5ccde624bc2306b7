"""The options that several subcommands have."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["ProfileOption", "RegionOption", "RoleOption"]

ProfileOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="With --live: a profile of the AWS configuration.")
]
RegionOption = Annotated[str | None, typer.Option(metavar="NAME", help="With --live: the region.")]
RoleOption = Annotated[str | None, typer.Option(metavar="ARN", help="With --live: a role to assume.")]
