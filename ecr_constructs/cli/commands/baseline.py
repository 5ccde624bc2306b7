"""The subcommand `baseline`: a file with the names, the encryption and the logical IDs of an app."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ecr_constructs.cli.output.destination import write_output
from ecr_constructs.cli.sources.stack_templates import read_templates
from ecr_constructs.model.changes.baseline import baseline_document
from ecr_constructs.model.changes.state import distinct_stacks, read_state

__all__ = ["baseline"]


def baseline(
    source: Annotated[
        str,
        typer.Argument(
            metavar="PATH", help="A cdk.out, a template, a folder of templates, or '-'.", show_default=False
        ),
    ],
    *,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write to this file. [default: standard output]")
    ] = None,
) -> None:
    """
    Record the names, the encryption and the logical IDs of the ECR resources of an app.

    Commit the file. With enforce_baseline(app, FILE), synthesis fails if one of them changes.
    """
    document = baseline_document(read_state(distinct_stacks(read_templates(source))))
    write_output(json.dumps(document, indent=2, sort_keys=True) + "\n", output)
