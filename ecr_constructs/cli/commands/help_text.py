"""The help of a subcommand, as other commands write theirs."""

from __future__ import annotations

import re
from typing import Any

from typer.core import TyperCommand

__all__ = ["Subcommand"]

# typer has `{PATH}` for `PATH`, and tells the type of what has a name.
_BRACES = re.compile(r"\{([A-Z]+)\}")
_TYPE = re.compile(r"(?<=[A-Z]) <(?:str|list\[str\])>")


class Subcommand(TyperCommand):
    """A subcommand whose help calls an argument by its name alone."""

    def get_help(self, ctx: Any) -> str:  # noqa: ANN401  (typer keeps the name of its type to itself)
        """Write the help."""
        return _TYPE.sub("", _BRACES.sub(r"\1", super().get_help(ctx)))
