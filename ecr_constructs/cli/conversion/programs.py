"""
Python calls as text, as a formatter leaves them, and read back without being run.

What does not fit into a line has one item in each, and a comma behind the last: so it stays, whatever length of line
the formatter is set to.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ecr_constructs import model
from ecr_constructs.cli.formatting import printable
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy

__all__ = ["Call", "evaluate", "imports", "written"]

# The shortest line in use: what fits here fits everywhere.
_WIDTH = 88
_INDENT = "    "


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """
    A call, not yet written.

    Attributes:
        name: What is called.
        arguments: What is given by its place: texts, numbers, calls, lists of them.
        options: What is given by name.
        comments: What stands above it.
        is_long: Whether it is written in several lines even if it would fit into one.

    """

    name: str
    arguments: Sequence[object] = ()
    options: Mapping[str, object] = field(default_factory=dict)
    comments: Sequence[str] = ()
    is_long: bool = False


def written(value: object, *, before: str = "", depth: int = 0) -> str:
    """
    Write a value as Python.

    Args:
        value: A call, a text, a number, or a list of them.
        before: What stands before it in its line, such as `policy = `.
        depth: How far the line is indented.

    """
    indent = _INDENT * depth
    comments = "".join(f"{indent}# {comment}\n" for comment in value.comments) if isinstance(value, Call) else ""
    line = f"{indent}{before}{_flat(value)}"
    # One more for the comma behind it.
    if not isinstance(value, (Call, list)) or not (_is_long(value) or len(line) + 1 > _WIDTH):
        return f"{comments}{line}"
    opening, closing = (f"{value.name}(", ")") if isinstance(value, Call) else ("[", "]")
    items = [written(item, before=name, depth=depth + 1) for name, item in _items(value)]
    return f"{comments}{indent}{before}{opening}\n" + "".join(f"{item},\n" for item in items) + f"{indent}{closing}"


def imports(names: Sequence[str]) -> str:
    """
    Write the import of names of this library, in the order in which ruff sorts them.

    Args:
        names: The names.

    """
    ordered = sorted(set(names), key=lambda name: (name.islower(), name))
    line = f"from ecr_constructs import {', '.join(ordered)}"
    if len(line) <= _WIDTH:
        return line
    return "from ecr_constructs import (\n" + "".join(f"{_INDENT}{name},\n" for name in ordered) + ")"


def evaluate(program: str) -> LifecyclePolicy:
    """
    Read a program back without running it: names of the model, calls, literals, and what is assigned to `policy`.

    Args:
        program: The program.

    """
    names: dict[str, Any] = {name: getattr(model, name) for name in model.__all__}
    for statement in ast.parse(program).body:
        if isinstance(statement, ast.Assign):
            names["policy"] = _value(statement.value, names)
    policy: LifecyclePolicy = names["policy"]
    return policy


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:  # noqa: ANN401  (whatever the program says)
    if isinstance(node, ast.Call):
        options = {str(option.arg): _value(option.value, names) for option in node.keywords}
        return _value(node.func, names)(*[_value(each, names) for each in node.args], **options)
    if isinstance(node, ast.Attribute):
        return getattr(_value(node.value, names), node.attr)
    if isinstance(node, ast.Name):
        return names[node.id]
    return [_value(each, names) for each in node.elts] if isinstance(node, ast.List) else ast.literal_eval(node)


def _is_long(value: object) -> bool:
    if not isinstance(value, Call):
        return isinstance(value, list) and any(_is_long(item) for item in value)
    return value.is_long or any(_is_long(item) or _has_comments(item) for _, item in _items(value))


def _has_comments(value: object) -> bool:
    return isinstance(value, Call) and bool(value.comments)


def _items(value: Call | list[object]) -> list[tuple[str, object]]:
    if isinstance(value, list):
        return [("", item) for item in value]
    return [("", item) for item in value.arguments] + [(f"{name}=", item) for name, item in value.options.items()]


def _flat(value: object) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if not isinstance(value, (Call, list)):
        return repr(value)
    items = ", ".join(f"{name}{_flat(item)}" for name, item in _items(value))
    return f"{value.name}({items})" if isinstance(value, Call) else f"[{items}]"


def _quoted(text: str) -> str:
    """Write a text as ruff does: in double quotes, unless that takes more backslashes."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    body = printable(text.replace("\\", "\\\\")).replace(quote, f"\\{quote}")
    return f"{quote}{body}{quote}"
