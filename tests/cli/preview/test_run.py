"""Runs of the preview over listings and over an account, and messages about unmatched input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ecr_constructs.cli.aws import Account, FetchOptions, FetchResult
from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.preview.result import RepositoryPreview, all_decisions
from ecr_constructs.cli.preview.run import Selection, preview_account, preview_files
from ecr_constructs.cli.progress import Progress
from ecr_constructs.cli.sources.policies import PolicySet, UnreadablePolicy
from ecr_constructs.cli.sources.records import AwsDecision, Policy, Repository
from ecr_constructs.model import Image, Immutability, LifecyclePolicy, delete_archived, expire_older_than
from ecr_constructs.testing import archived
from tests.cli.listings import GENEROUS, HISTORY, NOW, POLICY, RELEASES, policy

API = Repository(name="prod/api", images=tuple(HISTORY))
QUESTIONS = FetchOptions(aws_preview=True, current=False, in_use=True, read_indexes=False)
WEB = Repository(name="prod/web", images=tuple(RELEASES))


def reading(*policies: Policy, unread: tuple[UnreadablePolicy, ...] = ()) -> PolicySet:
    return PolicySet(policies=policies, unread=unread)


def everything(preview: RepositoryPreview) -> set[Image]:
    return {decision.image for decision in all_decisions(preview.evaluation)}


class Silent:
    """A display of progress that ignores it."""

    def begin(self, steps: int) -> None: ...

    def describe(self, text: str) -> None: ...

    def advance(self) -> None: ...


class FakeAccount(Account):
    """An account with these repositories, which records its calls."""

    account_id = "123456789012"
    region = "eu-central-1"

    def __init__(self, *repositories: Repository, problems: tuple[str, ...] = (), notes: tuple[str, ...] = ()) -> None:
        self.there = {each.name: each for each in repositories}
        self.problems, self.notes = problems, notes
        self.asked: dict[str, Any] = {}

    def immutability(self) -> dict[str, Immutability | None]:
        return dict.fromkeys(self.there, Immutability.all_tags())

    def repositories(
        self,
        wanted: Mapping[str, LifecyclePolicy | None],
        questions: FetchOptions,
        *,
        progress: Progress,
    ) -> FetchResult:
        self.asked = {"wanted": dict(wanted), "questions": questions}
        progress.begin(1)
        found = tuple(name for name in wanted if self.there[name].images)
        return FetchResult(names=found, load=self.there.__getitem__, problems=self.problems, notes=self.notes)


class FakeFleet:
    """A fleet of one account."""

    def __init__(self, account: FakeAccount) -> None:
        self.places = (account.place,)
        self.account = lambda _: account


def asked(account: FakeAccount, policies: PolicySet, *, only: tuple[str, ...] = ()) -> Any:
    return preview_account(Selection(policy_set=policies, only=only, at=NOW), account, QUESTIONS, progress=Silent())


# --- from listings ----------------------------------------------------------------------------------------------------


def test_each_repository_is_previewed_with_its_policy() -> None:
    report = preview_files(reading(policy(repository="prod/web"), policy(GENEROUS, prefix="prod")), [WEB, API], at=NOW)

    assert [(each.repository, each.prefix, each.policy) for each in report.previews] == [
        ("prod/api", "prod", GENEROUS),
        ("prod/web", None, POLICY),
    ]
    assert (report.problems, report.notes, report.is_live) == ((), (), False)


def test_policies_and_repositories_without_a_match_are_reported() -> None:
    missing = policy(repository="prod/db")
    unread = UnreadablePolicy(where="App/Late", problems=("later",), is_invalid=False)
    report = preview_files(reading(policy(repository="prod/web"), missing, unread=(unread,)), [WEB, API], at=NOW)

    assert report.without_images == (missing,)
    assert report.without_policy == ("prod/api",)
    assert report.unread == (unread,)


def test_only_selected_repositories_are_previewed() -> None:
    late, other = (
        UnreadablePolicy(where=name, repository=name, problems=(), is_invalid=False) for name in ("prod/x", "dev/x")
    )
    policies = [policy(repository=name) for name in ("prod/web", "prod/db", "dev/db")]
    report = preview_files(
        reading(*policies, policy(), policy(prefix="dev"), unread=(late, other)), [WEB, API], only=["prod/*"], at=NOW
    )

    assert [each.repository for each in report.previews] == ["prod/web"]
    assert [each.repository for each in report.without_images] == ["prod/db"]
    assert report.unread == (late,)


def test_it_is_a_problem_if_no_policy_matches_a_repository() -> None:
    report = preview_files(reading(policy(repository="web"), policy(repository="db")), [API], at=NOW)

    assert report.problems == ("no policy matches a repository (2 policies, 1 repository); check their names",)


def test_a_listing_without_archived_images_is_reported_if_a_rule_is_about_them() -> None:
    cases: list[tuple[Any, bool]] = [(RELEASES, True), ([], False), (archived(RELEASES, at=NOW), False)]
    for images, is_told in cases:
        deleting = policy(LifecyclePolicy.of(delete_archived(after_days=90)), repository="prod/web")
        report = preview_files(reading(deleting), [replace(WEB, images=tuple(images))], at=NOW)

        sentence = (
            "prod/web: rule 1 is about archived images, and none is listed; "
            "aws ecr describe-images lists them only with --filter imageStatus=ANY"
        )
        assert report.notes == ((sentence,) if is_told else ())


def test_a_repository_that_is_not_compared_although_others_are_is_reported() -> None:
    policies = reading(policy(repository="prod/web"), policy(repository="prod/api"))
    report = preview_files(policies, [replace(WEB, deployed=POLICY), API], at=NOW, compares=True)

    assert report.notes == ("prod/api: --current-policy has no policy of it, so it is not compared",)


def test_images_that_were_pushed_later_are_left_out_and_counted() -> None:
    then = RELEASES[2].pushed_at
    report = preview_files(reading(policy()), [WEB, API], at=then)

    assert {image for each in report.previews for image in everything(each)} == set(RELEASES[:3])
    assert report.notes == (f"left out 6 images pushed after {then:%Y-%m-%d} 00:00 UTC",)


def test_an_account_can_be_previewed_at_an_instant() -> None:
    then = RELEASES[2].pushed_at
    selection = Selection(policy_set=reading(policy(repository="prod/web")), at=then)
    report = preview_account(selection, FakeAccount(WEB), QUESTIONS, progress=Silent())

    assert everything(report.previews[0]) == set(RELEASES[:3])
    assert len(report.notes) == 1


def test_an_incomplete_listing_is_reported_once_for_all_repositories() -> None:
    media, sizes = {"imageManifestMediaType": 2}, {"imageManifestMediaType": 3, "imageSizeInBytes": 1}
    cut = [replace(API, missing=media), replace(WEB, missing=sizes)]
    report = preview_files(reading(policy()), cut, at=NOW)

    assert report.notes == (
        (
            "imageManifestMediaType is missing for 5 images of prod/api and 1 more, so image indexes cannot be "
            "distinguished from images; list the images without --query"
        ),
        ("imageSizeInBytes is missing for 1 image of prod/web, so sizes are unknown; list the images without --query"),
    )
    assert (
        preview_files(reading(policy()), cut, only=["prod/api"], at=NOW)
        .notes[0]
        .partition(",")[0]
        .endswith("for 2 images of prod/api")
    )


def test_listings_in_which_nothing_is_recent_may_be_old() -> None:
    cases: list[tuple[int, int | None, bool]] = [(9, None, True), (9, 8, True), (9, 1, False), (1, None, False)]
    for pushed, pulled, is_told in cases:
        now = datetime.now(timezone.utc)
        image = replace(
            RELEASES[0],
            pushed_at=now - timedelta(days=pushed, hours=1),
            last_pulled_at=None if pulled is None else now - timedelta(days=pulled, hours=1),
        )
        old = [API, replace(WEB, images=(image,))]
        days = pushed if pulled is None else pulled
        sentence = f"the listing may be old: the latest push or pull is {days} days ago; --at evaluates an earlier day"

        assert preview_files(reading(policy()), old).notes == ((sentence,) if is_told else ())
        assert preview_files(reading(policy()), old, at=now).notes == ()
        assert preview_files(reading(policy()), [replace(WEB, images=())]).notes == ()


def test_a_repository_of_which_no_images_were_given_is_reported_with_its_policy() -> None:
    with pytest.raises(CommandError) as caught:
        preview_files(reading(policy(repository="prod/db", where="cdk.out: App/Db")), [API], only=["prod/db"], at=NOW)

    assert str(caught.value) == (
        "--repository prod/db: cdk.out: App/Db has a policy for prod/db, but its images were not given; "
        "list them, and give them with --images"
    )


def test_another_policy_of_another_repository_does_not_block_the_selected_one() -> None:
    policies = [policy(repository="prod/web"), policy(repository="prod/api"), policy(GENEROUS, repository="prod/api")]

    assert len(preview_files(reading(*policies), [WEB, API], only=["prod/web"], at=NOW).previews) == 1


# --- from an account --------------------------------------------------------------------------------------------------


def test_only_repositories_with_a_policy_are_read() -> None:
    account = FakeAccount(API, WEB)
    report = asked(account, reading(policy(repository="prod/web"), policy(repository="prod/db")))

    assert account.asked == {"wanted": {"prod/web": POLICY}, "questions": QUESTIONS}
    assert [each.repository for each in report.previews] == ["prod/web"]
    assert report.without_policy == ("prod/api",)
    assert report.is_live


def test_the_preview_of_ecr_is_in_the_preview() -> None:
    says = AwsDecision(digest=RELEASES[3].digest, action="expire", rule_priority=1)
    report = asked(FakeAccount(replace(WEB, aws_preview=(says,))), reading(policy(repository="prod/web")))

    assert report.previews[0].by_aws
    assert [each.image for each in report.previews[0].evaluation.expired] == [RELEASES[3]]


def test_findings_use_the_mutability_of_the_account() -> None:
    (shown,) = asked(FakeAccount(WEB), reading(policy(repository="prod/web"))).previews

    assert shown.findings == POLICY.findings(RELEASES, immutability=Immutability.all_tags())
    assert shown.findings != POLICY.findings(RELEASES)


def test_a_repository_that_is_not_in_the_account_is_reported_with_its_policy() -> None:
    with pytest.raises(
        CommandError, match="has a policy for prod/db, but the account has no such repository in this Region"
    ):
        asked(FakeAccount(WEB), reading(policy(repository="prod/db")), only=("prod/db",))


def test_problems_and_notes_of_an_account_are_passed_on() -> None:
    account = FakeAccount(replace(WEB, images=()), problems=("prod/web: access denied",), notes=("no Inspector",))
    report = asked(account, reading(policy(repository="prod/web")))

    assert (report.previews, report.problems, report.notes) == ((), ("prod/web: access denied",), ("no Inspector",))


def test_a_policy_without_a_repository_needs_an_explicit_selection_in_an_account() -> None:
    account = FakeAccount(API, WEB)
    with pytest.raises(CommandError) as caught:
        asked(account, reading(policy()))

    assert str(caught.value) == (
        "policy.json: the policy has no repository name; choose repositories with --repository, '*' for all of them"
    )
    assert account.asked == {}
    assert len(asked(account, reading(policy()), only=("*",)).previews) == 2
    assert len(asked(account, reading(policy()), only=("prod/w*",)).previews) == 1


def test_a_source_without_policies_previews_nothing() -> None:
    report = asked(FakeAccount(API), reading())

    assert report.problems == ("no policy matches a repository (0 policies, 1 repository); check their names",)


def test_a_finding_is_not_about_images_that_the_instant_left_out() -> None:
    early = RELEASES[0].pushed_at - timedelta(days=1)
    (before,) = preview_files(reading(policy()), [API], at=early).previews
    (now,) = preview_files(reading(policy()), [replace(API, images=API.images[-1:])], at=NOW).previews

    assert "never-matches" not in {each.id for each in before.findings}
    assert "never-matches" in {each.id for each in now.findings}


def test_findings_name_the_images_in_use() -> None:
    everything_goes = policy(LifecyclePolicy.of(expire_older_than(after_days=1)))
    used = replace(API, in_use={RELEASES[-1].digest: ("service prod/api",)})
    (found,) = preview_files(reading(everything_goes), [used], at=NOW).previews

    (finding,) = [each for each in found.findings if each.id == "empties-repository"]
    assert finding.sentence.endswith("1 of them is in use: 'v4' by service prod/api")
