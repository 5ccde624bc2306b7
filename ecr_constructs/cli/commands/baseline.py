"""The subcommand `baseline`: a file with the names, the encryption and the logical ids of an app."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

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
    Record the names, the encryption and the logical ids of the ECR resources of an app.

    Commit the file. With enforce_baseline(app, FILE), synthesis fails if one of them changes.
    """
    text = (
        json.dumps(baseline_document(read_state(distinct_stacks(read_templates(source)))), indent=2, sort_keys=True)
        + "\n"
    )
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding="utf-8")
