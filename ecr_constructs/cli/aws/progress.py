"""How far a long piece of work is, for whoever shows it."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Progress"]


class Progress(Protocol):
    """
    What is told while an account is asked.

    `describe` may come from any thread, the others come from the thread that asked.
    """

    def begin(self, steps: int) -> None:
        """Say how many steps there are; it comes first, and again when there turn out to be more or fewer."""

    def describe(self, text: str) -> None:
        """Say what is being done, such as `12,000 images`."""

    def advance(self) -> None:
        """Say that a step is done."""
