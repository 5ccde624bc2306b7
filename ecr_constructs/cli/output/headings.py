"""What stands above a table: of which repositories it is, and what their policy does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from ecr_constructs.cli.formatting import count, format_instant, printable
from ecr_constructs.cli.output.sizes import amount
from ecr_constructs.cli.preview.result import RepositoryPreview, every_decision

__all__ = ["heading"]


def heading(previews: Sequence[RepositoryPreview]) -> Iterator[Text]:
    """
    Say what is previewed.

    Args:
        previews: That of one repository, or those of several with the same policy.

    """
    first = previews[0]
    name = first.repository if len(previews) == 1 else f"{count(len(previews), 'repository')} with the same policy"
    images = [each.image for preview in previews for each in every_decision(preview.evaluation)]
    template = (printable(_as_if(first.prefix)), "yellow") if first.prefix is not None else ""
    yield Text.assemble((printable(name), "bold"), template, f": {amount(images)}{_running(previews)}")
    said = "as AWS's own preview has it" if first.by_aws else "replayed"
    yield Text(printable(f"policy of {_places(previews)}, {said} at {format_instant(first.at)}"))
    yield from (Text(printable(sentence)) for sentence in first.policy.explain())
    if not first.policy.rules:
        yield Text("It has no rules: nothing ever expires.")


def _as_if(prefix: str) -> str:
    return f" (as if by the creation template for {prefix}, which touches no repository that exists)"


def _places(previews: Sequence[RepositoryPreview]) -> str:
    first, *others = dict.fromkeys(preview.where for preview in previews)
    return f"{first} and {count(len(others), 'other place')}" if others else first


def _running(previews: Sequence[RepositoryPreview]) -> str:
    asked = [preview.in_use for preview in previews if preview.in_use is not None]
    if not asked:
        return ""
    running = sum(map(len, asked))
    return f", {f'{running:,}' if running else 'none'} known to be in use"
