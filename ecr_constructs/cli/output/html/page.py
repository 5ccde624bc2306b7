"""
The page: everything it needs is in it, and nothing in it runs.

Tags, descriptions and names are other people's text, so every one of them is escaped, and the page forbids itself to
load or run anything.
"""

from __future__ import annotations

from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ecr_constructs.cli.formatting import bytes_of, count, day, format_instant, name, printable, size
from ecr_constructs.cli.output.html.view_model import Totals, section
from ecr_constructs.cli.output.messages import closing, deployed
from ecr_constructs.cli.output.uncertain_groups import remedy
from ecr_constructs.cli.preview.gates import GateResult
from ecr_constructs.cli.preview.result import PreviewReport

__all__ = ["render"]


def render(survey: PreviewReport, verdicts: Sequence[GateResult] = ()) -> str:
    """
    Write previews as one page of HTML.

    Args:
        survey: What was previewed.
        verdicts: What the gates say. Default: there are none.

    Returns:
        The whole page; the same previews give the same text.

    """
    sections = [section(preview, number) for number, preview in enumerate(survey.previews, start=1)]
    # The policy of a creation template does nothing to repositories that are there.
    acting = [each for each in sections if each.preview.prefix is None]
    unsaid = [f"{notice.word}: {notice.text}" for notice in closing(survey) if notice.word != "total"]
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            sections=sections,
            acting=acting,
            templates=[each for each in sections if each.preview.prefix is not None],
            verdicts=verdicts,
            deployed=deployed(is_live=survey.is_live),
            settles=remedy(survey.previews, is_live=survey.is_live),
            totals=sum((each.totals for each in acting), Totals()),
            instants=sorted({preview.at for preview in survey.previews}),
            missing=[*survey.problems, *unsaid],
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("ecr_constructs.cli.output.html", ""),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "bytes_of": bytes_of,
        "count": count,
        "day": day,
        "format_instant": format_instant,
        "name": name,
        "number": "{:,}".format,
        "sentence": _sentence,
        "size": size,
        "weight": _weight,
    }
    return environment


def _shown(value: object) -> object:
    """Return a text without characters that a terminal acts on or that no file can hold; other values as they are."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _weight(number: int) -> str:
    return size(number) if number else "\N{EN DASH}"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
