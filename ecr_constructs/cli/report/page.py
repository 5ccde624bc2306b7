"""
The page: everything it needs is in it, and nothing in it runs.

Tags, descriptions and names are other people's text, so every one of them is escaped, and the page forbids itself to
load or run anything.
"""

from __future__ import annotations

from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined

from ecr_constructs.cli.previews import Preview
from ecr_constructs.cli.report import quantities
from ecr_constructs.cli.report.tallies import selection, tallies

__all__ = ["render"]


def render(previews: Sequence[Preview]) -> str:
    """
    Write previews as one page of HTML.

    Args:
        previews: One for each repository, in the order in which they are shown.

    Returns:
        The whole page; the same previews give the same text.

    """
    text = _environment().get_template("report.html.j2").render(previews=previews)
    # JSON can hold half a character, which no file can.
    return text.encode("utf-8", "replace").decode("utf-8")


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("ecr_constructs.cli.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {word: getattr(quantities, word) for word in quantities.__all__}
    environment.filters |= {"selection": selection, "tallies": tallies}
    return environment
