"""The subcommand `preview`: the effect of lifecycle policies on images."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, cast

import typer

from ecr_constructs.cli.commands.options import ConfigOption, ParameterOption, ProfileOption, RoleOption
from ecr_constructs.cli.errors import MOST_LINES, CommandError, ExitCode, print_error, print_to_stderr
from ecr_constructs.cli.formatting import count, omitted
from ecr_constructs.cli.output.destination import write_output
from ecr_constructs.cli.output.json_report import json_parts
from ecr_constructs.cli.output.messages import summary_messages
from ecr_constructs.cli.preview.damage import worst_first
from ecr_constructs.cli.preview.gates import FindingsGate, Gate, GateResult, images_to_scan, read_gate
from ecr_constructs.cli.preview.options import PreviewFormat, PreviewOptions, read_instant
from ecr_constructs.cli.preview.result import PreviewReport, RepositoryPreview, all_images
from ecr_constructs.cli.preview.suppressed_findings import without_suppressed
from ecr_constructs.cli.sources.images import read_repositories
from ecr_constructs.cli.sources.kubernetes import read_running_images
from ecr_constructs.cli.sources.manifests import read_manifests, with_manifests
from ecr_constructs.cli.sources.parameters import Parameters
from ecr_constructs.cli.sources.policies import PolicySet, read_deployed, read_policies
from ecr_constructs.cli.sources.records import Repository
from ecr_constructs.cli.sources.suppressions import read_companion, read_configuration

if TYPE_CHECKING:
    from rich.progress import Progress

    from ecr_constructs.cli.aws import Fleet, ReadingFolder
    from ecr_constructs.cli.aws.image_usage import ImageUsage
    from ecr_constructs.cli.aws.restore import ArchivedImage
    from ecr_constructs.cli.sources.image_findings import ScanResults
    from ecr_constructs.model.images import Image

__all__ = ["ProgressBar", "preview"]


def preview(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="PATH",
            help="A policy file, a template, a cdk.out, a folder, or '-'. With --live, the default is the deployed "
            "policies of the account.",
            show_default=False,
        ),
    ] = None,
    *,
    images: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH",
            help="Output of 'aws ecr describe-images': a file, a folder of them, or '-'. Repeatable.",
        ),
    ] = None,
    manifests: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH",
            help="With --images: manifests of image indexes, or output of 'aws ecr batch-get-image': a file, a folder "
            "of them, or '-'. Repeatable.",
        ),
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="Read the images from the AWS account.")] = False,
    profile: ProfileOption = None,
    region: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="With --live: the Region. With --images: the Region of the listing, for prices."
        ),
    ] = None,
    role: RoleOption = None,
    accounts: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="With --live: the accounts in this file, with one account ID per line, or in the output of 'aws "
            "organizations list-accounts', or '-'. Needs --role-name.",
        ),
    ] = None,
    organization: Annotated[
        bool,
        typer.Option("--organization", help="With --live: all active accounts of the organization. Needs --role-name."),
    ] = False,
    role_name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="With --accounts or --organization: the role to assume in each account."),
    ] = None,
    regions: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAMES",
            help="With --live: several Regions instead of --region, such as eu-west-1,us-east-1. Repeatable.",
        ),
    ] = None,
    state_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="With --live: store the responses of AWS in this folder, so that an interrupted command can be "
            "continued. Responses older than a day are read again.",
        ),
    ] = None,
    repository: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Only repositories with this name, in which '*' matches any characters. Repeatable."
        ),
    ] = None,
    resource_tag: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="With --live: only repositories with this resource tag; KEY alone matches any value. Repeatable: "
            "repositories with all of the tags.",
        ),
    ] = None,
    parameter: ParameterOption = None,
    config: ConfigOption = None,
    current: Annotated[
        bool, typer.Option("--current", help="With --live: compare with the deployed policies.")
    ] = False,
    current_policy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH",
            help="Compare with the deployed policies in the output of 'aws ecr get-lifecycle-policy', or in a policy "
            "file: a file, or a folder of them. Repeatable.",
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="INSTANT",
            help="Evaluate at this instant, such as 2026-06-01 or 2026-06-01T12:00:00Z. [default: now]",
        ),
    ] = None,
    aws_preview: Annotated[
        bool | None,
        typer.Option(
            help="With --live: use ECR's lifecycle policy preview. Its result overrides the local evaluation. "
            "CloudTrail records it. [default: aws-preview]"
        ),
    ] = None,
    in_use: Annotated[
        bool | None,
        typer.Option(
            help="With --live: read which images are in use from Amazon ECS, AWS Lambda, AWS App Runner, AWS Batch and "
            "Amazon Inspector, and for image assets of the CDK from the templates of stacks. [default: in-use]"
        ),
    ] = None,
    in_use_from: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH",
            help="Images in use, in the output of 'kubectl get pods -A -o json', or in deployed CloudFormation "
            "templates, such as the output of 'aws cloudformation get-template': a file, a folder, or '-'. Repeatable.",
        ),
    ] = None,
    restore: Annotated[
        bool,
        typer.Option("--restore", help="With --live: restore archived images that are in use, after a confirmation."),
    ] = False,
    read_indexes: Annotated[
        bool,
        typer.Option(
            "--read-indexes",
            help="With --live: read which images belong to an image index. ECR records a pull of the index.",
        ),
    ] = False,
    fail_if: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GATE",
            help="Exit with code 4 if an image in use is deleted or archived ('in-use'), if an image with a tag "
            "like PATTERN is deleted ('expires:PATTERN'), if a repository loses all images ('empties'), its newest "
            "image ('newest') "
            "or more than a percentage of its images ('loses:50%'), or if an image in use that is kept has a "
            "vulnerability of a severity or a higher one ('findings:HIGH'). Uncertain images count as deleted or "
            "archived. Repeatable.",
        ),
    ] = None,
    scan_findings: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH",
            help="With --images and --fail-if findings: output of 'aws ecr describe-image-scan-findings' or of 'aws "
            "inspector2 list-findings'. Repeatable.",
        ),
    ] = None,
    accepted_findings: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="With --fail-if findings: accepted findings as JSON, or an OpenVEX document. Repeatable.",
        ),
    ] = None,
    prices: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH",
            help="Prices, in the output of 'aws pricing get-products --service-code AmazonECR'. Repeatable. [default: "
            "the built-in prices of us-east-1]",
        ),
    ] = None,
    unpulled_days: Annotated[
        int | None,
        typer.Option(
            metavar="DAYS",
            help="Count the images that were not pulled for more than this number of days. [default: 90 if prices are "
            "known]",
        ),
    ] = None,
    image_quota: Annotated[
        int | None,
        typer.Option(metavar="NUMBER", help="The quota of images per repository in the Region. [default: 100000]"),
    ] = None,
    everything: Annotated[
        bool,
        typer.Option("--all", help="List every image that is deleted, archived or uncertain. For table and markdown."),
    ] = False,
    form: Annotated[PreviewFormat, typer.Option("--format", help="The format of the output.")] = PreviewFormat.TABLE,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Write to this file. With --format html, a folder for an index and a page for each repository. "
            "[default: standard output]",
        ),
    ] = None,
) -> None:
    """
    Preview the effect of lifecycle policies: which images are deleted, archived or kept, by which rule, and why.

    Policies are matched with repositories by name. Neither images nor policies are changed, except by --restore.
    """
    options = PreviewOptions(
        source=source,
        images=images or (),
        manifests=manifests or (),
        live=live,
        profile=profile,
        region=region,
        role=role,
        accounts=accounts,
        organization=organization,
        role_name=role_name,
        regions=[name.strip() for text in regions or () for name in text.split(",")],
        state_dir=state_dir,
        repository=repository or (),
        resource_tag=resource_tag or (),
        parameter=parameter or (),
        current=current,
        current_policy=current_policy or (),
        at=read_instant(at) if at is not None else None,
        aws_preview=aws_preview,
        in_use=in_use,
        in_use_from=in_use_from or (),
        restore=restore,
        read_indexes=read_indexes,
        gates=[read_gate(text) for text in dict.fromkeys(fail_if or ())],
        form=form,
        is_complete=everything,
        output=output,
        scan_findings=scan_findings or (),
        accepted_findings=accepted_findings or (),
        prices=prices or (),
        unpulled_days=unpulled_days,
        image_quota=image_quota,
    )
    raise typer.Exit(_preview(options, config))


def _preview(options: PreviewOptions, config: str | None) -> ExitCode:
    """Write the preview, and return the exit code."""
    companion = read_companion(options.source) if options.source is not None else ()
    suppressions = (*companion, *read_configuration(config))
    with _folder(options) as folder:
        report = _with_costs(without_suppressed(_report(options, folder), suppressions), options)
        gates = _with_scan_results(options, report, folder)
        results = [gate.evaluate(report) for gate in gates]
        if options.is_folder:
            _write_pages(report, results, options)
        else:
            write_output(_render(report, results, options), options.output)
        if options.output is not None or options.form in {PreviewFormat.HTML, PreviewFormat.CSV}:
            _print_summary(report)
        return _exit_code(report, results)


def _with_scan_results(options: PreviewOptions, report: PreviewReport, folder: ReadingFolder | None) -> list[Gate]:
    """Return the gates, those about the findings of image scans with the findings."""
    if not any(isinstance(gate, FindingsGate) for gate in options.gates):
        return list(options.gates)
    from ecr_constructs.cli.sources.image_findings import read_accepted, read_scan_results

    accepted = read_accepted(options.accepted_findings, datetime.now(timezone.utc).date())
    if folder is not None:
        scans = _scan_results_of_accounts(report, _fleet(options, folder))
    else:
        scans = read_scan_results(options.scan_findings)
    return [
        replace(gate, scans=scans, accepted=accepted) if isinstance(gate, FindingsGate) else gate
        for gate in options.gates
    ]


def _scan_results_of_accounts(report: PreviewReport, fleet: Fleet) -> ScanResults:
    from ecr_constructs.cli.sources.image_findings import ScanResults

    scans = ScanResults(findings={}, problems={})
    for place in report.places:
        wanted = {
            preview.repository: (preview.name, [decision.image.digest for decision, _ in images_to_scan(preview)])
            for preview in report.previews
            if preview.place == place and preview.prefix is None
        }
        digests = {name: found for name, (_, found) in wanted.items() if found}
        with _progress_bar() as progress:
            results, failures = fleet.account(place).scan_findings(digests, progress=progress)
        for name, (findings, problems) in results.items():
            shown = wanted[name][0]
            scans.findings.update({(shown, digest): each for digest, each in findings.items()})
            scans.problems.update({(shown, digest): each for digest, each in problems.items()})
        for name in digests.keys() - results.keys():
            reason = "; ".join(failures) or "its findings could not be read"
            scans.problems.update({(wanted[name][0], digest): reason for digest in digests[name]})
    return scans


def _with_costs(report: PreviewReport, options: PreviewOptions) -> PreviewReport:
    from ecr_constructs.cli.preview.costs import find_prices, with_costs

    prices = find_prices(options.prices, region=report.region or options.region)
    if prices is None and options.region and not options.live:  # prices are its only purpose without an account
        note = f"--region {options.region}: no prices are built in for it; give --prices to show costs"
        report = replace(report, notes=(*report.notes, note))
    return with_costs(report, prices, unpulled_days=options.unpulled_days, image_quota=options.image_quota)


def _report(options: PreviewOptions, folder: ReadingFolder | None) -> PreviewReport:
    policy_set = None
    if options.source is not None:
        policy_set = read_policies(options.source, Parameters.parse(options.parameter)).by_default()
        policy_set.require_valid(options.repository)
    if folder is not None:
        return _account_report(options, policy_set, folder)
    return _files_report(options, policy_set or PolicySet(policies=()))


def _files_report(options: PreviewOptions, policy_set: PolicySet) -> PreviewReport:
    from ecr_constructs.cli.preview.input_warnings import notes_on_manifests
    from ecr_constructs.cli.preview.run import preview_files

    deployed = read_deployed(options.current_policy)
    references = read_manifests(options.manifests)
    listed = read_repositories(options.images, unnamed=_single_name(options.repository))
    repositories = [
        replace(with_manifests(each, references), deployed=deployed.get(each.name, deployed.get(None)))
        for each in listed
    ]
    report = preview_files(
        policy_set,
        _with_usage(repositories, options.in_use_from),
        only=options.repository,
        at=options.at,
        compares=bool(options.current_policy),
    )
    return replace(report, notes=(*report.notes, *notes_on_manifests(references, repositories)))


def _with_usage(repositories: Sequence[Repository], sources: Sequence[str]) -> Sequence[Repository]:
    """
    Return repositories with the workloads in the given files that run their images.

    The account of a listing is not known. Therefore the images of every registry count, and a repository is found by
    its name.
    """
    if not sources:
        return repositories
    from ecr_constructs.cli.aws.image_usage import ANY_REPOSITORY, external_usage, users_by_digest

    usage: defaultdict[str, list[ImageUsage]] = defaultdict(list)
    for each in external_usage(read_running_images(sources)):
        usage[each.repository].append(each)
    anywhere = usage[ANY_REPOSITORY]
    return [replace(each, in_use=users_by_digest([*usage[each.name], *anywhere], each.images)) for each in repositories]


def _single_name(patterns: Sequence[str]) -> str | None:
    """Return the name of the one selected repository, or None if several can match."""
    return patterns[0] if len(patterns) == 1 and "*" not in patterns[0] else None


@contextmanager
def _folder(options: PreviewOptions) -> Iterator[ReadingFolder | None]:
    """Yield the folder for the answers of accounts, which is removed at the end if none is given. None without any."""
    if not options.live:
        yield None
        return
    from ecr_constructs.cli.aws import ReadingFolder

    if options.state_dir is not None:
        yield ReadingFolder(options.state_dir)
        return
    with TemporaryDirectory(prefix="ecr-constructs-", ignore_cleanup_errors=True) as temporary:
        yield ReadingFolder(Path(temporary))


def _account_report(options: PreviewOptions, policy_set: PolicySet | None, folder: ReadingFolder) -> PreviewReport:
    from ecr_constructs.cli.aws import FetchOptions
    from ecr_constructs.cli.preview.run import Selection, preview_account, preview_fleet

    fetch_options = FetchOptions(
        aws_preview=options.aws_preview is not False,
        current=options.current,
        in_use=options.in_use is not False,
        read_indexes=options.read_indexes,
        running=read_running_images(options.in_use_from),
    )
    selection = Selection(
        policy_set=policy_set, only=options.repository, resource_tags=options.resource_tag, at=options.at
    )
    fleet = _fleet(options, folder)
    with _progress_bar() as progress, _resumable(options):
        if options.is_fleet:
            report = preview_fleet(selection, fleet, fetch_options, progress=progress)
        else:
            report = preview_account(selection, fleet.account(fleet.places[0]), fetch_options, progress=progress)
    regions = {place.region for place in report.places}
    report = replace(report, region=regions.pop() if len(regions) == 1 else None)
    if folder.note:
        report = replace(report, notes=(*report.notes, folder.note))
    return _with_archived(report, fleet, is_restored=options.restore)


def _fleet(options: PreviewOptions, folder: ReadingFolder) -> Fleet:
    from ecr_constructs.cli.aws import FleetOptions, connect_fleet
    from ecr_constructs.cli.sources.accounts import read_accounts

    return connect_fleet(
        FleetOptions(
            profile=options.profile,
            region=options.region,
            role=options.role,
            accounts=read_accounts(options.accounts) if options.accounts else (),
            is_organization=options.organization,
            regions=tuple(dict.fromkeys(options.regions)),
            role_name=options.role_name,
        ),
        folder,
    )


@contextmanager
def _resumable(options: PreviewOptions) -> Iterator[None]:
    """Add the folder with the answers to the end of a block that is interrupted."""
    from ecr_constructs.cli.aws import CredentialsExpired

    kept = f"the responses are stored in {options.state_dir}; run the same command again to continue"
    try:
        yield
    except CredentialsExpired as error:
        if options.state_dir is None and not options.is_fleet:
            raise
        hint = kept if options.state_dir else "add --state-dir to store the responses and to be able to continue"
        raise CredentialsExpired([*error.problems, hint], path=error.path) from None
    except KeyboardInterrupt:
        if options.state_dir:
            print_to_stderr(f"ecr-constructs: interrupted; {kept}")
        raise


def _with_archived(report: PreviewReport, fleet: Fleet, *, is_restored: bool) -> PreviewReport:
    """Return a report with a note on each archived image that is in use, after its restore if it is confirmed."""
    from ecr_constructs.cli.aws.restore import archived_in_use

    archived = [
        (each, found)
        for each in report.previews
        if each.in_use
        for found in archived_in_use(each.repository, _evaluated_images(each), each.in_use)
    ]
    lines = [_archived_line(each, found) for each, found in archived]
    if not (archived and is_restored and _is_confirmed(lines)):
        notes = (
            f"{line}; restore it with: {found.command(each.place.region)}"
            for line, (each, found) in zip(lines, archived, strict=True)
            if each.place
        )
        return replace(report, notes=(*report.notes, *notes))
    problems = [
        problem
        for place in report.places
        if (images := [found for each, found in archived if each.place == place])
        for problem in fleet.account(place).restore(images)
    ]
    note = f"restored {count(len(archived) - len(problems), 'image')}, which can be pulled within 20 minutes"
    return replace(report, notes=(*report.notes, note), problems=(*report.problems, *problems))


def _archived_line(preview: RepositoryPreview, archived: ArchivedImage) -> str:
    return f"{preview.place}: {archived}" if preview.is_one_of_many else str(archived)


def _evaluated_images(preview: RepositoryPreview) -> list[Image]:
    return all_images(preview.evaluation)


def _is_confirmed(lines: Sequence[str]) -> bool:
    """Return whether the answer on standard input is yes."""
    for line in lines:
        print_to_stderr(line)
    print_to_stderr(f"restore {count(len(lines), 'image')}? [y/N]")
    return sys.stdin is not None and sys.stdin.readline().strip().lower() in ("y", "yes")


class ProgressBar:
    """
    The progress of the calls to an account, as a bar.

    Args:
        progress: The display of rich.

    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("reading the account", total=None)

    def begin(self, steps: int) -> None:
        """Set the number of steps."""
        self._progress.update(self._task, total=steps)

    def describe(self, text: str) -> None:
        """Show the work in progress."""
        self._progress.update(self._task, description=text)

    def advance(self) -> None:
        """Add one finished step."""
        self._progress.advance(self._task)


