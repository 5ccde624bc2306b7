"""The previews of many repositories, from listings in files or from accounts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.formatting import count
from ecr_constructs.cli.preview.build import build
from ecr_constructs.cli.preview.damage import damage_of
from ecr_constructs.cli.preview.input_warnings import (
    images_at,
    note_on_later_images,
    notes_on_age,
    notes_on_fields,
    notes_on_repository,
)
from ecr_constructs.cli.preview.policy_matching import (
    PolicyMatches,
    is_for_any_repository,
    match_policies,
    require_matches,
    select_repositories,
)
from ecr_constructs.cli.preview.result import PreviewReport, RepositoryPreview, StoredPreview, UnreadPlace, name_in
from ecr_constructs.cli.preview.totals import totals_of
from ecr_constructs.cli.progress import NoProgress, Progress
from ecr_constructs.cli.sources.policies import PolicySet, is_selected
from ecr_constructs.cli.sources.records import Place, Policy, Repository
from ecr_constructs.errors import EcrConstructsError
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.word_lists import shortened

if TYPE_CHECKING:  # listings in files need nothing of an account
    from ecr_constructs.cli.aws import Account, FetchOptions, FetchResult, Fleet
    from ecr_constructs.cli.aws.image_usage import ImageUsage

__all__ = ["Selection", "preview_account", "preview_files", "preview_fleet"]

# A repository can have a hundred thousand images. Outputs use the same preview several times in succession.
_IN_MEMORY = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """
    The repositories and the policies that are previewed.

    Attributes:
        policy_set: The policies. None for those that are deployed.
        only: Names of repositories, in which `*` matches any characters. Default: all.
        resource_tags: The resource tags of the repositories, each as `Key=Value`, or `Key` for any value. Default: any.
        at: The instant, with a time zone. Images that were pushed after it are omitted. Default: the present.

    """

    policy_set: PolicySet | None
    only: Sequence[str] = ()
    resource_tags: Sequence[str] = ()
    at: datetime | None = None

    @property
    def policies(self) -> Sequence[Policy]:
        """The policies of the source."""
        return self.policy_set.policies if self.policy_set else ()


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
        at: The instant, with a time zone. Images that were pushed after it are omitted. Default: the present.
        compares: Whether the deployed policies were given with the repositories.

    Raises:
        CommandError: If the policies cannot be matched with the repositories.
        InvalidImage: If images cannot be those of one repository.

    """
    known = {repository.name: repository for repository in repositories}
    unknown = "its images were not given; list them, and give them with --images"
    require_matches(known, only, policy_set.policies, unknown)
    matches = match_policies(policy_set.policies, select_repositories(known, only))
    chosen = [known[name] for name in matches.policies]
    notes = [
        note for each in chosen for note in notes_on_repository(matches.policies[each.name], each, compares=compares)
    ]
    notes += notes_on_fields(chosen)
    if at is None:
        notes += notes_on_age(chosen)
    moment = at or datetime.now(timezone.utc)
    if at is not None:
        chosen = [images_at(each, at) for each in chosen]
        if later := sum(len(each.later_images) for each in chosen):
            notes.append(note_on_later_images(later, at))
    return _report(
        policy_set,
        [matches],
        tuple(build(matches.policies[each.name], each, moment) for each in chosen),
        only=only,
        at=moment,
        notes=tuple(notes),
    )


def preview_account(
    selection: Selection, account: Account, options: FetchOptions, *, progress: Progress
) -> PreviewReport:
    """
    Return the previews of the repositories of an account in one Region.

    Args:
        selection: The repositories and the policies.
        account: The account.
        options: What is read beside the images.
        progress: The display of progress.

    Raises:
        AccountUnavailable: If the account cannot be read.
        CommandError: As in `preview_files`.

    """
    _require_names(selection)
    chosen = _choose(selection, account, progress)
    _require_chosen(selection, [chosen])
    return _live_report(selection, {account.place: _fetch(selection, account, chosen, options, progress)}, options, {})


def preview_fleet(selection: Selection, fleet: Fleet, options: FetchOptions, *, progress: Progress) -> PreviewReport:
    """
    Return the previews of the repositories of several accounts and Regions.

    An account that cannot be read does not stop the others. An image that a workload of one of the accounts runs is in
    use, also if another of the accounts has its repository.

    Args:
        selection: The repositories and the policies.
        fleet: The accounts and Regions.
        options: What is read beside the images.
        progress: The display of progress.

    Raises:
        AccountUnavailable: If none can be read, or if the credentials have expired.
        CommandError: As in `preview_files`.

    """
    _require_names(selection)
    accounts = {place: fleet.account(place) for place in fleet.places}
    part = _PartOfProgress(progress)
    chosen = fleet.each(
        "repositories of accounts", accounts.values(), lambda account: _choose(selection, account, part), progress
    )
    _require_read(chosen.results, chosen.failures)
    _require_chosen(selection, list(chosen.results.values()))
    fetched = fleet.each(
        "images of accounts",
        [accounts[place] for place in chosen.results],
        lambda account: _fetch(selection, account, chosen.results[account.place], options, part),
        progress,
    )
    failures = {**chosen.failures, **fetched.failures}
    _require_read(fetched.results, failures)
    return _live_report(selection, fetched.results, options, failures)


