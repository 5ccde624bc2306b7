"""The function that reads an account, and a record of its progress."""

from __future__ import annotations

from collections.abc import Callable

from ecr_constructs.cli.aws import FetchResult

Gather = Callable[..., FetchResult]


class Record:
    """A display of progress that records the calls."""

    def __init__(self) -> None:
        self.steps = 0
        self.done = 0
        self.texts: list[str] = []

    def begin(self, steps: int) -> None:
        self.steps = steps

    def describe(self, text: str) -> None:
        self.texts.append(text)

    def advance(self) -> None:
        self.done += 1
