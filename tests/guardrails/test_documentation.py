"""The table of rules in docs/guardrails.md."""

from __future__ import annotations

from pathlib import Path

from ecr_constructs.model.compliance import RULES

PAGE = Path(__file__).parents[2] / "docs" / "guardrails.md"


def test_the_page_has_every_rule_with_its_level_controls_and_requirement() -> None:
    rows = [
        f"| `{each.id}` | {each.level} | {', '.join(each.controls) or '-'} | {each.requirement} |"
        for each in RULES.values()
    ]

    page = PAGE.read_text(encoding="utf-8")
    assert [line for line in page.splitlines() if line.startswith("| `") and line.count("|") == 5] == rows
