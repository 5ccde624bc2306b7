"""Many repositories with the same policy: one line for each, and what is true of several is said once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from rich.console import RenderableType
from rich.text import Text

from ecr_constructs.cli.formatting import bytes_of, printable
from ecr_constructs.cli.output.grids import fitting, grid
from ecr_constructs.cli.output.headings import heading
from ecr_constructs.cli.output.messages import Message, deployed, shared_findings, uncertain
from ecr_constructs.cli.output.rule_summary import TOTAL
from ecr_constructs.cli.output.sizes import weight
from ecr_constructs.cli.preview.result import RepositoryPreview, every_decision

__all__ = ["crowds", "notices_of_crowd", "overview"]

# So many repositories with the same policy are shown one below the other.
_FEW = 10
_Numbers = Mapping[str, int]
# In a terminal of fewer characters a column is left out.
_WIDTHS = {
    "repository": 0,
    "images": 60,
    "size": 100,
    "expire": 0,
    "frees": 90,
    "archive": 60,
    "may go": 0,
    "stay": 60,
    "newly lost": 0,
    "newly kept": 100,
}
_BYTES = frozenset({"size", "frees"})
_COMPARED = frozenset({"newly lost", "newly kept"})


def crowds(previews: Sequence[RepositoryPreview]) -> list[tuple[RepositoryPreview, ...]]:
    """
    Find policies that many repositories share.

    Args:
        previews: All previews.

    Returns:
        The previews of each such policy.

    """
    by_policy: dict[tuple[str, str | None, bool], list[RepositoryPreview]] = {}
    for preview in previews:
        key = (preview.policy.to_json(), preview.prefix, preview.by_aws)
        by_policy.setdefault(key, []).append(preview)
    return [tuple(found) for found in by_policy.values() if len(found) > _FEW]


def overview(crowd: Sequence[RepositoryPreview], width: int) -> Iterator[RenderableType]:
    """
    Draw the heading and the table of such repositories.

    Args:
        crowd: Their previews.
        width: Of the terminal.

    """
    yield from heading(crowd)
    is_compared = any(preview.current is not None for preview in crowd)
    columns = [name for name in fitting(_WIDTHS, width) if is_compared or name not in _COMPARED]
    table = grid(columns)
    every = [_numbers(preview) for preview in crowd]
    for preview, numbers in zip(crowd, every, strict=True):
        table.add_row(Text(printable(preview.repository)), *_cells(columns, numbers))
    # The policy of a creation template does nothing to repositories that exist.
    if crowd[0].prefix is None:
        together = {name: sum(numbers[name] for numbers in every) for name in columns[1:]}
        table.add_row(TOTAL, *_cells(columns, together), style="bold")
    yield table


def notices_of_crowd(crowd: Sequence[RepositoryPreview], *, is_live: bool) -> Iterator[Message]:
    """
    Say what deserves a look in several of such repositories.

    Args:
        crowd: Their previews.
        is_live: Whether an account was asked.

    """
    if any(preview.current is not None for preview in crowd):
        yield Message("compared", f"with {deployed(is_live=is_live)}, of each repository", "cyan")
    yield from uncertain(list(chain.from_iterable(preview.evaluation.uncertain for preview in crowd)))
    yield from shared_findings(crowd)


def _cells(columns: Sequence[str], numbers: _Numbers) -> Iterator[str]:
    for name in columns[1:]:
        yield weight(numbers[name]) if name in _BYTES else f"{numbers[name]:,}"


def _numbers(preview: RepositoryPreview) -> _Numbers:
    evaluation = preview.evaluation
    every = every_decision(evaluation)
    return {
        "images": len(every),
        "size": bytes_of(decision.image for decision in every),
        "expire": len(evaluation.expired),
        "frees": evaluation.bytes_freed,
        "archive": len(evaluation.archived),
        "may go": len(evaluation.uncertain),
        "stay": len(evaluation.kept),
        "newly lost": len(preview.newly_lost),
        "newly kept": len(preview.newly_kept),
    }
