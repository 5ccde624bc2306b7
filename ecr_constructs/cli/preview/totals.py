"""The number and the size of the images with each outcome, for a repository and in total."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter

from ecr_constructs.cli.formatting import total_size
from ecr_constructs.cli.preview.result import RepositoryPreview, decisions_by_group, images_of, stored_with_preview

__all__ = ["Totals", "sum_of", "totals_of"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Totals:
    """The number of images with each outcome, their bytes, and the number of image indexes, which can be added."""

    images: int = 0
    size: int = 0
    expired: int = 0
    expired_size: int = 0
    archived: int = 0
    archived_size: int = 0
    uncertain: int = 0
    uncertain_size: int = 0
    kept: int = 0
    kept_size: int = 0
    indexes: int = 0

    def __add__(self, other: Totals) -> Totals:
        """Return the sums."""
        return Totals(**{name: getattr(self, name) + getattr(other, name) for name in self.__slots__})


@stored_with_preview
def totals_of(preview: RepositoryPreview) -> Totals:
    """
    Return the totals of one repository.

    Args:
        preview: The preview.

    """
    evaluation = preview.evaluation
    groups = [images_of(group) for group in decisions_by_group(evaluation).values()]
    expired, archived, uncertain, kept = map(total_size, groups)
    numbers = tuple(map(len, groups))
    return Totals(
        images=sum(numbers),
        size=expired + archived + uncertain + kept,
        expired=numbers[0],
        expired_size=expired,
        archived=numbers[1],
        archived_size=archived,
        uncertain=numbers[2],
        uncertain_size=uncertain,
        kept=numbers[3],
        kept_size=kept,
        indexes=sum([not image.is_ordinary and image.is_index for group in groups for image in group]),
    )


def sum_of(previews: Iterable[RepositoryPreview]) -> Totals:
    """
    Return the totals of all repositories.

    ECR does not apply the policy of a creation template to existing repositories, so it does not count.

    Args:
        previews: The previews.

    """
    each = [totals_of(preview) for preview in previews if preview.prefix is None]
    return Totals(**{name: sum(map(attrgetter(name), each)) for name in Totals.__slots__})
