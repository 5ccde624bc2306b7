"""`ecr_constructs.testing`: the images of its histories, and the messages of its assertions."""

from __future__ import annotations

import contextlib
import doctest
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs import testing
from ecr_constructs.errors import InvalidImage, InvalidName
from ecr_constructs.model import (
    Image,
    LifecyclePolicy,
    archive_unpulled,
    delete_archived,
    expire_older_than,
    expire_untagged,
    keep_latest,
    limit_images,
)
from ecr_constructs.testing import (
    archived,
    assert_archives,
    assert_expires,
    assert_keeps,
    multi_arch,
    pipeline_images,
    pulled,
    release_images,
    signed,
    tagged,
    untagged_images,
)
from tests.model.lifecycle.image_strategies import AT, repositories
from tests.model.lifecycle.strategies import policies

ROOT = Path(__file__).parent.parent.parent
NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
DAY = timedelta(days=1)
ASSERTIONS = (assert_keeps, assert_expires, assert_archives)


def said_by(assertion: Callable[[], None]) -> list[str]:
    """Return the lines of the message of a failed assertion."""
    with pytest.raises(AssertionError) as caught:
        assertion()
    return str(caught.value).splitlines()


# --- histories ------------------------------------------------------------------------------------------------------


def test_a_month_of_three_pushes_a_day_and_a_release_a_week_is_one_line() -> None:
    history = pipeline_images("build-{n}", days=30, a_day=3, until=NOW) + release_images("v1.{n}", count=4, until=NOW)

    assert [image.tags for image in history[:2]] == [("build-1",), ("build-2",)]
    assert [image.tags for image in history[-5:]] == [("build-90",), ("v1.1",), ("v1.2",), ("v1.3",), ("v1.4",)]
    assert {later.pushed_at - image.pushed_at for image, later in pairwise(history[:90])} == {DAY / 3}
    assert [NOW - image.pushed_at for image in history[-4:]] == [21 * DAY, 14 * DAY, 7 * DAY, 0 * DAY]
    assert history[89].pushed_at == NOW


def test_releases_can_have_a_longer_interval() -> None:
    assert [NOW - image.pushed_at for image in release_images("v{n}", count=2, every_days=30, until=NOW)] == [
        30 * DAY,
        0 * DAY,
    ]


def test_leftovers_have_no_tags() -> None:
    images = untagged_images(days=2, a_day=2, until=NOW)

    assert [image.tags for image in images] == [(), (), (), ()]
    assert images[0].pushed_at == NOW - 1.5 * DAY


def test_the_same_arguments_give_the_same_images() -> None:
    assert pipeline_images("build-{n}", days=3, until=NOW) == pipeline_images("build-{n}", days=3, until=NOW)
    assert untagged_images(days=3, until=NOW) == untagged_images(days=3, until=NOW)


@given(st.integers(1, 20), st.integers(1, 4), st.integers(1, 3))
def test_a_history_is_a_repository_that_can_exist(days: int, a_day: int, platforms: int) -> None:
    history = (
        signed(multi_arch(pipeline_images("build-{n}", days=days, a_day=a_day, until=NOW), platforms=platforms))
        + release_images("v{n}", count=days, until=NOW)
        + untagged_images(days=days, a_day=a_day, until=NOW)
    )
    tags = [tag for image in history for tag in image.tags]

    assert len({image.digest for image in history}) == len(history) == days * (a_day * (platforms + 3) + 1)
    assert len(set(tags)) == len(tags)
    LifecyclePolicy.of(limit_images(1)).evaluate(history, at=NOW)


def test_problems_are_reported_all_at_once() -> None:
    with pytest.raises(InvalidImage) as caught:
        pipeline_images("latest", days=0, a_day=True, until=NOW)

    assert caught.value.problems == (
        "days: 0 is not a positive whole number; write 1 or more",
        "a_day: True is not a positive whole number; write 1 or more",
        "tag: 'latest' has no {n}, but a tag belongs to one image; write {n} instead of the number",
    )


def test_a_history_without_images_is_rejected() -> None:
    cases: list[Callable[[], object]] = [
        lambda: release_images("v{n}", count=0, until=NOW),
        lambda: release_images("v{n}", count=1, every_days=0, until=NOW),
        lambda: release_images("stable", count=2, until=NOW),
        lambda: untagged_images(days=-1, until=NOW),
        lambda: multi_arch([], platforms=0),
    ]
    for build in cases:
        with pytest.raises(InvalidImage):
            build()


def test_one_release_needs_no_number() -> None:
    assert release_images("stable", count=1, until=NOW)[0].tags == ("stable",)


def test_a_time_without_a_zone_is_rejected() -> None:
    with pytest.raises(InvalidImage, match="no time zone"):
        pipeline_images("build-{n}", days=1, until=datetime(2026, 6, 1))  # noqa: DTZ001  (that is the point)


