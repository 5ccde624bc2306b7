"""Construct IDs, logical IDs as the CDK derives them, and identifiers of Python."""

from __future__ import annotations

import hashlib
import keyword
import re
from collections.abc import Iterable, Sequence
from itertools import count

__all__ = ["UniqueNames", "construct_id", "id_of_logical_id", "identifier", "logical_id", "stack_name"]

_NOT_ALPHANUMERIC = re.compile(r"[^A-Za-z0-9]+")
# Components of a path that the CDK omits from a logical ID, or from its readable part:
# https://docs.aws.amazon.com/cdk/v2/guide/identifiers.html
_HIDDEN, _HIDDEN_FROM_PEOPLE = "Default", "Resource"
_LONGEST_READABLE, _LONGEST_ALONE = 240, 255
_HASH = 8
# IDs of constructs that the program or the CDK creates in each stack, and IDs that are hidden in logical IDs.
_RESERVED = ("BootstrapVersion", "CDKMetadata", "CheckBootstrapVersion", "EcrConstructsKey", "Exports", "Template")
_LONGEST_STACK_NAME = 128


class UniqueNames:
    """
    Names that are used once. A second use of a name gets a number.

    Args:
        taken: The names that are already used.
        separator: The text between a name and its number.

    """

    def __init__(self, taken: Iterable[str] = (), *, separator: str = "") -> None:
        # Construct IDs, attributes and modules must differ in more than the case of letters.
        self._taken = {each.lower() for each in taken}
        self._separator = separator

    def add(self, name: str) -> str:
        """
        Return an unused name, and mark it as used.

        Args:
            name: The name.

        """
        numbered = (name if number == 1 else f"{name}{self._separator}{number}" for number in count(1))
        found = next(each for each in numbered if each.lower() not in self._taken)
        self._taken.add(found.lower())
        return found

    @classmethod
    def of_constructs(cls) -> UniqueNames:
        """Return the construct IDs of a stack."""
        return cls((*_RESERVED, _HIDDEN, _HIDDEN_FROM_PEOPLE))


def construct_id(text: str, default: str) -> str:
    """
    Return a construct ID for a name.

    Args:
        text: The name, such as `prod/payments-api`.
        default: The ID for a name without letters and digits.

    >>> construct_id("prod/payments-api", "Repository")
    'ProdPaymentsApi'

    """
    words = [word for word in _NOT_ALPHANUMERIC.split(text) if word]
    return "".join(f"{word[:1].upper()}{word[1:]}" for word in words) or default


def identifier(text: str, *, suffix: str = "") -> str:
    """
    Return an identifier of Python for a name.

    Args:
        text: The name.
        suffix: The last word. Default: none.

    >>> identifier("prod/payments-api", suffix="repository")
    'prod_payments_api_repository'
    >>> identifier("2048", suffix="repository")
    'n2048_repository'

    """
    words = [word.lower() for word in _NOT_ALPHANUMERIC.split(text) if word]
    if suffix and words[-1:] != [suffix]:
        words.append(suffix)
    found = "_".join(words) or "resource"
    found = f"n{found}" if found[0].isdigit() else found
    return f"{found}_" if keyword.iskeyword(found) else found


def stack_name(text: str) -> str:
    """
    Return the name of a stack for a text: letters, digits and `-`, and a letter first.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html

    Args:
        text: The text, such as the name of a file.

    """
    name = "-".join(word for word in _NOT_ALPHANUMERIC.split(text) if word)
    name = name if name[:1].isalpha() else f"Stack-{name}".rstrip("-")
    return name[:_LONGEST_STACK_NAME].rstrip("-")


def logical_id(path: Sequence[str]) -> str:
    """
    Return the logical ID that the CDK derives from a construct path in a stack.

    Args:
        path: The IDs of the constructs, without that of the stack.

    >>> logical_id(["Api", "Resource"])
    'ApiF70053CD'

    """
    components = [each for each in path if each != _HIDDEN]
    if len(components) == 1 and len(found := _NOT_ALPHANUMERIC.sub("", components[0])) <= _LONGEST_ALONE:
        return found
    digest = hashlib.md5("/".join(components).encode(), usedforsecurity=False).hexdigest()
    readable = [_NOT_ALPHANUMERIC.sub("", each) for each in _without_repetition(components)]
    return "".join(readable)[:_LONGEST_READABLE] + digest[:_HASH].upper()


def id_of_logical_id(found: str, path: str | None, *, below: Sequence[str] = (_HIDDEN_FROM_PEOPLE,)) -> str:
    """
    Return the construct ID with which a construct gets a logical ID, or a similar one.

    Args:
        found: The logical ID.
        path: The construct path in the metadata of the resource, if there is one.
        below: The IDs below the construct of its resource.

    >>> id_of_logical_id("ApiF70053CD", None)
    'Api'
    >>> id_of_logical_id("Api", None)
    'Api'

    """
    parts = path.split("/") if path else []
    in_path = parts[-len(below) - 1] if len(parts) > len(below) and tuple(parts[-len(below) :]) == tuple(below) else ""
    for candidate in (in_path, found[:-_HASH]):
        if candidate and logical_id([candidate, *below]) == found:
            return candidate
    return construct_id(in_path or found, "Resource")


def _without_repetition(components: Sequence[str]) -> list[str]:
    found: list[str] = []
    for each in components:
        if not found or not found[-1].endswith(each):
            found.append(each)
    return [each for each in found if each != _HIDDEN_FROM_PEOPLE]
