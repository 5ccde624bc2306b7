"""
The pages of the report. Each page is one file that loads no other file. Its script only searches and sorts lists.

Tags, descriptions and names are not trusted. They are escaped, and the content security policy allows only this script.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from importlib import resources
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ecr_constructs.cli.formatting import (
    count,
    decision_label,
    format_day,
    format_instant,
    format_money,
    format_size,
    omitted,
    printable,
    total_size,
)
from ecr_constructs.cli.output.alarms import alarm_messages
from ecr_constructs.cli.output.costs import cost_messages, quota_messages, total_cost_messages
from ecr_constructs.cli.output.html.image_rows import image_rows
from ecr_constructs.cli.output.html.rule_rows import rule_rows
from ecr_constructs.cli.output.html.totals_text import en_dash_size, totals_cells, totals_text
from ecr_constructs.cli.output.html.view_model import Section, section
from ecr_constructs.cli.output.message import Message
from ecr_constructs.cli.output.messages import (
    deployed_policy_source,
    input_messages,
    shared_findings,
    uncertainty_hint,
)
from ecr_constructs.cli.output.policy_groups import Ranked, policy_groups
from ecr_constructs.cli.output.rule_summary import outcome_of
from ecr_constructs.cli.preview.damage import worst_first
from ecr_constructs.cli.preview.gates import GateResult
from ecr_constructs.cli.preview.result import PreviewReport, RepositoryPreview
from ecr_constructs.cli.preview.totals import sum_of
from ecr_constructs.model.word_lists import shortened

__all__ = ["page_parts", "render_page", "render_pages"]

# With the charts of more repositories, a page opens slowly.
_MOST_CHARTS = 50
# The place of a list of images. No other text has the character, because it is not printable.
_MARK = Markup("\0")
_PAGE = "repository-{}.html"


def render_page(report: PreviewReport, results: Sequence[GateResult] = ()) -> str:
    """
    Return previews as one page of HTML.

    Args:
        report: The previews.
        results: The results of the gates. Default: none.

    Returns:
        The whole page. Equal previews have equal pages.

    """
    return "".join(page_parts(report, results))


def page_parts(report: PreviewReport, results: Sequence[GateResult] = ()) -> Iterator[str]:
    """
    Yield the text of `render_page` in parts. The page of many repositories has 50 MB.

    Args:
        report: The previews.
        results: The results of the gates. Default: none.

    """
    return _Pages(report, results).single()


def render_pages(report: PreviewReport, results: Sequence[GateResult] = ()) -> Iterator[tuple[str, str]]:
    """
    Yield previews as pages: an index, and a page without charts for each repository.

    Args:
        report: The previews.
        results: The results of the gates. Default: none.

    Returns:
        The name and the text of each page, `index.html` first. Equal previews have equal pages.

    """
    return _Pages(report, results).files()


class PolicySection(NamedTuple):
    """
    A policy, which is shown once for all its repositories.

    Attributes:
        first: The preview of one of its repositories.
        repositories: The number of its repositories.
        places: The places of the policy.
        findings: The findings, each once.

    """

    first: RepositoryPreview
    repositories: int
    places: str
    findings: tuple[Message, ...]


class _Pages:
    """
    The pages of a report.

    Args:
        report: The previews.
        results: The results of the gates.

    """

    def __init__(self, report: PreviewReport, results: Sequence[GateResult]) -> None:
        self._report = report
        self._ranked = worst_first(report.previews)
        self._environment = _environment()
        # The lists of images of a page, which are put into its text where the filter leaves a mark.
        self._lists: list[Iterator[str]] = []
        self._environment.filters["image_rows"] = self._mark
        groups = [group for group in policy_groups(self._ranked) if len(group) > 1]
        self._policies = [_policy_section(group) for group in groups]
        self._shared = {id(preview) for group in groups for preview, _ in group}
        # The pages for which several repositories have a section of their own do not repeat a policy.
        self._values = {
            "results": results,
            "alarms": list(alarm_messages(self._ranked)),
            "deployed": deployed_policy_source(is_live=report.is_live),
            "hint": uncertainty_hint(report.previews, is_live=report.is_live),
            "totals": sum_of(report.previews),
            "instants": sorted({preview.at for preview in report.previews}),
            "missing": [*report.problems, *(f"{each.kind}: {each.text}" for each in input_messages(report))],
            "policies": self._policies,
            "costs": report.costs,
            "cost_lines": [f"{each.kind}: {each.text}" for each in total_cost_messages(report)],
        }

    def single(self) -> Iterator[str]:
        """Yield the parts of one page with all repositories. Charts are those of the worst repositories."""
        sections = self._sections("#repository-{}", most_charts=_MOST_CHARTS)
        yield from self._with_lists(self._render("report.html.j2", sections, pages=False))

    def files(self) -> Iterator[tuple[str, str]]:
        """Yield an index, and a page for each repository."""
        sections = self._sections(_PAGE, most_charts=0, has_rules=False)
        yield "index.html", self._render("report.html.j2", sections, pages=True)
        template = self._environment.get_template("detail.html.j2")
        for ranked, brief in zip(self._ranked, sections, strict=True):
            each = section(ranked, brief.link, is_shared=brief.is_shared, has_charts=False)
            values = {**self._values, **_CSP, "section": each, "ranked": [each.preview], "script": _SCRIPT}
            yield each.link, "".join(self._with_lists(template.render(values)))

    def _mark(self, previews: Iterable[RepositoryPreview], **columns: bool) -> str:
        self._lists.append(image_rows(previews, **columns))
        return _MARK

    def _with_lists(self, text: str) -> Iterator[str]:
        """Yield the parts of a page, with the lists of images."""
        before, *others = text.split(_MARK)
        yield before
        for rows, after in zip(self._lists, others, strict=True):
            yield from rows
            yield after
        self._lists = []

    def _sections(self, link: str, *, most_charts: int, has_rules: bool = True) -> list[Section]:
        return [
            section(
                each,
                link.format(number),
                is_shared=id(each[0]) in self._shared,
                has_charts=number <= most_charts,
                has_rules=has_rules,
            )
            for number, each in enumerate(self._ranked, start=1)
        ]

    def _render(self, name: str, sections: Sequence[Section], *, pages: bool) -> str:
        # ECR does not apply the policy of a creation template to existing repositories.
        counted = [each for each in sections if each.preview.prefix is None]
        return self._environment.get_template(name).render(
            **self._values,
            **_CSP,
            sections=sections,
            counted=counted,
            templates=[each for each in sections if each.preview.prefix is not None],
            ranked=[preview for preview, _ in self._ranked],
            has_images=any(each.totals.images for each in sections),
            script=_SCRIPT,
            pages=pages,
        )


def _policy_section(group: Sequence[Ranked]) -> PolicySection:
    previews = [preview for preview, _ in group]
    places = shortened(list(dict.fromkeys(preview.where for preview in previews)))
    return PolicySection(previews[0], len(previews), places, tuple(shared_findings(previews)))


_SCRIPT = Markup(resources.files(__package__).joinpath("lists.js").read_text("utf-8"))  # noqa: S704  (our own script)
_CSP = {"script_source": Markup(f"'sha256-{b64encode(sha256(_SCRIPT.encode()).digest()).decode()}'")}  # noqa: S704  (a hash)


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("ecr_constructs.cli.output.html", ""),
        autoescape=True,
        auto_reload=False,  # looks at the file of a template for each repository that includes it
        finalize=_printable_text,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "cost_lines": _cost_lines,
        "count": count,
        "day": format_day,
        "instant": format_instant,
        "known_size": en_dash_size,
        "label": decision_label,
        "money": format_money,
        "number": "{:,}".format,
        "omitted": omitted,
        "outcome": outcome_of,
        "rule_rows": rule_rows,
        "sentence": _sentence,
        "size": format_size,
        "total_size": total_size,
        "totals_cells": totals_cells,
        "totals_text": totals_text,
    }
    return environment


def _printable_text(value: object) -> object:
    """Return a text without control characters and characters that no file can contain. Other values are unchanged."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _cost_lines(preview: RepositoryPreview) -> list[str]:
    return [f"{each.kind}: {each.text}" for each in (*cost_messages(preview), *quota_messages(preview))]


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
