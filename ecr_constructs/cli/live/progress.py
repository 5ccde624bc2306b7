"""How far a long piece of work is, for whoever shows it."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Progress"]


class Progress(Protocol):
    """
    What is told while an account is asked.

    `begin` comes once, before the first step. `describe` may come from any thread, the others come from the thread that
    asked.
    """

    def begin(self, steps: int) -> None:
        """Say how many steps there are."""

    def describe(self, text: str) -> None:
        """Say what is being done, such as `images, 12,000 so far`."""

    def advance(self) -> None:
        """Say that a step is done."""
