"""The preview as CSV: a line for each image, for a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from io import StringIO

from ecr_constructs.cli.formatting import printable
from ecr_constructs.cli.output.image_list import every_image
from ecr_constructs.cli.output.rule_summary import outcome_of
from ecr_constructs.cli.preview.damage import worst_first
from ecr_constructs.cli.preview.result import PreviewReport, RepositoryPreview

__all__ = ["csv_parts", "render_csv"]

_COLUMNS = (
    "repository",
    "creation_template",
    "digest",
    "tag",
    "tags",
    "outcome",
    "possible_outcome",
    "rule",
    "size_bytes",
    "pushed_at",
    "last_pulled_at",
    "status",
    "in_use_by",
    "reason",
    "account",
    "region",
    "cost_a_month",
    "currency",
)
# A spreadsheet evaluates a cell with such a first character as a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def render_csv(report: PreviewReport) -> str:
    """
    Return previews as CSV.

    Args:
        report: The previews.

    Returns:
        A line with the names of the columns, and a line for each image: the worst repository first, and in it the
        images that are deleted, archived, uncertain and kept. Lines end with CRLF, as in RFC 4180.

    """
    return "".join(csv_parts(report))


def csv_parts(report: PreviewReport) -> Iterator[str]:
    """
    Yield the text of `render_csv` in parts, one repository at a time.

    Args:
        report: The previews.

    """
    yield _lines([_COLUMNS])
    for preview, _ in worst_first(report.previews):
        yield _lines(_rows(preview))


def _lines(rows: Iterable[Iterable[object]]) -> str:
    text = StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _rows(preview: RepositoryPreview) -> Iterator[tuple[object, ...]]:
    costs = preview.costs
    for each in every_image(preview):
        image = each.image
        tags = [_cell(tag) for tag in image.tags]
        yield (
            _cell(preview.repository),
            _cell(preview.prefix or ""),
            _cell(image.digest),
            _cell(each.tag),
            " ".join(tags),
            each.outcome,
            outcome_of(each.decision.action),
            each.decision.rule.rule_priority if each.decision.rule else "",
            image.size,
            image.pushed_at.isoformat(),
            image.last_pulled_at.isoformat() if image.last_pulled_at else "",
            image.status,
            _cell(", ".join(each.users or ())),
            _cell(each.decision.why),
            preview.place.account_id if preview.place else "",
            preview.place.region if preview.place else "",
            f"{costs.of_image(image):.6f}" if costs else "",
            costs.currency if costs else "",
        )


def _cell(text: str) -> str:
    """Return a text that a spreadsheet does not evaluate, with escapes for characters that are not printable."""
    safe = printable(text)
    return f"'{safe}" if safe.startswith(_FORMULA) else safe
