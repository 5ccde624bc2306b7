"""Safe fixes remove findings, and delete or archive no image that the policy keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.model import Image, LifecyclePolicy, LifecycleRule, keep_latest
from ecr_constructs.model.lifecycle.safe_fixes import fixed_policy
from tests.model.lifecycle.image_strategies import AT, repositories

COUNT: Mapping[str, Any] = {"count_type": "imageCountMoreThan", "count_number": 5}
DESCRIBED = LifecycleRule(rule_priority=9, tag_status="any", description="Expire untagged images", **COUNT)


def tagged(priority: int, pattern: str, **values: Any) -> LifecycleRule:
    return LifecycleRule(rule_priority=priority, tag_status="tagged", tag_pattern_list=[pattern], **{**COUNT, **values})


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
    st.lists(st.sampled_from(["v*", "v1*", "v1.*", "a*", "ab", "latest"]), max_size=4, unique=True),
    _last_rules,
)


@given(_policies, repositories(archive=True, indexes=True, referrers=True))
def test_a_fixed_policy_keeps_every_image_that_the_policy_keeps(policy: LifecyclePolicy, images: list[Image]) -> None:
    fixed, fixes = fixed_policy(policy)
    was, now = policy.evaluate(images, at=AT), fixed.evaluate(images, at=AT)

    assert {each.image for each in was.kept} <= {each.image for each in now.kept}
    fixable = {"shadowed-rule", "any-described-as-untagged"}
    assert not fixable.intersection(each.id for each in fixed.findings())
    assert bool(fixes) == bool(fixable.intersection(each.id for each in policy.findings()))


def test_a_rule_that_never_acts_is_removed() -> None:
    policy = LifecyclePolicy(rules=[tagged(1, "v*"), tagged(2, "v1*"), tagged(3, "v1.1*")])
    fixed, fixes = fixed_policy(policy)

    assert fixed.rules == policy.rules[:1]
    assert [str(each) for each in fixes] == ["rule 2 removed [shadowed-rule]", "rule 3 removed [shadowed-rule]"]


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
