"""Texts in HTML that no template renders."""

from __future__ import annotations

import re
from functools import lru_cache

from markupsafe import escape

from ecr_constructs.cli.formatting import printable

__all__ = ["escaped", "is_plain"]

# Texts that are the same in HTML.
_PLAIN = re.compile(r"[A-Za-z0-9 ._:/+,-]*").fullmatch


def is_plain(text: str) -> bool:
    """
    Return whether a text is the same in HTML. If it consists of several texts, each of them is.

    Args:
        text: The text.

    """
    return _PLAIN(text) is not None


def escaped(text: str) -> str:
    """
    Return a text as HTML, without characters that no file can contain.

    Args:
        text: The text.

    """
    return text if _PLAIN(text) else _escaped(text)


@lru_cache(maxsize=4096)
def _escaped(text: str) -> str:
    return str(escape(printable(text)))
