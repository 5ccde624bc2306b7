"""The intrinsic functions of a template whose result the template determines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ecr_constructs.model.template_syntax import NO_VALUE, SUBSTITUTION, is_function_name, references_of

__all__ = ["Resolver", "has_functions", "references_of"]

_PLAIN_PARAMETERS = ("String", "Number")


class Resolver:
    """
    The values that a template, or its stack, determines: defaults of parameters, mappings and pseudo parameters.

    Args:
        template: The template.
        known: The values of pseudo parameters, such as `AWS::StackName`. Default: none is known.

    """

    def __init__(self, template: Mapping[str, Any], known: Mapping[str, str] | None = None) -> None:
        self._known: dict[str, object] = {**dict(_defaults(template)), **(known or {})}
        self._mappings = template.get("Mappings")

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
        resolved = {name: self.resolve(each) for name, each in value.items()}
        if len(resolved) == 1:
            ((name, argument),) = resolved.items()
            compute = _FUNCTIONS.get(name)
            result = compute(self, argument) if compute else None
            return {name: argument} if result is None else result
        return {name: each for name, each in resolved.items() if each != NO_VALUE}

    def _ref(self, name: object) -> object | None:
        return self._known.get(name) if isinstance(name, str) else None

    def _join(self, argument: object) -> str | None:
        if not (isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], list)):  # noqa: PLR2004
            return None
        separator, parts = argument
        if not isinstance(separator, str) or not all(isinstance(part, (str, int)) for part in parts):
            return None
        return separator.join(map(str, parts))

    def _sub(self, argument: object) -> str | None:
        text, values = argument if isinstance(argument, list) and len(argument) == 2 else (argument, {})  # noqa: PLR2004
        if not isinstance(text, str) or not isinstance(values, Mapping):
            return None
        known = {**self._known, **values}
        names = SUBSTITUTION.findall(text)
        if not all(isinstance(known.get(name), (str, int)) for name in names):
            return None
        return SUBSTITUTION.sub(lambda found: str(known[found.group(1)]), text).replace("${!", "${")

    def _find_in_map(self, argument: object) -> object | None:
        found = self._mappings
        for key in argument if isinstance(argument, list) else ():
            found = found.get(key) if isinstance(found, Mapping) and isinstance(key, str) else None
        return found if isinstance(argument, list) else None


_FUNCTIONS: Mapping[str, Callable[[Resolver, object], object | None]] = {
    "Ref": Resolver._ref,  # noqa: SLF001  (the functions of the class above)
    "Fn::Join": Resolver._join,  # noqa: SLF001
    "Fn::Sub": Resolver._sub,  # noqa: SLF001
    "Fn::FindInMap": Resolver._find_in_map,  # noqa: SLF001
}


def has_functions(value: object) -> bool:
    """
    Return whether CloudFormation computes a value, or a part of it, at deployment.

    Args:
        value: The value.

    """
    if isinstance(value, Mapping):
        return any(is_function_name(name) or has_functions(each) for name, each in value.items())
    return isinstance(value, list) and any(map(has_functions, value))


def _defaults(template: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    parameters = template.get("Parameters")
    for name, parameter in parameters.items() if isinstance(parameters, Mapping) else ():
        # The value of other types, such as that of a Systems Manager parameter, is read at deployment.
        if isinstance(parameter, Mapping) and parameter.get("Type") in _PLAIN_PARAMETERS and "Default" in parameter:
            yield name, str(parameter["Default"])
