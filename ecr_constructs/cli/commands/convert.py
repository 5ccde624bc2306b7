"""The subcommand `convert`: the Python that builds a lifecycle policy."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Annotated

import typer

from ecr_constructs.cli.conversion.meaning import DecompiledIntent, are_alike, meaning, rule_call, steps
from ecr_constructs.cli.conversion.programs import Call, evaluate, imports, written
from ecr_constructs.cli.formatting import printable
from ecr_constructs.cli.sources.policies import read_policy
from ecr_constructs.cli.sources.records import Policy
from ecr_constructs.errors import InvalidLifecyclePolicy
from ecr_constructs.model.lifecycle.rule import LifecycleRule

__all__ = ["convert", "program"]


def convert(
    source: Annotated[str, typer.Argument(metavar="POLICY", help="Where the policy is.", show_default=False)],
    *,
    repository: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Of several policies, that of this repository.", show_default=False),
    ] = None,
) -> None:
    """
    Print the Python that builds the same lifecycle policy, as intents where they fit.

    The program is read back and held against the policy, rule by rule, before it is printed. A comment says what reads
    differently and changes nothing: the numbers of rules, their descriptions, prefixes as patterns. Another says what
    'ecr-constructs lint' warns of: a program with other descriptions may hide it.
    """
    print(program(read_policy(source, repository)), end="")


def program(policy: Policy) -> str:
    """
    Write the program.

    Args:
        policy: The policy, with rules.

    """
    rules = policy.policy.rules
    # An intent that others leave nothing to is refused, so such a rule, and those behind it, stay rules.
    candidates = (_with_intents(policy, rules[:count], rules[count:]) for count in range(len(rules), 0, -1))
    text = next(filter(None, candidates), None) or _with_rules(policy)
    if not are_alike(rules, evaluate(text).rules):
        raise AssertionError(f"the program for {policy.where} builds another policy")
    return text


def _with_intents(policy: Policy, first: Sequence[LifecycleRule], rest: Sequence[LifecycleRule]) -> str | None:
    """Say the first rules as intents as far as there are intents for them; nothing if that is another policy."""
    found = steps(first)
    intents = [step for step in found if step.call]
    others = [*(rule for step in found if not step.call for rule in step.rules), *rest]
    try:
        built = evaluate(_statements([step.call for step in intents if step.call], others))
    except InvalidLifecyclePolicy:
        return None
    if not are_alike(policy.policy.rules, built.rules):
        return None
    now = {meaning(rule): rule for rule in built.rules}
    calls = [replace(step.call, comments=tuple(_descriptions(step, now))) for step in intents if step.call]
    names = ["LifecyclePolicy", *(call.name for call in calls), *(["LifecycleRule"] if others else [])]
    differences = [(rule, now[meaning(rule)]) for rule in policy.policy.rules]
    return f"{imports(names)}\n\n{_head(policy, differences)}{_statements(calls, others)}"


def _with_rules(policy: Policy) -> str:
    calls = [rule_call(rule) for rule in policy.policy.rules]
    built = Call(name="LifecyclePolicy", options={"rules": calls}, is_long=True)
    head = _head(policy, [(rule, rule) for rule in policy.policy.rules])
    return f"{imports(['LifecyclePolicy', 'LifecycleRule'])}\n\n{head}{written(built, before='policy = ')}\n"


def _statements(calls: Sequence[Call], others: Sequence[LifecycleRule]) -> str:
    intents = Call(name="LifecyclePolicy.of", arguments=calls, is_long=True)
    rules = [Call(name="policy.with_last_rule", arguments=[rule_call(rule)], is_long=True) for rule in others]
    return "".join(f"{written(call, before='policy = ')}\n" for call in (intents, *rules))


def _descriptions(step: DecompiledIntent, now: dict[tuple[object, ...], LifecycleRule]) -> Iterator[str]:
    """Keep a description that the intent does not write in a comment."""
    for rule in step.rules:
        if rule.description is not None and rule.description != now[meaning(rule)].description:
            yield f"{rule.rule_priority}: {printable(rule.description)}".rstrip()


def _head(policy: Policy, pairs: Sequence[tuple[LifecycleRule, LifecycleRule]]) -> str:
    where, differences, findings = printable(policy.where), list(_differences(pairs)), list(_findings(policy))
    lines = [f"What stands in {where}, word for word."]
    if differences:
        lines = [f"What ECR reads in {where}, rule by rule; this differs and changes nothing:"]
        lines += [line for difference in differences for line in _filled(difference)]
    if findings:
        lines += ["Findings, by the numbers that rules have there:"]
        lines += [line for finding in findings for line in _filled(finding)]
    return "".join(f"# {line}\n" for line in lines)


def _findings(policy: Policy) -> Iterator[str]:
    for finding in policy.policy.findings(immutability=policy.immutability):
        if finding.severity != "info":
            yield printable(f"{finding.severity}: {finding.sentence}; {finding.remedy} [{finding.id}]")


def _differences(pairs: Sequence[tuple[LifecycleRule, LifecycleRule]]) -> Iterator[str]:
    numbers = [(was.rule_priority, now.rule_priority) for was, now in pairs if was.rule_priority != now.rule_priority]
    if numbers:
        yield f"priorities: {', '.join(f'{was} is {now}' for was, now in numbers)}"
    if any(was.description != now.description for was, now in pairs):
        yield "descriptions: the intents write their own; those that were there stand above them"
    for was, now in pairs:
        if was.tag_prefix_list != now.tag_prefix_list:
            prefixes, patterns = " ".join(was.tag_prefix_list), " ".join(now.tag_pattern_list)
            yield f"tags: {prefixes} as prefixes are {patterns} as patterns"


def _filled(text: str) -> list[str]:
    return textwrap.wrap(text, 86, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)