def test_an_image_can_have_more_tags() -> None:
    (image,) = release_images("v1", count=1, until=NOW)

    assert tagged(image, "deployed-at-production", "latest").tags == ("deployed-at-production", "latest", "v1")


def test_images_can_have_been_pulled_or_archived() -> None:
    images = pipeline_images("build-{n}", days=2, until=NOW - 10 * DAY)

    assert {image.last_pulled_at for image in pulled(images, at=NOW)} == {NOW}
    assert {(image.status, image.archived_at) for image in archived(images, at=NOW)} == {("archived", NOW)}


def test_an_index_names_untagged_images_that_were_pushed_just_before_it() -> None:
    *children, index = multi_arch(release_images("v1", count=1, until=NOW), platforms=3)

    assert index.is_index
    assert index.tags == ("v1",)
    assert set(index.referenced_digests or ()) == {child.digest for child in children}
    assert [child.tags for child in children] == [(), (), ()]
    assert [NOW - child.pushed_at for child in children] == [timedelta(seconds=each) for each in (3, 2, 1)]


def test_a_signature_is_about_the_image_before_it() -> None:
    image, signature = signed(release_images("v1", count=1, until=NOW))

    assert signature.subject_digest == image.digest
    assert (signature.tags, signature.pushed_at) == ((), NOW + timedelta(seconds=1))
    assert not signature.is_index


def test_the_images_of_a_signed_index_are_not_signed() -> None:
    images = signed(multi_arch(release_images("v1", count=1, until=NOW)))

    assert [image.subject_digest is not None for image in images] == [False, False, False, True]


# --- assertions -----------------------------------------------------------------------------------------------------

BUILDS = pipeline_images("build-{n}", days=5, until=NOW)
POLICY = LifecyclePolicy.of(keep_latest(3, matching="build-*"), expire_untagged(after_days=2))
ARCHIVING = LifecyclePolicy.of(archive_unpulled(after_days=3), delete_archived(after_days=90))


def test_a_true_assertion_has_no_output() -> None:
    history = [*BUILDS, *untagged_images(days=5, until=NOW - 3 * DAY)]

    assert_keeps(POLICY, history, "build-3", "build-4", "build-5", at=NOW)
    assert_expires(POLICY, history, "build-1", "build-2", *history[5:], at=NOW)
    assert_archives(ARCHIVING, BUILDS, "build-1", at=NOW)
    assert_expires(ARCHIVING, archived(BUILDS, at=NOW - 91 * DAY), "build-*", at=NOW)


def test_images_are_named_by_pattern_digest_or_themselves() -> None:
    assert_expires(POLICY, BUILDS, BUILDS[0], BUILDS[1].digest, at=NOW)
    assert_keeps(POLICY, BUILDS, "*-5", at=NOW)


def test_images_may_come_from_anywhere_once() -> None:
    assert_keeps(POLICY, iter(BUILDS), "build-5", at=NOW)


def test_a_failure_has_the_outcome_the_rule_and_the_reason() -> None:
    first, *lines = said_by(lambda: assert_keeps(POLICY, BUILDS, "build-*", at=NOW))
    why = "('Keep the newest 3 images tagged build-*'): it is not among the newest 3 that the rule selects"

    assert first == "the policy does not keep 2 of 5 images at 2026-06-01 00:00 UTC:"
    assert lines == [
        f"  build-1 ({BUILDS[0].digest[:19]}, pushed 2026-05-28 00:00) is deleted by rule 1 {why}",
        f"  build-2 ({BUILDS[1].digest[:19]}, pushed 2026-05-29 00:00) is deleted by rule 1 {why}",
    ]


def test_a_failure_states_that_no_rule_selects_an_image() -> None:
    other = release_images("v1", count=1, until=NOW)

    assert said_by(lambda: assert_expires(POLICY, other, "v1", at=NOW)) == [
        "the policy does not delete 1 of 1 image at 2026-06-01 00:00 UTC:",
        f"  v1 ({other[0].digest[:19]}, pushed 2026-06-01 00:00) is kept: no rule selects it",
    ]


def test_a_failure_about_an_archived_image_and_a_rule_without_description() -> None:
    document = ARCHIVING.to_dict()
    for rule in document["rules"]:
        del rule["description"]
    said = said_by(lambda: assert_keeps(LifecyclePolicy.from_dict(document), BUILDS, "build-1", at=NOW))

    assert said[1].endswith("pushed 2026-05-28 00:00) is archived by rule 1: it was not pulled for more than 3 days")


@pytest.mark.parametrize("assertion", ASSERTIONS)
def test_every_assertion_fails_for_an_uncertain_image(assertion: Callable[..., None]) -> None:
    policy = LifecyclePolicy.of(expire_older_than(after_days=1))
    (image,) = untagged_images(days=1, until=NOW - 1.5 * DAY)
    first, line, last = said_by(lambda: assertion(policy, [image], image, at=NOW))

    assert first.startswith("the policy does not ")
    assert f"untagged ({image.digest[:19]}, pushed 2026-05-30 12:00) is uncertain, may expire by rule 1" in line
    assert last == "AWS does not document the outcome of an uncertain image, so no assertion holds for it"


