"""The subcommand `adopt`: a program of constructs for existing repositories and registry settings."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from ecr_constructs.cli.adoption.identifiers import stack_name
from ecr_constructs.cli.adoption.import_mapping import import_mapping
from ecr_constructs.cli.adoption.plan import AdoptionPlan, plan_program
from ecr_constructs.cli.adoption.planned import is_repository
from ecr_constructs.cli.adoption.program import program_files
from ecr_constructs.cli.adoption.report import report
from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.formatting import count, printable
from ecr_constructs.cli.progress import NoProgress
from ecr_constructs.cli.sources.images import read_repositories
from ecr_constructs.cli.sources.inventories import read_inventory
from ecr_constructs.cli.sources.inventory import Inventory
from ecr_constructs.cli.sources.json_files import STANDARD_INPUT
from ecr_constructs.model.images import Image

__all__ = ["adopt"]

_REPORT = "REPORT.md"


def adopt(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="SOURCE",
            help="A template, a folder of templates, a cdk.out, a Terraform state, 'terraform show -json', or '-'.",
            show_default=False,
        ),
    ] = None,
    *,
    live: Annotated[
        bool, typer.Option("--live", help="Adopt the repositories and the registry of the account.")
    ] = False,
    profile: Annotated[
        str | None, typer.Option(metavar="NAME", help="With --live: a profile of the AWS configuration.")
    ] = None,
    region: Annotated[str | None, typer.Option(metavar="NAME", help="With --live: the Region.")] = None,
    role: Annotated[str | None, typer.Option(metavar="ARN", help="With --live: a role to assume.")] = None,
    output: Annotated[Path, typer.Option(metavar="FOLDER", help="The folder to write.")] = Path("adopted"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite the files of an earlier run.")] = False,
    stack: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The name of the stack. [default: the name of the template file, or Containers]",
            show_default=False,
        ),
    ] = None,
    images: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH",
            help="Images, to list the tags that immutable tags would reject: the output of 'aws ecr describe-images', "
            "a folder of such files, or '-'. Repeatable.",
        ),
    ] = None,
) -> None:
    """
    Write a CDK app that declares existing resources, the mapping to import them, and a report.

    The report has the steps to hardened repositories. The app changes no setting. Resources that the
    constructs do not accept remain L1 constructs, and the report lists them. Nothing is changed or deployed.
    """
    account = {"profile": profile, "region": region, "role": role}
    _require_usable(source, images or (), stack, live=live, account=account)
    inventory = _inventory(source, stack, live=live, account=account)
    inventory = replace(inventory, images={**inventory.images, **_images_by_repository(images or ())})
    plan = plan_program(inventory)
    shown = "the account" if live or source is None else "standard input" if source == STANDARD_INPUT else source
    files = {
        **program_files(plan),
        **_mappings(plan),
        _REPORT: report(plan, shown, template=_from_folder(source, output)),
    }
    _write(output, files, force=force)
    print("\n".join(_lines(plan, output)))


def _from_folder(source: str | None, folder: Path) -> str | None:
    """Return the path of the source from the folder in which the commands of the report are run."""
    if source is None or source == STANDARD_INPUT:
        return None
    try:
        return os.path.relpath(Path(source).resolve(), folder.resolve())
    except ValueError:
        return str(Path(source).resolve())  # on another drive of Windows


def _require_usable(
    source: str | None, images: Sequence[str], stack: str | None, *, live: bool, account: Mapping[str, str | None]
) -> None:
    problems = []
    if live and source is not None:
        problems.append("--live reads the account; remove the source, or --live")
    if not live and source is None:
        problems.append("give a template, a cdk.out, a Terraform state or plan, or add --live to adopt an account")
    if not live:
        given = [name for name, value in account.items() if value]
        problems += [f"--{name} needs an account; add --live, or remove it" for name in given]
    if [source, *images].count(STANDARD_INPUT) > 1:
        problems.append("standard input can be read once; give files for the rest")
    if stack is not None and stack_name(stack) != stack:
        problems.append(f"--stack {stack!r} is not a stack name; use letters, digits and '-', and a letter first")
    if problems:
        raise CommandError(problems)


def _inventory(source: str | None, stack: str | None, *, live: bool, account: Mapping[str, str | None]) -> Inventory:
    if source is not None and not live:
        return read_inventory(source, stack)
    from ecr_constructs.cli.aws import read_account_inventory

    return read_account_inventory(
        stack=stack or "Containers",
        profile=account["profile"],
        region=account["region"],
        role=account["role"],
        progress=NoProgress(),
    )


def _images_by_repository(sources: Sequence[str]) -> dict[str, Sequence[Image]]:
    return {each.name: each.images for each in read_repositories(sources)} if sources else {}


def _mappings(plan: AdoptionPlan) -> dict[str, str]:
    found = {each.name: import_mapping(each) for root in plan.stacks for each in (root,)}
    return {f"{name}.import.json": json.dumps(each, indent=2) + "\n" for name, each in found.items() if each}


def _write(folder: Path, files: Mapping[str, str], *, force: bool) -> None:
    """Write the files. Without `force`, nothing is written if one of them exists."""
    existing = sorted(name for name in files if (folder / name).exists())
    if existing and not force:
        message = f"{', '.join(existing[:3])} exist; give another --output, or --force to overwrite them"
        raise CommandError([message], path=str(folder))
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8", errors="backslashreplace")


def _lines(plan: AdoptionPlan, folder: Path) -> list[str]:
    constructs = [each for _, each in plan.constructs]
    repositories = sum(map(is_repository, constructs))
    plain = [each for each in constructs if each.reasons]
    others = len(constructs) - repositories - len(plain)
    counts = [f"{count(repositories, 'repository')} as HardenedRepository", count(others, "other construct")]
    lines = [", ".join([*counts, f"{count(len(plain), 'resource')} as L1"])]
    lines += [f"left out: {each}" for each in plan.inventory.notes]
    path = shlex.quote(str(folder))
    lines.append(f"read {path}/{_REPORT}, then run: cd {path} && cdk synth")
    return [printable(each) for each in lines]
