"""The subcommand `explain`: the effect of each rule of a lifecycle policy, in one sentence."""

from __future__ import annotations

from typing import Annotated

import typer

from ecr_constructs.cli.commands.options import ParameterOption
from ecr_constructs.cli.formatting import printable
from ecr_constructs.cli.sources.parameters import Parameters
from ecr_constructs.cli.sources.policies import read_policies

__all__ = ["explain"]


def explain(
    source: Annotated[
        str, typer.Argument(metavar="POLICY", help="A file or folder of policies, or '-'.", show_default=False)
    ],
    *,
    repository: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only the policy of this repository.", show_default=False)
    ] = None,
    parameter: ParameterOption = None,
) -> None:
    """
    Explain each rule of a lifecycle policy in one sentence.

    ECR assigns each image to the first rule that selects it. The sentence of a rule names the rules before it that can
    select the same images.
    """
    reading = read_policies(source, Parameters.parse(parameter or ()))
    if repository is not None:
        reading = reading.of(repository)
    reading.require_valid()
    found = [
        (each.where, each.repository, each.policy.explain() or ("No rule: all images are kept.",))
        for each in reading.policies
    ]
    found += [(each.where, each.repository, each.problems) for each in reading.unread]
    # The place of a policy has its conditions and the defaults that it was read with.
    is_shown = len(found) > 1 or any(each.is_assumed for each in reading.policies)
    for where, owner, lines in found:
        if is_shown:
            print(printable(f"{where}{f' ({owner})' if owner else ''}"))
        for line in lines:
            print(printable(f"  {line}" if is_shown else line))
