"""Exceptions from compliance rules: resource, rule, reason, owner and expiry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from pathlib import Path

from ecr_constructs.errors import EcrConstructsError, Problems
from ecr_constructs.model.compliance.rule_results import RuleResult
from ecr_constructs.model.json_documents import read_json_file
from ecr_constructs.model.validation import abbreviate

__all__ = ["RuleException", "read_rule_exceptions"]

_EXAMPLES = {"resource": "'Containers/Base'", "rule": "'tags-immutable'", "reason": "'...'", "owner": "'team-a'"}


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleException:
    """
    An exception from a compliance rule for one resource, until a day.

    Attributes:
        resource: The resource: a construct path, `stack/logical id`, a logical ID, or a repository name.
        rule: The ID of the rule.
        reason: The reason.
        owner: The person or team that is responsible for it.
        expires: The last day of the exception.

    >>> RuleException(
    ...     resource="Containers/Base",
    ...     rule="tags-immutable",
    ...     reason="the tag latest is used by the build",
    ...     owner="team-images",
    ...     expires=date(2027, 6, 30),
    ... ).is_expired(date(2027, 7, 1))
    True

    Raises:
        EcrConstructsError: If a text is empty.
        TypeError: If a value is of the wrong kind.

    """

    resource: str
    rule: str
    reason: str
    owner: str
    expires: date

    def __post_init__(self) -> None:
        """Check the kinds, and that no text is empty."""
        problems = Problems()
        for name, example in _EXAMPLES.items():
            value = getattr(self, name)
            if problems.expect(name, value, str, example) and not value.strip():
                problems.add(f"{name} is empty; write it, as in {name}={example}")
        if problems.expect("expires", self.expires, date, "date(2027, 6, 30)") and isinstance(self.expires, datetime):
            problems.add(f"expires is {self.expires} with a time; write the last day, as in expires=date(2027, 6, 30)")
        problems.raise_if_any(EcrConstructsError)

    def is_expired(self, today: date) -> bool:
        """
        Return whether the last day has passed.

        Args:
            today: The current day.

        """
        return today > self.expires

    def covers(self, result: RuleResult) -> bool:
        """
        Return whether the exception is for the resource and the rule of a result.

        Args:
            result: The result.

        """
        return result.rule.id == self.rule and result.resource.answers_to(self.resource)


def read_rule_exceptions(path: str | Path) -> tuple[RuleException, ...]:
    """
    Return the exceptions in a JSON file: a list of objects with the fields of `RuleException`.

    Args:
        path: The file.

    Raises:
        EcrConstructsError: If the file cannot be read, or is not such a list. It has every problem.
        TypeError: If the path is neither a string nor a `Path`.

    >>> from tempfile import mkdtemp
    >>> file = Path(mkdtemp(), "exceptions.json")
    >>> _ = file.write_text(
    ...     '[{"resource": "Containers/Base", "rule": "tags-immutable", "reason": "latest is pushed again",'
    ...     ' "owner": "team-images", "expires": "2027-06-30"}]'
    ... )
    >>> read_rule_exceptions(file)[0].rule
    'tags-immutable'

    """
    document = read_json_file(path, "'exceptions.json'")
    problems = Problems()
    if not isinstance(document, list):
        problems.add(f"{abbreviate(document)} is not a list; write a list of exceptions")
        document = []
    found = []
    for index, entry in enumerate(document):
        with problems.collect(f"[{index}]: "):
            found.append(_read_entry(entry))
    problems.raise_if_any(EcrConstructsError, str(path))
    return tuple(found)


def _read_entry(entry: object) -> RuleException:
    names = [each.name for each in fields(RuleException)]
    if not isinstance(entry, Mapping) or sorted(entry) != sorted(names):
        message = f"{abbreviate(entry)} is not an exception; write an object with {', '.join(names)}"
        raise EcrConstructsError([message])
    try:
        expires = date.fromisoformat(entry["expires"])
    except (TypeError, ValueError):
        message = f"expires {abbreviate(entry['expires'])} is not a date; write it as '2027-06-30'"
        raise EcrConstructsError([message]) from None
    return RuleException(**{**entry, "expires": expires})
