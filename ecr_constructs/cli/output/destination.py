"""The place of the output: a file, or standard output."""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["write_output"]


def write_output(text: str, output: Path | None) -> None:
    """
    Write a text, with its line ends as they are.

    Args:
        text: The text.
        output: The file. None for standard output.

    """
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding="utf-8", newline="")
