"""The subcommand `preview`: what lifecycle policies would do to which images."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Annotated

import typer

from ecr_constructs.cli.errors import LINES, CommandError, ExitCode, report, tell
from ecr_constructs.cli.formatting import count
from ecr_constructs.cli.output.json_report import write_json
from ecr_constructs.cli.output.messages import closing
from ecr_constructs.cli.preview.gates import GateResult, read_gate
from ecr_constructs.cli.preview.options import Format, Request, instant_of
from ecr_constructs.cli.preview.result import PreviewReport
from ecr_constructs.cli.sources.assemblies import read_deployed
from ecr_constructs.cli.sources.images import read_repositories
from ecr_constructs.cli.sources.policies import PolicySet, read_policies

__all__ = ["preview"]


def preview(
    source: Annotated[str, typer.Argument(metavar="PATH", help="Where the policies are.", show_default=False)],
    *,
    images: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH", help="What 'aws ecr describe-images' printed: a file, a folder of them, or '-'. Repeatable."
        ),
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="Ask the AWS account for the images.")] = False,
    profile: Annotated[
        str | None, typer.Option(metavar="NAME", help="With --live: a profile of the AWS configuration.")
    ] = None,
    region: Annotated[str | None, typer.Option(metavar="NAME", help="With --live: the region.")] = None,
    role: Annotated[str | None, typer.Option(metavar="ARN", help="With --live: a role to assume.")] = None,
    repository: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Only repositories with such a name, in which '*' stands for anything. Repeatable."
        ),
    ] = None,
    current: Annotated[
        bool, typer.Option("--current", help="With --live: compare with the policies that are deployed.")
    ] = False,
    current_policy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH",
            help="Compare with what 'aws ecr get-lifecycle-policy' printed, or with a policy file: a file, or a folder "
            "of them. Repeatable.",
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(metavar="INSTANT", help="As if it were then, such as 2026-06-01 or 2026-06-01T12:00:00Z."),
    ] = None,
    aws_preview: Annotated[
        bool | None,
        typer.Option(
            help="With --live: whether to ask AWS's own preview, which has the last word; CloudTrail records it. "
            "It is asked unless you say no."
        ),
    ] = None,
    in_use: Annotated[
        bool | None,
        typer.Option(help="With --live: whether to find out which images run. It is done unless you say no."),
    ] = None,
    read_indexes: Annotated[
        bool,
        typer.Option(
            "--read-indexes", help="With --live: read which images an index names. ECR records a pull of the index."
        ),
    ] = False,
    fail_if: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GATE",
            help="End with exit code 4 if an image goes, or may go, that is 'in-use' (with --live), or if one "
            "with a tag like PATTERN is deleted ('expires:PATTERN'). Repeatable.",
        ),
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="For people, for programs, or as a page.")] = Format.TABLE,
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="Write there and not to the screen.")] = None,
) -> None:
    """
    Say what lifecycle policies would do to which images, by which rule, and why.

    Policies find their repositories by name. Nothing is changed, neither an image nor a policy.
    """
    request = Request(
        source=source,
        images=images or (),
        live=live,
        profile=profile,
        region=region,
        role=role,
        repository=repository or (),
        current=current,
        current_policy=current_policy or (),
        at=instant_of(at) if at is not None else None,
        aws_preview=aws_preview,
        in_use=in_use,
        read_indexes=read_indexes,
        gates=[read_gate(text) for text in dict.fromkeys(fail_if or ())],
        form=form,
        output=output,
    )
    survey = _survey(request)
    verdicts = [gate.judge(survey) for gate in request.gates]
    _write(_text(survey, verdicts, form, is_shown=output is None), output)
    if form is Format.HTML:
        _say_beside_the_page(survey)
    raise typer.Exit(_ending(survey, verdicts))


def _survey(request: Request) -> PreviewReport:
    from ecr_constructs.cli.preview.run import survey_files

    reading = read_policies(request.source)
    reading.require_valid(request.repository)
    if request.live:
        return _survey_account(request, reading)
    deployed = read_deployed(request.current_policy)
    repositories = [
        replace(each, deployed=deployed.get(each.name, deployed.get(None)))
        for each in read_repositories(request.images, unnamed=_single(request.repository))
    ]
    return survey_files(
        reading,
        repositories,
        only=request.repository,
        at=request.at,
        compares=bool(request.current_policy),
    )


def _single(patterns: Sequence[str]) -> str | None:
    """Give the one repository that is asked for, if it is one."""
    return patterns[0] if len(patterns) == 1 and "*" not in patterns[0] else None


def _survey_account(request: Request, reading: PolicySet) -> PreviewReport:
    from ecr_constructs.cli.aws import FetchOptions, connect
    from ecr_constructs.cli.commands.progress import bar
    from ecr_constructs.cli.preview.run import survey_account

    account = connect(profile=request.profile, region=request.region, role=request.role)
    questions = FetchOptions(
        aws_preview=request.aws_preview is not False,
        current=request.current,
        in_use=request.in_use is not False,
        read_indexes=request.read_indexes,
    )
    with bar() as progress:
        return survey_account(reading, account, questions, only=request.repository, at=request.at, progress=progress)


def _text(survey: PreviewReport, verdicts: Sequence[GateResult], form: Format, *, is_shown: bool) -> str:
    if form is Format.JSON:
        return write_json(survey, verdicts)
    if form is Format.HTML:
        from ecr_constructs.cli.output.html import render

        return render(survey, verdicts)
    from rich.console import Console

    from ecr_constructs.cli.output.screen import screen
    from ecr_constructs.cli.output.table_report import draw

    return draw(survey, screen() if is_shown else Console(file=StringIO()), verdicts=verdicts)


def _write(text: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding="utf-8")


def _say_beside_the_page(survey: PreviewReport) -> None:
    for notice in closing(survey):
        report(f"{notice.word}: {notice.text}")


def _ending(survey: PreviewReport, verdicts: Sequence[GateResult]) -> ExitCode:
    """Say on standard error what went wrong and which gates are closed, and choose the exit code."""
    if survey.problems:
        tell(CommandError(survey.problems))
    for verdict in verdicts:
        tell(CommandError(_sentences(verdict), path=f"--fail-if {verdict.gate}"))
    for gates, text in _unknown(verdicts):
        tell(CommandError([f"cannot know: {text}"], path=f"--fail-if {', '.join(gates)}"))
    if any(verdict.caught for verdict in verdicts):
        return ExitCode.GATE
    return ExitCode.REFUSED if survey.problems or any(verdict.unknown for verdict in verdicts) else ExitCode.DONE


def _sentences(verdict: GateResult) -> list[str]:
    caught = [str(catch) for catch in verdict.caught[:LINES]]
    if len(verdict.caught) > LINES:
        caught.append(f"and {count(len(verdict.caught) - LINES, 'image')} more; --format json has all")
    return [*caught, *([verdict.remedy] if caught else []), *([verdict.note] if verdict.note else [])]


def _unknown(verdicts: Sequence[GateResult]) -> Iterator[tuple[list[str], str]]:
    """Give what is not known once, with the gates that do not know it."""
    for text in dict.fromkeys(text for verdict in verdicts for text in verdict.unknown):
        yield [verdict.gate for verdict in verdicts if text in verdict.unknown], text
