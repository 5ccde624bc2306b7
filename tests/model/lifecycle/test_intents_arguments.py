"""The arguments of intents: wrong kinds, wrong values and durations."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from typing import Any

import aws_cdk
import pytest

from ecr_constructs.errors import InvalidLifecyclePolicy
from ecr_constructs.model import (
    Intent,
    LifecyclePolicy,
    archive_older_than,
    archive_unpulled,
    archive_untagged,
    delete_archived,
    expire_older_than,
    expire_unmatched,
    expire_untagged,
    keep_forever,
    keep_latest,
    limit_images,
)

ONE_OF = "give exactly one of matching= and matching_all="


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: keep_latest(0, matching="v*"), "(0, matching='v*'): count: 0 is too small; write 1 or more"),
        (lambda: keep_latest(3), f"(3): {ONE_OF}"),
        (
            lambda: keep_latest(3, matching="a", matching_all=["b"]),
            f"(3, matching='a', matching_all=['b']): {ONE_OF}",
        ),
        (
            lambda: keep_latest(3, matching_all=[]),
            "(3, matching_all=[]): matching_all: no pattern is given; name the tags",
        ),
        (
            lambda: keep_latest(3, matching_all=["a", "a"]),
            "(3, matching_all=['a', 'a']): matching_all[1]: tag pattern 'a' is listed twice; remove one",
        ),
        (
            lambda: keep_latest(3, matching="a*b*c*d*e*"),
            "(3, matching='a*b*c*d*e*'): matching: tag pattern 'a*b*c*d*e*' has 5 wildcards; ECR allows 4",
        ),
        (
            lambda: keep_latest(3, matching="${Token[TOKEN.1]}"),
            (
                "(3, matching='${Token[TOKEN.1]}'): matching: tag pattern '${Token[TOKEN.1]}' is known only at "
                "deployment; it must be known at synthesis, so use a literal value"
            ),
        ),
        (keep_forever, "(): patterns: no pattern is given; name the tags"),
        (lambda: limit_images(-3), "(-3): count: -3 is too small; write 1 or more"),
        (
            lambda: limit_images(-1.8881545897087626e289),  # type: ignore[arg-type]
            (
                "(-1.8881545897087626e+289): count: the number is known only at deployment, and the policy is one "
                "text; write it out"
            ),
        ),
        (expire_untagged, "(): give exactly one of after_days= and keep="),
        (lambda: expire_untagged(keep=0), "(keep=0): keep: 0 is too small; write 1 or more"),
        (lambda: expire_untagged(after_days=0), "(after_days=0): after_days: 0 is too small; write 1 or more"),
        (
            lambda: expire_older_than(after_days=1, matching="a", matching_all=["b"]),
            f"(after_days=1, matching='a', matching_all=['b']): {ONE_OF}",
        ),
        (
            lambda: expire_older_than(after_days=1, matching=[]),
            "(after_days=1, matching=[]): matching: no pattern is given; name the tags",
        ),
        (
            lambda: expire_unmatched(keeping=[], after_days=1),
            "(keeping=[], after_days=1): keeping: no pattern is given; name the tags",
        ),
        (
            lambda: expire_unmatched(keeping="a b", after_days=1),
            (
                "(keeping='a b', after_days=1): keeping: tag pattern 'a b' has ' ' at position 1; "
                "a tag contains letters, digits, '.', '_' and '-'; '*' matches any number of them"
            ),
        ),
        (lambda: archive_unpulled(after_days=0), "(after_days=0): after_days: 0 is too small; write 1 or more"),
        (lambda: archive_untagged(after_days=0), "(after_days=0): after_days: 0 is too small; write 1 or more"),
        (
            lambda: delete_archived(after_days=89),
            (
                "(after_days=89): after_days: 89 is too small; write 90 or more; ECR does not delete images that have "
                "been archived for less than 90 days"
            ),
        ),
    ],
)
def test_a_wrong_value_is_rejected_with_the_call(make: Callable[[], Intent], problem: str) -> None:
    with pytest.raises(InvalidLifecyclePolicy, match=rf"\A[a-z_]+{re.escape(problem)}\Z"):
        make()


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: keep_latest("10", matching="v*"), "count must be a whole number such as 10, got '10'"),  # type: ignore[arg-type]
        (lambda: keep_latest(bool(1), matching="v*"), "count must be a whole number such as 10, got True"),
        (lambda: keep_latest(None, matching="v*"), "count must be a whole number such as 10, got None"),  # type: ignore[arg-type]
        (
            lambda: keep_latest(3, matching=["a", "b"]),  # type: ignore[arg-type]
            (
                "matching must be one pattern such as 'v*', got ['a', 'b']; each pattern keeps its own number of "
                "images, so write one keep_latest for each"
            ),
        ),
        (lambda: keep_latest(3, matching=7), "matching must be a string such as 'v*', got 7"),  # type: ignore[arg-type]
        (
            lambda: keep_latest(3, matching_all="ab"),
            "matching_all must be a list such as ['v*', '*-arm64'], got 'ab'",
        ),
        (
            lambda: expire_older_than(after_days=3, matching_all=["a", 7]),  # type: ignore[list-item]
            "matching_all[1] must be a string, got 7; write matching_all as in ['v*', '*-arm64']",
        ),
        (
            lambda: keep_forever(["a", "b"]),  # type: ignore[arg-type]
            "patterns must be strings, got ['a', 'b']; write keep_forever(*patterns)",
        ),
        (lambda: keep_forever("a", 7), "patterns[1] must be a string, got 7; write patterns as in 'v*'"),  # type: ignore[arg-type]
        (lambda: limit_images("5"), "count must be a whole number such as 10, got '5'"),  # type: ignore[arg-type]
        (lambda: limit_images(1.5), "count must be a whole number such as 10, got 1.5"),  # type: ignore[arg-type]
        (lambda: expire_untagged(after_days="14"), "after_days must be a whole number such as 14, got '14'"),  # type: ignore[arg-type]
        (lambda: expire_untagged(keep="14"), "keep must be a whole number such as 10, got '14'"),  # type: ignore[arg-type]
        (lambda: expire_older_than(after_days=1.5), "after_days must be a whole number such as 14, got 1.5"),  # type: ignore[arg-type]
        (
            lambda: expire_older_than(after_days=1, matching=7),  # type: ignore[arg-type]
            "matching must be a string or a list such as 'v*', got 7",
        ),
        (
            lambda: expire_unmatched(keeping=None, after_days=1),  # type: ignore[arg-type]
            "keeping must be a string or a list such as 'v*', got None",
        ),
        (
            lambda: expire_unmatched(keeping={"v*"}, after_days=1),  # type: ignore[arg-type]
            "keeping must be a string or a list such as 'v*', got {'v*'}",
        ),
        (lambda: archive_unpulled(after_days=None), "after_days must be a whole number such as 14, got None"),  # type: ignore[arg-type]
        (lambda: archive_untagged(after_days=object()), "after_days must be a whole number such as 14, got object"),  # type: ignore[arg-type]
        (lambda: delete_archived(after_days=[90]), "after_days must be a whole number such as 14, got [90]"),  # type: ignore[arg-type]
        (lambda: archive_older_than(after_days=b"9"), "after_days must be a whole number such as 14, got b'9'"),  # type: ignore[arg-type]
    ],
)
def test_a_value_of_the_wrong_kind_is_a_type_error(make: Callable[[], Intent], problem: str) -> None:
    with pytest.raises(TypeError, match=rf"\A[a-z_]+\(.*\): {re.escape(problem)}\Z"):
        make()


def test_wrong_kinds_and_wrong_values_are_listed_in_one_error() -> None:
    with pytest.raises(TypeError) as caught:
        expire_older_than(after_days="9", matching=["a b", "a b"], matching_all=7)  # type: ignore[arg-type]

    call = "expire_older_than(after_days='9', matching=['a b', 'a b'], matching_all=7): "
    problems: tuple[str, ...] = caught.value.problems  # type: ignore[attr-defined]  # our TypeErrors have them
    assert [problem.removeprefix(call).partition(";")[0] for problem in problems] == [
        "after_days must be a whole number such as 14, got '9'",
        "matching_all must be a list such as ['v*', '*-arm64'], got 7",
        "matching: tag pattern 'a b' has ' ' at position 1",
        "give exactly one of matching= and matching_all=",
    ]


def test_wrong_values_of_several_arguments_are_listed_in_one_error() -> None:
    with pytest.raises(InvalidLifecyclePolicy) as caught:
        expire_older_than(after_days=0, matching=["a b", "ok", "*****"])

    call = "expire_older_than(after_days=0, matching=['a b', 'ok', '*****'])"
    assert [problem.partition(";")[0] for problem in caught.value.problems] == [
        f"{call}: after_days: 0 is too small",
        f"{call}: matching: tag pattern 'a b' has ' ' at position 1",
        f"{call}: matching: tag pattern '*****' has 5 wildcards",
    ]


def test_a_wrong_count_is_listed_if_no_pattern_is_given() -> None:
    with pytest.raises(InvalidLifecyclePolicy) as caught:
        keep_latest(0)

    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    "make",
    [
        lambda number: keep_latest(number, matching="v*"),
        limit_images,
        lambda number: expire_untagged(after_days=number),
        lambda number: delete_archived(after_days=number),
    ],
)
@pytest.mark.parametrize("number", [2**31, 10**5000, -(10**5000)], ids=["large", "too long to print", "negative"])
def test_numbers_out_of_range_are_rejected(make: Callable[[int], Intent], number: int) -> None:
    with pytest.raises(InvalidLifecyclePolicy):
        make(number)


# --- durations ------------------------------------------------------------------------------------------------------


class Duration:
    """A duration with the interface of the CDK's: `to_days` raises if the number of days is not whole."""

    def __init__(self, days: Any) -> None:
        self._days = days

    def to_days(self) -> Any:
        if isinstance(self._days, Exception):
            raise self._days
        return self._days


