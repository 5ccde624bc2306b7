"""The previews of many repositories, from listings in files or from an account."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timezone

from ecr_constructs.cli.aws import Account, FetchOptions
from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.formatting import count
from ecr_constructs.cli.preview.build import build
from ecr_constructs.cli.preview.input_warnings import images_at, notes_on_age, notes_on_fields, notes_on_repository
from ecr_constructs.cli.preview.policy_matching import (
    PolicyMatches,
    is_for_any_repository,
    match_policies,
    select_repositories,
)
from ecr_constructs.cli.preview.result import PreviewReport
from ecr_constructs.cli.progress import Progress
from ecr_constructs.cli.sources.policies import PolicySet, is_selected
from ecr_constructs.cli.sources.records import Policy, Repository

__all__ = ["preview_account", "preview_files"]


def preview_files(
    policy_set: PolicySet,
    repositories: Iterable[Repository],
    *,
    only: Sequence[str] = (),
    at: datetime | None = None,
    compares: bool = False,
) -> PreviewReport:
    """
    Return the previews of repositories whose images were listed in files.

    Args:
        policy_set: The policies.
        repositories: The repositories.
        only: Names of repositories, in which `*` matches any characters. Default: all.
        at: The instant, with a time zone; images that were pushed after it are left out. Default: the present.
        compares: Whether the deployed policies were given with the repositories.

    Raises:
        CommandError: if the policies cannot be matched with the repositories.
        InvalidImage: if images cannot be those of one repository.

    """
    known = {repository.name: repository for repository in repositories}
    unknown = "its images were not given; list them, and give them with --images"
    matches = match_policies(policy_set.policies, select_repositories(known, only, policy_set.policies, unknown))
    chosen = [known[name] for name in matches.policies]
    notes = [
        note for each in chosen for note in notes_on_repository(matches.policies[each.name], each, compares=compares)
    ]
    notes += notes_on_fields(chosen)
    if at is None:
        notes += notes_on_age(chosen)
    return _report(policy_set, matches, chosen, only=only, at=at, notes=tuple(notes))


def preview_account(
    policy_set: PolicySet | None,
    account: Account,
    options: FetchOptions,
    *,
    only: Sequence[str] = (),
    resource_tags: Sequence[str] = (),
    at: datetime | None = None,
    progress: Progress,
) -> PreviewReport:
    """
    Return the previews of the repositories of an account.

    Args:
        policy_set: The policies. None for those that are deployed.
        account: The account.
        options: What is read beside the images.
        only: As in `preview_files`.
        resource_tags: The resource tags of the repositories, each as `Key=Value`, or `Key` for any value. Default: any.
        at: As in `preview_files`.
        progress: The display of progress.

    Raises:
        AccountUnavailable: if the account cannot be read.
        CommandError: as in `preview_files`.

    """
    is_chosen = only or resource_tags
    if policy_set and not is_chosen and len(policy_set.policies) == 1 and is_for_any_repository(policy_set.policies[0]):
        message = "the policy has no repository name; choose repositories with --repository, '*' for all of them"
        raise CommandError([message], path=policy_set.policies[0].where)
    immutability = account.immutability()
    unknown = "the account has no such repository in this region; correct --profile or --region"
    selected = select_repositories(immutability, only, policy_set.policies if policy_set else (), unknown)
    if resource_tags:
        selected = account.with_resource_tags(selected, resource_tags, progress=progress)
    problems: tuple[str, ...] = ()
    if policy_set is None:
        policy_set, problems = _deployed(account, selected, progress)
    matches = match_policies(policy_set.policies, selected)
    policies = {name: policy.policy for name, policy in matches.policies.items()}
    fetched = account.repositories(policies, options, progress=progress)
    return _report(
        policy_set,
        matches,
        [replace(each, immutability=immutability[each.name]) for each in fetched.repositories],
        only=only,
        at=at,
        problems=(*problems, *fetched.problems),
        notes=fetched.notes,
        is_live=True,
    )


def _deployed(account: Account, names: Sequence[str], progress: Progress) -> tuple[PolicySet, tuple[str, ...]]:
    """Return the deployed policies of repositories, and the problems of those that cannot be read."""
    deployed, problems = account.deployed_policies(names, progress=progress)
    where = f"account {account.account_id} in {account.region}"
    policies = [
        Policy(policy=policy, repository=name, where=where) for name, policy in deployed.items() if policy.rules
    ]
    return PolicySet(policies=tuple(policies)), problems


def _report(
    policy_set: PolicySet,
    matches: PolicyMatches,
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
        shown, left_out = images_at(shown, at)
        notes += left_out
    previews = tuple(build(matches.policies[each.name], each, moment) for each in shown)
    if not previews and not problems:
        policies = count(len(policy_set.policies), "policy")
        known = count(len(matches.without_policy), "repository")
        problems = (f"no policy matches a repository ({policies}, {known}); check their names",)
    return PreviewReport(
        at=moment,
        previews=previews,
        unread=tuple(each for each in policy_set.unread if is_selected(each, only)),
        without_images=tuple(each for each in matches.without_images if is_selected(each, only)),
        without_policy=matches.without_policy,
        problems=problems,
        notes=notes,
        is_live=is_live,
    )
