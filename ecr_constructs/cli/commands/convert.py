"""The subcommand `convert`: the Python code that builds a lifecycle policy."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

import typer

from ecr_constructs.cli.commands.options import ParameterOption
from ecr_constructs.cli.formatting import printable
from ecr_constructs.cli.sources.parameters import Parameters
from ecr_constructs.cli.sources.policies import read_policy
from ecr_constructs.cli.sources.records import Policy
from ecr_constructs.model.lifecycle.decompiler import DecompiledPolicy, effect
from ecr_constructs.model.lifecycle.findings import Finding
from ecr_constructs.model.lifecycle.intents import Intent
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from ecr_constructs.model.lifecycle.rule import LifecycleRule

__all__ = ["convert", "program"]

# The default line length of ruff and black.
_WIDTH = 88
_INDENT = "    "


def convert(
    source: Annotated[
        str, typer.Argument(metavar="POLICY", help="The file, folder or - with the policy.", show_default=False)
    ],
    *,
    repository: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The repository, if there are several policies.", show_default=False),
    ] = None,
    parameter: ParameterOption = None,
) -> None:
    """
    Print the Python code that builds the same lifecycle policy, as intents where they fit.

    The intents are compiled and compared with the policy, rule by rule, before they are printed. A rule remains a
    LifecycleRule with its description if an intent would hide a finding about it. Comments list
    differences without effect: priorities, descriptions, prefixes as patterns. They also list the errors and warnings
    of 'ecr-constructs lint', because other descriptions can hide them.
    """
    print(program(read_policy(source, repository, Parameters.parse(parameter or ()))), end="")


def program(policy: Policy) -> str:
    """
    Return the program.

    Args:
        policy: The policy, with rules.

    """
    found = _decompiled(policy)
    result = {effect(rule): rule for rule in found.result}
    if not found.intents:
        head = _head(policy, [(rule, rule) for rule in found.rules])
        rules = _Call(name="LifecyclePolicy", options={"rules": list(map(_rule_call, found.rules))}, is_long=True)
        return f"{_imports(['LifecyclePolicy', 'LifecycleRule'])}\n\n{head}{_code(rules, before='policy = ')}\n"
    head = _head(policy, [(rule, result[effect(rule)]) for rule in policy.policy.rules])
    names = ["LifecyclePolicy", *(each.function for each in found.intents), *(["LifecycleRule"] if found.rules else [])]
    return f"{_imports(names)}\n\n{head}{_statements(found, result)}"


def _decompiled(policy: Policy) -> DecompiledPolicy:
    """
    Return the intents and rules of a policy. A rule remains a rule if an intent would silence a finding about it.

    Intents generate descriptions: of a list that reads like OR, an intent states AND.
    """
    found = policy.policy.decompile()
    remaining = {(each.id, effect(each.rule)) for each in _findings(policy, found.result) if each.rule}
    silenced = [
        each.rule
        for each in _findings(policy, policy.policy.rules)
        if each.rule and (each.id, effect(each.rule)) not in remaining
    ]
    return policy.policy.decompile(as_rules=silenced) if silenced else found


def _statements(found: DecompiledPolicy, result: Mapping[tuple[object, ...], LifecycleRule]) -> str:
    calls = [
        _intent_call(intent, list(_descriptions(source, result)))
        for intent, source in zip(found.intents, found.sources, strict=True)
    ]
    statements = [
        _Call(name="LifecyclePolicy.of", arguments=calls, is_long=True),
        *(_Call(name="policy.with_last_rule", arguments=[_rule_call(rule)], is_long=True) for rule in found.rules),
    ]
    return "".join(f"{_code(call, before='policy = ')}\n" for call in statements)


def _descriptions(source: Sequence[LifecycleRule], result: Mapping[tuple[object, ...], LifecycleRule]) -> Iterator[str]:
    """Yield the descriptions that differ in the result, for comments."""
    for rule in source:
        if rule.description is not None and rule.description != result[effect(rule)].description:
            yield f"{rule.rule_priority}: {printable(rule.description)}".rstrip()


# --- comments ---------------------------------------------------------------------------------------------------------


def _head(policy: Policy, pairs: Sequence[tuple[LifecycleRule, LifecycleRule]]) -> str:
    where, differences, findings = printable(policy.where), list(_differences(pairs)), list(_finding_comments(policy))
    lines = [f"The policy in {where}, without changes."]
    if differences:
        lines = [f"The policy in {where}, with these differences, which have no effect:"]
        lines += [line for difference in differences for line in _wrapped(difference)]
    if findings:
        lines += ["Findings, with the priorities in that policy:"]
        lines += [line for finding in findings for line in _wrapped(finding)]
    return "".join(f"# {line}\n" for line in lines)


def _findings(policy: Policy, rules: Sequence[LifecycleRule]) -> Iterator[Finding]:
    for finding in LifecyclePolicy(rules=rules).findings(immutability=policy.immutability):
        if finding.severity != "info":
            yield finding


def _finding_comments(policy: Policy) -> Iterator[str]:
    for finding in _findings(policy, policy.policy.rules):
        yield printable(f"{finding.severity}: {finding.sentence}; {finding.remedy} [{finding.id}]")


def _differences(pairs: Sequence[tuple[LifecycleRule, LifecycleRule]]) -> Iterator[str]:
    numbers = [(was.rule_priority, now.rule_priority) for was, now in pairs if was.rule_priority != now.rule_priority]
    if numbers:
        yield f"priorities: {', '.join(f'{was} is {now}' for was, now in numbers)}"
    if any(was.description != now.description for was, now in pairs):
        yield "descriptions: intents generate them; the previous ones are comments above the intents"
    for was, now in pairs:
        if was.tag_prefix_list != now.tag_prefix_list:
            prefixes, patterns = " ".join(was.tag_prefix_list), " ".join(now.tag_pattern_list)
            yield f"tags: the prefixes {prefixes} are the patterns {patterns}"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 86, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)


# --- code -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class _Call:
    """
    A call in the printed code.

    Attributes:
        name: The name of the function.
        arguments: The positional arguments: strings, numbers, calls, lists of them.
        options: The keyword arguments.
        comments: The lines of the comment above it.
        is_long: Whether it has one argument a line even if it fits into one line.

    """

    name: str
    arguments: Sequence[object] = ()
    options: Mapping[str, object] = field(default_factory=dict)
    comments: Sequence[str] = ()
    is_long: bool = False


def _intent_call(intent: Intent, comments: Sequence[str]) -> _Call:
    options = {name: list(value) if isinstance(value, tuple) else value for name, value in intent.options}
    return _Call(name=intent.function, arguments=intent.arguments, options=options, comments=comments)


def _rule_call(rule: LifecycleRule) -> _Call:
    """Return the call with all fields of a rule that are not defaults."""
    values = {name: getattr(rule, name) for name in LifecycleRule.__dataclass_fields__}
    given = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    given = {name: value for name, value in given.items() if value not in (None, [])}
    if rule.action == "expire":
        del given["action"]
    return _Call(name="LifecycleRule", options=given, is_long=True)


def _imports(names: Sequence[str]) -> str:
    """Return the import of names of this library, in the order of ruff."""
    ordered = sorted(set(names), key=lambda name: (name.islower(), name))
    line = f"from ecr_constructs import {', '.join(ordered)}"
    if len(line) <= _WIDTH:
        return line
    return "from ecr_constructs import (\n" + "".join(f"{_INDENT}{name},\n" for name in ordered) + ")"


def _code(value: object, *, before: str = "", depth: int = 0) -> str:
    """
    Return the code of a value as ruff formats it.

    A value that does not fit into a line has one item a line and a trailing comma, so it is stable at any line length.
    """
    indent = _INDENT * depth
    comments = "".join(f"{indent}# {comment}\n" for comment in value.comments) if isinstance(value, _Call) else ""
    line = f"{indent}{before}{_one_line(value)}"
    # One character more for the comma.
    if not isinstance(value, (_Call, list)) or not (_is_long(value) or len(line) + 1 > _WIDTH):
        return f"{comments}{line}"
    opening, closing = (f"{value.name}(", ")") if isinstance(value, _Call) else ("[", "]")
    items = [_code(item, before=name, depth=depth + 1) for name, item in _items(value)]
    return f"{comments}{indent}{before}{opening}\n" + "".join(f"{item},\n" for item in items) + f"{indent}{closing}"


def _is_long(value: object) -> bool:
    if not isinstance(value, _Call):
        return isinstance(value, list) and any(_is_long(item) for item in value)
    return value.is_long or any(_is_long(item) or _has_comments(item) for _, item in _items(value))


def _has_comments(value: object) -> bool:
    return isinstance(value, _Call) and bool(value.comments)


def _items(value: _Call | list[object]) -> list[tuple[str, object]]:
    if isinstance(value, list):
        return [("", item) for item in value]
    return [("", item) for item in value.arguments] + [(f"{name}=", item) for name, item in value.options.items()]


def _one_line(value: object) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if not isinstance(value, (_Call, list)):
        return repr(value)
    items = ", ".join(f"{name}{_one_line(item)}" for name, item in _items(value))
    return f"{value.name}({items})" if isinstance(value, _Call) else f"[{items}]"


def _quoted(text: str) -> str:
    """Return a string literal as ruff formats it: in double quotes, unless these need more backslashes."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    body = printable(text.replace("\\", "\\\\")).replace(quote, f"\\{quote}")
    return f"{quote}{body}{quote}"
