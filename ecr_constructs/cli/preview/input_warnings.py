"""What listings of images lack, and what of them was there at an instant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from ecr_constructs.cli.formatting import count, format_instant
from ecr_constructs.cli.sources.records import Policy, Repository

__all__ = ["as_of", "notes_on_age", "notes_on_fields", "notes_on_repository"]

# Where images are pushed or pulled at all, that is seldom longer ago.
_RECENT = timedelta(days=2)
_UNKNOWN = {
    "imageManifestMediaType": "which are indexes is not known",
    "imageSizeInBytes": "their sizes are not known",
}


def as_of(repositories: Sequence[Repository], at: datetime) -> tuple[list[Repository], tuple[str, ...]]:
    """
    Leave out images that were pushed after an instant, and say how many.

    Args:
        repositories: The repositories.
        at: The instant.

    """
    there = [
        replace(each, images=tuple(image for image in each.images if image.pushed_at <= at)) for each in repositories
    ]
    later = sum(len(each.images) for each in repositories) - sum(len(each.images) for each in there)
    note = f"left out what was pushed after {format_instant(at)}: {count(later, 'image')}"
    return there, (note,) if later else ()


def notes_on_repository(policy: Policy, repository: Repository, *, compares: bool) -> Iterator[str]:
    """
    Say what a listing may lack: AWS lists archived images only if it is asked to.

    Args:
        policy: The policy that goes with it.
        repository: The repository.
        compares: Whether the policies of today were to be given.

    """
    rules = [rule for rule in policy.policy.rules if rule.storage_class == "archive"]
    if rules and {image.status for image in repository.images} == {"active"}:
        yield (
            f"{repository.name}: rule {rules[0].rule_priority} is about archived images, and none is listed; "
            "aws ecr describe-images leaves them out without --filter imageStatus=ANY"
        )
    if compares and repository.deployed is None:
        yield f"{repository.name}: --current-policy has no policy of it, so nothing is compared"


def notes_on_fields(repositories: Sequence[Repository]) -> Iterator[str]:
    """
    Say what is not known because listings were cut down; an index that does not look like one has untagged parts.

    Args:
        repositories: The repositories.

    """
    for field, unknown in _UNKNOWN.items():
        lacking = {each.name: number for each in repositories if (number := each.missing.get(field, 0))}
        if lacking:
            first, more = next(iter(lacking)), len(lacking) - 1
            where = f"{first} and {more} more" if more else first
            what = f"{field} is missing for {count(sum(lacking.values()), 'image')} of {where}"
            yield f"{what}, so {unknown}; list them whole, without --query"


def notes_on_age(repositories: Sequence[Repository]) -> Iterator[str]:
    """
    Say that listings may be old, if in none of them anything was pushed or pulled of late.

    Args:
        repositories: The repositories.

    """
    times = (
        max(image.pushed_at, image.last_pulled_at or image.pushed_at) for each in repositories for image in each.images
    )
    newest = max(times, default=None)
    if newest is not None and (age := datetime.now(timezone.utc) - newest) > _RECENT:
        yield f"the listing may be old: the newest push or pull is {age.days} days ago; --at replays it as of then"
