"""The function that reads an account, and a record of its progress."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ecr_constructs.cli.aws import FetchResult
from ecr_constructs.cli.aws.image_usage import usage_by_repository, usage_of_repository
from ecr_constructs.cli.sources.records import Place, Repository


@dataclass(frozen=True)
class Gathered:
    """What was read of an account, with the repositories and the usage of their images by its workloads."""

    place: Place
    result: FetchResult

    @property
    def repositories(self) -> tuple[Repository, ...]:
        usage = usage_by_repository(self.result.usage or ())
        return tuple(
            self.result.repository(name, usage_of_repository(usage, self.place, name)) for name in self.result.names
        )

    @property
    def problems(self) -> tuple[str, ...]:
        return self.result.problems

    @property
    def notes(self) -> tuple[str, ...]:
        return self.result.notes


Gather = Callable[..., Gathered]


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
