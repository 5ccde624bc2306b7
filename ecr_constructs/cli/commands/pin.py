"""The subcommand `pin`: the digests of tags in a file that is committed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecr_constructs.cli.errors import CommandError, ExitCode
from ecr_constructs.cli.formatting import count, printable
from ecr_constructs.cli.progress import NoProgress
from ecr_constructs.cli.sources.image_tags import DeployedImages, deployed_images
from ecr_constructs.cli.sources.policies import read_stacks
from ecr_constructs.errors import InvalidName
from ecr_constructs.model.pins import PINS_FILE, ImagePin, read_image_pins, write_image_pins
from ecr_constructs.model.references import ImageReference

if TYPE_CHECKING:
    from ecr_constructs.cli.aws import Account

__all__ = ["pin"]


def pin(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="PATH",
            help="The app whose images are pinned: a cdk.out, a template, a folder of templates, or '-'.",
            show_default=False,
        ),
    ] = None,
    *,
    images: Annotated[
        list[str] | None,
        typer.Option("--image", metavar="NAME:TAG", help="Also pin this tag of a repository. Repeatable."),
    ] = None,
    pins: Annotated[Path, typer.Option("--pins", metavar="FILE", help="The file of pins.")] = Path(PINS_FILE),
    live: Annotated[bool, typer.Option("--live", help="Read the digests from the AWS account.")] = False,
    profile: Annotated[
        str | None, typer.Option(metavar="NAME", help="With --live: a profile of the AWS configuration.")
    ] = None,
    region: Annotated[str | None, typer.Option(metavar="NAME", help="With --live: the Region.")] = None,
    role: Annotated[str | None, typer.Option(metavar="ARN", help="With --live: a role to assume.")] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Replace the digests of existing pins whose tag has another image.")
    ] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Delete the pins that no template of PATH uses.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Write nothing, and report stale and unused pins.")] = False,
) -> None:
    """
    Record the digests of image tags in a file, for reproducible deployments.

    Commit the file. The constructs read it: repository.pinned(TAG). Existing pins are not changed without --update.
    """
    account_options = {"profile": profile, "region": region, "role": role}
    _require_usable(source, images or (), live=live, update=update, prune=prune, check=check, account=account_options)
    given = [_image(each) for each in images or ()]
    deployed = None if source is None else deployed_images(read_stacks(source))
    existing = read_image_pins(pins) if check or pins.exists() else ()
    account = None
    if live:
        from ecr_constructs.cli.aws import connect

        account = connect(**account_options)
    if check:
        _report(_findings(existing, deployed, account))
        return
    kept = tuple(each for each in existing if not (prune and deployed and not deployed.has_digest_of(each)))
    wanted = [*given, *_tags(deployed, account)]
    found = _resolved(account, kept, wanted, update=update) if account else {}
    new = _merged(kept, found, account)
    for line in _lines(existing, new):
        print(printable(line))
    for each in deployed.unnamed if deployed else ():
        print(printable(f"not pinned: {each}: CloudFormation generates its name; give repository_name="))
    if new != existing or not pins.exists():
        write_image_pins(pins, new)
    print(printable(f"{pins} has {count(len(new), 'pin')}"))


def _require_usable(
    source: str | None,
    images: Sequence[str],
    *,
    live: bool,
    update: bool,
    prune: bool,
    check: bool,
    account: Mapping[str, str | None],
) -> None:
    problems = []
    if not live and not check and not prune:
        problems.append("digests are read from an AWS account; add --live, or --check to compare the pins with PATH")
    if not live:
        problems += [f"--{name} needs an account; add --live, or remove it" for name, value in account.items() if value]
        problems += ["--update needs an account; add --live"] if update else []
        problems += ["--image needs an account; add --live"] if images and not check else []
    if check:
        given = {"--update": update, "--prune": prune, "--image": bool(images)}
        problems += [f"--check writes nothing; remove {name}" for name, is_given in given.items() if is_given]
    if prune and source is None:
        problems.append("--prune needs the templates; give PATH")
    if source is None and not images and not update and (not check or not live):
        problems.append("nothing to pin; give PATH, --image NAME:TAG, or --update")
    if problems:
        raise CommandError(problems)


def _image(text: str) -> str:
    """Return an image of `--image` as `repository:tag`."""
    try:
        parsed = ImageReference.parse(text)
    except InvalidName as error:
        raise CommandError(error.problems, path=f"--image {text}") from None
    if parsed.registry is not None or parsed.digest is not None or parsed.tag is None:
        message = "write the repository and the tag, such as prod/api:v1.4.2; --profile and --region are the registry"
        raise CommandError([message], path=f"--image {text}")
    return f"{parsed.repository}:{parsed.tag}"


def _tags(deployed: DeployedImages | None, account: Account | None) -> list[str]:
    return deployed.in_registry(account.account_id, account.region) if deployed and account else []


def _here(pins: Iterable[ImagePin], account: Account) -> dict[str, ImagePin]:
    """Return the pins of the registry of an account, by image."""
    return {each.image: each for each in pins if (each.account, each.region) == (account.account_id, account.region)}


def _resolved(account: Account, pins: Sequence[ImagePin], wanted: Sequence[str], *, update: bool) -> dict[str, str]:
    """Return the digests of the images to pin. If one does not exist, no file is written."""
    here = _here(pins, account)
    images = dict.fromkeys([*(here if update else ()), *(each for each in wanted if update or each not in here)])
    digests, absent, problems = account.digests(list(images), progress=NoProgress())
    missing = [
        f"{each} does not exist in {account.account_id}/{account.region}; push it, or correct the name"
        for each in absent
    ]
    if missing or problems:
        raise CommandError([*missing, *problems])
    return digests


def _merged(pins: Sequence[ImagePin], digests: Mapping[str, str], account: Account | None) -> tuple[ImagePin, ...]:
    new = [] if account is None else [_pin(account, image, digest) for image, digest in digests.items()]
    merged = {(each.registry, each.image): each for each in (*pins, *new)}
    return tuple(merged[key] for key in sorted(merged))


def _pin(account: Account, image: str, digest: str) -> ImagePin:
    repository, _, tag = image.rpartition(":")
    return ImagePin(account=account.account_id, region=account.region, repository=repository, tag=tag, digest=digest)


def _lines(before: Sequence[ImagePin], after: Sequence[ImagePin]) -> Iterator[str]:
    """Yield one line for each pin that is added, updated or deleted."""
    old = {(each.registry, each.image): each.digest for each in before}
    new = {(each.registry, each.image): each.digest for each in after}
    for key in sorted({*old, *new}):
        where = f"{key[1]} in {key[0]}"
        if key not in old:
            yield f"pinned: {where}: {new[key]}"
        elif key not in new:
            yield f"removed: {where}: {old[key]}"
        elif old[key] != new[key]:
            yield f"updated: {where}: {old[key]} to {new[key]}"


# --- check ---


@dataclass(frozen=True, kw_only=True, slots=True)
class _PinFinding:
    """A pin that does not correspond to the registry or to the templates."""

    kind: str
    subject: str
    sentence: str


def _findings(
    pins: Sequence[ImagePin], deployed: DeployedImages | None, account: Account | None
) -> Iterator[_PinFinding]:
    if account is not None:
        yield from _stale(pins, account)
    if deployed is not None:
        yield from _unused(pins, deployed)


def _stale(pins: Sequence[ImagePin], account: Account) -> Iterator[_PinFinding]:
    here = _here(pins, account)
    digests, absent, problems = account.digests(list(here), progress=NoProgress())
    if problems:
        raise CommandError(problems)
    for image, each in here.items():
        if image in absent:
            sentence = "the tag no longer exists; delete the pin with --prune, or push the image"
            yield _PinFinding(kind="gone", subject=f"{image} in {each.registry}", sentence=sentence)
        elif digests[image] != each.digest:
            sentence = f"the pin is {each.digest}, the tag has {digests[image]}; run with --update"
            yield _PinFinding(kind="moved", subject=f"{image} in {each.registry}", sentence=sentence)


def _unused(pins: Sequence[ImagePin], deployed: DeployedImages) -> Iterator[_PinFinding]:
    for each in pins:
        if not deployed.has_digest_of(each):
            is_by_tag = each.image in deployed.in_registry(each.account, each.region)
            by_tag = f"a template deploys its tag; use pinned({each.tag!r}) there"
            sentence = by_tag if is_by_tag else "no template deploys its digest; delete it with --prune"
            yield _PinFinding(kind="unused", subject=f"{each.image} in {each.registry}", sentence=sentence)


def _report(findings: Iterable[_PinFinding]) -> None:
    found = list(findings)
    for each in found:
        print(printable(f"{each.kind}: {each.subject}: {each.sentence}"))
    if found:
        raise typer.Exit(ExitCode.FOUND)
    print("All pins are current.")
