"""The terminal, with colours or without."""

from __future__ import annotations

import os

from rich.console import Console

__all__ = ["screen"]


def screen() -> Console:
    """Give what is written to; who sets `NO_COLOR` gets no escape codes at all, so nothing is bold either."""
    return Console(color_system=None if os.environ.get("NO_COLOR") else "auto")
