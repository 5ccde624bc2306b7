"""Previews for the tests of the HTML page, and a parser of the page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from html.parser import HTMLParser
from typing import Any

from ecr_constructs.cli.output.html import render_page
from ecr_constructs.cli.output.html.axis_labels import AxisLabel
from ecr_constructs.cli.preview.gates import GateResult
from ecr_constructs.cli.preview.result import PreviewReport, RepositoryPreview
from ecr_constructs.model import (
    Image,
    LifecyclePolicy,
    archive_older_than,
    delete_archived,
    expire_older_than,
    expire_untagged,
    keep_latest,
)
from ecr_constructs.testing import archived, multi_arch, pipeline_images, release_images, signed, untagged_images

AT = datetime(2026, 6, 1, 12, 0, tzinfo=timezone.utc)
POLICY = LifecyclePolicy.of(
    keep_latest(10, matching="release-*"),
    expire_older_than(after_days=14, matching="build-*"),
    archive_older_than(after_days=60, matching="nightly-*"),
    delete_archived(after_days=120),
    expire_untagged(after_days=7),
)
# These have no text and no end.
_VOID = frozenset({"br", "img", "input", "link", "meta"})


def history() -> list[Image]:
    """Return the images of a repository: builds, nightlies, signed releases, untagged and archived images."""
    return [
        *pipeline_images("build-{n}", days=30, a_day=3, until=AT - timedelta(hours=2)),
        *release_images("nightly-{n}", count=80, every_days=1, until=AT - timedelta(hours=3)),
        *signed(multi_arch(release_images("release-{n}", count=40, until=AT - timedelta(days=1)))),
        *untagged_images(days=10, until=AT - timedelta(hours=5)),
        *archived(release_images("old-{n}", count=6, until=AT - timedelta(days=400)), at=AT - timedelta(days=130)),
        *archived(release_images("older-{n}", count=4, until=AT - timedelta(days=300)), at=AT - timedelta(days=50)),
    ]


def preview(
    images: Iterable[Image] | None = None, *, policy: LifecyclePolicy = POLICY, **values: Any
) -> RepositoryPreview:
    """Return the preview of a policy over images. The other fields can be passed."""
    found = history() if images is None else list(images)
    plain = RepositoryPreview(
        repository="prod/api",
        policy=policy,
        where="template.json",
        at=AT,
        evaluation=policy.evaluate(found, at=AT),
        schedule=policy.schedule(found, at=AT),
        findings=policy.findings(found),
    )
    return replace(plain, **values)


@dataclass
class Element:
    """An element of a page with its content."""

    tag: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Return the whole text of the element, with single spaces."""
        return " ".join("".join(self._texts()).split())

    def all(self, tag: str = "", **attributes: str) -> list[Element]:
        """Return the inner elements that have this tag and these attributes. `class_` is one of the classes."""
        return [each for each in self._elements() if each.is_a(tag, **attributes)]

    def one(self, tag: str = "", **attributes: str) -> Element:
        """Return the only such element."""
        (found,) = self.all(tag, **attributes)
        return found

    def is_a(self, tag: str, **attributes: str) -> bool:
        """Return whether the element has this tag and these attributes."""
        classes = self.attributes.get("class", "").split()
        wanted = dict(attributes)
        name = wanted.pop("class_", None)
        return tag in ("", self.tag) and (name is None or name in classes) and wanted.items() <= self.attributes.items()

    def _elements(self) -> Iterator[Element]:
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child._elements()

    def _texts(self) -> Iterator[str]:
        for child in self.children:
            yield child if isinstance(child, str) else "".join(child._texts())


class _Reader(HTMLParser):
    """A parser that rejects pages that a browser would have to repair."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Element("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"<{tag}> has an attribute twice"
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)

    def close(self) -> None:
        super().close()
        assert self._open == [self.root], f"<{self._open[-1].tag}> is left open"


def read(page: str) -> Element:
    """Return the parsed elements of a page."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader.root


def report(*previews: RepositoryPreview, **values: Any) -> PreviewReport:
    """Return a report of previews. The other fields can be passed."""
    return PreviewReport(at=AT, previews=previews, **values)


def page_of(*previews: RepositoryPreview, results: Sequence[GateResult] = (), **values: Any) -> Element:
    """Render previews as a page, and return its parsed elements."""
    return read(render_page(report(*previews, **values), results))


def is_legible(labels: Sequence[AxisLabel], *, width: int) -> bool:
    """Return whether labels with letters of 6 pixels do not overlap. Labels at the edges are aligned inwards."""
    ends = [0.0]
    for label in labels:
        length = 6 * len(label.text)
        start = label.left * width / 100 - {"start": 0.0, "middle": length / 2, "end": length}[label.anchor]
        if start < ends[-1]:
            return False
        ends.append(start + length + 3)
    return ends[-1] <= width + 3


def table(page: Element, caption: str) -> list[list[str]]:
    """Return the texts of the rows of a table, without its head."""
    (found,) = (each for each in page.all("table") if each.one("caption").text == caption)
    rows = [row for part in found.all("tbody") for row in part.all("tr")]
    return [[cell.text for cell in row.children if isinstance(cell, Element)] for row in rows]
