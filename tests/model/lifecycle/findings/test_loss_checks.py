"""Rules that can delete the newest images of a repository, or all of them, are reported, and safe ones are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given

from ecr_constructs.model import (
    Finding,
    Image,
    Intent,
    LifecyclePolicy,
    LifecycleRule,
    archive_older_than,
    archive_unpulled,
    delete_archived,
    expire_older_than,
    expire_unmatched,
    expire_untagged,
    keep_forever,
    keep_latest,
    limit_images,
)
from ecr_constructs.testing import multi_arch, pipeline_images, release_images, tagged, untagged_images
from tests.model.lifecycle.image_strategies import AT, repositories
from tests.model.lifecycle.strategies import policies

CAN_EMPTY = "can-empty-repository"
NEWEST, ARCHIVES, EMPTIES, FILLS = (
    "age-deletes-newest",
    "age-archives-newest",
    "empties-repository",
    "kept-images-fill-count",
)


def by_id(policy: LifecyclePolicy, id: str, images: Sequence[Image] | None = None, **options: object) -> list[Finding]:
    return [each for each in policy.findings(images, **options) if each.id == id]  # type: ignore[arg-type]


def of(*intents: Intent) -> LifecyclePolicy:
    return LifecyclePolicy.of(*intents)


def aged(*patterns: str, days: int = 30) -> Intent:
    return expire_older_than(after_days=days, matching=list(patterns))


def signed_leftover() -> list[Image]:
    """Return an image without tags, and the signature of it, which was pushed later."""
    (image,) = untagged_images(days=1, until=AT - timedelta(days=1))
    signature = replace(
        image,
        digest="sha256:" + "f" * 64,
        pushed_at=AT,
        artifact_media_type="application/vnd.cncf.notary.signature",
        subject_digest=image.digest,
    )
    return [image, signature]


EVERYTHING = expire_older_than(after_days=30)

# --- age rules that can delete the newest image ------------------------------------------------------------------


@pytest.mark.parametrize(
    "policy",
    [
        of(EVERYTHING),
        of(expire_older_than(after_days=1)),
        of(expire_older_than(after_days=3650)),
        of(aged("*")),
        of(aged("*"), expire_untagged(after_days=7)),
        of(expire_untagged(keep=100), EVERYTHING),
        of(keep_latest(3, matching="dev-*"), EVERYTHING),
        of(aged("pr-*"), EVERYTHING),
        of(aged("prod*")),
        of(aged("v*")),
        of(aged("release-*", days=365), expire_untagged(keep=9)),
        of(aged("latest")),
        of(aged("main")),
        of(aged("1.*")),
        of(aged("v1.2.*")),
        of(aged("*.*.*")),
        of(aged("eu-production-*")),
        of(aged("staging")),
        of(aged("hotfix-*")),
        of(aged("canary*")),
        of(aged("2025*")),
        of(aged("2026-04-*")),
        of(aged("UAT-*")),
        of(keep_latest(10, matching="staging-*"), aged("prod-*")),
        of(keep_latest(10, matching="v2.*"), aged("v1.*")),
        of(expire_older_than(after_days=30, matching_all=["v*", "*-arm64"])),
    ],
    ids=lambda policy: " ".join(str(rule.description) for rule in policy.rules),
)
def test_a_rule_by_age_over_all_images_or_releases_is_a_warning(policy: LifecyclePolicy) -> None:
    found = by_id(policy, NEWEST)

    assert found
    assert {each.severity for each in found} == {"warning"}
    assert all("including the newest" in each.sentence for each in found)


@pytest.mark.parametrize(
    "policy",
    [
        of(expire_untagged(after_days=14)),
        of(aged("dev-*", "pr-*", "feature-*")),
        of(aged("v*-rc")),
        of(aged("prod-pr-*")),
        of(aged("nonprod-*", "vpn-*", "product-*")),
        of(aged("build-*", "main-*")),
        of(aged("20*")),
        of(aged("20251*", "sha-2025*")),
        of(keep_latest(10, matching="v*"), EVERYTHING),
        of(keep_forever("production"), EVERYTHING),
        of(keep_forever("production"), aged("v*")),
        of(keep_forever("deployed-at-*"), aged("prod-*")),
        of(keep_latest(3, matching="prod-*"), aged("v*")),
        of(expire_unmatched(keeping=["v*", "latest"], after_days=60)),
        of(keep_latest(10, matching="*"), EVERYTHING),
        of(archive_older_than(after_days=30, matching="v*"), delete_archived(after_days=90)),
        of(archive_unpulled(after_days=90), delete_archived(after_days=180)),
        of(limit_images(1)),
        LifecyclePolicy(
            rules=[LifecycleRule(rule_priority=1, tag_status="any", count_type="sinceImagePushed", count_number=36_500)]
        ),
    ],
    ids=lambda policy: " ".join(str(rule.description) for rule in policy.rules),
)
def test_a_policy_that_keeps_some_images_is_no_warning(policy: LifecyclePolicy) -> None:
    assert by_id(policy, NEWEST) == []


def test_the_remedy_keeps_a_number_of_the_same_images() -> None:
    (finding,) = by_id(of(aged("v*")), NEWEST)

    assert finding.remedy.startswith("use keep_latest(10, matching='v*') instead of the age, ")
    assert by_id(of(EVERYTHING), NEWEST)[0].remedy.startswith("use limit_images(10) instead of the age, ")
    assert '"countType": "imageCountMoreThan"' in str(finding.json_remedy)


def test_archiving_by_age_is_an_info_under_the_same_conditions() -> None:
    (finding,) = by_id(of(archive_older_than(after_days=30), delete_archived(after_days=90)), ARCHIVES)

    assert finding.severity == "info"
    assert by_id(of(keep_forever("production"), archive_older_than(after_days=30)), ARCHIVES) == []
    assert by_id(of(archive_older_than(after_days=30, matching="dev-*")), ARCHIVES) == []


def test_with_images_the_sentence_has_the_newest_image_its_day_and_its_users() -> None:
    images = [*release_images("v{n}", count=3, until=AT - timedelta(days=10)), *untagged_images(days=2, until=AT)]
    policy = of(aged("v*"))
    (finding,) = by_id(policy, NEWEST, images, at=AT, in_use={images[2].digest: ["service prod/api"]})

    (action,) = [each for each in policy.schedule(images, at=AT) if each.image == images[2]]
    assert finding.sentence.endswith(
        f"; the newest, 'v3', is deleted on {action.day}; 1 of them is in use: 'v3' by service prod/api"
    )


# --- policies that keep no minimum --------------------------------------------------------------------------------


NO_IMAGE_REMAINS = "90 days later: if the newest image is one of them, no image of a repository remains"


@pytest.mark.parametrize(
    ("policy", "emptied_repositories"),
    [
        (of(keep_latest(5, matching="prod*"), EVERYTHING), "of a repository without images tagged 'prod*' remains"),
        (of(keep_forever("a", "b*"), EVERYTHING), "of a repository without images tagged 'a' or 'b*' remains"),
        (of(archive_unpulled(after_days=30), delete_archived(after_days=90)), NO_IMAGE_REMAINS),
        (of(archive_older_than(after_days=30), delete_archived(after_days=90)), NO_IMAGE_REMAINS),
    ],
)
def test_a_policy_that_keeps_no_minimum_in_every_repository_is_an_info(
    policy: LifecyclePolicy, emptied_repositories: str
) -> None:
    (finding,) = by_id(policy, CAN_EMPTY)

    assert finding.severity == "info"
    assert emptied_repositories in finding.sentence
    assert by_id(policy, CAN_EMPTY, pipeline_images("v{n}", days=2, until=AT), at=AT) == []
    # The finding with images has the day.
    images = pipeline_images("other-{n}", days=3, until=AT - timedelta(days=3650))
    last = policy.schedule(images, at=AT)
    assert {each.action for each in last if each.day == max(action.day for action in last)} == {"expire"}
    assert {each.image for each in last if each.action == "expire"} == set(images)


@pytest.mark.parametrize(
    "policy",
    [
        of(EVERYTHING),
        of(keep_latest(10, matching="*"), EVERYTHING),
        of(keep_latest(10, matching="v*"), expire_untagged(keep=3)),
        of(archive_unpulled(after_days=30)),
        of(archive_older_than(after_days=30, matching="v*"), delete_archived(after_days=90)),
        of(keep_forever("v*"), limit_images(10)),
    ],
)
def test_a_policy_that_keeps_a_minimum_or_has_a_warning_has_no_info(policy: LifecyclePolicy) -> None:
    assert by_id(policy, CAN_EMPTY) == []


# --- an emptied repository ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "images"),
    [
        (of(EVERYTHING), pipeline_images("build-{n}", days=40, until=AT)),
        (of(EVERYTHING), release_images("v{n}", count=1, until=AT)),
        (of(aged("main-*")), pipeline_images("main-{n}", days=3, until=AT)),
        (
            of(aged("main-*"), expire_untagged(after_days=2)),
            [*pipeline_images("main-{n}", days=3, until=AT), *untagged_images(days=3, until=AT)],
        ),
        (of(keep_forever("prodution"), EVERYTHING), release_images("production-{n}", count=5, until=AT)),
        (of(EVERYTHING), multi_arch(release_images("v{n}", count=2, until=AT))),
        (of(expire_untagged(after_days=3)), untagged_images(days=9, until=AT)),
        # The untagged signature takes the only place of the rule, and it is deleted with its subject.
        (of(limit_images(1)), signed_leftover()),
    ],
)
def test_a_policy_that_deletes_every_image_is_reported_with_the_last_day(
    policy: LifecyclePolicy, images: list[Image]
) -> None:
    (finding,) = by_id(policy, EMPTIES, images, at=AT)
    last = max(action.day for action in policy.schedule(images, at=AT))

    assert finding.severity == "warning"
    assert f"the last on {last}, if no image is pushed" in finding.sentence
    assert by_id(policy, NEWEST, images, at=AT) == []


@pytest.mark.parametrize(
    ("policy", "images"),
    [
        (of(EVERYTHING), []),
        (of(limit_images(1)), pipeline_images("build-{n}", days=40, until=AT)),
        (of(keep_latest(1, matching="v*"), EVERYTHING), release_images("v{n}", count=3, until=AT)),
        (of(keep_forever("v1"), EVERYTHING), release_images("v{n}", count=3, until=AT)),
        (of(aged("v*")), [*release_images("v{n}", count=3, until=AT), *untagged_images(days=1, until=AT)]),
        (
            of(archive_older_than(after_days=3), delete_archived(after_days=90)),
            release_images("v{n}", count=3, until=AT),
        ),
    ],
)
def test_a_policy_that_leaves_an_image_is_not_reported(policy: LifecyclePolicy, images: list[Image]) -> None:
    assert by_id(policy, EMPTIES, images, at=AT) == []


@given(policies, repositories(archive=True, indexes=True, referrers=True, most=6))
def test_an_emptied_repository_is_one_of_which_the_schedule_deletes_each_image(
    policy: LifecyclePolicy, images: list[Image]
) -> None:
    active = {image.digest for image in images if image.status != "archived"}
    first: dict[str, str] = {}
    for action in policy.schedule(images, at=AT):
        first.setdefault(action.image.digest, action.action)
    is_emptied = bool(active) and all(first.get(digest) == "expire" for digest in active)

    assert bool(by_id(policy, EMPTIES, images, at=AT)) <= is_emptied
    if any(rule.tag_status == "any" and rule.count_type == "sinceImagePushed" for rule in policy.rules):
        assert bool(by_id(policy, EMPTIES, images, at=AT)) == is_emptied


def test_the_images_in_use_are_named() -> None:
    images = pipeline_images("build-{n}", days=6, until=AT)
    in_use = {image.digest: [f"service s{n}"] for n, image in enumerate(images)}
    (finding,) = by_id(of(EVERYTHING), EMPTIES, images, at=AT, in_use=in_use)

    assert finding.sentence.endswith(
        "; 6 of them are in use: 'build-6' by service s5, 'build-5' by service s4, 'build-4' by service s3 and 3 more"
    )


def test_without_an_instant_the_newest_push_is_that_of_the_schedule() -> None:
    images = release_images("v{n}", count=2, until=datetime(2026, 3, 1, tzinfo=AT.tzinfo))

    assert "the last on 2026-03-31" in by_id(of(EVERYTHING), EMPTIES, images)[0].sentence


# --- kept images that fill a count -------------------------------------------------------------------------------

WEEK = AT - timedelta(days=7)
DEV, LTS = (
    release_images("dev-{n}", count=2, until=WEEK, every_days=1),
    release_images("lts-{n}", count=4, until=AT, every_days=1),
)


@pytest.mark.parametrize(
    ("policy", "rules"),
    [
        (of(keep_forever("lts-*"), limit_images(4)), "rule 1 keeps"),
        (of(keep_forever("lts-*"), keep_latest(4, matching="*")), "rule 1 keeps"),
        (of(keep_latest(5, matching="a-*"), keep_latest(5, matching="b-*"), limit_images(10)), "rules 1 and 2 keep"),
        (of(keep_latest(10, matching="v*"), limit_images(10)), "rule 1 keeps"),
        (of(keep_latest(10, matching="v1.*"), keep_latest(10, matching="v*")), "rule 1 keeps"),
        (of(keep_forever("lts-*"), expire_untagged(keep=2), limit_images(500)), "rules 1 and 2 keep"),
    ],
)
def test_kept_images_that_can_fill_a_count_are_a_warning(policy: LifecyclePolicy, rules: str) -> None:
    (finding,) = by_id(policy, FILLS)

    assert (finding.severity, finding.rule) == ("warning", policy.rules[-1])
    assert f"counts the images that {rules}: if the newest" in finding.sentence
    assert "deletes all its other images" in policy.explain()[-1]


@pytest.mark.parametrize(
    "policy",
    [
        of(keep_latest(5, matching="a-*"), keep_latest(4, matching="b-*"), limit_images(10)),
        of(keep_forever("lts-*"), keep_latest(4, matching="dev-*")),
        of(keep_forever("lts-*"), EVERYTHING),
        of(aged("pr-*"), limit_images(10)),
        of(keep_forever("lts-*"), expire_untagged(keep=10)),
    ],
)
def test_a_count_that_other_rules_cannot_fill_is_no_warning(policy: LifecyclePolicy) -> None:
    assert by_id(policy, FILLS) == []


def test_with_images_the_images_that_are_deleted_although_they_are_the_newest_of_their_kind_are_reported() -> None:
    policy = of(keep_forever("lts-*"), limit_images(4))
    (finding,) = by_id(policy, FILLS, [*DEV, *LTS], at=AT)
    deleted = policy.evaluate([*DEV, *LTS], at=AT).expired

    assert [each.image for each in deleted] == DEV
    assert finding.sentence.endswith(
        f"it deletes all 2 other images; the newest of them, 'dev-2', was pushed on {WEEK.date()}"
    )
    assert by_id(policy, FILLS, [*DEV, *LTS[:3]], at=AT) == []
    assert by_id(policy, FILLS, LTS, at=AT) == []


def test_young_images_of_a_rule_by_age_can_fill_a_count_as_well() -> None:
    policy = of(aged("pr-*"), limit_images(4))
    images = [*DEV, *pipeline_images("pr-{n}", days=4, until=AT)]

    assert "take all 4 places of rule 2" in by_id(policy, FILLS, images, at=AT)[0].sentence


@given(policies, repositories(most=8))
def test_every_image_of_a_filled_count_rule_is_deleted_or_archived(
    policy: LifecyclePolicy, images: list[Image]
) -> None:
    evaluation = policy.evaluate(images, at=AT)
    for finding in by_id(policy, FILLS, images, at=AT):
        kept = [each.image for each in evaluation.kept if each.rule == finding.rule]

        assert kept == []


# --- the instant -------------------------------------------------------------------------------------------------


def test_images_that_are_pushed_later_are_not_evaluated_and_their_tags_are_known() -> None:
    images = [*DEV, *LTS]
    policy = of(keep_forever("lts-*"), limit_images(4))

    assert by_id(policy, "never-matches", images, at=WEEK) == []
    assert by_id(policy, "never-matches", DEV, at=WEEK)
    assert by_id(policy, FILLS, images, at=WEEK) == []


def test_an_image_in_several_states_is_one_image_of_the_sentence() -> None:
    (only,) = release_images("v1", count=1, until=AT)

    assert "deletes the only image of" in by_id(of(EVERYTHING), EMPTIES, [tagged(only, "latest")], at=AT)[0].sentence
