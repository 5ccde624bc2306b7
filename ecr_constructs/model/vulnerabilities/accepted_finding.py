"""`AcceptedFinding`: a vulnerability in images that is accepted until a day."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from pathlib import Path
from typing import Literal, get_args

from ecr_constructs.errors import EcrConstructsError, Problems, abbreviate
from ecr_constructs.model import wildcards
from ecr_constructs.model.json_documents import read_json_file
from ecr_constructs.model.validation import REPOSITORY_PATTERN

__all__ = ["AcceptedFinding", "Justification", "read_accepted_findings"]

# https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md#status-justifications
Justification = Literal[
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
]

_EXAMPLES = {"vulnerability": "'CVE-2024-12345'", "reason": "'...'", "owner": "'team-a'"}
# A CVE, a GitHub advisory, or an advisory of a distribution.
_VULNERABILITY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_OPTIONAL = ("repositories", "package", "justification")


@dataclass(frozen=True, kw_only=True, slots=True)
class AcceptedFinding:
    """
    A vulnerability in images that is accepted until a day.

    Attributes:
        vulnerability: The ID of the vulnerability, such as `CVE-2024-12345`.
        reason: The reason.
        owner: The person or team that is responsible for it.
        expires: The last day on which it is accepted.
        repositories: Names of repositories. `*` matches any characters. Default: all repositories.
        package: The name of the vulnerable package. Default: every package.
        justification: The reason why images are not affected, as one of the five justifications of OpenVEX. Default:
            the images are affected, and the risk is accepted.

    >>> accepted = AcceptedFinding(
    ...     vulnerability="CVE-2024-12345",
    ...     reason="the images do not use the vulnerable function",
    ...     owner="team-a",
    ...     expires=date(2027, 6, 30),
    ...     repositories=("prod/*",),
    ...     justification="vulnerable_code_not_in_execute_path",
    ... )
    >>> accepted.covers("CVE-2024-12345", "prod/api")
    True

    Raises:
        EcrConstructsError: With all problems of the values.
        TypeError: If values are of the wrong kind.

    """

    vulnerability: str
    reason: str
    owner: str
    expires: date
    repositories: Sequence[str] = ("*",)
    package: str | None = None
    justification: Justification | None = None

    def __post_init__(self) -> None:
        """Check all values, and make the repositories immutable."""
        problems = Problems()
        for name, example in _EXAMPLES.items():
            value = getattr(self, name)
            if problems.expect(name, value, str, example) and not value.strip():
                problems.add(f"{name} is empty; write it, as in {name}={example}")
        self._check_kinds(problems)
        if not problems.has_wrong_kinds:
            self._check_values(problems)
        problems.raise_if_any(EcrConstructsError)
        object.__setattr__(self, "repositories", tuple(self.repositories))

    def is_expired(self, today: date) -> bool:
        """
        Return whether the last day has passed.

        Args:
            today: The current day.

        """
        return today > self.expires

    def covers(self, vulnerability: str, repository: str, package: str | None = None) -> bool:
        """
        Return whether a finding in an image is accepted. The last day is ignored.

        Args:
            vulnerability: The ID of the vulnerability.
            repository: The name of the repository of the image.
            package: The name of the vulnerable package. Default: it is not known.

        """
        return (
            vulnerability == self.vulnerability
            and self.package in (None, package)
            and any(wildcards.matches(pattern, repository) for pattern in self.repositories)
        )

    def _check_kinds(self, problems: Problems) -> None:
        problems.expect("expires", self.expires, date, "date(2027, 6, 30)")
        if isinstance(self.expires, datetime):
            problems.add_wrong_kinds("expires must be a date without a time, such as date(2027, 6, 30)")
        problems.expect("repositories", self.repositories, Sequence, "['prod/*']", each=str)
        problems.expect("package", self.package, str, "'openssl'", optional=True)
        problems.expect("justification", self.justification, str, "'component_not_present'", optional=True)

    def _check_values(self, problems: Problems) -> None:
        if self.vulnerability.strip() and not _VULNERABILITY.fullmatch(self.vulnerability):
            problems.add(
                f"vulnerability: {abbreviate(self.vulnerability)} is not an ID of a vulnerability; write one such as "
                "'CVE-2024-12345'"
            )
        if not self.repositories:
            problems.add("repositories is empty; leave it out for all repositories")
        for pattern in self.repositories:
            problems.extend(f"repositories: {problem}" for problem in REPOSITORY_PATTERN.problems(pattern))
        if self.package is not None and not self.package.strip():
            problems.add("package is empty; leave it out for every package")
        if self.justification is not None and self.justification not in get_args(Justification):
            known = ", ".join(map(repr, get_args(Justification)))
            problems.add(f"justification: {abbreviate(self.justification)} is unknown; use one of {known}")


def read_accepted_findings(path: str | Path) -> tuple[AcceptedFinding, ...]:
    """
    Return the accepted findings in a JSON file: a list of objects with the fields of `AcceptedFinding`.

    `repositories`, `package` and `justification` can be omitted.

    Args:
        path: The file.

    Raises:
        EcrConstructsError: If the file cannot be read, or is not such a list. It has every problem.
        TypeError: If the path is neither a string nor a `Path`.

    >>> from tempfile import mkdtemp
    >>> file = Path(mkdtemp(), "accepted-findings.json")
    >>> _ = file.write_text(
    ...     '[{"vulnerability": "CVE-2024-12345", "reason": "not used", "owner": "team-a", "expires": "2027-06-30"}]'
    ... )
    >>> read_accepted_findings(file)[0].vulnerability
    'CVE-2024-12345'

    """
    document = read_json_file(path, "'accepted-findings.json'")
    problems = Problems()
    if not isinstance(document, list):
        problems.add(f"{abbreviate(document)} is not a list; write a list of accepted findings")
        document = []
    found: list[AcceptedFinding] = []
    for index, entry in enumerate(document):
        with problems.collect(f"[{index}]: "):
            accepted = _read_entry(entry)
            if accepted in found:
                problems.add(f"[{index}]: is the same as [{found.index(accepted)}]; remove one")
            found.append(accepted)
    problems.raise_if_any(EcrConstructsError, str(path))
    return tuple(found)


def _read_entry(entry: object) -> AcceptedFinding:
    names = [each.name for each in fields(AcceptedFinding)]
    required = [name for name in names if name not in _OPTIONAL]
    if not isinstance(entry, Mapping) or not set(required) <= set(entry) <= set(names):
        message = (
            f"{abbreviate(entry)} is not an accepted finding; write an object with {', '.join(required)}, and "
            f"optionally {', '.join(_OPTIONAL)}"
        )
        raise EcrConstructsError([message])
    try:
        expires = date.fromisoformat(entry["expires"])
    except (TypeError, ValueError):
        message = f"expires {abbreviate(entry['expires'])} is not a date; write it as '2027-06-30'"
        raise EcrConstructsError([message]) from None
    return AcceptedFinding(**{**entry, "expires": expires})
