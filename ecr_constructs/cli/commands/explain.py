"""The subcommand `explain`: what each rule of a lifecycle policy does, in one sentence."""

from __future__ import annotations

from typing import Annotated

import typer

from ecr_constructs.cli.formatting import printable
from ecr_constructs.cli.output.sentences import sentences
from ecr_constructs.cli.sources.policies import read_policies
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy

__all__ = ["explain"]


def explain(
    source: Annotated[str, typer.Argument(metavar="POLICY", help="Where the policy is.", show_default=False)],
    *,
    repository: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only the policy of this repository.", show_default=False)
    ] = None,
) -> None:
    """
    Say what each rule of a lifecycle policy does, in one sentence.

    An image belongs to the first rule that selects it; each sentence says which images the rules above it have taken.
    """
    reading = read_policies(source)
    if repository is not None:
        reading = reading.of(repository)
    reading.require_valid()
    told = [(each.where, each.repository, _lines(each.policy)) for each in reading.policies]
    told += [(each.where, each.repository, each.problems) for each in reading.unread]
    for where, owner, lines in told:
        if len(told) > 1:
            print(printable(f"{where}{f' ({owner})' if owner else ''}"))
        for line in lines:
            print(printable(f"  {line}" if len(told) > 1 else line))


def _lines(policy: LifecyclePolicy) -> tuple[str, ...]:
    return sentences(policy) or ("No rule: every image stays.",)
