"""The subcommand `lint`: the problems and findings of lifecycle policies."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Annotated

import typer

from ecr_constructs.cli.errors import ExitCode, os_error, print_error, print_to_stderr
from ecr_constructs.cli.formatting import count, printable
from ecr_constructs.cli.output.messages import COLOURS
from ecr_constructs.cli.sources.parameters import Parameters
from ecr_constructs.cli.sources.policies import PolicySet, UnreadablePolicy, read_policies
from ecr_constructs.cli.sources.records import Policy
from ecr_constructs.errors import EcrConstructsError
from ecr_constructs.model.lifecycle.findings import Finding

__all__ = ["Diagnostic", "diagnostics", "lint"]


class Format(str, Enum):
    """The format of the output."""

    TEXT = "text"
    JSON = "json"


class Severity(str, Enum):
    """The severities for `--fail-on`, and policies that cannot be read, which are between error and warning."""

    ERROR = "error"
    UNREAD = "unread"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnostic:
    """
    A finding about a policy, or a problem for which it cannot be read. The fields are those of the JSON output.

    Attributes:
        where: The location of the policy.
        repository: The name of its repository, if it is known.
        prefix: The repository name prefix, for a creation template.
        id: The id of the finding; `invalid-policy` for a policy that ECR rejects, `unread-policy` for a policy that is
            known only to CloudFormation, `unread-source` for a source without a policy that can be found.
        severity: The severity, as of a finding.
        rule_priority: The priority of the rule, if it is about one rule.
        sentence: The fact; for a policy that cannot be read, with the fix.
        remedy: The fix.

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
    sources: Annotated[
        list[str], typer.Argument(metavar="PATH", help="The file, folder or - with the policies.", show_default=False)
    ],
    *,
    form: Annotated[Format, typer.Option("--format", help="Text, or JSON for programs.")] = Format.TEXT,
    fail_on: Annotated[
        Severity,
        typer.Option(
            help="The lowest severity that ends with exit code 3. 'unread': errors, and policies that cannot be read."
        ),
    ] = Severity.ERROR,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="The value of a parameter of templates, such as Keep=7 or AWS::Region=eu-west-1. Repeatable.",
        ),
    ] = None,
) -> None:
    """
    Report problems of lifecycle policies.

    Every problem for which ECR rejects a policy is an error. Findings are probable mistakes that ECR accepts; each has
    the severity error, warning or info.
    """
    readings, rejected = _read(sources, Parameters.parse(parameter or ()))
    found = [each for reading in readings for each in diagnostics(reading)]
    policies = sum(
        len(reading.unread) + sum(bool(each.policy.rules) for each in reading.policies) for reading in readings
    )
    if form is Format.JSON:
        everything = [*found, *(each for error in rejected for each in _of_source(error))]
        print(json.dumps({"policies": policies, "findings": [asdict(each) for each in everything]}, indent=2))
    elif readings:
        _print(found, policies)
    for policy in (policy for reading in readings for policy in reading.policies if policy.is_assumed):
        print_to_stderr(f"note: read {policy.where}; --parameter gives other values")
    for error in rejected:
        print_error(error)
    if rejected:
        raise typer.Exit(ExitCode.REFUSED)
    if any(_fails(each, fail_on) for each in found):
        raise typer.Exit(ExitCode.FOUND)


def _fails(diagnostic: Diagnostic, fail_on: Severity) -> bool:
    if fail_on is Severity.UNREAD:
        return diagnostic.severity == Severity.ERROR.value or diagnostic.id == "unread-policy"
    severities = list(COLOURS)
    return severities.index(diagnostic.severity) <= severities.index(fail_on.value)


def _read(sources: Sequence[str], parameters: Parameters) -> tuple[list[PolicySet], list[EcrConstructsError]]:
    """Return the policies of each source that can be read, and the errors of the others."""
    results = [_read_one(source, parameters) for source in sources]
    readings = [each for each in results if isinstance(each, PolicySet)]
    return readings, [each for each in results if isinstance(each, EcrConstructsError)]


def _read_one(source: str, parameters: Parameters) -> PolicySet | EcrConstructsError:
    try:
        return read_policies(source, parameters)
    except EcrConstructsError as error:
        return error
    except OSError as error:
        return os_error(error)


def _of_source(error: EcrConstructsError) -> Iterator[Diagnostic]:
    for problem in error.problems:
        yield Diagnostic(
            where=error.path,
            repository=None,
            prefix=None,
            id="unread-source",
            severity="error",
            rule_priority=None,
            sentence=problem,
            remedy=None,
        )


def diagnostics(reading: PolicySet) -> Iterator[Diagnostic]:
    """
    Yield the problems and findings of the policies of a source.

    Args:
        reading: The policies.

    """
    for unread in reading.unread:
        for problem in unread.problems:
            yield _diagnostic(
                unread,
                id="invalid-policy" if unread.is_invalid else "unread-policy",
                severity="error" if unread.is_invalid else "warning",
                sentence=problem,
            )
    for policy in reading.policies:
        for finding in policy.policy.findings(immutability=policy.immutability):
            yield _diagnostic(
                policy,
                id=finding.id,
                severity=finding.severity,
                rule_priority=finding.rule.rule_priority if finding.rule else None,
                sentence=finding.sentence,
                remedy=_remedy(finding),
            )


def _remedy(finding: Finding) -> str:
    """Return the remedy in Python words, and in those of a policy document if they differ."""
    return finding.remedy if finding.json_remedy is None else f"{finding.remedy} (in JSON: {finding.json_remedy})"


def _diagnostic(
    policy: Policy | UnreadablePolicy,
    *,
    id: str,
    severity: str,
    sentence: str,
    rule_priority: int | None = None,
    remedy: str | None = None,
) -> Diagnostic:
    return Diagnostic(
        where=policy.where,
        repository=policy.repository,
        prefix=policy.prefix,
        id=id,
        severity=severity,
        rule_priority=rule_priority,
        sentence=sentence,
        remedy=remedy,
    )


def _print(found: Sequence[Diagnostic], policies: int) -> None:
    from rich.text import Text

    from ecr_constructs.cli.output.table_report import terminal

    console = terminal()
    for each in found:
        owner = each.repository or (each.prefix and f"template {each.prefix}")
        line = Text(printable(f"{each.where}{f' ({owner})' if owner else ''}: "))
        line.append(each.severity, style=COLOURS[each.severity])
        line.append(printable(f": {'; '.join(filter(None, (each.sentence, each.remedy)))}"))
        line.append(f" [{each.id}]", style="dim")
        console.print(line, soft_wrap=True)
    severities = Counter(each.severity for each in found)
    totals = ", ".join(count(severities[severity], severity) for severity in COLOURS)
    console.print(f"{count(policies, 'policy')}: {totals}", soft_wrap=True, markup=False, highlight=False)
