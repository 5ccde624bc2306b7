"""
The rows of the list of images.

A page can have a hundred thousand of them, for which a template takes several times as long.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from markupsafe import Markup, escape

from ecr_constructs.cli.formatting import format_day, format_size, printable
from ecr_constructs.cli.output.image_list import ListedImage, every_image
from ecr_constructs.cli.preview.result import RepositoryPreview

__all__ = ["image_rows"]

_SWATCHES = {"delete": "expired", "archive": "archived", "uncertain": "uncertain", "keep": "kept"}
# Texts that are the same in HTML.
_PLAIN = re.compile(r"[A-Za-z0-9 ._:/+,-]*").fullmatch
_NONE = "\N{EN DASH}"


def image_rows(previews: Iterable[RepositoryPreview], *, has_repository: bool, has_usage: bool) -> Markup:
    """
    Return a row for each image of repositories.

    Deleted and archived images are first, in the order of the repositories.

    Args:
        previews: The previews, the worst first.
        has_repository: Whether the rows have a column for the repository.
        has_usage: Whether the rows have a column for the workloads that run an image.

    """
    return Markup("\n".join(_rows(previews, has_repository=has_repository, has_usage=has_usage)))  # noqa: S704  (each text is escaped)


def _rows(previews: Iterable[RepositoryPreview], *, has_repository: bool, has_usage: bool) -> Iterator[str]:
    for preview in previews:
        repository = f"<td><bdi>{_safe(preview.name)}</bdi></td>" if has_repository else ""
        for each in every_image(preview):
            yield _row(each, repository, has_usage=has_usage)


def _row(each: ListedImage, repository: str, *, has_usage: bool) -> str:
    image = each.image
    tags = " ".join([f"<bdi>{_safe(tag)}</bdi>" for tag in image.tags]) or '<span class="muted">untagged</span>'
    users = f"<td>{_users(each)}</td>" if has_usage else ""
    size = f'<td class="number" data-value="{image.size}">{format_size(image.size) if image.size else _NONE}</td>'
    pulled = format_day(image.last_pulled_at) if image.last_pulled_at else _NONE
    return (
        f'<tr>{repository}<th scope="row">{tags}</th><td><span class="swatch {_SWATCHES[each.outcome]}"></span>'
        f'{each.outcome}</td><td class="number">{each.rule}</td>{size}'
        f'<td class="date">{format_day(image.pushed_at)}</td><td class="date">{pulled}</td>{users}'
        f'<td class="about">{_safe(each.reason)}</td><td><code class="name">{_safe(image.digest)}</code></td></tr>'
    )


def _users(each: ListedImage) -> str:
    return ", ".join(f"<bdi>{_safe(user)}</bdi>" for user in each.users or ()) or _NONE


def _safe(text: str) -> str:
    """Return a text as HTML, without characters that no file can contain."""
    return text if _PLAIN(text) else _escaped(text)


@lru_cache(maxsize=4096)
def _escaped(text: str) -> str:
    return str(escape(printable(text)))
