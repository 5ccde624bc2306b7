"""
Open every page of build/site in Chromium, at two widths and in both schemes.

It fails on an error in the console, a request to another host, a link or an anchor without a target, a diagram that is
not rendered, and a page that is wider than the window. `--screenshots FOLDER` writes an image of each page.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import shutil
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag

from playwright.sync_api import Page, TimeoutError, sync_playwright  # noqa: A004  (its own error)

SITE = Path(__file__).parent.parent / "build/site"
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
SCHEMES = ("light", "dark")
# The address of each link of a page, and the ids of its elements.
READ = """() => ({
    links: [...document.querySelectorAll("a[href]")].map(each => each.href),
    ids: [...document.querySelectorAll("[id]")].map(each => each.id),
    width: document.documentElement.scrollWidth,
    window: window.innerWidth,
})"""


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves files without a log."""

    def log_message(self, format: str, *_: object) -> None:  # noqa: A002  (the name in the standard library)
        """Write nothing."""


@contextmanager
def served() -> Iterator[str]:
    """Yield the address of a server of the website on a free port."""
    handler = functools.partial(Handler, directory=str(SITE))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def main() -> None:
    """Check all pages, print the problems, and exit with 1 if there is one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--screenshots", type=Path)
    screenshots: Path | None = parser.parse_args().screenshots
    # The name of a page is the folder of its index.html.
    pages = sorted(path.parent.relative_to(SITE).as_posix() for path in SITE.rglob("index.html"))
    windows = [(device, scheme) for device in SIZES for scheme in SCHEMES]
    problems: list[str] = []
    with served() as root, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for device, scheme in windows:
            width, height = SIZES[device]
            context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
            found = Visit(root, context.new_page(), screenshots and screenshots / f"{device}-{scheme}").check(pages)
            problems += [f"{device}, {scheme}: {problem}" for problem in found]
            context.close()
        browser.close()
    print(*problems, f"{len(pages)} pages, {len(windows)} windows, {len(problems)} problems", sep="\n")
    sys.exit(bool(problems) or not pages)


class Visit:
    """A visit of all pages in one window."""

    def __init__(self, root: str, page: Page, screenshots: Path | None) -> None:
        """Record errors in the console and requests to another host."""
        self._root = root
        self._page = page
        self._screenshots = screenshots
        self._problems: list[str] = []
        page.on("pageerror", lambda error: self._add(str(error)))
        page.on("console", lambda line: self._add(line.text) if line.type in {"error", "warning"} else None)
        page.on("request", lambda request: self._check_host(request.url))

    def check(self, pages: list[str]) -> list[str]:
        """Return the problems of the pages."""
        contents = {self._address(name): self._open(name) for name in pages}
        return [*self._problems, *dead_links(self._root, contents)]

    def _address(self, name: str) -> str:
        return self._root if name == "." else f"{self._root}{name}/"

    def _add(self, problem: str) -> None:
        self._problems.append(f"{self._page.url}: {problem}")

    def _check_host(self, url: str) -> None:
        if not url.startswith((self._root, "data:", "blob:")):
            self._add(f"requests {url}")

    def _open(self, name: str) -> dict[str, Any]:
        """Open a page, wait for its diagrams, and return its links, its ids and its width."""
        self._page.goto(self._address(name), wait_until="load")
        diagrams = self._page.locator("pre.diagram, div.diagram").count()
        rendered = f"document.querySelectorAll('div.diagram svg').length === {diagrams}"
        try:
            self._page.wait_for_function(rendered, timeout=10_000)
        except TimeoutError:
            self._add("has a diagram that is not rendered")
        content: dict[str, Any] = self._page.evaluate(READ)
        if content["width"] > content["window"]:
            self._add(f"is {content['width']} pixels wide in a window of {content['window']}")
        if self._screenshots:
            self._page.screenshot(path=self._screenshots / f"{name.replace('/', '-')}.png")
        return content


def dead_links(root: str, contents: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield the links to pages and anchors of the website that do not exist."""
    for address, content in contents.items():
        for target in dict.fromkeys(content["links"]):
            place, anchor = urldefrag(target)
            if not place.startswith(root):
                continue
            if place not in contents and not (SITE / place.removeprefix(root)).is_file():
                yield f"{address} links to {target}, which does not exist"
            elif anchor and place in contents and anchor not in contents[place]["ids"]:
                yield f"{address} links to {target}, which has no such anchor"


if __name__ == "__main__":
    main()
