"""Many subjects worked on at a time, each for itself."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from threading import Event
from typing import TypeVar

from ecr_constructs.cli.aws.errors import CallFailed
from ecr_constructs.cli.aws.progress import Progress
from ecr_constructs.cli.aws.session import CONCURRENCY

__all__ = ["Workers", "working"]

Result = TypeVar("Result")


@contextmanager
def working(progress: Progress) -> Iterator[Workers]:
    """
    Lend threads, which are gone when the block ends, however it ends.

    Args:
        progress: Who is told of every step.

    """
    with ThreadPoolExecutor(CONCURRENCY, thread_name_prefix="ecr-constructs") as pool:
        workers = Workers(pool, progress)
        try:
            yield workers
        finally:
            workers.stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)  # what has begun is waited for by the pool itself


class Workers:
    """
    A bounded number of threads; `working` lends them.

    Args:
        pool: The threads.
        progress: Who is told of every step.

    Attributes:
        failures: What failed so far, each with its subject.
        stopped: Set when nobody waits any more; work that pauses pauses on it.

    """

    def __init__(self, pool: ThreadPoolExecutor, progress: Progress) -> None:
        self._pool = pool
        self._progress = progress
        self._steps = 0
        self.failures: list[tuple[str, CallFailed]] = []
        self.stopped = Event()

    def expect(self, steps: int) -> None:
        """Announce steps that will come, or with a number below zero that some will not."""
        self._steps += steps
        self._progress.begin(self._steps)

    def each(self, doing: str, subjects: Collection[str], work: Callable[[str], Result]) -> dict[str, Result]:
        """
        Do the same for each subject, and give the results of those for which it went well, in their order.

        Args:
            doing: What is being done, for a person.
            subjects: The subjects, such as names of repositories; each is a step.
            work: What is done with one, in a thread.

        Raises:
            CallFailed: if it would fail for all others too.

        """
        if subjects:
            self._progress.describe(doing)
        futures = {self._pool.submit(work, name): name for name in subjects}
        results: dict[str, Result] = {}
        for future in as_completed(futures):
            try:
                results[futures[future]] = future.result()
            except CallFailed as failed:
                if failed.final:
                    raise
                self.failures.append((futures[future], failed))
            self._progress.advance()
        return {name: results[name] for name in subjects if name in results}
