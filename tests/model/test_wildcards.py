"""The algebra of `*`, compared with Python's regular expressions and with all short texts."""

from __future__ import annotations

import fnmatch
import itertools
import re
import time

from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.model import wildcards
from ecr_constructs.model.wildcards import matches, overlaps, subsumes
from tests.model.lifecycle.strategies import tag_patterns, tags, wild_texts


def as_expression(pattern: str) -> re.Pattern[str]:
    """Translate a pattern independently of the library."""
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)


def every(letters: str, longest: int) -> list[str]:
    return ["".join(text) for size in range(longest + 1) for text in itertools.product(letters, repeat=size)]


@st.composite
def filled(draw: st.DrawFn, pattern: str, fillings: st.SearchStrategy[str]) -> str:
    """Draw a pattern or a text that has another text in place of each `*`."""
    head, *rest = pattern.split("*")
    return head + "".join(draw(fillings) + part for part in rest)


def starred(text: str, places: list[int]) -> str:
    """Return a text with a `*` in place of some letters."""
    return "".join("*" if at in places else letter for at, letter in enumerate(text))


# `c` is in no pattern.
TEXTS = every("abc", 5)
PATTERNS = every("ab*", 4)
# Bit i is set if the pattern describes TEXTS[i].
DESCRIBED = {
    pattern: sum(1 << i for i, text in enumerate(TEXTS) if as_expression(pattern).fullmatch(text))
    for pattern in PATTERNS
}


def test_a_pattern_describes_whole_texts() -> None:
    cases: list[tuple[str, str, bool]] = [
        ("", "", True),
        ("", "a", False),
        ("*", "", True),
        ("*", "anything-at.all_1", True),
        ("prod", "prod", True),
        ("prod", "production", False),
        ("prod*", "prod", True),
        ("prod*", "a-prod", False),
        ("*prod", "a-prod", True),
        ("*prod*", "a-prod-b", True),
        ("a*a", "a", False),
        ("a*a", "aa", True),
        ("ab*ba", "aba", False),
        ("a*b*c", "a-c-b-c", True),
        ("a*b*c", "acb", False),
        ("*ab*ab*", "ab", False),
        ("*ab*ab*", "abab", True),
        ("**", "", True),
        ("a.c", "abc", False),
        ("A*", "a", False),
    ]
    for pattern, text, expected in cases:
        assert matches(pattern, text) is expected


def test_matches_agrees_with_regular_expressions_on_every_short_pattern_and_text() -> None:
    for pattern in PATTERNS:
        described = sum(1 << i for i, text in enumerate(TEXTS) if matches(pattern, text))

        assert described == DESCRIBED[pattern], pattern


@given(wild_texts, wild_texts)
def test_matches_agrees_with_regular_expressions_and_fnmatch(pattern: str, text: str) -> None:
    expected = as_expression(pattern).fullmatch(text) is not None

    assert matches(pattern, text) is expected
    assert fnmatch.fnmatchcase(text, pattern) is expected


@given(tag_patterns, tags)
def test_matches_agrees_with_regular_expressions_on_real_tags(pattern: str, tag: str) -> None:
    assert matches(pattern, tag) is (as_expression(pattern).fullmatch(tag) is not None)


def test_overlaps_exactly_where_a_common_text_exists() -> None:
    """Two overlapping patterns of up to four characters both match a text of at most eight characters."""
    texts = every("ab", 8)
    described = {
        pattern: sum(1 << i for i, text in enumerate(texts) if as_expression(pattern).fullmatch(text))
        for pattern in PATTERNS
    }
    for one, other in itertools.product(PATTERNS, repeat=2):
        assert overlaps(one, other) is bool(described[one] & described[other]), (one, other)


def test_subsumes_exactly_where_no_text_of_the_narrower_is_missed() -> None:
    """A counterexample has one letter that is in no pattern in place of each `*`, so short texts suffice."""
    for wider, narrower in itertools.product(PATTERNS, repeat=2):
        missed = DESCRIBED[narrower] & ~DESCRIBED[wider]

        assert subsumes(wider, narrower) is (not missed), (wider, narrower)


@given(wild_texts, wild_texts)
def test_overlaps_is_symmetric(one: str, other: str) -> None:
    assert overlaps(one, other) == overlaps(other, one)


@given(wild_texts)
def test_overlaps_and_subsumes_are_reflexive(pattern: str) -> None:
    assert overlaps(pattern, pattern)
    assert subsumes(pattern, pattern)


@given(st.data(), wild_texts)
def test_filling_in_stars_narrows_step_by_step(data: st.DataObject, widest: str) -> None:
    narrower = data.draw(filled(widest, wild_texts))
    narrowest = data.draw(filled(narrower, wild_texts))

    assert subsumes(widest, narrower)
    assert subsumes(narrower, narrowest)
    assert subsumes(widest, narrowest), "transitive"
    assert overlaps(widest, narrowest), "what is covered is met"


def test_subsumes_is_transitive_over_every_short_pattern() -> None:
    short = every("ab*", 3)
    wider = {pattern: {other for other in short if subsumes(other, pattern)} for pattern in short}
    for pattern in short:
        for middle in wider[pattern]:
            assert wider[middle] <= wider[pattern]


@given(st.data(), tag_patterns)
def test_a_wider_pattern_matches_every_tag_of_a_subsumed_one(data: st.DataObject, wider: str) -> None:
    narrower = data.draw(filled(wider, wild_texts))
    tag = data.draw(filled(narrower, st.text("abc", max_size=3)))

    assert matches(narrower, tag)
    assert matches(wider, tag)


@given(tags, st.lists(st.integers(0, 6), max_size=4), st.lists(st.integers(0, 6), max_size=4))
def test_two_patterns_that_match_one_tag_overlap(tag: str, some: list[int], others: list[int]) -> None:
    one, other = starred(tag, some), starred(tag, others)

    assert matches(one, tag)
    assert matches(other, tag)
    assert overlaps(one, other)


@given(tags, tag_patterns)
def test_a_pattern_without_wildcards_is_one_text(tag: str, pattern: str) -> None:
    assert subsumes(pattern, tag) == matches(pattern, tag) == overlaps(pattern, tag)


def test_a_star_subsumes_every_pattern() -> None:
    assert all(subsumes("*", pattern) for pattern in PATTERNS)


def test_patterns_with_many_wildcards_are_matched_in_time() -> None:
    begun = time.process_time()
    hostile = "*".join(["a" * 60] * 5)

    assert not matches(hostile, "a" * 299)
    assert matches("*a" * 100, "a" * 300)
    assert not matches("*a" * 100 + "b", "a" * 300)
    assert overlaps(hostile, "*" + "a" * 299)
    assert subsumes("*a" * 100 + "*", "a*" * 150)
    assert time.process_time() - begun < 2


def test_the_module_has_three_public_functions() -> None:
    assert wildcards.__all__ == ["matches", "overlaps", "subsumes"]
