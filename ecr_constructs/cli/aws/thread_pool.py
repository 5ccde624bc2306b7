"""A thread pool for calls to AWS about many repositories at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from threading import Event
from typing import TypeVar

from ecr_constructs.cli.aws.errors import CallFailed
from ecr_constructs.cli.aws.throttle import CONCURRENCY
from ecr_constructs.cli.progress import Progress

__all__ = ["ThreadPool", "thread_pool"]

Result = TypeVar("Result")


@contextmanager
def thread_pool(progress: Progress) -> Iterator[ThreadPool]:
    """
    Run a thread pool for the duration of the block.

    Args:
        progress: The display of progress.

    """
    with ThreadPoolExecutor(CONCURRENCY, thread_name_prefix="ecr-constructs") as executor:
        pool = ThreadPool(executor, progress)
        try:
            yield pool
        finally:
            pool.stopped.set()
            executor.shutdown(wait=False, cancel_futures=True)  # the executor waits for calls that have begun


class ThreadPool:
    """
    A bounded number of threads, which `thread_pool` runs.

    Args:
        executor: The threads.
        progress: The display of progress.

    Attributes:
        failures: The failures so far, each with its subject.
        stopped: Set at the end of the block. Work that waits must wait for it too.

    """

    def __init__(self, executor: ThreadPoolExecutor, progress: Progress) -> None:
        self._executor = executor
        self._progress = progress
        self._steps = 0
        self.failures: list[tuple[str, CallFailed]] = []
        self.stopped = Event()

    def add_steps(self, steps: int) -> None:
        """Add steps to the progress, or remove them with a negative number."""
        self._steps += steps
        self._progress.begin(self._steps)

    def each(self, description: str, subjects: Collection[str], work: Callable[[str], Result]) -> dict[str, Result]:
        """
        Run the same work for each subject, and return the results of those that succeed, in their order.

        Args:
            description: The work, for the display of progress.
            subjects: The subjects, such as names of repositories; each is a step.
            work: The function that is called for one, in a thread.

        Raises:
            CallFailed: If it would fail for all other subjects too.

        """
        if subjects:
            self._progress.describe(description)
        futures = {self._executor.submit(work, name): name for name in subjects}
        results: dict[str, Result] = {}
        for future in as_completed(futures):
            try:
                results[futures[future]] = future.result()
            except CallFailed as failed:
                if failed.is_final:
                    raise
                self.failures.append((futures[future], failed))
            self._progress.advance()
        return {name: results[name] for name in subjects if name in results}
