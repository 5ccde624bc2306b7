"""The KMS keys of repositories as variables of the program."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ecr_constructs.cli.adoption.identifiers import UniqueNames, identifier
from ecr_constructs.cli.adoption.planned import Key
from ecr_constructs.model.changes.state import KEY, canonical, object_of
from ecr_constructs.model.iam.principals import principal_problems
from ecr_constructs.model.iam.statements import public_problems
from ecr_constructs.model.iam.values import as_list
from ecr_constructs.model.template_syntax import is_function_name, mapping

__all__ = ["StackKeys"]

_ARN = re.compile(r"arn:aws[a-z0-9-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+")
_HASH = re.compile(r"[0-9A-F]{8}")


class StackKeys:
    """
    The keys of one stack, each with one variable.

    Args:
        template: The template of the stack.

    Attributes:
        found: The requested keys, in the order of their first use.

    """

    def __init__(self, template: Mapping[str, Any]) -> None:
        self._resources = mapping(template.get("Resources"))
        self._by_value: dict[str, Key] = {}
        self._names = UniqueNames(("self", "scope", "id", "kwargs", "stack", "template"), separator="_")

    @property
    def found(self) -> tuple[Key, ...]:
        """The keys, in the order of their first use."""
        return tuple(self._by_value.values())

    def find(self, value: object) -> Key | None:
        """
        Return the key for a value of `KmsKey`, or None if no construct can refer to it.

        Args:
            value: The value: the ARN of a key, or a function.

        """
        text = canonical(value)
        if text not in self._by_value:
            key = self._read(value)
            if key is None:
                return None
            self._by_value[text] = key
        return self._by_value[text]

    def _read(self, value: object) -> Key | None:
        if isinstance(value, str):
            return Key(self._names.add("images_key"), value, is_resource=False) if _ARN.fullmatch(value) else None
        if not isinstance(value, Mapping) or len(value) != 1 or not is_function_name(next(iter(value))):
            return None
        ((name, argument),) = value.items()
        if name == "Ref" and mapping(self._resources.get(argument)).get("Type") == KEY:
            return None
        target = argument[0] if isinstance(argument, list) and argument[1:] == ["Arn"] else None
        resource = mapping(self._resources.get(target)) if name == "Fn::GetAtt" and isinstance(target, str) else {}
        if resource.get("Type") != KEY:
            return Key(self._names.add("images_key"), value, is_resource=False)
        if not _is_usable(mapping(resource.get("Properties"))):
            return None
        word = _HASH.sub("", str(target)) or "images"
        return Key(self._names.add(identifier(word, suffix="key")), target, is_resource=True)


def _is_usable(properties: Mapping[str, Any]) -> bool:
    """Return whether `Encryption.customer_key` accepts a key of the template."""
    expected = {"Enabled": "true", "KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT"}
    statements = [mapping(each) for each in as_list(object_of(properties.get("KeyPolicy")).get("Statement", []))]
    has_problems = any(
        True for each in statements for _ in (*public_problems(each, in_key_policy=True), *principal_problems(each))
    )
    return not has_problems and all(
        canonical(properties.get(name, value)) == canonical(value) for name, value in expected.items()
    )
