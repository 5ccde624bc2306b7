"""Previews as Markdown for a pull request, and as CSV."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from io import StringIO

from ecr_constructs.cli.output.csv_report import render_csv
from ecr_constructs.cli.output.markdown_report import render_markdown
from ecr_constructs.cli.preview.result import PreviewReport
from ecr_constructs.model import LifecyclePolicy, expire_untagged, keep_latest
from ecr_constructs.testing import release_images, tagged, untagged_images
from tests.cli.listings import NOW
from tests.cli.output.test_table_report import preview

HOSTILE = "=1+1|`x`<script>\n# @here ![x](http://x)"


def report(**values: object) -> PreviewReport:
    policy = LifecyclePolicy.of(keep_latest(2, matching="v*"), expire_untagged(after_days=1))
    images = [*release_images("v{n}", count=5, until=NOW), *untagged_images(days=4, until=NOW)]
    shown = preview(images, of=policy)
    return PreviewReport(at=NOW, previews=(replace(shown, **values),))  # type: ignore[arg-type]


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


def test_markdown_has_the_totals_first_and_the_repository_collapsed() -> None:
    text = render_markdown(report())

    assert text.index("5 images to delete") < text.index("<details>")
    assert text.count("<details>") == text.count("</details>") >= 1
    assert "v1" in text


def test_text_of_users_is_not_markdown() -> None:
    text = render_markdown(report(repository=HOSTILE))

    assert "<script>" not in text
    assert not re.search(r"^# @here", text, re.MULTILINE)
    assert "![x](http://x)" not in text
    assert not re.search(r"(?<!\\)@here", text)


def test_markdown_of_many_repositories_fits_into_a_comment() -> None:
    images = [tagged(image, f"extra-{image.tags[0]}") for image in release_images("v{n}", count=200, until=NOW)]
    shown = preview(images, of=LifecyclePolicy.of(keep_latest(2, matching="v*")))
    many = tuple(replace(shown, repository=f"team/{number:03}") for number in range(200))

    # https://docs.github.com/en/rest/issues/comments: 65,536 characters.
    assert len(render_markdown(PreviewReport(at=NOW, previews=many))) <= 65_536
