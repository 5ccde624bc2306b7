"""Previews as CSV."""

from __future__ import annotations

import csv
from io import StringIO

from ecr_constructs.cli.output.csv_report import render_csv
from tests.cli.output.test_markdown_report import HOSTILE, report


def test_csv_has_a_line_for_each_image_with_the_worst_first() -> None:
    found = report()
    rows = list(csv.DictReader(StringIO(render_csv(found), newline="")))

    assert len(rows) == len({row["digest"] for row in rows}) == 9
    outcomes = [row["outcome"] for row in rows]
    assert outcomes == sorted(outcomes, key=["delete", "archive", "uncertain", "keep"].index)
    deleted = {each.image.digest for each in found.previews[0].evaluation.expired}
    assert {row["digest"] for row in rows if row["outcome"] == "delete"} == deleted


def test_a_cell_of_csv_is_never_a_formula() -> None:
    text = render_csv(report(repository=HOSTILE, prefix="@SUM(A1)"))
    rows = list(csv.reader(StringIO(text, newline="")))

    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    written = HOSTILE.replace("\n", "\\n")
    assert {row[0] for row in rows[1:]} == {f"'{written}"}
    assert "\\x1b[31m" in render_csv(report(repository="\x1b[31m"))
