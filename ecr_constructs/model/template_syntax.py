"""The syntax of CloudFormation templates: objects, intrinsic functions, and references within texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["NO_VALUE", "SUBSTITUTION", "is_function_name", "mapping", "mappings"]

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
