"""Safe fixes remove findings, and delete or archive no image that the policy keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from ecr_constructs.model import Image, LifecyclePolicy, LifecycleRule, keep_latest
from ecr_constructs.model.lifecycle.safe_fixes import fixed_policy
from tests.model.lifecycle.image_strategies import AT, repositories

COUNT: Mapping[str, Any] = {"count_type": "imageCountMoreThan", "count_number": 5}
DESCRIBED = LifecycleRule(rule_priority=9, tag_status="any", description="Expire untagged images", **COUNT)


def tagged(priority: int, pattern: str, **values: Any) -> LifecycleRule:
    return LifecycleRule(rule_priority=priority, tag_status="tagged", tag_pattern_list=[pattern], **{**COUNT, **values})


def _can_exist(images: list[Image]) -> bool:
    """Return whether the registry accepts the tags: none begins with `.` or `-`."""
    return not any(tag[0] in ".-" for image in images for tag in image.tags)


_last_rules = st.builds(
    lambda status, text, number, kind: LifecycleRule(
        rule_priority=9, tag_status=status, description=text, count_type=kind, count_number=number
    ),
    st.sampled_from(["any", "untagged"]),
    st.sampled_from(["Expire untagged images", "Remove dangling images", None]),
    st.integers(1, 4),
    st.sampled_from(["imageCountMoreThan", "sinceImagePushed"]),
)
_policies = st.builds(
    lambda patterns, last: LifecyclePolicy(rules=[*(tagged(i, each) for i, each in enumerate(patterns, 1)), last]),
    st.lists(st.sampled_from(["v*", "v1*", "v1.*", "a*", "ab", "latest", "-x-*", ".y*"]), max_size=4, unique=True),
    _last_rules,
)


@given(_policies, repositories(archive=True, indexes=True, referrers=True))
def test_a_fixed_policy_keeps_every_image_that_the_policy_keeps(policy: LifecyclePolicy, images: list[Image]) -> None:
    assume(_can_exist(images))
    fixed, fixes = fixed_policy(policy)
    was, now = policy.evaluate(images, at=AT), fixed.evaluate(images, at=AT)

    assert {each.image for each in was.kept} <= {each.image for each in now.kept}
    fixable = {"shadowed-rule", "any-described-as-untagged", "never-matches", "wildcard-in-prefix"}
    assert not fixable.intersection(each.id for each in fixed.findings())
    assert bool(fixes) == bool(fixable.intersection(each.id for each in policy.findings()))


def test_a_rule_that_never_acts_is_removed() -> None:
    policy = LifecyclePolicy(rules=[tagged(1, "v*"), tagged(2, "v1*"), tagged(3, "v1.1*")])
    fixed, fixes = fixed_policy(policy)

    assert fixed.rules == policy.rules[:1]
    assert [str(each) for each in fixes] == ["rule 2 removed [shadowed-rule]", "rule 3 removed [shadowed-rule]"]


@given(repositories(archive=True, indexes=True, referrers=True))
def test_a_rule_that_no_tag_can_match_is_removed_which_changes_no_outcome(images: list[Image]) -> None:
    def of_prefix(priority: int, *prefixes: str) -> LifecycleRule:
        return LifecycleRule(rule_priority=priority, tag_status="tagged", tag_prefix_list=prefixes, **COUNT)

    untagged = LifecycleRule(rule_priority=4, tag_status="untagged", **COUNT)
    everything = LifecycleRule(rule_priority=5, tag_status="any", count_type="imageCountMoreThan", count_number=2)
    policy = LifecyclePolicy(
        rules=[of_prefix(1, "-x-"), of_prefix(2, "*"), of_prefix(3, "v", "."), untagged, everything]
    )
    fixed, fixes = fixed_policy(policy)
    assume(_can_exist(images))

    assert fixed.rules == (untagged, everything)
    assert sorted(map(str, fixes)) == [
        "rule 1 removed [never-matches]",
        "rule 2 removed [wildcard-in-prefix]",
        "rule 3 removed [never-matches]",
    ]
    assert fixed.evaluate(images, at=AT) == policy.evaluate(images, at=AT)


def test_a_rule_with_a_misspelled_tag_is_not_removed() -> None:
    policy = LifecyclePolicy.of(keep_latest(5, matching="prodution-*"))

    assert fixed_policy(policy) == (policy, ())


def test_a_rule_that_is_described_as_untagged_selects_untagged_images() -> None:
    fixed, (fix,) = fixed_policy(LifecyclePolicy(rules=[DESCRIBED]))

    assert fixed.rules[0].tag_status == "untagged"
    assert str(fix) == "rule 9 now selects 'untagged' instead of 'any' [any-described-as-untagged]"


def test_a_second_rule_for_untagged_images_is_not_written() -> None:
    policy = LifecyclePolicy(rules=[LifecycleRule(rule_priority=1, tag_status="untagged", **COUNT), DESCRIBED])

    assert fixed_policy(policy) == (policy, ())


def test_a_policy_without_such_findings_is_not_changed() -> None:
    policy = LifecyclePolicy.of(keep_latest(5, matching="v.*"))

    assert fixed_policy(policy) == (policy, ())
