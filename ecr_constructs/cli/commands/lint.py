"""The subcommand `lint`: the problems and findings of lifecycle policies."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from ecr_constructs.cli.errors import ExitCode, os_error, print_error
from ecr_constructs.cli.formatting import count, printable
from ecr_constructs.cli.output.messages import COLOURS
from ecr_constructs.cli.sources.json_files import STANDARD_INPUT
from ecr_constructs.cli.sources.policies import PolicySet, UnreadablePolicy, read_policies
from ecr_constructs.cli.sources.records import Policy
from ecr_constructs.errors import EcrConstructsError
from ecr_constructs.model.lifecycle.findings import Finding

if TYPE_CHECKING:
    from ecr_constructs.cli.output.sarif import SarifResult

__all__ = ["Diagnostic", "diagnostics", "lint"]


class Format(str, Enum):
    """The format of the output."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


class Severity(str, Enum):
    """The severities, for `--fail-on`."""

    ERROR = "error"
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
    form: Annotated[
        Format, typer.Option("--format", help="Text, JSON for programs, or SARIF for code scanning.")
    ] = Format.TEXT,
    fail_on: Annotated[Severity, typer.Option(help="The lowest severity that ends with exit code 3.")] = Severity.ERROR,
) -> None:
    """
    Report problems of lifecycle policies.

    Every problem for which ECR rejects a policy is an error. Findings are probable mistakes that ECR accepts; each has
    the severity error, warning or info.
    """
    readings, rejected = _read(sources)
    found = [each for reading in readings for each in diagnostics(reading)]
    policies = sum(
        len(reading.unread) + sum(bool(each.policy.rules) for each in reading.policies) for reading in readings
    )
    if form is Format.JSON:
        everything = [*found, *(each for error in rejected for each in _of_source(error))]
        print(json.dumps({"policies": policies, "findings": [asdict(each) for each in everything]}, indent=2))
    elif form is Format.SARIF:
        sys.stdout.write(_sarif(sources, [*found, *(each for error in rejected for each in _of_source(error))]))
    elif readings:
        _print(found, policies)
    for error in rejected:
        print_error(error)
    if rejected:
        raise typer.Exit(ExitCode.REFUSED)
    severities = list(COLOURS)
    if any(severities.index(each.severity) <= severities.index(fail_on.value) for each in found):
        raise typer.Exit(ExitCode.FOUND)


def _read(sources: Sequence[str]) -> tuple[list[PolicySet], list[EcrConstructsError]]:
    """Return the policies of each source that can be read, and the errors of the others."""
    results = [_read_one(source) for source in sources]
    readings = [each for each in results if isinstance(each, PolicySet)]
    return readings, [each for each in results if isinstance(each, EcrConstructsError)]


def _read_one(source: str) -> PolicySet | EcrConstructsError:
    try:
        return read_policies(source)
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


# The kinds of problems for which there is no finding, with their severity and summary.
_PROBLEMS = {
    "invalid-policy": ("error", "ECR rejects the policy."),
    "unread-policy": ("warning", "CloudFormation computes the policy at deployment, so it was not checked."),
    "unread-source": ("error", "The source cannot be read."),
}


def _sarif(sources: Sequence[str], found: Sequence[Diagnostic]) -> str:
    from ecr_constructs.cli.output.sarif import SarifRule, render_sarif
    from ecr_constructs.model.lifecycle.findings import FINDING_TYPES

    kinds = [
        *(
            SarifRule(id=each.id, severity=each.severity, summary=f"{each.summary.rstrip('.')}.", help=each.fix)
            for each in FINDING_TYPES
        ),
        *(SarifRule(id=id, severity=severity, summary=text) for id, (severity, text) in _PROBLEMS.items()),
    ]
    return render_sarif(kinds, list(_sarif_results(sources, found)))


def _sarif_results(sources: Sequence[str], found: Sequence[Diagnostic]) -> Iterator[SarifResult]:
    from ecr_constructs.cli.output.sarif import SarifResult
    from ecr_constructs.cli.sources.source_locations import SourceLocations

    # A source that cannot be read has no locations.
    locations = {source: SourceLocations(source=source) for source in sources if _has_findings(source, found)}
    for each in found:
        source = next((source for source in locations if each.where.startswith(_before(source))), None)
        location = locations[source].locate(each.where, each.rule_priority) if source is not None else None
        yield SarifResult(
            rule_id=each.id,
            severity=each.severity,
            message="; ".join(filter(None, (each.sentence, each.remedy))),
            place=location.construct if location else each.where,
            path=location.path if location else each.where,
            line=location.line if location else 1,
            part="" if each.rule_priority is None else f"rule {each.rule_priority}",
        )


def _before(source: str) -> str:
    return "standard input" if source == STANDARD_INPUT else source


def _has_findings(source: str, found: Sequence[Diagnostic]) -> bool:
    return any(each.where.startswith(_before(source)) and each.id != "unread-source" for each in found)


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
