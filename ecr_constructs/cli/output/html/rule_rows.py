"""
The rows of the table with the effect of each rule.

A page can have the tables of thousands of repositories, for which a template takes several times as long.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup

from ecr_constructs.cli.formatting import decision_label, format_day, omitted, total_size
from ecr_constructs.cli.output.html.escaping import escaped
from ecr_constructs.cli.output.html.image_rows import SWATCHES
from ecr_constructs.cli.output.html.totals_text import en_dash_size
from ecr_constructs.cli.output.html.view_model import RuleSection
from ecr_constructs.cli.output.rule_summary import RuleRow
from ecr_constructs.model.lifecycle.evaluation import Decision

__all__ = ["rule_rows"]

_EXAMPLES = 3
_NO_IMAGES = '<td colspan="6" class="muted">no images</td>'


def rule_rows(rules: Iterable[RuleSection]) -> Markup:
    """
    Return a row for each outcome of each rule.

    Args:
        rules: The rules with their images.

    """
    rows = (
        f'<tr>\n<th scope="row" class="number">{row.rule}</th>\n{_cells(row)}\n</tr>'
        for rule in rules
        for row in rule.rows
    )
    return Markup("\n".join(rows))  # noqa: S704  (each text is escaped)


def _cells(row: RuleRow) -> str:
    if not row.decisions:
        return _NO_IMAGES
    images = row.images
    size = en_dash_size(total_size(images))
    return (
        f'<td class="outcome"><span class="swatch {SWATCHES[row.outcome]}"></span>{row.outcome}</td>\n'
        f'<td class="number">{len(images):,}</td><td class="number">{size}</td>\n'
        f'<td class="date">{format_day(images[0].pushed_at)}</td>'
        f'<td class="date">{format_day(images[-1].pushed_at)}</td>\n'
        f"<td>{_examples(row.decisions)}</td>"
    )


def _examples(decisions: Sequence[Decision]) -> str:
    labels = [escaped(decision_label(each)) for each in decisions[:_EXAMPLES]]
    names = ", ".join([f'<bdi class="name" title="{label}">{label}</bdi>' for label in labels])
    return f"{names} {omitted(more)}" if (more := len(decisions) - _EXAMPLES) > 0 else names
