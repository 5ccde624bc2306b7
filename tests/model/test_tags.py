"""Tag patterns, tag prefixes and exclusion filters."""

from __future__ import annotations

import re

import pytest
from hypothesis import given

from ecr_constructs.errors import InvalidName
from ecr_constructs.model import ExclusionFilter, TagPattern, TagPrefix
from tests.model.lifecycle.strategies import exclusion_filters, illegal_tag_patterns, tag_patterns, tag_prefixes, tags


@given(tag_patterns)
def test_legal_tag_patterns_are_accepted_as_they_are(text: str) -> None:
    assert str(TagPattern(text)) == TagPattern(text).value == TagPattern(text).pattern == text


@given(tag_prefixes)
def test_legal_tag_prefixes_are_accepted_as_they_are(text: str) -> None:
    assert str(TagPrefix(text)) == TagPrefix(text).value == text


@given(exclusion_filters)
def test_legal_exclusion_filters_are_accepted_as_they_are(text: str) -> None:
    assert str(ExclusionFilter(text)) == text


@given(illegal_tag_patterns)
def test_illegal_tag_patterns_are_rejected_in_all_three_languages(text: str) -> None:
    # The number of `*` in a prefix is not limited: it is an ordinary character.
    languages = (TagPattern, ExclusionFilter) if text.count("*") > 4 else (TagPattern, TagPrefix, ExclusionFilter)
    for language in languages:
        with pytest.raises(InvalidName):
            language(text)


@pytest.mark.parametrize("text", ["*test*1*2*3", "test*1*2*3*"])
def test_four_wildcards_are_allowed_as_in_the_user_guide(text: str) -> None:
    assert TagPattern(text).value == text


def test_five_wildcards_are_rejected() -> None:
    expected = "tag pattern 'a*b*c*d*e*' has 5 wildcards; ECR allows 4"

    with pytest.raises(InvalidName, match=rf"\A{re.escape(expected)}\Z"):
        TagPattern("a*b*c*d*e*")


def test_the_user_guides_example_of_too_many_wildcards_is_rejected() -> None:
    with pytest.raises(InvalidName, match="has 6 wildcards; ECR allows 4"):
        TagPattern("test*1*2*3*4*5*6")


def test_exclusion_filters_have_two_wildcards_at_most() -> None:
    assert ExclusionFilter("a*b*").matches("a1b2")

    with pytest.raises(InvalidName, match=r"\Aexclusion filter 'a\*b\*c\*' has 3 wildcards; ECR allows 2\Z"):
        ExclusionFilter("a*b*c*")


@pytest.mark.parametrize("prefix", ["*", "prod*", "*-arm"])
def test_a_prefix_has_no_wildcards(prefix: str) -> None:
    literal = TagPrefix(prefix)

    assert not any(map(literal.matches, ("prod", "production", "prod-arm", "latest")))
    assert not any(map(literal.overlaps, (TagPattern("prod*"), TagPrefix("p"), TagPattern("*-arm"))))


def test_the_longest_text_is_accepted_and_one_more_character_is_not() -> None:
    cases: list[tuple[type[TagPattern | TagPrefix | ExclusionFilter], int]] = [
        (TagPattern, 300),
        (TagPrefix, 300),
        (ExclusionFilter, 128),
    ]
    for language, longest in cases:
        assert len(str(language("a" * longest))) == longest

        with pytest.raises(InvalidName, match=rf"has {longest + 1} characters; ECR allows 1 to {longest}"):
            language("a" * (longest + 1))


def test_anything_but_a_text_is_a_type_error() -> None:
    cases: list[type[TagPattern | TagPrefix | ExclusionFilter]] = [TagPattern, TagPrefix, ExclusionFilter]
    for language in cases:
        with pytest.raises(TypeError, match="must be a string, got 7"):
            language(7)  # type: ignore[arg-type]


@given(tag_prefixes, tags)
def test_a_prefix_matches_the_tags_that_begin_with_it(prefix: str, tag: str) -> None:
    assert TagPrefix(prefix).matches(tag) == tag.startswith(prefix)


@given(tag_prefixes, tag_patterns)
def test_a_prefix_is_the_pattern_with_a_star_at_its_end(prefix: str, pattern: str) -> None:
    same = TagPattern(f"{prefix}*")

    assert TagPrefix(prefix).subsumes(same)
    assert same.subsumes(TagPrefix(prefix))
    assert TagPrefix(prefix).overlaps(TagPattern(pattern)) == same.overlaps(TagPattern(pattern))


def test_overlap_and_subsumption_are_those_of_the_tags() -> None:
    assert TagPattern("v*").subsumes(TagPattern("v1*"))
    assert not TagPattern("v1*").subsumes(TagPattern("v*"))
    assert TagPattern("*-prod").overlaps(TagPrefix("api-"))
    assert not TagPattern("dev-*").overlaps(TagPattern("prod-*"))
    assert TagPrefix("v").subsumes(TagPattern("v1"))
    assert not ExclusionFilter("latest").matches("latest-2")


def test_case_matters_in_tags() -> None:
    assert not TagPattern("V*").matches("v1")
