"""How far the reading of an account is: a bar on standard error, where somebody is there to see it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

__all__ = ["Bar", "bar"]


class Bar:
    """
    A bar that an account moves while it is asked.

    Args:
        progress: What draws it.

    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID = progress.add_task("asking AWS", total=None)

    def begin(self, steps: int) -> None:
        """Say how many steps there are."""
        self._progress.update(self._task, total=steps)

    def describe(self, text: str) -> None:
        """Say what is being done."""
        self._progress.update(self._task, description=text)

    def advance(self) -> None:
        """Say that a step is done."""
        self._progress.advance(self._task)


@contextmanager
def bar() -> Iterator[Bar]:
    """Show a bar with counts and the time left while something is done, if standard error is a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield Bar(progress)
