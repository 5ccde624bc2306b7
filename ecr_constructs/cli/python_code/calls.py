"""
Expressions of Python as values, and their code in the format of ruff.

Every string becomes a literal with escapes. A name or a description therefore cannot add code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ecr_constructs.cli.formatting import printable

__all__ = ["INDENT", "WIDTH", "Call", "Name", "names_in", "quoted", "render", "render_import", "render_one_line"]

# The default line length of ruff and black.
WIDTH = 88
INDENT = "    "


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """
    A call in the code.

    Attributes:
        name: The name of the function, such as `Immutability.off`.
        arguments: The positional arguments: strings, numbers, names, calls, and lists and dictionaries of them.
        options: The keyword arguments.
        comments: The lines of the comment above it.
        is_long: Whether each argument is in a separate line even if the call fits into one line.

    """

    name: str
    arguments: Sequence[object] = ()
    options: Mapping[str, object] = field(default_factory=dict)
    comments: Sequence[str] = ()
    is_long: bool = False


@dataclass(frozen=True, slots=True)
class Name:
    """
    A name in the code, such as `self` or `cdk.RemovalPolicy.DESTROY`.

    Attributes:
        text: The name.

    """

    text: str


def render(value: object, *, before: str = "", depth: int = 0) -> str:
    """
    Return the code of a value as ruff formats it.

    A value that does not fit into a line has one item in each line and a trailing comma. Its format is the same at any
    line length.

    Args:
        value: The value: a string, a number, a `Name`, a `Call`, or a list or a dictionary of them.
        before: The code before it in its first line, such as `policy = `.
        depth: The level of indentation.

    """
    indent = INDENT * depth
    comments = "".join(f"{indent}# {comment}\n" for comment in value.comments) if isinstance(value, Call) else ""
    line = f"{indent}{before}{render_one_line(value)}"
    # One character more for the comma.
    if not isinstance(value, (Call, list, dict)) or not (_is_long(value) or len(line) + 1 > WIDTH):
        return f"{comments}{line}"
    if not _items(value):
        return f"{comments}{line}"
    opening, closing = _brackets(value)
    items = [render(item, before=name, depth=depth + 1) for name, item in _items(value)]
    return f"{comments}{indent}{before}{opening}\n" + "".join(f"{item},\n" for item in items) + f"{indent}{closing}"


def render_one_line(value: object) -> str:
    """
    Return the code of a value in one line.

    Args:
        value: The value.

    """
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Name):
        return value.text
    if not isinstance(value, (Call, list, dict)):
        return repr(value)
    items = ", ".join(f"{name}{render_one_line(item)}" for name, item in _items(value))
    opening, closing = _brackets(value)
    return f"{opening}{items}{closing}"


def quoted(text: str) -> str:
    """
    Return a string literal as ruff formats it: in double quotes, unless these need more backslashes.

    Args:
        text: The text.

    """
    quote = "'" if text.count('"') > text.count("'") else '"'
    body = printable(text.replace("\\", "\\\\")).replace(quote, f"\\{quote}")
    return f"{quote}{body}{quote}"


def render_import(module: str, names: Sequence[str]) -> str:
    """
    Return the import of names of a module, in the order of ruff.

    Args:
        module: The module.
        names: The names.

    """
    ordered = sorted(set(names), key=_import_order)
    line = f"from {module} import {', '.join(ordered)}"
    if len(line) <= WIDTH:
        return line
    return f"from {module} import (\n" + "".join(f"{INDENT}{name},\n" for name in ordered) + ")"


def names_in(value: object) -> Iterator[str]:
    """
    Yield the names that the code of a value refers to, such as `cdk.RemovalPolicy.DESTROY`.

    Args:
        value: The value.

    """
    if isinstance(value, Name):
        yield value.text
    elif isinstance(value, Call):
        yield value.name
    if isinstance(value, (Call, list, dict)):
        for _, item in _items(value):
            yield from names_in(item)


def _import_order(name: str) -> tuple[int, str]:
    """Return the position of a name in an import: constants, classes, then functions."""
    return (0 if name.isupper() else 1 if name[:1].isupper() else 2), name


def _is_long(value: object) -> bool:
    if isinstance(value, (list, dict)):
        return any(_is_long(item) for _, item in _items(value))
    if not isinstance(value, Call):
        return False
    return value.is_long or any(_is_long(item) or _has_comments(item) for _, item in _items(value))


def _has_comments(value: object) -> bool:
    return isinstance(value, Call) and bool(value.comments)


def _brackets(value: Call | list[object] | dict[str, object]) -> tuple[str, str]:
    if isinstance(value, Call):
        return f"{value.name}(", ")"
    return ("[", "]") if isinstance(value, list) else ("{", "}")


def _items(value: Call | list[object] | dict[str, object]) -> list[tuple[str, object]]:
    if isinstance(value, list):
        return [("", item) for item in value]
    if isinstance(value, dict):
        return [(f"{quoted(name)}: ", item) for name, item in value.items()]
    return [("", item) for item in value.arguments] + [(f"{name}=", item) for name, item in value.options.items()]
