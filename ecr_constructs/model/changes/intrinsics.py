"""The intrinsic functions of a template whose result the template determines."""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any

from ecr_constructs.model.template_syntax import NO_VALUE, SUBSTITUTION, has_functions, mapping

__all__ = ["LOOP", "Resolver", "canonical", "expanded"]

# The beginning of the name of a loop, such as `Fn::ForEach::Repositories`.
LOOP = "Fn::ForEach::"
_LISTS = ("CommaDelimitedList", "List<Number>", "List<String>")
_WITH_VALUES = ("String", "Number", *_LISTS)


class Resolver:
    """
    The values that a template, or its stack, determines: parameters, mappings, conditions and pseudo parameters.

    Args:
        template: The template.
        known: The values of parameters and pseudo parameters, such as `AWS::StackName`. Default: none is known.
        with_defaults: Whether a parameter without a known value has its default. Default: it has.

    """

    def __init__(
        self, template: Mapping[str, Any], known: Mapping[str, str] | None = None, *, with_defaults: bool = True
    ) -> None:
        self._known = dict(_parameters(template, known or {}, with_defaults=with_defaults))
        self._mappings = template.get("Mappings")
        self._conditions = mapping(template.get("Conditions"))
        self._decided: dict[str, bool | None] = {}
        self._defined: dict[str, str] = {}

    def resolve(self, value: object) -> Any:  # noqa: ANN401  (a value of any kind)
        """
        Return a value with each function that can be computed replaced by its result.

        Args:
            value: The value of a property. Parameters have their default values, because a deployment uses them unless
                other values are given.

        """
        if isinstance(value, list):
            return [each for each in map(self.resolve, value) if each != NO_VALUE]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1 and "Fn::If" in value:
            return self._if(value["Fn::If"])
        resolved = {name: self.resolve(each) for name, each in value.items()}
        if len(resolved) == 1:
            ((name, argument),) = resolved.items()
            compute = _FUNCTIONS.get(name)
            result = compute(self, argument) if compute else None
            return {name: argument} if result is None else result
        return {name: each for name, each in resolved.items() if each != NO_VALUE}

    def condition(self, name: object) -> bool | None:
        """
        Return whether a condition of the template is true, or None if only CloudFormation can decide it.

        Args:
            name: The name of the condition.

        """
        if not isinstance(name, str):
            return None
        for each in self._ordered(name, self._decided):
            # A condition that refers to itself is not decided.
            self._decided[each] = None
            self._decided[each] = self._test(self._conditions.get(each))
        return self._decided[name]

    def definition(self, name: str) -> str:
        """
        Return a text that is equal for equal definitions of a condition, and of the conditions that it refers to.

        The definition itself can be very long, because several conditions can refer to one.

        Args:
            name: The name of the condition.

        """
        for each in self._ordered(name, self._defined):
            self._defined[each] = self._digest(self._conditions.get(each))
        return self._defined[name]

    def _ordered(self, name: str, known: Container[str]) -> list[str]:
        """Return a condition behind those that it refers to, without the known ones. They can be a long chain."""
        ordered: list[str] = []
        visited: set[str] = set()
        pending = [(name, False)]
        while pending:
            each, is_last = pending.pop()
            if is_last:
                ordered.append(each)
            elif each not in visited and each not in known:
                visited.add(each)
                pending.append((each, True))
                pending += ((other, False) for other in _conditions_in(self._conditions.get(each)))
        return ordered

    def _digest(self, definition: object) -> str:
        if isinstance(definition, Mapping) and len(definition) == 1:
            ((name, argument),) = definition.items()
            if name == "Condition" and isinstance(argument, str):
                return self._defined.get(argument, argument)
            if name in _OF_TESTS and isinstance(argument, list):
                return _digest_of([name, *map(self._digest, argument)])
        return _digest_of(self.resolve(definition))

    def _test(self, definition: object) -> bool | None:
        if not isinstance(definition, Mapping) or len(definition) != 1:
            return None
        ((name, argument),) = definition.items()
        if name == "Condition":
            return self._decided.get(argument) if isinstance(argument, str) else None
        test = _TESTS.get(name)
        return test(self, argument) if test is not None and isinstance(argument, list) else None

    def _equals(self, sides: list[object]) -> bool | None:
        values = list(map(self.resolve, sides))
        return None if has_functions(values) or len(values) != _SIDES else _text(values[0]) == _text(values[1])

    def _not(self, tests: list[object]) -> bool | None:
        result = self._test(tests[0]) if len(tests) == 1 else None
        return None if result is None else not result

    def _and(self, tests: list[object]) -> bool | None:
        results = [self._test(each) for each in tests]
        return False if False in results else None if None in results else True

    def _or(self, tests: list[object]) -> bool | None:
        results = [self._test(each) for each in tests]
        return True if True in results else None if None in results else False

    def _if(self, argument: object) -> object:
        if isinstance(argument, list) and len(argument) == _ARGUMENTS_OF_IF:
            outcome = self.condition(argument[0])
            if outcome is not None:
                return self.resolve(argument[1] if outcome else argument[2])
            # A branch without a value stays in the list of arguments.
            return {
                "Fn::If": [argument[0], *(each if each == NO_VALUE else self.resolve(each) for each in argument[1:])]
            }
        return {"Fn::If": argument}

    def _ref(self, name: object) -> object | None:
        return self._known.get(name) if isinstance(name, str) else None

    def _join(self, argument: object) -> object | None:
        if not (isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], list)):  # noqa: PLR2004
            return None
        separator, parts = argument
        if not isinstance(separator, str):
            return None
        return _joined([each for part in parts for each in (separator, part)][1:])

    def _sub(self, argument: object) -> object | None:
        text, values = argument if isinstance(argument, list) and len(argument) == 2 else (argument, {})  # noqa: PLR2004
        if not isinstance(text, str) or not isinstance(values, Mapping):
            return None
        known = {**self._known, **values}
        # Texts and names of references, in turn.
        parts = SUBSTITUTION.split(text)
        return _joined(
            [
                known.get(part, _reference(part)) if at % 2 else part.replace("${!", "${")
                for at, part in enumerate(parts)
            ]
        )

    def _find_in_map(self, argument: object) -> object | None:
        found = self._mappings
        for key in argument[:_KEYS_OF_MAP] if isinstance(argument, list) else ():
            found = found.get(key) if isinstance(found, Mapping) and isinstance(key, str) else None
        return found if isinstance(argument, list) else None

    def _select(self, argument: object) -> object | None:
        if not (isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], list)):  # noqa: PLR2004
            return None
        index, values = str(argument[0]), argument[1]
        return values[int(index)] if index.isdecimal() and len(index) < _DIGITS and int(index) < len(values) else None

    def _split(self, argument: object) -> object | None:
        if not (isinstance(argument, list) and len(argument) == 2 and all(isinstance(each, str) for each in argument)):  # noqa: PLR2004
            return None
        return argument[1].split(argument[0]) if argument[0] else None

    def _attribute(self, argument: object) -> object | None:
        return {"Fn::GetAtt": argument.split(".", 1)} if isinstance(argument, str) and "." in argument else None


