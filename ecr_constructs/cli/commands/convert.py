"""The subcommand `convert`: the Python code that builds a lifecycle policy."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

import typer

from ecr_constructs.cli.commands.options import ParameterOption
from ecr_constructs.cli.formatting import printable
from ecr_constructs.cli.python_code.calls import Call, render, render_import
from ecr_constructs.cli.python_code.lifecycle_policies import (
    decompiled,
    intent_call,
    notable_findings,
    rule_call,
    rules_call,
)
from ecr_constructs.cli.sources.parameters import Parameters
from ecr_constructs.cli.sources.policies import read_policy
from ecr_constructs.cli.sources.records import Policy
from ecr_constructs.model.lifecycle.decompiler import DecompiledPolicy, effect
from ecr_constructs.model.lifecycle.rule import LifecycleRule

__all__ = ["convert", "program"]


def convert(
    source: Annotated[
        str, typer.Argument(metavar="POLICY", help="A file or folder of policies, or '-'.", show_default=False)
    ],
    *,
    repository: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The repository, if there are several policies.", show_default=False),
    ] = None,
    parameter: ParameterOption = None,
) -> None:
    """
    Print the Python code that builds the same lifecycle policy, with intents if possible.

    The intents are compiled and compared with the policy, rule by rule, before they are printed. A rule remains a
    LifecycleRule with its description if an intent would hide a finding about it. Comments list
    differences that have no effect: priorities, descriptions, and prefixes that become patterns. They also list
    the errors and warnings of 'ecr-constructs lint', because a changed description can hide them.
    """
    print(program(read_policy(source, repository, Parameters.parse(parameter or ()))), end="")


def program(policy: Policy) -> str:
    """
    Return the program.

    Args:
        policy: The policy, with rules.

    """
    found = decompiled(policy.policy, policy.immutability)
    result = {effect(rule): rule for rule in found.result}
    if not found.intents:
        head = _head(policy, [(rule, rule) for rule in found.rules])
        code = render(rules_call(found.rules), before="policy = ")
        return f"{render_import('ecr_constructs', ['LifecyclePolicy', 'LifecycleRule'])}\n\n{head}{code}\n"
    head = _head(policy, [(rule, result[effect(rule)]) for rule in policy.policy.rules])
    names = ["LifecyclePolicy", *(each.function for each in found.intents), *(["LifecycleRule"] if found.rules else [])]
    return f"{render_import('ecr_constructs', names)}\n\n{head}{_statements(found, result)}"


def _statements(found: DecompiledPolicy, result: Mapping[tuple[object, ...], LifecycleRule]) -> str:
    calls = [
        intent_call(intent, list(_descriptions(source, result)))
        for intent, source in zip(found.intents, found.sources, strict=True)
    ]
    statements = [
        Call(name="LifecyclePolicy.of", arguments=calls, is_long=True),
        *(Call(name="policy.with_last_rule", arguments=[rule_call(rule)], is_long=True) for rule in found.rules),
    ]
    return "".join(f"{render(call, before='policy = ')}\n" for call in statements)


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


def _finding_comments(policy: Policy) -> Iterator[str]:
    for finding in notable_findings(policy.policy.rules, policy.immutability):
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
