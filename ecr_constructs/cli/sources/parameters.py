"""The values of CloudFormation parameters that the option `--parameter` gives."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ecr_constructs.assembly.template_values import TemplateValues
from ecr_constructs.cli.errors import CommandError

__all__ = ["Parameters"]

_OPTION = "--parameter"
# A stack has no colon in its name, and a pseudo parameter such as AWS::Region has two.
_ASSIGNMENT = re.compile(r"(?:(?P<stack>[^:=]+):(?!:))?(?P<name>(?:AWS::)?\w+)=(?P<value>.*)", re.DOTALL)


@dataclass(kw_only=True, slots=True)
class Parameters:
    """
    The values of parameters, and the parameters of the templates that were read.

    Attributes:
        values: The values, by stack and name. The stack is None for a value of all templates.

    """

    values: dict[tuple[str | None, str], str] = field(default_factory=dict)
    _used: set[tuple[str | None, str]] = field(default_factory=set)
    _declared: set[str] = field(default_factory=set)

    @classmethod
    def parse(cls, options: Sequence[str]) -> Parameters:
        """
        Return the values of options.

        Args:
            options: Texts such as `Keep=7`, `AWS::Region=eu-west-1`, and `Stack:Keep=7` for one stack of an assembly.

        Raises:
            CommandError: For a text that is none of them, and for a parameter with two values.

        """
        parsed = cls()
        problems = []
        for option in options:
            found = _ASSIGNMENT.fullmatch(option)
            if found is None:
                problems.append(f"{option!r} has no value; write it as Keep=7, or as Stack:Keep=7 for one stack")
            elif parsed.values.setdefault((found["stack"], found["name"]), found["value"]) != found["value"]:
                problems.append(f"{found['name']} has two values; keep one")
        if problems:
            raise CommandError(problems, path=_OPTION)
        return parsed

    @property
    def of_all_templates(self) -> dict[str, str]:
        """The values that are not of one stack, by name."""
        return {name: value for (stack, name), value in self.values.items() if stack is None}

    def apply(self, template: TemplateValues, stack: str | None) -> None:
        """
        Set the values of the parameters of a template.

        Args:
            template: The template.
            stack: The name of its stack, if it is known.

        Raises:
            CommandError: If the template does not allow a value.

        """
        self._declared |= template.parameters.keys()
        problems = []
        for of_stack in (None, stack):
            for (owner, name), value in self.values.items():
                if owner == of_stack and (name in template.parameters or name.startswith("AWS::")):
                    template.given[name] = value
                    self._used.add((owner, name))
                    problems += [f"{name}: {each}"] if (each := template.parameter_problem(name)) else []
        if problems:
            raise CommandError(problems, path=_OPTION)

    def require_used(self, source: str) -> None:
        """
        Raise an error if no template has the parameter of a value. Its name can be misspelled.

        Args:
            source: The source with the templates, for the message.

        Raises:
            CommandError: With each such value.

        """
        names = ", ".join(sorted(self._declared)) or "no parameters"
        problems = [
            f"{f'{stack}:' if stack else ''}{name} is not a parameter of {source}; it has {names}"
            for stack, name in self.values
            if (stack, name) not in self._used
        ]
        if problems:
            raise CommandError(problems, path=_OPTION)