@contextmanager
def _progress_bar() -> Iterator[ProgressBar]:
    """Show a bar with counts and the remaining time, if standard error is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield ProgressBar(progress)


def _render(report: PreviewReport, results: Sequence[GateResult], options: PreviewOptions) -> Iterable[str]:
    """Return the parts of the output. Markdown has one part, and the others have a part for each repository."""
    if options.form is PreviewFormat.JSON:
        return json_parts(report, results)
    if options.form is PreviewFormat.CSV:
        from ecr_constructs.cli.output.csv_report import csv_parts

        return csv_parts(report)
    if options.form is PreviewFormat.MARKDOWN:
        from ecr_constructs.cli.output.markdown_report import render_markdown

        return [render_markdown(report, results, is_complete=options.is_complete)]
    if options.form is PreviewFormat.HTML:
        from ecr_constructs.cli.output.html import page_parts

        return page_parts(report, results)
    from rich.console import Console

    from ecr_constructs.cli.output.table_report import table_parts, terminal

    console = terminal() if options.output is None else Console(file=StringIO())
    return table_parts(report, console, results=results, is_complete=options.is_complete)


def _write_pages(report: PreviewReport, results: Sequence[GateResult], options: PreviewOptions) -> None:
    """Write the pages into the folder, and delete those of an earlier preview."""
    from ecr_constructs.cli.output.html import render_pages

    folder = cast("Path", options.output)
    folder.mkdir(exist_ok=True)
    earlier = {path.name for path in folder.iterdir()}
    for name, text in render_pages(report, results):
        (folder / name).write_text(text, encoding="utf-8")
        earlier.discard(name)
    for name in earlier:
        (folder / name).unlink()


def _print_summary(report: PreviewReport) -> None:
    for message in summary_messages(report, worst_first(report.previews)):
        print_to_stderr(f"{message.kind}: {message.text}")


def _exit_code(report: PreviewReport, results: Sequence[GateResult]) -> ExitCode:
    """Print problems and failed gates to standard error, and return the exit code."""
    if report.problems:
        print_error(CommandError(report.problems))
    for result in results:
        print_error(CommandError(_gate_lines(result), path=f"--fail-if {result.gate}"))
    for gates, text in _unknown(results):
        print_error(CommandError([f"cannot be checked: {text}"], path=f"--fail-if {', '.join(gates)}"))
    if any(result.violations for result in results):
        return ExitCode.GATE
    return ExitCode.REFUSED if report.problems or any(result.unknown for result in results) else ExitCode.DONE


def _gate_lines(result: GateResult) -> list[str]:
    lines = [str(violation) for violation in result.violations[:MOST_LINES]]
    if (more := len(result.violations) - MOST_LINES) > 0:
        lines.append(f"{omitted(more, result.noun)}; --format json has all")
    return [*lines, *([result.remedy] if lines else []), *([result.note] if result.note else [])]


def _unknown(results: Sequence[GateResult]) -> Iterator[tuple[list[str], str]]:
    """Yield each missing piece of information once, with the gates that need it."""
    for text in dict.fromkeys(text for result in results for text in result.unknown):
        yield [result.gate for result in results if text in result.unknown], text
