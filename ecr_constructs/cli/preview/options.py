"""What is asked of a preview, and what cannot be asked together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum
from pathlib import Path

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.preview.gates import Gate
from ecr_constructs.cli.sources.inputs import STANDARD_INPUT
from ecr_constructs.model.images import time_problem
from ecr_constructs.model.validation import abbreviate

__all__ = ["Format", "Request", "instant_of"]

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class Format(str, Enum):
    """How previews are written."""

    TABLE = "table"
    JSON = "json"
    HTML = "html"


# What the name of a file says of what is in it.
_FORMATS = {".json": Format.JSON, ".html": Format.HTML, ".htm": Format.HTML}


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """
    What is asked of a preview; the attributes are its options, and docs/preview.md tells what they do.

    Raises:
        CommandError: with everything that does not go together, before anything is read.

    """

    source: str
    images: Sequence[str] = ()
    live: bool = False
    profile: str | None = None
    region: str | None = None
    role: str | None = None
    repository: Sequence[str] = ()
    current: bool = False
    current_policy: Sequence[str] = ()
    at: datetime | None = None
    aws_preview: bool | None = None
    in_use: bool | None = None
    read_indexes: bool = False
    gates: Sequence[Gate] = ()
    form: Format = Format.TABLE
    output: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what does not go together."""
        problems = (*_of_images(self), *_of_account(self), *_of_files(self))
        if problems:
            raise CommandError(problems)


def instant_of(text: str) -> datetime:
    """
    Read an instant.

    Args:
        text: As in ISO 8601, with a time zone; a day is its beginning in UTC.

    Raises:
        CommandError: if it is none.

    """
    message = f"{abbreviate(text)} is no day and no instant with a time zone; write it as 2026-06-01T00:00:00Z"
    written = f"{text}T00:00:00Z" if _DAY.fullmatch(text) else text
    try:
        moment = datetime.fromisoformat(written.replace("Z", "+00:00"))  # Python 3.10 knows no Z
    except ValueError:
        raise CommandError([message], path="--at") from None
    if time_problem(moment):
        raise CommandError([message], path="--at")
    return moment.astimezone(timezone.utc)


def _of_images(request: Request) -> Iterator[str]:
    if not request.live and not request.images:
        yield "no images; give --images with what 'aws ecr describe-images' printed, or --live to ask the account"
    if request.live and request.images:
        yield "--live lists the images itself; leave out --images, or leave out --live"
    if request.live and request.current_policy:
        yield "--current-policy goes with --images; with --live, write --current to read what is deployed"


def _of_account(request: Request) -> Iterator[str]:
    if not request.live:
        for name in ("profile", "region", "role", "aws_preview", "in_use", "read_indexes"):
            if getattr(request, name):
                yield f"--{name.replace('_', '-')} is about a live account; add --live, or leave it out"
        if request.current:
            yield "--current asks a live account; add --live, or give what is deployed with --current-policy"
    if any(gate.needs_account for gate in request.gates) and (not request.live or request.in_use is False):
        yield "--fail-if in-use needs an account that says what runs; add --live, and leave out --no-in-use"
    if request.live and request.at and request.aws_preview is not False:
        yield "AWS's own preview is about the present; leave out --at, or add --no-aws-preview"


def _of_files(request: Request) -> Iterator[str]:
    if [request.source, *request.images, *request.current_policy].count(STANDARD_INPUT) > 1:
        yield "standard input can be read once; give files for the rest"
    if request.output:
        yield from (f"--output {request.output}: {text}" for text in _of_output(request, request.output))


def _of_output(request: Request, output: Path) -> Iterator[str]:
    if not output.absolute().parent.is_dir():
        yield "there is no such folder; make it first"
    if output.is_dir():
        yield "this is a folder; name a file in it"
    if output.resolve() in (
        Path(each).resolve() for each in (request.source, *request.images, *request.current_policy)
    ):
        yield "this is read and would be written over; name another file"
    if (said := _FORMATS.get(output.suffix.lower(), request.form)) is not request.form:
        yield f"its name says {said.value}, and --format {request.form.value}; add --format {said.value}, or rename it"
