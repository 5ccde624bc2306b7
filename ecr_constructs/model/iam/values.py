"""Values of a policy document. Parts of them can be known only at deployment."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import product
from math import prod
from typing import Any, TypeGuard

from ecr_constructs.model.template_syntax import NO_VALUE, SUBSTITUTION, is_function_name

__all__ = [
    "UNKNOWN",
    "as_list",
    "has_wildcard",
    "is_never_empty",
    "is_unknown",
    "matches_pattern",
    "possible",
    "text_of",
    "value_label",
]

# The placeholder for a part that is known only at deployment. No value of a policy contains this character.
UNKNOWN = "\0"

# A token of the CDK within a text: https://docs.aws.amazon.com/cdk/v2/guide/tokens.html
_TOKEN = re.compile(r"[$#]\{Token\[[^\]]*\]\}")
_MOST_BRANCHES = 64


def as_list(value: object) -> Sequence[Any]:
    """Return a value or a list of values as a list."""
    return value if isinstance(value, Sequence) and not isinstance(value, str) else [value]


def is_unknown(value: object) -> bool:
    """Return whether a value is an intrinsic function, which is known only at deployment."""
    return isinstance(value, Mapping) and len(value) == 1 and is_function_name(next(iter(value)))


def possible(value: object) -> Iterator[object]:
    """
    Yield the values that a value or a list of values can have after deployment.

    Args:
        value: The value. Each branch of `Fn::If` counts, and the results of `Fn::Select`, `Fn::Split`, `Fn::Join` and
            `Fn::Sub` for literal arguments. `AWS::NoValue` is omitted.

    """
    for branch in _branches(value):
        if _is_list(branch):
            for each in branch:
                yield from possible(each)
        elif branch != NO_VALUE:
            yield branch


def is_never_empty(value: object) -> bool:
    """
    Return whether there is at least one value after deployment, in every branch of `Fn::If`.

    Args:
        value: The value, alone or in a list.

    """
    return all(any(map(is_never_empty, each)) if _is_list(each) else each != NO_VALUE for each in _branches(value))


def text_of(value: object) -> str:
    """Return a value as text, with `UNKNOWN` for each part that is known only at deployment."""
    return "".join(UNKNOWN if name is not None else text for text, name in _parts(value))


def value_label(value: object) -> str:
    """Return a value as text for a message, with `${...}` for each part that is known only at deployment."""
    return repr("".join(text if name is None else f"${{{name}}}" for text, name in _parts(value)))


def has_wildcard(text: str) -> bool:
    """Return whether a text contains a wildcard of IAM, `*` or `?`."""
    return "*" in text or "?" in text


def matches_pattern(pattern: str, text: str) -> bool:
    """Return whether a pattern of IAM, with its `*` and `?`, matches a whole text. It is case-sensitive."""
    # IAM has no character sets, which fnmatch reads after a bracket.
    return fnmatchcase(text, pattern.replace("[", "[[]"))


def _parts(value: object) -> Iterator[tuple[str, str | None]]:
    """Yield the parts of a value: a text and None, or an empty text and the name of the unknown part."""
    if isinstance(value, str):
        yield from _split(_TOKEN, value)
    elif is_unknown(value):
        assert isinstance(value, Mapping)  # noqa: S101  (is_unknown checks it)
        yield from _parts_of_function(*next(iter(value.items())))
    elif isinstance(value, bool):
        yield str(value).lower(), None
    elif value is None or isinstance(value, (int, float, Mapping)) or _is_list(value):
        yield str(value), None
    else:
        # An object that is not JSON represents a value that is not yet resolved.
        yield "", "Token"


def _parts_of_function(function: str, argument: Any) -> Iterator[tuple[str, str | None]]:  # noqa: ANN401
    if function == "Fn::Join" and _is_list(argument) and argument and _is_list(argument[-1]):
        separator = str(argument[0])
        for index, each in enumerate(argument[-1]):
            if index and separator:
                yield separator, None
            yield from _parts(each)
    elif function == "Fn::Sub" and isinstance(argument, str):
        yield from _split(SUBSTITUTION, argument)
    else:
        yield "", argument if isinstance(argument, str) else function


def _split(pattern: re.Pattern[str], text: str) -> Iterator[tuple[str, str | None]]:
    end = 0
    for found in pattern.finditer(text):
        yield text[end : found.start()].replace("${!", "${") if pattern.groups else text[end : found.start()], None
        yield "", found.group(1) if pattern.groups else "Token"
        end = found.end()
    yield text[end:].replace("${!", "${") if pattern.groups else text[end:], None


def _is_list(value: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _branches(value: object) -> Sequence[Any]:
    """Return the values of an intrinsic function for literal arguments."""
    if not is_unknown(value):
        return [value]
    assert isinstance(value, Mapping)  # noqa: S101  (is_unknown checks it)
    ((function, arguments),) = value.items()
    branches_of = _FUNCTIONS.get(function)
    return branches_of(arguments) if branches_of and _is_list(arguments) and len(arguments) > 1 else [value]


def _branches_of_if(arguments: Sequence[Any]) -> Sequence[Any]:
    return [each for branch in arguments[1:] for each in _branches(branch)]


def _branches_of_select(arguments: Sequence[Any]) -> Sequence[Any]:
    index, lists = str(arguments[0]), _branches(arguments[1])
    if not all(map(_is_list, lists)):
        return [{"Fn::Select": arguments}]
    # An index that is known only at deployment can be any.
    chosen = [each[int(index) :][:1] if index.isdecimal() else each for each in lists]
    return [each for values in chosen for value in values for each in _branches(value)]


def _branches_of_split(arguments: Sequence[Any]) -> Sequence[Any]:
    separator, texts = str(arguments[0]), [text_of(each) for each in _branches(arguments[1])]
    if not separator or any(UNKNOWN in text for text in texts):
        return [{"Fn::Split": arguments}]
    return [text.split(separator) for text in texts]


def _branches_of_join(arguments: Sequence[Any]) -> Sequence[Any]:
    lists = _branches(arguments[1])
    if not all(map(_is_list, lists)):
        return [{"Fn::Join": arguments}]
    return [{"Fn::Join": [arguments[0], parts]} for each in lists for parts in _combinations(each)]


def _branches_of_sub(arguments: Sequence[Any]) -> Sequence[Any]:
    text, variables = arguments[:2]
    if not isinstance(text, str) or not isinstance(variables, Mapping):
        return [{"Fn::Sub": arguments}]
    parts = _split(SUBSTITUTION, text)
    return _branches_of_join(
        ["", [part if name is None else variables.get(name, {"Ref": name}) for part, name in parts]]
    )


def _combinations(parts: Sequence[Any]) -> Iterable[Sequence[Any]]:
    branches = [_branches(part) for part in parts]
    if prod(map(len, branches)) > _MOST_BRANCHES:
        # There are too many texts to check each of them, so the value counts as any text.
        return [["*"]]
    return ([part for part in chosen if part != NO_VALUE] for chosen in product(*branches))


_FUNCTIONS: Mapping[str, Callable[[Sequence[Any]], Sequence[Any]]] = {
    "Fn::If": _branches_of_if,
    "Fn::Select": _branches_of_select,
    "Fn::Split": _branches_of_split,
    "Fn::Join": _branches_of_join,
    "Fn::Sub": _branches_of_sub,
}
