"""The index of the images of a repository: the images that a rule selects."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.model import Image, LifecycleRule
from ecr_constructs.model.lifecycle.image_index import ImageIndex
from tests.model.lifecycle.image_strategies import AT
from tests.model.lifecycle.strategies import rule_values, tag_sets

tagged_rules = rule_values(statuses=("tagged",)).map(lambda values: LifecycleRule(**values))


def selected(rule: LifecycleRule, *tags: list[str]) -> list[list[str]]:
    """Return those sets of tags whose image the rule selects, in the order of the list."""
    images = [Image(digest=str(number), pushed_at=AT, tags=each) for number, each in enumerate(tags)]
    index = ImageIndex(images, [rule])
    found = {index.images[position] for position in index.selected(rule, range(len(images)))}
    return [each for image, each in zip(images, tags, strict=True) if image in found]


def test_a_tag_matches_as_a_whole_and_by_itself() -> None:
    cases: list[tuple[str, list[list[str]]]] = [
        ("*", [[]]),
        ("v1", [[], ["v12"], ["rv1"]]),
        ("v*", [[], ["rv1"]]),
        ("*1", [[], ["v12"]]),
        ("v*-1", [["v-2"], ["v2", "x-1"], ["rv-1"], ["v-12"]]),
        ("v*rc*1", [["v-1"], ["v1", "x-rc-1"]]),
        ("*-*", [["v1"]]),
        ("*a*b*", [["ba"], ["b", "a"], ["ba", "a"], ["b-a", "bba"]]),
        ("v*a*a1", [["va1"], ["v-a", "a1"], ["v-a1"], ["va", "va1"]]),
        ("*aa*aa*", [["aaa"], ["aa", "aa-"]]),
    ]
    for pattern, others in cases:
        one = [pattern.replace("*", "-"), "latest"]
        rule = LifecycleRule(
            rule_priority=1,
            tag_status="tagged",
            tag_pattern_list=[pattern],
            count_type="imageCountMoreThan",
            count_number=1,
        )

        assert selected(rule, one, *others) == [one]


@given(tagged_rules, st.lists(tag_sets))
def test_a_rule_selects_the_images_of_which_each_entry_matches_a_tag(
    rule: LifecycleRule, tags: list[list[str]]
) -> None:
    assert selected(rule, *tags) == [
        each for each in tags if all(any(selector.matches(tag) for tag in each) for selector in rule.selectors)
    ]


def test_a_microsecond_decides_which_of_two_images_is_the_newer() -> None:
    cases: list[int] = [0, 2**33, 250_000_000_000]
    for seconds in cases:
        begin = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=seconds)
        images = [Image(digest=str(number), pushed_at=begin + timedelta(microseconds=number)) for number in range(9)]

        assert [image.digest for image in ImageIndex(images[4:] + images[:4]).images] == list("876543210")
