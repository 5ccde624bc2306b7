"""A message of a report: a line with a coloured first word."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["COLOURS", "Message"]

# From the most to the least severe.
COLOURS = {"error": "bold red", "warning": "yellow", "info": "cyan"}


class Message(NamedTuple):
    """
    A line with a coloured first word.

    Attributes:
        kind: The kind of the message, which is the first word.
        text: The rest of the line.
        style: The colour of the first word.

    """

    kind: str
    text: str
    style: str
