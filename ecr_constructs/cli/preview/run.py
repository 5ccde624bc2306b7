"""Previews of many repositories: of listings in files, or of a live account."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timezone

from ecr_constructs.cli.aws import Account, FetchOptions, Progress
from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.formatting import count
from ecr_constructs.cli.preview.build import build
from ecr_constructs.cli.preview.input_warnings import as_of, notes_on_age, notes_on_fields, notes_on_repository
from ecr_constructs.cli.preview.policy_matching import Matches, is_loose, match, narrow
from ecr_constructs.cli.preview.result import PreviewReport
from ecr_constructs.cli.sources.policies import PolicySet, is_asked_for
from ecr_constructs.cli.sources.records import Repository

__all__ = ["survey_account", "survey_files"]


def survey_files(
    reading: PolicySet,
    repositories: Iterable[Repository],
    *,
    only: Sequence[str] = (),
    at: datetime | None = None,
    compares: bool = False,
) -> PreviewReport:
    """
    Preview policies over repositories whose images were listed.

    Args:
        reading: The policies.
        repositories: The repositories.
        only: Names of repositories, in which `*` stands for anything. Default: all.
        at: The instant, with a time zone; images that were pushed after it are left out. Default: the present.
        compares: Whether the policies of today were to be given with the repositories.

    Raises:
        CommandError: if policies and repositories cannot be brought together.
        InvalidImage: if images cannot be those of one repository.

    """
    known = {repository.name: repository for repository in repositories}
    missing = "no images of it were given; list them, and give them with --images"
    matches = match(reading.policies, narrow(known, only, reading.policies, missing))
    chosen = [known[name] for name in matches.policies]
    notes = [
        note for each in chosen for note in notes_on_repository(matches.policies[each.name], each, compares=compares)
    ]
    notes += notes_on_fields(chosen)
    if at is None:
        notes += notes_on_age(chosen)
    return _survey(reading, matches, chosen, only=only, at=at, notes=tuple(notes))


def survey_account(
    reading: PolicySet,
    account: Account,
    questions: FetchOptions,
    *,
    only: Sequence[str] = (),
    at: datetime | None = None,
    progress: Progress,
) -> PreviewReport:
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
    missing = "there is no such repository in this account and region; correct --profile or --region"
    matches = match(reading.policies, narrow(bound, only, reading.policies, missing))
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
    reading: PolicySet,
    matches: Matches,
    repositories: Iterable[Repository],
    *,
    only: Sequence[str],
    at: datetime | None,
    problems: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
    is_live: bool = False,
) -> PreviewReport:
    moment, shown = at or datetime.now(timezone.utc), list(repositories)
    if at is not None:
        shown, left_out = as_of(shown, at)
        notes += left_out
    previews = tuple(build(matches.policies[each.name], each, moment) for each in shown)
    if not previews and not problems:
        known = count(len(matches.without_policy), "repository")
        message = f"nothing was previewed: {count(len(reading.policies), 'policy')}, {known}, and no names that match"
        problems = (message,)
    return PreviewReport(
        at=moment,
        previews=previews,
        unread=tuple(each for each in reading.unread if is_asked_for(each, only)),
        without_images=tuple(each for each in matches.without_images if is_asked_for(each, only)),
        without_policy=matches.without_policy,
        problems=problems,
        notes=notes,
        is_live=is_live,
    )
