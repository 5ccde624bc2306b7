"""
Open the HTML of `ecr-constructs preview` in Chromium, at two widths and in both schemes.

The folder has `single.html`, a page with charts, and `pages`, an index with the pages of a fleet. It fails on an error
in the console, a request, a page that is wider than the window, a violation of a rule of axe-core, a list that is not
searched or sorted, and an index that is too large or too slow. `--screenshots FOLDER` writes an image of each page.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from browser import SCHEMES, SIZES
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parent.parent
AXE = ROOT / "build/axe.min.js"
NAMES = ("single.html", "pages/index.html", "pages/repository-1.html")
MOST_BYTES, MOST_MILLISECONDS = 3_000_000, 2_000
# The rules of WCAG 2.2 and the best practices, among them names and contrast. The page is in a window, not in a frame.
RUN_AXE = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations.map(
    each => `${each.id} (${each.impact}): ${each.nodes.length} times, such as ${each.nodes[0].html.slice(0, 150)}`)"""


def main() -> None:
    """Check all pages, print the problems, and exit with 1 if there is one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--screenshots", type=Path)
    arguments = parser.parse_args()
    problems = list(size_problems(arguments.folder))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for device, (width, height) in SIZES.items():
            for scheme in SCHEMES:
                context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
                for name in NAMES:
                    page = context.new_page()
                    is_first = (device, scheme) == (next(iter(SIZES)), SCHEMES[0])
                    found = visit(page, (arguments.folder / name).resolve(), uses_lists=is_first)
                    problems += [f"{name}, {device}, {scheme}: {problem}" for problem in found]
                    if arguments.screenshots:
                        image = f"{name.replace('/', '-').removesuffix('.html')}-{device}-{scheme}.png"
                        page.evaluate("scrollTo(0, 0)")
                        page.screenshot(path=arguments.screenshots / image)
                    page.close()
                context.close()
        browser.close()
    print(*problems, f"{len(NAMES)} pages, {len(problems)} problems", sep="\n")
    sys.exit(bool(problems))


def size_problems(folder: Path) -> Iterator[str]:
    """Yield the problem of an index that is too large."""
    size = (folder / "pages/index.html").stat().st_size
    print(f"pages/index.html has {size:,} bytes")
    if size > MOST_BYTES:
        yield f"pages/index.html has {size:,} bytes; the limit is {MOST_BYTES:,}"


def visit(page: Page, path: Path, *, uses_lists: bool) -> list[str]:
    """Return the problems of a page, on request with those of opening it and of using its lists."""
    problems: list[str] = []
    page.on("console", lambda message: problems.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: problems.append(f"error: {error}"))
    page.on("request", lambda request: problems.extend(foreign_requests(request.url, path)))
    problems += time_problems(page, path, is_timed=uses_lists)
    width = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    if width > 0:
        problems.append(f"is {width} pixels wider than the window")
    # The policy of the page forbids scripts of others: this one is run by the debugger of the browser.
    page.evaluate(AXE.read_text(encoding="utf-8"))
    problems += page.evaluate(RUN_AXE)
    for number in range(page.locator("table[data-noun]").count() if uses_lists else 0):
        problems += list_problems(page, number)
    return problems


def foreign_requests(url: str, path: Path) -> Iterator[str]:
    """Yield the problem of a request for anything but the page."""
    if url != path.as_uri():
        yield f"requests {url}"


def time_problems(page: Page, path: Path, *, is_timed: bool) -> Iterator[str]:
    """
    Open a page, and yield the problem of an index that is open too late: when its script has run and it is drawn.

    The time of the browser thread that renders the page is compared, because it depends less on other work on the
    machine. The elapsed time is printed too.
    """
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(path.as_uri(), wait_until="load")
    page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    passed = page.evaluate("performance.now()")
    metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    worked = 1000 * metrics["TaskDuration"]
    if is_timed:
        print(f"{path.name} is open after {passed:.0f} ms, of which the browser worked {worked:.0f} ms")
    if is_timed and path.name == "index.html" and worked > MOST_MILLISECONDS:
        yield f"takes {worked:.0f} ms to open; the limit is {MOST_MILLISECONDS}"


def list_problems(page: Page, number: int) -> Iterator[str]:
    """Yield the problems of a list: its search field, and sorting by each column."""
    table = page.locator("table[data-noun]").nth(number)
    noun, rows = table.get_attribute("data-noun"), table.locator("tbody tr")
    search, status = page.get_by_label(f"Search {noun}"), page.locator(".search output").nth(number)
    everything = rows.count()
    text = str(rows.last.locator("th").first.inner_text()).split()[0]
    search.fill(text.upper())
    page.wait_for_timeout(300)
    shown = rows.evaluate_all("rows => rows.filter(row => !row.hidden).map(row => row.textContent)")
    if not 0 < len(shown) <= everything or any(text.lower() not in str(each).lower() for each in shown):
        yield f"the search for {text!r} in {noun} shows {len(shown)} of {everything} rows"
    if not str(status.inner_text()).startswith(f"{len(shown):,} of {everything:,} "):
        yield f"the number of {noun} is {status.inner_text()!r} for {len(shown)} rows"
    search.fill("")
    page.wait_for_timeout(300)
    heads = table.locator("thead th")
    for column in range(heads.count()):
        yield from sort_problems(table, column, is_number="number" in (heads.nth(column).get_attribute("class") or ""))


def sort_problems(table: Any, column: int, *, is_number: bool) -> Iterator[str]:  # noqa: ANN401  (a locator)
    """Yield the problems of sorting by a column, upwards and then downwards."""
    head = table.locator("thead th").nth(column)
    read = "rows => rows.map(row => row.cells[COLUMN].dataset.value ?? row.cells[COLUMN].textContent.trim())"
    for direction in ("ascending", "descending"):
        head.locator("button").click()
        values = table.locator("tbody tr").evaluate_all(read.replace("COLUMN", str(column)))
        keys = [float(each.replace(",", "")) if each.replace(",", "").isdigit() else 0.0 for each in values]
        found = keys if is_number else values
        if head.get_attribute("aria-sort") != direction or found != sorted(found, reverse=direction == "descending"):
            yield f"column {column} is not sorted, {direction}"


if __name__ == "__main__":
    main()
