"""The place of the output: a file, or standard output."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

__all__ = ["write_output"]


def write_output(text: str | Iterable[str], output: Path | None) -> None:
    """
    Write a text, with its line ends as they are.

    Args:
        text: The text, or its parts.
        output: The file. None for standard output.

    """
    parts = [text] if isinstance(text, str) else text
    if output is None:
        sys.stdout.writelines(parts)
        return
    with output.open("w", encoding="utf-8", newline="") as file:
        file.writelines(parts)
