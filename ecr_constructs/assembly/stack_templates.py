"""The templates of the stacks of an assembly, for the comparison of states."""

from __future__ import annotations

from pathlib import Path

from ecr_constructs.assembly import read_assembly
from ecr_constructs.model.changes.state import StackTemplate

__all__ = ["stack_templates"]


def stack_templates(directory: Path) -> tuple[StackTemplate, ...]:
    """
    Return the templates of a cloud assembly, including those of its stages and nested stacks.

    Args:
        directory: The output directory of `cdk synth`, such as `cdk.out`.

    Raises:
        FileNotFoundError: If the directory has no manifest.
        OSError: If a file cannot be read.
        EcrConstructsError: If the directory is not a cloud assembly of the CDK.

    """
    return tuple(
        StackTemplate(
            stack=each.name,
            template=each.template,
            environment=each.environment,
            path=str(each.template_path),
        )
        for each in read_assembly(directory)
    )
