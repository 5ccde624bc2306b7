"""Texts of users in Markdown, without the effect of Markdown, HTML and mentions of users in them."""

from __future__ import annotations

import re

from ecr_constructs.cli.formatting import printable

__all__ = ["code", "escaped"]

# Everything but letters, digits and marks that have no effect within a line.
_MARKUP = re.compile(r"[^A-Za-z0-9 .,;/()=+%'-]")
_MENTION = re.compile(f"(&#(?:{ord('@')}|{ord('#')});)")


def escaped(text: str) -> str:
    """
    Return a text without markup: each character that Markdown, HTML or GitHub acts on becomes a reference.

    Args:
        text: The text.

    """
    # GitHub finds mentions of users and issues after it has resolved references. A space without width prevents them.
    return _MENTION.sub(r"\1&#8203;", _MARKUP.sub(_reference, printable(text)))


def code(text: str) -> str:
    """
    Return a text in a monospace font, in which GitHub finds no mentions.

    Args:
        text: The text.

    """
    return f"<code>{_MARKUP.sub(_reference, printable(text))}</code>"


def _reference(match: re.Match[str]) -> str:
    return f"&#{ord(match[0])};"
