"""The errors of the library: few types, every fault at once, each with its remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "EcrConstructsError",
    "InvalidImage",
    "InvalidLifecyclePolicy",
    "InvalidName",
    "InvalidRegistry",
    "InvalidRepository",
]


class EcrConstructsError(ValueError):
    """
    Something that ECR would refuse, or that would not do what it says.

    Args:
        problems: One sentence for each fault: the value, the limit, the remedy.
        path: Where it happened: a construct path such as `Containers/Api`. Default: no path.

    Attributes:
        path: The construct path, or an empty string for a value that is not in a tree.
        problems: Every fault that was found, in the order of the arguments.

    """

    def __init__(self, problems: Iterable[str], *, path: str = "") -> None:
        """Keep the parts, and say them in one message."""
        self.path = path
        self.problems = tuple(problems)
        super().__init__(_message(self.problems, path))

    def __reduce__(self) -> tuple[object, ...]:
        """Survive pickling, as errors do when they cross processes."""
        return _rebuild, (type(self), self.problems, self.path)


class InvalidName(EcrConstructsError):
    """A name, prefix, filter, pattern or reference that its grammar does not allow."""


class InvalidImage(EcrConstructsError):
    """An image, or a list of them, that cannot be what a repository holds."""


class InvalidLifecyclePolicy(EcrConstructsError):
    """A lifecycle policy, rule or intent that ECR would refuse; each problem names its place in the document."""


class InvalidRepository(EcrConstructsError):
    """A repository, or settings for one, that cannot be built as asked."""


class InvalidRegistry(EcrConstructsError):
    """A registry, or a cache, template or replica in it, that cannot be built as asked."""


def json_problem(error: ValueError | RecursionError) -> str:
    """
    Return why a text cannot be read as JSON, in words that are not about Python.

    Args:
        error: What the parser raised.

    """
    if isinstance(error, RecursionError):
        return "lists and objects are nested too deeply"
    # Of ValueError itself is the limit of Python on the digits of a whole number.
    return "a number has more than 4,300 digits" if type(error) is ValueError and "digits" in str(error) else str(error)


def _message(problems: tuple[str, ...], path: str) -> str:
    where = f"{path}: " if path else ""
    if len(problems) == 1:
        return where + problems[0]
    return "\n".join([f"{where}{len(problems)} problems", *(f"  - {problem}" for problem in problems)])


def _rebuild(kind: type[EcrConstructsError], problems: tuple[str, ...], path: str) -> EcrConstructsError:
    return kind(problems, path=path)
