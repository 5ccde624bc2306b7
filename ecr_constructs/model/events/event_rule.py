"""
`EventRule`: the events that an EventBridge rule matches, and the message about them.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ecr_constructs.model.events.message import AlertMessage

__all__ = ["MAXIMUM_PATTERN", "MAXIMUM_TARGETS", "EventRule"]

# Characters of an event pattern, and targets of a rule:
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
MAXIMUM_PATTERN = 2048
MAXIMUM_TARGETS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class EventRule:
    """
    A rule of EventBridge.

    Attributes:
        id: The construct ID of the rule.
        description: The description of the rule.
        source: The service that sends the events.
        detail_type: The type of the events.
        detail: The pattern of the field `detail`.
        message: The message about an event.

    """

    id: str
    description: str
    source: Literal["aws.ecr", "aws.inspector2"]
    detail_type: str
    detail: Mapping[str, object]
    message: AlertMessage

    def pattern(self) -> Mapping[str, object]:
        """Return the event pattern in the form of EventBridge."""
        return {"source": [self.source], "detail-type": [self.detail_type], "detail": self.detail}
