"""Previews of many repositories: of listings in files, or of a live account."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from ecr_constructs.cli.exits import CommandError
from ecr_constructs.cli.live import Account, Progress, Questions
from ecr_constructs.cli.previews.comparison import build
from ecr_constructs.cli.previews.matching import Matches, chooses, is_loose, match, narrow
from ecr_constructs.cli.previews.preview import Survey
from ecr_constructs.cli.quantities import count
from ecr_constructs.cli.sources.inventory import Policy, Repository
from ecr_constructs.cli.sources.policies import Reading

__all__ = ["survey_account", "survey_files"]


def survey_files(
    reading: Reading,
    repositories: Iterable[Repository],
    *,
    only: Sequence[str] = (),
    at: datetime,
    compares: bool = False,
) -> Survey:
    """
    Preview policies over repositories whose images were listed.

    Args:
        reading: The policies.
        repositories: The repositories.
        only: Names of repositories, in which `*` stands for anything. Default: all.
        at: The instant, with a time zone.
        compares: Whether the policies of today were to be given with the repositories.

    Raises:
        CommandError: if policies and repositories cannot be brought together.
        InvalidImage: if images cannot be those of one repository.

    """
    known = {repository.name: repository for repository in repositories}
    matches = match(reading.policies, narrow(known, only))
    chosen = [known[name] for name in matches.policies]
    notes = tuple(note for each in chosen for note in _notes(matches.policies[each.name], each, compares=compares))
    return _survey(reading, matches, chosen, only=only, at=at, notes=notes)


def survey_account(
    reading: Reading,
    account: Account,
    questions: Questions,
    *,
    only: Sequence[str] = (),
    at: datetime,
    progress: Progress,
) -> Survey:
    """
    Preview policies over the repositories of an account.

    Args:
        reading: The policies.
        account: The account.
        questions: What it is asked, beside the images.
        only: As in `survey_files`.
        at: As in `survey_files`.
        progress: Who is told how far it is.

    Raises:
        AccountUnavailable: if the account cannot be asked.
        CommandError: as in `survey_files`.

    """
    if not only and len(reading.policies) == 1 and is_loose(reading.policies[0]):
        message = "the policy names no repository; say with --repository which ones it is for, '*' for every one"
        raise CommandError([message], path=reading.policies[0].where)
    bound = account.immutability()
    matches = match(reading.policies, narrow(bound, only))
    wanted = {name: policy.policy for name, policy in matches.policies.items()}
    gathered = account.repositories(wanted, questions, progress=progress)
    return _survey(
        reading,
        matches,
        [replace(each, immutability=bound[each.name]) for each in gathered.repositories],
        only=only,
        at=at,
        problems=gathered.problems,
        notes=gathered.notes,
        is_live=True,
    )


def _survey(
    reading: Reading,
    matches: Matches,
    repositories: Iterable[Repository],
    *,
    only: Sequence[str],
    at: datetime,
    problems: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
    is_live: bool = False,
) -> Survey:
    previews = tuple(build(matches.policies[each.name], each, at) for each in repositories)
    if not previews and not problems:
        known = count(len(matches.without_policy), "repository")
        message = f"nothing was previewed: {count(len(reading.policies), 'policy')}, {known}, and no names that match"
        problems = (message,)
    return Survey(
        at=at,
        previews=previews,
        unread=tuple(each for each in reading.unread if _is_asked_for(each.repository, only)),
        without_images=tuple(each for each in matches.without_images if _is_asked_for(each.repository, only)),
        without_policy=matches.without_policy,
        problems=problems,
        notes=notes,
        is_live=is_live,
    )


def _is_asked_for(name: str | None, only: Sequence[str]) -> bool:
    return not only or (name is not None and chooses(only, name))


def _notes(policy: Policy, repository: Repository, *, compares: bool) -> Iterator[str]:
    """Say what a listing may lack: AWS lists archived images only if it is asked to."""
    rules = [rule for rule in policy.policy.rules if rule.storage_class == "archive"]
    if rules and {image.status for image in repository.images} == {"active"}:
        yield (
            f"{repository.name}: rule {rules[0].rule_priority} is about archived images, and none is listed; "
            "aws ecr describe-images leaves them out without --filter imageStatus=ANY"
        )
    if compares and repository.deployed is None:
        yield f"{repository.name}: --current-policy has no policy of it, so nothing is compared"
