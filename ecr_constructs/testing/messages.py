"""The messages of failed assertions: every difference, with its fix."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ecr_constructs.model.compliance.resources import NotDecidable, TemplateResource

__all__ = ["NOT_DECIDABLE", "decided", "require_none", "shown_repository"]

NOT_DECIDABLE = "not decidable"


def decided(check: Callable[[], str | None]) -> str | None:
    """
    Return the difference that a check finds, or the reason why only CloudFormation can determine it.

    Args:
        check: A function that returns the difference, or None if there is none.

    """
    try:
        return check()
    except NotDecidable as reason:
        return f"{NOT_DECIDABLE}: {reason}; write the value in the template"


def require_none(summary: str, differences: Iterable[str | None]) -> None:
    """
    Raise an error that lists every difference, if there is one.

    Args:
        summary: The expectation that is not met.
        differences: The differences. None is no difference.

    Raises:
        AssertionError: If there is a difference.

    """
    __tracebackhide__ = True
    found: Sequence[str] = [each for each in differences if each is not None]
    if found:
        raise AssertionError("\n".join([f"{summary}:", *(f"  {each}" for each in found)]))


def shown_repository(repository: TemplateResource) -> str:
    """
    Return the name of a repository, or its construct path.

    Args:
        repository: The repository.

    """
    return repository.name or repository.label
