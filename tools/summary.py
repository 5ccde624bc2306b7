"""What `make synth` ends with: the stacks, their repositories, and what each is protected by."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ecr_constructs.assembly import read_assembly, repositories

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ecr_constructs.assembly import RepositoryResource, Stack


def summary(stacks: Sequence[Stack]) -> Iterator[str]:
    """Write the lines of the summary."""
    for stack in stacks:
        found = repositories(stack.template)
        yield f"{stack.name}: {_count(len(found), 'repository', 'repositories')}, template in {stack.template_path}"
        rows = [_row(repository) for repository in found]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _row(repository: RepositoryResource) -> tuple[str, ...]:
    return (
        repository.name or repository.logical_id,
        _tags(repository),
        "scanned on push" if repository.scans_on_push else "not scanned on push",
        f"{repository.encryption}, {'own key' if repository.has_own_key else 'key of AWS'}",
        _count(len(repository.lifecycle_rules), "lifecycle rule", "lifecycle rules"),
        "retained" if repository.is_retained else "deleted with the stack",
    )


def _tags(repository: RepositoryResource) -> str:
    filters = ", ".join(repository.exclusion_filters)
    return {
        "IMMUTABLE": "no tag can move",
        "IMMUTABLE_WITH_EXCLUSION": f"only {filters} can move",
        "MUTABLE_WITH_EXCLUSION": f"all but {filters} can move",
        "MUTABLE": "every tag can move",
    }.get(repository.mutability, repository.mutability)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


if __name__ == "__main__":
    print("\n".join(summary(read_assembly(Path(sys.argv[1])))))
