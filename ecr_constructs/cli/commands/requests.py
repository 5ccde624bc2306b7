"""What is asked of a preview, and what cannot be asked together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from ecr_constructs.cli.exits import CommandError
from ecr_constructs.cli.previews.gates import Gate
from ecr_constructs.cli.sources.dumps import STANDARD_INPUT
from ecr_constructs.model.grammar import shown
from ecr_constructs.model.images import time_problem

__all__ = ["Request", "instant_of"]


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
    aws_preview: bool = True
    in_use: bool = True
    read_indexes: bool = False
    gates: Sequence[Gate] = ()
    output: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what does not go together."""
        problems = (*_of_images(self), *_of_account(self), *_of_files(self))
        if problems:
            raise CommandError(problems)

    @property
    def instant(self) -> datetime:
        """The instant of the preview: the present, unless another is given."""
        return self.at or datetime.now(timezone.utc)


def instant_of(text: str) -> datetime:
    """
    Read an instant.

    Args:
        text: As in ISO 8601, with a time zone.

    Raises:
        CommandError: if it is none.

    """
    message = f"{shown(text)} is no instant with a time zone; write it as 2026-06-01T00:00:00Z"
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))  # Python 3.10 knows no Z
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
        for name in ("profile", "region", "role", "current", "read_indexes"):
            if getattr(request, name):
                yield f"--{name.replace('_', '-')} is about a live account; add --live, or leave it out"
    if any(gate.needs_account for gate in request.gates) and not (request.live and request.in_use):
        yield "--fail-if in-use needs an account that says what runs; add --live, and leave out --no-in-use"
    if request.live and request.at and request.aws_preview:
        yield "AWS's own preview is about the present; leave out --at, or add --no-aws-preview"


def _of_files(request: Request) -> Iterator[str]:
    if [request.source, *request.images, *request.current_policy].count(STANDARD_INPUT) > 1:
        yield "standard input can be read once; give files for the rest"
    if request.output and not request.output.absolute().parent.is_dir():
        yield f"--output {request.output}: there is no such folder; make it first"
    if request.output and request.output.is_dir():
        yield f"--output {request.output}: this is a folder; name a file in it"
