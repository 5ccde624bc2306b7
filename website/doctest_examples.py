"""
An extension of griffe that makes the doctests of a docstring an `Examples` section.

Without the section, they are Markdown, in which `>>>` begins a quotation.
"""

from __future__ import annotations

import re

import griffe

# From the first prompt of a paragraph to the next empty line.
DOCTEST = re.compile(r"(?:^|(?<=\n\n))>>> .*?(?=\n\n|\Z)", re.DOTALL)


class DoctestExamples(griffe.Extension):  # type: ignore[misc]  # griffe is in the environment of the website
    """Adds the section to each docstring with doctests."""

    def on_object(self, *, obj: griffe.Object, **_: object) -> None:
        """Change the docstring of an object that griffe has loaded."""
        if obj.docstring is not None:
            obj.docstring.value = with_examples(obj.docstring.value)


def with_examples(docstring: str) -> str:
    """Return a docstring whose doctests are at its end, in an `Examples` section."""
    doctests = DOCTEST.findall(docstring)
    if not doctests:
        return docstring
    examples = "\n\n".join(doctests).replace("\n", "\n    ")
    return f"{DOCTEST.sub('', docstring).rstrip()}\n\nExamples:\n    {examples}"