def test_a_failure_lists_every_image() -> None:
    many = pipeline_images("build-{n}", days=30, until=NOW)
    lines = said_by(lambda: assert_keeps(POLICY, many, "build-*", at=NOW))

    assert lines[0] == "the policy does not keep 27 of 30 images at 2026-06-01 00:00 UTC:"
    assert [line.split()[0] for line in lines[1:]] == [f"build-{number}" for number in range(1, 28)]


@pytest.mark.parametrize(
    ("selector", "what"),
    [
        ("biuld-*", "a tag that matches 'biuld-*'"),
        ("sha256:" + "0" * 64, "digest sha256:" + "0" * 64),
        (untagged_images(days=1, until=NOW)[0], f"digest {untagged_images(days=1, until=NOW)[0].digest}"),
    ],
)
@pytest.mark.parametrize("assertion", ASSERTIONS)
def test_an_assertion_about_no_image_fails(assertion: Callable[..., None], selector: str | Image, what: str) -> None:
    assert said_by(lambda: assertion(POLICY, BUILDS, "build-5", selector, at=NOW)) == [
        (
            f"none of 5 images has {what}, so the assertion would always hold; "
            "there are tags such as build-1, build-2, build-3"
        )
    ]


@pytest.mark.parametrize("assertion", ASSERTIONS)
def test_an_assertion_requires_a_selection(assertion: Callable[..., None]) -> None:
    with pytest.raises(TypeError, match="no image is selected"):
        assertion(POLICY, BUILDS, at=NOW)


def test_a_malformed_pattern_is_reported_as_such() -> None:
    with pytest.raises(InvalidName, match="ECR allows 4"):
        assert_keeps(POLICY, BUILDS, "*a*b*c*d*", at=NOW)


@given(policies, repositories(archive=True, restoration=True, indexes=True, referrers=True))
def test_one_assertion_is_true_for_each_image_unless_it_is_uncertain(
    policy: LifecyclePolicy, images: list[Image]
) -> None:
    uncertain = {decision.image.digest for decision in policy.evaluate(images, at=AT).uncertain}

    for image in images:
        assert len([*_passing(policy, images, image)]) == (0 if image.digest in uncertain else 1)


def _passing(policy: LifecyclePolicy, images: list[Image], image: Image) -> Iterator[Callable[..., None]]:
    for assertion in ASSERTIONS:
        with contextlib.suppress(AssertionError):
            assertion(policy, images, image, at=AT)
            yield assertion


# --- use in tests ---------------------------------------------------------------------------------------------------


def test_it_needs_no_test_framework_and_no_cdk() -> None:
    program = "import sys; before = set(sys.modules); import ecr_constructs.testing; print(*set(sys.modules) - before)"
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    foreign = {name.partition(".")[0] for name in finished.stdout.split()} - set(sys.stdlib_module_names)

    assert foreign == {"ecr_constructs"}


def test_pytest_shows_the_line_of_the_test_and_not_of_the_assertion() -> None:
    with pytest.raises(AssertionError) as caught:
        assert_keeps(POLICY, BUILDS, "build-1", at=NOW)

    assert Path(str(caught.traceback[-1].path)).name == "lifecycle_policies.py"
    assert Path(str(caught.traceback.filter(caught)[-1].path)).name == "test_lifecycle_policies.py"


@pytest.mark.parametrize("module", ["access", "changes", "lifecycle_policies", "replication", "scanning"])
def test_the_examples_in_docstrings_are_true(module: str) -> None:
    outcome = doctest.testmod(import_module(f"{testing.__name__}.{module}"))

    assert (outcome.failed, outcome.attempted > 0) == (0, True)


def test_the_example_in_the_docs_passes_when_it_is_run() -> None:
    page = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
    names: dict[str, Callable[[], None]] = {}
    exec(page.partition("```python\n")[2].partition("```")[0], names)  # noqa: S102  (the page is our own)
    tests = [test for name, test in names.items() if name.startswith("test_")]

    assert len(tests) == 4
    for test in tests:
        test()


@pytest.mark.parametrize("assertion", ASSERTIONS)
def test_an_assertion_requires_a_policy(assertion: Callable[..., None]) -> None:
    with pytest.raises(
        TypeError, match=r"policy must be a LifecyclePolicy, got \[\]; from_json\(\) and from_dict\(\) read"
    ):
        assertion([], BUILDS, "build-5", at=NOW)


def test_the_shortened_digest_of_a_message_is_accepted() -> None:
    assert_expires(LifecyclePolicy.of(limit_images(1)), BUILDS, BUILDS[0].digest[:19], at=NOW)
