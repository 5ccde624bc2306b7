"""Both implementations of tag matching, compared with a simple matcher."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.model.lifecycle.tag_columns import images_by_pattern
from ecr_constructs.model.lifecycle.tag_index import TagIndex
from ecr_constructs.model.wildcards import matches

# Few letters, so parts of patterns occur often, overlap, and occur in the wrong order.
_letters = st.sampled_from(["a", "ab", "aab-."])
_tags = _letters.flatmap(lambda letters: st.text(letters, min_size=1, max_size=12)) | st.sampled_from(
    ["latest", "?", "\u00e9", "a\u00e9b", "a" * 301, f"{'ab' * 200}-a"]
)
_patterns = _letters.flatmap(lambda letters: st.text(f"{letters}*", min_size=1, max_size=9)).filter(
    lambda pattern: pattern.count("*") <= 4
)
_images = st.lists(st.lists(_tags, max_size=3), max_size=9)


def matched(pattern: str, images: Sequence[Sequence[str]]) -> list[int]:
    """Return the numbers of the images of which a tag matches, one tag at a time."""
    return [number for number, tags in enumerate(images) if any(fnmatchcase(tag, pattern) for tag in tags)]


@given(st.lists(_patterns, max_size=6), _images)
def test_columns_find_the_images_that_a_simple_matcher_finds(patterns: list[str], images: list[list[str]]) -> None:
    flags = images_by_pattern(patterns, images)

    for pattern in patterns:
        assert [number for number, flag in enumerate(flags[pattern]) if flag] == matched(pattern, images)


@pytest.mark.parametrize("others", [[], ["*a*a*", "*b*b*", "*c*c*", "*d*d*"]], ids=["searched", "by column"])
@given(pattern=_patterns, images=_images)
def test_an_index_finds_the_images_that_a_simple_matcher_finds(
    others: list[str], pattern: str, images: list[list[str]]
) -> None:
    oldest_first = range(len(images) - 1, -1, -1)

    found = TagIndex(images, oldest_first, [pattern, *others]).matching(pattern)

    assert found == matched(pattern, images[::-1])


@given(_images)
def test_images_without_tags_are_untagged(images: list[list[str]]) -> None:
    index = TagIndex(images, range(len(images)), [])

    assert index.untagged() == [number for number, tags in enumerate(images) if not tags]


def test_several_blocks_of_tags_are_matched_like_one(monkeypatch: pytest.MonkeyPatch) -> None:
    images = [[f"{number % 7}-{number}", f"v{number}"] for number in range(50)]
    patterns = ["*1*2*", "v1*", "3-*", "*-*"]
    whole = images_by_pattern(patterns, images)
    monkeypatch.setattr("ecr_constructs.model.lifecycle.tag_columns._BLOCK", 7)

    assert images_by_pattern(patterns, images) == whole
    assert any(map(any, whole.values()))


def test_long_repetitive_tags_match_like_others() -> None:
    cases: list[str] = ["a" * 40, "a" * 20 + "b" + "a" * 19, "a" * 63, "b"]
    for part in cases:
        images = [["a" * length, "a" * 21 + "b" + "a" * length] for length in range(64, 128)]

        for pattern in (f"*{part}*{part}*", f"*{part}*{part}", f"a*{part}*"):
            found = [number for number, flag in enumerate(images_by_pattern([pattern], images)[pattern]) if flag]
            assert found == [number for number, tags in enumerate(images) if any(matches(pattern, tag) for tag in tags)]