BY_AGE: list[Callable[..., Intent]] = [
    expire_untagged,
    expire_older_than,
    archive_unpulled,
    archive_older_than,
    archive_untagged,
    delete_archived,
    lambda after_days: expire_unmatched(keeping="v*", after_days=after_days),
]


@pytest.mark.parametrize("make", BY_AGE)
@pytest.mark.parametrize("days", [90, 90.0])
def test_a_duration_of_whole_days_is_its_number_of_days(make: Callable[..., Intent], days: float) -> None:
    assert make(after_days=Duration(days)) == make(after_days=90)
    assert repr(make(after_days=Duration(days))) == repr(make(after_days=90))
    assert pickle.loads(pickle.dumps(make(after_days=Duration(days)))) == make(after_days=90)


@pytest.mark.parametrize(
    "days",
    [1.5, float("nan"), float("inf"), True, "90", None, RuntimeError("'36 hours' cannot be converted into days")],
    ids=repr,
)
def test_a_duration_that_is_not_whole_days_is_rejected(days: Any) -> None:
    message = r"Duration is not a whole number of days; give days, such as 14"
    for make in BY_AGE:
        with pytest.raises(InvalidLifecyclePolicy, match=message):
            make(after_days=Duration(days))


def test_a_duration_of_hours_is_rejected_with_its_value() -> None:
    with pytest.raises(
        InvalidLifecyclePolicy, match="after_days: a duration of 1 day 12 hours is not a whole number of"
    ):
        expire_untagged(after_days=aws_cdk.Duration.hours(36))


