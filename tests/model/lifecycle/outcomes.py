"""The outcome of a call, for properties over random values."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ecr_constructs.errors import EcrConstructsError

_Value = TypeVar("_Value")


def outcome_of(attempt: Callable[[], _Value]) -> _Value | tuple[str, ...]:
    """Return the value, or the problems of the typed error. Any other exception fails the test."""
    try:
        return attempt()
    except EcrConstructsError as error:
        return error.problems
