"""The errors: every problem in one message, and as attributes."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Mapping, Sequence

import pytest

from ecr_constructs.errors import (
    ArgumentTypeError,
    DuckType,
    EcrConstructsError,
    InvalidLifecyclePolicy,
    InvalidName,
    InvalidRepository,
    Kinds,
    Problems,
    expect,
)

each_kind = pytest.mark.parametrize(
    "kind", [EcrConstructsError, InvalidLifecyclePolicy, InvalidName, InvalidRepository]
)


@each_kind
def test_the_message_has_the_path_and_lists_every_problem(kind: type[EcrConstructsError]) -> None:
    assert str(kind(["the value, the limit, the remedy"])) == "the value, the limit, the remedy"
    assert str(kind(["wrong"], path="Containers/Api")) == "Containers/Api: wrong"
    assert str(kind(["one", "two"])) == "2 problems\n  - one\n  - two"
    assert str(kind(["one", "two", "three"], path="Containers/Api")) == (
        "Containers/Api: 3 problems\n  - one\n  - two\n  - three"
    )


@each_kind
def test_an_error_is_a_value_error_with_its_path_and_problems(kind: type[EcrConstructsError]) -> None:
    error = kind((text for text in ("one", "two")), path="Containers/Api")

    assert error.problems == ("one", "two")
    assert error.path == "Containers/Api"
    assert kind(["one"]).path == ""
    assert isinstance(error, EcrConstructsError)
    assert isinstance(error, ValueError)


@each_kind
def test_errors_are_copied_and_pickled(kind: type[EcrConstructsError]) -> None:
    error = kind(["one", "two"], path="Containers/Api")

    pickled = [pickle.loads(pickle.dumps(error, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
    for again in (copy.copy(error), copy.deepcopy(error), *pickled):
        assert type(again) is kind
        assert (again.problems, again.path, str(again)) == (error.problems, error.path, str(error))


def test_a_collector_without_problems_raises_nothing() -> None:
    problems = Problems()
    problems.raise_if_any(InvalidName)

    assert not problems
    assert list(problems) == []


def test_problems_of_nested_errors_are_collected_with_a_prefix() -> None:
    problems = Problems()
    with problems.collect("prefix: "):
        raise InvalidName(["one", "two"], path="Elsewhere")
    problems.add("three")
    problems.extend(iter(["four"]))

    with pytest.raises(InvalidRepository) as refused:
        problems.raise_if_any(InvalidRepository, "Containers/Api")

    assert refused.value.problems == ("prefix: one", "prefix: two", "three", "four")
    assert refused.value.path == "Containers/Api"


def test_other_errors_are_not_collected() -> None:
    with pytest.raises(KeyError), Problems().collect():
        raise KeyError("x")


def test_wrong_kinds_are_one_type_error_before_the_other_problems() -> None:
    problems = Problems()
    problems.add("the name is empty")
    with problems.collect("settings: "):
        expect("lifecycle", 1, dict, "{}")
    assert not problems.expect("scope", None, str, "'x'")
    assert problems.expect("id", "Api", str, "'Api'")

    with pytest.raises(TypeError) as refused:
        problems.raise_if_any(InvalidRepository, "Containers/Api")

    assert isinstance(refused.value, ArgumentTypeError)
    assert refused.value.path == "Containers/Api"
    assert refused.value.problems == (
        "settings: lifecycle must be a dict such as {}, got 1",
        "scope must be a string such as 'x', got None",
        "the name is empty",
    )
    assert pickle.loads(pickle.dumps(refused.value)).problems == refused.value.problems


class Credentials:
    """A class whose name is a plural."""


class Named:
    name = "x"


def test_a_wrong_kind_is_named_with_an_example() -> None:
    cases: list[tuple[object, Kinds, Kinds | None, str]] = [
        (1, str, None, "it must be a string such as E, got 1"),
        (b"x", str, None, "it must be a string such as E, got b'x'"),
        (str, str, None, "it must be a string such as E, got <class 'str'>"),
        (True, int, None, "it must be a whole number such as E, got True"),
        (1, bool, None, "it must be True or False such as E, got 1"),
        ("ab", Sequence, str, "it must be a list such as E, got 'ab'"),
        (b"ab", Sequence, int, "it must be a list such as E, got b'ab'"),
        ({"a"}, Sequence, str, "it must be a list such as E, got {'a'}"),
        (["a", 1], Sequence, str, "it[1] must be a string, got 1; write it as in E"),
        ([1], (str, Sequence), str, "it[0] must be a string, got 1; write it as in E"),
        ({"a": 1}, Mapping, str, "it['a'] must be a string, got 1; write it as in E"),
        ({1: "a"}, Mapping, str, "a key of it must be a string, got 1; write it as in E"),
        (None, (str, Credentials), None, "it must be a string or Credentials such as E, got None"),
        (None, Credentials, None, "it must be Credentials such as E, got None"),
        (Named, DuckType("a thing", "name"), None, "it must be a thing such as E, got <class"),
        (object(), DuckType("a thing", "name"), None, "it must be a thing such as E, got object"),
    ]
    for value, kinds, each, problem in cases:
        with pytest.raises(TypeError, match=re.escape(problem)):
            expect("it", value, kinds, "E", each=each)


def test_a_right_kind_passes() -> None:
    cases: list[tuple[object, Kinds, Kinds | None]] = [
        ("x", str, None),
        ("x", (str, Sequence), str),
        (("x",), Sequence, str),
        ([], Sequence, str),
        ({"a": "b"}, Mapping, str),
        (True, bool, None),
        (True, (bool, int), None),
        (1, (int, float), None),
        (Named(), DuckType("a thing", "name"), None),
        (None, type(None), None),
    ]
    for value, kinds, each in cases:
        expect("it", value, kinds, "E", each=each)


def test_a_kind_without_examples_is_named() -> None:
    with pytest.raises(TypeError, match=r"^it must be True or False, got 1$"):
        expect("it", 1, bool, "")


def test_none_is_of_the_right_kind_only_for_optional_arguments() -> None:
    expect("it", None, str, "'x'", optional=True)
    with pytest.raises(TypeError, match="it must be a string"):
        expect("it", None, str, "'x'")


def test_the_path_of_a_single_check_is_in_its_error() -> None:
    with pytest.raises(TypeError, match=r"^Containers/Api: it must be a string"):
        expect("it", 1, str, "'x'", path="Containers/Api")


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError


def test_a_value_that_cannot_be_printed_is_named_by_its_class() -> None:
    with pytest.raises(TypeError, match="got a Unprintable that cannot be shown"):
        expect("it", Unprintable(), str, "'x'")
