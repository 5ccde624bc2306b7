"""The limit on the number of calls at a time, over all accounts and Regions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Event

from ecr_constructs.cli.aws.errors import CallFailed

__all__ = ["CONCURRENCY", "Throttle"]

# The number of calls at a time. The mode `adaptive` of boto3 slows the calls of a service in an account and Region
# down when AWS throttles one.
CONCURRENCY = 16


class Throttle:
    """
    A limit on the number of calls at a time. Several threads can use it.

    Args:
        calls: The number of calls. Default: 16.

    """

    def __init__(self, calls: int = CONCURRENCY) -> None:
        self._slots = BoundedSemaphore(calls)
        self._stopped = Event()

    def stop(self) -> None:
        """Reject every further call. The threads then end."""
        self._stopped.set()

    @contextmanager
    def slot(self) -> Iterator[None]:
        """
        Wait until a call is possible, and count it for the duration of the block.

        Raises:
            CallFailed: If `stop` was called.

        """
        with self._slots:
            if self._stopped.is_set():
                raise CallFailed("the command was interrupted", "repeat it", is_final=True)
            yield
