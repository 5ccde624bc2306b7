"""The options of a preview, and the combinations that are rejected."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum
from pathlib import Path

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.preview.gates import Gate
from ecr_constructs.cli.sources.json_files import STANDARD_INPUT
from ecr_constructs.model.images import time_problem
from ecr_constructs.model.validation import abbreviate

__all__ = ["Format", "PreviewOptions", "read_instant"]

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class Format(str, Enum):
    """The formats of a preview."""

    TABLE = "table"
    JSON = "json"
    HTML = "html"
    MARKDOWN = "markdown"
    CSV = "csv"


# The format that the extension of a file name stands for.
_FORMATS = {
    ".json": Format.JSON,
    ".html": Format.HTML,
    ".htm": Format.HTML,
    ".md": Format.MARKDOWN,
    ".csv": Format.CSV,
}
# The pages in a folder.
_PAGE = re.compile(r"index\.html|repository-\d+\.html", re.ASCII)
# More days than since the first push to ECR, and more images than a quota has.
_LARGEST = 100_000_000
# The formats that always have every image.
_COMPLETE = frozenset({Format.JSON, Format.HTML, Format.CSV})


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviewOptions:
    """
    The options of a preview; docs/preview.md explains them.

    Raises:
        CommandError: with every combination that is rejected, before anything is read.

    """

    source: str | None = None
    images: Sequence[str] = ()
    manifests: Sequence[str] = ()
    live: bool = False
    profile: str | None = None
    region: str | None = None
    role: str | None = None
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
    form: Format = Format.TABLE
    is_complete: bool = False
    output: Path | None = None
    prices: Sequence[str] = ()
    unpulled_days: int | None = None
    image_quota: int | None = None

    @property
    def is_folder(self) -> bool:
        """Whether the output is a folder of pages, and not a file."""
        return self.form is Format.HTML and self.output is not None and (self.output.is_dir() or not self.output.suffix)

    def __post_init__(self) -> None:
        """Raise if options cannot be combined."""
        problems = (*_image_problems(self), *_account_problems(self), *_number_problems(self), *_file_problems(self))
        if problems:
            raise CommandError(problems)


def read_instant(text: str) -> datetime:
    """
    Return the instant in a text.

    Args:
        text: An instant in ISO 8601 with a time zone, or a day, which stands for its midnight in UTC.

    Raises:
        CommandError: if the text is neither.

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
        for name in ("profile", "role", "aws_preview", "in_use", "read_indexes", "restore"):
            if getattr(options, name):
                yield f"--{name.replace('_', '-')} needs an account; add --live, or remove it"
        if options.resource_tag:
            yield "--resource-tag needs an account, listings have no resource tags; add --live, or use --repository"
        if options.current:
            yield "--current needs an account; add --live, or give the deployed policies with --current-policy"
    has_usage = options.in_use_from or (options.live and options.in_use is not False)
    if any(gate.needs_account for gate in options.gates) and not has_usage:
        yield (
            "--fail-if in-use needs the usage of images in an account; add --live, and remove --no-in-use, "
            "or give --in-use-from"
        )
    if options.restore and options.in_use is False and not options.in_use_from:
        yield "--restore needs the usage of images; remove --no-in-use, or give --in-use-from"
    if options.live and options.at and options.aws_preview is not False:
        yield "ECR's lifecycle policy preview is about the present; remove --at, or add --no-aws-preview"


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
    if options.output:
        yield from (f"--output {options.output}: {text}" for text in _output_problems(options, options.output))


def _inputs(options: PreviewOptions) -> list[str]:
    source = [] if options.source is None else [options.source]
    return [
        *source,
        *options.images,
        *options.manifests,
        *options.current_policy,
        *options.in_use_from,
        *options.prices,
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
