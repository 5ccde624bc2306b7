"""The progress of the calls to an account."""

from __future__ import annotations

from typing import Protocol

__all__ = ["NoProgress", "Progress"]


class Progress(Protocol):
    """
    A display of progress.

    `describe` is called from any thread, the other methods from the thread that started the calls.
    """

    def begin(self, steps: int) -> None:
        """Set the number of steps. It is called again when the number changes."""

    def describe(self, text: str) -> None:
        """Show the work in progress, such as `12,000 images`."""

    def advance(self) -> None:
        """Add one finished step."""


class NoProgress:
    """A display without output, for calls that take seconds."""

    def begin(self, steps: int) -> None:
        """Ignore the number of steps."""

    def describe(self, text: str) -> None:
        """Ignore the work in progress."""

    def advance(self) -> None:
        """Ignore a finished step."""
