"""The alarms of a preview: repositories that would be emptied, or lose their newest image or most of their images."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from ecr_constructs.cli.formatting import count, first_names
from ecr_constructs.cli.output.message import Message
from ecr_constructs.cli.preview.damage import ALARM_PERCENT, Certainty, Damage
from ecr_constructs.cli.preview.result import RepositoryPreview

__all__ = ["ALARM_STYLE", "alarm_messages", "alarm_text", "alarm_words"]

ALARM_STYLE = "bold white on red"
_MOST_NAMES = 5
_KINDS = ("empties", "newest", "loses")
_CERTAINTIES: tuple[Certainty, ...] = ("would", "might")
_SINGULAR = {
    "empties": "be emptied",
    "newest": "lose its newest image",
    "loses": f"lose more than {ALARM_PERCENT}% of its images",
}
_PLURAL = {
    "empties": "be emptied",
    "newest": "lose their newest image",
    "loses": f"lose more than {ALARM_PERCENT}% of their images",
}


def alarm_messages(ranked: Iterable[tuple[RepositoryPreview, Damage]]) -> Iterator[Message]:
    """
    Yield one message for each kind of alarm, the most severe first.

    Args:
        ranked: The previews with their damage, the worst first.

    """
    found: defaultdict[tuple[Certainty | None, str], list[tuple[str, Damage]]] = defaultdict(list)
    for preview, damage in ranked:
        if damage.alarm is not None:
            found[damage.certainty, damage.alarm].append((preview.name, damage))
    for certainty in _CERTAINTIES:
        for kind in _KINDS:
            if repositories := found[certainty, kind]:
                yield Message("alarm", _text(kind, certainty, repositories), ALARM_STYLE)


def alarm_words(damage: Damage) -> str:
    """
    Return the alarm of one repository in a few words, or an empty text if there is none.

    Args:
        damage: The damage to the repository.

    """
    return f"{damage.certainty} {_SINGULAR[damage.alarm]}" if damage.alarm else ""


def alarm_text(damage: Damage) -> str | None:
    """
    Return the alarm of one repository in words, or None if there is none.

    Args:
        damage: The damage to the repository.

    """
    if damage.alarm is None:
        return None
    newest = f"; the newest is {damage.describe_newest()}" if damage.newest else ""
    return f"the repository {damage.certainty} {_SINGULAR[damage.alarm]}: {damage.describe()}{newest}"


def _text(kind: str, certainty: Certainty, repositories: list[tuple[str, Damage]]) -> str:
    if len(repositories) == 1:
        ((name, damage),) = repositories
        newest = f"; the newest is {damage.describe_newest()}" if damage.newest else ""
        return f"{name} {certainty} {_SINGULAR[kind]}: {damage.describe()}{newest}"
    names = first_names([f"{name} ({damage.percent}%)" for name, damage in repositories], _MOST_NAMES)
    return f"{count(len(repositories), 'repository')} {certainty} {_PLURAL[kind]}: {names}"
