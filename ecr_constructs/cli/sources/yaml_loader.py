"""A loader for the YAML of CloudFormation templates, with limits for aliases and numbers."""

from __future__ import annotations

from typing import Any

import yaml  # type: ignore[import-untyped]  # it ships no types

from ecr_constructs.model.validation import abbreviate

__all__ = ["Loader"]

# A template of CloudFormation's 500 resources has some 50,000 values.
_MAXIMUM_VALUES = 200_000
_CHARACTERS_OF_A_VALUE = 100
_MAXIMUM_DIGITS = 100


class Loader(yaml.SafeLoader):  # type: ignore[misc]  # as above
    """
    A loader for YAML with CloudFormation's tags, such as `!Sub`.

    Args:
        text: The YAML. An alias counts as all values that it stands for, and a long text as several values.

    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._count = 0
        # The number of values of each node. The nodes around the current one are missing.
        self._counts: dict[Any, int] = {}

    def compose_node(self, parent: Any, index: Any) -> Any:  # noqa: ANN401  (yaml ships no types)
        """Return the next node, unless the document has become too large or contains itself."""
        before, event = self._count, self.peek_event()
        node = super().compose_node(parent, index)
        if isinstance(event, yaml.AliasEvent):
            if node not in self._counts:
                message = "Circular reference: an alias inside its anchor"
                raise yaml.composer.ComposerError(None, None, message, event.start_mark)
            self._count += self._counts[node]
        else:
            self._count += 1 + len(node.value) // _CHARACTERS_OF_A_VALUE if node.id == "scalar" else 1
            _require_unique_keys(node)
            self._counts[node] = self._count - before
        if self._count > _MAXIMUM_VALUES:
            message = f"more than {_MAXIMUM_VALUES:,} values, where aliases count as the values that they refer to"
            raise yaml.composer.ComposerError(None, None, message, event.start_mark)
        return node


def _require_unique_keys(node: Any) -> None:  # noqa: ANN401  (yaml ships no types)
    """Raise an error for a mapping with a duplicate key, of which yaml would use the last one."""
    keys: set[str] = set()
    for key in [key for key, _ in node.value if key.id == "scalar"] if node.id == "mapping" else ():
        if key.value in keys:
            message = f"{abbreviate(key.value)} is written twice in one mapping; keep one"
            raise yaml.composer.ComposerError(None, None, message, key.start_mark)
        keys.add(key.value)


def _function(loader: Any, name: str, node: Any) -> dict[str, object]:  # noqa: ANN401  (yaml ships no types)
    """Return the function that a tag such as `!Sub` abbreviates."""
    build = {
        "scalar": loader.construct_scalar,
        "sequence": loader.construct_sequence,
        "mapping": loader.construct_mapping,
    }
    arguments = {} if node.id == "scalar" else {"deep": True}
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": build[node.id](node, **arguments)}


def _date_as_text(loader: Any, node: Any) -> object:  # noqa: ANN401  (yaml ships no types)
    """Return a date as text, because templates and policies have no dates."""
    return loader.construct_scalar(node)


def _number(loader: Any, node: Any) -> object:  # noqa: ANN401  (yaml ships no types)
    """Return a number, unless it is so long that its digits take long to read."""
    if len(node.value) > _MAXIMUM_DIGITS:
        message = f"a number of more than {_MAXIMUM_DIGITS} characters"
        raise yaml.constructor.ConstructorError(None, None, message, node.start_mark)
    is_whole = node.tag.endswith(":int")
    return loader.construct_yaml_int(node) if is_whole else loader.construct_yaml_float(node)


Loader.add_multi_constructor("!", _function)
Loader.add_constructor("tag:yaml.org,2002:timestamp", _date_as_text)
Loader.add_constructor("tag:yaml.org,2002:int", _number)
Loader.add_constructor("tag:yaml.org,2002:float", _number)
