from __future__ import annotations

from collections import deque

import pytest

from ecr_constructs.cli.aws import Account, AccountUnavailable, FetchOptions, lifecycle_policy_preview
from ecr_constructs.cli.sources.records import AwsDecision
from ecr_constructs.model.lifecycle.intents import expire_untagged, keep_latest, limit_images
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from tests.cli.aws.cloud import Cloud, Preview, digest, image, results
from tests.cli.aws.record import Gather, Record

OURS = LifecyclePolicy.of(keep_latest(3, matching="v*"), expire_untagged(after_days=7))
THEIRS = LifecyclePolicy.of(limit_images(5)).to_json()


def test_aws_previews_the_text_that_is_not_deployed(cloud: Cloud, gather: Gather) -> None:
    stored = cloud.add("prod/api", image(1), image(2), image(3), policy=THEIRS)
    stored.next = Preview(results=results([(1, "EXPIRE", 2), (2, "TRANSITION", 1)]))

    [repository] = gather({"prod/api": OURS}, ask_aws=True).repositories

    assert stored.running is not None
    assert stored.running.text == OURS.to_json()
    assert repository.aws_preview == (
        AwsDecision(digest=digest(1), action="expire", rule_priority=2),
        AwsDecision(digest=digest(2), action="archive", rule_priority=1),
    )
    assert stored.policy == THEIRS


def test_a_preview_without_actions_is_reported_as_such(cloud: Cloud, gather: Gather) -> None:
    cloud.add("prod/api", image(1))

    [repository] = gather({"prod/api": OURS}, ask_aws=True).repositories

    assert repository.aws_preview == ()


def test_all_pages_of_a_preview_are_read(cloud: Cloud, gather: Gather) -> None:
    stored = cloud.add("prod/api", *(image(number) for number in range(250)))
    stored.next = Preview(results=results((number, "EXPIRE", 1) for number in range(250)))

    [repository] = gather({"prod/api": OURS}, ask_aws=True).repositories

    assert repository.aws_preview is not None
    assert [decision.digest for decision in repository.aws_preview] == [digest(number) for number in range(250)]


def test_previews_of_many_repositories_run_at_the_same_time(cloud: Cloud, gather: Gather, record: Record) -> None:
    """All previews are started before the first result is awaited."""
    wanted = {f"team/service-{number}": OURS for number in range(40)}
    for name in wanted:
        cloud.add(name, image(1)).next = Preview(results=results([(1, "EXPIRE", 1)]))

    gathered = gather(wanted, ask_aws=True)

    operations = [operation for operation, _ in cloud.calls]
    last_start = max(at for at, name in enumerate(operations) if name == "StartLifecyclePolicyPreview")
    assert last_start < operations.index("GetLifecyclePolicyPreview")
    assert [len(repository.aws_preview or ()) for repository in gathered.repositories] == [1] * 40
    assert record.done == record.steps == 3 * 40


@pytest.mark.parametrize("policy", [None, LifecyclePolicy.none()])
def test_the_preview_of_ecr_is_not_requested_without_rules(
    cloud: Cloud, gather: Gather, policy: LifecyclePolicy | None
) -> None:
    cloud.add("prod/api", image(1))

    gathered = gather({"prod/api": policy}, ask_aws=True)

    assert gathered.repositories[0].aws_preview is None
    assert gathered.problems == ()
    assert cloud.called("StartLifecyclePolicyPreview") == 0


def test_the_preview_of_ecr_can_be_switched_off(cloud: Cloud, gather: Gather) -> None:
    cloud.add("prod/api", image(1))

    [repository] = gather({"prod/api": OURS}).repositories

    assert repository.aws_preview is None
    assert cloud.called("StartLifecyclePolicyPreview") == cloud.called("GetLifecyclePolicyPreview") == 0


# --- previews of other callers ----------------------------------------------------------------------------------------


def test_the_preview_of_another_policy_is_not_used(cloud: Cloud, gather: Gather) -> None:
    stored = cloud.add("prod/api", image(1), image(2))
    stored.next = Preview(results=results([(1, "EXPIRE", 9)]), statuses=deque(["IN_PROGRESS"] * 3 + ["COMPLETE"]))
    stored.start_preview(THEIRS)
    stored.next = Preview(results=results([(2, "EXPIRE", 1)]))

    gathered = gather({"prod/api": OURS}, ask_aws=True)

    assert gathered.repositories[0].aws_preview == (AwsDecision(digest=digest(2), action="expire", rule_priority=1),)
    assert gathered.problems == ()
    assert stored.running is not None
    assert stored.running.text == OURS.to_json()


def test_a_preview_that_is_replaced_during_reading_is_started_again(cloud: Cloud, gather: Gather) -> None:
    stored = cloud.add("prod/api", *(image(number) for number in range(150)))
    stored.next = Preview(results=results((number, "EXPIRE", 1) for number in range(150)))
    looks = iter(range(10))

    def replace(operation: str, _: str | None) -> None:
        if operation == "GetLifecyclePolicyPreview" and next(looks) == 2:  # the second page of a complete preview
            stored.next = Preview(results=results([(1, "EXPIRE", 9)]), statuses=deque(["COMPLETE"]))
            stored.start_preview(THEIRS)
            stored.next = Preview(results=results((number, "EXPIRE", 1) for number in range(150)))

    cloud.before = replace

    [repository] = gather({"prod/api": OURS}, ask_aws=True).repositories

    assert repository.aws_preview is not None
    assert {decision.rule_priority for decision in repository.aws_preview} == {1}
    assert len(repository.aws_preview) == 150


