"""The subcommand `lint`: the problems and findings of lifecycle policies."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from ecr_constructs.cli.commands.options import ConfigOption, ParameterOption
from ecr_constructs.cli.errors import ExitCode, os_error, print_error, print_to_stderr
from ecr_constructs.cli.formatting import count, printable
from ecr_constructs.cli.output.messages import COLOURS
from ecr_constructs.cli.sources.json_files import STANDARD_INPUT
from ecr_constructs.cli.sources.parameters import Parameters
from ecr_constructs.cli.sources.policies import PolicySet, UnreadablePolicy, read_policies
from ecr_constructs.cli.sources.policy_fixes import fix_policy_file
from ecr_constructs.cli.sources.records import Policy
from ecr_constructs.cli.sources.suppressions import Suppression, read_companion, read_configuration, suppression_of
from ecr_constructs.errors import EcrConstructsError
from ecr_constructs.model.lifecycle.findings import Finding
from ecr_constructs.model.lifecycle.safe_fixes import SafeFix

if TYPE_CHECKING:
    from ecr_constructs.cli.output.sarif import SarifResult

__all__ = ["Diagnostic", "diagnostics", "lint"]


class LintFormat(str, Enum):
    """The format of the output."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


class LintThreshold(str, Enum):
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
        id: The ID of the finding; `invalid-policy` for a policy that ECR rejects, `unread-policy` for a policy that is
            known only to CloudFormation, `unread-source` for a source without a policy that can be found,
            `unused-suppression` and `expired-suppression` for a suppression.
        severity: The severity, as of a finding.
        rule_priority: The priority of the rule, if it is about one rule.
        sentence: The fact. For a policy that cannot be read, it includes the fix.
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
        list[str], typer.Argument(metavar="PATH", help="A file or folder of policies, or '-'.", show_default=False)
    ],
    *,
    form: Annotated[
        LintFormat, typer.Option("--format", help="Text, JSON for programs, or SARIF for code scanning.")
    ] = LintFormat.TEXT,
    fail_on: Annotated[
        LintThreshold,
        typer.Option(
            help="The lowest severity that ends with exit code 3. 'unread': errors, and policies that cannot be read."
        ),
    ] = LintThreshold.ERROR,
    parameter: ParameterOption = None,
    config: ConfigOption = None,
    fix: Annotated[
        bool,
        typer.Option("--fix", help="Write the fixes that cannot delete or archive an image that the policy keeps."),
    ] = False,
) -> None:
    """
    Report problems of lifecycle policies.

    Every problem for which ECR rejects a policy is an error. Findings are probable mistakes that ECR accepts. Each
    finding has the severity error, warning or info.
    """
    configured, parameters = read_configuration(config), Parameters.parse(parameter or ())
    fixes = [f"{source}: {each}" for source in sources for each in _fixed(source)] if fix else []
    report = _Report()
    for source in sources:
        report.add(_read_or_error(source, parameters), source, configured)
    report.check_configuration(configured)
    if form is LintFormat.JSON:
        print(json.dumps(report.to_dict(fixes), indent=2))
    elif form is LintFormat.SARIF:
        sys.stdout.write(_sarif(sources, report.everything()))
    elif report.has_policies:
        for line in fixes:
            print(printable(f"fixed: {line}"))
        _print(report)
    for where in report.assumed:
        print_to_stderr(f"note: read {where}; --parameter gives other values")
    for error in report.rejected:
        print_error(error)
    if report.rejected:
        raise typer.Exit(ExitCode.REFUSED)
    if any(_fails(each, fail_on) for each in report.found):
        raise typer.Exit(ExitCode.FOUND)


def _fails(diagnostic: Diagnostic, fail_on: LintThreshold) -> bool:
    if fail_on is LintThreshold.UNREAD:
        return diagnostic.severity == LintThreshold.ERROR.value or diagnostic.id == "unread-policy"
    severities = list(COLOURS)
    return severities.index(diagnostic.severity) <= severities.index(fail_on.value)


def _read_or_error(source: str, parameters: Parameters) -> PolicySet | EcrConstructsError:
    try:
        return read_policies(source, parameters)
    except EcrConstructsError as error:
        return error
    except OSError as error:
        return os_error(error)


def _fixed(source: str) -> tuple[SafeFix, ...]:
    try:
        return fix_policy_file(source)
    except OSError:
        return ()  # the reason is reported when the source is read


