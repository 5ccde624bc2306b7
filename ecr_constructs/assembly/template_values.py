"""
The values of a CloudFormation template that its parameters, mappings and conditions determine.

A condition that depends on a parameter has two outcomes. A map with an unknown key has one outcome for each key. Each
combination is evaluated separately, and named by its conditions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeVar

from ecr_constructs.model.template_syntax import is_function_name, mapping

__all__ = ["TemplateOutcome", "TemplateValues", "functions_in"]

Result = TypeVar("Result")

# A condition doubles the number of outcomes.
_MAXIMUM_OUTCOMES = 64
# The largest policy of ECR has 30,720 characters. A delimiter or a variable can be repeated without end.
_MAXIMUM_CHARACTERS = 2**20
# The name of an outcome does not contain longer values, such as a whole policy.
_LONGEST_SHOWN = 32
# Conditions that refer to each other.
_MAXIMUM_DEPTH = 50
_NO_VALUE = object()
_VARIABLE = re.compile(r"\$\{(?P<literal>!?)(?P<name>[^{}]*)\}")
_DYNAMIC_REFERENCE = "{{resolve:"


@dataclass(frozen=True, kw_only=True, slots=True)
class TemplateOutcome:
    """
    The properties of a resource under one combination of conditions.

    Attributes:
        properties: The properties. Those that only CloudFormation can compute are as in the template.
        unknown: The properties that only CloudFormation can compute, each with the reason and the fix.
        conditions: The conditions of the combination, such as `IsProduction`, `not IsProduction` or
            `AWS::Region is eu-west-1`.
        defaults: The parameters whose default is used, each as `Keep=7`.
        is_default: Whether the conditions hold with the defaults of the parameters.

    """

    properties: Mapping[str, Any]
    unknown: Mapping[str, str]
    conditions: tuple[str, ...] = ()
    defaults: tuple[str, ...] = ()
    is_default: bool = True

    @property
    def label(self) -> str:
        """The conditions and the defaults, in words. Empty if there are none."""
        parts = [f"if {' and '.join(self.conditions)}"] if self.conditions else []
        if self.defaults:
            parts.append(f"with the default{'s' if len(self.defaults) > 1 else ''} {', '.join(self.defaults)}")
        return "; ".join(parts)


class TemplateValues:
    """
    The parameters, mappings and conditions of a template.

    Args:
        template: A CloudFormation template.
        parameters: The values of parameters and pseudo parameters, such as `AWS::Region`. Default: none. They determine
            conditions. Defaults of the template do not, because a deployment can replace them.

    """

    def __init__(self, template: Mapping[str, Any], parameters: Mapping[str, str] | None = None) -> None:
        self.given = dict(parameters or {})
        self.parameters = {name: mapping(value) for name, value in mapping(template.get("Parameters")).items()}
        self.conditions = mapping(template.get("Conditions"))
        self.mappings = mapping(template.get("Mappings"))

    def outcomes(self, properties: Mapping[str, Any], condition: object = None) -> tuple[TemplateOutcome, ...]:
        """
        Return the properties under each combination of conditions.

        Args:
            properties: The properties of a resource.
            condition: The attribute `Condition` of the resource. Combinations without the resource are not returned.

        """
        found: list[TemplateOutcome] = []
        open_choices: list[_Choices] = [{}]
        while open_choices:
            evaluation = _Evaluation(self, open_choices.pop())
            try:
                outcome = evaluation.outcome(properties, condition)
            except _Undecided as undecided:
                options = reversed([{**evaluation.choices, undecided.subject: each} for each in undecided.options])
                open_choices.extend(options)
                if len(found) + len(open_choices) > _MAXIMUM_OUTCOMES:
                    return (_too_many(properties),)
            else:
                found += [outcome] if outcome else []
        return tuple(found)

    def parameter_problem(self, name: str) -> str | None:
        """
        Return the reason why a given value of a parameter is rejected, or None.

        Args:
            name: The parameter.

        """
        allowed = [_as_text(each) for each in self.parameters.get(name, {}).get("AllowedValues") or ()]
        if allowed and self.given[name] not in allowed:
            return f"{self.given[name]!r} is not an allowed value; give one of {', '.join(allowed)}"
        return None


_Subject = tuple[str, str]
_Choices = dict[_Subject, Any]


class _Undecided(Exception):
    """The exception for a condition or a parameter with several options."""

    def __init__(self, subject: _Subject, options: Sequence[object]) -> None:
        super().__init__(subject)
        self.subject = subject
        self.options = options


class _Unknown(Exception):
    """The exception for a value that only CloudFormation can compute. The text is the reason and the fix."""


class _Open(Exception):
    """The exception for a comparison that depends on a parameter without a given value."""


def _too_many(properties: Mapping[str, Any]) -> TemplateOutcome:
    reason = f"more than {_MAXIMUM_OUTCOMES} combinations of conditions; give values with --parameter"
    return TemplateOutcome(properties=properties, unknown={name: reason for name in properties if properties[name]})


class _Evaluation:
    """The evaluation of values under some choices. A choice that is missing is raised as `_Undecided`."""

    def __init__(self, values: TemplateValues, choices: _Choices, *, defaults_decide: bool = False) -> None:
        self.choices = choices
        self._values = values
        self._defaults_decide = defaults_decide
        self._is_comparing = False
        self._defaults: dict[str, str] = {}
        self._pending: set[str] = set()
        self._decided: dict[str, bool] = {}

    def outcome(self, properties: Mapping[str, Any], condition: object) -> TemplateOutcome | None:
        """Return the properties, or None if the resource is not created."""
        try:
            if isinstance(condition, str) and not self._condition(condition):
                return None
        except _Unknown:  # CloudFormation rejects the template
            pass
        resolved: dict[str, Any] = {}
        unknown: dict[str, str] = {}
        for name, written in properties.items():
            before = dict(self._defaults)
            try:
                value = self._value(written)
            except _Unknown as reason:
                resolved[name], unknown[name] = written, str(reason)
                self._defaults = before
            else:
                resolved |= {} if value is _NO_VALUE else {name: value}
        return TemplateOutcome(
            properties=resolved,
            unknown=unknown,
            conditions=tuple(_words(subject, option) for subject, option in self.choices.items()),
            defaults=tuple(self._defaults.values()),
            is_default=all(self._is_default(*each) for each in self.choices.items()),
        )

    def _is_default(self, subject: _Subject, option: object) -> bool:
        kind, name = subject
        if kind != "Condition":
            return False
        try:
            return _Evaluation(self._values, {}, defaults_decide=True)._condition(name) is option  # noqa: SLF001  (the same class)
        except (_Undecided, _Unknown):
            return False

    # --- values ---

    def _value(self, written: object) -> Any:  # noqa: ANN401  (any value of a template)
        if isinstance(written, str) and _DYNAMIC_REFERENCE in written:
            raise _Unknown("a dynamic reference; write the text itself to have it read")
        if isinstance(written, list):
            return [value for value in map(self._value, written) if value is not _NO_VALUE]
        if not isinstance(written, Mapping):
            return written
        if (name := _function(written)) is not None:
            return self._call(name, written[name])
        values = {key: self._value(value) for key, value in written.items()}
        return {key: value for key, value in values.items() if value is not _NO_VALUE}

    def _call(self, name: str, argument: object) -> Any:  # noqa: ANN401  (any value of a template)
        if name not in _FUNCTIONS:
            raise _Unknown(f"{name} is known at deployment only; write the text itself to have it read")
        try:
            return _FUNCTIONS[name](self, argument)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            raise _Unknown(f"{name} does not have the arguments that it requires; correct the template") from None

    def _text(self, written: object) -> str:
        value = self._value(written)
        if value is _NO_VALUE or isinstance(value, (list, Mapping)):
            raise TypeError
        return _as_text(value)

    def _list(self, written: object) -> list[Any]:
        value = self._value(written)
        if not isinstance(value, list):
            raise TypeError
        return value

    def _ref(self, name: object) -> Any:  # noqa: ANN401  (a text or a list of texts)
        if name == "AWS::NoValue":
            return _NO_VALUE
        return self._parameter(str(name))

    def _parameter(self, name: str) -> Any:  # noqa: ANN401  (a text or a list of texts)
        declaration = self._values.parameters.get(name, {})
        if name not in self._values.parameters and not name.startswith("AWS::"):
            raise _Unknown(f"{name!r} is known at deployment only; write the text itself to have it read")
        text = self._known(name)
        if text is None:
            text = self._assumed(name, declaration)
        return _of_type(text, str(declaration.get("Type", "String")))

    def _known(self, name: str) -> str | None:
        """Return the value of a parameter if it was given, or if the choices imply it."""
        if name in self._values.given:
            return self._values.given[name]
        if ("Parameter", name) in self.choices:
            return str(self.choices["Parameter", name])
        equal, excluded = self._implied(name)
        if equal is None and (allowed := self._allowed(name)):
            remaining = [each for each in allowed if each not in excluded]
            return remaining[0] if len(remaining) == 1 else None
        return equal

    def _assumed(self, name: str, declaration: Mapping[str, Any]) -> str:
        """Return the value of a parameter that was not given."""
        excluded = self._implied(name)[1]
        is_stored = str(declaration.get("Type", "")).startswith("AWS::SSM::")
        default = None if is_stored or "Default" not in declaration else _as_text(declaration["Default"])
        if self._is_comparing and not (self._defaults_decide and default is not None):
            raise _Open
        if default is not None and default not in excluded:
            shown = len(default) <= _LONGEST_SHOWN and str(declaration.get("NoEcho")).lower() != "true"
            self._defaults[name] = f"{name}={default}" if shown else name
            return default
        if allowed := [each for each in self._allowed(name) if each not in excluded]:
            raise _Undecided(("Parameter", name), allowed)
        reason = "is read from Systems Manager at deployment" if is_stored else "has no default"
        raise _Unknown(f"parameter {name} {reason}; give --parameter {name}=VALUE")

    def _allowed(self, name: str) -> list[str]:
        return [_as_text(each) for each in self._values.parameters.get(name, {}).get("AllowedValues") or ()]

    def _implied(self, name: str) -> tuple[str | None, set[str]]:
        """Return the value that the chosen conditions imply for a parameter, and the values that they exclude."""
        equal, excluded = None, set()
        for (kind, condition), option in self.choices.items():
            equation = _equation(self._values.conditions.get(condition)) if kind == "Condition" else None
            if equation and equation[0] == name:
                if equation[2] is option:
                    equal = equation[1]
                else:
                    excluded.add(equation[1])
        return equal, excluded

    # --- functions ---

    def _substitute(self, argument: object) -> str:
        template, variables = argument if isinstance(argument, list) else (argument, {})
        pieces, end = [], 0
        for found in _VARIABLE.finditer(template):
            pieces += [template[end : found.start()], self._variable(found, variables)]
            end = found.end()
        return _bounded([*pieces, template[end:]])

    def _variable(self, found: re.Match[str], variables: Mapping[str, object]) -> str:
        name = found["name"]
        if found["literal"]:
            return f"${{{name}}}"
        return self._text(variables[name] if name in variables else {"Ref": name.strip()})

    def _join(self, argument: Any) -> str:  # noqa: ANN401  (any value of a template)
        delimiter, parts = argument
        texts = [self._text(each) for each in self._list(parts)]
        return _bounded(list(chain.from_iterable((self._text(delimiter), each) for each in texts))[1:])

    def _split(self, argument: Any) -> list[str]:  # noqa: ANN401  (any value of a template)
        delimiter, text = argument
        return self._text(text).split(self._text(delimiter))

    def _select(self, argument: Any) -> Any:  # noqa: ANN401  (any value of a template)
        number, values = argument
        index = int(self._text(number))
        if index < 0:
            raise IndexError
        # Only the chosen entry has to be known.
        return self._value(values[index]) if isinstance(values, list) else self._list(values)[index]

    def _if(self, argument: Any) -> Any:  # noqa: ANN401  (any value of a template)
        name, yes, no = argument
        return self._value(yes if self._condition(name) else no)

    def _find_in_map(self, argument: Any) -> Any:  # noqa: ANN401  (any value of a template)
        name, *keys = argument[:3]
        entries = self._values.mappings[self._text(name)]
        default = mapping(argument[3] if len(argument) > 3 else None)  # noqa: PLR2004  (the fourth argument)
        for key in keys:
            text = self._key(key, entries)
            if text not in entries and "DefaultValue" in default:
                return self._value(default["DefaultValue"])
            entries = entries[text]
        return entries

    def _key(self, written: object, entries: Mapping[str, object]) -> str:
        try:
            return self._text(written)
        except _Unknown:
            name = written.get("Ref") if isinstance(written, Mapping) else None
            if isinstance(name, str) and (name in self._values.parameters or name.startswith("AWS::")):
                raise _Undecided(("Parameter", name), list(entries)) from None
            raise

    def _to_json(self, argument: object) -> str:
        return json.dumps(self._value(argument), separators=(",", ":"))

    def _length(self, argument: object) -> int:
        return len(self._list(argument))

    # --- conditions ---

    def _condition(self, name: str) -> bool:
        if ("Condition", name) in self.choices:
            return bool(self.choices["Condition", name])
        if name not in self._values.conditions:
            raise _Unknown(f"the template has no condition {name!r}; add it")
        if name in self._decided:
            return self._decided[name]
        if name in self._pending or len(self._pending) > _MAXIMUM_DEPTH:
            raise _Unknown(f"condition {name} depends on itself, or on too many others; correct the template")
        self._pending.add(name)
        try:
            self._decided[name] = self._test(self._values.conditions[name])
        except _Open:
            raise _Undecided(("Condition", name), (True, False)) from None
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            raise _Unknown(f"condition {name} is not well formed; correct the template") from None
        finally:
            self._pending.discard(name)
        return self._decided[name]

    def _test(self, definition: Any) -> bool:  # noqa: ANN401  (any value of a template)
        [(name, argument)] = definition.items()
        if name == "Condition":
            return self._condition(argument)
        if name == "Fn::Not":
            return not self._test(argument[0])
        if name == "Fn::Equals":
            return self._equals(*argument)
        if name in ("Fn::And", "Fn::Or"):
            return self._any(argument, name == "Fn::Or")
        raise _Open

    def _any(self, tests: Sequence[object], wanted: bool) -> bool:  # noqa: FBT001  (the result that ends the search)
        results = [self._test_or_open(test) for test in tests]
        if wanted in results:
            return wanted
        if None in results:
            raise _Open
        return not wanted

    def _test_or_open(self, definition: object) -> bool | None:
        try:
            return self._test(definition)
        except _Open:
            return None

    def _equals(self, one: object, other: object) -> bool:
        equation = _equation({"Fn::Equals": [one, other]})
        if equation and self._known(equation[0]) is None:
            allowed = self._allowed(equation[0])
            if equation[1] in self._implied(equation[0])[1] or (allowed and equation[1] not in allowed):
                return False
        self._is_comparing = True
        try:
            return bool(_comparable(self._value(one)) == _comparable(self._value(other)))
        except _Unknown:
            raise _Open from None
        finally:
            self._is_comparing = False


_FUNCTIONS: Mapping[str, Callable[[_Evaluation, Any], Any]] = {
    "Ref": _Evaluation._ref,  # noqa: SLF001  (the functions of CloudFormation, which are private to the evaluation)
    "Fn::FindInMap": _Evaluation._find_in_map,  # noqa: SLF001  (as above)
    "Fn::If": _Evaluation._if,  # noqa: SLF001  (as above)
    "Fn::Join": _Evaluation._join,  # noqa: SLF001  (as above)
    "Fn::Length": _Evaluation._length,  # noqa: SLF001  (as above)
    "Fn::Select": _Evaluation._select,  # noqa: SLF001  (as above)
    "Fn::Split": _Evaluation._split,  # noqa: SLF001  (as above)
    "Fn::Sub": _Evaluation._substitute,  # noqa: SLF001  (as above)
    "Fn::ToJsonString": _Evaluation._to_json,  # noqa: SLF001  (as above)
}


def functions_in(value: object) -> Iterator[str]:
    """
    Yield the names of the CloudFormation functions that compute a value.

    Args:
        value: A value of a template.

    """
    if isinstance(value, Mapping) and (name := _function(value)) is not None:
        yield name


def _function(value: Mapping[str, Any]) -> str | None:
    """Return the name of a function, such as `Fn::Sub`, or None for an object."""
    name = next(iter(value), None) if len(value) == 1 else None
    return name if is_function_name(name) else None


def _equation(definition: object) -> tuple[str, str, bool] | None:
    """Return parameter, text, and whether a condition holds if they are equal. None for other conditions."""
    match definition:
        case {"Fn::Not": [inner]}:
            equation = _equation(inner)
            return equation and (equation[0], equation[1], not equation[2])
        case {"Fn::Equals": [{"Ref": str(name)}, str(text) | int(text)]}:
            return name, _as_text(text), True
        case {"Fn::Equals": [str(text) | int(text), {"Ref": str(name)}]}:
            return name, _as_text(text), True
    return None


def _words(subject: _Subject, option: object) -> str:
    kind, name = subject
    if kind == "Parameter":
        return f"{name} is {option}"
    return name if option else f"not {name}"


def _as_text(value: object) -> str:
    """Return a value as CloudFormation renders it: a number or a boolean becomes a text."""
    return value if isinstance(value, str) else json.dumps(value)


def _comparable(value: object) -> object:
    return _as_text(value) if isinstance(value, (bool, int, float)) else value


def _of_type(text: str, parameter_type: str) -> str | list[str]:
    if parameter_type == "CommaDelimitedList" or "List<" in parameter_type:
        return [each.strip() for each in text.split(",")]
    return text


def _bounded(pieces: Sequence[str]) -> str:
    if sum(map(len, pieces)) > _MAXIMUM_CHARACTERS:
        raise _Unknown(f"a text of more than {_MAXIMUM_CHARACTERS:,} characters; shorten it")
    return "".join(pieces)
