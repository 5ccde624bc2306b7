"""Previews: the outcome of a policy, the preview of ECR, and the comparison with the deployed policy."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.cli.preview.build import build
from ecr_constructs.cli.preview.result import RepositoryPreview
from ecr_constructs.cli.sources.records import AwsDecision, Repository
from ecr_constructs.errors import InvalidImage
from ecr_constructs.model import (
    Decision,
    Image,
    Immutability,
    LifecyclePolicy,
    archive_older_than,
    delete_archived,
    expire_older_than,
    expire_untagged,
    keep_forever,
    keep_latest,
)
from ecr_constructs.testing import multi_arch, signed, untagged_images
from tests.cli.listings import GENEROUS, HISTORY, NOW, POLICY, RELEASES, policy
from tests.model.lifecycle.image_strategies import repositories
from tests.model.lifecycle.strategies import policies

V1, V2, V3, V4 = RELEASES
# With an index whose images are not known, the outcome of untagged images is uncertain.
CLOSED = replace(V4, manifest_media_type="application/vnd.oci.image.index.v1+json")
OPEN = [CLOSED, *untagged_images(days=4, until=NOW)]


def preview(
    lifecycle: LifecyclePolicy = POLICY,
    images: list[Image] = HISTORY,
    *,
    aws: list[AwsDecision] | None = None,
    deployed: LifecyclePolicy | None = None,
) -> RepositoryPreview:
    answers = None if aws is None else tuple(aws)
    repository = Repository(name="api", images=tuple(images), deployed=deployed, aws_preview=answers)
    return build(policy(lifecycle), repository, NOW)


def said(image: Image, rule_priority: int, action: Literal["expire", "archive"] = "expire") -> AwsDecision:
    return AwsDecision(digest=image.digest, action=action, rule_priority=rule_priority)


def agreeing(lifecycle: LifecyclePolicy, images: list[Image]) -> list[AwsDecision]:
    """Return the preview of ECR with the outcomes of the local evaluation."""
    decisions = lifecycle.evaluate(images, at=NOW).decisions
    return [
        said(each.image, each.rule.rule_priority, each.action)
        for each in decisions
        if each.rule and each.action != "keep"
    ]


def outcomes(preview: RepositoryPreview) -> dict[Image, str]:
    groups = preview.evaluation
    return {
        decision.image: group
        for group, decisions in {
            "expire": groups.expired,
            "archive": groups.archived,
            "keep": groups.kept,
            "uncertain": groups.uncertain,
        }.items()
        for decision in decisions
    }


def decision_on(image: Image, preview: RepositoryPreview) -> Decision:
    groups = preview.evaluation
    everything = (*groups.decisions, *groups.kept, *groups.uncertain)
    return next(decision for decision in everything if decision.image == image)


# --- the local evaluation ---------------------------------------------------------------------------------------------


def test_a_preview_without_aws_is_the_local_evaluation() -> None:
    shown = preview()

    assert shown.evaluation == POLICY.evaluate(HISTORY, at=NOW)
    assert shown.schedule == POLICY.schedule(HISTORY, at=NOW)
    assert shown.findings == POLICY.findings(HISTORY)
    assert not shown.by_aws
    assert (shown.current, shown.newly_lost, shown.newly_kept) == (None, (), ())


def test_findings_use_the_mutability_of_the_template() -> None:
    bound = replace(policy(), immutability=Immutability.all_tags())
    found = build(bound, Repository(name="api", images=tuple(HISTORY)), NOW).findings

    assert found == POLICY.findings(HISTORY, immutability=Immutability.all_tags())
    assert found != preview().findings


def test_the_tag_immutability_of_the_source_overrides_that_of_the_repository() -> None:
    today = Repository(name="api", images=tuple(HISTORY), immutability=Immutability.all_tags())
    silent, saying = policy(), replace(policy(), immutability=Immutability.off())

    assert build(silent, today, NOW).findings == POLICY.findings(HISTORY, immutability=Immutability.all_tags())
    assert build(saying, today, NOW).findings == POLICY.findings(HISTORY, immutability=Immutability.off())


def test_invalid_images_are_reported_with_their_repository() -> None:
    with pytest.raises(InvalidImage) as caught:
        preview(images=[V1, V1])

    assert caught.value.path == "api"


def test_a_very_long_list_of_invalid_images_is_shortened() -> None:
    twice = [image for number in range(30) for image in [replace(V1, digest=f"sha256:{number:064x}", tags=[])] * 2]
    with pytest.raises(InvalidImage) as caught:
        preview(images=twice)

    assert len(caught.value.problems) == 21
    assert caught.value.problems[-1] == "and 10 more"


# --- the deployed policy ----------------------------------------------------------------------------------------------


def test_images_that_only_the_deployed_policy_keeps_are_newly_lost() -> None:
    shown = preview(POLICY, deployed=GENEROUS)

    assert [each.image for each in shown.newly_lost] == [V2]
    assert shown.newly_lost[0].action == "expire"
    assert shown.newly_kept == ()
    assert shown.current == GENEROUS.evaluate(HISTORY, at=NOW)


def test_images_that_only_the_deployed_policy_deletes_are_newly_kept() -> None:
    shown = preview(GENEROUS, deployed=POLICY)

    assert shown.newly_lost == ()
    assert [each.image for each in shown.newly_kept] == [V2]


def test_a_repository_without_a_policy_keeps_everything_today() -> None:
    shown = preview(deployed=LifecyclePolicy.none())

    assert [each.image for each in shown.newly_lost] == [each.image for each in shown.evaluation.decisions]


def test_the_same_policy_makes_no_difference() -> None:
    shown = preview(deployed=POLICY)

    assert (shown.newly_lost, shown.newly_kept) == ((), ())


def test_deletion_instead_of_archival_is_reported_and_the_reverse_is_not() -> None:
    deleting = LifecyclePolicy.of(expire_older_than(after_days=5, matching="v*"))
    archiving = LifecyclePolicy.of(archive_older_than(after_days=5, matching="v*"))

    assert {each.image for each in preview(deleting, RELEASES, deployed=archiving).newly_lost} == {V1, V2, V3}
    assert {each.image for each in preview(archiving, RELEASES, deployed=deleting).newly_kept} == {V1, V2, V3}


def test_an_uncertain_image_is_newly_lost_only_if_the_deployed_policy_certainly_keeps_it() -> None:
    index = replace(V4, manifest_media_type="application/vnd.oci.image.index.v1+json")
    children = untagged_images(days=4, until=NOW)
    may_go = {each.image for each in preview(POLICY, [index, *children]).evaluation.uncertain}

    assert may_go
    assert {
        each.image for each in preview(POLICY, [index, *children], deployed=LifecyclePolicy.none()).newly_lost
    } == may_go
    assert preview(POLICY, [index, *children], deployed=GENEROUS).newly_lost == ()


def test_an_unchanged_policy_makes_no_difference_for_any_result_of_ecr() -> None:
    shown = preview(images=OPEN, deployed=POLICY, aws=[said(V1, 1)])

    assert shown.current == shown.evaluation
    assert (shown.newly_lost, shown.newly_kept) == ((), ())


def test_no_image_is_newly_kept_because_ecr_previewed_only_one_of_two_policies() -> None:
    assert preview(images=OPEN, deployed=GENEROUS, aws=[]).newly_kept == ()
    assert preview(GENEROUS, deployed=POLICY, aws=[]).newly_kept == preview(GENEROUS, deployed=POLICY).newly_kept[:1]


def test_an_image_that_ecr_deletes_is_newly_lost_if_the_deployed_policy_keeps_it() -> None:
    assert [each.image for each in preview(deployed=GENEROUS, aws=[said(V4, 1)]).newly_lost] == [V4]


# --- the preview of ECR -----------------------------------------------------------------------------------------------


def test_an_equal_preview_of_ecr_changes_no_outcome() -> None:
    shown = preview(aws=agreeing(POLICY, HISTORY))

    expected = preview()
    names = [each.name for each in fields(RepositoryPreview) if each.name != "by_aws"]
    assert {name: getattr(shown, name) for name in names} == {name: getattr(expected, name) for name in names}
    assert shown.by_aws
    assert shown.disagreements == ()


def test_an_empty_result_of_ecr_is_a_result() -> None:
    shown = preview(aws=[])

    assert set(outcomes(shown).values()) == {"keep"}
    assert shown.by_aws
    assert len(shown.disagreements) == len(preview().evaluation.decisions)


def test_an_image_that_ecr_deletes_is_deleted_although_the_local_evaluation_keeps_it() -> None:
    shown = preview(aws=[*agreeing(POLICY, HISTORY), said(V4, 1)])
    decision = decision_on(V4, shown)

    assert outcomes(shown)[V4] == "expire"
    assert decision.rule == POLICY.rules[0]
    assert decision.why == "ECR's preview deletes it; the local evaluation differs"
    assert [(each.image, each.aws.action, each.aws.rule, each.evaluated.action) for each in shown.disagreements] == [
        (V4, "expire", POLICY.rules[0], "keep")
    ]


def test_an_image_that_ecr_does_not_list_is_kept_although_the_local_evaluation_deletes_it() -> None:
    shown = preview(aws=[each for each in agreeing(POLICY, HISTORY) if each.digest != V1.digest])

    assert outcomes(shown)[V1] == "keep"
    assert decision_on(V1, shown).why == "ECR's preview keeps it; the local evaluation differs"
    assert [(each.image, each.aws.action, each.aws.rule) for each in shown.disagreements] == [(V1, "keep", None)]
    assert shown.disagreements[0].evaluated.why.startswith("it is not among the newest 2")


def test_the_same_action_by_another_rule_is_a_disagreement() -> None:
    aws = [said(V1, 2) if each.digest == V1.digest else each for each in agreeing(POLICY, HISTORY)]
    shown = preview(aws=aws)

    assert decision_on(V1, shown).rule == POLICY.rules[1]
    assert [(each.image, each.aws.action, each.aws.rule) for each in shown.disagreements] == [
        (V1, "expire", POLICY.rules[1])
    ]


def test_archiving_and_deleting_are_not_the_same_thing() -> None:
    aws = [replace(each, action="archive") if each.digest == V1.digest else each for each in agreeing(POLICY, HISTORY)]
    shown = preview(aws=aws)

    assert outcomes(shown)[V1] == "archive"
    assert [(each.image, each.aws.action, each.aws.rule) for each in shown.disagreements] == [
        (V1, "archive", POLICY.rules[0])
    ]


def test_a_rule_that_the_policy_has_not_is_no_rule() -> None:
    shown = preview(aws=[said(V4, 99)])

    assert decision_on(V4, shown).rule is None
    assert outcomes(shown)[V4] == "expire"


def test_groups_are_in_the_order_of_age() -> None:
    shown = preview(aws=[said(V4, 1), said(V2, 1), said(V1, 1)])

    assert [each.image for each in shown.evaluation.expired] == [V1, V2, V4]


def test_ecr_decides_uncertain_images_without_a_disagreement() -> None:
    uncertain = preview(images=OPEN).evaluation.uncertain
    gone, *left = (each.image for each in uncertain)
    shown = preview(images=OPEN, aws=[said(gone, 2)])

    assert shown.evaluation.uncertain == ()
    assert shown.disagreements == ()
    assert outcomes(shown)[gone] == "expire"
    assert {outcomes(shown)[each] for each in left} == {"keep"}
    assert decision_on(gone, shown).why.startswith("ECR's preview deletes it; the local evaluation is uncertain: ")
    assert decision_on(left[0], shown).why.startswith("ECR's preview keeps it; the local evaluation is uncertain: ")


def test_a_signature_is_deleted_with_its_image_if_ecr_does_not_list_it() -> None:
    images = signed(RELEASES)
    first, signature = images[:2]
    shown = preview(images=images, aws=[said(V1, 1), said(V2, 1)])

    assert (signature.subject_digest, outcomes(shown)[first]) == (V1.digest, "expire")
    assert outcomes(shown)[signature] == "expire"
    assert shown.disagreements == ()


def test_a_signature_is_no_disagreement_of_its_own() -> None:
    images = signed(RELEASES)
    shown = preview(images=images, aws=[said(V4, 1)])

    assert decision_on(images[-1], shown).why == (
        "ECR's preview deletes the image that it refers to; the local evaluation differs"
    )
    assert images[-1] not in [each.image for each in shown.disagreements]


def test_a_signature_is_kept_if_ecr_keeps_its_image() -> None:
    images = signed(RELEASES)
    shown = preview(images=images, aws=[])

    assert set(outcomes(shown).values()) == {"keep"}


def test_an_artifact_of_an_artifact_is_deleted_with_both() -> None:
    signature = signed(RELEASES[:1])[1]
    stamp = replace(signature, digest="sha256:" + "5" * 64, subject_digest=signature.digest)
    shown = preview(images=[V1, signature, stamp], aws=[said(V1, 1)])

    assert outcomes(shown)[stamp] == "expire"


def test_artifacts_that_reference_each_other_end_the_evaluation() -> None:
    one = replace(V1, digest="sha256:" + "1" * 64, subject_digest="sha256:" + "2" * 64)
    other = replace(V1, digest="sha256:" + "2" * 64, subject_digest="sha256:" + "1" * 64)

    assert len(outcomes(preview(images=[V2, one, other], aws=[]))) == 3


def test_a_tagged_artifact_can_remain_after_its_image() -> None:
    lifecycle = LifecyclePolicy.of(keep_forever("signature-*"), keep_latest(2, matching="v*"))
    images = signed(RELEASES)
    images[1] = replace(images[1], tags=["signature-1"])
    shown = preview(lifecycle, images, aws=agreeing(lifecycle, RELEASES))

    assert outcomes(shown)[images[1]] == "uncertain"


def test_images_of_an_index_are_kept_unless_ecr_deletes_them() -> None:
    images = multi_arch(RELEASES)
    child = images[0]

    assert outcomes(preview(images=images, aws=[]))[child] == "keep"
    taken = preview(images=images, aws=[said(child, 2)])
    assert outcomes(taken)[child] == "expire"
    assert child in [each.image for each in taken.disagreements]


def test_an_image_that_was_pushed_after_the_listing_is_reported() -> None:
    late = AwsDecision(digest="sha256:" + "9" * 64, action="expire", rule_priority=1)
    shown = preview(aws=[*agreeing(POLICY, HISTORY), late])

    assert shown.unlisted == (late,)
    assert shown.disagreements == ()


# --- the schedule with the preview of ECR -----------------------------------------------------------------------------


def test_an_image_that_ecr_deletes_is_certain_to_be_deleted_today() -> None:
    scheduled = [each for each in preview(aws=[said(V4, 1)]).schedule if each.image == V4]

    assert [(each.day, each.action, each.is_certain) for each in scheduled] == [(NOW.date(), "expire", True)]


def test_an_image_that_ecr_keeps_is_deleted_on_an_uncertain_day() -> None:
    scheduled = [each for each in preview(aws=[]).schedule if each.image == V1]

    assert [(each.day, each.is_certain) for each in scheduled] == [(NOW.date(), False)]


def test_an_image_that_ecr_does_not_archive_today_is_not_certain_to_be_deleted_from_the_archive() -> None:
    lifecycle = LifecyclePolicy.of(archive_older_than(after_days=10, matching="v*"), delete_archived(after_days=90))
    scheduled = [each for each in preview(lifecycle, RELEASES, aws=[]).schedule if each.image == V1]

    assert [(each.action, each.is_certain) for each in scheduled] == [("archive", False), ("expire", False)]


def test_an_image_that_is_archived_today_is_deleted_from_the_archive_later() -> None:
    lifecycle = LifecyclePolicy.of(archive_older_than(after_days=10, matching="v*"), delete_archived(after_days=90))
    shown = preview(lifecycle, RELEASES, aws=agreeing(lifecycle, RELEASES))

    assert shown.schedule == lifecycle.schedule(RELEASES, at=NOW)
    assert [each.action for each in shown.schedule if each.image == V1] == ["archive", "expire"]


def test_an_image_that_ecr_archives_early_is_deleted_from_the_archive_on_an_uncertain_day() -> None:
    lifecycle = LifecyclePolicy.of(archive_older_than(after_days=10, matching="v*"), delete_archived(after_days=90))
    scheduled = [
        each for each in preview(lifecycle, RELEASES, aws=[said(V4, 1, "archive")]).schedule if each.image == V4
    ]

    assert [(each.action, each.day == NOW.date(), each.is_certain) for each in scheduled] == [
        ("archive", True, True),
        ("expire", False, False),
    ]


def test_the_preview_of_ecr_does_not_decide_actions_later_today() -> None:
    young = replace(V4, pushed_at=NOW - timedelta(days=13, hours=12))
    lifecycle = LifecyclePolicy.of(expire_older_than(after_days=13, matching="v*"))
    shown = build(policy(lifecycle), Repository(name="api", images=(young,), aws_preview=()), NOW - timedelta(hours=13))

    assert shown.schedule == lifecycle.schedule([young], at=NOW - timedelta(hours=13))
    assert shown.schedule[0].is_certain


def test_scheduled_actions_are_in_order() -> None:
    lifecycle = LifecyclePolicy.of(expire_older_than(after_days=14, matching="v*"), expire_untagged(after_days=30))
    days = [each.day for each in preview(lifecycle, HISTORY, aws=[said(V4, 1)]).schedule]

    assert days == sorted(days)
    assert len(set(days)) > 2


# --- properties over random values ------------------------------------------------------------------------------------


@given(
    lifecycle=policies,
    images=repositories(archive=True, restoration=True, indexes=True, referrers=True),
    chances=st.lists(st.integers(0, 3), max_size=40),
    deployed=st.none() | policies,
)
def test_every_image_is_in_one_group_for_every_preview_of_ecr(
    lifecycle: LifecyclePolicy, images: list[Image], chances: list[int], deployed: LifecyclePolicy | None
) -> None:
    names = [rule.rule_priority for rule in lifecycle.rules]
    actions: list[Literal["expire", "archive"]] = ["expire", "archive", "expire"]
    aws = [
        said(image, names[chance % len(names)], actions[chance - 1])
        for image, chance in zip(images, chances, strict=False)
        if chance
    ]
    shown = preview(lifecycle, images, aws=aws, deployed=deployed)
    groups = shown.evaluation
    found = [each.image.digest for each in (*groups.decisions, *groups.kept, *groups.uncertain)]

    assert sorted(found) == sorted(image.digest for image in images)
    taken = {answer.digest: answer.action for answer in aws}
    assert {each.image.digest: each.action for each in groups.decisions if not each.image.subject_digest} == {
        image.digest: taken[image.digest] for image in images if image.digest in taken and not image.subject_digest
    }
    lost, kept = ({each.image.digest for each in group} for group in (shown.newly_lost, shown.newly_kept))
    assert not lost & kept
    assert {each.image.digest for each in shown.schedule} <= set(found)


@given(lifecycle=policies, images=repositories(archive=True, indexes=True, referrers=True))
def test_the_same_result_of_ecr_changes_no_certain_decision(lifecycle: LifecyclePolicy, images: list[Image]) -> None:
    evaluated = lifecycle.evaluate(images, at=NOW)
    shown = preview(lifecycle, images, aws=agreeing(lifecycle, images))

    assert set(evaluated.decisions) <= set(shown.evaluation.decisions)
