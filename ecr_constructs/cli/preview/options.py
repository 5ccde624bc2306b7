"""The options of a preview, and the combinations that are rejected."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum
from pathlib import Path

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.preview.gates import FindingsGate, Gate
from ecr_constructs.cli.sources.json_files import STANDARD_INPUT
from ecr_constructs.model.images import time_problem
from ecr_constructs.model.validation import abbreviate

__all__ = ["PreviewFormat", "PreviewOptions", "read_instant"]

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class PreviewFormat(str, Enum):
    """The formats of a preview."""

    TABLE = "table"
    JSON = "json"
    HTML = "html"
    MARKDOWN = "markdown"
    CSV = "csv"


# The format for the extension of a file name.
_FORMATS = {
    ".json": PreviewFormat.JSON,
    ".html": PreviewFormat.HTML,
    ".htm": PreviewFormat.HTML,
    ".md": PreviewFormat.MARKDOWN,
    ".csv": PreviewFormat.CSV,
}
# The options that need --live.
_ACCOUNT_OPTIONS = (
    *("profile", "role", "accounts", "organization", "role_name", "regions", "state_dir"),
    *("aws_preview", "in_use", "read_indexes", "restore"),
)
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d+", re.ASCII)
# A path and a name: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
_ROLE_NAME = re.compile(r"([\w+=,.@-]+/)*[\w+=,.@-]{1,64}", re.ASCII)
# The pages in a folder.
_PAGE = re.compile(r"index\.html|repository-\d+\.html", re.ASCII)
# A larger number than the days since the first push to ECR, and than the images of a quota.
_LARGEST = 100_000_000
# The formats that always have every image.
_COMPLETE = frozenset({PreviewFormat.JSON, PreviewFormat.HTML, PreviewFormat.CSV})


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviewOptions:
    """
    The options of a preview, which the page 'Preview lifecycle policies' of the documentation explains.

    Raises:
        CommandError: With every combination that is rejected, before anything is read.

    """

    source: str | None = None
    images: Sequence[str] = ()
    manifests: Sequence[str] = ()
    live: bool = False
    profile: str | None = None
    region: str | None = None
    role: str | None = None
    accounts: str | None = None
    organization: bool = False
    role_name: str | None = None
    regions: Sequence[str] = ()
    state_dir: Path | None = None
    repository: Sequence[str] = ()
    resource_tag: Sequence[str] = ()
    parameter: Sequence[str] = ()
    current: bool = False
    current_policy: Sequence[str] = ()
    at: datetime | None = None
    aws_preview: bool | None = None
    in_use: bool | None = None
    in_use_from: Sequence[str] = ()
    restore: bool = False
    read_indexes: bool = False
    gates: Sequence[Gate] = ()
    form: PreviewFormat = PreviewFormat.TABLE
    is_complete: bool = False
    output: Path | None = None
    scan_findings: Sequence[str] = ()
    accepted_findings: Sequence[Path] = ()
    prices: Sequence[str] = ()
    unpulled_days: int | None = None
    image_quota: int | None = None

    @property
    def is_fleet(self) -> bool:
        """Whether several accounts or Regions are given."""
        return bool(self.accounts or self.organization or self.regions)

    @property
    def is_folder(self) -> bool:
        """Whether the output is a folder of pages, and not a file."""
        return (
            self.form is PreviewFormat.HTML
            and self.output is not None
            and (self.output.is_dir() or not self.output.suffix)
        )

    def __post_init__(self) -> None:
        """Raise an error if options cannot be combined."""
        problems = (
            *_image_problems(self),
            *_account_problems(self),
            *_fleet_problems(self),
            *_number_problems(self),
            *_findings_problems(self),
            *_file_problems(self),
        )
        if problems:
            raise CommandError(problems)


def read_instant(text: str) -> datetime:
    """
    Return the instant in a text.

    Args:
        text: An instant in ISO 8601 with a time zone, or a day, which stands for its midnight in UTC.

    Raises:
        CommandError: If the text is neither.

    """
    message = f"{abbreviate(text)} is not a day or an instant with a time zone; write it as 2026-06-01T00:00:00Z"
    written = f"{text}T00:00:00Z" if _DAY.fullmatch(text) else text
    try:
        moment = datetime.fromisoformat(written.replace("Z", "+00:00"))  # Python 3.10 does not parse Z
    except ValueError:
        raise CommandError([message], path="--at") from None
    if time_problem(moment):
        raise CommandError([message], path="--at")
    return moment.astimezone(timezone.utc)


def _image_problems(options: PreviewOptions) -> Iterator[str]:
    if not options.live and not options.images:
        yield "no images; add --images with the output of 'aws ecr describe-images', or --live to read an account"
    if options.source is None and not options.live:
        yield "no policies; give a PATH, or add --live to preview the deployed policies of the account"
    if options.source is None and options.current:
        yield "without a PATH the deployed policies are previewed; remove --current"
    if options.live and options.images:
        yield "--live lists the images of the account; remove --images, or remove --live"
    if options.manifests and not options.images:
        yield "--manifests needs --images; with --live, use --read-indexes to read the manifests of the account"
    if options.live and options.current_policy:
        yield "--current-policy needs --images; with --live, use --current to read the deployed policies"


def _account_problems(options: PreviewOptions) -> Iterator[str]:
    if not options.live:
        for name in _ACCOUNT_OPTIONS:
            if getattr(options, name):
                yield f"--{name.replace('_', '-')} needs an account; add --live, or remove it"
        if options.resource_tag:
            yield "--resource-tag needs an account, listings have no resource tags; add --live, or use --repository"
        if options.current:
            yield "--current needs an account; add --live, or give the deployed policies with --current-policy"
    has_usage = options.in_use_from or (options.live and options.in_use is not False)
    if any(gate.needs_account for gate in options.gates) and not has_usage:
        yield (
            "--fail-if in-use or findings needs the usage of images; add --live, and remove --no-in-use, or give "
            "--in-use-from"
        )
    if options.restore and options.in_use is False and not options.in_use_from:
        yield "--restore needs the usage of images; remove --no-in-use, or give --in-use-from"
    if options.live and options.at and options.aws_preview is not False:
        yield "ECR's lifecycle policy preview is about the present; remove --at, or add --no-aws-preview"


def _fleet_problems(options: PreviewOptions) -> Iterator[str]:
    if options.accounts and options.organization:
        yield "--accounts and --organization both choose the accounts; remove one of them"
    has_accounts = bool(options.accounts or options.organization)
    if has_accounts and not options.role_name:
        yield "several accounts require a role in each account; add --role-name"
    if options.role_name and not has_accounts:
        yield "--role-name needs --accounts or --organization; for one account, use --role with the ARN of the role"
    if options.role_name and not _ROLE_NAME.fullmatch(options.role_name):
        name = abbreviate(options.role_name)
        yield f"--role-name {name} is not the name of a role; write it without 'arn:' and account, such as ecr-reader"
    if options.region and options.regions:
        yield "--region and --regions both choose the Regions; remove --region"
    yield from (
        f"--regions: {abbreviate(each)} is not a Region; write it as eu-west-1,us-east-1"
        for each in options.regions
        if not _REGION.fullmatch(each)
    )


def _findings_problems(options: PreviewOptions) -> Iterator[str]:
    has_gate = any(isinstance(gate, FindingsGate) for gate in options.gates)
    if has_gate and not options.live and not options.scan_findings:
        yield "--fail-if findings needs the findings of image scans; add --live, or give --scan-findings"
    if options.live and options.scan_findings:
        yield "--live reads the findings of the account; remove --scan-findings"
    if not has_gate and (options.scan_findings or options.accepted_findings):
        yield "--scan-findings and --accepted-findings need --fail-if findings:SEVERITY; add it, or remove them"


def _number_problems(options: PreviewOptions) -> Iterator[str]:
    for name in ("unpulled_days", "image_quota"):
        if (number := getattr(options, name)) is not None and not 1 <= number <= _LARGEST:
            yield f"--{name.replace('_', '-')} is {number}; give a number from 1 to {_LARGEST:,}"


def _file_problems(options: PreviewOptions) -> Iterator[str]:
    if _inputs(options).count(STANDARD_INPUT) > 1:
        yield "standard input can be read once; give files for the rest"
    if options.restore and STANDARD_INPUT in _inputs(options):
        yield "--restore reads its confirmation from standard input; give files"
    if options.is_complete and options.form in _COMPLETE:
        yield f"--format {options.form.value} has every image already; remove --all"
    if options.state_dir:
        from ecr_constructs.cli.aws.readings import folder_problem

        if problem := folder_problem(options.state_dir):
            yield f"--state-dir {options.state_dir}: {problem}"
    if options.output:
        yield from (f"--output {options.output}: {text}" for text in _output_problems(options, options.output))


def _inputs(options: PreviewOptions) -> list[str]:
    source = [] if options.source is None else [options.source]
    accounts = [] if options.accounts is None else [options.accounts]
    return [
        *source,
        *accounts,
        *options.images,
        *options.manifests,
        *options.current_policy,
        *options.in_use_from,
        *options.prices,
        *options.scan_findings,
    ]


def _foreign_file(folder: Path) -> str | None:
    """Return the name of a file in a folder that is not a page of an earlier preview, or None."""
    names = sorted(path.name for path in folder.iterdir())
    return next((name for name in names if not _PAGE.fullmatch(name)), None)


def _output_problems(options: PreviewOptions, output: Path) -> Iterator[str]:
    if not output.absolute().parent.is_dir():
        yield "no such folder; create it first"
    if output.is_dir() and not options.is_folder:
        yield "this is a folder; name a file in it, or add --format html for a folder of pages"
    if options.is_folder and output.is_dir() and (foreign := _foreign_file(output)):
        yield f"it contains {foreign}, which is not a page of a preview; name an empty folder"
    if output.resolve() in (Path(each).resolve() for each in _inputs(options)):
        yield "this is an input and would be overwritten; name another file"
    if (expected := _FORMATS.get(output.suffix.lower(), options.form)) is not options.form:
        form = f"--format {expected.value}"
        yield f"the file name is for {expected.value} and --format is {options.form.value}; add {form}, or rename it"
