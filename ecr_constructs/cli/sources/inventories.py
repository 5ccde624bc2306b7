"""The inventory of a source: templates, or a Terraform state or plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ecr_constructs.assembly.files import MAXIMUM_BYTES
from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.sources.inventory import Inventory
from ecr_constructs.cli.sources.json_files import STANDARD_INPUT, decode, parse, path_of, read_input
from ecr_constructs.cli.sources.stack_templates import read_template, read_templates
from ecr_constructs.cli.sources.terraform import is_terraform
from ecr_constructs.cli.sources.terraform_inventory import read_terraform_inventory

__all__ = ["read_inventory"]

# A state file has all resources of a configuration.
_MAXIMUM_BYTES = 16 * MAXIMUM_BYTES


def read_inventory(source: str, stack: str | None) -> Inventory:
    """
    Return the resources of a source.

    Args:
        source: A template, a folder of templates, a folder that `cdk synth` wrote, a Terraform state file, the output
            of `terraform show -json`, or `-` for standard input.
        stack: The name of the stack. Default: of a template, the name of its file; otherwise `Containers`.

    Raises:
        CommandError: If the source cannot be read, or if a name is given for several stacks.

    """
    if source != STANDARD_INPUT and path_of(source).is_dir():
        stacks = read_templates(source)
        roots = [each for each in stacks if "/" not in each.stack]
        if stack is not None and len(roots) != 1:
            raise CommandError([f"{len(roots)} stacks, and --stack names one; remove it"], path=source)
        if stack is not None:
            old = roots[0].stack
            stacks = tuple(replace(each, stack=f"{stack}{each.stack.removeprefix(old)}") for each in stacks)
        return Inventory(origin="template", stacks=stacks)
    where = "standard input" if source == STANDARD_INPUT else source
    try:
        text = decode(read_input(source, maximum=_MAXIMUM_BYTES), where=where)
    except (FileNotFoundError, NotADirectoryError):
        message = "no such file or folder; give a template, a cdk.out, or a Terraform state"
        raise CommandError([message], path=source) from None
    document = parse(text, where=where)
    if isinstance(document, Mapping) and is_terraform(document):
        return read_terraform_inventory(document, stack or "Containers", where)
    template = read_template(document, source)
    return Inventory(origin="template", stacks=[replace(template, stack=stack or template.stack)])
