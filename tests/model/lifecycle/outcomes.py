"""What came of an attempt, for laws about whatever hypothesis draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ecr_constructs.errors import EcrConstructsError

_Value = TypeVar("_Value")


def outcome_of(attempt: Callable[[], _Value]) -> _Value | tuple[str, ...]:
    """Give the value, or the problems for which there is none; any other exception is a failure of the test."""
    try:
        return attempt()
    except EcrConstructsError as error:
        return error.problems
