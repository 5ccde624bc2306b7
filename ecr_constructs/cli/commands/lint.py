"""The subcommand `lint`: what is wrong with lifecycle policies, and what a person should look at."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Annotated

import typer

from ecr_constructs.cli.errors import ExitCode, os_error, print_error
from ecr_constructs.cli.formatting import count, printable
from ecr_constructs.cli.output.messages import COLOURS
from ecr_constructs.cli.sources.policies import PolicySet, UnreadablePolicy, read_policies
from ecr_constructs.cli.sources.records import Policy
from ecr_constructs.errors import EcrConstructsError

__all__ = ["Remark", "lint", "remarks"]

# What a remedy that names an intent is for those who write JSON.
_IN_JSON = {
    "untagged-age-counts-from-push": " (in JSON, countType imageCountMoreThan)",
    "bound-tags-expire-by-count": " (in JSON, a rule with a smaller rulePriority and countNumber 999999)",
    "untagged-images-never-expire": " (in JSON, one with tagStatus untagged)",
    "tagged-images-never-expire": " (in JSON, one with tagPatternList and imageCountMoreThan)",
}


class Format(str, Enum):
    """How remarks are written."""

    TEXT = "text"
    JSON = "json"


class Severity(str, Enum):
    """How bad a remark must be to make the command fail."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, kw_only=True, slots=True)
class Remark:
    """
    A finding about a policy, or a fault that keeps it from being read.

    Attributes:
        where: Where the policy stands.
        repository: The name of its repository, if it is known.
        prefix: What the names of its repositories begin with, for a creation template.
        id: That of the finding; `invalid-policy` for what would be refused, `unread-policy` for what only
            CloudFormation can read, `unread-source` for what has no policy that can be found.
        severity: As a finding's.
        rule_priority: The rule it is about, if it is about one.
        sentence: The fact; for a policy that is not read, with the remedy.
        remedy: What to do.

    """

    where: str
    repository: str | None
    prefix: str | None
    id: str
    severity: str
    rule_priority: int | None
    sentence: str
    remedy: str | None


def lint(
    sources: Annotated[list[str], typer.Argument(metavar="PATH", help="Where the policies are.", show_default=False)],
    *,
    form: Annotated[Format, typer.Option("--format", help="Lines to read, or JSON for a program.")] = Format.TEXT,
    fail_on: Annotated[Severity, typer.Option(help="How bad it must be to end with exit code 3.")] = Severity.ERROR,
) -> None:
    """
    Say what is wrong with lifecycle policies, and what a person should look at.

    Every problem of a policy that ECR would refuse is told at once. What ECR would accept and a person should look at
    is a warning or an info.
    """
    readings, refused = _read(sources)
    found = [remark for reading in readings for remark in remarks(reading)]
    policies = sum(
        len(reading.unread) + sum(bool(each.policy.rules) for each in reading.policies) for reading in readings
    )
    if form is Format.JSON:
        everything = [*found, *(remark for error in refused for remark in _of_source(error))]
        print(json.dumps({"policies": policies, "findings": [asdict(remark) for remark in everything]}, indent=2))
    elif readings:
        _print(found, policies)
    for error in refused:
        print_error(error)
    if refused:
        raise typer.Exit(ExitCode.REFUSED)
    severities = list(COLOURS)
    if any(severities.index(remark.severity) <= severities.index(fail_on.value) for remark in found):
        raise typer.Exit(ExitCode.FOUND)


def _read(sources: Sequence[str]) -> tuple[list[PolicySet], list[EcrConstructsError]]:
    """Read what can be read, and keep why the rest cannot."""
    answers = [_read_one(source) for source in sources]
    readings = [each for each in answers if isinstance(each, PolicySet)]
    return readings, [each for each in answers if isinstance(each, EcrConstructsError)]


def _read_one(source: str) -> PolicySet | EcrConstructsError:
    try:
        return read_policies(source)
    except EcrConstructsError as error:
        return error
    except OSError as error:
        return os_error(error)


def _of_source(error: EcrConstructsError) -> Iterator[Remark]:
    for problem in error.problems:
        yield Remark(
            where=error.path,
            repository=None,
            prefix=None,
            id="unread-source",
            severity="error",
            rule_priority=None,
            sentence=problem,
            remedy=None,
        )


def remarks(reading: PolicySet) -> Iterator[Remark]:
    """
    Say what there is to say about the policies of a source.

    Args:
        reading: The policies.

    """
    for unread in reading.unread:
        for problem in unread.problems:
            yield _remark(
                unread,
                id="invalid-policy" if unread.is_invalid else "unread-policy",
                severity="error" if unread.is_invalid else "warning",
                sentence=problem,
            )
    for policy in reading.policies:
        for finding in policy.policy.findings(immutability=policy.immutability):
            yield _remark(
                policy,
                id=finding.id,
                severity=finding.severity,
                rule_priority=finding.rule.rule_priority if finding.rule else None,
                sentence=finding.sentence,
                remedy=f"{finding.remedy}{_IN_JSON.get(finding.id, '')}",
            )


def _remark(
    policy: Policy | UnreadablePolicy,
    *,
    id: str,
    severity: str,
    sentence: str,
    rule_priority: int | None = None,
    remedy: str | None = None,
) -> Remark:
    return Remark(
        where=policy.where,
        repository=policy.repository,
        prefix=policy.prefix,
        id=id,
        severity=severity,
        rule_priority=rule_priority,
        sentence=sentence,
        remedy=remedy,
    )


def _print(found: Sequence[Remark], policies: int) -> None:
    from rich.text import Text

    from ecr_constructs.cli.output.table_report import terminal

    console = terminal()
    for remark in found:
        owner = remark.repository or (remark.prefix and f"template {remark.prefix}")
        line = Text(printable(f"{remark.where}{f' ({owner})' if owner else ''}: "))
        line.append(remark.severity, style=COLOURS[remark.severity])
        line.append(printable(f": {'; '.join(filter(None, (remark.sentence, remark.remedy)))}"))
        line.append(f" [{remark.id}]", style="dim")
        console.print(line, soft_wrap=True)
    severities = Counter(remark.severity for remark in found)
    told = ", ".join(count(severities[severity], severity) for severity in COLOURS)
    console.print(f"{count(policies, 'policy')}: {told}", soft_wrap=True, markup=False, highlight=False)