_FUNCTIONS: Mapping[str, Callable[[Resolver, Any], object | None]] = {
    "Ref": Resolver._ref,  # noqa: SLF001  (the functions of the class above)
    "Fn::FindInMap": Resolver._find_in_map,  # noqa: SLF001
    "Fn::GetAtt": Resolver._attribute,  # noqa: SLF001
    "Fn::Join": Resolver._join,  # noqa: SLF001
    "Fn::Select": Resolver._select,  # noqa: SLF001
    "Fn::Split": Resolver._split,  # noqa: SLF001
    "Fn::Sub": Resolver._sub,  # noqa: SLF001
}
_TESTS: Mapping[str, Callable[[Resolver, list[object]], bool | None]] = {
    "Fn::And": Resolver._and,  # noqa: SLF001
    "Fn::Equals": Resolver._equals,  # noqa: SLF001
    "Fn::Not": Resolver._not,  # noqa: SLF001
    "Fn::Or": Resolver._or,  # noqa: SLF001
}
_OF_TESTS = ("Fn::And", "Fn::Not", "Fn::Or")
_SIDES = 2
_ARGUMENTS_OF_IF = 3
_KEYS_OF_MAP = 3
_DIGITS = 10
_ARGUMENTS_OF_LOOP = 3
# A template has at most 500 resources.
_MOST_ITERATIONS = 10_000
# The value of a parameter has at most 4,096 bytes. A loop in a loop can repeat its value:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
_LONGEST_VALUE = 4_096


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _digest_of(value: object) -> str:
    return sha256(canonical(value).encode()).hexdigest()


def _conditions_in(definition: object) -> Iterator[str]:
    """Yield the names of the conditions that a definition refers to."""
    if isinstance(definition, list):
        for each in definition:
            yield from _conditions_in(each)
    elif isinstance(definition, Mapping):
        branches = definition.get("Fn::If")
        name = branches[0] if isinstance(branches, list) and branches else definition.get("Condition")
        if isinstance(name, str):
            yield name
        yield from _conditions_in(list(definition.values()))


