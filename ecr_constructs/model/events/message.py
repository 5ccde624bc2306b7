"""
Messages about events, as input transformers of EventBridge.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["COMMON_FIELDS", "AlertMessage", "InputTransformer", "MessageField"]


@dataclass(frozen=True, kw_only=True, slots=True)
class InputTransformer:
    """
    The input of a target, made from an event.

    Attributes:
        paths: The JSON path of each variable.
        template: The input, with `<variable>` instead of each value.

    """

    paths: Mapping[str, str]
    template: str


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageField:
    """
    A value of an event that a message contains.

    "If you specify a variable to match a JSON path that doesn't exist in the event, that variable isn't created and
    won't appear in the output." Therefore each variable is inside a string of the template.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html

    Attributes:
        name: The name of the variable, and the key in JSON.
        label: The label in a readable message.
        path: The JSON path of the value in the event.

    """

    name: str
    label: str
    path: str

    @property
    def variable(self) -> str:
        """The placeholder of the value in a template."""
        return f"<{self.name}>"


COMMON_FIELDS = (
    MessageField(name="account", label="Account", path="$.account"),
    MessageField(name="region", label="Region", path="$.region"),
    MessageField(name="time", label="Time", path="$.time"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertMessage:
    """
    A message about an event.

    Attributes:
        event: The name of the event in JSON, such as `ImagePushed`.
        title: The first line. It may contain variables of the fields.
        fields: The values of the event in the message, in addition to `COMMON_FIELDS`.
        thread: The name of the field whose value groups messages in a thread of a chat. Default: no threads.

    """

    event: str
    title: str
    fields: Sequence[MessageField]
    thread: str | None = None

    def as_text(self) -> InputTransformer:
        """Return the message as lines of text, for email. Each line of a template is a string in quotation marks."""
        lines = [self.title, *(f"{each.label}: {each.variable}" for each in self._all)]
        return self._transformer("\n".join(json.dumps(line) for line in lines))

    def as_json(self) -> InputTransformer:
        """Return the message as a JSON object with `text`, `event` and the fields, for an API destination."""
        values = {each.name: each.variable for each in self._all}
        return self._transformer(json.dumps({"text": self.title, "event": self.event, **values}))

    def as_custom_notification(self) -> InputTransformer:
        """
        Return the message as a custom notification of Amazon Q Developer in chat applications.

        https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
        """
        description = "\n".join(f"*{each.label}:* {each.variable}" for each in self._all)
        metadata = {"summary": self.title, "eventType": self.event}
        if self.thread is not None:
            metadata["threadId"] = f"<{self.thread}>"
        content = {"textType": "client-markdown", "title": self.title, "description": description}
        notification = {"version": "1.0", "source": "custom", "content": content, "metadata": metadata}
        return self._transformer(json.dumps(notification))

    @property
    def _all(self) -> tuple[MessageField, ...]:
        return (*self.fields, *COMMON_FIELDS)

    def _transformer(self, template: str) -> InputTransformer:
        return InputTransformer(paths={each.name: each.path for each in self._all}, template=template)