def test_a_duration_that_is_too_short_is_rejected() -> None:
    with pytest.raises(InvalidLifecyclePolicy, match=r"\(after_days=89\): after_days: 89 is too small; write 90"):
        delete_archived(after_days=Duration(89))


def test_a_duration_that_is_known_only_at_deployment_is_rejected() -> None:
    with pytest.raises(InvalidLifecyclePolicy, match="known only at deployment"):
        expire_untagged(after_days=Duration(-1.8881545897087626e289))


def test_a_duration_is_not_a_number_of_images() -> None:
    makes: list[Callable[[], Intent]] = [
        lambda: limit_images(Duration(9)),  # type: ignore[arg-type]
        lambda: expire_untagged(keep=Duration(9)),  # type: ignore[arg-type]
    ]
    for make in makes:
        with pytest.raises(TypeError, match=r"must be a whole number such as 10, got \S*\.Duration\Z") as caught:
            make()
        assert "0x" not in str(caught.value)


def test_the_class_of_durations_is_not_a_duration() -> None:
    with pytest.raises(TypeError, match="must be a whole number such as 14, got <class"):
        expire_untagged(after_days=Duration)  # type: ignore[arg-type]


# --- the representation of an intent --------------------------------------------------------------------------------


def test_the_representation_is_the_complete_call() -> None:
    patterns = [f"{number}{'x' * 90}" for number in range(9)]
    intent = expire_older_than(after_days=3, matching=patterns)

    assert repr(intent) == f"expire_older_than(after_days=3, matching={patterns!r})"
    assert len(str(intent)) < 160
    assert repr(eval(repr(intent), {"expire_older_than": expire_older_than})) == repr(intent)  # noqa: S307  (a call of ours)


def test_intents_are_equal_and_have_one_hash_if_their_calls_are_equal() -> None:
    one, other = (expire_older_than(after_days=1, matching=patterns) for patterns in (["a", "b"], ("a", "b")))

    assert one == other
    assert hash(one) == hash(other)
    assert one != expire_older_than(after_days=1, matching=["b", "a"])


def test_an_entry_among_intents_that_is_none_is_named_by_its_type() -> None:
    with pytest.raises(TypeError, match=r"got \S*Duration\Z"):
        LifecyclePolicy.of(Duration(1))  # type: ignore[arg-type]
