"""Policies and repositories come together, from listings and from an account, and what does not is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from ecr_constructs.cli.exits import CommandError
from ecr_constructs.cli.live import Account, Gathered, Progress, Questions
from ecr_constructs.cli.previews.surveys import survey_account, survey_files
from ecr_constructs.cli.sources.inventory import AwsDecision, Policy, Repository
from ecr_constructs.cli.sources.policies import Reading, UnreadPolicy
from ecr_constructs.model import Immutability, LifecyclePolicy, delete_archived
from ecr_constructs.testing import archived
from tests.cli.listings import GENEROUS, HISTORY, NOW, POLICY, RELEASES, policy

API = Repository(name="prod/api", images=tuple(HISTORY))
QUESTIONS = Questions(aws_preview=True, current=False, in_use=True, read_indexes=False)
WEB = Repository(name="prod/web", images=tuple(RELEASES))


def reading(*policies: Policy, unread: tuple[UnreadPolicy, ...] = ()) -> Reading:
    return Reading(policies=policies, unread=unread)


class Silent:
    """Somebody to tell how far it is, who does not care."""

    def begin(self, steps: int) -> None: ...

    def describe(self, text: str) -> None: ...

    def advance(self) -> None: ...


class FakeAccount(Account):
    """An account with these repositories, which keeps in mind what it was asked."""

    def __init__(self, *repositories: Repository, problems: tuple[str, ...] = (), notes: tuple[str, ...] = ()) -> None:
        self.there = {each.name: each for each in repositories}
        self.problems, self.notes = problems, notes
        self.asked: dict[str, Any] = {}

    def immutability(self) -> dict[str, Immutability | None]:
        return dict.fromkeys(self.there, Immutability.all_tags())

    def repositories(
        self,
        wanted: Mapping[str, LifecyclePolicy | None],
        questions: Questions,
        *,
        progress: Progress,
    ) -> Gathered:
        self.asked = {"wanted": dict(wanted), "questions": questions}
        progress.begin(1)
        found = tuple(self.there[name] for name in wanted if self.there[name].images)
        return Gathered(repositories=found, problems=self.problems, notes=self.notes)


def asked(account: FakeAccount, policies: Reading, *, only: tuple[str, ...] = ()) -> Any:
    return survey_account(
        policies,
        account,
        QUESTIONS,
        only=only,
        at=NOW,
        progress=Silent(),
    )


# --- from listings ----------------------------------------------------------------------------------------------------


def test_each_repository_is_previewed_with_its_policy() -> None:
    survey = survey_files(reading(policy(repository="prod/web"), policy(GENEROUS, prefix="prod")), [WEB, API], at=NOW)

    assert [(each.repository, each.prefix, each.policy) for each in survey.previews] == [
        ("prod/api", "prod", GENEROUS),
        ("prod/web", None, POLICY),
    ]
    assert (survey.problems, survey.notes, survey.is_live) == ((), (), False)


def test_what_does_not_go_together_is_kept_in_mind() -> None:
    missing = policy(repository="prod/db")
    unread = UnreadPolicy(where="App/Late", problems=("later",), is_invalid=False)
    survey = survey_files(reading(policy(repository="prod/web"), missing, unread=(unread,)), [WEB, API], at=NOW)

    assert survey.without_images == (missing,)
    assert survey.without_policy == ("prod/api",)
    assert survey.unread == (unread,)


def test_only_what_was_asked_for_is_previewed_and_missed() -> None:
    late, other = (
        UnreadPolicy(where=name, repository=name, problems=(), is_invalid=False) for name in ("prod/x", "dev/x")
    )
    policies = [policy(repository=name) for name in ("prod/web", "prod/db", "dev/db")]
    survey = survey_files(
        reading(*policies, policy(), policy(prefix="dev"), unread=(late, other)), [WEB, API], only=["prod/*"], at=NOW
    )

    assert [each.repository for each in survey.previews] == ["prod/web"]
    assert [each.repository for each in survey.without_images] == ["prod/db"]
    assert survey.unread == (late,)


def test_where_nothing_goes_together_that_is_a_problem() -> None:
    survey = survey_files(reading(policy(repository="web"), policy(repository="db")), [API], at=NOW)

    assert survey.problems == ("nothing was previewed: 2 policies, 1 repository, and no names that match",)


@pytest.mark.parametrize(("images", "is_told"), [(RELEASES, True), ([], False), (archived(RELEASES, at=NOW), False)])
def test_a_listing_without_archived_images_is_told_if_a_rule_is_about_them(images: Any, *, is_told: bool) -> None:
    deleting = policy(LifecyclePolicy.of(delete_archived(after_days=90)), repository="prod/web")
    survey = survey_files(reading(deleting), [replace(WEB, images=tuple(images))], at=NOW)

    sentence = (
        "prod/web: rule 1 is about archived images, and none is listed; "
        "aws ecr describe-images leaves them out without --filter imageStatus=ANY"
    )
    assert survey.notes == ((sentence,) if is_told else ())


def test_a_repository_that_is_not_compared_although_others_are_is_told() -> None:
    policies = reading(policy(repository="prod/web"), policy(repository="prod/api"))
    survey = survey_files(policies, [replace(WEB, deployed=POLICY), API], at=NOW, compares=True)

    assert survey.notes == ("prod/api: --current-policy has no policy of it, so nothing is compared",)


# --- from an account --------------------------------------------------------------------------------------------------


def test_an_account_is_asked_for_those_repositories_alone_that_a_policy_goes_with() -> None:
    account = FakeAccount(API, WEB)
    survey = asked(account, reading(policy(repository="prod/web"), policy(repository="prod/db")))

    assert account.asked == {"wanted": {"prod/web": POLICY}, "questions": QUESTIONS}
    assert [each.repository for each in survey.previews] == ["prod/web"]
    assert survey.without_policy == ("prod/api",)
    assert survey.is_live


def test_what_aws_says_is_in_the_preview() -> None:
    says = AwsDecision(digest=RELEASES[3].digest, action="expire", rule_priority=1)
    survey = asked(FakeAccount(replace(WEB, aws_preview=(says,))), reading(policy(repository="prod/web")))

    assert survey.previews[0].by_aws
    assert [each.image for each in survey.previews[0].evaluation.expired] == [RELEASES[3]]


def test_findings_know_which_tags_can_move_in_the_account() -> None:
    (shown,) = asked(FakeAccount(WEB), reading(policy(repository="prod/web"))).previews

    assert shown.findings == POLICY.findings(RELEASES, immutability=Immutability.all_tags())
    assert shown.findings != POLICY.findings(RELEASES)


def test_problems_and_notes_of_an_account_are_passed_on() -> None:
    account = FakeAccount(replace(WEB, images=()), problems=("prod/web: access denied",), notes=("no Inspector",))
    survey = asked(account, reading(policy(repository="prod/web")))

    assert (survey.previews, survey.problems, survey.notes) == ((), ("prod/web: access denied",), ("no Inspector",))


def test_a_policy_without_a_repository_is_not_held_against_a_whole_account_unasked() -> None:
    account = FakeAccount(API, WEB)
    with pytest.raises(CommandError) as caught:
        asked(account, reading(policy()))

    assert str(caught.value) == (
        "policy.json: the policy names no repository; say with --repository which ones it is for, '*' for every one"
    )
    assert account.asked == {}
    assert len(asked(account, reading(policy()), only=("*",)).previews) == 2
    assert len(asked(account, reading(policy()), only=("prod/w*",)).previews) == 1


def test_a_source_without_policies_previews_nothing() -> None:
    survey = asked(FakeAccount(API), reading())

    assert survey.problems == ("nothing was previewed: 0 policies, 1 repository, and no names that match",)
