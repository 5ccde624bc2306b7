"""Sizes of several images, where there is one: an index has none of its own, and a listing may leave sizes out."""

from __future__ import annotations

from collections.abc import Sequence

from ecr_constructs.cli.formatting import bytes_of, count, size
from ecr_constructs.model.images import Image

__all__ = ["amount", "weight", "weight_of"]


def weight(number: int) -> str:
    """Write bytes, or `-` where none are known."""
    return size(number) if number else "-"


def weight_of(images: Sequence[Image]) -> str:
    """Write what images take together, or why that is not known."""
    if total := bytes_of(images):
        return size(total)
    if all(image.is_index for image in images):
        return "all of them indexes, which have no size of their own"
    return "of unknown size"


def amount(images: Sequence[Image]) -> str:
    """Write how many images there are and what they take: `8 images, 800.0 MB`."""
    return f"{count(len(images), 'image')}, {weight_of(images)}" if images else "no images"
