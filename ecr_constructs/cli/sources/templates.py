"""Reading what people hand to the command as JSON or YAML: a policy, an answer of AWS, a CloudFormation template."""

from __future__ import annotations

import json
from typing import Any

from ecr_constructs.cli.exits import CommandError

__all__ = ["parse"]


def parse(text: str, *, where: str) -> object:
    """
    Parse a text that is JSON if it begins like JSON, and YAML with CloudFormation's tags otherwise.

    Args:
        text: The text.
        where: Where it stands, for messages.

    Raises:
        CommandError: if it is neither.

    """
    if not text.strip():
        raise CommandError(["empty; give a lifecycle policy or a CloudFormation template"], path=where)
    if not text.lstrip().startswith(("{", "[")):
        return _parse_yaml(text, where)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CommandError([f"not JSON: {error}; comments and trailing commas are not JSON"], path=where) from None


def _parse_yaml(text: str, where: str) -> object:
    import yaml  # type: ignore[import-untyped]  # it ships no types

    loader = type("_Loader", (yaml.SafeLoader,), {"yaml_multi_constructors": {}})
    loader.add_multi_constructor("!", _function)  # type: ignore[attr-defined]  # as above
    try:
        # Through JSON: a date becomes its text, and what contains itself is found out.
        return json.loads(json.dumps(yaml.load(text, Loader=loader), default=str))  # noqa: S506  (it is a SafeLoader)
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
        first = str(error).partition("\n")[0]
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark else ""
        raise CommandError([f"neither JSON nor YAML: {first}{line}"], path=where) from None


def _function(loader: Any, name: str, node: Any) -> dict[str, object]:  # noqa: ANN401  (yaml ships no types)
    """Write a tag such as `!Sub` as the function that it is short for."""
    build = {
        "scalar": loader.construct_scalar,
        "sequence": loader.construct_sequence,
        "mapping": loader.construct_mapping,
    }
    arguments = {} if node.id == "scalar" else {"deep": True}
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": build[node.id](node, **arguments)}
