"""
The pages of the documentation that messages name.

A message names a page by its title, because the files of the pages are not installed, and the project has no public
address yet.
"""

from __future__ import annotations

from typing import Literal

__all__ = ["Page", "page"]

Page = Literal[
    "Check a change",
    "Findings",
    "HardenedRepository",
    "Migration from ecr.Repository",
    "Policies",
]


def page(title: Page) -> str:
    """Return the name of a page in the form that messages and docstrings have."""
    return f"the page '{title}' of the documentation"