class _Report:
    """The findings of all sources, without those that are suppressed."""

    def __init__(self) -> None:
        self.has_policies = False
        self.policies = 0
        self.assumed: list[str] = []
        self.found: list[Diagnostic] = []
        self.suppressed: list[tuple[Diagnostic, Suppression]] = []
        self.rejected: list[EcrConstructsError] = []
        self._today = datetime.now(timezone.utc).date()
        self._repositories: set[str | None] = set()

    def add(self, reading: PolicySet | EcrConstructsError, source: str, configured: Sequence[Suppression]) -> None:
        """Add the findings of a source."""
        if not isinstance(reading, PolicySet):
            self.rejected.append(reading)
            return
        self.has_policies = True
        self.policies += len(reading.unread) + sum(bool(each.policy.rules) for each in reading.policies)
        self.assumed += [policy.where for policy in reading.policies if policy.is_assumed]
        self._repositories |= {each.repository or each.prefix for each in reading.policies}
        self._repositories |= {each.repository or each.prefix for each in reading.unread}
        companions = read_companion(source)
        for each in diagnostics(reading):
            self._add(each, (*companions, *configured))
        self._check(companions)

    def check_configuration(self, configured: Sequence[Suppression]) -> None:
        """Add the problems of the suppressions of repositories whose policies were read."""
        self._check([each for each in configured if any(map(each.is_for, self._repositories))])

    def everything(self) -> list[Diagnostic]:
        """Return the findings, and the errors of the sources that cannot be read."""
        return [*self.found, *(each for error in self.rejected for each in _of_source(error))]

    def to_dict(self, fixes: Sequence[str]) -> dict[str, object]:
        """Return the JSON output."""
        return {
            "policies": self.policies,
            "findings": [asdict(each) for each in self.everything()],
            "suppressed": [asdict(each) | {"reason": by.reason, "by": by.where} for each, by in self.suppressed],
            "fixed": list(fixes),
        }

    def _add(self, diagnostic: Diagnostic, suppressions: Sequence[Suppression]) -> None:
        key = (diagnostic.id, diagnostic.repository or diagnostic.prefix, diagnostic.rule_priority)
        if by := suppression_of(suppressions, *key, today=self._today):
            self.suppressed.append((diagnostic, by))
        else:
            self.found.append(diagnostic)

    def _check(self, suppressions: Sequence[Suppression]) -> None:
        used = {by for _, by in self.suppressed}
        for each in suppressions:
            if each.has_expired(self._today):
                sentence = f"the suppression of {each} expired on {each.expires} ({each.reason})"
                self.found.append(
                    _of_suppression(each, "expired-suppression", sentence, "fix the finding, or renew it")
                )
            elif each not in used:
                sentence = f"the suppression of {each} has no effect: there is no such finding"
                self.found.append(_of_suppression(each, "unused-suppression", sentence, "remove it"))


def _of_suppression(suppression: Suppression, id: str, sentence: str, remedy: str) -> Diagnostic:
    return Diagnostic(
        where=suppression.where,
        repository=suppression.repository,
        prefix=None,
        id=id,
        severity="warning",
        rule_priority=suppression.rule,
        sentence=sentence,
        remedy=remedy,
    )


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
    "unused-suppression": ("warning", "A suppression has no effect."),
    "expired-suppression": ("warning", "A suppression expired."),
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


def _print(report: _Report) -> None:
    from rich.text import Text

    from ecr_constructs.cli.output.table_report import terminal

    console = terminal()
    for each in report.found:
        owner = each.repository or (each.prefix and f"template {each.prefix}")
        line = Text(printable(f"{each.where}{f' ({owner})' if owner else ''}: "))
        line.append(each.severity, style=COLOURS[each.severity])
        line.append(printable(f": {'; '.join(filter(None, (each.sentence, each.remedy)))}"))
        line.append(f" [{each.id}]", style="dim")
        console.print(line, soft_wrap=True)
    severities = Counter(each.severity for each in report.found)
    totals = ", ".join(count(severities[severity], severity) for severity in COLOURS)
    totals += f", {len(report.suppressed)} suppressed" if report.suppressed else ""
    console.print(f"{count(report.policies, 'policy')}: {totals}", soft_wrap=True, markup=False, highlight=False)
