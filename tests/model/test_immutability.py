"""Immutable and mutable tags."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.errors import InvalidName
from ecr_constructs.model import ExclusionFilter, Immutability
from ecr_constructs.model.immutability import MAXIMUM_FILTERS
from tests.model.lifecycle.strategies import exclusion_filters, tags

filter_lists = st.lists(
    exclusion_filters.filter(lambda text: text.strip("*") != ""), min_size=1, max_size=MAXIMUM_FILTERS, unique=True
)


def test_each_choice_is_one_of_ecrs_four_modes() -> None:
    cases: list[tuple[Immutability, str, tuple[str, ...], bool]] = [
        (Immutability.all_tags(), "IMMUTABLE", (), False),
        (
            Immutability.all_tags_except("latest", "dev-*"),
            "IMMUTABLE_WITH_EXCLUSION",
            ("latest", "dev-*"),
            True,
        ),
        (Immutability.only_tags("v*"), "MUTABLE_WITH_EXCLUSION", ("v*",), True),
        (Immutability.off(), "MUTABLE", (), True),
    ]
    for value, mode, filters, has_mutable_tags in cases:
        assert (value.mode, value.filters, value.has_mutable_tags) == (mode, filters, has_mutable_tags)


@given(filter_lists, tags)
def test_the_two_modes_with_exclusions_are_opposites(filters: list[str], tag: str) -> None:
    excluded = any(ExclusionFilter(text).matches(tag) for text in filters)

    assert Immutability.all_tags_except(*filters).is_immutable(tag) is not excluded
    assert Immutability.only_tags(*filters).is_immutable(tag) is excluded


@given(tags)
def test_the_modes_without_exclusions_treat_all_tags_alike(tag: str) -> None:
    assert Immutability.all_tags().is_immutable(tag)
    assert not Immutability.off().is_immutable(tag)


@pytest.mark.parametrize("make", [Immutability.all_tags_except, Immutability.only_tags])
def test_one_to_five_filters_are_allowed(make: Any) -> None:
    assert make("a").filters == ("a",)
    assert make(*"abcde").filters == tuple("abcde")
    for count, filters in ((0, ()), (6, tuple("abcdef"))):
        expected = f"{count} exclusion filters; ECR allows 1 to 5, merge some with '*', or use all_tags() or off()"
        with pytest.raises(InvalidName, match=rf"\A{re.escape(expected)}\Z"):
            make(*filters)


@pytest.mark.parametrize("mode", ["IMMUTABLE", "MUTABLE"])
def test_modes_without_exclusions_have_no_filters(mode: Any) -> None:
    expected = f"{mode} accepts no exclusion filters, got ['latest']; use all_tags_except(...) or only_tags(...)"

    with pytest.raises(InvalidName, match=rf"\A{re.escape(expected)}\Z"):
        Immutability(mode=mode, filters=["latest"])


def test_an_unknown_mode_is_rejected_with_the_four_ways() -> None:
    cases: list[Any] = ["immutable", "", None, 1, ["IMMUTABLE"], "IMMUTABLE "]
    for mode in cases:
        expected = f"mode {mode!r} is unknown; use all_tags(), all_tags_except(...), only_tags(...) or off()"

        with pytest.raises(InvalidName, match=rf"\A{re.escape(expected)}\Z"):
            Immutability(mode=mode)


def test_a_bare_string_is_not_a_list_of_filters() -> None:
    with pytest.raises(
        TypeError, match=r"\Afilters must be a list such as all_tags_except\('latest', 'dev-\*'\), got 'latest'\Z"
    ):
        Immutability(mode="IMMUTABLE_WITH_EXCLUSION", filters="latest")


def test_a_list_as_one_filter_is_rejected_with_the_correct_call() -> None:
    expected = "filters[0] must be a string, got ['latest']; write filters as in all_tags_except('latest', 'dev-*')"

    with pytest.raises(TypeError, match=rf"\A{re.escape(expected)}\Z"):
        Immutability.all_tags_except(["latest"])  # type: ignore[arg-type]


def test_a_filter_is_listed_once() -> None:
    with pytest.raises(InvalidName, match=r"\Aexclusion filter 'latest' is listed twice; remove one\Z"):
        Immutability.all_tags_except("latest", "latest")


def test_every_problem_of_every_filter_is_reported_at_once() -> None:
    with pytest.raises(InvalidName) as caught:
        Immutability.only_tags("a*b*c*", "a b", "${Token[TOKEN.7]}", "x", "x", "")

    assert caught.value.problems == (
        "6 exclusion filters; ECR allows 1 to 5, merge some with '*', or use all_tags() or off()",
        "exclusion filter 'a*b*c*' has 3 wildcards; ECR allows 2",
        "exclusion filter 'a b' has ' ' at position 1; use letters, digits, '.', '_', '-' and '*'",
        (
            "exclusion filter '${Token[TOKEN.7]}' is known only at deployment; it must be known at synthesis, so use a "
            "literal value"
        ),
        "exclusion filter 'x' is listed twice; remove one",
        "exclusion filter is empty; use letters, digits, '.', '_', '-' and '*'",
    )


def test_values_are_frozen_hashable_and_compared_by_content() -> None:
    one = Immutability(mode="IMMUTABLE_WITH_EXCLUSION", filters=["latest"])

    assert one == Immutability.all_tags_except("latest")
    assert len({one, Immutability.all_tags_except("latest"), Immutability.off()}) == 2
    with pytest.raises(AttributeError):
        one.mode = "MUTABLE"  # type: ignore[misc]


def test_no_two_choices_are_equal() -> None:
    choices = [
        Immutability.all_tags(),
        Immutability.all_tags_except("a"),
        Immutability.only_tags("a"),
        Immutability.off(),
    ]

    assert all(one != other for one, other in itertools.combinations(choices, 2))


@pytest.mark.parametrize("text", ["*", "**"])
@pytest.mark.parametrize("make", [Immutability.all_tags_except, Immutability.only_tags])
def test_a_filter_for_every_tag_is_rejected_with_the_name_of_the_mode(
    make: Callable[[str], Immutability], text: str
) -> None:
    with pytest.raises(InvalidName, match=r"matches every tag; use off\(\) or all_tags\(\)"):
        make(text)


def test_the_text_of_a_setting_has_its_mode_and_its_filters() -> None:
    assert str(Immutability.all_tags()) == "IMMUTABLE"
    assert str(Immutability.all_tags_except("latest", "dev-*")) == "IMMUTABLE_WITH_EXCLUSION (latest, dev-*)"