def test_a_preview_of_the_same_policy_by_another_caller_is_used(cloud: Cloud, gather: Gather) -> None:
    stored = cloud.add("prod/api", image(1))
    stored.next = Preview(results=results([(1, "EXPIRE", 1)]))
    stored.start_preview(OURS.to_json())

    [repository] = gather({"prod/api": OURS}, ask_aws=True).repositories

    assert repository.aws_preview == (AwsDecision(digest=digest(1), action="expire", rule_priority=1),)
    assert cloud.called("StartLifecyclePolicyPreview") == 1


def test_a_missing_preview_is_started_again(cloud: Cloud, gather: Gather) -> None:
    stored = cloud.add("prod/api", image(1))
    cloud.fail("GetLifecyclePolicyPreview", "LifecyclePolicyPreviewNotFoundException", times=1)
    stored.next = Preview(statuses=deque(["COMPLETE"]))

    gathered = gather({"prod/api": OURS}, ask_aws=True)

    assert gathered.repositories[0].aws_preview == ()
    assert gathered.problems == ()


# --- no answer --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "problem"),
    [("FAILED", "ECR's preview failed"), ("EXPIRED", "ECR's preview expired before it was read")],
)
def test_a_preview_that_fails_is_a_problem(cloud: Cloud, gather: Gather, status: str, problem: str) -> None:
    cloud.add("prod/api", image(1)).next = Preview(statuses=deque(["IN_PROGRESS", status]))
    cloud.add("prod/web", image(1))

    gathered = gather({"prod/api": OURS, "prod/web": OURS}, ask_aws=True)

    assert gathered.problems == (f"prod/api: {problem}; repeat the command, or add --no-aws-preview",)
    assert [repository.aws_preview for repository in gathered.repositories] == [None, ()]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (OURS.to_json(), "ECR's preview took too long"),
        (THEIRS, "a preview of another policy of the repository did not end in time"),
    ],
)
def test_waiting_for_previews_ends(
    cloud: Cloud, gather: Gather, monkeypatch: pytest.MonkeyPatch, text: str, problem: str
) -> None:
    monkeypatch.setattr("ecr_constructs.cli.aws.account.TIMEOUT", 0.2)
    for number in range(40):
        stored = cloud.add(f"team/service-{number}", image(1))
        stored.next = Preview(statuses=deque(["IN_PROGRESS"]))
        stored.start_preview(text)
    cloud.add("prod/web", image(1)).next = Preview(statuses=deque(["COMPLETE"]))

    gathered = gather(dict.fromkeys(cloud.repositories, OURS), ask_aws=True)

    assert len(gathered.repositories) == 41
    assert gathered.repositories[-1].aws_preview == ()
    [reported] = gathered.problems
    assert "and 37 more: " in reported
    assert problem in reported


def test_a_policy_that_aws_rejects_is_a_problem_of_its_repository(cloud: Cloud, gather: Gather) -> None:
    message = "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'one rule is enough'"
    cloud.fail("StartLifecyclePolicyPreview", "InvalidParameterException", message, repository="prod/api")
    cloud.add("prod/api", image(1))

    gathered = gather({"prod/api": OURS}, ask_aws=True)

    assert gathered.repositories[0].aws_preview is None
    assert gathered.problems == (
        f"prod/api: ecr:StartLifecyclePolicyPreview failed: {message} (InvalidParameterException); correct the policy",
    )


def test_a_denied_preview_is_reported(cloud: Cloud, gather: Gather) -> None:
    cloud.deny("StartLifecyclePolicyPreview")
    cloud.add("prod/api", image(1))

    gathered = gather({"prod/api": OURS}, ask_aws=True)

    assert len(gathered.repositories[0].images) == 1
    [problem] = gathered.problems
    assert problem.startswith("prod/api: ecr:StartLifecyclePolicyPreview is not allowed")
    assert cloud.called("GetLifecyclePolicyPreview") == 0


def test_an_error_ends_all_waiting(cloud: Cloud, gather: Gather, monkeypatch: pytest.MonkeyPatch) -> None:
    """Expired credentials end the run at once, although another preview is not complete."""
    monkeypatch.setattr(lifecycle_policy_preview, "INTERVAL", 60.0)
    cloud.add("prod/api", image(1)).next = Preview(statuses=deque(["IN_PROGRESS"]))
    cloud.add("prod/web", image(1))
    cloud.fail("GetLifecyclePolicyPreview", "ExpiredTokenException", repository="prod/web")

    with pytest.raises(AccountUnavailable, match="the credentials have expired"):
        gather({"prod/api": OURS, "prod/web": OURS}, ask_aws=True)


def test_an_interrupt_ends_all_waiting(cloud: Cloud, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle_policy_preview, "INTERVAL", 60.0)
    cloud.add("prod/api", image(1)).next = Preview(statuses=deque(["IN_PROGRESS"]))
    cloud.add("prod/web", image(1)).next = Preview(statuses=deque(["COMPLETE"]))

    class Impatient(Record):
        def advance(self) -> None:
            super().advance()
            if self.done == 5:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        account.repositories(
            {"prod/api": OURS, "prod/web": OURS},
            FetchOptions(aws_preview=True, current=False, in_use=False, read_indexes=False),
            progress=Impatient(),
        )
