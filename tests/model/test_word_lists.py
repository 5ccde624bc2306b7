"""Lists of words as text for people."""

from __future__ import annotations

from ecr_constructs.model.word_lists import joined, shortened


def test_the_last_two_words_are_joined_by_and() -> None:
    assert [joined(words) for words in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]


def test_a_shortened_list_ends_with_the_number_of_the_other_words() -> None:
    assert [shortened(["a", "b", "c"], limit) for limit in (3, 2)] == ["a, b, c", "a, b and 1 more"]
    assert shortened(["a"] * 1002, 2) == "a, a and 1,000 more"
