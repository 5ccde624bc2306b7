"""
The page: one file without scripts, and without references to other files.

Tags, descriptions and names are not trusted: all of them are escaped, and the page forbids itself to load or run
anything.
"""

from __future__ import annotations

from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ecr_constructs.cli.formatting import (
    count,
    decision_label,
    format_day,
    format_instant,
    format_size,
    known_size,
    omitted,
    printable,
    total_size,
)
from ecr_constructs.cli.output.html.view_model import section
from ecr_constructs.cli.output.messages import deployed_policy_source, input_messages, uncertainty_hint
from ecr_constructs.cli.output.rule_summary import outcome_of
from ecr_constructs.cli.preview.gates import GateResult
from ecr_constructs.cli.preview.result import PreviewReport
from ecr_constructs.cli.preview.totals import sum_of

__all__ = ["render_page"]


def render_page(report: PreviewReport, results: Sequence[GateResult] = ()) -> str:
    """
    Return previews as one page of HTML.

    Args:
        report: The previews.
        results: The results of the gates. Default: none.

    Returns:
        The whole page. Equal previews have equal pages.

    """
    sections = [section(preview, number) for number, preview in enumerate(report.previews, start=1)]
    # ECR does not apply the policy of a creation template to repositories that exist.
    counted = [each for each in sections if each.preview.prefix is None]
    messages = [f"{message.kind}: {message.text}" for message in input_messages(report)]
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            sections=sections,
            counted=counted,
            templates=[each for each in sections if each.preview.prefix is not None],
            results=results,
            deployed=deployed_policy_source(is_live=report.is_live),
            hint=uncertainty_hint(report.previews, is_live=report.is_live),
            totals=sum_of(report.previews),
            instants=sorted({preview.at for preview in report.previews}),
            missing=[*report.problems, *messages],
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("ecr_constructs.cli.output.html", ""),
        autoescape=True,
        finalize=_printable_text,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count": count,
        "day": format_day,
        "instant": format_instant,
        "known_size": _known_size,
        "label": decision_label,
        "number": "{:,}".format,
        "omitted": omitted,
        "outcome": outcome_of,
        "sentence": _sentence,
        "size": format_size,
        "total_size": total_size,
    }
    return environment


def _printable_text(value: object) -> object:
    """Return a text without characters that a terminal acts on or that no file can hold; other values as they are."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _known_size(number: int) -> str:
    return known_size(number).replace("-", "\N{EN DASH}")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
