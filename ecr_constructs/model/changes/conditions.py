"""
Conditions of policy statements: whether one condition is met whenever another one is.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from operator import eq
from typing import Any

from ecr_constructs.model.iam.values import as_list, has_wildcard, matches_pattern, text_of
from ecr_constructs.model.template_syntax import mapping

__all__ = ["Conditions", "conditions_of", "is_looser", "pattern_includes"]

# The values by operator and key, both in lower case.
Conditions = Mapping[tuple[str, str], frozenset[str]]

_OPERATOR = re.compile(r"(?P<qualifier>(?:foranyvalue|forallvalues):)?(?P<name>\w+?)(?P<optional>ifexists)?")
_Includes = Callable[[str, str], bool]


def conditions_of(statement: Mapping[str, Any]) -> Conditions:
    """
    Return the conditions of a statement.

    Args:
        statement: The statement, as a policy document contains it.

    """
    return {
        (str(operator).lower(), str(key).lower()): frozenset(map(_value, as_list(values)))
        for operator, keys in mapping(statement.get("Condition")).items()
        for key, values in mapping(keys).items()
    }


def is_looser(wide: Conditions, narrow: Conditions) -> bool:
    """
    Return whether every condition of a statement is met when those of another statement are.

    Args:
        wide: The conditions of the statement.
        narrow: The conditions of the other statement.

    """
    return all(
        any(key == other and _follows(operator, values, given, texts) for (given, other), texts in narrow.items())
        for (operator, key), values in wide.items()
    )


def pattern_includes(wide: str, narrow: str) -> bool:
    """
    Return whether a pattern of IAM matches every text that another pattern matches.

    Args:
        wide: The pattern.
        narrow: The other pattern.

    """
    # A `?` of the wide pattern would match a `*` of the narrow one.
    return wide == narrow or ("?" not in wide and matches_pattern(wide, narrow))


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, Mapping) else text_of(value)


def _follows(operator: str, values: frozenset[str], given: str, texts: frozenset[str]) -> bool:
    """Return whether a condition is met when another condition on the same key is met."""
    if operator == given and values == texts:
        return True
    one, other = _OPERATOR.fullmatch(operator), _OPERATOR.fullmatch(given)
    if one is None or other is None or one["qualifier"] != other["qualifier"]:
        return False
    # A condition with IfExists is also met if the request has no such key.
    if other["optional"] and not one["optional"]:
        return False
    if one["name"] in _NEGATED:
        # More values exclude more requests.
        includes = _NEGATED[one["name"]].get(other["name"]) if not one["qualifier"] else None
        return includes is not None and _are_included(values, texts, includes)
    includes = _POSITIVE.get(one["name"], {}).get(other["name"])
    return includes is not None and _are_included(texts, values, includes)


def _are_included(texts: Iterable[str], patterns: Iterable[str], includes: _Includes) -> bool:
    return all(any(includes(pattern, text) for pattern in patterns) for text in texts)


# --- how a value with one operator includes a value with another one --------------------------------------------------


def _is_equal_without_wildcards(wide: str, narrow: str) -> bool:
    return wide == narrow and not has_wildcard(narrow)


def _matches_fixed(wide: str, narrow: str) -> bool:
    """Return whether a pattern matches a text whose `*` and `?` are no wildcards."""
    return pattern_includes(wide, narrow) if not has_wildcard(narrow) else wide == "*"


def _is_equal_in_any_case(wide: str, narrow: str) -> bool:
    return wide.casefold() == narrow.casefold()


def _arn_includes(wide: str, narrow: str) -> bool:
    # "Each of the six colon-delimited components of the ARN is checked separately".
    parts, others = wide.split(":", 5), narrow.split(":", 5)
    return wide == narrow or (len(parts) == len(others) and all(map(pattern_includes, parts, others)))


def _network_includes(wide: str, narrow: str) -> bool:
    one, other = _network(wide), _network(narrow)
    if isinstance(one, IPv4Network) and isinstance(other, IPv4Network):
        return other.subnet_of(one)
    return isinstance(one, IPv6Network) and isinstance(other, IPv6Network) and other.subnet_of(one)


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


_EQUALS = {"stringequals": eq, "stringlike": _is_equal_without_wildcards}
_LIKE = {
    "stringequals": _matches_fixed,
    "stringlike": pattern_includes,
    "arnequals": pattern_includes,
    "arnlike": pattern_includes,
}
_ARN = {"arnequals": _arn_includes, "arnlike": _arn_includes}
_ANY_CASE = {"stringequals": _is_equal_in_any_case, "stringequalsignorecase": _is_equal_in_any_case}
# For each operator, the operators with which it can be compared.
_POSITIVE: Mapping[str, Mapping[str, _Includes]] = {
    "stringequals": _EQUALS,
    "stringequalsignorecase": _ANY_CASE,
    "stringlike": _LIKE,
    "arnequals": _ARN,
    "arnlike": _ARN,
    "ipaddress": {"ipaddress": _network_includes},
}
_NEGATED: Mapping[str, Mapping[str, _Includes]] = {
    "stringnotequals": {"stringnotequals": eq, "stringnotlike": _matches_fixed},
    "stringnotlike": {"stringnotlike": pattern_includes, "stringnotequals": _is_equal_without_wildcards},
    "stringnotequalsignorecase": {"stringnotequalsignorecase": _is_equal_in_any_case},
    "arnnotequals": {"arnnotequals": _arn_includes, "arnnotlike": _arn_includes},
    "arnnotlike": {"arnnotequals": _arn_includes, "arnnotlike": _arn_includes},
    "notipaddress": {"notipaddress": _network_includes},
}
