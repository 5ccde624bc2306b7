"""The code of lifecycle policies: intents if possible, otherwise rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ecr_constructs.cli.python_code.calls import Call
from ecr_constructs.model.immutability import Immutability
from ecr_constructs.model.lifecycle.decompiler import DecompiledPolicy, effect
from ecr_constructs.model.lifecycle.findings import Finding
from ecr_constructs.model.lifecycle.intents import Intent
from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
from ecr_constructs.model.lifecycle.rule import LifecycleRule

__all__ = ["decompiled", "intent_call", "lifecycle_value", "notable_findings", "rule_call", "rules_call"]


def decompiled(policy: LifecyclePolicy, immutability: Immutability | None) -> DecompiledPolicy:
    """
    Return the intents and rules of a policy. A rule remains a rule if an intent would hide a finding about it.

    Intents generate descriptions. The description of an intent states AND, also for a list that the original one
    describes with OR.

    Args:
        policy: The policy.
        immutability: The immutability of the repository, or None if it is not known.

    """
    found = policy.decompile()
    remaining = {(each.id, effect(each.rule)) for each in notable_findings(found.result, immutability) if each.rule}
    silenced = [
        each.rule
        for each in notable_findings(policy.rules, immutability)
        if each.rule and (each.id, effect(each.rule)) not in remaining
    ]
    return policy.decompile(as_rules=silenced) if silenced else found


def notable_findings(rules: Sequence[LifecycleRule], immutability: Immutability | None) -> Iterator[Finding]:
    """
    Yield the findings about rules, without those of severity `info`.

    Args:
        rules: The rules.
        immutability: The immutability of the repository, or None if it is not known.

    """
    for finding in LifecyclePolicy(rules=rules).findings(immutability=immutability):
        if finding.severity != "info":
            yield finding


def lifecycle_value(policy: LifecyclePolicy, immutability: Immutability | None) -> object:
    """
    Return the value of the argument `lifecycle=`: intents if all rules become intents, otherwise a policy with rules.

    Args:
        policy: The policy, with rules.
        immutability: The immutability of the repository, or None if it is not known.

    """
    found = decompiled(policy, immutability)
    has_errors = any(each.severity == "error" for each in notable_findings(found.result, immutability))
    if not found.intents or found.rules or has_errors:
        return rules_call(policy.rules)
    calls = [intent_call(each) for each in found.intents]
    return calls[0] if len(calls) == 1 else calls


def intent_call(intent: Intent, comments: Sequence[str] = ()) -> Call:
    """
    Return the call of an intent.

    Args:
        intent: The intent.
        comments: The lines of the comment above it. Default: none.

    """
    options = {name: list(value) if isinstance(value, tuple) else value for name, value in intent.options}
    return Call(name=intent.function, arguments=intent.arguments, options=options, comments=comments)


def rule_call(rule: LifecycleRule) -> Call:
    """
    Return the call with all fields of a rule that are not defaults.

    Args:
        rule: The rule.

    """
    values = {name: getattr(rule, name) for name in LifecycleRule.__dataclass_fields__}
    given = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    given = {name: value for name, value in given.items() if value not in (None, [])}
    if rule.action == "expire":
        del given["action"]
    return Call(name="LifecycleRule", options=given, is_long=True)


def rules_call(rules: Sequence[LifecycleRule]) -> Call:
    """
    Return the call that builds a policy of rules.

    Args:
        rules: The rules.

    """
    return Call(name="LifecyclePolicy", options={"rules": list(map(rule_call, rules))}, is_long=True)
