"""
The rows of the list of images.

A page can have a hundred thousand of them, for which a template takes several times as long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from operator import attrgetter

from ecr_constructs.cli.formatting import DAYS, format_size
from ecr_constructs.cli.output.html.escaping import escaped, is_plain
from ecr_constructs.cli.output.image_list import ListedImage, each_image
from ecr_constructs.cli.preview.result import RepositoryPreview, all_images
from ecr_constructs.model.images import Image

__all__ = ["SWATCHES", "image_rows"]

SWATCHES = {"delete": "expired", "archive": "archived", "uncertain": "uncertain", "keep": "kept"}
_UNTAGGED = '<span class="muted">untagged</span>'
_DIGEST, _TAGS = attrgetter("digest"), attrgetter("tags")
_NONE = "\N{EN DASH}"


def image_rows(previews: Iterable[RepositoryPreview], *, has_repository: bool, has_usage: bool) -> Iterator[str]:
    """
    Yield a row for each image of repositories.

    Deleted and archived images are first, in the order of the repositories.

    Args:
        previews: The previews, the worst first.
        has_repository: Whether the rows have a column for the repository.
        has_usage: Whether the rows have a column for the workloads that run an image.

    Returns:
        The text in parts, one repository at a time.

    """
    separator = ""
    for preview in previews:
        repository = f"<td><bdi>{escaped(preview.name)}</bdi></td>" if has_repository else ""
        if rows := list(_rows(preview, repository, has_usage=has_usage)):
            text = "\n".join(rows)
            yield f"{separator}{text}"
            separator = "\n"


def _rows(preview: RepositoryPreview, repository: str, *, has_usage: bool) -> Iterator[str]:
    images = all_images(preview.evaluation)
    # The texts of nearly every repository need no escapes. One look at all of them is faster than one at each.
    texts = chain(map(_DIGEST, images), chain.from_iterable(map(_TAGS, images)))
    safe = None if is_plain(" ".join(texts)) else escaped
    outcomes: dict[tuple[str, int, str], tuple[str, str]] = {}
    users = ""
    for decision, outcome, workloads in each_image(preview):
        image, _, rule, why = decision
        # Many images have the same outcome. Its cells are made once.
        key = (outcome, id(rule), why)
        if (cells := outcomes.get(key)) is None:
            cells = outcomes[key] = _outcome_cells(ListedImage(decision, outcome, workloads))
        if has_usage:
            users = f"<td>{_users(workloads)}</td>"
        yield _row(image, repository, cells, users, safe)


def _outcome_cells(each: ListedImage) -> tuple[str, str]:
    """Return the cells for the outcome and the rule, and the cell for the reason."""
    swatch = f'<span class="swatch {SWATCHES[each.outcome]}"></span>'
    before = f'<td>{swatch}{each.outcome}</td><td class="number">{each.rule}</td>'
    return before, f'<td class="about">{escaped(each.reason)}</td>'


def _row(image: Image, repository: str, outcome: tuple[str, str], users: str, safe: Callable[[str], str] | None) -> str:
    digest, tags = image.digest, image.tags
    if safe is not None:
        digest, tags = safe(digest), [safe(tag) for tag in tags]
    names = f"<bdi>{'</bdi> <bdi>'.join(tags)}</bdi>" if tags else _UNTAGGED
    size = format_size(image.size) if image.size else _NONE
    pulled = DAYS[image.last_pulled_at.date()] if image.last_pulled_at else _NONE
    before, reason = outcome
    return (
        f'<tr>{repository}<th scope="row">{names}</th>{before}'
        f'<td class="number" data-value="{image.size}">{size}</td>'
        f'<td class="date">{DAYS[image.pushed_at.date()]}</td><td class="date">{pulled}</td>{users}'
        f'{reason}<td><code class="name">{digest}</code></td></tr>'
    )


def _users(workloads: Iterable[str] | None) -> str:
    return ", ".join([f"<bdi>{escaped(each)}</bdi>" for each in workloads or ()]) or _NONE
