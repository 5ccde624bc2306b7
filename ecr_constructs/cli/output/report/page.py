"""
The page: everything it needs is in it, and nothing in it runs.

Tags, descriptions and names are other people's text, so every one of them is escaped, and the page forbids itself to
load or run anything.
"""

from __future__ import annotations

from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined

from ecr_constructs.cli.output.report.sections import Totals, section
from ecr_constructs.cli.previews.preview import Preview
from ecr_constructs.cli.quantities import bytes_of, count, day, instant, name, size

__all__ = ["render"]


def render(previews: Sequence[Preview], *, missing: Sequence[str] = ()) -> str:
    """
    Write previews as one page of HTML.

    Args:
        previews: One for each repository, in the order in which they are shown.
        missing: What is not on the page and why, each in one line. Default: nothing is missing.

    Returns:
        The whole page; the same previews give the same text.

    """
    sections = [section(preview) for preview in previews]
    # The policy of a creation template does nothing to repositories that are there.
    acting = [each for each in sections if each.preview.prefix is None]
    text = (
        _environment()
        .get_template("report.html.j2")
        .render(
            sections=sections,
            acting=acting,
            totals=sum((each.totals for each in acting), Totals()),
            instants=sorted({preview.at for preview in previews}),
            missing=missing,
        )
    )
    # JSON can hold half a character, which no file can.
    return text.encode("utf-8", "replace").decode("utf-8")


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("ecr_constructs.cli.output.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "bytes_of": bytes_of,
        "count": count,
        "day": day,
        "instant": instant,
        "name": name,
        "number": "{:,}".format,
        "sentence": _sentence,
        "size": size,
    }
    return environment


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
