"""The option `--version`."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["version"]


def _tell(wanted: bool) -> None:  # noqa: FBT001  (typer hands it over so)
    if wanted:
        from importlib import metadata

        print(f"ecr-constructs {metadata.version('ecr-constructs')}")
        raise typer.Exit


def version(
    *,
    _: Annotated[
        bool, typer.Option("--version", callback=_tell, is_eager=True, help="Say which version this is, and exit.")
    ] = False,
) -> None:
    """Take what stands before a subcommand."""
