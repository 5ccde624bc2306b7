"""
The damage of a policy to a repository: whether no image remains, and the part of the images that is lost.

In this module, an image is lost if it is deleted or archived:
"Archived images cannot be pulled",
https://docs.aws.amazon.com/AmazonECR/latest/userguide/archive-image.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Literal

from ecr_constructs.cli.formatting import count, decision_label, format_day
from ecr_constructs.cli.preview.result import (
    RepositoryPreview,
    all_images,
    decisions_by_group,
    images_of,
    stored_with_preview,
)
from ecr_constructs.model.images import Image
from ecr_constructs.model.lifecycle.evaluation import Decision, Evaluation

__all__ = [
    "ALARM_KINDS",
    "ALARM_PERCENT",
    "CERTAINTIES",
    "AlarmKind",
    "Certainty",
    "Damage",
    "damage_of",
    "worst_first",
]

Certainty = Literal["would", "might"]
AlarmKind = Literal["empties", "newest", "loses"]

# The most severe first.
CERTAINTIES: tuple[Certainty, ...] = ("would", "might")
ALARM_KINDS: tuple[AlarmKind, ...] = ("empties", "newest", "loses")

# A repository has an alarm if it loses more than this part of its images in one run. A gate can have another threshold.
ALARM_PERCENT = 50
# The tags of cosign for the signature, the attestation and the SBOM of an image.
_ARTIFACT_TAG = re.compile(r"sha256-[0-9a-f]{64}(\.(sig|att|sbom))?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Damage:
    """
    The damage to one repository.

    Attributes:
        images: The number of its images.
        deleted: The number of images that are deleted.
        archived: The number of images that are archived.
        uncertain: The number of images that might be deleted or archived.
        empties: `would` if no image remains that can be pulled, `might` if that depends on uncertain outcomes, and None
            if an image is certain to remain or if there was none before.
        newest: The decisions on the newest images, if all of them are or might be lost. Empty if one remains.
        loses_newest: `would` or `might` if the newest image is lost, and None if it is kept.
        in_use: The number of images in use that are or might be lost.

    """

    images: int
    deleted: int
    archived: int
    uncertain: int
    empties: Certainty | None
    newest: tuple[Decision, ...]
    loses_newest: Certainty | None
    in_use: int

    @property
    def lost(self) -> int:
        """The number of images that are deleted or archived."""
        return self.deleted + self.archived

    def exceeds(self, percent: float) -> Certainty | None:
        """
        Return `would` or `might` if more than a part of the images is lost, and None if not.

        Args:
            percent: The part, from 0 to 100.

        """
        if self.lost * 100 > percent * self.images:
            return "would"
        return "might" if (self.lost + self.uncertain) * 100 > percent * self.images else None

    @property
    def alarm(self) -> AlarmKind | None:
        """The kind of its alarm, the most severe one: `empties`, `newest`, `loses`, or None."""
        kinds = list(zip(ALARM_KINDS, self._certainties(), strict=True))
        return next((kind for certainty in CERTAINTIES for kind, found in kinds if found == certainty), None)

    @property
    def certainty(self) -> Certainty | None:
        """Whether the alarm is certain, or None if there is none."""
        certainties = self._certainties()
        return next((each for each in CERTAINTIES if each in certainties), None)

    def describe(self) -> str:
        """Return the lost images in words: `137 of 139 images (98%), 130 to delete, 7 to archive, 2 uncertain`."""
        parts = [f"{self.deleted:,} to delete"] if self.deleted or not self.archived else []
        parts += [f"{self.archived:,} to archive"] if self.archived else []
        parts += [f"{self.uncertain:,} uncertain"] if self.uncertain else []
        return f"{self.lost:,} of {count(self.images, 'image')} ({self.percent}%): {', '.join(parts)}"

    @property
    def percent(self) -> int:
        """The part of the images that is lost, rounded down, from 0 to 100."""
        return self.lost * 100 // self.images if self.images else 0

    def describe_newest(self) -> str:
        """Return the newest image with the day of its push: `v4 (+1), pushed 2026-06-01`."""
        decision = self.newest[0]
        return f"{decision_label(decision)}, pushed {format_day(decision.image.pushed_at)}"

    def _certainties(self) -> tuple[Certainty | None, ...]:
        """Return whether each kind of alarm is certain, in the order of `ALARM_KINDS`."""
        return self.empties, self.loses_newest, self.exceeds(ALARM_PERCENT)


@stored_with_preview
def damage_of(preview: RepositoryPreview) -> Damage:
    """
    Return the damage to a repository.

    Args:
        preview: The preview. The policy of a creation template does no damage, because ECR does not apply it to a
            repository that exists.

    """
    evaluation = preview.evaluation
    if preview.prefix is not None:
        everything = len(all_images(evaluation))
        return _no_damage(everything)
    expired, archived, maybe, kept = map(images_of, decisions_by_group(evaluation).values())
    lost = [*expired, *archived]
    images = [_pullable(each) for each in (kept, lost, maybe)]
    newest, loses_newest = _newest(evaluation, *images)
    return Damage(
        images=len(lost) + len(maybe) + len(kept),
        deleted=len(expired),
        archived=len(archived),
        uncertain=len(maybe),
        empties=_empties(*images),
        newest=newest,
        loses_newest=loses_newest,
        in_use=sum(bool(preview.users(each.digest)) for each in (*lost, *maybe)) if preview.in_use else 0,
    )


def worst_first(previews: Iterable[RepositoryPreview]) -> list[tuple[RepositoryPreview, Damage]]:
    """
    Return the previews with their damage, the worst first, and those of creation templates last.

    The order is that of images in use, alarms, deleted images, archived images, uncertain images and names.

    Args:
        previews: The previews.

    """
    return list(_ranked(tuple(previews)))


# The alarms, the report and the summary of a run need the order.
@lru_cache(maxsize=1)
def _ranked(previews: tuple[RepositoryPreview, ...]) -> tuple[tuple[RepositoryPreview, Damage], ...]:
    return tuple(sorted(((preview, damage_of(preview)) for preview in previews), key=_order))


def _order(each: tuple[RepositoryPreview, Damage]) -> tuple[object, ...]:
    preview, damage = each
    alarm, certainty = damage.alarm, damage.certainty
    return (
        preview.prefix is not None,
        -damage.in_use,
        CERTAINTIES.index(certainty) if certainty else len(CERTAINTIES),
        ALARM_KINDS.index(alarm) if alarm else len(ALARM_KINDS),
        -damage.deleted,
        -damage.archived,
        -damage.uncertain,
        preview.name,
    )


def _no_damage(images: int) -> Damage:
    return Damage(
        images=images, deleted=0, archived=0, uncertain=0, empties=None, newest=(), loses_newest=None, in_use=0
    )


def _empties(kept: Sequence[Image], lost: Sequence[Image], maybe: Sequence[Image]) -> Certainty | None:
    """Return whether none of the images remains that can be pulled, of a repository that has one."""
    if kept or not (lost or maybe):
        return None
    return "might" if maybe else "would"


def _newest(
    evaluation: Evaluation, kept: Sequence[Image], lost: Sequence[Image], maybe: Sequence[Image]
) -> tuple[tuple[Decision, ...], Certainty | None]:
    """Return the decisions on the newest images and whether all are lost, or nothing if one of them is kept."""
    groups = _candidates(kept, lost, maybe)
    of_kept, of_lost, of_maybe = (max([image.pushed_at for image in images], default=None) for images in groups)
    latest = max((time for time in (of_kept, of_lost, of_maybe) if time is not None), default=None)
    if latest is None or latest == of_kept:
        return (), None
    digests = {image.digest for images in groups for image in images if image.pushed_at == latest}
    decisions = chain(evaluation.expired, evaluation.archived, evaluation.uncertain)
    newest = tuple(each for each in decisions if each.image.digest in digests)
    return newest, "might" if latest == of_maybe else "would"


def _candidates(*groups: Sequence[Image]) -> Sequence[Sequence[Image]]:
    """
    Return the images among which the newest one is: the tagged images, or the untagged ones without.

    The images of an image index are untagged, and pushed before it.
    """
    tagged = [[image for image in images if image.tags] for images in groups]
    return tagged if any(tagged) else groups


def _pullable(images: Iterable[Image]) -> list[Image]:
    """Return the images that can be pulled, without artifacts such as a signature."""
    return [
        image
        for image in images
        # The subject and the first tag decide for nearly every image.
        if image.status == "active"
        and not (
            (image.subject_digest is not None or (image.tags and image.tags[0].startswith("sha256-")))
            and _is_artifact(image)
        )
    ]


def _is_artifact(image: Image) -> bool:
    """Return whether an image is a signature or another artifact of an image."""
    return image.subject_digest is not None or all(map(_ARTIFACT_TAG.fullmatch, image.tags))
