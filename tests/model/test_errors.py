"""The errors: every fault in one message, and the parts for who wants to act on them."""

from __future__ import annotations

import copy
import pickle

import pytest

from ecr_constructs.errors import EcrConstructsError, InvalidLifecyclePolicy, InvalidName, InvalidRepository

KINDS = [EcrConstructsError, InvalidLifecyclePolicy, InvalidName, InvalidRepository]
each_kind = pytest.mark.parametrize("kind", KINDS)


@each_kind
def test_one_problem_is_the_message(kind: type[EcrConstructsError]) -> None:
    assert str(kind(["the value, the limit, the remedy"])) == "the value, the limit, the remedy"


@each_kind
def test_the_path_comes_before_the_problem(kind: type[EcrConstructsError]) -> None:
    assert str(kind(["wrong"], path="Containers/Api")) == "Containers/Api: wrong"


@each_kind
def test_several_problems_are_counted_and_listed(kind: type[EcrConstructsError]) -> None:
    assert str(kind(["one", "two"])) == "2 problems\n  - one\n  - two"
    assert str(kind(["one", "two", "three"], path="Containers/Api")) == (
        "Containers/Api: 3 problems\n  - one\n  - two\n  - three"
    )


@each_kind
def test_the_parts_are_attributes(kind: type[EcrConstructsError]) -> None:
    error = kind((text for text in ("one", "two")), path="Containers/Api")

    assert error.problems == ("one", "two")
    assert error.path == "Containers/Api"
    assert kind(["one"]).path == ""


@each_kind
def test_errors_are_value_errors(kind: type[EcrConstructsError]) -> None:
    assert issubclass(kind, EcrConstructsError)
    assert issubclass(kind, ValueError)


@each_kind
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_errors_cross_processes(kind: type[EcrConstructsError], protocol: int) -> None:
    error = kind(["one", "two"], path="Containers/Api")

    again = pickle.loads(pickle.dumps(error, protocol))

    assert type(again) is kind
    assert (again.problems, again.path, str(again)) == (error.problems, error.path, str(error))


@each_kind
def test_errors_can_be_copied(kind: type[EcrConstructsError]) -> None:
    error = kind(["one"], path="Containers/Api")

    for again in (copy.copy(error), copy.deepcopy(error)):
        assert (type(again), again.problems, again.path) == (kind, ("one",), "Containers/Api")
