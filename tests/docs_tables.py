"""
The generated parts of the pages of docs/.

`python -m tests.docs_tables`, or `make docs-tables`, renders them from the findings that are registered in
`ecr_constructs.model.lifecycle.findings`, from the annotations in `ecr_constructs._cdk.annotations`, from the rules
in `ecr_constructs.model.compliance`, and from the permission matrix in `tests.permissions`.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ecr_constructs._cdk.annotations import ANNOTATION_TYPES
from ecr_constructs.model.compliance import RULES
from ecr_constructs.model.lifecycle.findings import FINDING_TYPES
from ecr_constructs.model.lifecycle.findings.finding_type import FindingType
from ecr_constructs.repository.lifecycle_validation import annotation_id
from tests.permissions.guardrails import guardrails_table
from tests.permissions.keys import keys_table
from tests.permissions.matrix import groups_table, matrix_table, operations_table, shared_intents_table
from tests.permissions.perimeters import perimeter_table
from tests.ready_policies import ready_policies_sections

DOCS = Path(__file__).parents[1] / "docs"


def findings_table() -> str:
    """Return the table of all findings."""
    rows = [(f"[`{each.id}`](#{each.id})", each.severity, each.summary) for each in FINDING_TYPES]
    return _table(("id", "severity", "fact"), rows)


def findings_sections() -> str:
    """Return one section for each finding, with an example and its output."""
    return "\n" + "\n\n".join(map(_section, FINDING_TYPES)) + "\n"


def annotations_table() -> str:
    """Return the table of the annotations of constructs."""
    rows = [
        (f"`{each.id}`", each.constructs, f"{'(info) ' if each.severity == 'info' else ''}{each.fact}", each.remedy)
        for each in ANNOTATION_TYPES
    ]
    return _table(("id", "on", "fact", "fix"), rows)


def finding_annotations_table() -> str:
    """Return the table of the annotations for findings."""
    rows = [
        (f"`{annotation_id(each.id)}`", each.severity, each.summary, f"[{each.id}](findings.md#{each.id})")
        for each in FINDING_TYPES
        if each.severity != "error" and not each.needs_images
    ]
    return _table(("id", "severity", "fact", "documentation"), rows)


def guardrails_rules_table() -> str:
    """Return the table of the rules of `Guardrails`."""
    rows = [(f"`{each.id}`", each.level, ", ".join(each.controls) or "-", each.requirement) for each in RULES.values()]
    return _table(("id", "level", "controls", "requirement"), rows)


PARTS: Mapping[str, Callable[[], str]] = {
    "findings-table": findings_table,
    "findings-sections": findings_sections,
    "annotations-table": annotations_table,
    "finding-annotations-table": finding_annotations_table,
    "guardrails-rules-table": guardrails_rules_table,
    "ready-policies": ready_policies_sections,
    "permission-operations": operations_table,
    "permission-intents": shared_intents_table,
    "permission-groups": groups_table,
    "permission-matrix": matrix_table,
    "permission-guardrails": guardrails_table,
    "permission-keys": keys_table,
    "perimeter-requests": perimeter_table,
}
PAGES = tuple(
    DOCS / name
    for name in ("findings.md", "warnings.md", "ready-policies.md", "guardrails.md", "access.md", "perimeter.md")
)


def rendered(page: str) -> str:
    """
    Return a page with its generated parts rendered.

    Args:
        page: The text of the page, with a pair of marker comments for each part.

    """

    def part(found: re.Match[str]) -> str:
        return f"{found[1]}\n{PARTS[found[2]]()}\n{found[3]}"

    return re.sub(r"(<!-- begin ([\w-]+): .*? -->)\n.*?\n?(<!-- end \2 -->)", part, page, flags=re.DOTALL)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(["", *(f"| {' | '.join(line)} |" for line in lines), ""])


def _section(kind: FindingType) -> str:
    example = inspect.cleandoc(kind.example)
    paragraphs = [
        f"## `{kind.id}`",
        kind.summary,
        f"**Why it matters.**\n{_dedented(kind.reason)}",
        f"**Fix.**\n{_dedented(kind.fix)}",
        f"```python\n{example}\n```",
        f"```text\n{_output(example)}```",
    ]
    return "\n\n".join(paragraphs)


def _dedented(text: str) -> str:
    return inspect.cleandoc(text).strip()


def _output(program: str) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(program, {})  # noqa: S102  (an example of this package)
    return printed.getvalue()


if __name__ == "__main__":
    for path in PAGES:
        path.write_text(rendered(path.read_text(encoding="utf-8")), encoding="utf-8")
