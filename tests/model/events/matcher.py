"""The matcher of moto for event patterns, with the rule of EventBridge for lists of objects."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from moto.events.models import EventPattern

from ecr_constructs.model.events.event_rule import EventRule


def matches(rule: EventRule, event: Mapping[str, Any]) -> bool:
    """
    Return whether EventBridge delivers an event to the targets of a rule.

    moto compares fields of single objects. EventBridge compares each object of a list, so a pattern matches if it
    matches the event with one object in the place of each list.
    """
    pattern = EventPattern.load(json.dumps(rule.pattern()))
    return any(pattern.matches_event(each) for each in _with_single_objects(event))


def _with_single_objects(value: Any) -> Iterator[Any]:
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        for each in value:
            yield from _with_single_objects(each)
    elif isinstance(value, Mapping):
        for values in product(*map(_with_single_objects, value.values())):
            yield dict(zip(value, values, strict=True))
    else:
        yield value
