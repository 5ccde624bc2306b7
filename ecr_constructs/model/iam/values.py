"""Values of a policy document, in which parts may be known only at deployment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["UNKNOWN", "as_list", "has_wildcard", "is_unknown", "shown", "text_of"]

# Stands in a text for a part that is known only at deployment. No value of a policy contains this character.
UNKNOWN = "\0"

# A token of the CDK within a text: https://docs.aws.amazon.com/cdk/v2/guide/tokens.html
_TOKEN = re.compile(r"[$#]\{Token\[[^\]]*\]\}")
# A reference within the text of Fn::Sub. `${!Name}` is the literal text `${Name}`.
_SUBSTITUTION = re.compile(r"\$\{([^!}][^}]*)\}")


def as_list(value: object) -> Sequence[Any]:
    """Return a value that may be written alone or in a list as a list."""
    return value if isinstance(value, Sequence) and not isinstance(value, str) else [value]


def is_unknown(value: object) -> bool:
    """Return whether a value is an intrinsic function, so that nothing of it is known before deployment."""
    return isinstance(value, Mapping) and len(value) == 1 and _is_function(next(iter(value)))


def text_of(value: object) -> str:
    """Return a value as text, with `UNKNOWN` for each part that is known only at deployment."""
    return "".join(UNKNOWN if name is not None else text for text, name in _parts(value))


def shown(value: object) -> str:
    """Return a value as text for a message, with `${...}` for each part that is known only at deployment."""
    return repr("".join(text if name is None else f"${{{name}}}" for text, name in _parts(value)))


def has_wildcard(text: str) -> bool:
    """Return whether a text contains a wildcard of IAM, `*` or `?`."""
    return "*" in text or "?" in text


def _parts(value: object) -> Iterator[tuple[str, str | None]]:
    """Yield the parts of a value: a text and None, or an empty text and the name of what is not known."""
    if isinstance(value, str):
        yield from _split(_TOKEN, value)
    elif is_unknown(value):
        assert isinstance(value, Mapping)  # noqa: S101  (is_unknown checks it)
        yield from _parts_of_function(*next(iter(value.items())))
    elif isinstance(value, bool):
        yield str(value).lower(), None
    else:
        yield str(value), None


def _parts_of_function(function: str, argument: Any) -> Iterator[tuple[str, str | None]]:  # noqa: ANN401
    if function == "Fn::Join" and isinstance(argument, Sequence) and isinstance(argument[-1], Sequence):
        separator = str(argument[0])
        for index, each in enumerate(argument[-1]):
            if index and separator:
                yield separator, None
            yield from _parts(each)
    elif function == "Fn::Sub" and isinstance(argument, str):
        yield from _split(_SUBSTITUTION, argument)
    else:
        yield "", argument if isinstance(argument, str) else function


def _split(pattern: re.Pattern[str], text: str) -> Iterator[tuple[str, str | None]]:
    end = 0
    for found in pattern.finditer(text):
        yield text[end : found.start()], None
        yield "", found.group(1) if pattern.groups else "Token"
        end = found.end()
    yield text[end:].replace("${!", "${") if pattern.groups else text[end:], None


def _is_function(name: object) -> bool:
    return isinstance(name, str) and (name == "Ref" or name.startswith("Fn::"))
