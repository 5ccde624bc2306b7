"""The alarms of a preview: repositories that would be emptied, or lose their newest image or most of their images."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from ecr_constructs.cli.formatting import count
from ecr_constructs.cli.output.message import Message
from ecr_constructs.cli.preview.damage import (
    ALARM_KINDS,
    ALARM_PERCENT,
    CERTAINTIES,
    AlarmKind,
    Certainty,
    Damage,
)
from ecr_constructs.cli.preview.result import RepositoryPreview
from ecr_constructs.model.word_lists import shortened

__all__ = ["ALARM_STYLE", "alarm_messages", "alarm_text", "alarm_words"]

ALARM_STYLE = "bold white on red"
_MOST_NAMES = 5
_SINGULAR: Mapping[AlarmKind, str] = {
    "empties": "be emptied",
    "newest": "lose its newest image",
    "loses": f"lose more than {ALARM_PERCENT}% of its images",
}
_PLURAL: Mapping[AlarmKind, str] = {
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
    found: defaultdict[tuple[Certainty | None, AlarmKind], list[tuple[str, Damage]]] = defaultdict(list)
    for preview, damage in ranked:
        if damage.alarm is not None:
            found[damage.certainty, damage.alarm].append((preview.name, damage))
    for certainty in CERTAINTIES:
        for kind in ALARM_KINDS:
            if repositories := found[certainty, kind]:
                yield Message("alarm", _sentence_for(kind, certainty, repositories), ALARM_STYLE)


def alarm_words(damage: Damage) -> str:
    """
    Return the short alarm of one repository, or an empty text if there is none.

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
    return _text_of_one("the repository", damage) if damage.alarm else None


def _text_of_one(name: str, damage: Damage) -> str:
    newest = f"; the newest is {damage.describe_newest()}" if damage.newest else ""
    return f"{name} {alarm_words(damage)}: {damage.describe()}{newest}"


def _sentence_for(kind: AlarmKind, certainty: Certainty, repositories: list[tuple[str, Damage]]) -> str:
    if len(repositories) == 1:
        return _text_of_one(*repositories[0])
    names = shortened([f"{name} ({damage.percent}%)" for name, damage in repositories], _MOST_NAMES)
    return f"{count(len(repositories), 'repository')} {certainty} {_PLURAL[kind]}: {names}"