def _reference(name: str) -> object:
    """Return the function for a reference in a text: `${Key.Arn}` is an attribute of a resource."""
    logical_id, dot, attribute = name.partition(".")
    return {"Fn::GetAtt": [logical_id, attribute]} if dot else {"Ref": name}


def _joined(parts: Iterable[object]) -> object:
    """Return joined parts as text; or in one form of Fn::Join, if CloudFormation computes some of them."""
    found: list[object] = []
    for part in _flat(parts):
        if isinstance(part, (str, int, float)) and found and isinstance(found[-1], str):
            found[-1] += _text(part)
        elif part != "":
            found.append(_text(part) if isinstance(part, (str, int, float)) else part)
    if not found:
        return ""
    return found[0] if len(found) == 1 else {"Fn::Join": ["", found]}


def _flat(parts: Iterable[object]) -> Iterator[object]:
    """Yield parts, and those of a part that is joined without a separator itself."""
    for part in parts:
        inner = part.get("Fn::Join") if isinstance(part, Mapping) and len(part) == 1 else None
        if isinstance(inner, list) and len(inner) == _SIDES and inner[0] == "" and isinstance(inner[1], list):
            yield from _flat(inner[1])
        else:
            yield part


def canonical(value: object) -> str:
    """
    Return a value as text.

    Equal values have equal texts, such as `true` and `"true"`, which are equal for CloudFormation.

    Args:
        value: The value of a property.

    """
    return json.dumps(_scalar_texts(value), sort_keys=True, default=str)


def _scalar_texts(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(name): _scalar_texts(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_scalar_texts(each) for each in value]
    return _text(value)


def expanded(resources: Mapping[str, Any], resolver: Resolver) -> Mapping[str, Any]:
    """
    Return resources with those that `Fn::ForEach` creates.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach.html

    Args:
        resources: The resources of a template. A loop over values that only CloudFormation computes stays.
        resolver: The values of the template.

    """
    return dict(_unrolled(resources, resolver, iter(range(_MOST_ITERATIONS))))


def _unrolled(resources: Mapping[str, Any], resolver: Resolver, budget: Iterator[int]) -> Iterator[tuple[str, Any]]:
    for name, each in resources.items():
        loop = (
            each if str(name).startswith(LOOP) and isinstance(each, list) and len(each) == _ARGUMENTS_OF_LOOP else None
        )
        values = resolver.resolve(loop[1]) if loop and isinstance(loop[2], Mapping) else None
        if loop is None or not isinstance(values, list) or has_functions(values) or _is_too_long(values):
            yield name, each
            continue
        for value in values:
            if next(budget, None) is None:
                return
            yield from _unrolled(_with_identifier(loop[2], str(loop[0]), _text(value)), resolver, budget)


def _is_too_long(values: Iterable[object]) -> bool:
    return any(len(_text(value)) > _LONGEST_VALUE for value in values)


def _with_identifier(value: Any, name: str, text: str) -> Any:  # noqa: ANN401  (a value of any kind)
    """Return a value with the identifier of a loop replaced by one of its values."""
    if isinstance(value, str):
        # "&{Identifier}" leaves out what is not alphanumeric.
        plain = "".join(each for each in text if each.isalnum())
        return value.replace(f"${{{name}}}", text).replace(f"&{{{name}}}", plain)
    if isinstance(value, list):
        return [_with_identifier(each, name, text) for each in value]
    if not isinstance(value, Mapping):
        return value
    if dict(value) == {"Ref": name}:
        return text
    return {_with_identifier(key, name, text): _with_identifier(each, name, text) for key, each in value.items()}


def _parameters(
    template: Mapping[str, Any], known: Mapping[str, str], *, with_defaults: bool
) -> Iterator[tuple[str, object]]:
    """Yield the values of parameters that are known, or their defaults, and those of pseudo parameters."""
    parameters = mapping(template.get("Parameters"))
    for name, described in parameters.items():
        parameter = mapping(described)
        # The value of other types, such as that of a Systems Manager parameter, is read at deployment.
        kind = parameter.get("Type")
        given = known.get(name, parameter.get("Default") if with_defaults and kind in _WITH_VALUES else None)
        if given is not None:
            yield name, [each.strip() for each in _text(given).split(",")] if kind in _LISTS else _text(given)
    yield from ((name, value) for name, value in known.items() if name not in parameters)
