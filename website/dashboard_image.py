"""
Render docs/images/dashboard.svg: the widgets of the dashboard in examples/metrics.py, with sample data.

`make image` writes the file. `--check` fails if the file does not show the current dashboard.
"""

from __future__ import annotations

import json
import math
import re
import runpy
import sys
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
IMAGE = ROOT / "docs/images/dashboard.svg"
CELL = 44
GAP = 10
POINTS = 24
COLORS = ("#1f77b4", "#ff7f0e", "#2ca02c")
# Repositories that the search of a namespace would find.
FOUND = ("ecr-public/docker/library/python", "ecr-public/nginx/nginx")
SEARCH = re.compile(r"SEARCH\(")
STYLE = (
    "text{font-family:sans-serif;font-size:12px;fill:#16191f}.head{font-size:16px;font-weight:bold}"
    ".title{font-weight:bold}.box{fill:#fff;stroke:#d5dbdb}.axis{stroke:#aab7b8}.line{fill:none;stroke-width:1.5}"
    ".quota{stroke:#d62728;stroke-dasharray:4 3}"
)


def main() -> None:
    """Write the image, or compare it."""
    rendered = svg(widgets())
    if "--check" not in sys.argv:
        IMAGE.write_text(rendered, encoding="utf-8")
    elif IMAGE.read_text(encoding="utf-8") != rendered:
        sys.exit("docs/images/dashboard.svg does not show the dashboard of examples/metrics.py; run 'make image'")


def widgets() -> list[Mapping[str, Any]]:
    """Return the widgets of the dashboard of the example."""
    app = runpy.run_path(str(ROOT / "examples/metrics.py"))["app"]
    template = app.synth().stacks[0].template["Resources"]
    (dashboard,) = [each for each in template.values() if each["Type"] == "AWS::CloudWatch::Dashboard"]
    parts = dashboard["Properties"]["DashboardBody"]["Fn::Join"][1]
    names = {
        logical_id: each["Properties"].get("RepositoryName", "")
        for logical_id, each in template.items()
        if each["Type"] == "AWS::ECR::Repository"
    }
    body = json.loads("".join(part if isinstance(part, str) else names[part["Ref"]] for part in parts))
    found: list[Mapping[str, Any]] = body["widgets"]
    return found


def svg(shown: list[Mapping[str, Any]]) -> str:
    """Return the image of the widgets."""
    width = CELL * max(each["x"] + each["width"] for each in shown) + GAP
    height = CELL * max(each["y"] + each["height"] for each in shown) + GAP
    shapes = "\n".join(shape for number, each in enumerate(shown) for shape in _widget(each, number))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="A dashboard with a row for each namespace, with sample data">\n<style>{STYLE}</style>\n'
        f'<rect width="{width}" height="{height}" fill="#f2f3f3"/>\n{shapes}\n</svg>\n'
    )


def _widget(widget: Mapping[str, Any], number: int) -> Iterator[str]:
    left, top = CELL * widget["x"] + GAP, CELL * widget["y"] + GAP
    width, height = CELL * widget["width"] - GAP, CELL * widget["height"] - GAP
    properties = widget["properties"]
    if widget["type"] == "text":
        yield f'<text class="head" x="{left}" y="{top + 22}">{escape(properties["markdown"].lstrip("# "))}</text>'
        return
    yield f'<rect class="box" x="{left}" y="{top}" width="{width}" height="{height}"/>'
    yield f'<text class="title" x="{left + 12}" y="{top + 22}">{escape(properties["title"])}</text>'
    bottom = top + height - 50
    yield f'<line class="axis" x1="{left + 12}" y1="{bottom}" x2="{left + width - 12}" y2="{bottom}"/>'
    if "annotations" in properties:
        yield f'<line class="quota" x1="{left + 12}" y1="{top + 40}" x2="{left + width - 12}" y2="{top + 40}"/>'
        yield f'<text x="{left + width - 50}" y="{top + 36}">Quota</text>'
    for index, label in enumerate(_labels(properties["metrics"])):
        color = COLORS[index % len(COLORS)]
        heights = [_sample(number, index, point) * (bottom - top - 60) for point in range(POINTS)]
        step = (width - 24) / (POINTS - 1)
        points = " ".join(f"{left + 12 + step * at:.1f},{bottom - up:.1f}" for at, up in enumerate(heights))
        yield f'<polyline class="line" stroke="{color}" points="{points}"/>'
        yield f'<rect x="{left + 12}" y="{bottom + 12 + 18 * index}" width="10" height="10" fill="{color}"/>'
        yield f'<text x="{left + 28}" y="{bottom + 21 + 18 * index}">{escape(label)}</text>'


def _labels(metrics: list[list[Any]]) -> Iterator[str]:
    """Yield the label of each line: that of a metric, or those of the repositories that a search finds."""
    for metric in metrics:
        options = metric[-1]
        if SEARCH.match(options.get("expression", "")):
            yield from FOUND
        elif options.get("visible", True):
            yield options["label"]


def _sample(widget: int, line: int, point: int) -> float:
    """Return a value from 0 to 1, the same for each run."""
    return 0.45 + 0.2 * math.sin(point / 3 + widget + 2 * line) + 0.1 * math.sin(point * 1.7 + line) - 0.12 * line


if __name__ == "__main__":
    main()
