"""
Suppressions of findings, each with its reason, from the configuration of the command and from files beside policies.

The configuration is the table `[tool.ecr-constructs]` of pyproject.toml, or a file `ecr-constructs.toml` of its own. A
companion of `policy.json` is `policy.suppressions.toml`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ecr_constructs._documentation import page
from ecr_constructs.assembly.files import MAXIMUM_BYTES, read_file
from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.sources.json_files import STANDARD_INPUT, path_of
from ecr_constructs.errors import abbreviate
from ecr_constructs.model import wildcards
from ecr_constructs.model.lifecycle.findings import SEVERITIES

__all__ = ["Suppression", "read_companion", "read_configuration", "suppression_of"]

_OWN_FILE, _PROJECT_FILE = "ecr-constructs.toml", "pyproject.toml"
_KEYS: Mapping[str, type] = {"id": str, "reason": str, "repository": str, "rule": int, "expires": date}
_IDS = frozenset({*SEVERITIES, "unread-policy"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Suppression:
    """
    A finding that is accepted.

    Attributes:
        where: The place: the file, and the position in its list.
        id: The ID of the finding.
        reason: The reason why it is accepted.
        repository: A repository name or the prefix of a template, in which `*` matches any characters. None for every
            policy.
        rule: The priority of the rule. None for every rule.
        expires: The last day on which it applies. None without an end.

    """

    where: str
    id: str
    reason: str
    repository: str | None = None
    rule: int | None = None
    expires: date | None = None

    def is_for(self, repository: str | None) -> bool:
        """Return whether it is about the policies of a repository."""
        return self.repository is None or (repository is not None and wildcards.matches(self.repository, repository))

    def matches(self, id: str, repository: str | None, rule: int | None) -> bool:
        """Return whether it is about a finding."""
        return self.id == id and self.is_for(repository) and self.rule in (None, rule)

    def has_expired(self, today: date) -> bool:
        """Return whether it has expired."""
        return self.expires is not None and self.expires < today

    def __str__(self) -> str:
        """Return the finding that it accepts."""
        rule = f" of rule {self.rule}" if self.rule is not None else ""
        return f"{self.id}{rule}{f' in {abbreviate(self.repository)}' if self.repository else ''}"


def suppression_of(
    suppressions: Iterable[Suppression], id: str, repository: str | None, rule: int | None, *, today: date
) -> Suppression | None:
    """
    Return the first valid suppression of a finding, or None.

    Args:
        suppressions: The suppressions.
        id: The ID of the finding.
        repository: The name of the repository, or the prefix of the creation template. None if it is not known.
        rule: The priority of the rule. None for the whole policy.
        today: The current day.

    """
    return next(
        (each for each in suppressions if each.matches(id, repository, rule) and not each.has_expired(today)), None
    )


def read_configuration(file: str | None = None) -> tuple[Suppression, ...]:
    """
    Return the suppressions of the configuration.

    Args:
        file: The configuration file. Default: the nearest `ecr-constructs.toml`, or `pyproject.toml` with the table
            `[tool.ecr-constructs]`, in the current folder and the folders above it.

    Raises:
        CommandError: If the file does not exist, or with all problems of its suppressions.

    """
    if file is not None:
        return _read_file(path_of(file), required=True) or ()
    for folder in (Path.cwd(), *Path.cwd().parents):
        for name in (_OWN_FILE, _PROJECT_FILE):
            found = _read_file(folder / name)
            if found is not None:
                return found
    return ()


def read_companion(source: str) -> tuple[Suppression, ...]:
    """
    Return the suppressions in the file beside a policy file or template.

    Args:
        source: The source of the policy.

    Raises:
        CommandError: With all problems of the suppressions.

    """
    if source == STANDARD_INPUT or not path_of(source).is_file():
        return ()
    return _read_file(path_of(source).with_suffix(".suppressions.toml")) or ()


def _read_file(path: Path, *, required: bool = False) -> tuple[Suppression, ...] | None:
    """Return the suppressions of a file, or None if it does not exist or has no table for this command."""
    try:
        document = _parsed(read_file(path, maximum=MAXIMUM_BYTES), path)
    except (FileNotFoundError, NotADirectoryError):
        if required:
            message = "no such file; give an ecr-constructs.toml, or a pyproject.toml with [tool.ecr-constructs]"
            raise CommandError([message], path=str(path)) from None
        return None
    tool = document.get("tool", {})
    table = tool.get("ecr-constructs") if path.name == _PROJECT_FILE and isinstance(tool, Mapping) else document
    if table is None or (path.name == _PROJECT_FILE and not isinstance(tool, Mapping)):
        return () if required else None
    problems: list[str] = []
    entries = list(_entries(table, problems))
    found = [_suppression(entry, f"{path}: suppressions[{i}]", i, problems) for i, entry in entries]
    if problems:
        raise CommandError(problems, path=str(path))
    return tuple(each for each in found if each)


def _parsed(content: bytes, path: Path) -> Mapping[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        document: Mapping[str, Any] = tomllib.loads(content.decode())
    except (ValueError, RecursionError) as error:
        raise CommandError([f"not TOML: {error}"], path=str(path)) from None
    return document


def _entries(table: object, problems: list[str]) -> Iterator[tuple[int, Mapping[str, object]]]:
    if not isinstance(table, Mapping):
        problems.append(f"{abbreviate(table)} is not a table; write [[tool.ecr-constructs.suppressions]]")
        return
    problems += (f"{key}: unknown key; the only one is 'suppressions'" for key in table if key != "suppressions")
    entries = table.get("suppressions", [])
    if not isinstance(entries, list):
        problems.append("suppressions: not a list of tables; write [[suppressions]] with two brackets")
        return
    for index, entry in enumerate(entries):
        if isinstance(entry, Mapping):
            yield index, entry
        else:
            problems.append(f"suppressions[{index}]: {abbreviate(entry)} is not a table with id and reason")


def _suppression(entry: Mapping[str, object], where: str, index: int, problems: list[str]) -> Suppression | None:
    found = [f"suppressions[{index}].{problem}" for problem in _entry_problems(entry)]
    problems += found
    if found:
        return None
    values: dict[str, Any] = dict(entry)
    if isinstance(values.get("expires"), str):
        values["expires"] = date.fromisoformat(values["expires"])
    return Suppression(where=where, **values)


def _entry_problems(entry: Mapping[str, object]) -> Iterator[str]:
    for key, value in entry.items():
        if key not in _KEYS:
            yield f"{key}: unknown key; the keys are {', '.join(_KEYS)}"
        elif key == "expires":
            yield from _date_problems(value)
        elif not isinstance(value, _KEYS[key]) or isinstance(value, bool):
            yield f"{key}: {abbreviate(value)} is not a {'whole number' if key == 'rule' else 'text'}"
    for key in ("id", "reason"):
        value = entry.get(key, "")
        if isinstance(value, str) and not value.strip():
            yield f"{key}: missing; {'name a finding' if key == 'id' else 'write why the finding is accepted'}"
    id = entry.get("id")
    if isinstance(id, str) and id.strip() and id not in _IDS:
        near = get_close_matches(id, _IDS, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"{page('Findings')} lists them"
        yield f"id: {abbreviate(id)} is not a finding; {hint}"


def _date_problems(value: object) -> Iterator[str]:
    is_day = isinstance(value, date) and not isinstance(value, datetime)
    if isinstance(value, str):
        try:
            is_day = bool(date.fromisoformat(value))
        except ValueError:
            is_day = False
    if not is_day:
        yield f"expires: {abbreviate(value)} is not a day; write it as 2027-01-31"