class _PartOfProgress(NoProgress):
    """The progress within one of many accounts. It displays the work, but not the steps."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def describe(self, text: str) -> None:
        """Show the work in progress."""
        self._progress.describe(text)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Chosen:
    """The repositories of an account in a Region: all of them, the selected ones, and the problems."""

    immutability: Mapping[str, Immutability | None]
    names: tuple[str, ...]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Fetched:
    """The data of an account in a Region, with the policies of its repositories."""

    chosen: _Chosen
    matches: PolicyMatches
    data: FetchResult
    problems: tuple[str, ...] = ()


def _require_names(selection: Selection) -> None:
    """Raise an error if a policy without a repository name would be applied to every repository."""
    policies = selection.policies
    is_narrowed = selection.only or selection.resource_tags
    if not is_narrowed and len(policies) == 1 and is_for_any_repository(policies[0]):
        message = "the policy has no repository name; choose repositories with --repository, '*' for all of them"
        raise CommandError([message], path=policies[0].where)


def _choose(selection: Selection, account: Account, progress: Progress) -> _Chosen:
    immutability = account.immutability()
    names = select_repositories(immutability, selection.only)
    problems: tuple[str, ...] = ()
    if selection.resource_tags:
        names, problems = account.with_resource_tags(names, selection.resource_tags, progress=progress)
    return _Chosen(immutability=immutability, names=names, problems=problems)


def _require_chosen(selection: Selection, chosen: Sequence[_Chosen]) -> None:
    """Raise an error if an option selects no repository in any account and Region."""
    where = "the account has no such repository in this Region; correct --profile or --region"
    if len(chosen) > 1:
        where = "no account has such a repository in these Regions; correct --accounts or --regions"
    known = chain.from_iterable(each.immutability for each in chosen)
    require_matches(known, selection.only, selection.policies, where)
    has_problems = any(each.problems for each in chosen)
    if selection.resource_tags and not has_problems and not any(each.names for each in chosen):
        message = "no repository has the resource tag; correct it, or remove the option"
        raise CommandError([message], path=f"--resource-tag {' '.join(selection.resource_tags)}")


def _require_read(results: Mapping[Place, object], failures: Mapping[Place, EcrConstructsError]) -> None:
    """Raise an error if no account can be read."""
    if not results:
        from ecr_constructs.cli.aws import AccountUnavailable

        problems = _by_place((place, problem) for place, error in failures.items() for problem in error.problems)
        raise AccountUnavailable([f"{places}: {problem}" for problem, places in problems.items()])


def _fetch(
    selection: Selection, account: Account, chosen: _Chosen, options: FetchOptions, progress: Progress
) -> _Fetched:
    policies, problems = selection.policies, chosen.problems
    if selection.policy_set is None:
        deployed, unread = account.deployed_policies(chosen.names, progress=progress)
        policies = [
            Policy(policy=policy, repository=name, where=str(account.place))
            for name, policy in deployed.items()
            if policy.rules
        ]
        problems += unread
    matches = match_policies(policies, chosen.names)
    wanted = {name: policy.policy for name, policy in matches.policies.items()}
    data = account.repositories(wanted, options, progress=progress)
    return _Fetched(chosen=chosen, matches=matches, data=data, problems=(*problems, *data.problems))


def _live_report(
    selection: Selection,
    fetched: Mapping[Place, _Fetched],
    options: FetchOptions,
    failures: Mapping[Place, EcrConstructsError],
) -> PreviewReport:
    moment = selection.at or datetime.now(timezone.utc)
    is_one_of_many = len(fetched) + len(failures) > 1
    previews = _Previews(fetched, options, moment, is_one_of_many=is_one_of_many, is_past=selection.at is not None)
    found = tuple(previews)
    unread = tuple(
        UnreadPlace(place=place, problem="; ".join(error.problems)) for place, error in sorted(failures.items())
    )
    problems = [
        name_in(place, problem) if is_one_of_many else problem
        for place, each in fetched.items()
        for problem in each.problems
    ]
    by_reason = _by_place((each.place, each.problem) for each in unread)
    problems += [f"{places} is not read: {problem}" for problem, places in by_reason.items()]
    return replace(
        _report(
            selection.policy_set or PolicySet(policies=()),
            [each.matches for each in fetched.values()],
            found,
            only=selection.only,
            at=moment,
            problems=tuple(problems),
            notes=(*_shared_notes(fetched, is_one_of_many=is_one_of_many), *previews.notes()),
            is_deployed=selection.policy_set is None,
        ),
        is_live=True,
        without_policy=tuple(
            name_in(place, name) if is_one_of_many else name
            for place, each in fetched.items()
            for name in each.matches.without_policy
        ),
        places=tuple(fetched),
        unread_places=unread,
    )


class _Previews:
    """
    The previews of accounts, one after the other. Their images are not held in memory.

    Args:
        fetched: The data by account and Region.
        options: What was read.
        at: The instant.
        is_one_of_many: Whether there are several accounts or Regions.
        is_past: Whether images that were pushed after the instant are left out.

    """

    def __init__(
        self,
        fetched: Mapping[Place, _Fetched],
        options: FetchOptions,
        at: datetime,
        *,
        is_one_of_many: bool,
        is_past: bool,
    ) -> None:
        from ecr_constructs.cli.aws.image_usage import usage_by_repository

        self._fetched = fetched
        self._at = at
        self._is_one_of_many = is_one_of_many
        self._is_past = is_past
        self._left_out: dict[tuple[Place, str], int] = {}
        usage = chain.from_iterable(_usage(place, each.data) for place, each in fetched.items())
        self._usage = usage_by_repository(usage) if options.in_use or options.running else {}
        self._load = lru_cache(maxsize=_IN_MEMORY)(self._build)

    def __iter__(self) -> Iterator[RepositoryPreview]:
        for place, each in self._fetched.items():
            for name in each.data.names:
                yield self._stored(place, name)

    def notes(self) -> Iterator[str]:
        """Yield a note on the images that were left out."""
        if later := sum(self._left_out.values()):
            yield note_on_later_images(later, self._at)

    def _stored(self, place: Place, name: str) -> RepositoryPreview:
        return StoredPreview(lambda: self._load(place, name), (damage_of, totals_of))

    def _build(self, place: Place, name: str) -> RepositoryPreview:
        from ecr_constructs.cli.aws.image_usage import usage_of_repository

        fetched = self._fetched[place]
        repository = replace(
            fetched.data.repository(name, usage_of_repository(self._usage, place, name)),
            immutability=fetched.chosen.immutability[name],
        )
        if self._is_past:
            repository = images_at(repository, self._at)
            self._left_out[place, name] = len(repository.later_images)
        preview = build(fetched.matches.policies[name], repository, self._at)
        return replace(preview, place=place, is_one_of_many=self._is_one_of_many)


def _usage(place: Place, data: FetchResult) -> Iterator[ImageUsage]:
    """Yield the usage by the workloads of an account. A workload has its account if it is not that of the image."""
    for each in data.usage or ():
        yield each if each.registry == place else replace(each, user=f"{each.user} of {place}")


def _shared_notes(fetched: Mapping[Place, _Fetched], *, is_one_of_many: bool) -> Iterator[str]:
    """Yield each note once, with the accounts and Regions that it is about."""
    for note, places in _by_place((place, note) for place, each in fetched.items() for note in each.data.notes).items():
        yield f"{places}: {note}" if is_one_of_many else note


def _by_place(texts: Iterable[tuple[Place, str]]) -> dict[str, str]:
    """Return each text once, with its accounts and Regions."""
    found: dict[str, list[str]] = {}
    for place, text in texts:
        found.setdefault(text, []).append(str(place))
    return {text: shortened(places) for text, places in found.items()}


def _report(
    policy_set: PolicySet,
    matches: Sequence[PolicyMatches],
    previews: tuple[RepositoryPreview, ...],
    *,
    only: Sequence[str],
    at: datetime,
    problems: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
    is_deployed: bool = False,
) -> PreviewReport:
    without_policy = tuple(chain.from_iterable(each.without_policy for each in matches))
    if not previews and not problems:
        policies = count(0 if is_deployed else len(policy_set.policies), "policy")
        known = count(len(without_policy), "repository")
        problems = (f"no policy matches a repository ({policies}, {known}); check their names",)
    return PreviewReport(
        at=at,
        previews=previews,
        unread=tuple(each for each in policy_set.unread if is_selected(each, only)),
        without_images=tuple(each for each in _without_images(matches) if is_selected(each, only)),
        without_policy=without_policy,
        problems=problems,
        notes=notes,
    )


def _without_images(matches: Sequence[PolicyMatches]) -> Iterator[Policy]:
    """Yield the policies that match no repository of any account."""
    first, *others = matches
    for policy in first.without_images:
        if all(policy in each.without_images for each in others):
            yield policy
