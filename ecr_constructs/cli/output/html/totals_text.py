"""
The totals of a repository as HTML.

A page can have those of thousands of repositories, for which a template takes several times as long.
"""

from __future__ import annotations

from markupsafe import Markup

from ecr_constructs.cli.formatting import count, format_size, known_size
from ecr_constructs.cli.preview.totals import Totals

__all__ = ["en_dash_size", "totals_cells", "totals_text"]


def en_dash_size(number: int) -> str:
    """
    Return bytes as `known_size` does, with a dash of the width of a digit for 0.

    Args:
        number: The number of bytes.

    """
    return known_size(number).replace("-", "\N{EN DASH}")


def totals_text(totals: Totals) -> Markup:
    """
    Return the number of images with each outcome, with their sizes.

    Args:
        totals: The totals.

    """
    if not totals.images:
        return Markup("no images")
    expired = f"<strong>{totals.expired:,} to delete</strong>{_sized(totals.expired_size)}"
    parts = [
        expired if totals.expired else "none to delete",
        f"{totals.archived:,} to archive{_sized(totals.archived_size)}" if totals.archived else "",
        f"{totals.uncertain:,} uncertain{_sized(totals.uncertain_size)}" if totals.uncertain else "",
        f"{totals.kept:,} to keep{_sized(totals.kept_size)}",
    ]
    images = f"{count(totals.images, 'image')}{_sized(totals.size)}"
    return Markup(f"{images}: {', '.join(filter(None, parts))}")  # noqa: S704  (numbers)


def totals_cells(totals: Totals) -> Markup:
    """
    Return the cells of a table with the number of images, of those with each outcome, and the bytes that are freed.

    Args:
        totals: The totals.

    """
    expired_size = en_dash_size(totals.expired_size)
    cells = (
        (totals.images, f"{totals.images:,}"),
        (totals.expired, f"{totals.expired:,}"),
        (totals.expired_size, expired_size),
        (totals.archived, f"{totals.archived:,}"),
        (totals.uncertain, f"{totals.uncertain:,}"),
    )
    return Markup("".join([f'<td class="number" data-value="{value}">{text}</td>' for value, text in cells]))  # noqa: S704  (numbers)


def _sized(size: int) -> str:
    return f" ({format_size(size)})" if size else ""
