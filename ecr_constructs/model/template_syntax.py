"""The syntax of CloudFormation templates: objects, intrinsic functions, and references within texts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = [
    "NO_VALUE",
    "SUBSTITUTION",
    "boolean",
    "has_functions",
    "is_function_name",
    "mapping",
    "mappings",
    "references_of",
]

# "Removes the corresponding resource property when specified as a return value in the Fn::If intrinsic function":
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/pseudo-parameter-reference.html
NO_VALUE = {"Ref": "AWS::NoValue"}

# A reference within the text of Fn::Sub. `${!Name}` is the literal text `${Name}`.
SUBSTITUTION = re.compile(r"\$\{([^!}][^}]*)\}")


def is_function_name(name: object) -> bool:
    """
    Return whether a key of an object is the name of an intrinsic function, such as `Ref` or `Fn::Sub`.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html

    Args:
        name: The key.

    """
    return isinstance(name, str) and (name == "Ref" or name.startswith("Fn::"))


def boolean(value: object) -> bool | None:
    """
    Return a property of the type Boolean, which CloudFormation also accepts as the text `true` or `false`.

    Args:
        value: The value in the template.

    Returns:
        The boolean, or None for a value that is none.

    """
    return value if isinstance(value, bool) else {"true": True, "false": False}.get(str(value).lower())


def has_functions(value: object) -> bool:
    """
    Return whether CloudFormation computes a value, or a part of it, at deployment.

    Args:
        value: The value.

    """
    if isinstance(value, Mapping):
        return any(is_function_name(name) or has_functions(each) for name, each in value.items())
    return isinstance(value, list) and any(map(has_functions, value))


def mapping(value: object) -> Mapping[str, Any]:
    """
    Return a value that is an object, or an empty object for any other value.

    Args:
        value: Any value of a JSON document.

    """
    return value if isinstance(value, Mapping) else {}


def mappings(value: object) -> list[Mapping[str, Any]]:
    """
    Return the objects in a list, or an empty list for any other value.

    Args:
        value: Any value of a JSON document.

    """
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def references_of(value: object) -> Iterator[str]:
    """
    Yield the names that a value refers to: logical IDs, parameters and pseudo parameters.

    Args:
        value: The value.

    """
    if isinstance(value, list):
        for each in value:
            yield from references_of(each)
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield from _references(name, each)


def _references(name: str, argument: object) -> Iterator[str]:
    if name == "Ref" and isinstance(argument, str):
        yield argument
    elif name == "Fn::GetAtt":
        first = argument.split(".") if isinstance(argument, str) else argument
        yield from (str(each) for each in (first if isinstance(first, Sequence) else ())[:1])
    elif name == "Fn::Sub":
        text = argument[0] if isinstance(argument, list) and argument else argument
        yield from (found.partition(".")[0] for found in SUBSTITUTION.findall(str(text)))
        yield from references_of(argument)
    else:
        yield from references_of(argument)
