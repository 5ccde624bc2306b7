"""A second reading of IAM's condition operators: whether a request meets a condition."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from ipaddress import ip_address, ip_network

Context = Mapping[str, str | Sequence[str]]


def meets(condition: Mapping[str, Mapping[str, object]], request: Context) -> bool:
    """Return whether a request meets every operator and every key of a condition."""
    context = {key.lower(): [value] if isinstance(value, str) else list(value) for key, value in request.items()}
    return all(
        _meets(operator, _values(values), context.get(key.lower()), request)
        for operator, block in condition.items()
        for key, values in block.items()
    )


def _values(values: object) -> list[str]:
    return [str(value) for value in (values if isinstance(values, list) else [values])]


def _meets(operator: str, wanted: list[str], found: list[str] | None, request: Context) -> bool:
    if operator == "Null":
        return any((found is None) == (value == "true") for value in wanted)
    if operator.endswith("IfExists"):
        if found is None:
            return True
        operator = operator.removesuffix("IfExists")
    qualifier, _, base = operator.rpartition(":")
    if qualifier == "ForAllValues":
        return all(_any(base, wanted, value, request) for value in found or [])
    # AWS does not define the result for several values without a set operator; here it is no match.
    if found is None or (not qualifier and len(found) > 1):
        return found is None and "Not" in base
    return any(_any(base, wanted, value, request) for value in found)


def _any(operator: str, wanted: list[str], value: str, request: Context) -> bool:
    texts = [_substituted(text, request) for text in wanted]
    return {
        "StringEquals": lambda: value in texts,
        "StringNotEquals": lambda: value not in texts,
        "StringEqualsIgnoreCase": lambda: value.lower() in [text.lower() for text in texts],
        "StringLike": lambda: any(_like(text, value) for text in texts),
        "StringNotLike": lambda: not any(_like(text, value) for text in texts),
        "ArnLike": lambda: any(_arn_like(text, value) for text in texts),
        "ArnEquals": lambda: any(_arn_like(text, value) for text in texts),
        "ArnNotLike": lambda: not any(_arn_like(text, value) for text in texts),
        "IpAddress": lambda: any(_in_range(text, value) for text in texts),
        "NotIpAddress": lambda: not any(_in_range(text, value) for text in texts),
        "Bool": lambda: value in texts,
    }[operator]()


def _substituted(text: str, request: Context) -> str:
    return re.sub(r"\$\{([^}]*)\}", lambda found: str(request.get(found[1], "")), text)


def _like(pattern: str, value: str) -> bool:
    expression = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch(expression, value, re.DOTALL) is not None


def _arn_like(pattern: str, value: str) -> bool:
    theirs, ours = pattern.split(":", 5), value.split(":", 5)
    return len(theirs) == len(ours) and all(map(_like, theirs, ours))


def _in_range(text: str, value: str) -> bool:
    try:
        network, address = ip_network(text, strict=False), ip_address(value)
    except ValueError:
        return False
    return network.version == address.version and address in network
