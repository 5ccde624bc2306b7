"""The generated parts of the pages of docs/ are up to date and complete."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import ecr_constructs
from ecr_constructs._cdk.annotations import ANNOTATION_TYPES
from ecr_constructs.model.lifecycle.findings import FINDING_TYPES
from ecr_constructs.model.lifecycle.findings.finding_type import FindingType
from tests.docs_tables import PAGES, PARTS, rendered

PACKAGE = Path(str(ecr_constructs.__file__)).parent
each_finding_type = pytest.mark.parametrize("kind", FINDING_TYPES, ids=lambda kind: kind.id)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_generated_page_is_up_to_date(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert rendered(text) == text, "run `make docs-tables`"


def test_every_generated_part_is_in_a_page() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in PAGES)

    assert sorted(re.findall(r"<!-- begin ([\w-]+): ", pages)) == sorted(PARTS)


def test_a_stale_part_is_rendered_again() -> None:
    stale = "<!-- begin findings-table: x -->\nold\n<!-- end findings-table -->\n"

    assert "old" not in rendered(stale)
    assert "| [`shadowed-rule`](#shadowed-rule) | error | " in rendered(stale)
    assert rendered(rendered(stale)) == rendered(stale)


def used_annotations() -> Iterator[str]:
    for path in PACKAGE.glob("**/*.py"):
        yield from re.findall(r"\"ecr-constructs:(\w+)\"", path.read_text(encoding="utf-8"))


def test_every_annotation_of_a_construct_is_documented_once() -> None:
    assert sorted(each.name for each in ANNOTATION_TYPES) == sorted(set(used_annotations()))


def test_the_texts_of_annotations_are_sentences() -> None:
    for each in ANNOTATION_TYPES:
        assert re.fullmatch(r"[A-Z`].*\.", each.fact)
        assert re.fullmatch(r"[A-Z`].*\.", each.remedy)
        assert "|" not in each.fact + each.remedy


@each_finding_type
def test_a_kind_of_finding_is_documented(kind: FindingType) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", kind.id)
    assert re.fullmatch(r"[A-Z].*\.", kind.summary)
    for text in (kind.reason, kind.fix):
        assert text.strip().endswith(".")
    for remedy in (kind.remedy, kind.json_remedy or kind.remedy):
        assert remedy[0].islower() or remedy[0] == "{"
        assert not remedy.endswith(".")


@each_finding_type
def test_the_example_of_a_kind_of_finding_prints_one_of_its_kind(kind: FindingType) -> None:
    section = (PAGES[0].read_text(encoding="utf-8")).partition(f"\n## `{kind.id}`\n")[2]

    assert f"```text\n{kind.severity} {kind.id}: " in section.partition("\n## ")[0]
